#include "lyapunov_kantz.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace legcnet {

template <typename T>
uint32_t KantzDivergence<T>::mean(const T* y, size_t length, const Embedding& embedding, double radius, size_t least,
                                  size_t steps, const Control& control, double* curve, uint32_t* counts) {
  const size_t m = embedding.candidates(length), span = embedding.span();
  const double widest = radius * radius;
  const auto within = [&](size_t a, size_t b) {
    T sum = 0;
    for (size_t c = 0; c <= span; c += embedding.delay) sum += (y[a + c] - y[b + c]) * (y[a + c] - y[b + c]);
    return static_cast<double>(sum) <= widest;
  };
  points_.resize(m);
  for (size_t i = 0; i < m; ++i) points_[i] = {y[i], static_cast<uint32_t>(i)};
  uint32_t looks = 0;
  std::sort(points_.begin(), points_.end(), [&](const Point& a, const Point& b) {
    if (++looks % (1u << 20) == 0) control.check();
    return a.first < b.first || (a.first == b.first && a.index < b.index);
  });

  std::fill_n(curve, steps, 0.0);
  std::fill_n(counts, steps, 0);
  uint32_t left_out = 0;
  size_t begin = 0;
  for (size_t s = 0; s < m; ++s) {
    const size_t n = points_[s].index;
    // Only these can be near: the first coordinates differ by at most the radius, rounding included.
    const double reach = radius * (1 + 1e-6);
    while (static_cast<double>(points_[s].first) - static_cast<double>(points_[begin].first) > reach) ++begin;
    sums_.assign(steps, 0.0);
    size_t neighbours = 0;
    for (size_t q = begin; q < m; ++q) {
      if (q % 1024 == begin % 1024) control.check();
      if (static_cast<double>(points_[q].first) - static_cast<double>(points_[s].first) > reach) break;
      const size_t j = points_[q].index;
      if ((j > n ? j - n : n - j) <= embedding.theiler_window || !within(n, j)) continue;
      ++neighbours;
      const T* a = y + n + span;
      const T* b = y + j + span;
      for (size_t k = 0; k < steps; ++k) sums_[k] += static_cast<double>(std::fabs(a[k] - b[k]));
    }
    if (neighbours < least) {
      ++left_out;
      continue;
    }
    for (size_t k = 0; k < steps; ++k) {
      if (!(sums_[k] > 0)) continue;
      curve[k] += std::log(sums_[k] / static_cast<double>(neighbours));
      ++counts[k];
    }
  }
  for (size_t k = 0; k < steps; ++k) {
    curve[k] = counts[k] ? curve[k] / counts[k] : std::numeric_limits<double>::quiet_NaN();
  }
  return left_out;
}

template class KantzDivergence<float>;
template class KantzDivergence<double>;

}  // namespace legcnet
