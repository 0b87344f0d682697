#include "lyapunov.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "decimals.h"
#include "divergence_slope.h"
#include "log_distances.h"
#include "log_distances_tile.h"
#include "lyapunov_block.h"
#include "lyapunov_kantz.h"
#include "neighbours_tile.h"
#include "parallel.h"

namespace legcnet {
namespace {

/// What came of one series.
struct Outcome {
  SeriesStatus status = SeriesStatus::kOk;
  uint32_t unmatched = 0;
  double* curve;     ///< [steps]
  uint32_t* counts;  ///< [steps]
};

/// In series with fewer points, looking where they stand still costs what it saves, unless that is known (measured).
constexpr size_t kCutFrom = 64;

/// Analyses a block of series after the other, in the same buffers.
template <typename T>
class Analyser {
  static constexpr size_t L = kTileLanes<T>;

 public:
  /// `count_unmatched`: whether Outcome::unmatched is of interest; 0 if not.
  Analyser(const LyapunovOptions& options, size_t length, size_t most, size_t steps, bool count_unmatched,
           const Control& control)
      : options_(options),
        embedding_(options.embedding),
        length_(length),
        steps_(steps),
        count_unmatched_(count_unmatched),
        control_(control),
        block_(options, length, most, control) {
    curve_.resize(steps);
    counts_.resize(steps);
  }

  /// Calls deliver(row, outcome) for `rows` series from `first` on, in no particular order.
  template <typename Deliver>
  void run(const SeriesView<T>& series, size_t first, size_t rows, const Deliver& deliver) {
    control_.check();
    block_.read(series, first, rows);
    active_.clear();
    for (uint32_t row = 0; row < rows; ++row) {
      if (block_.status(row) == SeriesStatus::kOk) {
        active_.push_back(row);
      } else {
        deliver(first + row, nothing(block_.status(row)));
      }
    }
    const bool tiles = options_.divergence == LyapunovOptions::Divergence::kRosenstein &&
                       options_.neighbours == LyapunovOptions::Neighbours::kAllPairs &&
                       TileSearch<T>::takes(length_, embedding_);
    for (size_t a = 0; a < active_.size();) {
      control_.check();
      if (tiles) {
        const size_t width = std::min(L, active_.size() - a);
        measure_tile(active_.data() + a, width);
        for (size_t l = 0; l < width; ++l) deliver(first + active_[a + l], lane(l));
        a += width;
      } else {
        deliver(first + active_[a], measure(active_[a]));
        ++a;
      }
    }
  }

 private:
  Outcome nothing(SeriesStatus status) {
    std::fill(curve_.begin(), curve_.end(), std::numeric_limits<double>::quiet_NaN());
    std::fill(counts_.begin(), counts_.end(), 0);
    return {status, 0, curve_.data(), counts_.data()};
  }

  Outcome measure(size_t row) {
    y_.resize(length_ + kSeriesPadding<T>);
    block_.rescale(row, y_.data());
    const bool given = options_.neighbours == LyapunovOptions::Neighbours::kGivenRadius;
    if (options_.divergence == LyapunovOptions::Divergence::kKantz) {
      const double radius = given ? options_.radius / block_.range(row) : kKantzRadius;
      return outcome(kantz_.mean(y_.data(), length_, embedding_, radius, options_.min_neighbours, steps_, control_,
                                 curve_.data(), counts_.data()));
    }
    neighbour_.resize(embedding_.references(length_));
    if (options_.neighbours == LyapunovOptions::Neighbours::kAllPairs) {
      all_pairs_.run(y_.data(), length_, embedding_, control_, neighbour_.data());
    } else {
      const double start = given ? options_.radius / block_.range(row) : 1e-3;
      start_radius_.run(y_.data(), length_, embedding_, start, control_, neighbour_.data());
    }
    const auto unmatched = std::count(neighbour_.begin(), neighbour_.end(), kUnmatched);
    logs_.mean(y_.data(), neighbour_.data(), neighbour_.size(), embedding_, steps_, control_, curve_.data(),
               counts_.data());
    return outcome(static_cast<uint32_t>(unmatched));
  }

  /// A tile that the series do not fill is filled up with the last one.
  void measure_tile(const uint32_t* rows, size_t width) {
    tile_curve_.resize(steps_ * L);
    tile_counts_.resize(steps_ * L);
    uint32_t filled[L];
    for (size_t l = 0; l < L; ++l) filled[l] = rows[std::min(l, width - 1)];
    // A point, and the points it is followed to, are the same as the one before while their values stand still: it has
    // the same neighbour at the same distances, and is nobody's, since of several equal points the last is taken. (With
    // a Theiler window another may be the one that is far enough away in time.)
    const size_t candidates = embedding_.candidates(length_);
    const bool cut = embedding_.theiler_window == 0 && (block_.in_pieces() || candidates >= kCutFrom);
    const size_t still = cut ? std::min(embedding_.span() + std::max<size_t>(steps_ - 1, 1), length_) : length_;
    block_.rescale_tile(filled, still, candidates + still - 1, tile_);
    const auto* neighbour = tile_search_.run(tile_, embedding_);
    TileLogDistances<T>::mean(tile_, neighbour, embedding_, steps_, tile_curve_.data(), tile_counts_.data());
  }

  /// The outcome of one series of the tile.
  Outcome lane(size_t l) {
    for (size_t k = 0; k < steps_; ++k) {
      curve_[k] = tile_curve_[k * L + l];
      counts_[k] = tile_counts_[k * L + l];
    }
    const bool all = !count_unmatched_ || counts_[0] == embedding_.references(length_);
    return outcome(all ? 0 : tile_search_.unmatched(tile_, embedding_, l));
  }

  Outcome outcome(uint32_t unmatched) {
    const bool pairs = counts_[0] && (steps_ < 2 || counts_[1]);
    return {pairs ? SeriesStatus::kOk : SeriesStatus::kNoPairs, unmatched, curve_.data(), counts_.data()};
  }

  const LyapunovOptions& options_;
  const Embedding& embedding_;
  const size_t length_, steps_;
  const bool count_unmatched_;
  const Control& control_;
  SeriesBlock<T> block_;
  std::vector<uint32_t> active_;
  std::vector<double> curve_;
  std::vector<uint32_t> counts_;

  TileSearch<T> tile_search_;
  SeriesTile<T> tile_;
  std::vector<double> tile_curve_;
  std::vector<uint32_t> tile_counts_;

  AllPairsSearch<T> all_pairs_;
  StartRadiusSearch<T> start_radius_;
  LogDistances<T> logs_;
  KantzDivergence<T> kantz_;
  AlignedVector<T> y_;
  std::vector<int32_t> neighbour_;
};

struct Slope {
  SeriesStatus status = SeriesStatus::kOk;
  double value = 0;
  FitRange range;
};

/// The slope of a curve of `steps`.
Slope slope_of(const LyapunovOptions& options, const Outcome& of, size_t steps) {
  if (of.status != SeriesStatus::kOk && of.status != SeriesStatus::kNoPairs) return {of.status, 0, {}};
  if (options.text_rounding) {
    for (size_t k = 0; k < steps; ++k)
      of.curve[k] = std::isnan(of.curve[k]) ? of.curve[k] : through_scientific(of.curve[k]);
  }
  Slope slope;
  if (options.slope == LyapunovOptions::Slope::kOneStep) {
    if (of.status != SeriesStatus::kOk) return {of.status, 0, {}};
    slope.value = of.curve[1] - of.curve[0];
    slope.range = {0, 1};
  } else {
    const bool given = options.slope == LyapunovOptions::Slope::kFit;
    slope.range = given ? FitRange{options.fit_from, options.fit_to} : find_fit_range(of.curve, steps);
    const SlopeFit fit = fit_slope(of.curve, slope.range);
    if (fit.points < 2) return {SeriesStatus::kNoPairs, 0, {}};
    slope.value = fit.slope;
  }
  if (options.text_rounding) slope.value = round_decimals(slope.value, 6);
  return slope;
}

/// Blocks that series are shared out in, if there are enough of them. (Not by the number of threads: what stands side
/// by side is to be the same for all.)
constexpr size_t kFewestBlocks = 64;

/// Calls deliver(row, outcome) for every series, `steps` of whose curve are wanted.
template <typename T, typename Deliver>
void for_each_series(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, size_t steps,
                     bool count_unmatched, int threads, const Control& control, std::atomic<uint64_t>* done,
                     const Deliver& deliver) {
  // Enough series that tiles are full though some series be static, few enough that a copy stays in the second-level
  // cache and that no thread has to wait long for another's last block.
  constexpr size_t L = kTileLanes<T>;
  constexpr size_t bytes = kMostTileValues * 64;
  const size_t fitting = bytes / sizeof(T) / (series.length + 1);  // at least a tile's, where tiles are used
  const size_t fair = rows / kFewestBlocks;
  const size_t block = fitting < L ? 1 : std::clamp(fair / L * L, L, std::min<size_t>(fitting / L * L, 512));
  std::mutex mutex;
  std::vector<std::unique_ptr<Analyser<T>>> idle;  // for the next block, whichever thread it falls to
  parallel_for((rows + block - 1) / block, threads, control, [&](size_t b) {
    const FlushSubnormals flush;
    std::unique_ptr<Analyser<T>> analyser;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        analyser = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (!analyser) {
      analyser =
          std::make_unique<Analyser<T>>(options, series.length, std::min(block, rows), steps, count_unmatched, control);
    }
    const size_t first = b * block, count = std::min(block, rows - first);
    if (series.arrival) series.arrival->wait_for(first + count, control);
    analyser->run(series, first, count, deliver);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      idle.push_back(std::move(analyser));
    }
    if (done) done->fetch_add(count, std::memory_order_relaxed);
  });
}

}  // namespace

template <typename T>
void divergence_curves(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                       const Control& control, const DivergenceCurves& out, std::atomic<uint64_t>* done) {
  const size_t steps = options.embedding.horizon + 1;
  for_each_series(series, rows, options, steps, true, threads, control, done, [&](size_t row, const Outcome& of) {
    std::copy_n(of.curve, steps, out.curve + row * steps);
    std::copy_n(of.counts, steps, out.counts + row * steps);
    out.status[row] = static_cast<uint8_t>(of.status);
    out.unmatched[row] = of.unmatched;
  });
}

template <typename T>
void lyapunov_exponents(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                        const Control& control, const LyapunovExponents& out, std::atomic<uint64_t>* done) {
  using Rule = LyapunovOptions::Slope;
  // A series no longer than the horizon is too short anyway, and needs no room for its curve.
  size_t steps = std::min(options.embedding.horizon, std::max<size_t>(series.length, 1)) + 1;
  if (options.slope == Rule::kOneStep) steps = 2;
  if (options.slope == Rule::kFit) steps = std::min(options.fit_to + 1, steps);
  const bool count_unmatched = out.unmatched != nullptr;
  for_each_series(series, rows, options, steps, count_unmatched, threads, control, done,
                  [&](size_t row, const Outcome& of) {
                    const Slope slope = slope_of(options, of, steps);
                    const bool ok = slope.status == SeriesStatus::kOk;
                    out.exponent[row] = slope.value;
                    out.status[row] = static_cast<uint8_t>(slope.status);
                    if (out.unmatched) out.unmatched[row] = of.unmatched;
                    if (out.fit_range) {
                      out.fit_range[2 * row] = ok ? static_cast<int32_t>(slope.range.from) : -1;
                      out.fit_range[2 * row + 1] = ok ? static_cast<int32_t>(slope.range.to) : -1;
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
