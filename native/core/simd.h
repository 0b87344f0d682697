// Vectors of the width this binary is compiled for, in the compiler's own vector arithmetic: the same source serves
// SSE, AVX2, AVX-512 and NEON.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/// v to any address.
template <typename T>
inline void store_anywhere(T* p, Vec<T> v) {
  typedef T Anywhere __attribute__((vector_size(kSimdBytes), aligned(sizeof(T)), may_alias));
  *reinterpret_cast<Anywhere*>(p) = v;
}

/// All lanes equal to x.
template <typename T>
inline Vec<T> broadcast(T x) {
  return x - Vec<T>{};  // not +, which would turn -0 into 0 and could not be left out
}

/// v, to be loaded once: GCC would rather load an operand that is in memory again for every multiply-add.
template <typename V>
inline V in_register(V v) {
#if defined(__x86_64__)
  asm("" : "+v"(v));
#endif
  return v;
}

#if defined(__AVX512F__) || defined(__FMA__)
constexpr bool kFused = true;  ///< mul_add rounds once
#else
constexpr bool kFused = false;
#endif

/// a b + c, rounded once where the instruction set can (the compiler is told not to contract by itself).
inline Vec<float> mul_add(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (Vec<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}
inline Vec<double> mul_add(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(__AVX512F__)
  return (Vec<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__)
  return (Vec<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return a * b + c;
#endif
}

/// Lane i of the result is lane which[i] of a and b side by side.
template <typename V, typename Integers>
inline V shuffle(V a, V b, Integers which) {
#if defined(__clang__)
  constexpr size_t n = sizeof(V) / sizeof(a[0]);
  V out;
  for (size_t i = 0; i < n; ++i) {
    const auto from = static_cast<size_t>(which[i]);
    out[i] = from < n ? a[from] : b[from - n];
  }
  return out;
#else
  return __builtin_shuffle(a, b, which);
#endif
}

/// The sum over the lanes of v[i] in lane i, for as many vectors as a vector has lanes. Sums neighbours in a binary
/// tree: each level halves the vectors and the terms that are left of each. Overwrites v.
template <typename T>
inline Vec<T> lane_sums(Vec<T>* v) {
  constexpr size_t n = kLanes<T>;
  typename VectorOf<T>::Bits even, odd;  // lanes of two vectors side by side
  for (size_t i = 0; i < n; ++i) {
    even[i] = static_cast<decltype(even[0] + 0)>(2 * i);
    odd[i] = static_cast<decltype(odd[0] + 0)>(2 * i + 1);
  }
  for (size_t left = n; left > 1; left /= 2) {
    for (size_t i = 0; i < left / 2; ++i) {
      v[i] = shuffle(v[2 * i], v[2 * i + 1], even) + shuffle(v[2 * i], v[2 * i + 1], odd);
    }
  }
  return v[0];
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

/// Copies n elements to memory without reading it into the caches first, for what is not looked at again soon. Other
/// threads may be told that it is there after a fence_stream().
template <typename T>
inline void stream(const T* from, size_t n, T* to) {
#if defined(__SSE2__)
  size_t i = 0;
  for (; i < n && reinterpret_cast<uintptr_t>(to + i) % kSimdBytes != 0; ++i) to[i] = from[i];
  for (; i + kLanes<T> <= n; i += kLanes<T>) {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
#elif defined(__AVX__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
#else
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
#endif
  }
  for (; i < n; ++i) to[i] = from[i];
#else
  std::memcpy(to, from, n * sizeof(T));
#endif
}

inline void fence_stream() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/// e^x = numerator / denominator * 2^power, x clamped to where that is a normal number. Method: x = n ln 2 + r with ln
/// 2 in two parts, e^r by the approximation of S. Moshier's Cephes library (exp.c): 1 + 2p / (q - p).
struct ExpParts {
  Vec<double> p, denominator;
  VectorOf<double>::Bits exponent;  ///< the bits of 2^n
};
inline ExpParts exp_parts(Vec<double> x) {
  using V = Vec<double>;
  using I = VectorOf<double>::Bits;
  const V low = broadcast(-708.0), high = broadcast(709.0), magic = broadcast(6755399441055744.0);  // 1.5 * 2^52
  x = x < low ? low : x;
  x = x > high ? high : x;
  const V shifted = mul_add(x, broadcast(1.4426950408889634074), magic);  // rounds to an integer in the low bits
  const V n = shifted - magic;
  const V r = mul_add(n, broadcast(-1.42860682030941723212e-6), mul_add(n, broadcast(-6.93145751953125e-1), x));
  const V rr = r * r;
  V p = mul_add(broadcast(1.26177193074810590878e-4), rr, broadcast(3.02994407707441961300e-2));
  p = r * mul_add(p, rr, broadcast(9.99999999999999999910e-1));
  V q = mul_add(broadcast(3.00198505138664455042e-6), rr, broadcast(2.52448340349684104192e-3));
  q = mul_add(mul_add(q, rr, broadcast(2.27265548208155028766e-1)), rr, broadcast(2.0));
  return {p, q - p, ((I)shifted - (I)magic + 1023) << 52};
}

/// exp(x) to about one unit in the last place.
inline Vec<double> vec_exp(Vec<double> x) {
  const ExpParts e = exp_parts(x);
  return (1.0 + 2.0 * (e.p / e.denominator)) * (Vec<double>)e.exponent;
}

/// 1 / (1 + exp(-x)) by one division: with exp(-x) = (d + 2p) / d * 2^n it is d / (d + (d + 2p) 2^n).
inline Vec<double> vec_sigmoid(Vec<double> x) {
  const ExpParts e = exp_parts(-x);
  const Vec<double> numerator = mul_add(e.p, broadcast(2.0), e.denominator);
  return e.denominator / mul_add(numerator, (Vec<double>)e.exponent, e.denominator);
}

/// The same in single precision (Cephes, expf.c).
inline Vec<float> vec_exp(Vec<float> x) {
  using V = Vec<float>;
  using I = VectorOf<float>::Bits;
  const V low = broadcast(-87.0f), high = broadcast(88.0f), magic = broadcast(12582912.0f);  // 1.5 * 2^23
  x = x < low ? low : x;
  x = x > high ? high : x;
  const V shifted = mul_add(x, broadcast(1.44269504088896341f), magic);
  const V n = shifted - magic;
  const V r = mul_add(n, broadcast(2.12194440e-4f), mul_add(n, broadcast(-0.693359375f), x));
  V e = mul_add(broadcast(1.9875691500e-4f), r, broadcast(1.3981999507e-3f));
  e = mul_add(e, r, broadcast(8.3334519073e-3f));
  e = mul_add(e, r, broadcast(4.1665795894e-2f));
  e = mul_add(e, r, broadcast(1.6666665459e-1f));
  e = mul_add(e, r, broadcast(5.0000001201e-1f));
  e = mul_add(e, r * r, r + 1.0f);
  const I exponent = ((I)shifted - (I)magic + 127) << 23;
  return e * (V)exponent;
}

inline Vec<float> vec_sigmoid(Vec<float> x) { return 1.0f / (1.0f + vec_exp(-x)); }

}  // namespace legcnet
