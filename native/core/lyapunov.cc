#include "lyapunov.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "change_points.h"
#include "decimals.h"
#include "divergence_slope.h"
#include "log_distances.h"
#include "parallel.h"

namespace legcnet {
namespace {

template <typename T>
struct Extent {
  T low, high;
  bool finite;
};

template <typename T>
Extent<T> extent_of(const T* x, size_t length) {
  constexpr size_t width = lanes::Lanes<T>::count;
  using V = lanes::Vector<T>;
  V low = lanes::fill(x[0]), high = low, zero = {};  // zero: x - x, which is NaN where x is not finite
  size_t i = 0;
  for (; i + width <= length; i += width) {
    const V v = lanes::load(x + i);
    low = v < low ? v : low;
    high = v > high ? v : high;
    zero += v - v;
  }
  Extent<T> extent{x[0], x[0], true};
  for (size_t l = 0; l < width; ++l) {
    extent.low = std::min(extent.low, low[l]);
    extent.high = std::max(extent.high, high[l]);
    extent.finite &= zero[l] == T(0);
  }
  for (; i < length; ++i) {
    extent.low = std::min(extent.low, x[i]);
    extent.high = std::max(extent.high, x[i]);
    extent.finite &= x[i] - x[i] == T(0);
  }
  return extent;
}

/// Analyses one series after the other in the same buffers. One object a thread.
template <typename T>
class Analyser {
 public:
  Analyser(const LyapunovOptions& options, size_t length, const Control& control)
      : options_(options), length_(length), control_(control) {
    y_.assign(length + kSeriesPadding<T>, T(0));
    neighbour_.resize(options.embedding.references(length));
  }

  /// S(0 .. steps - 1) of x [length]. Where the status is not kOk or kNoPairs, the curve is all NaN.
  SeriesStatus curve(const T* x, size_t steps, double* curve, uint32_t* counts, uint32_t& unmatched) {
    control_.check();
    std::fill_n(curve, steps, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(counts, steps, 0);
    unmatched = 0;
    const SeriesStatus guard = rescale(x);
    if (guard != SeriesStatus::kOk) return guard;

    const Embedding& embedding = options_.embedding;
    if (options_.neighbours == LyapunovOptions::Neighbours::kAllPairs) {
      all_pairs_.run(y_.data(), length_, embedding, control_, neighbour_.data());
    } else {
      const bool given = options_.neighbours == LyapunovOptions::Neighbours::kGivenRadius;
      const double start = given ? options_.radius / range_ : 1e-3;
      start_radius_.run(y_.data(), length_, embedding, start, control_, neighbour_.data());
    }
    unmatched = static_cast<uint32_t>(std::count(neighbour_.begin(), neighbour_.end(), kUnmatched));
    logs_.mean(y_.data(), neighbour_.data(), neighbour_.size(), embedding, steps, control_, curve, counts);
    return counts[0] && (steps < 2 || counts[1]) ? SeriesStatus::kOk : SeriesStatus::kNoPairs;
  }

  /// The slope of x's curve, of which `steps` are needed; 0 where the status is not kOk. `range`: the steps used.
  SeriesStatus exponent(const T* x, size_t steps, double& slope, FitRange& range, uint32_t& unmatched) {
    s_.resize(steps);
    counts_.resize(steps);
    slope = 0;
    const SeriesStatus status = curve(x, steps, s_.data(), counts_.data(), unmatched);
    if (status != SeriesStatus::kOk && status != SeriesStatus::kNoPairs) return status;
    if (options_.text_rounding) {
      for (double& s : s_) s = std::isnan(s) ? s : through_scientific(s);
    }
    if (options_.slope == LyapunovOptions::Slope::kOneStep) {
      if (status != SeriesStatus::kOk) return status;
      slope = s_[1] - s_[0];
      range = {0, 1};
    } else {
      const bool given = options_.slope == LyapunovOptions::Slope::kFit;
      range = given ? FitRange{options_.fit_from, options_.fit_to} : find_fit_range(s_.data(), steps);
      const SlopeFit fit = fit_slope(s_.data(), range);
      if (fit.points < 2) return SeriesStatus::kNoPairs;
      slope = fit.slope;
    }
    if (options_.text_rounding) slope = round_decimals(slope, 6);
    return SeriesStatus::kOk;
  }

 private:
  /// Fills y_ with the series in [0, 1], or says why there is nothing to measure.
  SeriesStatus rescale(const T* x) {
    if (length_ == 0) return SeriesStatus::kTooShort;
    Extent<T> extent = extent_of(x, length_);
    if (!extent.finite) return SeriesStatus::kNonFinite;
    if (neighbour_.empty()) return SeriesStatus::kTooShort;
    const double resolution = std::numeric_limits<T>::epsilon() *
                              static_cast<double>(std::max(std::fabs(extent.low), std::fabs(extent.high)));
    const double range = static_cast<double>(extent.high) - static_cast<double>(extent.low);
    if (range < options_.min_range * (options_.min_range_is_relative ? resolution : 1)) return SeriesStatus::kStatic;
    if (options_.mean_change && mean_changes(x)) return SeriesStatus::kStatic;
    if (options_.quantise_decimals >= 0) {
      for (size_t i = 0; i < length_; ++i) {
        y_[i] = static_cast<T>(through_fixed(static_cast<double>(x[i]), options_.quantise_decimals));
      }
      x = y_.data();
      extent = extent_of(x, length_);
    }
    T width = extent.high - extent.low;
    if (!(width >= std::numeric_limits<T>::min())) return SeriesStatus::kStatic;
    range_ = static_cast<double>(extent.high) - static_cast<double>(extent.low);
    if (width <= std::numeric_limits<T>::max()) {
      for (size_t i = 0; i < length_; ++i) y_[i] = (x[i] - extent.low) / width;
    } else {  // the range overflows, half of it does not
      width = extent.high / 2 - extent.low / 2;
      for (size_t i = 0; i < length_; ++i) y_[i] = (x[i] / 2 - extent.low / 2) / width;
    }
    return SeriesStatus::kOk;
  }

  bool mean_changes(const T* x) {
    as_double_.assign(x, x + length_);
    return change_points_.count(as_double_.data(), length_) > 0;
  }

  const LyapunovOptions& options_;
  const size_t length_;
  const Control& control_;
  AllPairsSearch<T> all_pairs_;
  StartRadiusSearch<T> start_radius_;
  LogDistances<T> logs_;
  ChangePoints change_points_;
  AlignedVector<T> y_;  // the rescaled series and its padding
  double range_ = 0;
  std::vector<int32_t> neighbour_;
  std::vector<double> as_double_;
  std::vector<double> s_;
  std::vector<uint32_t> counts_;
};

/// Calls body(row, x) for every series, x [length] being a copy of it, with an Analyser a block.
template <typename T, typename Body>
void for_each_series(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                     const Control& control, std::atomic<uint64_t>* done, const Body& body) {
  constexpr size_t together = 64 / sizeof(T);  // neighbours in a cache line of an iterate are read together
  const size_t length = series.length;
  const size_t tiles = length > 4096 ? 1 : std::clamp<size_t>(4096 / (length + 1), 1, 16);
  const size_t block = length > 4096 ? 1 : tiles * together;
  parallel_for((rows + block - 1) / block, threads, control, [&](size_t b) {
    const FlushSubnormals flush;
    const size_t end = std::min(rows, (b + 1) * block);
    Analyser<T> analyser(options, length, control);
    AlignedVector<T> copies(std::min(block, together) * length);
    for (size_t first = b * block; first < end; first += together) {
      const size_t width = std::min(together, end - first);
      for (size_t i = 0; i < length; ++i) {
        for (size_t r = 0; r < width; ++r) copies[r * length + i] = series(first + r, i);
      }
      for (size_t r = 0; r < width; ++r) body(analyser, first + r, copies.data() + r * length);
      if (done) done->fetch_add(width, std::memory_order_relaxed);
    }
  });
}

}  // namespace

template <typename T>
void divergence_curves(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                       const Control& control, const DivergenceCurves& out, std::atomic<uint64_t>* done) {
  const size_t steps = options.embedding.horizon + 1;
  for_each_series(series, rows, options, threads, control, done, [&](Analyser<T>& analyser, size_t row, const T* x) {
    out.status[row] = static_cast<uint8_t>(
        analyser.curve(x, steps, out.curve + row * steps, out.counts + row * steps, out.unmatched[row]));
  });
}

template <typename T>
void lyapunov_exponents(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                        const Control& control, const LyapunovExponents& out, std::atomic<uint64_t>* done) {
  using Slope = LyapunovOptions::Slope;
  // A series no longer than the horizon is too short anyway, and needs no room for its curve.
  size_t steps = std::min(options.embedding.horizon, std::max<size_t>(series.length, 1)) + 1;
  if (options.slope == Slope::kOneStep) steps = 2;
  if (options.slope == Slope::kFit) steps = std::min(options.fit_to + 1, steps);
  for_each_series(series, rows, options, threads, control, done, [&](Analyser<T>& analyser, size_t row, const T* x) {
    FitRange range;
    uint32_t unmatched = 0;
    const SeriesStatus status = analyser.exponent(x, steps, out.exponent[row], range, unmatched);
    const bool ok = status == SeriesStatus::kOk;
    out.status[row] = static_cast<uint8_t>(status);
    if (out.unmatched) out.unmatched[row] = unmatched;
    if (out.fit_range) {
      out.fit_range[2 * row] = ok ? static_cast<int32_t>(range.from) : -1;
      out.fit_range[2 * row + 1] = ok ? static_cast<int32_t>(range.to) : -1;
    }
  });
}

template void divergence_curves(const SeriesView<float>&, size_t, const LyapunovOptions&, int, const Control&,
                                const DivergenceCurves&, std::atomic<uint64_t>*);
template void divergence_curves(const SeriesView<double>&, size_t, const LyapunovOptions&, int, const Control&,
                                const DivergenceCurves&, std::atomic<uint64_t>*);
template void lyapunov_exponents(const SeriesView<float>&, size_t, const LyapunovOptions&, int, const Control&,
                                 const LyapunovExponents&, std::atomic<uint64_t>*);
template void lyapunov_exponents(const SeriesView<double>&, size_t, const LyapunovOptions&, int, const Control&,
                                 const LyapunovExponents&, std::atomic<uint64_t>*);

}  // namespace legcnet
