// A part of a data set as training reads it: inputs as 8-bit pixels or as numbers, targets and classes beside them.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "input_groups.h"
#include "rows_ahead.h"

namespace legcnet {

/// Inputs [rows, columns] and targets [rows, outputs], filled chunk by chunk, constant afterwards.
/// When every chunk is 8-bit and has the same factor, the inputs stay bytes: an eighth of the memory, and all that
/// memory has to deliver. Otherwise they are numbers in T, multiplied by their factor.
template <typename T>
class Samples {
 public:
  /// When fewer of the first chunk's entries than this share differ from zero (MNIST: 19 %), the first layer skips
  /// zeros, which makes it cheaper in about the same proportion.
  static constexpr double kSparseBelow = 0.4;

  /// `expected_rows`: makes room for so many at the first append.
  Samples(size_t columns, size_t outputs, size_t expected_rows = 0)
      : columns_(columns), outputs_(outputs), expected_rows_(expected_rows) {}

  /// Appends `count` rows; every input is multiplied by `factor`. S: uint8_t, float or double.
  template <typename S>
  void append(const S* inputs, const double* targets, size_t count, double factor);

  size_t rows() const { return labels_.size(); }
  size_t columns() const { return columns_; }
  size_t outputs() const { return outputs_; }
  bool sparse() const { return sparse_; }

  /// Whether inputs are kept as bytes: then bytes(), else values().
  bool has_bytes() const { return values_.empty(); }
  /// [columns] of one row.
  const uint8_t* bytes(size_t row) const { return bytes_.data() + row * columns_; }
  const T* values(size_t row) const { return values_.data() + row * columns_; }
  double factor() const { return factor_; }
  /// What a byte stands for, [256], exactly byte * factor in double precision, rounded to U.
  template <typename U>
  std::array<U, 256> byte_values() const;

  /// Asks the memory for the bytes of rows that will be read next, columns first .. end - 1.
  void prefetch(const uint32_t* rows, size_t count, size_t first, size_t end) const {
    if (!has_bytes()) return;
    for (size_t r = 0; r < count; ++r) {
      for (size_t at = first; at < end; at += 64) __builtin_prefetch(bytes(rows[r]) + at);
    }
  }
  /// The same of rows that will be read soon, to be asked for little by little. `rows` is not copied.
  RowsAhead ahead(const uint32_t* rows, size_t count, size_t first, size_t end) const {
    return has_bytes() ? RowsAhead(bytes_.data() + first, columns_, end - first, rows, count) : RowsAhead();
  }

  /// [outputs] of one row.
  const T* target(size_t row) const { return targets_.data() + row * outputs_; }
  /// The class of one row: the largest target's index; for one output, 1 when the target is above 0.5.
  size_t label(size_t row) const { return labels_[row]; }
  /// The given rows, those of a class together and otherwise in their order. Images of one class have more pixels in
  /// common, and the first layer takes samples in pairs (of MNIST 208 columns a pair instead of 230).
  void by_class(const uint32_t* rows, size_t count, std::vector<uint32_t>& sorted) const;
  /// Whether every row's targets, several of them, are 1 at its class and 0 elsewhere.
  bool one_hot() const { return one_hot_; }

  /// The inputs as evaluations keep them.
  InputGroups& groups() const { return *groups_; }

 private:
  void bytes_to_values();

  size_t columns_, outputs_, expected_rows_;
  bool sparse_ = false;
  bool one_hot_ = true;
  double factor_ = 1;
  std::vector<uint8_t> bytes_;
  std::vector<T> values_;
  std::vector<T> targets_;
  std::vector<uint32_t> labels_;
  std::unique_ptr<InputGroups> groups_ = std::make_unique<InputGroups>();
};

}  // namespace legcnet
