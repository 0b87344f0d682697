#include "granger_target.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "qr.h"

namespace legcnet {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// ||R^-1||_F of an upper triangle.
double inverse_norm(const Eigen::MatrixXd& r) {
  const double norm = inverse_of_upper(r).norm();
  return std::isfinite(norm) ? norm : std::numeric_limits<double>::infinity();
}

// Sums in plain order: Eigen's, over memory that it has not allocated itself, depend on the address.

double mean(const double* begin, const double* end) {
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

/// Squares about `centre`.
double squares(const double* begin, const double* end, double centre) {
  return std::accumulate(begin, end, 0.0, [&](double sum, double v) { return sum + (v - centre) * (v - centre); });
}

void fit(const TargetModel& model, int lag, TargetLag& out) {
  const std::vector<double>& y = model.series.values;
  const auto samples = static_cast<Eigen::Index>(model.n) - lag;
  Eigen::MatrixXd design(samples, lag + 1);
  design.col(0).setConstant(1 / std::sqrt(static_cast<double>(model.n)));
  for (int a = 1; a <= lag; ++a) design.col(a) = Eigen::Map<const Eigen::VectorXd>(y.data() + lag - a, samples);

  Eigen::VectorXd rotated = Eigen::Map<const Eigen::VectorXd>(y.data() + lag, samples);
  factor_in_place(design, rotated);
  const Eigen::MatrixXd r = design.topRows(lag + 1).triangularView<Eigen::Upper>();

  out.rss = rotated.tail(samples - lag - 1).squaredNorm();
  out.tss = squares(y.data() + lag, y.data() + model.n, mean(y.data() + lag, y.data() + model.n));
  out.inverse_norm = inverse_norm(r);
  out.factor.resize(static_cast<size_t>((lag + 1) * (lag + 1)));
  Eigen::Map<Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(out.factor.data(), lag + 1, lag + 1) = r;
  out.projection.assign(rotated.data(), rotated.data() + lag + 1);
}

GrangerStatus examine(const TargetModel& model, size_t run, int lag, TargetLag& out) {
  const size_t n = model.n;
  if (n <= 3 * static_cast<size_t>(lag) + 1) return GrangerStatus::kTooShort;
  if (run >= n - static_cast<size_t>(lag)) return GrangerStatus::kConstant;
  fit(model, lag, out);
  const auto part = model.raw.begin() + lag;
  if (std::all_of(part, model.raw.end(), [&](double v) { return v == *part; })) return GrangerStatus::kPerfectFit;
  if (!(out.rss >= kEpsilon * out.tss)) return GrangerStatus::kPerfectFit;
  if (std::ldexp(out.rss, 2 * model.series.exponent) < kSmallestSquares) return GrangerStatus::kPerfectFit;
  return GrangerStatus::kOk;
}

}  // namespace

Standardised standardise(const double* series, size_t n) {
  Standardised out;
  out.values.assign(series, series + n);
  if (n == 0) return out;
  out.mean = mean(series, series + n);
  double largest = 0;
  for (double& value : out.values) {
    value -= out.mean;
    largest = std::max(largest, std::fabs(value));
  }
  for (int pass = 0; pass < 2; ++pass) {  // by the largest deviation first: only then can no square overflow
    const double size = pass == 0 ? largest : std::sqrt(squares(out.values.data(), out.values.data() + n, 0));
    if (size == 0) return out;
    const int exponent = std::max(std::ilogb(size), -1000);
    const double factor = std::ldexp(1.0, -exponent);
    for (double& value : out.values) value *= factor;
    out.exponent += exponent;
  }
  return out;
}

size_t longest_run(const double* series, size_t count) {
  size_t longest = 0, run = 0;
  for (size_t i = 0; i < count; ++i) {
    run = i > 0 && series[i] == series[i - 1] ? run + 1 : 1;
    longest = std::max(longest, run);
  }
  return longest;
}

TargetModel::TargetModel(const double* target, size_t samples, int first_lag, int max_lag, const Control& control)
    : n(samples), raw(target, target + samples), lags(static_cast<size_t>(max_lag) + 1) {
  const bool finite = std::all_of(raw.begin(), raw.end(), [](double v) { return std::fabs(v) <= kGrangerLargest; });
  if (!finite) {
    for (auto& lag : lags) lag.status = GrangerStatus::kNonFinite;
    return;
  }
  series = standardise(target, n);
  // The last sample is nobody's lag. A lag column holds n - L consecutive samples of the rest.
  const size_t run = longest_run(target, n > 0 ? n - 1 : 0);
  for (int lag = first_lag; lag <= max_lag; ++lag) {
    control.check();
    TargetLag& entry = lags[static_cast<size_t>(lag)];
    entry.status = examine(*this, run, lag, entry);
    if (entry.status != GrangerStatus::kOk) continue;
    last_lag = lag;
    if (entry.inverse_norm < kLargestCondition) top_lag = lag;
  }
  if (top_lag > 0) prepare_steps(first_lag);
}

void TargetModel::prepare_steps(int first_lag) {
  using Eigen::Index;
  using Eigen::MatrixXd;
  const TargetLag& top = lags[static_cast<size_t>(top_lag)];
  const Index size = top_lag + 1;
  MatrixXd r = Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(top.factor.data(), size, size);
  const MatrixXd inverse = inverse_of_upper(r);
  leading_norm.resize(static_cast<size_t>(size));
  for (Index lag = 1; lag < size; ++lag) {
    leading_norm[static_cast<size_t>(lag)] = inverse.topLeftCorner(lag + 1, lag + 1).norm();
  }

  steps.resize(static_cast<size_t>(top_lag));
  std::vector<double> q = top.projection, scale(static_cast<size_t>(size), 1.0);
  std::vector<double> fresh(static_cast<size_t>(size));
  for (int lag = top_lag - 1; lag >= first_lag; --lag) {
    TargetStep& step = steps[static_cast<size_t>(lag)];
    const size_t dropped = static_cast<size_t>(lag) + 1;
    step.dropped_weight = scale[dropped] * scale[dropped];
    step.dropped_target = scale[dropped] * q[dropped];
    fresh[0] = 1 / std::sqrt(static_cast<double>(n));
    for (size_t a = 1; a < dropped; ++a) fresh[a] = series.values[static_cast<size_t>(lag) - a];
    double target = series.values[static_cast<size_t>(lag)], fresh_scale = 1;
    for (size_t k = 0; k < dropped; ++k) {
      const auto i = static_cast<Index>(k);
      const double norm = std::hypot(r(i, i), fresh[k]);
      const double c = r(i, i) / norm, s = fresh[k] / norm;
      for (size_t j = k; j < dropped; ++j) {
        const auto column = static_cast<Index>(j);
        const double row = r(i, column);
        r(i, column) = c * row + s * fresh[j];
        fresh[j] = c * fresh[j] - s * row;
      }
      const double row = q[k];
      q[k] = c * row + s * target;
      target = c * target - s * row;
      step.from_fresh.push_back(s / c * (fresh_scale / scale[k]));
      step.from_row.push_back(-s / c * (scale[k] / fresh_scale));
      scale[k] *= c;
      fresh_scale *= c;
    }
    step.fresh_weight = fresh_scale * fresh_scale;
    step.fresh_target = fresh_scale * target;
  }
}

}  // namespace legcnet
