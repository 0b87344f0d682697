#include "granger.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>

#include "distributions.h"
#include "granger_batch.h"
#include "granger_pair.h"
#include "granger_target.h"
#include "keep_subnormals.h"
#include "parallel.h"
#include "random.h"
#include "simd.h"
#include "tail_lanes.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace legcnet {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// Relative difference at which two p-values count as one.
constexpr double kSamePValue = 1e-8;

constexpr size_t kLaneRows = GrangerBatch::kRows;
static_assert(kLaneRows == kLanes<double>);
/// Rows that a thread takes at a time.
constexpr size_t kBlockRows = 4 * kLaneRows, kBlockPairs = 8;

/// One source at one lag. Sums of squares in squared units of the target.
struct Test {
  GrangerStatus status;
  double restricted, unrestricted;
  double ratio;  ///< (a - b) / b
  int rank;
  double wald;  ///< only where rank < 2L + 1
  int wald_df;
  double p_value;

  bool has_values() const { return status == GrangerStatus::kOk || status == GrangerStatus::kRankDeficient; }
};

/// The four statistics of a test with values.
class Statistics {
 public:
  Statistics(const Test& test, size_t n, int lag) : lag_(lag), samples_(static_cast<int>(n) - lag) {
    df_ = samples_ - test.rank;
    ratio_ = test.ratio;
    const bool full = test.rank == 2 * lag + 1;
    wald_ = full ? f() : test.wald;
    wald_df_ = full ? lag : test.wald_df;
  }

  double p(GrangerStatistic which) const {
    const KeepSubnormals keep;
    switch (which) {
      case GrangerStatistic::kSsrFtest: return f_upper(f(), lag_, df_);
      case GrangerStatistic::kSsrChi2test: return chi2_upper(chi2(), lag_);
      case GrangerStatistic::kLrtest: return chi2_upper(likelihood_ratio(), lag_);
      default: return wald_df_ > 0 ? f_upper(wald_, wald_df_, df_) : 1.0;
    }
  }

  /// [4, 4] (statistic, p, df_denom, df_num); the p of `which` is known.
  void write(GrangerStatistic which, double p_value, double* out) const {
    const auto known = [&](GrangerStatistic one) { return one == which ? p_value : p(one); };
    const double values[4][4] = {
        {f(), known(GrangerStatistic::kSsrFtest), double(df_), double(lag_)},
        {chi2(), known(GrangerStatistic::kSsrChi2test), kNaN, double(lag_)},
        {likelihood_ratio(), known(GrangerStatistic::kLrtest), kNaN, double(lag_)},
        {wald_, known(GrangerStatistic::kParamsFtest), double(df_), double(wald_df_)},
    };
    std::copy(&values[0][0], &values[0][0] + 16, out);
  }

 private:
  double f() const { return ratio_ / lag_ * df_; }
  double chi2() const { return samples_ * ratio_; }
  double likelihood_ratio() const { return samples_ * std::log1p(ratio_); }

  int lag_, samples_, df_, wald_df_;
  double ratio_, wald_;
};

/// Tests runs of rows against one target. Keeps its buffers from one run to the next.
class RowTester {
 public:
  RowTester(const TargetModel& target, const GrangerOptions& options)
      : target_(target),
        options_(options),
        criterion_(options.lag_order == LagOrder::kAic || options.lag_order == LagOrder::kBic),
        unit_(std::ldexp(1.0, target.series.exponent)),
        common_samples_(static_cast<double>(target.n) - target.last_lag),
        per_parameter_(options.lag_order == LagOrder::kAic || options.lag_order == LagOrder::kTargetAic
                           ? 2
                           : std::log(common_samples_)),
        batch_(target, options.first_lag),
        fast_(static_cast<size_t>(options.max_lag) + 1),
        tests_(static_cast<size_t>(options.max_lag) + 1) {
    for (int lag = options.first_lag; lag <= options.max_lag; ++lag) {
      fast_[static_cast<size_t>(lag)].restricted = std::ldexp(this->target(lag).rss, 2 * target.series.exponent);
    }
    if (options.lag_order == LagOrder::kTargetAic || options.lag_order == LagOrder::kTargetBic) {
      target_criterion_.resize(tests_.size(), kInfinity);
      for (int lag = options.first_lag; lag <= target.last_lag; ++lag) {
        target_criterion_[static_cast<size_t>(lag)] =
            common_samples_ * std::log(common_restricted(lag)) + (lag + 1) * per_parameter_;
      }
    }
    if (options.shifts > 0) {
      shifts_ = circular_shifts(target.n, options.shifts, options.seed);
      unshifted_ = options;
      unshifted_.shifts = 0;
      unshifted_.per_lag = unshifted_.all_statistics = false;
      turned_ = std::make_unique<RowTester>(target, unshifted_);
    }
    const int n = static_cast<int>(target.n);
    for (int lag = 0; lag <= target.top_lag; ++lag) {
      switch (options.statistic) {
        case GrangerStatistic::kSsrChi2test:
        case GrangerStatistic::kLrtest: chi2_tails_.emplace_back(std::max(lag, 1)); break;
        default: f_tails_.emplace_back(std::max(lag, 1), std::max(n - 3 * lag - 1, 1));
      }
    }
  }

  void test(const GrangerRows& rows, size_t begin, size_t end, GrangerResult& result, const Control& control) {
    for (size_t row = begin; row < end; row += kLaneRows) {
      control.check();
      const size_t count = std::min(kLaneRows, end - row);
      if (target_.last_lag == 0) {
        for (size_t i = row; i < row + count; ++i) refuse(rows.sources, i, rows.first_result + i, result);
        continue;
      }
      batch_.run(rows.sources, row, count, common_lanes());
      weigh();
      for (size_t lane = 0; lane < count; ++lane) {
        const size_t out = rows.first_result + row + lane;
        const int chosen = choose(lane, control);
        write(out, chosen, result);
        result.differenced[out] = batch_.differenced(lane);
        if (options_.shifts > 0 && chosen > 0) {
          result.p_value[out] = share_of_shifts(batch_.raw(lane), result.p_value[out], control);
        }
      }
    }
  }

 private:
  using V = Vec<double>;

  /// What the fast path found, by lane.
  struct Fast {
    double restricted;  // in squared units of the target, as all sums here
    alignas(64) double unrestricted[kLaneRows];
    alignas(64) double ratio[kLaneRows];
    alignas(64) double p_value[kLaneRows];
    alignas(64) double criterion[kLaneRows];
    alignas(64) int64_t certain[kLaneRows];
    alignas(64) int64_t criterion_certain[kLaneRows];
  };

  const TargetLag& target(int lag) const { return target_.lags[static_cast<size_t>(lag)]; }
  bool common_lanes() const { return criterion_ && target_.top_lag == target_.last_lag; }

  /// What forbids a test at this lag without a regression: the target, or a source that is not finite or constant.
  GrangerStatus forbids(int lag, bool finite, size_t run) const {
    const GrangerStatus status = target(lag).status;
    if (!finite) return GrangerStatus::kNonFinite;
    if (status == GrangerStatus::kTooShort || status == GrangerStatus::kNonFinite) return status;
    return run >= target_.n - static_cast<size_t>(lag) ? GrangerStatus::kConstant : status;
  }

  /// No lag of this target can be tested, but the source may have reasons that come first.
  void refuse(const SeriesRows& sources, size_t row, size_t out, GrangerResult& result) {
    raw_.resize(target_.n);
    result.differenced[out] = sources.read(row, raw_.data());
    const bool finite = std::all_of(raw_.begin(), raw_.end(), [](double v) { return std::fabs(v) <= kGrangerLargest; });
    const size_t run = longest_run(raw_.data(), target_.n > 0 ? target_.n - 1 : 0);
    for (int lag = options_.first_lag; lag <= options_.max_lag; ++lag) {
      tests_[static_cast<size_t>(lag)].status = forbids(lag, finite, run);
    }
    write(out, 0, result);
  }

  /// Turns what the batch knows of all lanes into sums and statistics, and decides which of them can be relied on.
  void weigh() {
    const double n = static_cast<double>(target_.n);
    V means{}, inverses{};
    if (target_.top_lag > 0) raw_norms(means, inverses);
    for (int lag = options_.first_lag; lag <= target_.top_lag; ++lag) {
      Fast& fast = fast_[static_cast<size_t>(lag)];
      const TargetLag& known = target(lag);
      if (common_lanes()) weigh_common(lag, fast);
      if (known.status != GrangerStatus::kOk) continue;
      const GrangerBatch::Fit fit = batch_.own(lag);
      const V explained = vec_at(fit.explained), error = vec_at(fit.error), pivot = vec_at(fit.pivot);
      const V unrestricted = known.rss - explained;
      const V ratio = explained / unrestricted;
      const double rows = 2.0 * lag, norm = known.inverse_norm;
      const V condition = (n + rows * means) * (1 / n + lag * inverses) * (norm * norm);  // squared, as raw_condition
      const auto certain = precise_enough(explained, error, known.rss, n - lag) &
                           (unrestricted >= kEpsilon * known.tss) & (pivot >= kLeastPivot) &
                           (condition < kLargestCondition * kLargestCondition);
      vec_at(fast.unrestricted) = unrestricted * unit_ * unit_;
      vec_at(fast.ratio) = ratio;
      std::memcpy(fast.certain, &certain, sizeof certain);
      vec_at(fast.p_value) = p_values(lag, ratio);
    }
  }

  V p_values(int lag, V ratio) const {
    const KeepSubnormals keep;  // far down the tail, p is one
    const double samples = static_cast<double>(target_.n) - lag;
    switch (options_.statistic) {
      case GrangerStatistic::kSsrChi2test: return chi2_tails_[static_cast<size_t>(lag)](samples * ratio);
      case GrangerStatistic::kLrtest: return chi2_tails_[static_cast<size_t>(lag)](samples * log_one_plus(ratio));
      default: return f_tails_[static_cast<size_t>(lag)](ratio);
    }
  }

  /// a of this lag on the rows that all lags share.
  double common_restricted(int lag) const {
    const TargetLag& last = target(target_.last_lag);
    double rss = last.rss;  // without the lags beyond this one, their components are left over
    for (int k = lag + 1; k <= target_.last_lag; ++k) {
      const double q = last.projection[static_cast<size_t>(k)];
      rss += q * q;
    }
    return rss;
  }

  void weigh_common(int lag, Fast& fast) {
    const GrangerBatch::Fit fit = batch_.common(lag);
    const V unrestricted = common_restricted(lag) - vec_at(fit.explained);
    const auto certain = (unrestricted > 0.0) & (vec_at(fit.error) <= kFastTolerance * unrestricted) &
                         (vec_at(fit.pivot) >= kLeastPivot);
    vec_at(fast.criterion) = common_samples_ * natural_log(unrestricted) + penalty(lag);
    std::memcpy(fast.criterion_certain, &certain, sizeof certain);
  }

  /// The parts of raw_condition()'s square that depend on the source: norm^2 = n + 2L means, inverse^2 = 1/n + L
  /// inverses.
  void raw_norms(V& means, V& inverses) const {
    const double n = static_cast<double>(target_.n);
    const double my = target_.series.mean, y = std::ldexp(1.0, target_.series.exponent);
    for (size_t lane = 0; lane < kLaneRows; ++lane) {
      const double mx = batch_.mean(lane), x = std::ldexp(1.0, batch_.exponent(lane));
      means[lane] = n * std::max(my * my, mx * mx) + std::max(x * x, y * y);
      inverses[lane] = (my * my + 1) / (y * y) + (mx * mx + 1) / (x * x);
    }
  }

  /// (1 + how many shifted sources have a p as small) / (1 + how many there are).
  double share_of_shifts(const double* series, double p_value, const Control& control) {
    const size_t n = target_.n, count = shifts_.size();
    shifted_.resize(kLaneRows * n);
    const SeriesRows sources(shifted_.data(), n);
    size_t as_small = 1;
    for (size_t first = 0; first < count; first += kLaneRows) {
      control.check();
      const size_t lanes = std::min(kLaneRows, count - first);
      for (size_t i = 0; i < lanes; ++i) {
        std::rotate_copy(series, series + shifts_[first + i], series + n, &shifted_[i * n]);
      }
      turned_->batch_.run(sources, 0, lanes, turned_->common_lanes());
      turned_->weigh();
      for (size_t lane = 0; lane < lanes; ++lane) {
        const auto chosen = static_cast<size_t>(turned_->choose(lane, control));
        // as small to within rounding: a series that repeats itself has itself among its shifts
        if (chosen > 0 && turned_->tests_[chosen].p_value <= p_value * (1 + kSamePValue)) ++as_small;
      }
    }
    return static_cast<double>(as_small) / static_cast<double>(count + 1);
  }

  /// Tests a loaded source at every lag and returns the lag that is its own, 0 where none could be tested.
  int choose(size_t lane, const Control& control) {
    copied_ = false;
    const bool finite = batch_.finite(lane);
    const size_t run = batch_.run_length(lane);
    int best = 0;
    double least = kInfinity;
    for (int lag = options_.first_lag; lag <= options_.max_lag; ++lag) {
      Test& test = tests_[static_cast<size_t>(lag)];
      test.status = forbids(lag, finite, run);
      if (test.status == GrangerStatus::kOk) run_test(lane, lag, test, control);
      if (!test.has_values()) continue;
      const double value = !target_criterion_.empty() ? target_criterion_[static_cast<size_t>(lag)]
                           : criterion_               ? criterion(lane, lag, control)
                                                      : test.p_value;
      // -infinity: on the common rows nothing is left to compare
      if (value < least && value != -kInfinity) {
        least = value;
        best = lag;
      }
    }
    return best;
  }

  void run_test(size_t lane, int lag, Test& test, const Control& control) {
    const Fast& fast = fast_[static_cast<size_t>(lag)];
    if (lag <= target_.top_lag && fast.certain[lane] != 0) {
      test.restricted = fast.restricted;
      test.unrestricted = fast.unrestricted[lane];
      test.ratio = fast.ratio[lane];
      test.rank = 2 * lag + 1;
      test.p_value = fast.p_value[lane];
      return;
    }
    const PairFit fit = careful(lane, static_cast<size_t>(lag), lag, control);
    if (fit.unrestricted < kEpsilon * std::ldexp(target(lag).tss, 2 * target_.series.exponent)) {
      test.status = GrangerStatus::kPerfectFit;
      return;
    }
    if (fit.rank < 2 * lag + 1) test.status = GrangerStatus::kRankDeficient;
    test.restricted = fit.restricted;
    test.unrestricted = fit.unrestricted;
    test.ratio = fit.explained / fit.unrestricted;
    test.rank = fit.rank;
    test.wald = fit.wald;
    test.wald_df = fit.wald_df;
    test.p_value = Statistics(test, target_.n, lag).p(options_.statistic);
  }

  double penalty(int lag) const { return (2 * lag + 1) * per_parameter_; }

  /// T ln b and the penalty, b in standardised units: the same shift for every lag.
  double criterion(size_t lane, int lag, const Control& control) {
    const Fast& fast = fast_[static_cast<size_t>(lag)];
    if (common_lanes() && fast.criterion_certain[lane] != 0) return fast.criterion[lane];
    const double b = careful(lane, static_cast<size_t>(target_.last_lag), lag, control).unrestricted;
    return common_samples_ * (std::log(b) - 2 * std::log(unit_)) + penalty(lag);
  }

  PairFit careful(size_t lane, size_t begin, int lag, const Control& control) {
    control.check();
    if (!copied_) batch_.standardised(lane, standardised_);
    copied_ = true;
    return fit_pair({target_.raw.data(), &target_.series}, {batch_.raw(lane), &standardised_}, target_.n, begin, lag);
  }

  void write(size_t row, int chosen, GrangerResult& result) const {
    result.complete[row] = std::all_of(tests_.begin() + options_.first_lag, tests_.end(),
                                       [](const Test& one) { return one.has_values(); });
    result.lag_order[row] = chosen;
    const Test& test = tests_[static_cast<size_t>(chosen)];
    result.p_value[row] = chosen > 0 ? test.p_value : kNaN;
    result.score[row] = chosen > 0 ? std::log1p(std::max(0.0, test.ratio)) : 0;
    if (!options_.per_lag) return;
    size_t i = row * static_cast<size_t>(result.lags);
    for (int lag = options_.first_lag; lag <= options_.max_lag; ++lag, ++i) {
      const Test& one = tests_[static_cast<size_t>(lag)];
      const bool values = one.has_values();
      result.status[i] = static_cast<uint8_t>(one.status);
      result.restricted_rss[i] = values ? one.restricted : kNaN;
      result.unrestricted_rss[i] = values ? one.unrestricted : kNaN;
      result.lag_p_value[i] = values ? one.p_value : kNaN;
      if (!options_.all_statistics) continue;
      double* statistics = &result.statistics[i * 16];
      if (values) {
        Statistics(one, target_.n, lag).write(options_.statistic, one.p_value, statistics);
      } else {
        std::fill_n(statistics, 16, kNaN);
      }
    }
  }

  const TargetModel& target_;
  const GrangerOptions& options_;
  const bool criterion_;
  const double unit_;                            ///< of the target, in standardised ones
  const double common_samples_, per_parameter_;  ///< of the information criterion
  std::vector<double> target_criterion_;         ///< by lag, where the target alone decides
  GrangerBatch batch_;
  std::vector<Fast> fast_;            // by lag
  std::vector<Test> tests_;           // by lag, of one row
  std::vector<Chi2Tail> chi2_tails_;  // by lag, if the statistic is of this kind
  std::vector<FTail> f_tails_;
  std::vector<size_t> shifts_;
  std::vector<double> shifted_;  // [kLaneRows, n] of one source
  GrangerOptions unshifted_;
  std::unique_ptr<RowTester> turned_;  // tests them by these options
  bool copied_ = false;
  std::vector<double> raw_;
  Standardised standardised_;
};

/// Lends each thread a tester while it works on a block.
class Testers {
 public:
  Testers(const TargetModel& target, const GrangerOptions& options) : target_(target), options_(options) {}

  template <typename Work>
  void lend(const Work& work) {
    std::unique_ptr<RowTester> tester;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        tester = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!tester) tester = std::make_unique<RowTester>(target_, options_);
    work(*tester);
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(tester));
  }

 private:
  const TargetModel& target_;
  const GrangerOptions& options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RowTester>> idle_;
};

/// Calls body(begin, end) for runs of at most `size` rows.
template <typename Body>
void for_blocks(const GrangerRows& rows, size_t size, int threads, Control& control, const Body& body) {
  control.total = rows.count;
  const size_t blocks = (rows.count + size - 1) / size;
  parallel_for(blocks, threads, control, [&](size_t block) {
    if (block == blocks - 1) rows.all_begun();
    const size_t begin = block * size, end = std::min(rows.count, begin + size);
    body(begin, end);
    control.done += end - begin;
  });
}

}  // namespace

void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] size_t bytes) {
#if defined(__linux__)
  constexpr uintptr_t kHugePage = uintptr_t(1) << 21;
  const auto begin = (reinterpret_cast<uintptr_t>(data) + kHugePage - 1) & ~(kHugePage - 1);
  const auto end = (reinterpret_cast<uintptr_t>(data) + bytes) & ~(kHugePage - 1);
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // or not: no matter
#endif
}

GrangerResult::GrangerResult(size_t rows, const GrangerOptions& options)
    : lags(options.max_lag - options.first_lag + 1),
      lag_order(rows),
      p_value(rows),
      score(rows),
      complete(rows),
      differenced(rows) {
  if (!options.per_lag) return;
  const size_t cells = rows * static_cast<size_t>(lags);
  status = ResultArray<uint8_t>(cells);
  for (auto* array : {&restricted_rss, &unrestricted_rss, &lag_p_value}) *array = ResultArray<double>(cells);
  if (options.all_statistics) statistics = ResultArray<double>(cells * 16);
}

std::vector<size_t> circular_shifts(size_t n, int count, uint64_t seed) {
  if (n < 2) return {};
  const std::vector<uint32_t> order = permutation(n - 1, seed, 0);
  std::vector<size_t> shifts(std::min(order.size(), static_cast<size_t>(count)));
  for (size_t i = 0; i < shifts.size(); ++i) shifts[i] = order[i] + size_t(1);
  return shifts;
}

void granger(const GrangerRows& rows, const TargetModel& target, const GrangerOptions& options, GrangerResult& result,
             Control& control) {
  Testers testers(target, options);
  for_blocks(rows, kBlockRows, options.threads, control, [&](size_t begin, size_t end) {
    testers.lend([&](RowTester& tester) { tester.test(rows, begin, end, result, control); });
  });
}

void granger_pairs(const GrangerRows& rows, const SeriesRows& targets, const GrangerOptions& options,
                   GrangerResult& result, Control& control) {
  for_blocks(rows, kBlockPairs, options.threads, control, [&](size_t begin, size_t end) {
    std::vector<double> series(targets.length());
    for (size_t row = begin; row < end; ++row) {
      targets.read(row, series.data());
      const TargetModel target(series.data(), series.size(), options.first_lag, options.max_lag, control);
      RowTester(target, options).test(rows, row, row + 1, result, control);
    }
  });
}

}  // namespace legcnet
