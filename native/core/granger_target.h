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

/// A sum of squares below this may have lost terms to underflow.
constexpr double kSmallestSquares = 1e-280;
/// Condition numbers from here on are left to the careful path, which looks at singular values.
constexpr double kLargestCondition = 1e6;

/// The restricted regression at one lag, on standardised values. Columns: 1/sqrt(n), then lags 1..L of the target.
struct TargetLag {
  GrangerStatus status = GrangerStatus::kTooShort;  ///< kOk, or why no source can be tested at this lag
  double rss = 0;                                   ///< a
  double tss = 0;                                   ///< squares about the mean
  std::vector<double> factor;                       ///< [L+1, L+1] R of the design's QR factorisation, upper triangle
  std::vector<double> projection;                   ///< [L+1] Q' target
  double inverse_norm = 0;                          ///< Frobenius norm of R^-1, infinite where R is singular
};

/// From the restricted design of lag L + 1 to that of lag L: the last column goes, the row t = L comes, and L + 1
/// Givens rotations (in their square-root-free form, W. M. Gentleman 1973) make it triangular again. They are the
/// target's alone; applied to Q'X and to the source's new row x they lead from one lag's Q'X to the next one's:
///   for k = 0..L, row k of Q'X: (row, x) becomes (row + from_fresh[k] x, x + from_row[k] row)
/// where rows and x are scaled by factors that the weights undo.
struct TargetStep {
  std::vector<double> from_fresh, from_row;   ///< [L+1]
  double dropped_weight = 0;                  ///< the dropped row is sqrt(weight) times what is stored
  double dropped_target = 0;                  ///< sqrt(weight) times the target's part of it
  double fresh_weight = 0, fresh_target = 0;  ///< the same for what the rotations leave of the new row
};

struct TargetModel {
  /// requires: 1 <= first_lag <= max_lag; n samples
  /// throws:   Cancelled
  TargetModel(const double* target, size_t n, int first_lag, int max_lag, const Control& control);

  size_t n;
  std::vector<double> raw;
  Standardised series;
  std::vector<TargetLag> lags;  ///< by lag; those below first_lag are unused
  int last_lag = 0;             ///< the largest lag whose status is kOk, 0 if none

  /// The largest lag whose design is far from singular, 0 if none: there the fast path begins.
  int top_lag = 0;
  std::vector<TargetStep> steps;     ///< by lag, first_lag..top_lag-1
  std::vector<double> leading_norm;  ///< by lag: Frobenius norm of the inverse of R's leading part, R that of top_lag

 private:
  void prepare_steps(int first_lag);
};

}  // namespace legcnet
