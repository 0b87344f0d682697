// Mean logarithms of distances in the series of a tile; otherwise as log_distances.h.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "lyapunov_lanes.h"
#include "lyapunov_tile.h"
#include "neighbours.h"

namespace legcnet {

template <typename T>
class TileLogDistances {
  using V = lanes::Vector<T>;
  using Words = lanes::Words<T>;
  using Word = typename lanes::Lanes<T>::Word;
  using Integer = lanes::Integer<T>;
  static constexpr size_t L = kTileLanes<T>;

 public:
  /// S(k) and counts as LogDistances::mean has them, for each series of a tile. What was left out counts: there, a
  /// reference stands still for all steps.
  /// @param neighbour  [references, lanes] offsets, the reference's own where it has no neighbour
  /// @param curve      [steps, lanes] out
  /// @param counts     [steps, lanes] out
  static void mean(const SeriesTile<T>& tile, const Integer* neighbour, const Embedding& embedding, size_t steps,
                   double* curve, uint32_t* counts) {
    const bool adjacent = embedding.dimension == 2 && embedding.delay == 1;
    const size_t references = embedding.references(tile.length);
    for (size_t k = 0; k < steps; k += kTogether) {
      with_steps(std::min(kTogether, steps - k), [&](auto K) {
        const auto add = adjacent ? &add_steps<K.value, true> : &add_steps<K.value, false>;
        add(tile, neighbour, k, references, embedding, curve + k * L, counts + k * L);
      });
    }
  }

 private:
  /// Steps that are followed together: as many as the registers hold.
  static constexpr size_t kTogether = lanes::kVectorBytes == 64 ? 8 : 4;

  /// Calls body(K), K being `steps` <= kTogether as a constant of the type.
  template <typename Body>
  static void with_steps(size_t steps, const Body& body) {
    switch (steps) {
      case 1: return body(std::integral_constant<size_t, 1>());
      case 2: return body(std::integral_constant<size_t, 2>());
      case 3: return body(std::integral_constant<size_t, 3>());
      case 4: return body(std::integral_constant<size_t, 4>());
      case 5: return body(std::integral_constant<size_t, std::min<size_t>(5, kTogether)>());
      case 6: return body(std::integral_constant<size_t, std::min<size_t>(6, kTogether)>());
      case 7: return body(std::integral_constant<size_t, std::min<size_t>(7, kTogether)>());
      default: return body(std::integral_constant<size_t, kTogether>());
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

  /// Steps first .. first + K - 1. Adjacent: dimension 2 and delay 1, where the second square of a distance is the
  /// first one of the next step's.
  template <size_t K, bool Adjacent>
  static void add_steps(const SeriesTile<T>& tile, const Integer* neighbour, size_t first, size_t references,
                        const Embedding& embedding, double* curve, uint32_t* counts) {
    const T* const y = tile.values.data() + first * L;
    const uint32_t* const left_out = tile.left_out.data();
    V product[K], d[K];
    Words sum[K];
    for (size_t k = 0; k < K; ++k) product[k] = lanes::fill(T(1)), sum[k] = Words{};
    size_t multiplied = 0;
    for (size_t n = 0; n < references; ++n) {
      const auto nearest = lanes::load(neighbour + n * L);
      // The neighbour's values that are needed twice; of many steps they would not fit in the registers.
      constexpr bool kHeld = Adjacent && K <= 2;
      V held[K + 1];
      for (size_t j = 0; j <= K && kHeld; ++j) held[j] = lanes::gather(y + j * L, nearest);
      const auto there = [&](size_t j) { return kHeld ? held[j] : lanes::gather(y + j * L, nearest); };
      for (uint32_t i = 0; i <= left_out[n]; ++i) {
        if (i == left_out[n]) {
          const auto here = [&](size_t j) { return lanes::load(y + (n + j) * L); };
          measure<K, Adjacent>(here, there, embedding, d);
        } else if (i == 0) {  // the reference stands still
          const V value = lanes::load(tile.values.data() + n * L);
          measure<K, Adjacent>([&](size_t) { return value; }, there, embedding, d);
          const auto own = lanes::lane_numbers<T>() + static_cast<Integer>(n * L);
          for (size_t k = 0; k < K; ++k) d[k] = nearest == own ? V{} : d[k];  // has no neighbour
        }
        for (size_t k = 0; k < K; ++k) {
          const auto counted = lanes::at_most(lanes::fill(kSmallestDistance<T>), d[k]);
          const Words bits = lanes::bits_as<Words>(d[k]);
          product[k] *= lanes::bits_as<V>(lanes::masked(counted, bits & kMantissa) | kOne);  // 1 if not counted
          sum[k] += lanes::masked(counted, (bits >> kMantissaBits) + (Word(1) << kCountAt));
        }
        if (++multiplied < kProduct) continue;
        multiplied = 0;
        for (size_t k = 0; k < K; ++k) take_exponent(product[k], sum[k]);
      }
    }
    for (size_t k = 0; k < K; ++k) take_exponent(product[k], sum[k]);
    constexpr double ln2 = 0.693147180559945309417;
    for (size_t k = 0; k < K; ++k) {
      for (size_t l = 0; l < L; ++l) {
        const uint32_t count = static_cast<uint32_t>(sum[k][l] >> kCountAt);
        const double exponents = static_cast<double>(sum[k][l] & ((Word(1) << kCountAt) - 1));
        const double power = exponents - static_cast<double>(count) * static_cast<double>(kBias);
        counts[k * L + l] = count;
        curve[k * L + l] = count ? (std::log(static_cast<double>(product[k][l])) + power * ln2) / count / 2
                                 : std::numeric_limits<double>::quiet_NaN();
      }
    }
  }

  /// Moves the exponents of the product to their sum.
  static void take_exponent(V& product, Words& sum) {
    const Words bits = lanes::bits_as<Words>(product);
    sum += (bits >> kMantissaBits) - kBias;
    product = lanes::bits_as<V>((bits & kMantissa) | kOne);
  }

  /// d[k]: the squared distances k steps on. here(i), there(i): values of the reference's series and its neighbour's, i
  /// after the point's first.
  template <size_t K, bool Adjacent, typename Here, typename There>
  static void measure(const Here& here, const There& there, const Embedding& embedding, V* d) {
    const auto squared = [&](size_t i) {
      const V difference = here(i) - there(i);
      return difference * difference;
    };
    V before = squared(0);
    for (size_t k = 0; k < K; ++k) {
      if (Adjacent) {
        const V next = squared(k + 1);
        d[k] = before + next;
        before = next;
      } else {
        d[k] = squared(k);
        for (size_t c = 1; c < embedding.dimension; ++c) d[k] += squared(k + c * embedding.delay);
      }
    }
  }
};

}  // namespace legcnet
