// Nearest neighbours over all pairs in the series of a tile: no reduction, no broadcast, and what one series loads all
// load.
#pragma once
#include <cstddef>
#include <cstdint>

#include "lyapunov_lanes.h"
#include "lyapunov_tile.h"
#include "neighbours.h"
#include "neighbours_tile_sorted.h"
#include "simd.h"

namespace legcnet {

/// The rule of AllPairsSearch. Cost: O(M^2) vector operations for short series; of longer ones in two dimensions the
/// points are sorted along the diagonal, about O(M^1.5). Keeps its buffers from tile to tile: one object a thread.
template <typename T>
class TileSearch {
 public:
  using Integer = lanes::Integer<T>;

  /// Whether series of this length are cheaper here than one by one.
  static bool takes(size_t length, const Embedding& embedding);

  /// Neighbours of all points: [candidates, kTileLanes] offsets, the point's own where it has none. Those of points
  /// that are no references mean nothing. Valid until the next run.
  /// @param tile  takes(tile.length, embedding)
  const Integer* run(const SeriesTile<T>& tile, const Embedding& embedding);

  /// Of the references of one series that run() found no neighbour for, those that have not even a duplicate.
  uint32_t unmatched(const SeriesTile<T>& tile, const Embedding& embedding, size_t lane) const;

 private:
  template <size_t Dimension, bool Adjacent>
  void scan_all(const T* y, size_t length, const Embedding& embedding);

  AlignedVector<Integer> neighbour_;
  AlignedVector<T> distance_;  // [candidates, lanes] of the neighbour; of scan_all
  SortedTile<T> sorted_;
};

extern template class TileSearch<float>;
extern template class TileSearch<double>;

}  // namespace legcnet
