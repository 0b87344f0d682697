#include "granger.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "distributions.h"
#include "granger_batch.h"
#include "granger_pair.h"
#include "granger_target.h"
#include "keep_subnormals.h"
#include "parallel.h"

namespace legcnet {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// What the fast path may be off by at most, relative, in a statistic and its p.
constexpr double kTolerance = 2e-9;
/// Below this (of 1..4) a source's lag is too close to the other columns for the fast path to speak about rank.
constexpr double kLeastPivot = 1e-5;
/// The fast path's condition numbers above this go to the careful path, which looks at singular values.
constexpr double kLargestCondition = 1e6;

constexpr size_t kBlockRows = 64;

/// The sums of squares of one pair and lag, in squared units of the target.
struct Sums {
  double restricted, explained, unrestricted;
  int rank;
  double wald;
  int wald_df;
};

/// Tests a run of rows against one target.
class RowTester {
 public:
  RowTester(const TargetModel& target, const GrangerOptions& options, GrangerResult& result, const Control& control)
      : target_(target), options_(options), result_(result), control_(control) {}

  void test(const SeriesView<double>& sources, size_t begin, size_t end) {
    if (target_.last_lag == 0) {
      for (size_t row = begin; row < end; ++row) untestable(row, sources);
      return;
    }
    GrangerBatch batch(target_, options_.first_lag);
    for (size_t row = begin; row < end; row += GrangerBatch::kRows) {
      const size_t count = std::min(GrangerBatch::kRows, end - row);
      control_.check();
      batch.run(sources, row, count, options_.common_sample);
      for (size_t lane = 0; lane < count; ++lane) finish(batch, lane, row + lane);
    }
  }

 private:
  size_t at(size_t row, int lag) const {
    return row * static_cast<size_t>(result_.lags) + static_cast<size_t>(lag - options_.first_lag);
  }
  const TargetLag& target(int lag) const { return target_.lags[static_cast<size_t>(lag)]; }
  void set(size_t row, int lag, GrangerStatus status) { result_.status[at(row, lag)] = static_cast<uint8_t>(status); }

  /// What forbids a test at this lag without a regression: the target, or a source that is not finite or constant.
  GrangerStatus forbids(int lag, bool finite, size_t run) const {
    const GrangerStatus status = target(lag).status;
    if (!finite) return GrangerStatus::kNonFinite;
    if (status == GrangerStatus::kTooShort || status == GrangerStatus::kNonFinite) return status;
    return run >= target_.n - static_cast<size_t>(lag) ? GrangerStatus::kConstant : status;
  }

  /// No lag of this target can be tested, but the source may have reasons that come first.
  void untestable(size_t row, const SeriesView<double>& sources) {
    raw_.resize(target_.n);
    for (size_t t = 0; t < target_.n; ++t) raw_[t] = sources(row, t);
    const bool finite = std::all_of(raw_.begin(), raw_.end(), [](double v) { return std::fabs(v) <= kGrangerLargest; });
    const size_t run = longest_run(raw_.data(), target_.n > 0 ? target_.n - 1 : 0);
    for (int lag = options_.first_lag; lag <= options_.max_lag; ++lag) set(row, lag, forbids(lag, finite, run));
  }

  void finish(const GrangerBatch& batch, size_t lane, size_t row) {
    copied_ = false;
    if (options_.common_sample) result_.common_lag[row] = target_.last_lag;
    for (int lag = options_.first_lag; lag <= options_.max_lag; ++lag) {
      GrangerStatus status = forbids(lag, batch.finite(lane), batch.run_length(lane));
      if (status == GrangerStatus::kOk) {
        const Sums sums = own(batch, lane, lag);
        if (sums.unrestricted < kEpsilon * std::ldexp(target(lag).tss, 2 * target_.series.exponent)) {
          status = GrangerStatus::kPerfectFit;
        } else {
          if (sums.rank < 2 * lag + 1) status = GrangerStatus::kRankDeficient;
          write(row, lag, sums);
        }
      }
      set(row, lag, status);
      if (options_.common_sample && batch.finite(lane) && lag <= target_.last_lag) common(batch, lane, row, lag);
    }
  }

  Sums own(const GrangerBatch& batch, size_t lane, int lag) {
    const GrangerBatch::Fit fit = batch.own(lag, lane);
    const double a = target(lag).rss, b = a - fit.explained;
    const double samples = static_cast<double>(target_.n) - lag;
    // d/b to within e d (1/d + 1/b); p as a function of the statistic s = T d/b changes by at most about s/2 of that.
    const double s = samples * fit.explained / b;
    const double relative = fit.error * (1 / fit.explained + 1 / b) * (1 + s / 2);
    if (b > 0 && relative <= kTolerance && fit.pivot >= kLeastPivot && surely_full_rank(batch, lane, lag)) {
      const int back = 2 * target_.series.exponent;
      return {std::ldexp(a, back), std::ldexp(fit.explained, back), std::ldexp(b, back), 2 * lag + 1, 0, 0};
    }
    return careful(batch, lane, static_cast<size_t>(lag), lag);
  }

  bool surely_full_rank(const GrangerBatch& batch, size_t lane, int lag) const {
    return target(lag).inverse_norm * raw_condition(target_.series.mean, target_.series.exponent, batch.mean(lane),
                                                    batch.exponent(lane), target_.n, lag) <
           kLargestCondition;
  }

  void common(const GrangerBatch& batch, size_t lane, size_t row, int lag) {
    const GrangerBatch::Fit fit = batch.common(lag, lane);
    const TargetLag& last = target(target_.last_lag);
    double a = last.rss;  // without the lags beyond this one, their components are left over
    for (int k = lag + 1; k <= target_.last_lag; ++k) {
      const double q = last.projection[static_cast<size_t>(k)];
      a += q * q;
    }
    double b = a - fit.explained;
    const int back = 2 * target_.series.exponent;
    if (b > 0 && fit.error <= kTolerance * b && fit.pivot >= kLeastPivot) {
      a = std::ldexp(a, back);
      b = std::ldexp(b, back);
    } else {
      const Sums sums = careful(batch, lane, static_cast<size_t>(target_.last_lag), lag);
      a = sums.restricted;
      b = sums.unrestricted;
    }
    result_.common_restricted_rss[at(row, lag)] = a;
    result_.common_unrestricted_rss[at(row, lag)] = b;
  }

  Sums careful(const GrangerBatch& batch, size_t lane, size_t begin, int lag) {
    control_.check();
    if (!copied_) {
      batch.raw(lane, raw_);
      batch.standardised(lane, standardised_);
      copied_ = true;
    }
    const PairFit fit =
        fit_pair({target_.raw.data(), &target_.series}, {raw_.data(), &standardised_}, target_.n, begin, lag);
    return {fit.restricted, fit.explained, fit.unrestricted, fit.rank, fit.wald, fit.wald_df};
  }

  void write(size_t row, int lag, const Sums& sums) {
    const KeepSubnormals keep;  // far down the tail, p is one
    const size_t i = at(row, lag);
    result_.restricted_rss[i] = sums.restricted;
    result_.unrestricted_rss[i] = sums.unrestricted;
    const int samples = static_cast<int>(target_.n) - lag;
    const int df = samples - sums.rank;
    const double ratio = sums.explained / sums.unrestricted;
    const double f = ratio / lag * df;
    const bool full = sums.rank == 2 * lag + 1;
    const double wald = full ? f : sums.wald;
    const int wald_df = full ? lag : sums.wald_df;
    const auto p_value = [&](GrangerStatistic which) {
      switch (which) {
        case GrangerStatistic::kSsrFtest: return f_upper(f, lag, df);
        case GrangerStatistic::kSsrChi2test: return chi2_upper(samples * ratio, lag);
        case GrangerStatistic::kLrtest: return chi2_upper(samples * std::log1p(ratio), lag);
        default: return wald_df > 0 ? f_upper(wald, wald_df, df) : 1.0;
      }
    };
    result_.p_value[i] = p_value(options_.statistic);
    if (!options_.all_statistics) return;
    const double values[4][4] = {
        {f, p_value(GrangerStatistic::kSsrFtest), double(df), double(lag)},
        {samples * ratio, p_value(GrangerStatistic::kSsrChi2test), kNaN, double(lag)},
        {samples * std::log1p(ratio), p_value(GrangerStatistic::kLrtest), kNaN, double(lag)},
        {wald, p_value(GrangerStatistic::kParamsFtest), double(df), double(wald_df)},
    };
    std::copy(&values[0][0], &values[0][0] + 16, &result_.statistics[i * 16]);
  }

  const TargetModel& target_;
  const GrangerOptions& options_;
  GrangerResult& result_;
  const Control& control_;
  bool copied_ = false;
  std::vector<double> raw_;
  Standardised standardised_;
};

}  // namespace

GrangerResult granger(const SeriesView<double>& sources, size_t rows, const SeriesView<double>& targets, bool pairwise,
                      const GrangerOptions& options, Control& control) {
  GrangerResult result;
  result.rows = rows;
  result.lags = options.max_lag - options.first_lag + 1;
  const size_t cells = rows * static_cast<size_t>(result.lags);
  result.status.assign(cells, 0);
  for (auto* array : {&result.restricted_rss, &result.unrestricted_rss, &result.p_value}) array->assign(cells, kNaN);
  if (options.all_statistics) result.statistics.assign(cells * 16, kNaN);
  if (options.common_sample) {
    result.common_restricted_rss.assign(cells, kNaN);
    result.common_unrestricted_rss.assign(cells, kNaN);
    result.common_lag.assign(rows, 0);
  }

  control.total = rows;
  const size_t n = targets.length;
  const auto model = [&](size_t row) {
    std::vector<double> target(n);
    for (size_t t = 0; t < n; ++t) target[t] = targets(row, t);
    return TargetModel(target.data(), n, options.first_lag, options.max_lag);
  };
  const size_t block_rows = pairwise ? 8 : kBlockRows;
  const size_t blocks = (rows + block_rows - 1) / block_rows;
  const auto shared = pairwise ? nullptr : std::make_unique<TargetModel>(model(0));
  parallel_for(blocks, options.threads, control, [&](size_t block) {
    const size_t begin = block * block_rows, end = std::min(rows, begin + block_rows);
    if (!pairwise) {
      RowTester(*shared, options, result, control).test(sources, begin, end);
    } else {
      for (size_t row = begin; row < end; ++row) {
        const TargetModel own = model(row);
        RowTester(own, options, result, control).test(sources, row, row + 1);
      }
    }
    control.done += end - begin;
  });
  return result;
}

}  // namespace legcnet
