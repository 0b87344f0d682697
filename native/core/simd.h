// Vectors of the width this binary is compiled for, in the compiler's own vector arithmetic: the same source serves
// SSE, AVX2, AVX-512 and NEON.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace legcnet {

#if defined(__AVX512F__)
constexpr size_t kSimdBytes = 64;
#elif defined(__AVX__)
constexpr size_t kSimdBytes = 32;
#else
constexpr size_t kSimdBytes = 16;
#endif

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float Value __attribute__((vector_size(kSimdBytes), may_alias));
  typedef int32_t Bits __attribute__((vector_size(kSimdBytes), may_alias));
};
template <>
struct VectorOf<double> {
  typedef double Value __attribute__((vector_size(kSimdBytes), may_alias));
  typedef int64_t Bits __attribute__((vector_size(kSimdBytes), may_alias));
};
template <typename T>
using Vec = typename VectorOf<T>::Value;

template <typename T>
constexpr size_t kLanes = kSimdBytes / sizeof(T);

/// The least multiple of the vector width that holds n elements.
template <typename T>
constexpr size_t padded(size_t n) {
  return (n + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
}

template <typename T>
inline Vec<T>& vec_at(T* p) {
  return *reinterpret_cast<Vec<T>*>(p);
}
template <typename T>
inline const Vec<T>& vec_at(const T* p) {
  return *reinterpret_cast<const Vec<T>*>(p);
}

template <typename T>
inline T lane_sum(Vec<T> v) {
  T sum = v[0];
  for (size_t i = 1; i < kLanes<T>; ++i) sum += v[i];
  return sum;
}

/// Allocates on cache-line boundaries, so that rows padded to the vector width are aligned.
template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
  void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <typename U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
  template <typename U>
  bool operator!=(const AlignedAllocator<U>&) const {
    return false;
  }
};
template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// exp(x) to about one unit in the last place, x clamped to where the result is a normal number. Method: x = n ln 2 + r
/// with ln 2 in two parts, e^r by the approximations of S. Moshier's Cephes library (exp.c, expf.c).
inline Vec<double> vec_exp(Vec<double> x) {
  using V = Vec<double>;
  using I = VectorOf<double>::Bits;
  const V low = V{} - 708.0, high = V{} + 709.0;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const V shifted = x * 1.4426950408889634074 + 6755399441055744.0;  // 1.5 * 2^52: rounds to an integer in the low bits
  const V n = shifted - 6755399441055744.0;
  const V r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  const V rr = r * r;
  const V p = r * ((1.26177193074810590878e-4 * rr + 3.02994407707441961300e-2) * rr + 9.99999999999999999910e-1);
  const V q =
      ((3.00198505138664455042e-6 * rr + 2.52448340349684104192e-3) * rr + 2.27265548208155028766e-1) * rr + 2.0;
  const V e = 1.0 + 2.0 * (p / (q - p));
  const V magic = V{} + 6755399441055744.0;
  const I exponent = ((I)shifted - (I)magic + 1023) << 52;
  return e * (V)exponent;
}

inline Vec<float> vec_exp(Vec<float> x) {
  using V = Vec<float>;
  using I = VectorOf<float>::Bits;
  const V low = V{} - 87.0f, high = V{} + 88.0f;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const V magic = V{} + 12582912.0f;  // 1.5 * 2^23
  const V shifted = x * 1.44269504088896341f + magic;
  const V n = shifted - magic;
  const V r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  V e = 1.9875691500e-4f * r + 1.3981999507e-3f;
  e = e * r + 8.3334519073e-3f;
  e = e * r + 4.1665795894e-2f;
  e = e * r + 1.6666665459e-1f;
  e = e * r + 5.0000001201e-1f;
  e = e * (r * r) + r + 1.0f;
  const I exponent = ((I)shifted - (I)magic + 127) << 23;
  return e * (V)exponent;
}

}  // namespace legcnet
