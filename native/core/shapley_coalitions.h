// Values of coalitions, the common part of the exact and the kernel estimator.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shapley.h"

namespace legcnet {

/// Coalitions as bytes [count, features], 1 = in it.
struct Coalitions {
  std::vector<uint8_t> member;
  size_t count = 0;
};

/// Hands the values of all coalitions for some samples at a time to `take(first sample, samples, values)`, where values
/// are [samples, coalitions, outputs]: v(S). So much memory at most, whatever the number of samples: about 64 MiB, or
/// one sample's values.
template <typename Take>
void for_coalition_values(const ShapleyProblem& problem, const Coalitions& coalitions, int threads, Control& control,
                          Take&& take);

/// [samples, coalitions, outputs] of samples first .. first + count - 1.
std::vector<double> coalition_values(const ShapleyProblem& problem, const Coalitions& coalitions, size_t first,
                                     size_t count, int threads, Control& control);

/// Blocks of work that coalition_values() counts as done.
size_t coalition_blocks(const Coalitions& coalitions, size_t samples);

/// How many samples' values are held at a time.
size_t samples_at_a_time(const ShapleyProblem& problem, const Coalitions& coalitions);

template <typename Take>
void for_coalition_values(const ShapleyProblem& problem, const Coalitions& coalitions, int threads, Control& control,
                          Take&& take) {
  const size_t step = samples_at_a_time(problem, coalitions);
  size_t blocks = 0;
  for (size_t first = 0; first < problem.sample_rows; first += step) {
    blocks += coalition_blocks(coalitions, std::min(step, problem.sample_rows - first));
  }
  control.total = blocks;
  for (size_t first = 0; first < problem.sample_rows; first += step) {
    const size_t count = std::min(step, problem.sample_rows - first);
    take(first, count, coalition_values(problem, coalitions, first, count, threads, control));
  }
}

}  // namespace legcnet
