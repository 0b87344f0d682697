#include "network.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "random.h"

using namespace legcnet;

namespace {

/// Samples with one-hot targets; `zeros`: share of inputs that are 0.
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

/// Sparse samples of a few byte-sized inputs, as bytes or as the same numbers.
template <typename T>
Samples<T> few_inputs(size_t rows, size_t columns, size_t outputs, bool bytes, uint64_t seed) {
  Random random(seed);
  Samples<T> samples(columns, outputs);
  std::vector<uint8_t> inputs(rows * columns);
  for (auto& x : inputs) x = random.uniform() < 0.8 ? 0 : static_cast<uint8_t>(1 + random.below(255));
  if (rows > 2) std::fill_n(inputs.begin(), 2 * columns, uint8_t{0});
  const std::vector<double> numbers(inputs.begin(), inputs.end());
  std::vector<double> targets(rows * outputs, 0);
  for (size_t row = 0; row < rows; ++row) targets[row * outputs + random.below(outputs)] = 1;
  if (bytes) {
    samples.append(inputs.data(), targets.data(), rows, 1.0 / 255);
  } else {
    samples.append(numbers.data(), targets.data(), rows, 1.0 / 255);
  }
  return samples;
}

void check_same_bits(const Evaluation& a, const Evaluation& b) {
  CHECK((std::memcmp(&a.loss, &b.loss, sizeof a.loss) == 0 || (std::isnan(a.loss) && std::isnan(b.loss))));
  CHECK(a.rows == b.rows);
  CHECK(a.correct == b.correct);
  CHECK(a.confusion == b.confusion);
}

/// The first evaluation reads the inputs, the others lists of them.
template <typename T, typename S>
void check_repeated(const Network<T>& network, const Samples<S>& samples) {
  const Control control;
  const Evaluation first = network.evaluate(samples, 1, control);
  CHECK(first.rows == samples.rows());
  check_same_bits(network.evaluate(samples, 2, control), first);
  check_same_bits(network.evaluate(samples, 1, control), first);
  check_same_bits(network.evaluate(samples, 3, control), first);
  Evaluation accuracy = network.evaluate(samples, 1, control, Scores::accuracy);
  CHECK(accuracy.loss == 0);
  accuracy.loss = first.loss;
  check_same_bits(accuracy, first);
  std::vector<T> outputs(samples.rows() * samples.outputs());
  Control counting;
  check_same_bits(network.predict(samples, 2, counting, outputs.data()), first);
  CHECK(counting.done == samples.rows());
}

double mean_loss(Network<double>& network, const std::vector<double>& parameters, const Samples<double>& samples) {
  network.set_parameters(parameters.data());
  const Control control;
  return network.evaluate(samples, 1, control).loss / static_cast<double>(samples.rows());
}

/// The gradient that one step at rate 1 takes, and the largest deviation from central differences relative to the
/// largest entry.
double gradient_deviation(const NetworkSpec& spec, const Samples<double>& samples) {
  std::vector<double> parameters = initial_parameters(spec, Initialisation::uniform, 7);
  Network<double> network(spec);
  network.set_parameters(parameters.data());
  std::vector<uint32_t> rows(samples.rows());
  for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
  network.step(samples, rows.data(), rows.size(), 1.0);
  std::vector<double> after(parameters.size());
  network.get_parameters(after.data());

  double largest = 0, worst = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const double gradient = parameters[i] - after[i];
    constexpr double h = 1e-5;
    std::vector<double> moved(parameters);
    moved[i] = parameters[i] + h;
    const double up = mean_loss(network, moved, samples);
    moved[i] = parameters[i] - h;
    const double down = mean_loss(network, moved, samples);
    largest = std::max(largest, std::abs(gradient));
    worst = std::max(worst, std::abs(gradient - (up - down) / (2 * h)));
  }
  REQUIRE(largest > 1e-6);  // a gradient of zero would agree with anything
  return worst / largest;
}

}  // namespace

TEST_CASE("analytic gradients agree with central differences") {
  for (const Activation hidden : {Activation::sigmoid, Activation::tanh, Activation::relu, Activation::linear}) {
    for (const Activation output : {Activation::sigmoid, Activation::softmax, Activation::linear}) {
      for (const Loss loss : {Loss::squared_error, Loss::cross_entropy}) {
        if (loss == Loss::cross_entropy && output == Activation::linear) continue;
        for (const double zeros : {0.0, 0.8}) {
          for (const size_t outputs : {size_t{1}, size_t{3}}) {
            if (outputs == 1 && output == Activation::softmax) continue;
            NetworkSpec spec;
            spec.sizes = {9, 7, 5, outputs};
            spec.hidden = hidden;
            spec.output = output;
            spec.loss = loss;
            spec.squared_error_factor = zeros == 0 ? 2 : 1;
            spec.divide_by_outputs = zeros == 0;
            spec.biases = zeros == 0;
            const auto samples = random_samples(11, 9, outputs, zeros, 3);
            CHECK(samples.sparse() == (zeros > 0));
            CAPTURE(static_cast<int>(hidden));
            CAPTURE(static_cast<int>(output));
            CAPTURE(static_cast<int>(loss));
            CAPTURE(outputs);
            CHECK(gradient_deviation(spec, samples) < 1e-6);
          }
        }
      }
    }
  }
}

TEST_CASE("sparse and dense inputs give the same training") {
  NetworkSpec spec;
  spec.sizes = {40, 6, 3};
  const auto parameters = initial_parameters(spec, Initialisation::glorot, 1);
  Random random(5);
  std::vector<double> inputs(30 * 40), targets(30 * 3, 0);
  for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = i % 5 == 0 ? random.normal() : 0;
  for (size_t row = 0; row < 30; ++row) targets[row * 3 + row % 3] = 1;
  Samples<double> sparse(40, 3), dense(40, 3);
  sparse.append(inputs.data(), targets.data(), 30, 1.0);
  // A first chunk full of numbers makes the storage dense; its row is not used.
  std::vector<double> full(40, 1.0), none(3, 0.0);
  dense.append(full.data(), none.data(), 1, 1.0);
  dense.append(inputs.data(), targets.data(), 30, 1.0);
  REQUIRE(sparse.sparse());
  REQUIRE(!dense.sparse());
  Network<double> a(spec), b(spec);
  a.set_parameters(parameters.data());
  b.set_parameters(parameters.data());
  for (uint32_t s = 0; s + 10 <= 30; s += 10) {
    std::vector<uint32_t> rows(10), shifted(10);
    for (uint32_t i = 0; i < 10; ++i) rows[i] = s + i, shifted[i] = s + i + 1;
    a.step(sparse, rows.data(), 10, 0.5);
    b.step(dense, shifted.data(), 10, 0.5);
  }
  std::vector<double> pa(parameters.size()), pb(parameters.size());
  a.get_parameters(pa.data());
  b.get_parameters(pb.data());
  for (size_t i = 0; i < pa.size(); ++i) CHECK(pa[i] == doctest::Approx(pb[i]).epsilon(1e-13));
}

TEST_CASE_TEMPLATE("bytes are trained on as the numbers they stand for, to the bit", T, float, double) {
  for (const size_t columns : {size_t{1}, size_t{16}, size_t{37}, size_t{64}, size_t{130}}) {
    for (const size_t hidden : {size_t{3}, size_t{50}, size_t{141}}) {
      for (const size_t rows : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{200}}) {
        CAPTURE(columns);
        CAPTURE(hidden);
        CAPTURE(rows);
        Random random(columns + rows);
        std::vector<uint8_t> bytes(rows * columns);
        for (auto& byte : bytes) byte = static_cast<uint8_t>(random.uniform() < 0.8 ? 0 : random.below(256));
        if (columns > 1) bytes[0] = 255;
        std::vector<double> targets(rows * 3, 0);
        for (size_t row = 0; row < rows; ++row) targets[row * 3 + random.below(3)] = 1;
        Samples<T> small(columns, 3), wide(columns, 3);
        small.append(bytes.data(), targets.data(), rows, 0.25);
        const std::vector<double> numbers(bytes.begin(), bytes.end());
        wide.append(numbers.data(), targets.data(), rows, 0.25);
        REQUIRE(small.has_bytes());
        REQUIRE(!wide.has_bytes());

        NetworkSpec spec;
        spec.sizes = {columns, hidden, 3};
        const auto parameters = initial_parameters(spec, Initialisation::gaussian, 5);
        std::vector<uint32_t> order(rows);
        for (uint32_t i = 0; i < rows; ++i) order[i] = static_cast<uint32_t>(rows - 1 - i);
        const auto trained = [&](const Samples<T>& samples) {
          Network<T> network(spec);
          network.set_parameters(parameters.data());
          for (int i = 0; i < 3; ++i) network.step(samples, order.data(), rows, T(0.5));
          std::vector<double> after(parameters.size());
          network.get_parameters(after.data());
          return after;
        };
        CHECK(trained(small) == trained(wide));
      }
    }
  }
}

TEST_CASE("a mask holds after every step, and only where it prunes") {
  NetworkSpec spec;
  spec.sizes = {5, 4, 2};
  const auto parameters = initial_parameters(spec, Initialisation::gaussian, 2);
  std::vector<uint8_t> mask(spec.weights(), 1);
  for (size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  Network<double> network(spec);
  network.set_parameters(parameters.data());
  network.set_mask(mask.data());
  const auto samples = random_samples(8, 5, 2, 0, 4);
  const uint32_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<double> now(parameters.size());
  for (int step = 0; step < 3; ++step) {
    network.get_parameters(now.data());
    for (size_t i = 0; i < mask.size(); ++i) CHECK((now[i] == 0) == (mask[i] == 0));
    network.step(samples, rows, 8, 0.3);
  }
}

TEST_CASE("vectorised exp is within two units in the last place") {
  for (double x = -700; x < 700; x += 0.37) {
    const double e = vec_exp(Vec<double>{} + x)[0];
    CHECK(std::abs(e - std::exp(x)) <= 4.5e-16 * std::exp(x));
  }
  for (float x = -86; x < 87; x += 0.171f) {
    const float e = vec_exp(Vec<float>{} + x)[0];
    CHECK(std::abs(e - std::exp(x)) <= 2.5e-7f * std::exp(x));
  }
}

TEST_CASE("evaluation does not depend on the number of threads") {
  NetworkSpec spec;
  spec.sizes = {6, 5, 3};
  Network<double> network(spec);
  network.set_parameters(initial_parameters(spec, Initialisation::he, 9).data());
  const auto samples = random_samples(2000, 6, 3, 0, 8);
  const Control control;
  const Evaluation one = network.evaluate(samples, 1, control), three = network.evaluate(samples, 3, control);
  CHECK(one.loss == three.loss);
  CHECK(one.correct == three.correct);
  CHECK(one.confusion == three.confusion);
}

TEST_CASE("evaluations from kept lists are those from the inputs, bit for bit") {
  for (const size_t columns : {size_t{1}, size_t{7}, size_t{64}, size_t{1030}}) {
    for (const size_t outputs : {size_t{1}, size_t{3}}) {
      NetworkSpec spec;
      spec.sizes = {columns, 21, outputs};
      spec.hidden = columns == 7 ? Activation::relu : Activation::sigmoid;
      const auto parameters = initial_parameters(spec, Initialisation::glorot, columns);
      Network<double> network(spec);
      Network<float> single(spec);
      network.set_parameters(parameters.data());
      single.set_parameters(parameters.data());
      for (const size_t rows : {1, 2, 3, 4, 5, 1023, 1024, 1025, 2051}) {
        for (const bool bytes : {true, false}) {
          CAPTURE(columns);
          CAPTURE(outputs);
          CAPTURE(rows);
          CAPTURE(bytes);
          const auto samples = few_inputs<double>(rows, columns, outputs, bytes, rows);
          check_repeated(network, samples);
          check_repeated(single, samples);
          if (samples.sparse()) CHECK(samples.groups().block(samples, (rows - 1) / InputGroups::kRows) != nullptr);
          check_repeated(single, few_inputs<float>(rows, columns, outputs, bytes, rows));
        }
      }
    }
  }
}

TEST_CASE("a weight that is not finite reaches the same samples in every evaluation") {
  NetworkSpec spec;
  spec.sizes = {40, 5, 3};
  for (const double odd : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), -0.0}) {
    for (const Activation hidden : {Activation::sigmoid, Activation::linear, Activation::relu}) {
      spec.hidden = hidden;
      auto parameters = initial_parameters(spec, Initialisation::glorot, 3);
      for (size_t i = 0; i < parameters.size(); i += 67) parameters[i] = odd;
      Network<double> network(spec);
      network.set_parameters(parameters.data());
      const auto samples = few_inputs<double>(1500, 40, 3, true, 4);
      check_repeated(network, samples);
      // with lists that a finite network has left
      network.set_parameters(initial_parameters(spec, Initialisation::glorot, 5).data());
      check_repeated(network, samples);
      network.set_parameters(parameters.data());
      check_repeated(network, samples);
    }
  }
}

TEST_CASE("lists of inputs hold every non-zero input once, in order, and stay within their memory") {
  const auto samples = few_inputs<double>(3 * InputGroups::kRows, 90, 3, true, 6);
  InputGroups groups(100000);
  const auto* block = groups.block(samples, 1);
  REQUIRE(block != nullptr);
  CHECK(groups.block(samples, 1) == block);
  CHECK(block->bytes() <= 100000);
  std::vector<int> seen(InputGroups::kRows, 0);
  for (size_t g = 0; g < block->groups(); ++g) {
    for (size_t s = 0; s < InputGroups::kGroup; ++s) {
      const size_t row = block->rows[g * InputGroups::kGroup + s];
      ++seen[row];
      std::vector<uint8_t> listed(90, 0);
      for (size_t e = g == 0 ? 0 : block->ends[g - 1]; e < block->ends[g]; ++e) {
        if (e > (g == 0 ? 0 : block->ends[g - 1])) CHECK(block->column[e] > block->column[e - 1]);
        listed[block->column[e]] = block->code[e * InputGroups::kGroup + s];
      }
      CHECK(std::memcmp(listed.data(), samples.bytes(InputGroups::kRows + row), 90) == 0);
    }
  }
  for (const int times : seen) CHECK(times == 1);
  CHECK(groups.block(samples, 0) == nullptr);  // no room
  CHECK(groups.block(samples, 2) == nullptr);
  CHECK(groups.block(samples, 1) == block);

  const auto many = random_samples(1000, 30, 3, 0.8, 7);  // more numbers than codes
  CHECK(InputGroups().block(many, 0) == nullptr);
  NetworkSpec spec;
  spec.sizes = {30, 4, 3};
  Network<double> network(spec);
  network.set_parameters(initial_parameters(spec, Initialisation::he, 9).data());
  check_repeated(network, many);
}

TEST_CASE("several threads may evaluate the same samples while their lists are made") {
  NetworkSpec spec;
  spec.sizes = {50, 8, 4};
  Network<float> network(spec);
  network.set_parameters(initial_parameters(spec, Initialisation::glorot, 1).data());
  const auto samples = few_inputs<double>(5000, 50, 4, false, 2);
  const Control control;
  const Evaluation expected = network.evaluate(samples, 1, control);
  Evaluation found[3];
  std::vector<std::thread> threads;
  for (auto& evaluation : found) {
    threads.emplace_back([&] { evaluation = network.evaluate(samples, 2, control); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& evaluation : found) check_same_bits(evaluation, expected);
}

TEST_CASE("a cancelled evaluation stops, and the next is right") {
  NetworkSpec spec;
  spec.sizes = {50, 8, 4};
  Network<double> network(spec);
  network.set_parameters(initial_parameters(spec, Initialisation::glorot, 1).data());
  const auto samples = few_inputs<double>(3000, 50, 4, true, 2);
  std::vector<double> outputs(samples.rows() * 4);
  Control control, cancelled;
  cancelled.cancelled = true;
  for (int time = 0; time < 3; ++time) CHECK_THROWS_AS(network.evaluate(samples, 2, cancelled), Cancelled);
  CHECK_THROWS_AS(network.predict(samples, 1, cancelled, outputs.data()), Cancelled);
  check_repeated(network, samples);
  check_same_bits(network.evaluate(samples, 1, control),
                  network.evaluate(few_inputs<double>(3000, 50, 4, true, 2), 1, control));
}
