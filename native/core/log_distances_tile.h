// Mean logarithms of distances of many series at once, one a vector lane; otherwise as log_distances.h.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "lyapunov_lanes.h"
#include "neighbours.h"
#include "tile_pairs.h"

namespace legcnet {

template <typename T>
class TileLogDistances {
  using V = lanes::Vector<T>;
  using Words = lanes::Words<T>;
  using Word = typename lanes::Lanes<T>::Word;
  static constexpr size_t L = kTileLanes<T>;

 public:
  /// Steps that are followed together, as many as the registers hold.
  static constexpr size_t kTogether = lanes::kVectorBytes == 64 ? 8 : 4;

  /// S(k) and counts as LogDistances::mean has them, for each series of a tile.
  /// @param y       [length + kTogether, lanes]; what is beyond the series only has to be readable
  /// @param curve   [steps + kTogether, lanes] out; `steps` rows count
  /// @param counts  the same
  static void mean(const T* y, const TilePairs<T>& pairs, const Embedding& embedding, size_t steps, double* curve,
                   uint32_t* counts) {
    if (embedding.dimension == 2 && embedding.delay == 1) {
      pairs.in_order ? blocks<true, true>(y, pairs, embedding, steps, curve, counts)
                     : blocks<true, false>(y, pairs, embedding, steps, curve, counts);
    } else {
      pairs.in_order ? blocks<false, true>(y, pairs, embedding, steps, curve, counts)
                     : blocks<false, false>(y, pairs, embedding, steps, curve, counts);
    }
  }

 private:
  template <bool Adjacent, bool InOrder>
  static void blocks(const T* y, const TilePairs<T>& pairs, const Embedding& embedding, size_t steps, double* curve,
                     uint32_t* counts) {
    if (steps <= 2) {
      add<2, true, Adjacent, InOrder>(y, pairs, embedding, curve, counts);
    } else if (steps <= 4) {
      add<4, true, Adjacent, InOrder>(y, pairs, embedding, curve, counts);
    } else {
      add<kTogether, true, Adjacent, InOrder>(y, pairs, embedding, curve, counts);
    }
    for (size_t k = kTogether; k < steps; k += kTogether) {
      add<kTogether, false, Adjacent, InOrder>(y + k * L, pairs, embedding, curve + k * L, counts + k * L);
    }
  }

  static constexpr int kMantissaBits = std::numeric_limits<T>::digits - 1;
  static constexpr Word kMantissa = (Word(1) << kMantissaBits) - 1;
  static constexpr Word kBias = std::numeric_limits<T>::max_exponent - 1;
  static constexpr Word kOne = kBias << kMantissaBits;  // the bits of 1.0
  /// A product of so many mantissas, each below 2, cannot overflow.
  static constexpr size_t kProduct = std::numeric_limits<T>::max_exponent / 2;
  /// The sum of exponents is in the low bits of a word, the count in the high ones.
  static constexpr int kCountAt = sizeof(T) == 8 ? 32 : 20;
  static_assert(kMostTilePoints < (size_t{1} << 12), "sums and counts fit their parts of a word");

  /// The squared distance between points a and b, of which `a` may be in order.
  template <bool InOrder>
  static V difference(const T* y, const T* own, lanes::Integers<T> reference, lanes::Integers<T> neighbour) {
    return (InOrder ? lanes::load(own) : lanes::gather(y, reference)) - lanes::gather(y, neighbour);
  }

  /// Steps 0 .. K - 1 from y on. FirstKnown: the search has computed the distances of step 0.
  template <size_t K, bool FirstKnown, bool Adjacent, bool InOrder>
  static void add(const T* y, const TilePairs<T>& pairs, const Embedding& embedding, double* curve, uint32_t* counts) {
    V product[K];
    Words sum[K];
    for (size_t k = 0; k < K; ++k) product[k] = lanes::fill(T(1)), sum[k] = Words{};
    const lanes::Integers<T> lane = lanes::lane_numbers<T>();
    for (size_t row = 0; row < pairs.count;) {
      const size_t end = std::min(row + kProduct, pairs.count);
      for (; row < end; ++row) {
        const auto reference =
            InOrder ? lane + static_cast<lanes::Integer<T>>(row * L) : lanes::load(pairs.reference.data() + row * L);
        const auto neighbour = lanes::load(pairs.neighbour.data() + row * L);
        const T* own = y + row * L;
        V d[K];
        if (Adjacent) {
          V before{};
          for (size_t c = FirstKnown ? 1 : 0; c <= K; ++c) {
            const V a = difference<InOrder>(y + c * L, own + c * L, reference, neighbour);
            const V square = a * a;
            if (c > (FirstKnown ? 1 : 0)) d[c - 1] = before + square;
            before = square;
          }
        } else {
          for (size_t k = FirstKnown ? 1 : 0; k < K; ++k) {
            for (size_t c = 0; c < embedding.dimension; ++c) {
              const size_t at = (k + c * embedding.delay) * L;
              const V a = difference<InOrder>(y + at, own + at, reference, neighbour);
              d[k] = c == 0 ? a * a : d[k] + a * a;
            }
          }
        }
        if (FirstKnown) {
          d[0] = lanes::select(lanes::differ(reference, neighbour), lanes::load(pairs.distance.data() + row * L), V{});
        }
        for (size_t k = 0; k < K; ++k) {
          const auto counted = lanes::at_most(lanes::fill(std::numeric_limits<T>::min()), d[k]);
          const Words bits = lanes::bits_as<Words>(d[k]);
          product[k] *= lanes::bits_as<V>(lanes::masked(counted, bits & kMantissa) | kOne);  // 1 if not counted
          sum[k] += lanes::masked(counted, (bits >> kMantissaBits) + (Word(1) << kCountAt));
        }
      }
      for (size_t k = 0; k < K; ++k) {
        const Words bits = lanes::bits_as<Words>(product[k]);
        sum[k] += (bits >> kMantissaBits) - kBias;
        product[k] = lanes::bits_as<V>((bits & kMantissa) | kOne);
      }
    }
    constexpr double ln2 = 0.693147180559945309417;
    for (size_t k = 0; k < K; ++k) {
      for (size_t l = 0; l < L; ++l) {
        const uint32_t count = static_cast<uint32_t>(sum[k][l] >> kCountAt);
        const double exponent = static_cast<double>(sum[k][l] & ((Word(1) << kCountAt) - 1)) - double(count) * kBias;
        counts[k * L + l] = count;
        curve[k * L + l] = count ? (std::log(static_cast<double>(product[k][l])) + exponent * ln2) / count / 2
                                 : std::numeric_limits<double>::quiet_NaN();
      }
    }
  }
};

}  // namespace legcnet
