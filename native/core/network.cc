#include "network.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "layer_kernels.h"
#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

constexpr size_t kEvaluationBlock = 256;  // rows a block: fixed, so that sums do not depend on the number of threads

constexpr size_t kTransposeFrom = 8;  // samples in a batch from which the backward pass transposes the weights

template <typename T>
void activate(Activation activation, T* z, size_t stride, size_t outputs, size_t count) {
  const size_t total = count * stride;
  switch (activation) {
    case Activation::sigmoid:
      for (size_t i = 0; i < total; i += kLanes<T>) vec_at(z + i) = T(1) / (T(1) + vec_exp(-vec_at(z + i)));
      return;
    case Activation::tanh:
      for (size_t i = 0; i < total; ++i) z[i] = std::tanh(z[i]);
      return;
    case Activation::relu:
      for (size_t i = 0; i < total; ++i) z[i] = z[i] < T(0) ? T(0) : z[i];
      return;
    case Activation::linear: return;
    case Activation::softmax:
      for (size_t s = 0; s < count; ++s) {
        T* row = z + s * stride;
        const T top = *std::max_element(row, row + outputs);
        for (size_t j = 0; j < stride; j += kLanes<T>) vec_at(row + j) = vec_exp(vec_at(row + j) - top);
        T sum = 0;
        for (size_t j = 0; j < outputs; ++j) sum += row[j];
        for (size_t j = 0; j < outputs; ++j) row[j] /= sum;
      }
      return;
  }
}

/// delta *= f'(z), with f' written in terms of a = f(z).
template <typename T>
void multiply_by_derivative(Activation activation, const T* a, T* delta, size_t total) {
  switch (activation) {
    case Activation::sigmoid:
      for (size_t i = 0; i < total; i += kLanes<T>) vec_at(delta + i) *= vec_at(a + i) * (T(1) - vec_at(a + i));
      return;
    case Activation::tanh:
      for (size_t i = 0; i < total; i += kLanes<T>) vec_at(delta + i) *= T(1) - vec_at(a + i) * vec_at(a + i);
      return;
    case Activation::relu:
      for (size_t i = 0; i < total; ++i) delta[i] = a[i] > T(0) ? delta[i] : T(0);
      return;
    case Activation::linear:
    case Activation::softmax:  // output layers only: see output_delta
      return;
  }
}

}  // namespace

size_t NetworkSpec::weights() const {
  size_t n = 0;
  for (size_t l = 0; l < layers(); ++l) n += sizes[l] * sizes[l + 1];
  return n;
}

size_t NetworkSpec::parameters() const {
  size_t n = weights();
  if (biases) {
    for (size_t l = 0; l < layers(); ++l) n += sizes[l + 1];
  }
  return n;
}

size_t class_count(const NetworkSpec& spec) { return std::max<size_t>(2, spec.sizes.back()); }

std::vector<double> initial_parameters(const NetworkSpec& spec, Initialisation method, uint64_t seed) {
  std::vector<double> parameters;
  parameters.reserve(spec.parameters());
  Random random(seed, 0);
  const auto draw = [&](size_t in, size_t out, bool bias) -> double {
    const auto fan_in = static_cast<double>(in);
    switch (method) {
      case Initialisation::gaussian: return 0.1 * random.normal();
      case Initialisation::uniform: return (2 * random.uniform() - 1) / std::sqrt(fan_in);
      case Initialisation::glorot:
        return bias ? 0 : (2 * random.uniform() - 1) * std::sqrt(6 / (fan_in + static_cast<double>(out)));
      case Initialisation::he: return bias ? 0 : random.normal() * std::sqrt(2 / fan_in);
    }
    return 0;
  };
  for (size_t l = 0; l < spec.layers(); ++l) {
    const size_t in = spec.sizes[l], out = spec.sizes[l + 1];
    for (size_t i = 0; i < in * out; ++i) parameters.push_back(draw(in, out, false));
  }
  if (spec.biases) {
    for (size_t l = 0; l < spec.layers(); ++l) {
      for (size_t o = 0; o < spec.sizes[l + 1]; ++o) parameters.push_back(draw(spec.sizes[l], spec.sizes[l + 1], true));
    }
  }
  return parameters;
}

template <typename T>
Network<T>::Network(const NetworkSpec& spec) : spec_(spec) {
  for (size_t l = 0; l < spec.layers(); ++l) {
    Layer layer{spec.sizes[l], spec.sizes[l + 1], padded<T>(spec.sizes[l + 1]), {}, {}, {}};
    layer.weight.assign(layer.in * layer.stride, T(0));
    layer.bias.assign(layer.stride, T(0));
    layers_.push_back(std::move(layer));
  }
}

template <typename T>
void Network<T>::set_parameters(const double* parameters) {
  for (auto& layer : layers_) {
    for (size_t o = 0; o < layer.out; ++o) {
      for (size_t i = 0; i < layer.in; ++i) layer.weight[i * layer.stride + o] = static_cast<T>(*parameters++);
    }
  }
  if (spec_.biases) {
    for (auto& layer : layers_) {
      for (size_t o = 0; o < layer.out; ++o) layer.bias[o] = static_cast<T>(*parameters++);
    }
  }
}

template <typename T>
void Network<T>::get_parameters(double* parameters) const {
  for (const auto& layer : layers_) {
    for (size_t o = 0; o < layer.out; ++o) {
      for (size_t i = 0; i < layer.in; ++i) *parameters++ = static_cast<double>(layer.weight[i * layer.stride + o]);
    }
  }
  if (spec_.biases) {
    for (const auto& layer : layers_) {
      for (size_t o = 0; o < layer.out; ++o) *parameters++ = static_cast<double>(layer.bias[o]);
    }
  }
}

template <typename T>
void Network<T>::set_mask(const uint8_t* mask) {
  for (auto& layer : layers_) {
    layer.mask.assign(layer.in * layer.stride, T(1));
    for (size_t o = 0; o < layer.out; ++o) {
      for (size_t i = 0; i < layer.in; ++i) {
        const bool kept = *mask++ != 0;
        layer.mask[i * layer.stride + o] = kept ? T(1) : T(0);
        if (!kept) layer.weight[i * layer.stride + o] = T(0);
      }
    }
  }
}

template <typename T>
void Network<T>::pack_weights(T* out) const {
  for (const auto& layer : layers_) {
    for (size_t i = 0; i < layer.in; ++i, out += layer.out) {
      std::copy_n(layer.weight.data() + i * layer.stride, layer.out, out);
    }
  }
}

template <typename T>
void Network<T>::Workspace::fit(const std::vector<Layer>& layers, size_t batch, bool backward) {
  output.resize(layers.size());
  delta.resize(layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    const size_t size = batch * layers[l].stride;
    if (output[l].size() < size) output[l].assign(size, T(0));
    if (backward && delta[l].size() < size) delta[l].assign(size, T(0));
  }
}

template <typename T>
void Network<T>::forward(const Samples<T>& samples, const uint32_t* rows, size_t count, Workspace& work) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    T* z = work.output[l].data();
    const T* w = layer.weight.data();
    const T* b = layer.bias.data();
    if (l > 0) {
      const size_t below = layers_[l - 1].stride;
      kernels::forward_dense(work.output[l - 1].data(), below, count, layer.in, w, layer.stride, b, z);
    } else if (samples.sparse()) {
      for (size_t s = 0; s < count; ++s) {
        const size_t begin = samples.begin(rows[s]), entries = samples.end(rows[s]) - begin;
        kernels::forward_sparse(samples.column() + begin, samples.value() + begin, entries, w, layer.stride, b,
                                z + s * layer.stride);
      }
    } else {
      for (size_t s = 0; s < count; ++s) {  // rows lie scattered: one at a time
        kernels::forward_dense(samples.dense_row(rows[s]), 0, 1, layer.in, w, layer.stride, b, z + s * layer.stride);
      }
    }
    activate(l + 1 == layers_.size() ? spec_.output : spec_.hidden, z, layer.stride, layer.out, count);
  }
}

template <typename T>
void Network<T>::output_delta(const Samples<T>& samples, const uint32_t* rows, size_t count, Workspace& work) const {
  const Layer& layer = layers_.back();
  const size_t outputs = layer.out;
  const T factor = static_cast<T>(spec_.squared_error_factor);
  const T divisor = spec_.divide_by_outputs ? static_cast<T>(outputs) : T(1);
  for (size_t s = 0; s < count; ++s) {
    const T* a = work.output.back().data() + s * layer.stride;
    const T* y = samples.target(rows[s]);
    T* d = work.delta.back().data() + s * layer.stride;
    if (spec_.loss == Loss::cross_entropy) {
      T mass = 1;  // softmax: the targets' sum, 1 for a class
      if (spec_.output == Activation::softmax) {
        mass = 0;
        for (size_t j = 0; j < outputs; ++j) mass += y[j];
      }
      for (size_t j = 0; j < outputs; ++j) d[j] = a[j] * mass - y[j];
      continue;
    }
    for (size_t j = 0; j < outputs; ++j) d[j] = factor * (a[j] - y[j]) / divisor;
    if (spec_.output == Activation::softmax) {
      T dot = 0;
      for (size_t j = 0; j < outputs; ++j) dot += d[j] * a[j];
      for (size_t j = 0; j < outputs; ++j) d[j] = a[j] * (d[j] - dot);
    } else if (spec_.output == Activation::sigmoid) {
      for (size_t j = 0; j < outputs; ++j) d[j] *= a[j] * (T(1) - a[j]);
    }
  }
}

template <typename T>
void Network<T>::step(const Samples<T>& samples, const uint32_t* rows, size_t count, T rate) {
  work_.fit(layers_, count, true);
  forward(samples, rows, count, work_);
  output_delta(samples, rows, count, work_);
  for (size_t l = layers_.size() - 1; l > 0; --l) {
    const Layer& layer = layers_[l];
    const Layer& below = layers_[l - 1];
    T* delta = work_.delta[l - 1].data();
    const T* above = work_.delta[l].data();
    const T* w = layer.weight.data();
    if (count < kTransposeFrom) {
      kernels::backward_dots(above, layer.stride, count, w, layer.in, delta, below.stride);
    } else {
      work_.transposed.resize((layer.out + 1) * below.stride);
      kernels::backward_transposed(above, layer.stride, count, w, layer.in, layer.out, delta, below.stride,
                                   work_.transposed.data());
    }
    multiply_by_derivative(spec_.hidden, work_.output[l - 1].data(), delta, count * below.stride);
  }
  const T scale = rate / static_cast<T>(count);
  for (size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const T* delta = work_.delta[l].data();
    T* w = layer.weight.data();
    if (l > 0) {
      kernels::update_dense(work_.output[l - 1].data(), layers_[l - 1].stride, delta, layer.stride, count, layer.in,
                            scale, w);
    } else {
      for (size_t s = 0; s < count; ++s) {
        const T* d = delta + s * layer.stride;
        if (samples.sparse()) {
          const size_t begin = samples.begin(rows[s]), entries = samples.end(rows[s]) - begin;
          kernels::update_sparse(samples.column() + begin, samples.value() + begin, entries, d, layer.stride, scale, w);
        } else {
          kernels::update_dense(samples.dense_row(rows[s]), 0, d, layer.stride, 1, layer.in, scale, w);
        }
      }
    }
    if (spec_.biases) {
      T* b = layer.bias.data();
      for (size_t s = 0; s < count; ++s) {
        const T* d = delta + s * layer.stride;
        for (size_t j = 0; j < layer.stride; j += kLanes<T>) vec_at(b + j) -= scale * vec_at(d + j);
      }
    }
    for (size_t i = 0; i < layer.mask.size(); i += kLanes<T>) vec_at(w + i) *= vec_at(layer.mask.data() + i);
  }
}

template <typename T>
void Network<T>::predict(const Samples<T>& samples, size_t first, size_t count, T* outputs) const {
  Workspace work;
  work.fit(layers_, count, false);
  std::vector<uint32_t> rows(count);
  for (size_t s = 0; s < count; ++s) rows[s] = static_cast<uint32_t>(first + s);
  forward(samples, rows.data(), count, work);
  const Layer& last = layers_.back();
  for (size_t s = 0; s < count; ++s) {
    std::copy_n(work.output.back().data() + s * last.stride, last.out, outputs + s * last.out);
  }
}

template <typename T>
double Network<T>::sample_loss(const T* a, const T* y) const {
  const size_t outputs = layers_.back().out;
  double sum = 0;
  if (spec_.loss == Loss::squared_error) {
    for (size_t j = 0; j < outputs; ++j) {
      const double e = static_cast<double>(a[j]) - static_cast<double>(y[j]);
      sum += e * e;
    }
    return spec_.squared_error_factor / 2 * sum / (spec_.divide_by_outputs ? static_cast<double>(outputs) : 1);
  }
  constexpr double tiny = std::numeric_limits<double>::min();  // a saturated output costs 708 nats, not infinity
  for (size_t j = 0; j < outputs; ++j) {
    const double p = a[j], t = y[j];
    if (p != p) return p;
    if (t != 0) sum -= t * std::log(std::max(p, tiny));
    if (spec_.output == Activation::sigmoid && t != 1) sum -= (1 - t) * std::log(std::max(1 - p, tiny));
  }
  return sum;
}

template <typename T>
bool Network<T>::is_correct(const T* a, const T* y) const {
  const size_t outputs = layers_.back().out;
  if (spec_.rule == AccuracyRule::exact_match) {
    for (size_t j = 0; j < outputs; ++j) {
      if (std::floor(a[j] + T(0.5)) != y[j]) return false;
    }
    return true;
  }
  if (outputs == 1) return (a[0] >= T(0.5)) == (y[0] > T(0.5));
  return std::max_element(a, a + outputs) - a == std::max_element(y, y + outputs) - y;
}

template <typename T>
Evaluation Network<T>::evaluate(const Samples<T>& samples, int threads, const Control& control) const {
  const size_t classes = class_count(spec_);
  const size_t outputs = layers_.back().out;
  const size_t blocks = (samples.rows() + kEvaluationBlock - 1) / kEvaluationBlock;
  std::vector<Evaluation> partial(blocks);
  parallel_for(blocks, threads, control, [&](size_t block) {
    thread_local std::vector<T> a;
    const size_t first = block * kEvaluationBlock;
    const size_t count = std::min(kEvaluationBlock, samples.rows() - first);
    a.resize(count * outputs);
    predict(samples, first, count, a.data());
    Evaluation& sum = partial[block];
    sum.confusion.assign(classes * classes, 0);
    for (size_t s = 0; s < count; ++s) {
      const T* output = a.data() + s * outputs;
      const T* target = samples.target(first + s);
      sum.loss += sample_loss(output, target);
      sum.correct += is_correct(output, target) ? 1 : 0;
      const size_t predicted = outputs == 1 ? (output[0] >= T(0.5) ? 1 : 0)
                                            : static_cast<size_t>(std::max_element(output, output + outputs) - output);
      ++sum.confusion[samples.label(first + s) * classes + predicted];
    }
  });
  Evaluation total;
  total.rows = samples.rows();
  total.confusion.assign(classes * classes, 0);
  for (const auto& part : partial) {
    total.loss += part.loss;
    total.correct += part.correct;
    for (size_t i = 0; i < classes * classes; ++i) total.confusion[i] += part.confusion[i];
  }
  return total;
}

template class Network<float>;
template class Network<double>;

}  // namespace legcnet
