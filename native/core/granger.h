// Granger causality: do the past values of a source help to predict a target beyond the target's own past?
// C. W. J. Granger, Econometrica 37 (1969), 424-438. The four statistics are those of statsmodels'
// grangercausalitytests.
//
// For lag L and n samples the rows t = L..n-1 are used, T = n - L of them:
//   restricted    target(t) ~ 1, target(t-1), ..., target(t-L)                               residual sum of squares a
//   unrestricted  target(t) ~ 1, target(t-1), ..., target(t-L), source(t-1), ..., source(t-L)                        b
// With df = T - rank of the unrestricted design (T - 2L - 1 at full rank):
//   ssr_ftest (a-b)/b/L df ~ F(L, df)    ssr_chi2test T(a-b)/b ~ chi2(L)    lrtest T ln(a/b) ~ chi2(L)
//   params_ftest the Wald statistic of the source's coefficients, equal to ssr_ftest at full rank
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "control.h"
#include "series_rows.h"

namespace legcnet {

struct TargetModel;  // granger_target.h

/// Why a test could not be run, checked in this order: kNonFinite, kTooShort, kConstant, kPerfectFit, kRankDeficient.
enum class GrangerStatus : uint8_t {
  kOk = 0,
  kTooShort = 1,       ///< n <= 3L + 1
  kConstant = 2,       ///< a lag column of source or target has one value in the rows used
  kPerfectFit = 3,     ///< b is nothing but rounding: b / (the target's sum of squares about its mean) < 2.2e-16
  kRankDeficient = 4,  ///< columns depend on one another; the values are there, by the pseudo-inverse
  kNonFinite = 5,      ///< NaN, infinity, or beyond kGrangerLargest
};

/// Larger magnitudes count as non-finite: their squares are.
constexpr double kGrangerLargest = 1e150;

/// In the order of the third axis of GrangerResult::statistics.
enum class GrangerStatistic : uint8_t { kSsrFtest, kSsrChi2test, kLrtest, kParamsFtest };

/// Which of the lags that could be tested is a source's own. Information criteria compare the regressions with the
/// source's lags, T ln(b / T) + 2 k or + k ln T with k = 2L + 1, all on the T rows that the largest of them leaves (the
/// largest that is short enough and whose target lags vary). kTargetAic and kTargetBic compare the regressions without
/// the source, k = L + 1, on the same rows: a choice that the source has no part in leaves its p-value one. Ties go to
/// the shorter lag.
enum class LagOrder : uint8_t { kMinP, kAic, kBic, kFixed, kTargetAic, kTargetBic };

struct GrangerOptions {
  int first_lag = 1;
  int max_lag = 14;  ///< equal to first_lag for kFixed; first_lag is 1 for the rest
  LagOrder lag_order = LagOrder::kMinP;
  /// The one whose p-values are wanted.
  GrangerStatistic statistic = GrangerStatistic::kSsrFtest;
  /// Corrects the chosen lag's p for the choice: its share among the p-values, chosen in the same way, of up to this
  /// many circular shifts of the source (see circular_shifts). 0: none.
  int shifts = 0;
  uint64_t seed = 0;
  bool per_lag = false;         ///< fill the arrays by lag
  bool all_statistics = false;  ///< and `statistics`; wants per_lag
  int threads = 1;
};

/// Where the system offers it: an array that is written once should not cost a page fault every few rows.
void ask_for_huge_pages(void* data, size_t bytes);

/// An array whose memory is not touched until it is written: results may be large, and their rows come one by one.
template <typename T>
class ResultArray {
 public:
  ResultArray() = default;
  explicit ResultArray(size_t size) : size_(size), data_(new T[size]) {
    ask_for_huge_pages(data_.get(), size * sizeof(T));
  }
  size_t size() const { return size_; }
  T* data() const { return data_.get(); }
  T& operator[](size_t i) const { return data_[i]; }

 private:
  size_t size_ = 0;
  std::unique_ptr<T[]> data_;
};

/// `lags` = max_lag - first_lag + 1 columns; every array is row-major and NaN where there is no value. The arrays by
/// lag are empty if not wanted.
struct GrangerResult {
  GrangerResult(size_t rows, const GrangerOptions& options);

  int lags;
  ResultArray<int32_t> lag_order;    ///< [rows] the chosen lag, 0 where none could be tested
  ResultArray<double> p_value;       ///< [rows] of the chosen lag, an upper tail, corrected if `shifts` says so
  ResultArray<double> score;         ///< [rows] ln(a / b) of the chosen lag, 0 where there is none
  ResultArray<uint8_t> complete;     ///< [rows] 1 where every lag could be tested
  ResultArray<uint8_t> differenced;  ///< [rows] 1 where the source's differences were tested

  ResultArray<uint8_t> status;           ///< [rows, lags] GrangerStatus
  ResultArray<double> restricted_rss;    ///< [rows, lags] a, in squared units of the target
  ResultArray<double> unrestricted_rss;  ///< [rows, lags] b
  ResultArray<double> lag_p_value;       ///< [rows, lags]
  ResultArray<double> statistics;        ///< [rows, lags, 4, 4] (statistic, p, df_denom, df_num)
};

/// A run of rows of the sources (and of the targets, where each source has its own), and where their results begin.
struct GrangerRows {
  SeriesRows sources;
  size_t count;
  size_t first_result = 0;
  /// Called, by whichever thread, when all that is left to do has been begun: others may start to take cores.
  std::function<void()> all_begun = [] {};
};

/// By how many samples to turn a series of n: up to `count` of 1..n - 1, all different, in random order. Those near 0
/// too: with them the p of a source is its rank in a group that turning leaves as it is; without them, too many would
/// be small.
std::vector<size_t> circular_shifts(size_t n, int count, uint64_t seed);

/// Tests sources against one target.
/// requires: sources.length() == target.n; the target was prepared for the same lags
/// ensures:  the same bits for any number of threads and any division of the rows into calls; control.done counts rows,
///           control.total is set
/// throws:   Cancelled
/// cost:     about 3 n L + L^3 + L^4 / 12 multiply-adds a row for all lags 1..L, in vector lanes; about 4 n L more for
///           a lag where a row's sums are not precise enough; nearly dependent columns O(n L^2) a lag, one by one, by
///           orthogonal factorisation
void granger(const GrangerRows& rows, const TargetModel& target, const GrangerOptions& options, GrangerResult& result,
             Control& control);

/// Tests each source against its own target: row by row, each with a target model of its own, O(n L^3).
/// requires: sources.length() == targets.length()
void granger_pairs(const GrangerRows& rows, const SeriesRows& targets, const GrangerOptions& options,
                   GrangerResult& result, Control& control);

}  // namespace legcnet
