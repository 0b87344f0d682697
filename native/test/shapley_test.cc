#include "shapley.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

using namespace legcnet;

namespace {

ShapleyProblem problem_of(std::vector<size_t> sizes, Activation hidden, Activation output, size_t background,
                          size_t samples, uint64_t seed) {
  ShapleyProblem problem;
  problem.network.sizes = std::move(sizes);
  problem.network.hidden = hidden;
  problem.network.output = output;
  problem.background_rows = background;
  problem.sample_rows = samples;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const auto fill = [&](std::vector<double>& values, size_t count) {
    values.resize(count);
    for (double& value : values) value = normal(random);
  };
  fill(problem.parameters, problem.network.parameters());
  fill(problem.background, background * problem.features());
  fill(problem.samples, samples * problem.features());
  return problem;
}

/// Largest |base + sum of values - output|.
double gap(const ShapleyProblem& problem, const ShapleyResult& result) {
  const size_t outputs = problem.outputs(), features = problem.features();
  double worst = 0;
  for (size_t s = 0; s < problem.sample_rows; ++s) {
    for (size_t o = 0; o < outputs; ++o) {
      double sum = result.base[o];
      for (size_t j = 0; j < features; ++j) sum += result.values[(s * features + j) * outputs + o];
      worst = std::max(worst, std::abs(sum - result.outputs[s * outputs + o]));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("estimators agree on what they all must give: the sum") {
  for (const auto hidden : {Activation::sigmoid, Activation::tanh, Activation::relu, Activation::linear}) {
    for (const auto output : {Activation::sigmoid, Activation::softmax, Activation::linear}) {
      const auto problem = problem_of({5, 9, 3, 2}, hidden, output, 67, 3, 11);
      Control control;
      const auto exact = exact_shapley(problem, 2, control);
      CHECK(gap(problem, exact) < 1e-12);
      const auto kernel = kernel_shapley(problem, 1000, 1, 2, control);
      for (size_t i = 0; i < exact.values.size(); ++i) CHECK(std::abs(kernel.values[i] - exact.values[i]) < 1e-10);
      CHECK(gap(problem, kernel_shapley(problem, 12, 1, 2, control)) < 1e-12);
      CHECK(gap(problem, permutation_shapley(problem, {0, 1, 2, 3, 4, 4, 1, 3, 0, 2}, 2, control)) < 1e-12);
      CHECK(gap(problem, deep_shapley(problem, 2, control)) < 1e-12);
      if (hidden != Activation::relu) CHECK(gap(problem, expected_gradients(problem, 3000, 2, control)) < 1e-5);
    }
  }
}

TEST_CASE("one feature, one layer, one row; no samples") {
  for (const size_t samples : {size_t(0), size_t(1), size_t(130)}) {
    const auto problem = problem_of({1, 2}, Activation::sigmoid, Activation::sigmoid, 1, samples, 5);
    Control control;
    for (const auto& result : {exact_shapley(problem, 1, control), kernel_shapley(problem, 2, 1, 1, control),
                               permutation_shapley(problem, {0}, 1, control), deep_shapley(problem, 1, control)}) {
      REQUIRE(result.values.size() == samples * 2);
      CHECK(gap(problem, result) < 1e-14);
    }
  }
}

TEST_CASE("every estimator can be stopped") {
  const auto problem = problem_of({6, 4, 2}, Activation::sigmoid, Activation::softmax, 10, 10, 7);
  const std::vector<std::function<void(Control&)>> runs = {
      [&](Control& c) { exact_shapley(problem, 2, c); },
      [&](Control& c) { kernel_shapley(problem, 100, 1, 2, c); },
      [&](Control& c) {
        permutation_shapley(problem, {0, 1, 2, 3, 4, 5}, 2, c);
      },
      [&](Control& c) { expected_gradients(problem, 10, 2, c); },
      [&](Control& c) { deep_shapley(problem, 2, c); },
  };
  for (const auto& run : runs) {
    Control control;
    control.cancelled = true;
    CHECK_THROWS_AS(run(control), Cancelled);
  }
}
