// A block of series, copied out of whatever holds them, and looked over by the guards before anything is measured.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "change_points.h"
#include "control.h"
#include "lyapunov.h"
#include "lyapunov_lanes.h"
#include "lyapunov_tile.h"
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

  /// Whether it is known when series stand still.
  bool in_pieces() const { return !moments_.empty(); }
  /// kOk, or why there is nothing to measure.
  SeriesStatus status(size_t row) const { return status_[row]; }
  /// max - min.
  double range(size_t row) const { return static_cast<double>(high_[row]) - static_cast<double>(low_[row]); }

  /// The rescaled series (x - min) / (max - min) of a row whose status is kOk: y [length].
  void rescale(size_t row, T* y) const;
  /// The same of as many rows as vectors have lanes, interleaved. Where all of them hold a value for more than `most`
  /// times, the rest of these are left out, but for those from time `end` on.
  /// @param rows  ascending
  /// @param most  at most the length
  void rescale_tile(const uint32_t* rows, size_t most, size_t end, SeriesTile<T>& tile) const;

 private:
  /// Columns of values_ that change at the same moments, and what holds in between is there once.
  struct Group {
    size_t begin, end;  ///< columns
    size_t first;       ///< in moments_
    size_t count;       ///< of moments, and of values a series
  };

  void copy(const SeriesView<T>& series, size_t first, size_t rows);
  void copy_pieces(const SeriesView<T>& series, size_t first, size_t rows);
  void find_extents();
  SeriesStatus guard(size_t row);
  void quantise(size_t row);
  const Group& group_of(size_t row) const;
  size_t moment(const Group& group, size_t k) const;
  template <typename Body>
  void for_each_value(size_t row, const Body& body) const;
  template <typename Body>
  void for_each_moment(const uint32_t* rows, const Body& body) const;

  const LyapunovOptions& options_;
  const Control& control_;
  const size_t length_;
  const size_t pitch_;
  AlignedVector<T> values_;        // [length, pitch_]: value k of all series side by side
  std::vector<Group> groups_;      // of columns, ascending
  std::vector<uint32_t> moments_;  // of each group, when its values begin to hold, and the length; empty: at every time
  AlignedVector<T> low_, high_;    // [most + lanes]
  AlignedVector<T> zero_;          // [most + lanes] sum of x - x: NaN where x is not finite
  std::vector<SeriesStatus> status_;
  std::vector<double> as_double_;
  ChangePoints change_points_;
};

extern template class SeriesBlock<float>;
extern template class SeriesBlock<double>;

}  // namespace legcnet
