// 8-bit inputs of a batch turned: the bytes of a column beside each other, so that the update of its weights can go
// through the samples that are not zero there.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "simd.h"

namespace legcnet {

/// Up to kColumns columns of a batch.
class ByteColumns {
 public:
  static constexpr size_t kGroup = 64;  // samples whose bytes are beside each other; those beyond the batch are 0
  static constexpr size_t kColumns = 64;

  size_t columns() const { return columns_; }
  size_t groups() const { return bytes_.size() / (kGroup * kColumns); }
  /// [kGroup] of one column.
  const uint8_t* column(size_t group, size_t column) const {
    return bytes_.data() + (group * kColumns + column) * kGroup;
  }

  /// bytes(s): where the first of `columns` bytes of sample s < count is.
  template <typename BytesOf>
  void fill(size_t columns, size_t count, const BytesOf& bytes) {
    static constexpr uint8_t zeros[kColumns] = {};
    columns_ = columns;
    bytes_.resize((count + kGroup - 1) / kGroup * kGroup * kColumns);
    for (size_t group = 0; group < groups(); ++group) {
      const uint8_t* from[kGroup];
      for (size_t s = 0; s < kGroup; ++s) {
        from[s] = group * kGroup + s < count ? bytes(group * kGroup + s) : zeros;
      }
      uint8_t* to = bytes_.data() + group * kColumns * kGroup;
      size_t first = 0;
      for (; first + kSide <= columns; first += kSide) turn(from, first, kSide, to + first * kGroup);
      if (first < columns) turn_rest(from, first, columns - first, to + first * kGroup);
    }
  }

 private:
  static constexpr size_t kSide = 16;                     // samples and columns that are turned together
  static constexpr size_t kSquares = kSimdBytes / kSide;  // side by side in a vector
  typedef uint8_t Bytes __attribute__((vector_size(kSimdBytes), may_alias));

  /// Columns first .. first + width - 1 of a group; reads kSide.
  static void turn(const uint8_t* const* from, size_t first, size_t width, uint8_t* to) {
    for (size_t s = 0; s < kGroup; s += kSimdBytes) {
      Bytes rows[kSide], mixed[kSide];
      for (size_t i = 0; i < kSide; ++i) rows[i] = load(from + s + i, first);
      for (int twice = 0; twice < 2; ++twice) {
        interleave(rows, mixed);
        interleave(mixed, rows);
      }
      for (size_t i = 0; i < width; ++i) std::memcpy(to + i * kGroup + s, &rows[i], sizeof rows[i]);
    }
  }

  /// The same where a sample ends before.
  static void turn_rest(const uint8_t* const* from, size_t first, size_t width, uint8_t* to) {
    uint8_t copies[kGroup][kSide] = {};
    const uint8_t* at[kGroup];
    for (size_t s = 0; s < kGroup; ++s) {
      std::memcpy(copies[s], from[s] + first, width);
      at[s] = copies[s];
    }
    turn(at, 0, width, to);
  }

  /// kSide bytes of every kSide-th sample.
  static Bytes load(const uint8_t* const* from, size_t first) {
#if defined(__AVX512BW__)
    __m512i all = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from[0] + first)));
    all = _mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[kSide] + first)), 1);
    all = _mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[2 * kSide] + first)), 2);
    return (Bytes)_mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[3 * kSide] + first)),
                                     3);
#else
    Bytes all;
    for (size_t square = 0; square < kSquares; ++square) {
      std::memcpy(reinterpret_cast<uint8_t*>(&all) + square * kSide, from[square * kSide] + first, kSide);
    }
    return all;
#endif
  }

  /// Row i and row i + 8 of each square become, byte by byte in turn, rows 2i and 2i + 1. Four times makes columns of
  /// rows.
  static void interleave(const Bytes* rows, Bytes* mixed) {
    Bytes low, high;  // of two vectors side by side
    for (size_t i = 0; i < kSimdBytes; ++i) {
      const size_t byte = i / kSide * kSide + i % kSide / 2 + i % 2 * kSimdBytes;
      low[i] = static_cast<uint8_t>(byte);
      high[i] = static_cast<uint8_t>(byte + kSide / 2);
    }
    for (size_t i = 0; i < kSide / 2; ++i) {
      mixed[2 * i] = shuffle(rows[i], rows[i + kSide / 2], low);
      mixed[2 * i + 1] = shuffle(rows[i], rows[i + kSide / 2], high);
    }
  }

  size_t columns_ = 0;
  AlignedVector<uint8_t> bytes_;
};

/// Bit s: whether byte s of any of the columns is not 0. Each [64] and aligned.
template <size_t Columns>
inline uint64_t nonzero_bytes(const uint8_t* const (&bytes)[Columns]) {
#if defined(__AVX512BW__)
  __m512i any = _mm512_load_si512(bytes[0]);
  for (size_t c = 1; c < Columns; ++c) any = _mm512_or_si512(any, _mm512_load_si512(bytes[c]));
  return _mm512_test_epi8_mask(any, any);
#elif defined(__SSE2__)
  uint64_t bits = 0;
  for (size_t i = 0; i < 64; i += 16) {
    __m128i any = _mm_setzero_si128();
    for (const uint8_t* column : bytes) {
      any = _mm_or_si128(any, _mm_load_si128(reinterpret_cast<const __m128i*>(column + i)));
    }
    const int zero = _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128()));
    bits |= static_cast<uint64_t>(static_cast<uint16_t>(~zero)) << i;
  }
  return bits;
#else
  uint64_t bits = 0;
  for (size_t i = 0; i < 64; ++i) {
    uint8_t any = 0;
    for (const uint8_t* column : bytes) any |= column[i];
    bits |= static_cast<uint64_t>(any != 0) << i;
  }
  return bits;
#endif
}

}  // namespace legcnet
