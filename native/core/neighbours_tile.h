// Nearest neighbours over all pairs in several series at once, one a vector lane: no reduction, no broadcast, and what
// one series loads all load.
#pragma once
#include <cstddef>
#include <cstdint>

#include "lyapunov_lanes.h"
#include "neighbours.h"
#include "neighbours_tile_sorted.h"
#include "tile_pairs.h"

namespace legcnet {

/// The rule of AllPairsSearch, for the series of a tile (see tile_pairs.h). Cost: O(M^2) vector operations for short
/// series; of longer ones in two dimensions the points are sorted along the diagonal, about O(M^1.5).
template <typename T>
class TileSearch {
 public:
  /// Whether series of this length are cheaper here than one by one.
  static bool takes(size_t length, const Embedding& embedding);

  /// @param y  [length, kTileLanes], aligned; takes(length, embedding)
  const TilePairs<T>& run(const T* y, size_t length, const Embedding& embedding);

  /// Of the references of one series that run() found no neighbour for, those that have not even a duplicate.
  uint32_t unmatched(const T* y, size_t length, const Embedding& embedding, size_t lane) const;

 private:
  template <size_t Dimension, bool Adjacent>
  void scan_all(const T* y, size_t length, const Embedding& embedding);

  TilePairs<T> pairs_;
  SortedTile<T> sorted_;
};

extern template class TileSearch<float>;
extern template class TileSearch<double>;

}  // namespace legcnet
