// Short vectors for the Lyapunov kernels, read from any address and of any width up to that of the instruction set this
// file is compiled for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace legcnet::lanes {

constexpr size_t kVectorBytes = kSimdBytes;

/// Vectors of T, `Bytes` long.
template <typename T, size_t Bytes = kVectorBytes>
struct Lanes {
  using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  typedef T Vector __attribute__((vector_size(Bytes)));
  typedef T Anywhere __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias));
  typedef Word Words __attribute__((vector_size(Bytes)));
  static constexpr size_t count = Bytes / sizeof(T);
};

template <typename T, size_t Bytes = kVectorBytes>
using Vector = typename Lanes<T, Bytes>::Vector;

/// All lanes equal to `value`.
template <typename T, size_t Bytes = kVectorBytes>
inline Vector<T, Bytes> fill(T value) {
  return Vector<T, Bytes>{} + value;
}

/// p[0 .. lanes), from any address. (A memcpy would go through the stack: GCC copies 64 bytes in two halves.)
template <typename T, size_t Bytes = kVectorBytes>
inline Vector<T, Bytes> load(const T* p) {
  return *reinterpret_cast<const typename Lanes<T, Bytes>::Anywhere*>(p);
}

/// The bits of a mask or vector as another type of vector.
template <typename To, typename From>
inline To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  return (To)v;  // between vector types a cast reinterprets
}

/// Whether any lane of a comparison's result is true.
template <typename Mask>
inline bool any(Mask mask) {
#if defined(__AVX512F__)
  const auto m = bits_as<__m512i>(mask);
  return _mm512_test_epi32_mask(m, m) != 0;
#elif defined(__AVX__)
  const auto m = bits_as<__m256i>(mask);
  return !_mm256_testz_si256(m, m);
#elif defined(__SSE4_1__)
  const auto m = bits_as<__m128i>(mask);
  return !_mm_testz_si128(m, m);
#else
  uint64_t words[kVectorBytes / 8];
  std::memcpy(words, &mask, sizeof words);
  uint64_t all = 0;
  for (const uint64_t word : words) all |= word;
  return all != 0;
#endif
}

}  // namespace legcnet::lanes
