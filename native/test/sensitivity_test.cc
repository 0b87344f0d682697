#include "sensitivity.h"

#include <doctest/doctest.h>

#include <cmath>

#include "random.h"

using namespace legcnet;

TEST_CASE("twins move as networks of their own do, and any number of threads gives the same bits") {
  Random random(5);
  NetworkSpec spec;
  spec.sizes = {4, 6, 3};
  const auto parameters = initial_parameters(spec, Initialisation::glorot, 3);
  Samples<double> samples(4, 3);
  std::vector<double> inputs(11 * 4), targets(11 * 3, 0);
  for (auto& x : inputs) x = random.normal();
  for (size_t row = 0; row < 11; ++row) targets[row * 3 + random.below(3)] = 1;
  samples.append(inputs.data(), targets.data(), 11, 1.0);
  SensitivityOptions options;
  options.batch_size = 4;
  options.epochs = 3;
  options.perturbation = 1e-3;
  const std::vector<uint32_t> perturbed{0, 23, 41};
  Control control;
  const Sensitivity found = weight_sensitivity(spec, parameters, samples, perturbed, options, 1, control);
  REQUIRE(found.iterates == 10);
  CHECK(control.done == 9);

  for (size_t t = 0; t < perturbed.size(); ++t) {
    Network<double> network(spec), twin(spec);
    network.set_parameters(parameters.data());
    auto moved = parameters;
    moved[perturbed[t]] += options.perturbation;
    twin.set_parameters(moved.data());
    std::vector<double> a(spec.parameters()), b(spec.parameters());
    size_t iterate = 0;
    const auto check = [&] {
      network.get_parameters(a.data());
      twin.get_parameters(b.data());
      double sum = 0;
      for (size_t w = 0; w < spec.weights(); ++w) sum += (b[w] - a[w]) * (b[w] - a[w]);
      CHECK(found.difference[t * found.iterates + iterate] == b[perturbed[t]] - a[perturbed[t]]);
      CHECK(found.distance[t * found.iterates + iterate] == doctest::Approx(std::sqrt(sum)).epsilon(1e-13));
      ++iterate;
    };
    check();
    for (uint64_t epoch = 1; epoch <= options.epochs; ++epoch) {
      const auto order = permutation(11, options.seed, epoch);
      for (size_t first = 0; first < 11; first += 4) {
        const size_t count = std::min<size_t>(4, 11 - first);
        network.step(samples, order.data() + first, count, options.learning_rate);
        twin.step(samples, order.data() + first, count, options.learning_rate);
        check();
      }
    }
  }

  Control other;
  const Sensitivity again = weight_sensitivity(spec, parameters, samples, perturbed, options, 3, other);
  CHECK(again.difference == found.difference);
  CHECK(again.distance == found.distance);
  other.cancelled = true;
  CHECK_THROWS_AS(weight_sensitivity(spec, parameters, samples, perturbed, options, 2, other), Cancelled);
}
