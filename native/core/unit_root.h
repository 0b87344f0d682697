// Does a series wander (has a unit root) or stay about a level? Two tests with opposite null hypotheses, as
// statsmodels' adfuller(regression='c', autolag='AIC') and kpss(regression='c', nlags='auto') have them.
#pragma once
#include <cstddef>
#include <cstdint>

#include "control.h"

namespace legcnet {

enum class UnitRootTest : uint8_t { kAdf, kKpss };

/// `statistic` and `p_value` are NaN where the series is too short, constant or not finite, or fits exactly. With a
/// control, all tests here throw Cancelled.
struct UnitRoot {
  double statistic;
  double p_value;
  int lags;  ///< adf: lagged differences in the regression; kpss: autocovariances in the long-run variance
};

/// Augmented Dickey-Fuller test with a constant; null hypothesis: a unit root. D. A. Dickey, W. A. Fuller, J. Am. Stat.
/// Assoc. 74 (1979); lags by AIC from 0..min(ceil(12 (n/100)^(1/4)), n/2 - 2) on the same rows; p by the response
/// surface of J. G. MacKinnon, J. Bus. Econ. Stat. 12 (1994). O(n k^2) for k lags.
UnitRoot adf_test(const double* series, size_t n, const Control* control = nullptr);

/// D. Kwiatkowski, P. C. B. Phillips, P. Schmidt, Y. Shin, J. Econometrics 54 (1992); null hypothesis: stationary about
/// a level. Lags by B. Hobijn, P. H. Franses, M. Ooms (1998); p from the paper's table, so within [0.01, 0.1]. O(n
/// lags).
UnitRoot kpss_test(const double* series, size_t n, const Control* control = nullptr);

/// Whether the test speaks for a unit root at 5 %: adf does not reject it, or kpss rejects stationarity. False where
/// the test says nothing.
bool has_unit_root(UnitRootTest test, const double* series, size_t n, const Control* control = nullptr);

}  // namespace legcnet
