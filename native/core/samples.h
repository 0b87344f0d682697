// A part of a data set as training reads it: inputs dense or compressed, targets dense.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace legcnet {

/// Inputs [rows, columns] and targets [rows, outputs], filled chunk by chunk, constant afterwards.
/// Inputs are stored as compressed rows when fewer than kSparseBelow of the first chunk's entries differ from zero
/// (MNIST: 19 %), which makes the first layer cheaper in the same proportion.
template <typename T>
class Samples {
 public:
  static constexpr double kSparseBelow = 0.4;

  Samples(size_t columns, size_t outputs) : columns_(columns), outputs_(outputs) {}

  /// Appends `count` rows; every input is multiplied by `factor`. S: uint8_t, float or double.
  template <typename S>
  void append(const S* inputs, const double* targets, size_t count, double factor);

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  size_t outputs() const { return outputs_; }
  bool sparse() const { return sparse_; }

  /// [columns] of one row; only when !sparse().
  const T* dense_row(size_t row) const { return dense_.data() + row * columns_; }
  /// The non-zero entries of one row; only when sparse().
  size_t begin(size_t row) const { return starts_[row]; }
  size_t end(size_t row) const { return starts_[row + 1]; }
  const uint32_t* column() const { return column_.data(); }
  const T* value() const { return value_.data(); }
  /// [outputs] of one row.
  const T* target(size_t row) const { return targets_.data() + row * outputs_; }
  /// The class of one row: the largest target's index; for one output, 1 when the target is above 0.5.
  size_t label(size_t row) const;

 private:
  size_t columns_, outputs_, rows_ = 0;
  bool sparse_ = false;
  std::vector<T> dense_;
  std::vector<size_t> starts_{0};
  std::vector<uint32_t> column_;
  std::vector<T> value_;
  std::vector<T> targets_;
};

}  // namespace legcnet
