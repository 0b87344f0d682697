#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "spectrum.h"

namespace legcnet {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr double kBandwidth = 0.1;
constexpr int kPoints = 1000;
constexpr double kBeyond = 0.5;  // how far past the largest value the density is taken
constexpr double kLeastDensity = 0.01;
/// Densities this close, relatively, are equally high: which is the mode must not hang on rounding. The lowest x wins.
constexpr double kTie = 1e-12;

constexpr int kGrid = 195;
constexpr double kGridFirst = 0.05,
                 kGridStep = 0.01;  // in units of the sigma at which the bulk ends at the largest value

constexpr double kPolishTolerance = 1e-4;
constexpr int kPolishSteps = 200;

struct Density {
  std::vector<double> x, y;
  double mode = 0;
};

/// Triangular kernels on the points of an even grid, where the density is not too low.
Density kernel_density(const std::vector<double>& values) {
  Density density;
  const double step = (values.back() + kBeyond) / (kPoints - 1);
  const double unit = 1 / (static_cast<double>(values.size()) * kBandwidth);
  auto first = values.begin(), last = values.begin();
  for (int i = 0; i < kPoints; ++i) {
    const double x = i == kPoints - 1 ? values.back() + kBeyond : i * step;
    while (first != values.end() && *first < x - kBandwidth) ++first;
    while (last != values.end() && *last <= x + kBandwidth) ++last;
    double sum = 0;
    for (auto v = first; v < last; ++v) sum += std::max(0.0, 1 - std::abs(x - *v) / kBandwidth);
    if (sum * unit <= kLeastDensity) continue;
    density.x.push_back(x);
    density.y.push_back(sum * unit);
  }
  if (density.y.empty()) return density;
  const double highest = *std::max_element(density.y.begin(), density.y.end());
  const auto mode =
      std::find_if(density.y.begin(), density.y.end(), [&](double y) { return y >= highest * (1 - kTie); });
  density.mode = density.x[static_cast<size_t>(mode - density.y.begin())];
  return density;
}

/// Edges of the bulk of x.
struct Bulk {
  double low, high;
  Bulk(double sigma, double q)
      : low(std::pow(sigma * (1 - 1 / std::sqrt(q)), 2)), high(std::pow(sigma * (1 + 1 / std::sqrt(q)), 2)) {}
};

double residual(const Density& density, double sigma, double q) {
  double sum = 0;
  if (q == 1) {  // the quarter circle, of g = sqrt x
    for (size_t i = 0; i < density.x.size(); ++i) {
      const double g = density.x[i];
      const double model = g <= 2 ? std::sqrt(std::max(0.0, 4 - g * g)) / (kPi * sigma * sigma) : 0;
      sum += (density.y[i] - model) * (density.y[i] - model);
    }
    return sum;
  }
  const Bulk bulk(sigma, q);
  if (bulk.high < density.mode || bulk.high > density.x.back() || bulk.low > density.mode) return kInfinity;
  const double factor = q / (2 * kPi * sigma * sigma);
  for (size_t i = 0; i < density.x.size(); ++i) {
    const double x = density.x[i];
    const double inside = (bulk.high - x) * (x - bulk.low);
    const double model = inside > 0 ? factor / x * std::sqrt(inside) : 0;
    sum += (density.y[i] - model) * (density.y[i] - model);
  }
  return sum;
}

/// Nelder and Mead's method in one dimension, with scipy.optimize.fmin's coefficients, start and stopping rule.
template <typename F>
double polish(double start, F&& f) {
  struct Vertex {
    double x, f;
  };
  const auto at = [&](double x) { return Vertex{x, f(x)}; };
  Vertex best = at(start), worst = at(1.05 * start);
  const auto order = [&] {
    if (worst.f < best.f) std::swap(best, worst);
  };
  order();
  for (int step = 1; step < kPolishSteps; ++step) {
    if (std::abs(worst.x - best.x) <= kPolishTolerance && std::abs(worst.f - best.f) <= kPolishTolerance) break;
    const Vertex reflected = at(2 * best.x - worst.x);
    if (reflected.f < best.f) {
      const Vertex expanded = at(3 * best.x - 2 * worst.x);
      worst = expanded.f < reflected.f ? expanded : reflected;
    } else {
      const bool outside = reflected.f < worst.f;
      const Vertex contracted = at(outside ? 1.5 * best.x - 0.5 * worst.x : 0.5 * best.x + 0.5 * worst.x);
      const bool better = outside ? contracted.f <= reflected.f : contracted.f < worst.f;
      worst = better ? contracted : at(best.x + 0.5 * (worst.x - best.x));
    }
    order();
  }
  return best.x;
}

}  // namespace

MarchenkoPasturFit fit_marchenko_pastur(const std::vector<double>& eigenvalues, size_t larger, size_t smaller) {
  MarchenkoPasturFit fit;
  const double sum = std::accumulate(eigenvalues.begin(), eigenvalues.end(), 0.0);
  if (!(sum > 0) || !std::isfinite(sum)) return fit;
  const double q = static_cast<double>(larger) / static_cast<double>(smaller);
  const double square = static_cast<double>(eigenvalues.size()) / sum;  // scale^2
  fit.scale = std::sqrt(square);
  std::vector<double> x(eigenvalues.size()), fitted(eigenvalues.size());
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = eigenvalues[i] * square;
    fitted[i] = q == 1 ? std::sqrt(x[i]) : x[i];
  }
  const Density density = kernel_density(fitted);
  if (density.x.empty()) return fit;

  const double unit = std::sqrt(x.back()) / (1 + 1 / std::sqrt(q));
  size_t least = 0;
  for (int i = 0; i < kGrid; ++i) {
    fit.grid_sigma.push_back(kGridFirst * unit + kGridStep * unit * i);
    fit.grid_residual.push_back(residual(density, fit.grid_sigma.back(), q));
    if (fit.grid_residual.back() < fit.grid_residual[least]) least = fit.grid_residual.size() - 1;
  }
  fit.found = true;
  fit.accepted = std::isfinite(fit.grid_residual[least]);
  fit.sigma = fit.grid_sigma[least];
  if (fit.accepted) fit.sigma = polish(fit.sigma, [&](double sigma) { return residual(density, sigma, q); });

  const Bulk bulk(fit.sigma, q);
  const double margin =
      std::sqrt(std::pow(bulk.high, 2.0 / 3) * std::pow(static_cast<double>(smaller), -2.0 / 3) / std::sqrt(q));
  fit.bulk_min = bulk.low / square;
  fit.bulk_max = bulk.high / square;
  fit.cutoff = (bulk.high + margin) / square;
  fit.softrank = bulk.high / x.back();
  fit.spikes = static_cast<uint32_t>(x.end() - std::upper_bound(x.begin(), x.end(), bulk.high + margin));
  return fit;
}

}  // namespace legcnet
