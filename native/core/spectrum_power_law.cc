#include <algorithm>
#include <cmath>
#include <limits>

#include "spectrum.h"

namespace legcnet {
namespace {

constexpr int kPeakBins = 100;
constexpr double kPeakBelow = 0.95, kPeakAbove = 1.5;
constexpr size_t kMostFingers = 10;
constexpr double kFingerFall = 1;
/// Fingers are not looked for below this alpha.
constexpr double kFingerLeastAlpha = 2;

/// Logs whose mean excess over the least is no more than this differ by rounding alone.
constexpr double kAlike = 1e-12;

struct Candidate {
  double alpha, distance;
};

/// The fit from x_i on; `logs` and `tail_sum` (sum of logs from i on) belong to the x. alpha is infinite where all are
/// equal.
Candidate candidate(const std::vector<double>& logs, double tail_sum, size_t i, size_t n) {
  const double k = static_cast<double>(n - i);
  const double spread = tail_sum - k * logs[i];
  Candidate fit{1 + k / spread, 0};
  if (!(spread > kAlike * k)) return {std::numeric_limits<double>::infinity(), 1};
  for (size_t j = i; j < n; ++j) {
    const double cdf = -std::expm1((1 - fit.alpha) * (logs[j] - logs[i]));
    fit.distance = std::max(fit.distance, std::abs(cdf - static_cast<double>(j - i) / k));
  }
  return fit;
}

struct Scan {
  std::vector<double> alpha, distance;
};

/// All candidates among the first n of the ascending logs.
Scan scan(const std::vector<double>& logs, size_t n, const Control& control) {
  Scan result;
  if (n < 2) return result;
  std::vector<double> tail(n + 1, 0.0);
  for (size_t i = n; i-- > 0;) tail[i] = tail[i + 1] + logs[i];
  for (size_t i = 0; i + 1 < n; ++i) {
    control.check();
    const Candidate fit = candidate(logs, tail[i], i, n);
    result.alpha.push_back(fit.alpha);
    result.distance.push_back(fit.distance);
  }
  return result;
}

/// The first of the least D among candidates whose x lies in [low, high]; the number of candidates if there is none.
size_t best_of(const Scan& scan, const std::vector<double>& x, double low, double high) {
  const size_t none = scan.alpha.size();
  size_t best = none;
  for (size_t i = 0; i < none; ++i) {
    if (!std::isfinite(scan.alpha[i]) || x[i] < low || x[i] > high) continue;
    if (best == none || scan.distance[i] < scan.distance[best]) best = i;
  }
  return best;
}

/// The left edge of the highest of 100 equal bins of log10 x (the first of several).
double histogram_peak(const std::vector<double>& x) {
  const double low = std::log10(x.front()), width = (std::log10(x.back()) - low) / kPeakBins;
  if (!(width > 0)) return x.front();
  std::vector<int> count(kPeakBins);
  for (const double value : x) {
    ++count[static_cast<size_t>(std::clamp((std::log10(value) - low) / width, 0.0, kPeakBins - 1.0))];
  }
  const auto peak = std::max_element(count.begin(), count.end()) - count.begin();
  return std::pow(10.0, low + static_cast<double>(peak) * width);
}

/// log10 of sum lambda^alpha, whose terms may be beyond any double.
double log_alpha_norm(const std::vector<double>& lambda, double alpha) {
  double sum = 0;
  for (const double value : lambda) sum += std::pow(value / lambda.back(), alpha);
  return alpha * std::log10(lambda.back()) + std::log10(sum);
}

}  // namespace

PowerLawFit fit_power_law(const std::vector<double>& eigenvalues, FixFingers fix, const Control& control) {
  std::vector<double> x(std::upper_bound(eigenvalues.begin(), eigenvalues.end(), kPowerLawLeast), eigenvalues.end());
  std::vector<double> logs(x.size());
  std::transform(x.begin(), x.end(), logs.begin(), [](double value) { return std::log(value); });
  Scan all = scan(logs, x.size(), control);

  double low = 0, high = std::numeric_limits<double>::infinity();
  if (fix == FixFingers::kXminPeak && !x.empty()) {
    const double peak = histogram_peak(x);
    low = kPeakBelow * peak;
    high = kPeakAbove * peak;
  }
  PowerLawFit fit;
  size_t best = best_of(all, x, low, high), n = x.size();
  if (best < all.alpha.size()) {
    Candidate chosen{all.alpha[best], all.distance[best]};
    if (fix == FixFingers::kClipXmax) {
      const double first = chosen.alpha;
      for (size_t fingers = 1; fingers <= kMostFingers && x.size() - fingers >= 2; ++fingers) {
        const Scan clipped = scan(logs, x.size() - fingers, control);
        const size_t i = best_of(clipped, x, low, high);
        if (i == clipped.alpha.size()) break;
        if (clipped.alpha[i] + kFingerFall < first) {
          best = i;
          n = x.size() - fingers;
          chosen = {clipped.alpha[i], clipped.distance[i]};
          fit.fingers = static_cast<uint32_t>(fingers);
          break;
        }
        if (clipped.alpha[i] <= kFingerLeastAlpha) break;
      }
    }
    fit.found = true;
    fit.alpha = chosen.alpha;
    fit.distance = chosen.distance;
    fit.xmin = x[best];
    fit.xmax = x[n - 1];
    fit.sigma = (fit.alpha - 1) / std::sqrt(static_cast<double>(n - best));
    fit.alpha_weighted = fit.alpha * std::log10(eigenvalues.back());
    fit.log_alpha_norm = log_alpha_norm(eigenvalues, fit.alpha);
    const auto from = std::lower_bound(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n), fit.xmin);
    fit.spikes = static_cast<uint32_t>(n - static_cast<size_t>(from - x.begin()));
  }
  if (!x.empty()) fit.scan_xmin.assign(x.begin(), x.end() - 1);
  fit.scan_alpha = std::move(all.alpha);
  fit.scan_distance = std::move(all.distance);
  return fit;
}

}  // namespace legcnet
