#include "granger_target.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace legcnet {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// A sum of squares below this may have lost terms to underflow.
constexpr double kSmallestSquares = 1e-280;

/// ||R^-1||_F of an upper triangle.
double inverse_norm(const Eigen::MatrixXd& r) {
  const Eigen::MatrixXd inverse = r.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(r.rows(), r.cols()));
  const double norm = inverse.norm();
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

  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> qr(design);  // in place
  Eigen::VectorXd rotated = Eigen::Map<const Eigen::VectorXd>(y.data() + lag, samples);
  rotated.applyOnTheLeft(qr.householderQ().adjoint());
  const Eigen::MatrixXd r = design.topRows(lag + 1).triangularView<Eigen::Upper>();

  out.rss = rotated.tail(samples - lag - 1).squaredNorm();
  out.tss = squares(y.data() + lag, y.data() + model.n, mean(y.data() + lag, y.data() + model.n));
  out.inverse_norm = inverse_norm(r);
  out.factor.resize(static_cast<size_t>((lag + 1) * (lag + 1)));
  Eigen::Map<Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>(out.factor.data(), lag + 1, lag + 1) = r;
  out.inverse_diagonal.resize(static_cast<size_t>(lag) + 1);
  Eigen::Map<Eigen::ArrayXd>(out.inverse_diagonal.data(), lag + 1) = r.diagonal().array().inverse();
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

TargetModel::TargetModel(const double* target, size_t samples, int first_lag, int max_lag)
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
    TargetLag& entry = lags[static_cast<size_t>(lag)];
    entry.status = examine(*this, run, lag, entry);
    if (entry.status == GrangerStatus::kOk) last_lag = lag;
  }
}

}  // namespace legcnet
