#include "change_points.h"

#include <algorithm>
#include <limits>

namespace legcnet {

constexpr double kPenalty = 1;
/// Larger deviations count as this one, whose squares can still be summed.
constexpr double kHuge = 1e150;

/// Sum of squared deviations of values from .. to - 1 from their mean.
double ChangePoints::cost(size_t from, size_t to) const {
  const double sum = sums_[to] - sums_[from];
  const double squares = squares_[to] - squares_[from];
  return std::max(0.0, squares - sum * (sum / static_cast<double>(to - from)));
}

size_t ChangePoints::count(const double* x, size_t length, const Control& control) {
  if (length < 2) return 0;
  double half_mean = 0;  // halves, because a difference of huge values overflows
  for (size_t i = 0; i < length; ++i) half_mean += (x[i] / 2 - half_mean) / static_cast<double>(i + 1);
  sums_.resize(length + 1);
  squares_.resize(length + 1);
  sums_[0] = squares_[0] = 0;
  for (size_t i = 0; i < length; ++i) {
    const double d = std::clamp(2 * (x[i] / 2 - half_mean), -kHuge, kHuge);
    sums_[i + 1] = sums_[i] + d;
    squares_[i + 1] = squares_[i] + d * d;
  }
  if (cost(0, length) <= kPenalty) return 0;  // no change can save what it costs

  best_.resize(length + 1);
  last_.resize(length + 1);
  best_[0] = -kPenalty;
  open_.assign(1, 0);
  for (size_t to = 1; to <= length; ++to) {
    control.check();
    best_[to] = std::numeric_limits<double>::infinity();
    for (const size_t from : open_) {
      const double total = best_[from] + cost(from, to) + kPenalty;
      if (total < best_[to]) {
        best_[to] = total;
        last_[to] = from;
      }
    }
    // A segment from here on can never again be the better one: splitting at `to` is no dearer.
    const auto closed = [&](size_t from) { return best_[from] + cost(from, to) > best_[to]; };
    open_.erase(std::remove_if(open_.begin(), open_.end(), closed), open_.end());
    open_.push_back(to);
  }
  size_t changes = 0;
  for (size_t at = last_[length]; at > 0; at = last_[at]) ++changes;
  return changes;
}

}  // namespace legcnet
