// Arithmetic on as many sources as the processor's vectors have lanes, for the fast path of Granger tests.
#pragma once
#include <Eigen/Core>
#include <type_traits>

namespace legcnet::packets {

using Eigen::internal::pabs;
using Eigen::internal::padd;
using Eigen::internal::pdiv;
using Eigen::internal::pload;
using Eigen::internal::pmadd;
using Eigen::internal::pmax;
using Eigen::internal::pmin;
using Eigen::internal::pmul;
using Eigen::internal::pset1;
using Eigen::internal::psqrt;
using Eigen::internal::pstore;
using Eigen::internal::psub;

using Lanes = Eigen::internal::packet_traits<double>::type;

inline Lanes load(const double* at) { return pload<Lanes>(at); }
inline Lanes set(double value) { return pset1<Lanes>(value); }

/// c - a b
inline Lanes minus_product(const Lanes& a, const Lanes& b, const Lanes& c) {
#if defined(__AVX512F__)
  return _mm512_fnmadd_pd(a, b, c);
#elif defined(__FMA__) && defined(__AVX__)
  return _mm256_fnmadd_pd(a, b, c);
#else
  return psub(c, pmul(a, b));
#endif
}

/// Columns summed at a time: as many running sums as the vector registers hold beside their operands.
constexpr int kWidth = 8;

/// Calls body(first, width as a constant) for runs of at most kWidth columns that cover first..last-1.
template <typename Body>
inline void for_columns(int first, int last, const Body& body) {
  for (; first + kWidth <= last; first += kWidth) body(first, std::integral_constant<int, kWidth>{});
  switch (last - first) {
    case 7: return body(first, std::integral_constant<int, 7>{});
    case 6: return body(first, std::integral_constant<int, 6>{});
    case 5: return body(first, std::integral_constant<int, 5>{});
    case 4: return body(first, std::integral_constant<int, 4>{});
    case 3: return body(first, std::integral_constant<int, 3>{});
    case 2: return body(first, std::integral_constant<int, 2>{});
    case 1: return body(first, std::integral_constant<int, 1>{});
    default: return;
  }
}

}  // namespace legcnet::packets
