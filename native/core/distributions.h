// Upper tails of the distributions that the tests refer to. Always the tail itself, never 1 - cdf: deep in the tail the
// difference would be noise. Relative error about 1e-13 wherever the result is a normal number.
#pragma once

namespace legcnet {

/// P(X > x) for X ~ chi2(df), df >= 1. 1 for x <= 0, 0 for infinity, NaN for NaN. O(df).
double chi2_upper(double x, int df);

/// P(X > x) for X ~ F(numerator, denominator), both >= 1. 1 for x <= 0, 0 for infinity, NaN for NaN.
/// O(numerator + sqrt(denominator)).
double f_upper(double x, int numerator, int denominator);

/// Gamma(a + 1/2) / Gamma(a) for a = 1/2, 1, 3/2, ...
double gamma_ratio(double a);

}  // namespace legcnet
