// Lyapunov exponents of many series at once: the divergence curve of Rosenstein as TISEAN's lyap_r computes it, or that
// of Kantz; guards for windows that hold nothing to measure; and a slope.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "control.h"
#include "neighbours.h"
#include "series_view.h"

namespace legcnet {

struct LyapunovOptions {
  Embedding embedding;

  /// Whom a point is followed together with: its nearest neighbour, or all within a radius (lyapunov_kantz.h).
  enum class Divergence : uint8_t { kRosenstein, kKantz };
  Divergence divergence = Divergence::kRosenstein;
  size_t min_neighbours = 5;  ///< Kantz: a point with fewer is left out; >= 1

  /// How neighbours are found. Rosenstein: over all pairs; or by lyap_r's growing radius from 1e-3 of the range, or
  /// from `radius`. Kantz: within kKantzRadius of the range, or within `radius`; kAllPairs counts as the former.
  enum class Neighbours : uint8_t { kAllPairs, kDefaultRadius, kGivenRadius };
  Neighbours neighbours = Neighbours::kAllPairs;
  double radius = 0;  ///< in data units, > 0

  /// Which slope of S(k) is the exponent. kFit: least squares over [fit_from, fit_to]; kFoundFit: over a range found by
  /// find_fit_range.
  enum class Slope : uint8_t { kOneStep, kFit, kFoundFit };
  Slope slope = Slope::kOneStep;
  size_t fit_from = 0;
  size_t fit_to = 1;

  /// A series whose range is below this is static: in data units, or in units of the spacing of T at the largest value.
  double min_range = 16;
  bool min_range_is_relative = true;
  /// Round the values to so many decimals, as printf does, after the guards have looked; negative: leave them.
  int quantise_decimals = -1;
  /// A series with a change-point of its mean is static.
  bool mean_change = false;
  /// S through "%e", the slope rounded to 6 decimals: the authors' chain of text files.
  bool text_rounding = false;
};

enum class SeriesStatus : uint8_t {
  kOk = 0,
  kStatic = 1,     ///< constant, or caught by a guard
  kTooShort = 2,   ///< no pair of points is possible
  kNoPairs = 3,    ///< S(0) or S(1) is absent; for a fit, fewer than two steps in its range
  kNonFinite = 4,  ///< a value is infinite or not a number
};

/// Where divergence_curves writes; steps = horizon + 1.
struct DivergenceCurves {
  double* curve;        ///< [rows, steps] S(k) in units of the rescaled series, NaN where no pair is left
  uint32_t* counts;     ///< [rows, steps] pairs in the mean
  uint8_t* status;      ///< [rows] SeriesStatus
  uint32_t* unmatched;  ///< [rows] references without any eligible neighbour; Kantz: with too few
};

/// Where lyapunov_exponents writes.
struct LyapunovExponents {
  double* exponent;               ///< [rows] nats a step; 0 where the status is not kOk
  uint8_t* status;                ///< [rows] SeriesStatus
  uint32_t* unmatched = nullptr;  ///< [rows] references without any eligible neighbour, if wanted
  int32_t* fit_range = nullptr;   ///< [rows, 2] first and last step used, if wanted; -1 where the status is not kOk
};

/// The divergence curve of each of `rows` series. Of the options, those of the slope and text_rounding do not
/// count.
/// Requires: view.length <= kMaxSeriesLength, dimension >= 1, delay >= 1, radius > 0 where it is used.
/// Adds each row done to `done`, if given. Results do not depend on `threads`. Throws Cancelled.
/// Cost: see neighbours.h.
template <typename T>
void divergence_curves(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                       const Control& control, const DivergenceCurves& out, std::atomic<uint64_t>* done = nullptr);

/// The Lyapunov exponent of each of `rows` series. As divergence_curves, but all options count.
/// Requires also: horizon >= 1, fit_from < fit_to <= horizon.
template <typename T>
void lyapunov_exponents(const SeriesView<T>& series, size_t rows, const LyapunovOptions& options, int threads,
                        const Control& control, const LyapunovExponents& out, std::atomic<uint64_t>* done = nullptr);

extern template void divergence_curves(const SeriesView<float>&, size_t, const LyapunovOptions&, int, const Control&,
                                       const DivergenceCurves&, std::atomic<uint64_t>*);
extern template void divergence_curves(const SeriesView<double>&, size_t, const LyapunovOptions&, int, const Control&,
                                       const DivergenceCurves&, std::atomic<uint64_t>*);
extern template void lyapunov_exponents(const SeriesView<float>&, size_t, const LyapunovOptions&, int, const Control&,
                                        const LyapunovExponents&, std::atomic<uint64_t>*);
extern template void lyapunov_exponents(const SeriesView<double>&, size_t, const LyapunovOptions&, int, const Control&,
                                        const LyapunovExponents&, std::atomic<uint64_t>*);

}  // namespace legcnet
