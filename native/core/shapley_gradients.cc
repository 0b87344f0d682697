// Expected gradients and DeepLIFT's rules: both send something down from each output to the first layer, for every
// sample and background row, and differ in what.
#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "shapley.h"
#include "shapley_network.h"

namespace legcnet {
namespace {

/// Background rows in one block of work.
constexpr size_t kRowGroup = 8;
/// Samples whose blocks' sums are held at a time.
constexpr size_t kSampleGroup = 16;
/// Below this change of an activation's input its gradient stands for the quotient.
constexpr double kLeastChange = 1e-6;

/// First layers [rows, units] of inputs [rows, features].
std::vector<double> first_layers(const TileNetwork& network, const std::vector<double>& inputs, size_t rows,
                                 const Control& control) {
  const size_t units = network.first_units();
  std::vector<double> result(rows * units);
  AlignedVector<double> turned(network.features() * kTile), first(units * kTile);
  for (size_t row = 0; row < rows; row += kTile) {
    control.check();
    const size_t count = std::min(kTile, rows - row);
    network.load_rows(inputs.data() + row * network.features(), count, turned.data(), first.data());
    for (size_t s = 0; s < count; ++s) {
      for (size_t h = 0; h < units; ++h) result[(row + s) * units + h] = first[h * kTile + s];
    }
  }
  return result;
}

/// sums [outputs, features] += (x - b) W1' delta, delta [outputs, units] being derivatives by the first layer.
void spread(const TileNetwork& network, const double* sample, const double* row, const double* delta,
            std::vector<double>& gradient, double* sums) {
  const size_t features = network.features(), units = network.first_units();
  for (size_t o = 0; o < network.outputs(); ++o, delta += units, sums += features) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (size_t h = 0; h < units; ++h) {
      const double* w = network.first_weight() + h * features;
      for (size_t j = 0; j < features; ++j) gradient[j] += delta[h] * w[j];
    }
    for (size_t j = 0; j < features; ++j) sums[j] += (sample[j] - row[j]) * gradient[j];
  }
}

/// delta [outputs, units]: mean gradient over the midpoints of the line between two first layers, which is a line too.
class PathGradient {
 public:
  PathGradient(const TileNetwork& network, size_t steps) : network_(network), steps_(steps), work_(network) {}

  void compute(const double* from, const double* to, double* delta, const Control& control) {
    const size_t units = network_.first_units();
    std::fill_n(delta, network_.outputs() * units, 0.0);
    for (size_t first = 0; first < steps_; first += kTile) {
      control.check();
      const size_t count = std::min(kTile, steps_ - first), width = padded<double>(count);
      for (size_t h = 0; h < units; ++h) {
        for (size_t s = 0; s < width; ++s) {
          const double along = (static_cast<double>(first + s) + 0.5) / static_cast<double>(steps_);
          work_.in[0][h * kTile + s] = from[h] + along * (to[h] - from[h]);
        }
      }
      network_.forward(work_, width);
      network_.derivatives(work_, width);
      for (size_t o = 0; o < network_.outputs(); ++o) {
        network_.seed_gradient(work_, o, width);
        network_.backward(work_, width);
        for (size_t h = 0; h < units; ++h) {
          double sum = 0;
          for (size_t s = 0; s < count; ++s) sum += work_.delta[0][h * kTile + s];
          delta[o * units + h] += sum / static_cast<double>(steps_);
        }
      }
    }
  }

 private:
  const TileNetwork& network_;
  size_t steps_;
  TileNetwork::Work work_;
};

/// delta [rows][outputs, units]: multipliers between one first layer and those of up to kRowGroup rows.
class Rescale {
 public:
  explicit Rescale(const TileNetwork& network) : network_(network), rows_(network), sample_(network) {}

  void compute(const double* from, size_t count, const double* to, double* delta) {
    const size_t units = network_.first_units(), outputs = network_.outputs(), width = padded<double>(count);
    for (size_t h = 0; h < units; ++h) {
      for (size_t s = 0; s < width; ++s) {
        rows_.in[0][h * kTile + s] = from[std::min(s, count - 1) * units + h];
        sample_.in[0][h * kTile + s] = to[h];
      }
    }
    network_.forward(rows_, width);
    network_.forward(sample_, width);
    network_.derivatives(sample_, width);
    small_.assign(outputs * kTile, 0);
    for (size_t l = 0; l < sample_.slope.size(); ++l) {
      const bool last = l + 1 == sample_.slope.size();
      for (size_t i = 0; i < sample_.slope[l].size(); ++i) {
        const double change = sample_.in[l][i] - rows_.in[l][i];
        const bool small = std::abs(change) < kLeastChange;
        if (!small) sample_.slope[l][i] = (sample_.out[l][i] - rows_.out[l][i]) / change;
        if (last) small_[i] = small;
      }
    }
    for (size_t o = 0; o < outputs; ++o) {
      seed(o, width);
      network_.backward(sample_, width);
      for (size_t s = 0; s < count; ++s) {
        for (size_t h = 0; h < units; ++h) delta[(s * outputs + o) * units + h] = sample_.delta[0][h * kTile + s];
      }
    }
  }

 private:
  /// Only output o passes anything on, but for the gradient of softmax where the quotient is not to be had.
  void seed(size_t o, size_t width) {
    if (network_.softmax()) {
      network_.seed_gradient(sample_, o, width);
    } else {
      std::fill(sample_.delta.back().begin(), sample_.delta.back().end(), 0.0);
    }
    for (size_t u = 0; u < network_.outputs(); ++u) {
      for (size_t i = u * kTile; i < u * kTile + width; ++i) {
        if (network_.softmax() && small_[i]) continue;
        sample_.delta.back()[i] = u == o ? sample_.slope.back()[i] : 0;
      }
    }
  }

  const TileNetwork& network_;
  TileNetwork::Work rows_, sample_;
  std::vector<uint8_t> small_;
};

/// `make()` gives a thread's own state; `deltas(state, rows' first layers, rows, sample's first layer, delta)` fills
/// delta [rows][outputs, units].
template <typename Make, typename Deltas>
ShapleyResult explain(const ShapleyProblem& problem, const TileNetwork& network, int threads, Control& control,
                      Make&& make, Deltas&& deltas) {
  const size_t features = network.features(), outputs = network.outputs(), units = network.first_units();
  const size_t rows = problem.background_rows, samples = problem.sample_rows;
  const auto of_rows = first_layers(network, problem.background, rows, control);
  const auto of_samples = first_layers(network, problem.samples, samples, control);

  ShapleyResult result;
  result.base.assign(outputs, 0.0);
  const auto reference = network.evaluate(problem.background.data(), rows, control);
  for (size_t i = 0; i < reference.size(); ++i) result.base[i % outputs] += reference[i] / static_cast<double>(rows);
  result.outputs = network.evaluate(problem.samples.data(), samples, control);
  result.values.assign(samples * features * outputs, 0.0);

  const size_t groups = (rows + kRowGroup - 1) / kRowGroup;
  control.total = samples * groups;
  std::vector<std::vector<double>> sums(std::min(samples, kSampleGroup) * groups);
  for (size_t first = 0; first < samples; first += kSampleGroup) {
    const size_t count = std::min(kSampleGroup, samples - first);
    parallel_for(count * groups, threads, control, [&](size_t block) {
      const size_t s = first + block / groups, row = block % groups * kRowGroup;
      const size_t members = std::min(kRowGroup, rows - row);
      auto state = make();
      std::vector<double> delta(members * outputs * units), gradient(features);
      deltas(state, of_rows.data() + row * units, members, of_samples.data() + s * units, delta.data());
      sums[block].assign(outputs * features, 0.0);
      for (size_t b = 0; b < members; ++b) {
        control.check();
        spread(network, problem.samples.data() + s * features, problem.background.data() + (row + b) * features,
               delta.data() + b * outputs * units, gradient, sums[block].data());
      }
      ++control.done;
    });
    for (size_t block = 0; block < count * groups; ++block) {
      double* values = result.values.data() + (first + block / groups) * features * outputs;
      for (size_t o = 0; o < outputs; ++o) {
        for (size_t j = 0; j < features; ++j) {
          values[j * outputs + o] += sums[block][o * features + j] / static_cast<double>(rows);
        }
      }
    }
  }
  return result;
}

}  // namespace

ShapleyResult expected_gradients(const ShapleyProblem& problem, size_t steps, int threads, Control& control) {
  const TileNetwork network(problem);
  const size_t units = network.first_units(), size = network.outputs() * units;
  return explain(
      problem, network, threads, control, [&] { return PathGradient(network, steps); },
      [&](PathGradient& path, const double* from, size_t rows, const double* to, double* delta) {
        for (size_t b = 0; b < rows; ++b) path.compute(from + b * units, to, delta + b * size, control);
      });
}

ShapleyResult deep_shapley(const ShapleyProblem& problem, int threads, Control& control) {
  const TileNetwork network(problem);
  return explain(
      problem, network, threads, control, [&] { return Rescale(network); },
      [&](Rescale& rescale, const double* from, size_t rows, const double* to, double* delta) {
        rescale.compute(from, rows, to, delta);
      });
}

}  // namespace legcnet
