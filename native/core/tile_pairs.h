// Tiles of series, one a vector lane, and the neighbour pairs found in them.
#pragma once
#include <cstddef>
#include <limits>

#include "lyapunov_lanes.h"
#include "simd.h"

namespace legcnet {

/// Series of a tile. y [length, kTileLanes] holds them interleaved, each rescaled to [0, 1]; value i of series l has
/// the offset i * kTileLanes + l, and so has the point that begins there.
template <typename T>
constexpr size_t kTileLanes = lanes::Lanes<T>::count;

/// The most points that series of a tile may have: sums over them fit the words of TileLogDistances, and longer series
/// are better sorted one by one.
constexpr size_t kMostTilePoints = 1024;

/// D below this counts as zero, and zero is not eligible.
template <typename T>
constexpr T kSmallestDistance = std::numeric_limits<T>::min();
/// The largest number below 1: D <= this means D < 1.
template <typename T>
constexpr T kLargestDistance = T(1) - std::numeric_limits<T>::epsilon() / 2;

/// References and their neighbours, `count` rows of a reference a series.
template <typename T>
struct TilePairs {
  using Integer = lanes::Integer<T>;

  size_t count = 0;
  /// Row n holds point n of every series; else the rows hold all points in the order of the search, and those that are
  /// no references have no neighbour.
  bool in_order = true;
  AlignedVector<Integer> reference;  ///< [count, lanes] offsets; only where not in_order
  AlignedVector<Integer> neighbour;  ///< [count, lanes] offsets; the reference's own where it has no neighbour
  AlignedVector<T> distance;         ///< [count, lanes] D of the pair; meaningless where there is none

  void reserve(size_t rows) {
    const size_t size = rows * kTileLanes<T>;
    if (distance.size() >= size) return;
    reference.resize(size);
    neighbour.resize(size);
    distance.resize(size);
  }
};

}  // namespace legcnet
