// Change-points of a series' mean.
#pragma once
#include <cstddef>
#include <vector>

#include "control.h"

namespace legcnet {

/// Finds the segmentation of a series that minimises sum of squared deviations from the segments' means + 1 a change
/// (optimal partitioning with PELT's pruning: Killick, Fearnhead and Eckley 2012; MATLAB's ischange(x, 'mean')).
/// Keeps its buffers from call to call.
class ChangePoints {
 public:
  /// The number of change-points; 0 for fewer than two values. x is finite. Cost: O(length) where no change can pay,
  /// O(length^2) at worst. Throws Cancelled.
  size_t count(const double* x, size_t length, const Control& control);

 private:
  double cost(size_t from, size_t to) const;

  std::vector<double> sums_, squares_;  // of the first i values, less their mean
  std::vector<double> best_;            // least cost of the first i values
  std::vector<size_t> last_;            // where the last segment of that segmentation begins
  std::vector<size_t> open_;            // where a segment can still begin
};

}  // namespace legcnet
