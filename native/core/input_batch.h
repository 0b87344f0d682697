// The inputs of one batch in the form that the first layer's kernels read: dense rows, or lists of the columns in which
// some sample differs from zero.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "byte_columns.h"
#include "samples.h"
#include "simd.h"

namespace legcnet {

/// Samples are taken in pairs: the list of a pair names the columns in which either is not zero, so that a row of
/// weights that both need is read once (of MNIST's pixels a sample has 19 %, a pair 29 %). Lists are cut at multiples
/// of `chunk` columns, so that the kernels can go through the weights a cache-sized piece at a time. 8-bit inputs are
/// listed as such, a word for a pair's entry.
///
/// The update of a larger batch of 8-bit inputs goes through the columns instead: by_columns().
///
/// Life of a batch: select(), then load() for every block (any thread, any order), then the blocks are read.
template <typename T>
class InputBatch {
 public:
  static constexpr size_t kBlockSamples = 32;  // what one thread works on at a time

  struct Pair {
    size_t sample;               ///< position in the batch of the first
    size_t samples;              ///< 2; 1 at the end of an odd batch
    const uint32_t* entry;       ///< bytes(): column << 16 | second byte << 8 | first byte; else the column. Ascending
    const T* value[2];           ///< beside `entry`, unless bytes(); for a single sample the second is not filled
    const uint32_t* chunk_ends;  ///< [chunks] entries before the end of each chunk
  };

  /// `chunk`: columns that the kernels go through at a time. Nothing is read yet.
  template <typename S>
  void select(const Samples<S>& samples, const uint32_t* rows, size_t count, size_t chunk);
  /// After select(), if sparse(): lists columns first .. end - 1 only, which then serves the forward pass alone.
  void narrow(size_t first, size_t end);

  bool sparse() const { return sparse_; }
  /// Whether the entries of pairs hold bytes, to be looked up in byte_values().
  bool bytes() const { return bytes_; }
  const T* byte_values() const { return byte_values_.data(); }
  size_t count() const { return count_; }
  size_t columns() const { return columns_; }
  size_t chunk() const { return chunk_; }
  size_t chunks() const { return chunks_; }
  /// Columns that are listed: all, or those of narrow().
  size_t listed() const { return end_ - first_; }
  /// Whether the update reads ByteColumns and not the pairs.
  bool by_columns() const { return sparse_ && bytes_ && count_ >= ByteColumns::kGroup; }
  /// The pieces that the update goes through.
  size_t piece_columns() const { return by_columns() ? ByteColumns::kColumns : chunk_; }
  size_t pieces() const { return (columns_ + piece_columns() - 1) / piece_columns(); }
  size_t blocks() const { return (count_ + kBlockSamples - 1) / kBlockSamples; }
  size_t block_begin(size_t block) const { return block * kBlockSamples; }
  size_t block_end(size_t block) const { return std::min(count_, (block + 1) * kBlockSamples); }

  template <typename S>
  void load(const Samples<S>& samples, size_t block);

  /// The columns of a piece; only when by_columns().
  void turn(const Samples<T>& samples, size_t piece, ByteColumns& columns) const;

  /// Only when sparse().
  const std::vector<Pair>& pairs(size_t block) const { return blocks_[block].pairs; }
  /// Calls visit(column) for every column of the chunks from, ..., to - 1 that may not be 0 in all samples, some more
  /// than once; only when sparse().
  template <typename Visit>
  void for_each_column(size_t from, size_t to, const Visit& visit) const {
    for (size_t block = 0; block < blocks(); ++block) {
      for (const Pair& pair : pairs(block)) {
        const size_t end = pair.chunk_ends[to - 1];
        for (size_t e = from == 0 ? 0 : pair.chunk_ends[from - 1]; e < end; ++e) {
          visit(bytes_ ? pair.entry[e] >> 16 : pair.entry[e]);
        }
      }
    }
  }
  /// [columns] of the sample at this position; only when !sparse().
  const T* row(size_t sample) const { return rows_[sample]; }

 private:
  /// The lists of a block's pairs one after the other, or its dense rows. Grows to what the fullest batch needs.
  struct Block {
    std::vector<Pair> pairs;
    std::vector<uint32_t> chunk_ends;
    std::vector<size_t> starts;
    std::unique_ptr<uint32_t[]> entry;
    std::unique_ptr<T[]> value[2];
    size_t entry_room = 0, value_room = 0;
    AlignedVector<T> rows;
  };
  template <typename S>
  void load_pairs(const Samples<S>& samples, size_t block);
  template <typename S>
  void load_rows(const Samples<S>& samples, size_t block);

  bool sparse_ = false, bytes_ = false;
  size_t count_ = 0, columns_ = 0, first_ = 0, end_ = 0, chunk_ = 0, chunks_ = 0;
  const uint32_t* order_ = nullptr;  // rows of the samples, as given to select()
  double byte_factor_ = 0;           // that byte_values_ was made with; with 0 all are 0
  std::array<T, 256> byte_values_{};
  std::vector<Block> blocks_;
  std::vector<const T*> rows_;
};

extern template class InputBatch<float>;
extern template class InputBatch<double>;

}  // namespace legcnet
