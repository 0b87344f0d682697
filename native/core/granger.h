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
#include <cstdint>
#include <vector>

#include "control.h"
#include "series_view.h"

namespace legcnet {

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

struct GrangerOptions {
  int first_lag = 1;
  int max_lag = 14;
  /// The one whose p GrangerResult::p_value holds.
  GrangerStatistic statistic = GrangerStatistic::kSsrFtest;
  bool all_statistics = false;  ///< also fill `statistics`
  bool common_sample = false;   ///< also fill `common_*`; wants first_lag = 1
  int threads = 1;
};

/// `lags` = max_lag - first_lag + 1 columns; every array is row-major and NaN where there is no value.
struct GrangerResult {
  size_t rows = 0;
  int lags = 0;
  std::vector<uint8_t> status;           ///< [rows, lags] GrangerStatus
  std::vector<double> restricted_rss;    ///< [rows, lags] a, in squared units of the target
  std::vector<double> unrestricted_rss;  ///< [rows, lags] b
  std::vector<double> p_value;           ///< [rows, lags] an upper tail
  std::vector<double> statistics;        ///< [rows, lags, 4, 4] (statistic, p, df_denom, df_num); empty if not wanted
  /// Rows t = commonLag..n-1 for every lag, so that information criteria compare like with like.
  std::vector<double> common_restricted_rss;    ///< [rows, lags]; NaN beyond the row's common lag
  std::vector<double> common_unrestricted_rss;  ///< [rows, lags]
  /// [rows] the largest lag that is short enough (n > 3L + 1) and whose target lags vary; 0 where there is none.
  std::vector<int32_t> common_lag;
};

/// Tests `rows` sources of n samples against one target, or each against its own.
/// requires: sources.length == targets.length == n >= 0; targets has one row, or (pairwise) `rows` of them;
///           1 <= first_lag <= max_lag
/// ensures:  the same bits for any number of threads; control.done counts rows, control.total is set
/// throws:   Cancelled
/// cost:     shared target: about (2 n L + L^3 / 2) multiply-adds a row and lag in vector lanes; ill-conditioned pairs
///           O(n L^2) each by orthogonal factorisation
GrangerResult granger(const SeriesView<double>& sources, size_t rows, const SeriesView<double>& targets, bool pairwise,
                      const GrangerOptions& options, Control& control);

}  // namespace legcnet
