// The half of a Granger test that does not depend on the source: the restricted regressions of one target.
#pragma once
#include <vector>

#include "granger.h"

namespace legcnet {

/// A series as its deviations from its mean, times the power of two that brings their Euclidean norm into [1, 2).
/// Regressions with a constant do not notice, and no product over- or underflows.
struct Standardised {
  std::vector<double> values;
  double mean = 0;
  int exponent = 0;  ///< deviation = value * 2^exponent
};
Standardised standardise(const double* series, size_t n);

/// The most consecutive samples with one value among series[0..count).
size_t longest_run(const double* series, size_t count);

/// The restricted regression at one lag, on standardised values. Columns: 1/sqrt(n), then lags 1..L of the target.
struct TargetLag {
  GrangerStatus status = GrangerStatus::kTooShort;  ///< kOk, or why no source can be tested at this lag
  double rss = 0;                                   ///< a
  double tss = 0;                                   ///< squares about the mean
  std::vector<double> factor;                       ///< [L+1, L+1] R of the design's QR factorisation, upper triangle
  std::vector<double> inverse_diagonal;             ///< [L+1] 1 / R(i, i)
  std::vector<double> projection;                   ///< [L+1] Q' target
  double inverse_norm = 0;                          ///< Frobenius norm of R^-1, infinite where R is singular
};

struct TargetModel {
  /// requires: 1 <= first_lag <= max_lag; n samples
  TargetModel(const double* target, size_t n, int first_lag, int max_lag);

  size_t n;
  std::vector<double> raw;
  Standardised series;
  std::vector<TargetLag> lags;  ///< by lag; those below first_lag are unused
  int last_lag = 0;             ///< the largest lag whose status is kOk, 0 if none
};

}  // namespace legcnet
