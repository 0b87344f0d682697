#include "unit_root.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "qr.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr UnitRoot kNothing{kNaN, kNaN, 0};
constexpr double kLevel = 0.05;
/// A column, or what is left of the target, below this share of its size is rounding.
constexpr double kRounding = 1e-12;
/// Larger magnitudes have no finite squares.
constexpr double kLargest = 1e150;

bool testable(const double* series, size_t n) {
  return n > 0 && std::all_of(series, series + n, [](double v) { return std::fabs(v) <= kLargest; }) &&
         !std::all_of(series, series + n, [&](double v) { return v == series[0]; });
}

std::vector<double> centred(const double* series, size_t n) {
  const double mean = std::accumulate(series, series + n, 0.0) / static_cast<double>(n);
  std::vector<double> out(series, series + n);
  for (double& value : out) value -= mean;
  return out;
}

/// Upper triangle of the QR factorisation of the regression of x(t) - x(t-1) on 1, the level x(t-1) and `lags` lagged
/// differences, rows t = lags + 1..n-1; the last column is the dependent variable. The level is column 1, or
/// the last regressor. Empty where columns depend on one another or nothing is left. Some rows at a time, below the
/// triangle of those before.
MatrixXd regression(const std::vector<double>& x, int lags, bool level_last, const Control* control) {
  constexpr Index kRowsAtATime = 512;
  const auto n = static_cast<Index>(x.size());
  const Index rows = n - 1 - lags, columns = lags + 2;
  const Index level = level_last ? columns - 1 : 1, first_lag = level_last ? 1 : 2;
  const auto x_at = [&](Index t) { return x[static_cast<size_t>(t)]; };
  MatrixXd design = MatrixXd::Zero(columns + 1 + std::min(rows, kRowsAtATime), columns + 1);
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(columns + 1);
  for (Index row = 0; row < rows;) {
    if (control != nullptr) control->check();
    const Index above = row == 0 ? 0 : columns + 1;
    const Index end = above + std::min(rows - row, kRowsAtATime);
    for (Index to = above; to < end; ++to, ++row) {
      const Index t = row + lags + 1;
      design(to, 0) = 1;
      design(to, level) = x_at(t - 1);
      for (Index k = 1; k <= lags; ++k) design(to, first_lag + k - 1) = x_at(t - k) - x_at(t - k - 1);
      design(to, columns) = x_at(t) - x_at(t - 1);
    }
    auto piece = design.topRows(end);
    squares += piece.bottomRows(end - above).colwise().squaredNorm().transpose();
    factor_in_place(piece);
    for (Index i = 0; i <= columns; ++i) design.col(i).segment(i + 1, end - i - 1).setZero();
  }
  for (Index i = 0; i <= columns; ++i) {
    if (!(std::fabs(design(i, i)) > kRounding * std::sqrt(squares(i)))) return {};
  }
  return design.topRows(columns + 1);
}

/// P(test statistic < tau), the approximation for a constant and one series: MacKinnon's Table 3.
double mackinnon(double tau) {
  constexpr double kLargestTau = 2.74, kLeastTau = -18.83, kMiddle = -1.61;
  if (tau > kLargestTau) return 1;
  if (tau < kLeastTau) return 0;
  const double z = tau <= kMiddle ? 2.1659 + tau * (1.4412 + tau * 0.038269)
                                  : 1.7339 + tau * (0.93202 + tau * (-0.12745 + tau * -0.010368));
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

}  // namespace

UnitRoot adf_test(const double* series, size_t n, const Control* control) {
  const auto samples = static_cast<int>(n);
  const int most = std::min(samples / 2 - 2, static_cast<int>(std::ceil(12 * std::pow(samples / 100.0, 0.25))));
  if (most < 0 || samples - 1 - most < most + 3 || !testable(series, n)) return kNothing;
  // The constant is a regressor: about the mean nothing changes but the rounding.
  const std::vector<double> x = centred(series, n);

  // Leading columns of one factorisation are the regressions with fewer lags on the same rows; what they leave are the
  // squares below them in the last column.
  const MatrixXd r = regression(x, most, false, control);
  if (r.size() == 0) return kNothing;
  const double rows = samples - 1 - most;
  const Index last = r.cols() - 1;
  double rss = r(last, last) * r(last, last), least = std::numeric_limits<double>::infinity();
  int lags = 0;
  for (int k = most; k >= 0; --k) {
    const double aic = rows * std::log(rss / rows) + 2 * (k + 2);
    if (aic <= least) {  // ties go to the fewer lags
      least = aic;
      lags = k;
    }
    rss += r(k + 1, last) * r(k + 1, last);
  }

  const MatrixXd fit = regression(x, lags, true, control);
  if (fit.size() == 0) return kNothing;
  const Index y = fit.cols() - 1, level = y - 1;
  const double df = samples - 1 - lags - (lags + 2);
  const double error = std::fabs(fit(y, y)) / std::sqrt(df);
  const double tau = fit(level, y) / error * (fit(level, level) < 0 ? -1 : 1);
  return {tau, mackinnon(tau), lags};
}

UnitRoot kpss_test(const double* series, size_t n, const Control* control) {
  if (!testable(series, n)) return kNothing;
  const std::vector<double> r = centred(series, n);
  const auto samples = static_cast<double>(n);
  const auto product = [&](size_t lag) {
    if (control != nullptr) control->check();
    return std::inner_product(r.begin() + static_cast<ptrdiff_t>(lag), r.end(), r.begin(), 0.0);
  };

  const double squares = product(0);
  double s0 = squares / samples, s1 = 0;
  const auto short_lags = static_cast<size_t>(std::pow(samples, 2.0 / 9));
  for (size_t i = 1; i <= short_lags && i < n; ++i) {
    const double covariance = product(i) / (samples / 2);
    s0 += covariance;
    s1 += static_cast<double>(i) * covariance;
  }
  const double ratio = s1 / s0;
  const double wanted = std::min(1.1447 * std::cbrt(ratio * ratio) * std::cbrt(samples), samples - 1);
  if (!std::isfinite(wanted)) return kNothing;
  const auto lags = static_cast<size_t>(wanted);

  double variance = squares;
  for (size_t i = 1; i <= lags; ++i) {
    variance += 2 * product(i) * (1 - static_cast<double>(i) / (static_cast<double>(lags) + 1));
  }
  double sum = 0, sums = 0;
  for (const double value : r) {
    sum += value;
    sums += sum * sum;
  }
  const double statistic = sums / (samples * variance);
  if (!(variance > kRounding * squares)) return kNothing;

  constexpr double kCritical[] = {0.347, 0.463, 0.574, 0.739}, kTail[] = {0.10, 0.05, 0.025, 0.01};
  double p = kTail[3];
  if (statistic <= kCritical[0]) p = kTail[0];
  for (int i = 0; i < 3; ++i) {
    if (statistic <= kCritical[i] || statistic > kCritical[i + 1]) continue;
    const double share = (statistic - kCritical[i]) / (kCritical[i + 1] - kCritical[i]);
    p = kTail[i] + share * (kTail[i + 1] - kTail[i]);
  }
  return {statistic, p, static_cast<int>(lags)};
}

bool has_unit_root(UnitRootTest test, const double* series, size_t n, const Control* control) {
  if (test == UnitRootTest::kAdf) return adf_test(series, n, control).p_value >= kLevel;
  return kpss_test(series, n, control).p_value <= kLevel;
}

}  // namespace legcnet
