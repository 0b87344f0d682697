// The search of TileSearch for longer series in two dimensions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lyapunov_lanes.h"
#include "lyapunov_tile.h"
#include "neighbours.h"
#include "simd.h"

namespace legcnet {

template <typename T>
struct SortedPoints;

/// Sorts the points of each series along the diagonal of their plane, and looks from each outwards until it cannot gain
/// any more.
template <typename T>
class SortedTile {
 public:
  /// @param y          [length, kTileLanes], aligned; embedding.dimension is 2
  /// @param points     candidates of a series, at most kMostTilePoints
  /// @param neighbour  [points, kTileLanes] out: offsets, the point's own where it has no neighbour
  void run(const T* y, size_t points, const Embedding& embedding, lanes::Integer<T>* neighbour);

 private:
  using V = lanes::Vector<T>;
  using I = lanes::Integers<T>;
  using Integer = lanes::Integer<T>;

  void sort(const T* y, size_t span);
  void fill_margins();
  void merge_duplicates();
  template <bool Theiler>
  void scan(size_t theiler_window);
  template <bool Theiler>
  void scan_nearby(const SortedPoints<T>& points, size_t theiler_window);
  I offsets_of(size_t s) const;

  size_t points_ = 0;  // of a series
  size_t sorted_ = 0;  // of these, what is left in the fullest lane when duplicates are merged
  bool merged_ = false;
  Integer index_mask_ = 0;
  V cell_width_;  // of what the points were sorted by
  I duplicates_;  // points that equal the one before them

  AlignedVector<int32_t> keys_;  // [points_, lanes] cell and index, ascending
  // Sorted points, [margin + sorted_ + margin, lanes]. The margins are so far away that they end every scan.
  AlignedVector<T> x_, y_;          // coordinates
  AlignedVector<Integer> offset_;   // where they are in the tile; -1: no point
  AlignedVector<T> distance_;       // of the nearest
  AlignedVector<Integer> nearest_;  // its offset; -1: none
  AlignedVector<Integer> waiting_;  // points whose search goes on, of both directions
  AlignedVector<Integer> group_;    // [points_, lanes] where each point was merged to
};

extern template class SortedTile<float>;
extern template class SortedTile<double>;

}  // namespace legcnet
