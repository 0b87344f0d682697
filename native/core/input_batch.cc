#include "input_batch.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace legcnet {
namespace {

/// What append_nonzero may write beyond the last entry it keeps.
constexpr size_t kSlack = 16;
/// Columns that an entry with bytes has room for.
constexpr size_t kMostByteColumns = size_t{1} << 16;

#if defined(__AVX512BW__) && defined(__AVX512VL__)

size_t append_nonzero(const uint8_t* a, const uint8_t* b, size_t first, size_t end, size_t entries, uint32_t* entry) {
  const __m512i counting = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i columns = _mm512_slli_epi32(_mm512_add_epi32(counting, _mm512_set1_epi32(static_cast<int>(first))), 16);
  for (size_t at = first; at < end; at += 16) {
    const auto present = static_cast<__mmask16>(end - at >= 16 ? 0xffffu : (1u << (end - at)) - 1);
    const __m512i of_a = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(present, a + at));
    const __m512i of_b = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(present, b + at));
    const __m512i bytes = _mm512_or_si512(of_a, _mm512_slli_epi32(of_b, 8));
    const __mmask16 kept = _mm512_test_epi32_mask(bytes, bytes);
    _mm512_storeu_si512(entry + entries, _mm512_maskz_compress_epi32(kept, _mm512_or_si512(bytes, columns)));
    entries += static_cast<size_t>(__builtin_popcount(kept));
    columns = _mm512_add_epi32(columns, _mm512_set1_epi32(16 << 16));
  }
  return entries;
}

#else

/// Appends the columns first..end-1 in which a or b is not zero; returns how many entries there are then.
size_t append_nonzero(const uint8_t* a, const uint8_t* b, size_t first, size_t end, size_t entries, uint32_t* entry) {
  // Eight bytes at a time: of most images most such words are zero.
  for (size_t at = first; at < end; at += 8) {
    const size_t width = std::min<size_t>(8, end - at);
    uint64_t word_a = 0, word_b = 0;
    std::memcpy(&word_a, a + at, width);
    std::memcpy(&word_b, b + at, width);
    if ((word_a | word_b) == 0) continue;
    for (size_t i = at; i < at + width; ++i) {  // no branches: always write, advance if it counts
      const uint32_t bytes = static_cast<uint32_t>(b[i]) << 8 | a[i];
      entry[entries] = static_cast<uint32_t>(i) << 16 | bytes;
      entries += bytes != 0 ? 1 : 0;
    }
  }
  return entries;
}

#endif

/// The same for numbers, of type S or bytes with what they stand for. `b` may be null.
template <typename T, typename S, typename ValueOf>
size_t append_nonzero(const S* a, const S* b, size_t first, size_t end, const ValueOf& value_of, size_t entries,
                      uint32_t* column, T* value_a, T* value_b) {
  for (size_t i = first; i < end; ++i) {
    column[entries] = static_cast<uint32_t>(i);
    value_a[entries] = value_of(a[i]);
    if (b) value_b[entries] = value_of(b[i]);
    entries += a[i] != S(0) || (b && b[i] != S(0)) ? 1 : 0;
  }
  return entries;
}

/// Makes room for `needed` elements of which `used` are kept; the rest is not initialised.
template <typename Element>
void grow(std::unique_ptr<Element[]>& array, size_t used, size_t room) {
  std::unique_ptr<Element[]> larger(new Element[room]);
  std::copy_n(array.get(), used, larger.get());
  array = std::move(larger);
}

}  // namespace

template <typename T>
template <typename S>
void InputBatch<T>::select(const Samples<S>& samples, const uint32_t* rows, size_t count, size_t chunk) {
  sparse_ = samples.sparse();
  bytes_ = samples.has_bytes() && samples.columns() <= kMostByteColumns;
  count_ = count;
  columns_ = samples.columns();
  chunk_ = chunk;
  narrow(0, columns_);
  order_ = rows;
  if (byte_factor_ != samples.factor()) {
    byte_factor_ = samples.factor();
    byte_values_ = samples.template byte_values<T>();
  }
  if (blocks_.size() < blocks()) blocks_.resize(blocks());
  if (!sparse_ && rows_.size() < count) rows_.resize(count);
}

template <typename T>
void InputBatch<T>::narrow(size_t first, size_t end) {
  first_ = first;
  end_ = end;
  chunks_ = (end - first + chunk_ - 1) / chunk_;
}

template <typename T>
template <typename S>
void InputBatch<T>::load(const Samples<S>& samples, size_t block) {
  sparse_ ? load_pairs(samples, block) : load_rows(samples, block);
}

template <typename T>
template <typename S>
void InputBatch<T>::load_pairs(const Samples<S>& samples, size_t block) {
  // A single sample is paired with a row of zeros.
  static const std::vector<uint8_t> zeros(kMostByteColumns, 0);
  Block& out = blocks_[block];
  const size_t begin = block_begin(block), end = block_end(block), pairs = (end - begin + 1) / 2;
  out.pairs.resize(pairs);
  out.starts.resize(pairs);
  out.chunk_ends.resize(pairs * chunks_);
  size_t entries = 0;
  for (size_t p = 0; p < pairs; ++p) {
    const size_t sample = begin + 2 * p;
    const size_t a = order_[sample], b = sample + 1 < end ? order_[sample + 1] : SIZE_MAX;
    if (sample + 4 < end) samples.prefetch(order_ + sample + 4, std::min<size_t>(2, end - sample - 4), first_, end_);
    out.starts[p] = entries;
    const size_t needed = entries + listed() + kSlack;
    if (needed > out.entry_room) grow(out.entry, entries, out.entry_room = std::max(needed, 2 * out.entry_room));
    if (!bytes_ && needed > out.value_room) {
      out.value_room = out.entry_room;
      for (auto& value : out.value) grow(value, entries, out.value_room);
    }
    for (size_t c = 0; c < chunks_; ++c) {
      const size_t first = first_ + c * chunk_, last = std::min(end_, first + chunk_);
      if (bytes_) {
        entries = append_nonzero(samples.bytes(a), b == SIZE_MAX ? zeros.data() : samples.bytes(b), first, last,
                                 entries, out.entry.get());
      } else if (samples.has_bytes()) {
        entries = append_nonzero<T, uint8_t>(
            samples.bytes(a), b == SIZE_MAX ? nullptr : samples.bytes(b), first, last,
            [&](uint8_t byte) { return byte_values_[byte]; }, entries, out.entry.get(), out.value[0].get(),
            out.value[1].get());
      } else {
        entries = append_nonzero<T, S>(
            samples.values(a), b == SIZE_MAX ? nullptr : samples.values(b), first, last,
            [](S value) { return static_cast<T>(value); }, entries, out.entry.get(), out.value[0].get(),
            out.value[1].get());
      }
      out.chunk_ends[p * chunks_ + c] = static_cast<uint32_t>(entries - out.starts[p]);
    }
  }
  for (size_t p = 0; p < pairs; ++p) {  // now that nothing moves any more
    const size_t sample = begin + 2 * p, start = out.starts[p];
    out.pairs[p] = {sample,
                    std::min<size_t>(2, end - sample),
                    out.entry.get() + start,
                    {bytes_ ? nullptr : out.value[0].get() + start, bytes_ ? nullptr : out.value[1].get() + start},
                    out.chunk_ends.data() + p * chunks_};
  }
}

template <typename T>
template <typename S>
void InputBatch<T>::load_rows(const Samples<S>& samples, size_t block) {
  const size_t begin = block_begin(block), end = block_end(block);
  if constexpr (std::is_same_v<S, T>) {
    if (!samples.has_bytes()) {
      for (size_t s = begin; s < end; ++s) rows_[s] = samples.values(order_[s]);
      return;
    }
  }
  Block& out = blocks_[block];
  if (out.rows.size() < (end - begin) * columns_) out.rows.resize((end - begin) * columns_);
  for (size_t s = begin; s < end; ++s) {
    T* row = out.rows.data() + (s - begin) * columns_;
    if (samples.has_bytes()) {
      const uint8_t* bytes = samples.bytes(order_[s]);
      for (size_t c = 0; c < columns_; ++c) row[c] = byte_values_[bytes[c]];
    } else {
      std::copy_n(samples.values(order_[s]), columns_, row);
    }
    rows_[s] = row;
  }
}

template <typename T>
void InputBatch<T>::turn(const Samples<T>& samples, size_t piece, ByteColumns& columns) const {
  const size_t first = piece * piece_columns();
  columns.fill(std::min(piece_columns(), columns_ - first), count_,
               [&](size_t s) { return samples.bytes(order_[s]) + first; });
}

template class InputBatch<float>;
template class InputBatch<double>;
#define LEGCNET_INPUT_BATCH(T, S)                                                          \
  template void InputBatch<T>::select(const Samples<S>&, const uint32_t*, size_t, size_t); \
  template void InputBatch<T>::load(const Samples<S>&, size_t);
LEGCNET_INPUT_BATCH(float, float)
LEGCNET_INPUT_BATCH(float, double)
LEGCNET_INPUT_BATCH(double, float)
LEGCNET_INPUT_BATCH(double, double)
#undef LEGCNET_INPUT_BATCH

}  // namespace legcnet
