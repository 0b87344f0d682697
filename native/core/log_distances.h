// Mean logarithms of distances, without a logarithm a distance: the product of the mantissas and the sum of the
// exponents, the steps of the divergence curve in vector lanes.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "control.h"
#include "lyapunov_lanes.h"
#include "neighbours.h"

namespace legcnet {

template <typename T>
class LogDistances {
 public:
  /// S(k) = sum of ln D_k / count / 2 over the pairs (n, neighbour[n]) moved on by k steps, D_k > 0, for k < steps.
  /// @param y          [length + kSeriesPadding] rescaled
  /// @param neighbour  [references] as the searches leave it
  /// @param steps      at most horizon + 1
  /// @param curve      [steps] out: S(k), NaN where no pair is left
  /// @param counts     [steps] out
  void mean(const T* y, const int32_t* neighbour, size_t references, const Embedding& embedding, size_t steps,
            const Control& control, double* curve, uint32_t* counts) {
    pairs_.clear();
    for (size_t n = 0; n < references; ++n) {
      if (neighbour[n] >= 0) pairs_.push_back({static_cast<uint32_t>(n), static_cast<uint32_t>(neighbour[n])});
    }
    // Vectors no wider than needed: wide unaligned loads are slow, and the one-step exponent has two steps only.
    for (size_t first = 0; first < steps;) {
      if (steps - first <= lanes::Lanes<T, 16>::count || lanes::kVectorBytes == 16) {
        first += block<16>(y, embedding, first, steps, control, curve, counts);
      } else if (steps - first <= lanes::Lanes<T, 32>::count || lanes::kVectorBytes == 32) {
        first += block<std::min<size_t>(32, lanes::kVectorBytes)>(y, embedding, first, steps, control, curve, counts);
      } else {
        first += block<lanes::kVectorBytes>(y, embedding, first, steps, control, curve, counts);
      }
    }
  }

 private:
  struct Pair {
    uint32_t reference, neighbour;
  };
  /// A product of so many mantissas, each below 2, cannot overflow.
  static constexpr size_t kProduct = std::numeric_limits<T>::max_exponent / 2;
  /// A sum of so many exponents, or counts, fits a 32-bit word.
  static constexpr size_t kSlab = size_t{1} << 16;

  /// Steps first, first + 1, ..., as many as a vector holds; returns how many those are.
  template <size_t Bytes>
  size_t block(const T* y, const Embedding& embedding, size_t first, size_t steps, const Control& control,
               double* curve, uint32_t* counts) const {
    const size_t width = std::min(lanes::Lanes<T, Bytes>::count, steps - first);
    double sum[lanes::Lanes<T, Bytes>::count] = {};
    uint32_t count[lanes::Lanes<T, Bytes>::count] = {};
    for (size_t from = 0; from < pairs_.size(); from += kSlab) {
      control.check();
      add<Bytes>(y + first, embedding, from, std::min(from + kSlab, pairs_.size()), width, sum, count);
    }
    for (size_t l = 0; l < width; ++l) {
      counts[first + l] = count[l];
      curve[first + l] = count[l] ? sum[l] / count[l] / 2 : std::numeric_limits<double>::quiet_NaN();
    }
    return width;
  }

  /// Adds the logarithms of pairs from .. to - 1, moved on by 0 .. width - 1 steps.
  template <size_t Bytes>
  void add(const T* y, const Embedding& embedding, size_t from, size_t to, size_t width, double* sum,
           uint32_t* count) const {
    using V = lanes::Vector<T, Bytes>;
    using Words = typename lanes::Lanes<T, Bytes>::Words;
    using Word = typename lanes::Lanes<T, Bytes>::Word;
    constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;
    constexpr Word mantissa = (Word(1) << mantissa_bits) - 1;
    constexpr Word bias = std::numeric_limits<T>::max_exponent - 1;
    constexpr Word one = bias << mantissa_bits;  // the bits of 1.0

    V product = lanes::fill<T, Bytes>(1);
    Words exponent = {}, terms = {};
    while (from < to) {
      const size_t end = std::min(from + kProduct, to);
      for (; from < end; ++from) {
        const T* a = y + pairs_[from].reference;
        const T* b = y + pairs_[from].neighbour;
        const V difference = lanes::load<T, Bytes>(a) - lanes::load<T, Bytes>(b);
        V d = difference * difference;
        for (size_t c = 1; c < embedding.dimension; ++c) {
          const size_t at = c * embedding.delay;
          const V next = lanes::load<T, Bytes>(a + at) - lanes::load<T, Bytes>(b + at);
          d += next * next;
        }
        const Words counted = lanes::bits_as<Words>(d >= std::numeric_limits<T>::min());
        const Words bits = lanes::bits_as<Words>(d);
        product *= lanes::bits_as<V>((bits & mantissa & counted) | one);  // 1 if not counted
        exponent += (bits >> mantissa_bits) & counted;
        terms -= counted;
      }
      const Words bits = lanes::bits_as<Words>(product);
      exponent += (bits >> mantissa_bits) - bias;
      product = lanes::bits_as<V>((bits & mantissa) | one);
    }
    constexpr double ln2 = 0.693147180559945309417;
    for (size_t l = 0; l < width; ++l) {
      const double power = static_cast<double>(exponent[l]) - static_cast<double>(terms[l]) * static_cast<double>(bias);
      sum[l] += std::log(static_cast<double>(product[l])) + power * ln2;
      count[l] += static_cast<uint32_t>(terms[l]);
    }
  }

  std::vector<Pair> pairs_;
};

}  // namespace legcnet
