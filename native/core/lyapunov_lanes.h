// Short vectors for the Lyapunov kernels: read from any address, and of any width up to that of the instruction set
// this file is compiled for. Comparisons give masks, which AVX-512 keeps in registers of their own; through the
// functions here the same source serves all.
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
  using Integer = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  typedef T Vector __attribute__((vector_size(Bytes)));
  typedef T Anywhere __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias));
  typedef Word Words __attribute__((vector_size(Bytes)));
  typedef Integer Integers __attribute__((vector_size(Bytes)));
  static constexpr size_t count = Bytes / sizeof(T);
};

template <typename T, size_t Bytes = kVectorBytes>
using Vector = typename Lanes<T, Bytes>::Vector;
/// A lane each: an integer as wide as T.
template <typename T>
using Integer = typename Lanes<T>::Integer;
template <typename T>
using Integers = typename Lanes<T>::Integers;
template <typename T>
using Words = typename Lanes<T>::Words;

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
template <typename T, size_t Bytes = kVectorBytes>
inline void store(T* p, Vector<T, Bytes> v) {
  *reinterpret_cast<typename Lanes<T, Bytes>::Anywhere*>(p) = v;
}

/// The bits of a mask or vector as another type of vector.
template <typename To, typename From>
inline To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  return (To)v;  // between vector types a cast reinterprets
}

/// 0, 1, 2, ...
template <typename T>
inline Integers<T> lane_numbers() {
  Integers<T> v;
  for (size_t l = 0; l < Lanes<T>::count; ++l) v[l] = static_cast<Integer<T>>(l);
  return v;
}

#if defined(__AVX512F__)

template <typename T>
using Mask = std::conditional_t<sizeof(T) == 8, __mmask8, __mmask16>;

inline Mask<double> less(Vector<double> a, Vector<double> b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
inline Mask<float> less(Vector<float> a, Vector<float> b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask<double> differ(Vector<double> a, Vector<double> b) { return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ); }
inline Mask<float> differ(Vector<float> a, Vector<float> b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
inline Mask<double> at_most(Vector<double> a, Vector<double> b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
inline Mask<float> at_most(Vector<float> a, Vector<float> b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
/// `within`: lanes outside it are false.
inline Mask<double> less(Mask<double> within, Vector<double> a, Vector<double> b) {
  return _mm512_mask_cmp_pd_mask(within, a, b, _CMP_LT_OQ);
}
inline Mask<float> less(Mask<float> within, Vector<float> a, Vector<float> b) {
  return _mm512_mask_cmp_ps_mask(within, a, b, _CMP_LT_OQ);
}
inline Mask<double> at_most(Mask<double> within, Vector<double> a, Vector<double> b) {
  return _mm512_mask_cmp_pd_mask(within, a, b, _CMP_LE_OQ);
}
inline Mask<float> at_most(Mask<float> within, Vector<float> a, Vector<float> b) {
  return _mm512_mask_cmp_ps_mask(within, a, b, _CMP_LE_OQ);
}
inline Mask<double> equal(Mask<double> within, Vector<double> a, Vector<double> b) {
  return _mm512_mask_cmp_pd_mask(within, a, b, _CMP_EQ_OQ);
}
inline Mask<float> equal(Mask<float> within, Vector<float> a, Vector<float> b) {
  return _mm512_mask_cmp_ps_mask(within, a, b, _CMP_EQ_OQ);
}
inline Mask<double> less(Mask<double> within, Integers<double> a, Integers<double> b) {
  return _mm512_mask_cmplt_epi64_mask(within, bits_as<__m512i>(a), bits_as<__m512i>(b));
}
inline Mask<float> less(Mask<float> within, Integers<float> a, Integers<float> b) {
  return _mm512_mask_cmplt_epi32_mask(within, bits_as<__m512i>(a), bits_as<__m512i>(b));
}
/// The lesser of a and b; b in lanes outside `within`.
inline Vector<double> least(Mask<double> within, Vector<double> a, Vector<double> b) {
  return _mm512_mask_min_pd(b, within, a, b);
}
inline Vector<float> least(Mask<float> within, Vector<float> a, Vector<float> b) {
  return _mm512_mask_min_ps(b, within, a, b);
}
inline Mask<double> either(Mask<double> a, Mask<double> b) { return _kor_mask8(a, b); }
inline Mask<float> either(Mask<float> a, Mask<float> b) { return _kor_mask16(a, b); }
inline Mask<double> without(Mask<double> mask) { return _knot_mask8(mask); }
inline Mask<float> without(Mask<float> mask) { return _knot_mask16(mask); }
inline bool any(Mask<double> mask) { return mask != 0; }
inline bool any(Mask<float> mask) { return mask != 0; }

inline Vector<double> select(Mask<double> mask, Vector<double> a, Vector<double> b) {
  return _mm512_mask_mov_pd(b, mask, a);
}
inline Vector<float> select(Mask<float> mask, Vector<float> a, Vector<float> b) {
  return _mm512_mask_mov_ps(b, mask, a);
}
inline Integers<double> select(Mask<double> mask, Integers<double> a, Integers<double> b) {
  return bits_as<Integers<double>>(_mm512_mask_mov_epi64(bits_as<__m512i>(b), mask, bits_as<__m512i>(a)));
}
inline Integers<float> select(Mask<float> mask, Integers<float> a, Integers<float> b) {
  return bits_as<Integers<float>>(_mm512_mask_mov_epi32(bits_as<__m512i>(b), mask, bits_as<__m512i>(a)));
}
/// v where the mask is set, else 0.
inline Words<double> masked(Mask<double> mask, Words<double> v) {
  return bits_as<Words<double>>(_mm512_maskz_mov_epi64(mask, bits_as<__m512i>(v)));
}
inline Words<float> masked(Mask<float> mask, Words<float> v) {
  return bits_as<Words<float>>(_mm512_maskz_mov_epi32(mask, bits_as<__m512i>(v)));
}

/// Stores the lanes of v where the mask is set, side by side, and returns how many. May overwrite a vector's room.
inline size_t append(int64_t* to, Mask<double> mask, Integers<double> v) {
  store(to, bits_as<Integers<double>>(_mm512_maskz_compress_epi64(mask, bits_as<__m512i>(v))));
  return static_cast<size_t>(__builtin_popcount(mask));
}
inline size_t append(int32_t* to, Mask<float> mask, Integers<float> v) {
  store(to, bits_as<Integers<float>>(_mm512_maskz_compress_epi32(mask, bits_as<__m512i>(v))));
  return static_cast<size_t>(__builtin_popcount(mask));
}
/// Replaces the lanes of v where the mask is set by from[0], from[1], ... and returns how many.
inline size_t replace(Integers<double>& v, Mask<double> mask, const int64_t* from) {
  v = bits_as<Integers<double>>(_mm512_mask_expandloadu_epi64(bits_as<__m512i>(v), mask, from));
  return static_cast<size_t>(__builtin_popcount(mask));
}
inline size_t replace(Integers<float>& v, Mask<float> mask, const int32_t* from) {
  v = bits_as<Integers<float>>(_mm512_mask_expandloadu_epi32(bits_as<__m512i>(v), mask, from));
  return static_cast<size_t>(__builtin_popcount(mask));
}

#else

/// All bits of a lane set or none.
template <typename T>
using Mask = Integers<T>;

template <typename V>
inline auto less(V a, V b) {
  return a < b;
}
template <typename V>
inline auto differ(V a, V b) {
  return a != b;
}
template <typename V>
inline auto at_most(V a, V b) {
  return a <= b;
}
/// v; not a number in lanes outside `within`, so that every comparison with it is false there.
template <typename T>
inline Vector<T> only(Mask<T> within, Vector<T> v) {
  return bits_as<Vector<T>>(bits_as<Mask<T>>(v) | ~within);
}
inline Vector<double> only(Mask<double> within, Vector<double> v) { return only<double>(within, v); }
inline Vector<float> only(Mask<float> within, Vector<float> v) { return only<float>(within, v); }
/// `within`: lanes outside it are false.
template <typename M, typename V>
inline M less(M within, V a, V b) {
  if constexpr (std::is_integral_v<std::decay_t<decltype(a[0])>>) {
    return within & bits_as<M>(a < b);
  } else {
    return only(within, a) < b;
  }
}
template <typename M, typename V>
inline M at_most(M within, V a, V b) {
  return only(within, a) <= b;
}
template <typename M, typename V>
inline M equal(M within, V a, V b) {
  return only(within, a) == b;
}
/// The lesser of a and b; b in lanes outside `within`.
template <typename M, typename V>
inline V least(M within, V a, V b) {
  return only(within, a) < b ? only(within, a) : b;
}
template <typename M>
inline M either(M a, M b) {
  return a | b;
}
template <typename M>
inline M without(M mask) {
  return ~mask;
}
template <typename M, typename V>
inline V select(M mask, V a, V b) {
  return mask ? a : b;
}
/// v where the mask is set, else 0.
template <typename M, typename W>
inline W masked(M mask, W v) {
  return bits_as<W>(mask) & v;
}
template <typename M>
inline bool any(M mask) {
#if defined(__AVX__)
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
/// Stores the lanes of v where the mask is set, side by side, and returns how many. May overwrite a vector's room.
template <typename M>
inline size_t append(std::decay_t<decltype(M()[0])>* to, M mask, M v) {
  if (!any(mask)) return 0;
  size_t count = 0;
  for (size_t l = 0; l < sizeof(M) / sizeof(*to); ++l) {
    to[count] = v[l];
    count -= static_cast<size_t>(mask[l]);  // -1 where it is set
  }
  return count;
}
/// Replaces the lanes of v where the mask is set by from[0], from[1], ... and returns how many.
template <typename M>
inline size_t replace(M& v, M mask, const std::decay_t<decltype(M()[0])>* from) {
  size_t count = 0;
  for (size_t l = 0; l < sizeof(M) / sizeof(*from); ++l) {
    if (mask[l]) v[l] = from[count++];
  }
  return count;
}

#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
/// The instruction with its offsets in a register of our choice: qemu 7.2, which has to run this, takes no heed of
/// those in ymm4.
template <typename Out, typename T, typename Offsets>
inline Out gather_by_ymm5(const T* base, Offsets offset) {
  register __m256i index asm("ymm5") = bits_as<__m256i>(offset);
  __m256i out = _mm256_setzero_si256(), mask = _mm256_set1_epi32(-1);
  if constexpr (sizeof(T) == 8) {
    asm("vgatherqpd %1, (%2,%3,8), %0" : "+&x"(out), "+&x"(mask) : "r"(base), "x"(index) : "memory");
  } else {
    asm("vgatherdps %1, (%2,%3,4), %0" : "+&x"(out), "+&x"(mask) : "r"(base), "x"(index) : "memory");
  }
  return bits_as<Out>(out);
}
#endif

/// base[offset] of each lane.
inline Vector<double> gather(const double* base, Integers<double> offset) {
#if defined(__AVX512F__)
  return _mm512_i64gather_pd(bits_as<__m512i>(offset), base, 8);
#elif defined(__AVX2__)
  return gather_by_ymm5<Vector<double>>(base, offset);
#else
  Vector<double> v;
  for (size_t l = 0; l < Lanes<double>::count; ++l) v[l] = base[offset[l]];
  return v;
#endif
}
inline Vector<float> gather(const float* base, Integers<float> offset) {
#if defined(__AVX512F__)
  return _mm512_i32gather_ps(bits_as<__m512i>(offset), base, 4);
#elif defined(__AVX2__)
  return gather_by_ymm5<Vector<float>>(base, offset);
#else
  Vector<float> v;
  for (size_t l = 0; l < Lanes<float>::count; ++l) v[l] = base[offset[l]];
  return v;
#endif
}

inline Integers<double> gather(const int64_t* base, Integers<double> offset) {
#if defined(__AVX512F__)
  return bits_as<Integers<double>>(_mm512_i64gather_epi64(bits_as<__m512i>(offset), base, 8));
#elif defined(__AVX2__)
  return gather_by_ymm5<Integers<double>>(base, offset);
#else
  Integers<double> v;
  for (size_t l = 0; l < Lanes<double>::count; ++l) v[l] = base[offset[l]];
  return v;
#endif
}
inline Integers<float> gather(const int32_t* base, Integers<float> offset) {
#if defined(__AVX512F__)
  return bits_as<Integers<float>>(_mm512_i32gather_epi32(bits_as<__m512i>(offset), base, 4));
#elif defined(__AVX2__)
  return gather_by_ymm5<Integers<float>>(base, offset);
#else
  Integers<float> v;
  for (size_t l = 0; l < Lanes<float>::count; ++l) v[l] = base[offset[l]];
  return v;
#endif
}

/// base[offset] = v of each lane; the offsets differ.
inline void scatter(int64_t* base, Integers<double> offset, Integers<double> v) {
#if defined(__AVX512F__)
  _mm512_i64scatter_epi64(base, bits_as<__m512i>(offset), bits_as<__m512i>(v), 8);
#else
  for (size_t l = 0; l < Lanes<double>::count; ++l) base[offset[l]] = v[l];
#endif
}
inline void scatter(int32_t* base, Integers<float> offset, Integers<float> v) {
#if defined(__AVX512F__)
  _mm512_i32scatter_epi32(base, bits_as<__m512i>(offset), bits_as<__m512i>(v), 4);
#else
  for (size_t l = 0; l < Lanes<float>::count; ++l) base[offset[l]] = v[l];
#endif
}

inline void scatter(double* base, Integers<double> offset, Vector<double> v) {
#if defined(__AVX512F__)
  _mm512_i64scatter_pd(base, bits_as<__m512i>(offset), v, 8);
#else
  for (size_t l = 0; l < Lanes<double>::count; ++l) base[offset[l]] = v[l];
#endif
}
inline void scatter(float* base, Integers<float> offset, Vector<float> v) {
#if defined(__AVX512F__)
  _mm512_i32scatter_ps(base, bits_as<__m512i>(offset), v, 4);
#else
  for (size_t l = 0; l < Lanes<float>::count; ++l) base[offset[l]] = v[l];
#endif
}

}  // namespace legcnet::lanes
