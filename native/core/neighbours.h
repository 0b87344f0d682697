// Nearest neighbours in delay-embedded series, by the two rules of TISEAN's lyap_r: over all pairs, and by a radius
// that grows from a start.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "lyapunov_lanes.h"
#include "simd.h"

namespace legcnet {

/// Point n of a series y is (y[n], y[n + delay], ..., y[n + (dimension - 1) delay]).
struct Embedding {
  size_t dimension = 2;
  size_t delay = 1;
  size_t theiler_window = 0;  ///< points within so many steps of each other are no neighbours
  size_t horizon = 3;         ///< steps that a pair is followed after it was found

  size_t span() const { return (dimension - 1) * delay; }
  /// Points that have all coordinates and a whole horizon after them; these are the possible neighbours.
  size_t candidates(size_t length) const { return length > span() + horizon ? length - span() - horizon : 0; }
  /// The points whose neighbour is looked for: the first so many. 0 if the series is too short for any pair.
  size_t references(size_t length) const {
    const size_t m = candidates(length);
    return m > theiler_window + 1 ? m - theiler_window : 0;
  }
};

/// What a search says of a reference that has no neighbour.
constexpr int32_t kUnmatched = -1;       ///< nothing eligible at all; lyap_r would look for ever
constexpr int32_t kDuplicatesOnly = -2;  ///< only points at distance zero

/// Longest series that the searches take: indices are kept in floats.
constexpr size_t kMaxSeriesLength = size_t{1} << 24;

/// What a search reads beyond the end of a series: the caller pads with so many zeros.
template <typename T>
constexpr size_t kSeriesPadding = 4 * lanes::Lanes<T>::count;

/// Distances D of both searches are squared and Euclidean, summed from the first coordinate up. D below the smallest
/// normal number counts as zero, so that results do not depend on how the processor treats subnormals. D >= 1 is never
/// eligible. A search keeps its buffers from series to series: one object a thread.

/// For each reference the candidate with the smallest eligible D > 0; of several the one with the highest index.
/// Cost: O(M^2) vector operations for short series; longer ones sort the points along the diagonal of their space and
/// look only as far as a nearer one could be, about O(M^1.5) in two dimensions.
template <typename T>
class AllPairsSearch {
 public:
  /// @param y          [length + kSeriesPadding] rescaled to [0, 1]; 2 <= length <= kMaxSeriesLength
  /// @param neighbour  [references] out: a candidate, kUnmatched or kDuplicatesOnly
  void run(const T* y, size_t length, const Embedding& embedding, const Control& control, int32_t* neighbour);

 private:
  template <size_t Dimension>
  void scan_all(const T* y, size_t length, const Embedding& embedding, const Control& control, int32_t* neighbour);
  template <size_t Dimension>
  void scan_sorted(const T* y, size_t length, const Embedding& embedding, const Control& control, int32_t* neighbour);
  bool sort_points(const T* y, size_t length, const Embedding& embedding, const Control& control);

  // Points in the order of their projection on the diagonal; see sort_points.
  AlignedVector<uint64_t> keys_, keys_swap_;
  AlignedVector<T> coordinates_;  // [dimension, row_]
  AlignedVector<T> index_;        // [row_] where each point was in the series
  AlignedVector<T> position_;     // [row_] projection, in cells
  AlignedVector<T> cell_;         // [row_] the same rounded down; ascending
  size_t row_ = 0;
  T cells_per_unit_ = 0;
};

/// For each reference the nearest candidate found in the first of the passes with radius start, 1.1 start, ... that
/// finds any, in lyap_r's own order. The last pass is the first with radius >= 1. Scalar; O(M) a pass and up.
template <typename T>
class StartRadiusSearch {
 public:
  /// @param start  first radius, > 0, in units of the rescaled series; the rest as in AllPairsSearch
  void run(const T* y, size_t length, const Embedding& embedding, double start, const Control& control,
           int32_t* neighbour);

 private:
  std::vector<int32_t> heads_;  // a hashed grid of lists of points
  std::vector<int32_t> next_;   // [M] the next point of the same list
  std::vector<int32_t> cells_;  // [M] the list each point is in
};

extern template class AllPairsSearch<float>;
extern template class AllPairsSearch<double>;
extern template class StartRadiusSearch<float>;
extern template class StartRadiusSearch<double>;

}  // namespace legcnet
