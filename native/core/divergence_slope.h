// The slope of a divergence curve.
#pragma once
#include <cstddef>

namespace legcnet {

/// Steps from .. to of a curve, both included.
struct FitRange {
  size_t from = 0;
  size_t to = 0;
};

struct SlopeFit {
  double slope = 0;
  double residual = 0;  ///< root of the mean squared residual
  size_t points = 0;    ///< how many steps of the range were there
};

/// Least-squares line through S(k), k in the range; absent steps (NaN) are left out. Slope 0 with fewer than 2 points.
SlopeFit fit_slope(const double* curve, FitRange range);

/// The longest range of at least three steps over which the curve is straight. "Straight": the residual is at most 2 %
/// of the curve's excursion, max |S(k) - S(first)|. Only the part up to 90 % of the excursion is searched, since beyond
/// it the curve has saturated and the plateau is straight too; and only the first 2,000 steps. Of equally long ranges
/// the straightest; where nothing is straight, the first two steps that are there. Cost: O(steps^2).
FitRange find_fit_range(const double* curve, size_t steps);

}  // namespace legcnet
