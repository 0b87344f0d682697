#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "shapley.h"
#include "shapley_network.h"

namespace legcnet {
namespace {

/// The background, a tile of rows at a time: turned [features][kTile] and its first layer [units][kTile].
struct BackgroundTile {
  size_t count;
  AlignedVector<double> turned, first;
};

std::vector<BackgroundTile> load_background(const TileNetwork& network, const ShapleyProblem& problem,
                                            const Control& control) {
  std::vector<BackgroundTile> tiles;
  for (size_t row = 0; row < problem.background_rows; row += kTile) {
    control.check();
    BackgroundTile tile{std::min(kTile, problem.background_rows - row),
                        AlignedVector<double>(network.features() * kTile),
                        AlignedVector<double>(network.first_units() * kTile)};
    network.load_rows(problem.background.data() + row * network.features(), tile.count, tile.turned.data(),
                      tile.first.data());
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

/// Walks orders for one sample.
class Walk {
 public:
  Walk(const TileNetwork& network, const ShapleyProblem& problem, const double* sample)
      : network_(network), rows_(static_cast<double>(problem.background_rows)), sample_(sample), work_(network) {
    const size_t units = network.first_units();
    at_sample_.assign(network.first_bias(), network.first_bias() + units);
    for (size_t h = 0; h < units; ++h) {
      for (size_t j = 0; j < network.features(); ++j) {
        at_sample_[h] += network.first_weight()[h * network.features() + j] * sample[j];
      }
    }
    before_.resize(network.outputs());
    after_.resize(network.outputs());
  }

  /// phi [features, outputs] += half of what each feature changes on joining, the features coming in the order
  /// order[0], order[step], order[2 step], ...
  void add(const std::vector<BackgroundTile>& background, const uint32_t* order, std::ptrdiff_t step, double* phi,
           const Control& control) {
    for (const BackgroundTile& tile : background) {
      std::copy(tile.first.begin(), tile.first.end(), work_.in[0].begin());
      evaluate(tile.count, before_);
      const uint32_t* next = order;
      for (size_t k = 0; k < network_.features(); ++k, next += step) {
        const size_t j = *next;
        if (!join(tile, j)) continue;  // the background has the sample's value: nothing changes
        control.check();
        if (k + 1 == network_.features()) arrive(tile.count);
        evaluate(tile.count, after_);
        for (size_t o = 0; o < network_.outputs(); ++o) {
          phi[j * network_.outputs() + o] += (after_[o] - before_[o]) / (2 * rows_);
        }
        before_.swap(after_);
      }
    }
  }

 private:
  /// Feature j of every row becomes the sample's. False if it already was.
  bool join(const BackgroundTile& tile, size_t j) {
    alignas(64) double change[kTile] = {};
    bool changes = false;
    for (size_t b = 0; b < tile.count; ++b) {
      change[b] = sample_[j] - tile.turned[j * kTile + b];
      changes |= change[b] != 0;
    }
    if (!changes) return false;
    const size_t width = padded<double>(tile.count), units = network_.first_units();
    const double* w = network_.first_by_feature() + j * units;
    double* in = work_.in[0].data();
    for (size_t h = 0; h < units; ++h) {
      for (size_t b = 0; b < width; b += kLanes<double>) vec_at(in + h * kTile + b) += w[h] * vec_at(change + b);
    }
    return true;
  }

  /// All features have joined: the first layer as it is for the sample, without what the steps rounded off.
  void arrive(size_t count) {
    for (size_t h = 0; h < network_.first_units(); ++h) {
      std::fill_n(work_.in[0].data() + h * kTile, count, at_sample_[h]);
    }
  }

  /// Sums of the outputs over the rows.
  void evaluate(size_t count, std::vector<double>& sums) {
    const double* out = network_.forward(work_, padded<double>(count));
    for (size_t o = 0; o < network_.outputs(); ++o) {
      sums[o] = 0;
      for (size_t b = 0; b < count; ++b) sums[o] += out[o * kTile + b];
    }
  }

  const TileNetwork& network_;
  double rows_;
  const double* sample_;
  TileNetwork::Work work_;
  std::vector<double> at_sample_, before_, after_;
};

}  // namespace

ShapleyResult permutation_shapley(const ShapleyProblem& problem, const std::vector<uint32_t>& orders, int threads,
                                  Control& control) {
  const TileNetwork network(problem);
  const size_t features = network.features(), outputs = network.outputs(), size = features * outputs;
  const size_t count = orders.size() / features;
  const auto background = load_background(network, problem, control);

  ShapleyResult result;
  result.base.assign(outputs, 0.0);
  const auto reference = network.evaluate(problem.background.data(), problem.background_rows, control);
  for (size_t i = 0; i < reference.size(); ++i) {
    result.base[i % outputs] += reference[i] / static_cast<double>(problem.background_rows);
  }
  result.outputs = network.evaluate(problem.samples.data(), problem.sample_rows, control);
  result.values.resize(problem.sample_rows * size);
  result.standard_error.resize(problem.sample_rows * size);
  control.total = problem.sample_rows * count;

  std::vector<double> each(count * size);
  for (size_t s = 0; s < problem.sample_rows; ++s) {
    std::fill(each.begin(), each.end(), 0.0);
    parallel_for(count, threads, control, [&](size_t i) {
      Walk walk(network, problem, problem.samples.data() + s * features);
      const uint32_t* order = orders.data() + i * features;
      walk.add(background, order, 1, each.data() + i * size, control);
      walk.add(background, order + features - 1, -1, each.data() + i * size, control);
      ++control.done;
    });
    for (size_t k = 0; k < size; ++k) {
      double mean = 0, squares = 0;
      for (size_t i = 0; i < count; ++i) mean += each[i * size + k];
      mean /= static_cast<double>(count);
      for (size_t i = 0; i < count; ++i) squares += (each[i * size + k] - mean) * (each[i * size + k] - mean);
      result.values[s * size + k] = mean;
      const double degrees = static_cast<double>(count) * static_cast<double>(count - 1);
      result.standard_error[s * size + k] = count > 1 ? std::sqrt(squares / degrees) : 0;
    }
  }
  return result;
}

}  // namespace legcnet
