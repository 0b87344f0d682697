// Tiles: several series of equal length, one a vector lane, so that no lane waits for another's sum.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "lyapunov_lanes.h"
#include "simd.h"

namespace legcnet {

/// Series of a tile. y [length, kTileLanes] holds them interleaved, each rescaled to [0, 1]; value i of series l has
/// the offset i * kTileLanes + l, and so has the point that begins there.
template <typename T>
constexpr size_t kTileLanes = lanes::Lanes<T>::count;

/// The most points that series of a tile may have: sums over them fit the words of TileLogDistances. (Longer series
/// gain less here, and one alone costs as much as a tile.)
constexpr size_t kMostTilePoints = 2048;

/// Tiles of longer series would not fit into the caches.
constexpr size_t kMostTileValues = 4096;

/// Series of a tile, rescaled, and cut where all stand still, as weights of one input do while it is 0.
template <typename T>
struct SeriesTile {
  AlignedVector<T> values;         ///< [length, kTileLanes]
  std::vector<uint32_t> left_out;  ///< [length] how many values were left out here, equal to this one
  size_t length = 0;               ///< values that are kept
};

/// D below this counts as zero, and zero is not eligible.
template <typename T>
constexpr T kSmallestDistance = std::numeric_limits<T>::min();
/// The largest number below 1: D <= this means D < 1.
template <typename T>
constexpr T kLargestDistance = T(1) - std::numeric_limits<T>::epsilon() / 2;

}  // namespace legcnet
