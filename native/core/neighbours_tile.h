// Nearest neighbours over all pairs in several series at once, one a vector lane: no reduction, no broadcast, and what
// one series loads all load.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lyapunov_lanes.h"
#include "neighbours.h"
#include "simd.h"

namespace legcnet {

/// Series of a tile. y [length, kTileLanes] holds them interleaved, each rescaled to [0, 1]; value i of series l has
/// the offset i * kTileLanes + l, and so has the point that begins there.
template <typename T>
constexpr size_t kTileLanes = lanes::Lanes<T>::count;

/// The references of a tile and their neighbours, `count` rows of one reference a series.
template <typename T>
struct TilePairs {
  size_t count = 0;
  bool in_order =
      true;  ///< row n holds point n of every series; else the order is the search's, and has no gaps either
  AlignedVector<lanes::Integer<T>> reference;  ///< [count, lanes] offsets; only where not in_order
  AlignedVector<lanes::Integer<T>>
      neighbour;              ///< [count, lanes] offsets; the reference's own where it has no neighbour
  AlignedVector<T> distance;  ///< [count, lanes] D of the pair; meaningless where there is none
};

/// The rule and the results of AllPairsSearch. Cost: O(M^2) vector operations for short series; of longer ones in two
/// dimensions the points are sorted along the diagonal, about O(M^1.5).
template <typename T>
class TileSearch {
 public:
  static constexpr size_t kMostCandidates = 1024;

  /// Whether series of this length are cheaper here than one by one.
  static bool takes(size_t length, const Embedding& embedding);

  /// @param y  [length, kTileLanes], aligned; takes(length, embedding)
  const TilePairs<T>& run(const T* y, size_t length, const Embedding& embedding);

  /// Of the references of one series that run() found no neighbour for, those that have not even a duplicate.
  uint32_t unmatched(const T* y, size_t length, const Embedding& embedding, size_t lane) const;

 private:
  template <size_t Dimension, bool Adjacent>
  void scan_all(const T* y, size_t length, const Embedding& embedding);
  template <bool Theiler>
  void scan_sorted(const T* y, size_t length, const Embedding& embedding);
  void sort_points(const T* y, size_t length, const Embedding& embedding);
  void reserve(size_t rows);

  TilePairs<T> pairs_;
};

extern template class TileSearch<float>;
extern template class TileSearch<double>;

}  // namespace legcnet
