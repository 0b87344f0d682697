#include "shapley_network.h"

#include <algorithm>
#include <cmath>

namespace legcnet {
namespace {

using V = Vec<double>;
constexpr size_t kWidth = kLanes<double>;

/// R outputs of J vectors of lanes.
template <size_t R, size_t J>
inline void product_block(const double* w, const double* bias, size_t in, const double* x, double* y) {
  V sum[R][J];
  for (size_t r = 0; r < R; ++r) {
    for (size_t j = 0; j < J; ++j) sum[r][j] = V{} + (bias ? bias[r] : 0.0);
  }
  for (size_t k = 0; k < in; ++k) {
    for (size_t r = 0; r < R; ++r) {
      const V scale = broadcast(w[r * in + k]);
      for (size_t j = 0; j < J; ++j) sum[r][j] = mul_add(scale, vec_at(x + k * kTile + j * kWidth), sum[r][j]);
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t j = 0; j < J; ++j) vec_at(y + r * kTile + j * kWidth) = sum[r][j];
  }
}

template <size_t J>
inline void product_columns(const double* w, const double* bias, size_t in, size_t out, const double* x, double* y) {
  size_t o = 0;
  for (; o + 4 <= out; o += 4) product_block<4, J>(w + o * in, bias ? bias + o : nullptr, in, x, y + o * kTile);
  for (; o < out; ++o) product_block<1, J>(w + o * in, bias ? bias + o : nullptr, in, x, y + o * kTile);
}

/// Calls body(pointer offset) for every vector of `units` arrays.
template <typename Body>
inline void for_vectors(size_t units, size_t width, Body&& body) {
  for (size_t u = 0; u < units; ++u) {
    for (size_t s = 0; s < width; s += kWidth) body(u * kTile + s);
  }
}

void activate(Activation activation, const double* in, double* out, size_t units, size_t width) {
  switch (activation) {
    case Activation::sigmoid:
      return for_vectors(units, width, [&](size_t i) { vec_at(out + i) = vec_sigmoid(vec_at(in + i)); });
    case Activation::tanh:
      return for_vectors(units, width,
                         [&](size_t i) { vec_at(out + i) = 2.0 * vec_sigmoid(2.0 * vec_at(in + i)) - 1.0; });
    case Activation::relu:
      return for_vectors(units, width, [&](size_t i) {
        const V x = vec_at(in + i);
        vec_at(out + i) = x > 0 ? x : V{};
      });
    case Activation::linear: return for_vectors(units, width, [&](size_t i) { vec_at(out + i) = vec_at(in + i); });
    case Activation::softmax:
      for (size_t s = 0; s < width; s += kWidth) {
        V highest = vec_at(in + s), sum = {};
        for (size_t u = 1; u < units; ++u) {
          const V x = vec_at(in + u * kTile + s);
          highest = x > highest ? x : highest;
        }
        for (size_t u = 0; u < units; ++u) {
          const V e = vec_exp(vec_at(in + u * kTile + s) - highest);
          vec_at(out + u * kTile + s) = e;
          sum += e;
        }
        for (size_t u = 0; u < units; ++u) vec_at(out + u * kTile + s) /= sum;
      }
      return;
  }
}

void differentiate(Activation activation, const double* in, const double* out, double* slope, size_t units,
                   size_t width) {
  switch (activation) {
    case Activation::sigmoid:
      return for_vectors(units, width,
                         [&](size_t i) { vec_at(slope + i) = vec_at(out + i) * (1.0 - vec_at(out + i)); });
    case Activation::tanh:
      return for_vectors(units, width, [&](size_t i) { vec_at(slope + i) = 1.0 - vec_at(out + i) * vec_at(out + i); });
    case Activation::relu:
      return for_vectors(units, width, [&](size_t i) { vec_at(slope + i) = vec_at(in + i) > 0 ? V{} + 1 : V{}; });
    case Activation::linear:
    case Activation::softmax: return for_vectors(units, width, [&](size_t i) { vec_at(slope + i) = V{} + 1; });
  }
}

}  // namespace

void tile_product(const double* w, const double* bias, size_t in, size_t out, const double* x, double* y,
                  size_t width) {
  size_t s = 0;
  for (; s + 4 * kWidth <= width; s += 4 * kWidth) product_columns<4>(w, bias, in, out, x + s, y + s);
  for (; s < width; s += kWidth) product_columns<1>(w, bias, in, out, x + s, y + s);
}

TileNetwork::TileNetwork(const ShapleyProblem& problem) : features_(problem.features()) {
  const NetworkSpec& spec = problem.network;
  const double* weight = problem.parameters.data();
  const double* bias = weight + spec.weights();
  for (size_t l = 0; l < spec.layers(); ++l) {
    const size_t in = spec.sizes[l], out = spec.sizes[l + 1];
    const bool last = l + 1 == spec.layers();
    const Activation activation = !last ? spec.hidden : problem.logits ? Activation::linear : spec.output;
    Layer layer{in, out, activation, {weight, weight + in * out}, AlignedVector<double>(in * out), {}};
    for (size_t o = 0; o < out; ++o) {
      for (size_t i = 0; i < in; ++i) layer.turned[i * out + o] = layer.weight[o * in + i];
    }
    layer.bias.assign(out, 0.0);
    if (spec.biases) std::copy_n(bias, out, layer.bias.begin());
    weight += in * out;
    bias += out;
    layers_.push_back(std::move(layer));
  }
  softmax_ = layers_.back().activation == Activation::softmax;
}

TileNetwork::Work::Work(const TileNetwork& network) {
  for (const auto& layer : network.layers_) {
    for (auto* arrays : {&in, &out, &slope, &delta}) arrays->emplace_back(layer.out * kTile, 0.0);
  }
}

const double* TileNetwork::forward(Work& work, size_t width) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    if (l > 0) {
      tile_product(layer.weight.data(), layer.bias.data(), layer.in, layer.out, work.out[l - 1].data(),
                   work.in[l].data(), width);
    }
    activate(layer.activation, work.in[l].data(), work.out[l].data(), layer.out, width);
  }
  return work.out.back().data();
}

void TileNetwork::derivatives(Work& work, size_t width) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    differentiate(layers_[l].activation, work.in[l].data(), work.out[l].data(), work.slope[l].data(), layers_[l].out,
                  width);
  }
}

void TileNetwork::seed_gradient(Work& work, size_t o, size_t width) const {
  double* delta = work.delta.back().data();
  const double* out = work.out.back().data() + o * kTile;
  const double* slope = work.slope.back().data() + o * kTile;
  for (size_t u = 0; u < outputs(); ++u) {
    const double* other = work.out.back().data() + u * kTile;
    const double own = u == o ? 1 : 0;
    for (size_t s = 0; s < width; ++s) {
      delta[u * kTile + s] = softmax_ ? out[s] * (own - other[s]) : own * slope[s];
    }
  }
}

void TileNetwork::backward(Work& work, size_t width) const {
  for (size_t l = layers_.size() - 1; l > 0; --l) {
    double* below = work.delta[l - 1].data();
    const double* slope = work.slope[l - 1].data();
    tile_product(layers_[l].turned.data(), nullptr, layers_[l].out, layers_[l].in, work.delta[l].data(), below, width);
    for_vectors(layers_[l].in, width, [&](size_t i) { vec_at(below + i) *= vec_at(slope + i); });
  }
}

void TileNetwork::load_rows(const double* rows, size_t count, double* turned, double* first) const {
  std::fill_n(turned, features_ * kTile, 0.0);
  for (size_t s = 0; s < count; ++s) {
    for (size_t j = 0; j < features_; ++j) turned[j * kTile + s] = rows[s * features_ + j];
  }
  tile_product(first_weight(), first_bias(), features_, first_units(), turned, first, padded<double>(count));
}

std::vector<double> TileNetwork::evaluate(const double* inputs, size_t rows, const Control& control) const {
  std::vector<double> result(rows * outputs());
  AlignedVector<double> turned(features_ * kTile);
  Work work(*this);
  for (size_t first = 0; first < rows; first += kTile) {
    control.check();
    const size_t count = std::min(kTile, rows - first);
    load_rows(inputs + first * features_, count, turned.data(), work.in[0].data());
    const double* out = forward(work, padded<double>(count));
    for (size_t s = 0; s < count; ++s) {
      for (size_t o = 0; o < outputs(); ++o) result[(first + s) * outputs() + o] = out[o * kTile + s];
    }
  }
  return result;
}

}  // namespace legcnet
