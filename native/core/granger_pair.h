// The careful path: one source, one target, one lag, by orthogonal factorisation; where columns depend on one another,
// by singular values.
#pragma once
#include "granger_target.h"

namespace legcnet {

/// One series in both forms; `raw` has n samples.
struct PairSeries {
  const double* raw;
  const Standardised* standardised;
};

struct PairFit {
  double restricted;    ///< a, in squared units of the raw target
  double explained;     ///< a - b, computed without subtracting
  double unrestricted;  ///< b
  int rank;     ///< of the unrestricted design with raw columns: singular values above smax max(T, 2L+1) 2.2e-16
  double wald;  ///< params_ftest's statistic and its numerator degrees of freedom; only if rank < 2L + 1
  int wald_df;
};

/// Fits the regressions of lag L on rows t = begin..n-1.
/// requires: begin >= lag >= 1, n - begin >= 2 lag + 2, finite series
PairFit fit_pair(const PairSeries& target, const PairSeries& source, size_t n, size_t begin, int lag);

/// The same by singular value decomposition of the raw design, whatever its rank. O(n L^2 + L^3), several times slower.
PairFit fit_pair_by_svd(const double* target, const double* source, size_t n, size_t begin, int lag);

/// An upper bound on how much bigger the raw design's condition number can be than the standardised one's.
double raw_condition(double target_mean, int target_exponent, double source_mean, int source_exponent, size_t n,
                     int lag);

}  // namespace legcnet
