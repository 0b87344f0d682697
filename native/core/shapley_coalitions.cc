#include "shapley_coalitions.h"

#include <algorithm>

#include "parallel.h"
#include "shapley_network.h"

namespace legcnet {
namespace {

/// Samples that share what a block computes of the background.
constexpr size_t kSampleGroup = 16;
/// Numbers held of the background's first layer: fits a second-level cache.
constexpr size_t kBackgroundEntries = size_t(1) << 17;
/// Numbers held of all values.
constexpr size_t kValueEntries = size_t(1) << 23;

size_t blocks_of(size_t n, size_t size) { return (n + size - 1) / size; }

/// w [units, features] times each feature of the row.
void scale_weights(const TileNetwork& network, const double* row, double* scaled) {
  const double* w = network.first_weight();
  for (size_t h = 0; h < network.first_units(); ++h) {
    for (size_t j = 0; j < network.features(); ++j, ++w, ++scaled) *scaled = *w * row[j];
  }
}

/// One tile of coalitions for one group of samples. The first layer is linear: what the sample's features give and
/// what the background's give are computed once each and added for every pair.
class Block {
 public:
  Block(const TileNetwork& network, const ShapleyProblem& problem, const Coalitions& coalitions, size_t first)
      : network_(network),
        problem_(problem),
        count_(std::min(kTile, coalitions.count - first)),
        width_(padded<double>(count_)),
        units_(network.first_units()),
        present_(network.features() * kTile),
        absent_(network.features() * kTile),
        scaled_(units_ * network.features()),
        own_(units_ * kTile),
        work_(network) {
    const size_t features = network.features();
    for (size_t c = 0; c < count_; ++c) {
      const uint8_t* member = coalitions.member.data() + (first + c) * features;
      for (size_t j = 0; j < features; ++j) {
        present_[j * kTile + c] = member[j];
        absent_[j * kTile + c] = 1 - member[j];
      }
    }
  }

  size_t count() const { return count_; }

  /// sums [samples][outputs][kTile] += over the background, in order.
  void add(size_t first_sample, size_t samples, double* sums, const Control& control) {
    const size_t tiles = std::clamp<size_t>(kBackgroundEntries / (units_ * kTile), 1, problem_.background_rows);
    background_.resize(tiles * units_ * kTile);
    for (size_t first = 0; first < problem_.background_rows; first += tiles) {
      const size_t rows = std::min(tiles, problem_.background_rows - first);
      for (size_t b = 0; b < rows; ++b) {
        control.check();
        first_layer(problem_.background.data() + (first + b) * network_.features(), absent_.data(),
                    network_.first_bias(), background_.data() + b * units_ * kTile);
      }
      for (size_t s = 0; s < samples; ++s) {
        first_layer(problem_.samples.data() + (first_sample + s) * network_.features(), present_.data(), nullptr,
                    own_.data());
        for (size_t b = 0; b < rows; ++b) {
          control.check();
          add_pair(background_.data() + b * units_ * kTile, sums + s * network_.outputs() * kTile);
        }
      }
    }
  }

 private:
  void first_layer(const double* row, const double* members, const double* bias, double* out) {
    scale_weights(network_, row, scaled_.data());
    tile_product(scaled_.data(), bias, network_.features(), units_, members, out, width_);
  }

  void add_pair(const double* rest, double* sum) {
    double* in = work_.in[0].data();
    for (size_t h = 0; h < units_; ++h) {
      for (size_t i = h * kTile; i < h * kTile + width_; i += kLanes<double>) {
        vec_at(in + i) = vec_at(own_.data() + i) + vec_at(rest + i);
      }
    }
    const double* out = network_.forward(work_, width_);
    for (size_t o = 0; o < network_.outputs(); ++o) {
      for (size_t i = o * kTile; i < o * kTile + width_; i += kLanes<double>) vec_at(sum + i) += vec_at(out + i);
    }
  }

  const TileNetwork& network_;
  const ShapleyProblem& problem_;
  size_t count_, width_, units_;
  AlignedVector<double> present_, absent_, scaled_, own_, background_;
  TileNetwork::Work work_;
};

}  // namespace

size_t coalition_blocks(const Coalitions& coalitions, size_t samples) {
  return blocks_of(coalitions.count, kTile) * blocks_of(samples, kSampleGroup);
}

size_t samples_at_a_time(const ShapleyProblem& problem, const Coalitions& coalitions) {
  return std::max<size_t>(1, kValueEntries / (coalitions.count * problem.outputs()));
}

std::vector<double> coalition_values(const ShapleyProblem& problem, const Coalitions& coalitions, size_t first,
                                     size_t count, int threads, Control& control) {
  const TileNetwork network(problem);
  const size_t outputs = network.outputs(), tiles = blocks_of(coalitions.count, kTile);
  std::vector<double> values(count * coalitions.count * outputs);
  parallel_for(coalition_blocks(coalitions, count), threads, control, [&](size_t block) {
    const size_t first_coalition = block % tiles * kTile, first_sample = block / tiles * kSampleGroup;
    const size_t samples = std::min(kSampleGroup, count - first_sample);
    Block tile(network, problem, coalitions, first_coalition);
    AlignedVector<double> sums(samples * outputs * kTile, 0.0);
    tile.add(first + first_sample, samples, sums.data(), control);
    for (size_t s = 0; s < samples; ++s) {
      for (size_t c = 0; c < tile.count(); ++c) {
        double* v = values.data() + ((first_sample + s) * coalitions.count + first_coalition + c) * outputs;
        for (size_t o = 0; o < outputs; ++o) {
          v[o] = sums[(s * outputs + o) * kTile + c] / static_cast<double>(problem.background_rows);
        }
      }
    }
    ++control.done;
  });
  return values;
}

}  // namespace legcnet
