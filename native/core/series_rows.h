// Row-major series of either precision, handed out one at a time in double: whoever reads them row by row needs no
// widened or differenced copy of them all.
#pragma once
#include <algorithm>
#include <cstddef>

namespace legcnet {

class SeriesRows {
 public:
  /// [rows, samples] row-major; with `difference` each series becomes x(t + 1) - x(t), one sample shorter.
  SeriesRows(const double* data, size_t samples, bool difference = false)
      : wide_(data), samples_(samples), difference_(difference) {}
  SeriesRows(const float* data, size_t samples, bool difference = false)
      : narrow_(data), samples_(samples), difference_(difference) {}

  /// Samples of a series as read() gives it.
  size_t length() const { return difference_ && samples_ > 0 ? samples_ - 1 : samples_; }

  /// requires: out holds length() elements
  void read(size_t row, double* out) const {
    if (wide_ != nullptr) {
      read(wide_ + row * samples_, out);
    } else if (narrow_ != nullptr) {
      read(narrow_ + row * samples_, out);
    }
  }

 private:
  template <typename T>
  void read(const T* series, double* out) const {
    const size_t n = length();
    if (difference_) {
      for (size_t t = 0; t < n; ++t) out[t] = static_cast<double>(series[t + 1]) - static_cast<double>(series[t]);
    } else {
      std::copy(series, series + n, out);
    }
  }

  const double* wide_ = nullptr;
  const float* narrow_ = nullptr;
  size_t samples_;
  bool difference_;
};

}  // namespace legcnet
