#include "divergence_slope.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace legcnet {
namespace {

constexpr double kStraight = 0.02;
constexpr double kSaturated = 0.9;
constexpr size_t kFewest = 3;
constexpr size_t kMostSearched = 2000;

/// What a least-squares line needs to know of the steps it is laid through. Sums over a range are differences of sums
/// from the start.
struct Sums {
  double n = 0, k = 0, s = 0, kk = 0, ks = 0, ss = 0;

  void add(double x, double y) {
    n += 1;
    k += x;
    s += y;
    kk += x * x;
    ks += x * y;
    ss += y * y;
  }
  Sums without(const Sums& b) const { return {n - b.n, k - b.k, s - b.s, kk - b.kk, ks - b.ks, ss - b.ss}; }
  SlopeFit fit() const {
    SlopeFit fit;
    fit.points = static_cast<size_t>(n);
    if (fit.points < 2) return fit;
    const double dkk = kk - k * k / n, dks = ks - k * s / n, dss = ss - s * s / n;
    fit.slope = dks / dkk;
    fit.residual = std::sqrt(std::max(0.0, dss - dks * fit.slope) / n);
    return fit;
  }
};

}  // namespace

SlopeFit fit_slope(const double* curve, FitRange range) {
  // Around the middle of the range and its first value, so that little cancels.
  const double middle = 0.5 * static_cast<double>(range.from + range.to);
  double origin = 0;
  Sums sums;
  for (size_t k = range.from; k <= range.to; ++k) {
    if (std::isnan(curve[k])) continue;
    if (sums.n == 0) origin = curve[k];
    sums.add(static_cast<double>(k) - middle, curve[k] - origin);
  }
  return sums.fit();
}

FitRange find_fit_range(const double* curve, size_t steps) {
  steps = std::min(steps, kMostSearched);
  size_t first = 0;
  while (first < steps && std::isnan(curve[first])) ++first;
  if (first == steps) return {};
  const auto risen = [&](size_t k) { return std::fabs(curve[k] - curve[first]); };  // NaN where absent
  double excursion = 0;
  for (size_t k = first; k < steps; ++k) excursion = std::max(excursion, risen(k));  // max(x, NaN) is x
  size_t end = first + 1;  // the part searched is [first, end)
  while (end < steps && !(end - first > 1 && risen(end - 1) >= kSaturated * excursion)) ++end;

  const double middle = 0.5 * static_cast<double>(first + end);
  std::vector<Sums> until(end - first + 1);
  for (size_t k = first; k < end; ++k) {
    until[k - first + 1] = until[k - first];
    if (std::isnan(curve[k])) continue;
    until[k - first + 1].add(static_cast<double>(k) - middle, curve[k] - curve[first]);
  }
  for (size_t width = end - first; width >= kFewest; --width) {
    FitRange best;
    double least = 0;
    bool found = false;
    for (size_t from = first; from + width <= end; ++from) {
      const SlopeFit fit = until[from - first + width].without(until[from - first]).fit();
      if (fit.points < kFewest || fit.residual > kStraight * excursion || (found && fit.residual >= least)) continue;
      best = {from, from + width - 1};
      least = fit.residual;
      found = true;
    }
    if (found) return best;
  }
  size_t second = first + 1;
  while (second + 1 < steps && std::isnan(curve[second])) ++second;
  return {first, std::min(second, steps - 1)};
}

}  // namespace legcnet
