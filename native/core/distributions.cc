// Both tails are written as finite sums of positive terms (no cancellation), which half-integer parameters allow:
// Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4-5 (chi2) and 26.5.4, 26.5.8, 26.5.15 (beta).
#include "distributions.h"

#include <cmath>
#include <limits>

namespace legcnet {
namespace {

constexpr double kSqrtPi = 1.7724538509055160273;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// exp(-u) s, also where exp(-u) alone would underflow though the product does not.
double scaled_exp(double u, double s) { return u < 700 ? std::exp(-u) * s : std::exp(std::log(s) - u); }

/// The continued fraction of the incomplete beta function, 26.5.8, by Lentz's method as modified by Thompson and
/// Barnett. Converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  double c = 1;
  double d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::fabs(d) < tiny ? tiny : d);
  double h = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (std::fabs(d) < tiny ? tiny : d);
    c = 1 + even / c;
    if (std::fabs(c) < tiny) c = tiny;
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (std::fabs(d) < tiny ? tiny : d);
    c = 1 + odd / c;
    if (std::fabs(c) < tiny) c = tiny;
    h *= d * c;
    if (std::fabs(d * c - 1) < kEpsilon) break;
  }
  return h;
}

}  // namespace

double gamma_ratio(double a) {
  // r(a) = r(a + 1) a / (a + 1/2) leads up to where the asymptotic series has converged.
  double numerator = 1, denominator = 1;
  for (; a < 40; ++a) {
    numerator *= a;
    denominator *= a + 0.5;
    if (denominator > 1e200) {
      numerator /= denominator;
      denominator = 1;
    }
  }
  const double i = 1 / a;
  const double series =
      1 + i * (-1. / 8 +
               i * (1. / 128 + i * (5. / 1024 + i * (-21. / 32768 + i * (-399. / 262144 + i * (869. / 4194304))))));
  return numerator / denominator * std::sqrt(a) * series;
}

double chi2_upper(double x, int df) {
  if (std::isnan(x)) return x;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  const double h = x / 2;
  double sum = 0;
  if (df % 2 == 0) {  // exp(-h) sum of h^i / i!, i < df/2
    double term = 1;
    for (int i = 1; i <= df / 2; ++i) {
      sum += term;
      term *= h / i;
    }
    return scaled_exp(h, sum);
  }
  double term = 2 * std::sqrt(h) / kSqrtPi;  // h^(i+1/2) / Gamma(i + 3/2)
  for (int i = 0; i < (df - 1) / 2; ++i) {
    sum += term;
    term *= h / (i + 1.5);
  }
  return std::erfc(std::sqrt(h)) + (sum > 0 ? scaled_exp(h, sum) : 0);
}

double f_upper(double x, int numerator, int denominator) {
  if (std::isnan(x)) return x;
  if (x <= 0) return 1;
  // The tail is I_z(a, b), the regularised incomplete beta function with a = denominator/2, b = numerator/2.
  const double q = x * numerator / denominator;
  if (std::isinf(q)) return 0;
  const double a = 0.5 * denominator;
  const double z = 1 / (1 + q), w = q / (1 + q);
  const double u = a * std::log1p(q);  // -a ln z
  double sum = 0;
  if (numerator % 2 == 0) {  // z^a sum of (a)_i / i! w^i, i < b
    double term = 1;
    for (int i = 1; i <= numerator / 2; ++i) {
      sum += term;
      term *= (a + i - 1) / i * w;
    }
    return scaled_exp(u, sum);
  }
  // I_z(a, 1/2) + z^a w^(1/2) sum of Gamma(a + i + 1/2) / (Gamma(a) Gamma(i + 3/2)) w^i, i < b - 1/2
  const double ratio = gamma_ratio(a) / kSqrtPi;
  double term = 2 * ratio * std::sqrt(w);
  for (int i = 0; i < (numerator - 1) / 2; ++i) {
    sum += term;
    term *= (a + i + 0.5) / (i + 1.5) * w;
  }
  const double prefactor = ratio * std::sqrt(w);
  if (z < (a + 1) / (a + 2.5)) return scaled_exp(u, prefactor / a * beta_fraction(a, 0.5, z) + sum);
  // Not in the tail: here the complement is the part that converges, and the result is not small.
  const double complement = 2 * prefactor * std::exp(-u) * beta_fraction(0.5, a, w);
  return 1 - complement + (sum > 0 ? scaled_exp(u, sum) : 0);
}

}  // namespace legcnet
