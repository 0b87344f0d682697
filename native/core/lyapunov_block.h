// A block of series, copied out of whatever holds them, and looked over by the guards before anything is measured.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "change_points.h"
#include "control.h"
#include "lyapunov.h"
#include "lyapunov_lanes.h"
#include "series_view.h"
#include "simd.h"

namespace legcnet {

template <typename T>
class SeriesBlock {
 public:
  /// Room for `most` series of a length.
  SeriesBlock(const LyapunovOptions& options, size_t length, size_t most, const Control& control);

  /// Copies `rows` <= most series from `first` on, and applies the guards and `quantise`.
  void read(const SeriesView<T>& series, size_t first, size_t rows);

  /// kOk, or why there is nothing to measure.
  SeriesStatus status(size_t row) const { return status_[row]; }
  /// max - min.
  double range(size_t row) const { return static_cast<double>(high_[row]) - static_cast<double>(low_[row]); }

  /// The rescaled series (x - min) / (max - min) of a row whose status is kOk: y [length].
  void rescale(size_t row, T* y) const;
  /// The same of as many rows as vectors have lanes, interleaved: y [length, lanes], aligned.
  void rescale_tile(const uint32_t* rows, T* y) const;

 private:
  void copy(const SeriesView<T>& series, size_t first, size_t rows);
  void find_extents(size_t rows);
  SeriesStatus guard(size_t row);
  void quantise(size_t row);

  const LyapunovOptions& options_;
  const Control& control_;
  const size_t length_;
  const size_t pitch_;
  AlignedVector<T> values_;      // [length, pitch_]: value i of all series side by side
  AlignedVector<T> low_, high_;  // [most + lanes]
  AlignedVector<T> zero_;        // [most + lanes] sum of x - x: NaN where x is not finite
  std::vector<SeriesStatus> status_;
  std::vector<double> as_double_;
  ChangePoints change_points_;
};

extern template class SeriesBlock<float>;
extern template class SeriesBlock<double>;

}  // namespace legcnet
