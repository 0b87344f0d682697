// The last N iterates of a weight series: all that is ever kept of the history.
#pragma once
#include <cstddef>
#include <vector>

#include "large_array.h"
#include "series_view.h"

namespace legcnet {

template <typename T>
class WeightWindow {
 public:
  /// Room for `length` iterates of `weights` weights: length * weights * sizeof(T) bytes.
  WeightWindow(size_t length, size_t weights)
      : length_(length), weights_(weights), rows_(length * weights), at_(length) {}

  /// Where the iterate with this number (0 = before the first step) goes; it replaces the one `length` before it.
  T* row(size_t iterate) { return rows_.data() + iterate % length_ * weights_; }

  /// The window whose last iterate is `last`, oldest first. Valid until the next row is written.
  SeriesView<T> ending_at(size_t last) {
    for (size_t i = 0; i < length_; ++i) at_[i] = row(last + 1 - length_ + i);
    return {at_.data(), 1, length_};
  }

  size_t bytes() const { return rows_.size() * sizeof(T); }

 private:
  size_t length_, weights_;
  LargeArray<T> rows_;
  std::vector<const T*> at_;
};

}  // namespace legcnet
