// The divergence curve of Kantz, Phys. Lett. A 185 (1994) 77, as TISEAN's lyap_k defines it (Hegger, Kantz and
// Schreiber 1999): all neighbours within a radius, instead of the nearest one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "neighbours.h"

namespace legcnet {

/// The radius where none is given, as a share of the series' range.
constexpr double kKantzRadius = 0.05;

/// Keeps its buffers from series to series: one object a thread.
template <typename T>
class KantzDivergence {
 public:
  /// S(k), k < steps: the mean over the references n of ln(mean over their neighbours j of |y[n + i] - y[j + i]|), i =
  /// (dimension - 1) delay + k. All candidates are references (see Embedding); the neighbours of one are the candidates
  /// at a Euclidean distance of at most `radius` that are more than the Theiler window away in time. A reference with
  /// fewer than `least` neighbours is left out; one whose mean is zero at a step, at that step. Cost: O(M log M), and
  /// `steps` for each pair within the radius.
  /// @param y       [length] rescaled to [0, 1]; at least one candidate
  /// @param curve   [steps] out: NaN where no reference is left
  /// @param counts  [steps] out: references in the mean
  /// @returns how many references were left out
  uint32_t mean(const T* y, size_t length, const Embedding& embedding, double radius, size_t least, size_t steps,
                const Control& control, double* curve, uint32_t* counts);

 private:
  struct Point {
    T first;  // coordinate
    uint32_t index;
  };
  std::vector<Point> points_;  // by ascending first coordinate
  std::vector<double> sums_;   // [steps] of one reference
};

extern template class KantzDivergence<float>;
extern template class KantzDivergence<double>;

}  // namespace legcnet
