#include "gradients.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "random.h"

using namespace legcnet;

namespace {

Samples<double> random_samples(size_t rows, size_t columns, size_t outputs, double zeros, uint64_t seed) {
  Random random(seed);
  Samples<double> samples(columns, outputs);
  std::vector<double> inputs(rows * columns), targets(rows * outputs, 0);
  for (auto& x : inputs) x = random.uniform() < zeros ? 0 : random.normal();
  for (size_t row = 0; row < rows; ++row) {
    if (outputs == 1) {
      targets[row] = static_cast<double>(random.below(2));
    } else {
      targets[row * outputs + random.below(outputs)] = 1;
    }
  }
  samples.append(inputs.data(), targets.data(), rows, 1.0);
  return samples;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

double furthest(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

}  // namespace

TEST_CASE("the gradient is what a step of SGD takes, the Hessian-vector product how it changes") {
  Control control;
  for (const Activation hidden : {Activation::sigmoid, Activation::tanh, Activation::relu, Activation::linear}) {
    for (const Activation output : {Activation::sigmoid, Activation::softmax, Activation::linear}) {
      for (const Loss loss : {Loss::squared_error, Loss::cross_entropy}) {
        if (loss == Loss::cross_entropy && output == Activation::linear) continue;
        for (const double zeros : {0.0, 0.8}) {
          NetworkSpec spec;
          spec.sizes = {9, 7, 5, 3};
          spec.hidden = hidden;
          spec.output = output;
          spec.loss = loss;
          spec.squared_error_factor = zeros == 0 ? 2 : 1;
          spec.divide_by_outputs = zeros == 0;
          spec.biases = zeros == 0;
          const auto samples = random_samples(11, 9, 3, zeros, 3);
          const auto at = initial_parameters(spec, Initialisation::uniform, 7);
          const auto gradient = loss_gradient(spec, at, samples, {}, 1, control).gradient;

          Network<double> network(spec);
          network.set_parameters(at.data());
          std::vector<uint32_t> rows(samples.rows());
          for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
          network.step(samples, rows.data(), rows.size(), 1.0);
          std::vector<double> after(at.size());
          network.get_parameters(after.data());
          for (size_t i = 0; i < at.size(); ++i) CHECK(std::abs(at[i] - after[i] - gradient[i]) < 1e-13);

          Random random(5);
          std::vector<double> direction(at.size());
          for (double& d : direction) d = random.normal();
          constexpr double h = 1e-5;
          std::vector<double> up(at), down(at), slope(at.size());
          for (size_t i = 0; i < at.size(); ++i) up[i] += h * direction[i], down[i] -= h * direction[i];
          const auto above = loss_gradient(spec, up, samples, {}, 1, control).gradient;
          const auto below = loss_gradient(spec, down, samples, {}, 1, control).gradient;
          for (size_t i = 0; i < at.size(); ++i) slope[i] = (above[i] - below[i]) / (2 * h);
          CAPTURE(static_cast<int>(hidden));
          CAPTURE(static_cast<int>(output));
          CAPTURE(static_cast<int>(loss));
          CHECK(furthest(hessian_product(spec, at, direction, samples, {}, 1, control), slope) <
                1e-7 * (1 + largest(slope)));
        }
      }
    }
  }
}

TEST_CASE("sums do not depend on the number of threads, or on where arrays lie") {
  NetworkSpec spec;
  spec.sizes = {13, 9, 3};
  const auto samples = random_samples(3000, 13, 3, 0, 2);
  const auto at = initial_parameters(spec, Initialisation::he, 1);
  Control control;
  const auto expected = loss_gradient(spec, at, samples, {}, 1, control);
  const auto product = hessian_product(spec, at, expected.gradient, samples, {}, 1, control);
  const auto flow = synflow_scores(spec, at, control);
  std::vector<std::vector<char>> shifts;
  for (size_t i = 0; i < 20; ++i) {
    shifts.emplace_back(16 * i + 8);
    const auto copy = at;
    const auto again = loss_gradient(spec, copy, samples, {}, 1 + static_cast<int>(i % 4), control);
    CHECK(again.loss == expected.loss);
    CHECK(again.gradient == expected.gradient);
    CHECK(hessian_product(spec, copy, again.gradient, samples, {}, 1 + static_cast<int>(i % 3), control) == product);
    CHECK(synflow_scores(spec, copy, control) == flow);
  }
}

TEST_CASE("synaptic flow: every layer holds the same sum; the order removes the least first") {
  NetworkSpec spec;
  spec.sizes = {6, 5, 4, 3};
  const auto parameters = initial_parameters(spec, Initialisation::gaussian, 4);
  Control control;
  const auto scores = synflow_scores(spec, parameters, control);
  const double first = [&] {
    double sum = 0;
    for (size_t i = 0; i < 30; ++i) sum += scores[i];
    return sum;
  }();
  double second = 0, third = 0;
  for (size_t i = 30; i < 50; ++i) second += scores[i];
  for (size_t i = 50; i < 62; ++i) third += scores[i];
  CHECK(second == doctest::Approx(first).epsilon(1e-13));
  CHECK(third == doctest::Approx(first).epsilon(1e-13));

  std::vector<int32_t> tie_break(62);
  for (int32_t i = 0; i < 62; ++i) tie_break[static_cast<size_t>(i)] = 61 - i;
  std::vector<uint8_t> mask(62, 1);
  mask[7] = mask[40] = 0;
  const auto once = synflow_order(spec, parameters, {}, 10, 1, tie_break, control);
  for (size_t i = 0; i < 62; ++i) {
    for (size_t j = 0; j < 62; ++j) {
      if (scores[i] < scores[j]) CHECK(once[i] < once[j]);
    }
  }
  for (const size_t kept : {size_t{0}, size_t{3}, size_t{62}}) {
    auto order = synflow_order(spec, parameters, mask, kept, 7, tie_break, control);
    CHECK(order[7] == -1);
    CHECK(order[40] == -1);
    std::sort(order.begin(), order.end());
    for (size_t place = 0; place < 60; ++place) CHECK(order[place + 2] == static_cast<double>(place));
  }
  const std::vector<double> zero(parameters.size(), 0.0);
  const auto ties = synflow_order(spec, zero, {}, 0, 3, tie_break, control);
  for (size_t i = 0; i < 62; ++i) CHECK(ties[i] == static_cast<double>(61 - i));
  std::vector<double> bad(parameters);
  bad[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(synflow_order(spec, bad, {}, 5, 3, tie_break, control)[0]));
}

TEST_CASE("a cancelled control stops every job") {
  NetworkSpec spec;
  spec.sizes = {6, 5, 3};
  const auto samples = random_samples(20, 6, 3, 0, 2);
  const auto at = initial_parameters(spec, Initialisation::he, 1);
  Control control;
  control.cancelled = true;
  CHECK_THROWS_AS(loss_gradient(spec, at, samples, {}, 2, control), Cancelled);
  CHECK_THROWS_AS(hessian_product(spec, at, at, samples, {}, 2, control), Cancelled);
  CHECK_THROWS_AS(movement_of_epoch(spec, at, {}, samples, 4, 0.1, true, 1, 0, control), Cancelled);
  CHECK_THROWS_AS(synflow_scores(spec, at, control), Cancelled);
  CHECK_THROWS_AS(synflow_order(spec, at, {}, 1, 3, std::vector<int32_t>(spec.weights()), control), Cancelled);
}
