#include "decimals.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace legcnet {
namespace {

constexpr double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// printf and strtod in turn; a locale's decimal comma is written and read alike.
template <typename... Arguments>
double through_text(const char* format, Arguments... arguments) {
  char text[400];  // the largest double has 309 digits before the point
  std::snprintf(text, sizeof text, format, arguments...);
  return std::strtod(text, nullptr);
}

}  // namespace

double through_fixed(double x, int decimals) {
  const double power = kPowers[decimals];
  const double product = x * power;
  const double rounded = std::nearbyint(product);
  // The product is off by at most 2^-13 here, so only near a tie can the exact product round otherwise. The quotient of
  // two integers that doubles hold exactly is the double nearest to the decimal, which is what strtod returns.
  const bool small = std::fabs(product) < 0x1p40;
  if (small && std::fabs(std::fabs(product - rounded) - 0.5) > 0x1p-12) return rounded / power;
  return through_text("%.*f", decimals, x);
}

double through_scientific(double x) { return through_text("%e", x); }

double round_decimals(double x, int decimals) { return std::round(x * kPowers[decimals]) / kPowers[decimals]; }

}  // namespace legcnet
