#include <algorithm>

#include "parallel.h"
#include "shapley.h"
#include "shapley_coalitions.h"

namespace legcnet {
namespace {

/// |S|! (M - |S| - 1)! / M! by |S|.
std::vector<double> weights_by_size(size_t features) {
  std::vector<double> weights(features);
  double choose = 1;  // C(M - 1, size)
  for (size_t size = 0; size < features; ++size) {
    weights[size] = 1 / (static_cast<double>(features) * choose);
    choose = choose * static_cast<double>(features - 1 - size) / static_cast<double>(size + 1);
  }
  return weights;
}

/// |c| for coalitions c = 0 .. count - 1.
std::vector<uint8_t> sizes_of(size_t count) {
  std::vector<uint8_t> sizes(count, 0);
  for (size_t c = 1; c < count; ++c) sizes[c] = static_cast<uint8_t>(sizes[c / 2] + c % 2);
  return sizes;
}

}  // namespace

ShapleyResult exact_shapley(const ShapleyProblem& problem, int threads, Control& control) {
  const size_t features = problem.features(), outputs = problem.outputs();
  Coalitions coalitions;  // number c has feature j where bit j of c is set
  coalitions.count = size_t(1) << features;
  coalitions.member.resize(coalitions.count * features);
  for (size_t c = 0; c < coalitions.count; ++c) {
    for (size_t j = 0; j < features; ++j) coalitions.member[c * features + j] = (c >> j) & 1;
  }
  const auto weights = weights_by_size(features);
  const auto sizes = sizes_of(coalitions.count);

  ShapleyResult result;
  result.values.assign(problem.sample_rows * features * outputs, 0.0);
  result.outputs.resize(problem.sample_rows * outputs);
  for_coalition_values(problem, coalitions, threads, control, [&](size_t first, size_t count, const auto& values) {
    parallel_for(count, threads, control, [&](size_t s) {
      const double* v = values.data() + s * coalitions.count * outputs;
      double* phi = result.values.data() + (first + s) * features * outputs;
      for (size_t j = 0; j < features; ++j, phi += outputs) {
        control.check();
        const size_t bit = size_t(1) << j;
        for (size_t c = 0; c < coalitions.count; ++c) {
          if (c & bit) continue;
          const double weight = weights[sizes[c]];
          for (size_t o = 0; o < outputs; ++o) phi[o] += weight * (v[(c | bit) * outputs + o] - v[c * outputs + o]);
        }
      }
      const double* all = v + (coalitions.count - 1) * outputs;
      std::copy_n(all, outputs, result.outputs.begin() + static_cast<std::ptrdiff_t>((first + s) * outputs));
    });
    if (first == 0) result.base.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(outputs));
  });
  return result;
}

}  // namespace legcnet
