// Row-major series of either precision, handed out one at a time in double: whoever reads them row by row needs no
// widened or differenced copy of them all.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "unit_root.h"

namespace legcnet {

/// What becomes of each series before it is tested.
enum class Stationarity : uint8_t {
  kNone,
  kDifference,  ///< x(t + 1) - x(t)
  kAdf,         ///< the same where the test speaks for a unit root, else all samples but the first: equally long
  kKpss,
};

class SeriesRows {
 public:
  /// [rows, samples] row-major; with a control, read() throws Cancelled in mid-test of a long series.
  SeriesRows(const double* data, size_t samples, Stationarity stationarity = Stationarity::kNone,
             const Control* control = nullptr)
      : wide_(data), samples_(samples), stationarity_(stationarity), control_(control) {}
  SeriesRows(const float* data, size_t samples, Stationarity stationarity = Stationarity::kNone,
             const Control* control = nullptr)
      : narrow_(data), samples_(samples), stationarity_(stationarity), control_(control) {}

  /// Samples of a series as read() gives it.
  size_t length() const { return stationarity_ != Stationarity::kNone && samples_ > 0 ? samples_ - 1 : samples_; }

  /// Returns whether differences were taken.
  /// requires: out holds length() elements
  bool read(size_t row, double* out) const {
    if (wide_ != nullptr) return read(wide_ + row * samples_, out);
    return narrow_ != nullptr && read(narrow_ + row * samples_, out);
  }

 private:
  template <typename T>
  bool read(const T* series, double* out) const {
    const size_t n = length();
    if (!differences(series)) {
      std::copy(series + (samples_ - n), series + samples_, out);
      return false;
    }
    for (size_t t = 0; t < n; ++t) out[t] = static_cast<double>(series[t + 1]) - static_cast<double>(series[t]);
    return true;
  }

  template <typename T>
  bool differences(const T* series) const {
    if (stationarity_ == Stationarity::kNone || stationarity_ == Stationarity::kDifference) {
      return stationarity_ == Stationarity::kDifference;
    }
    const auto test = stationarity_ == Stationarity::kAdf ? UnitRootTest::kAdf : UnitRootTest::kKpss;
    if constexpr (std::is_same_v<T, double>) return has_unit_root(test, series, samples_, control_);
    const std::vector<double> widened(series, series + samples_);
    return has_unit_root(test, widened.data(), samples_, control_);
  }

  const double* wide_ = nullptr;
  const float* narrow_ = nullptr;
  size_t samples_;
  Stationarity stationarity_;
  const Control* control_;
};

}  // namespace legcnet
