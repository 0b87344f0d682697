// The spectrum of a weight matrix, and what it says about training: WeightWatcher's quantities.
// C. H. Martin, T. Peng, M. W. Mahoney, Nature Communications 12 (2021), 4122.
//
// W is cast to float32 and computed with in double. N is its larger side, M its smaller, Q = N / M. The ESD (empirical
// spectral density) is the M eigenvalues of W'W, lambda = sigma^2, without a factor 1 / N.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"

namespace legcnet {

/// Why a matrix has no numbers.
enum class SpectrumStatus : uint8_t {
  kOk,
  kTooSmall,   ///< M < kSpectrumLeastSide
  kNonFinite,  ///< an entry is NaN or infinite as a float32
  kZero,       ///< all entries are 0 as float32
};
constexpr size_t kSpectrumLeastSide = 10;

/// Fingers are single eigenvalues far out in the tail, which spoil a fit.
enum class FixFingers : uint8_t {
  kNone,
  kXminPeak,  ///< xmin only within 0.95 to 1.5 times the left edge of the highest of 100 bins of log10 lambda
  kClipXmax,  ///< drops the largest eigenvalues, up to 10, until alpha has fallen by more than 1; all are kept if it
              ///< never does
};

/// Only eigenvalues above this take part in the power law.
constexpr double kPowerLawLeast = 1e-5;

/// p(lambda) ~ lambda^-alpha from xmin on.
struct PowerLawFit {
  bool found =
      false;  ///< false: fewer than two eigenvalues above kPowerLawLeast, or no two that differ by more than rounding
  double alpha = 0, xmin = 0, xmax = 0;
  double distance = 0;        ///< Kolmogorov-Smirnov distance D
  double sigma = 0;           ///< standard error of alpha: (alpha - 1) / sqrt(k), k eigenvalues from xmin on
  uint32_t spikes = 0;        ///< eigenvalues >= xmin, the clipped ones left out
  uint32_t fingers = 0;       ///< eigenvalues that kClipXmax dropped
  double alpha_weighted = 0;  ///< alpha log10 lambda_max
  double log_alpha_norm = 0;  ///< log10 sum lambda^alpha, over all eigenvalues
  /// For every candidate x_0 .. x_{n-2}, kNone's whatever the option: alpha and D. What figures show.
  std::vector<double> scan_xmin, scan_alpha, scan_distance;
};

/// The candidate with the least D (the first of several) wins.
///   alpha_i = 1 + k / (sum_{j>=i} ln x_j - k ln x_i),  D_i = max_j |1 - (x_j / x_i)^(1 - alpha_i) - (j - i) / k|,  k =
///   n - i
/// requires: eigenvalues finite, >= 0, ascending
/// throws:   Cancelled
/// cost:     n^2 / 2 exponentials
PowerLawFit fit_power_law(const std::vector<double>& eigenvalues, FixFingers fix, const Control& control);

/// A bulk of noise of standard deviation sigma (of eigenvalues scaled to mean 1), and what sticks out of it.
struct MarchenkoPasturFit {
  bool found = false;  ///< false: there is nothing to fit
  /// False: the bulk of every sigma would end below the mode of the density or beyond its last point, or begin above
  /// the mode. Then sigma is the first of the grid, as WeightWatcher has it, which means nothing.
  bool accepted = false;
  double sigma = 0;
  double scale = 0;     ///< sqrt(n / sum lambda): x = scale^2 lambda has mean 1
  double bulk_min = 0;  ///< edges of the bulk, in units of lambda
  double bulk_max = 0;
  double cutoff = 0;                              ///< the upper edge and a Tracy-Widom margin, in units of lambda
  double softrank = 0;                            ///< bulk_max / lambda_max
  uint32_t spikes = 0;                            ///< eigenvalues above the cut-off
  std::vector<double> grid_sigma, grid_residual;  ///< the search's grid; infinite where rejected
};

/// Fits the density of Marchenko and Pastur (Q = 1: the quarter circle, of sqrt x) to a kernel density of x by least
/// squares over sigma: 195 grid values, then Nelder and Mead's method in one dimension from the best.
/// requires: eigenvalues finite, >= 0, ascending; possibly several matrices' pooled; larger >= smaller >= 1
/// cost:     1000 (eigenvalues + about 250) operations
MarchenkoPasturFit fit_marchenko_pastur(const std::vector<double>& eigenvalues, size_t larger, size_t smaller);

/// sigma^2 of a row-major [rows, columns] matrix, ascending, min(rows, columns) of them: Householder reduction to a
/// bidiagonal, then bisection. Absolute error of sigma a few units in the last place of the largest.
/// requires: finite entries
/// throws:   Cancelled
/// cost:     2 N M^2 + 2 M^3 multiply-adds
std::vector<double> squared_singular_values(const float* matrix, size_t rows, size_t columns, const Control& control);

struct MatrixView {
  const double* data;  ///< [rows, columns], row-major
  size_t rows, columns;
};

struct SpectrumOptions {
  FixFingers fix_fingers = FixFingers::kNone;
  bool randomise = true;
  uint64_t seed = 1;
  int threads = 1;
};

/// The same fits for matrices with the same entries in random places.
struct RandomisedSpectrum {
  std::vector<double> eigenvalues;  ///< of five shuffles (one where M >= 100), pooled, ascending
  MarchenkoPasturFit bulk;
  std::vector<double> single;  ///< eigenvalues of one more shuffle
  double distance = 0;  ///< square root of the Jensen-Shannon divergence of the ESD and `single`, sorted, to sum 1
  double softrank = 0;  ///< largest of `single` / lambda_max
  double maxdist = 0;   ///< lambda_max - largest of `single`
};

struct Spectrum {
  SpectrumStatus status = SpectrumStatus::kOk;
  std::vector<double> eigenvalues;  ///< ascending; empty unless ok, and so are all below
  double norm = 0;                  ///< sum lambda
  double log_norm = 0;              ///< log10 of it
  double spectral_norm = 0;         ///< lambda_max
  double log_spectral_norm = 0;     ///< log10 of it
  double stable_rank = 0;           ///< sum lambda / lambda_max
  uint32_t matrix_rank = 0;         ///< singular values above s_max N eps
  double entropy = 0;               ///< -sum p ln p / ln rank, p = lambda / sum lambda + 1e-10; 0 at rank 1
  PowerLawFit power_law;
  MarchenkoPasturFit bulk;
  RandomisedSpectrum randomised;
};

/// Shuffles depend on the seed and the matrix's place in the list, not on the other matrices.
/// ensures: the same bits for any number of threads; control.done counts decompositions, control.total is set
/// throws:  Cancelled
std::vector<Spectrum> spectrum(const std::vector<MatrixView>& matrices, const SpectrumOptions& options,
                               Control& control);

}  // namespace legcnet
