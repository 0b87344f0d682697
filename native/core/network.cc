#include "network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "layer_kernels.h"
#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

constexpr size_t kEvaluationBlock = InputGroups::kRows;  // fixed, so that sums do not depend on the number of threads
constexpr size_t kForwardRows = 256;                     // rows forwarded at a time
constexpr size_t kForwardGroups = 16;                    // groups of rows forwarded at a time

constexpr size_t kMostGathered = size_t{1} << 14;  // weights that are gathered before they are streamed

constexpr size_t kTransposeFrom = 8;  // samples in a batch from which the backward pass transposes the weights

template <typename T>
void activate(Activation activation, T* z, size_t stride, size_t outputs, size_t count) {
  const size_t total = count * stride;
  switch (activation) {
    case Activation::sigmoid:
      for (size_t i = 0; i < total; i += kLanes<T>) vec_at(z + i) = vec_sigmoid(vec_at(z + i));
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
        T top = row[0];
        for (size_t j = 1; j < outputs; ++j) top = row[j] > top ? row[j] : top;
        for (size_t j = 0; j < stride; j += kLanes<T>) vec_at(row + j) = vec_exp(vec_at(row + j) - top);
        T sum = 0;
        for (size_t j = 0; j < outputs; ++j) sum += row[j];
        for (size_t j = 0; j < stride; j += kLanes<T>) vec_at(row + j) /= broadcast(sum);
      }
      return;
  }
}

/// Calls visit(rows) for rows first .. first + count - 1, at most kForwardRows at a time, those of a class together.
/// Losses are summed in this order.
template <typename S, typename Visit>
void by_class(const Samples<S>& samples, size_t first, size_t count, const Visit& visit) {
  std::vector<uint32_t> in_order, rows;
  for (const size_t end = first + count; first < end; first += kForwardRows) {
    in_order.resize(std::min(kForwardRows, end - first));
    std::iota(in_order.begin(), in_order.end(), static_cast<uint32_t>(first));
    samples.by_class(in_order.data(), in_order.size(), rows);
    visit(rows);
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
  size_t offset = 0;
  for (size_t l = 0; l < spec.layers(); ++l) {
    Layer layer{spec.sizes[l], spec.sizes[l + 1], padded<T>(spec.sizes[l + 1]), {}, {}, {}, {}, offset};
    layer.weight.assign(layer.in * layer.stride, T(0));
    layer.bias.assign(layer.stride, T(0));
    offset += layer.in * layer.out;
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
  parameters_changed();
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
template <typename S>
void Network<T>::copy_parameters(const Network<S>& from) {
  for (size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const auto& source = from.layers_[l];
    for (size_t i = 0; i < layer.in; ++i) {
      std::copy_n(source.weight.data() + i * source.stride, layer.out, layer.weight.data() + i * layer.stride);
    }
    std::copy_n(source.bias.data(), layer.out, layer.bias.data());
  }
  parameters_changed();
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
  parameters_changed();
}

template <typename T>
template <typename S>
void Network<T>::select(const Samples<S>& samples, const uint32_t* rows, size_t count, InputBatch<T>& batch) const {
  // One pair meets each row of weights once: nothing to be gained from cutting its list.
  const size_t chunk = count > 2 ? kernels::chunk_columns<T>(layers_[0].stride) : layers_[0].in;
  batch.select(samples, rows, count, chunk);
}

template <typename T>
void Network<T>::fit(size_t count, std::vector<AlignedVector<T>>& buffers) const {
  buffers.resize(layers_.size());
  for (size_t l = 0; l < layers_.size(); ++l) {
    const size_t size = count * layers_[l].stride;
    if (buffers[l].size() < size) buffers[l].assign(size, T(0));
  }
}

template <typename T>
void Network<T>::begin_step(size_t count, T rate, Workspace& work) {
  fit(count, work.output);
  fit(count, work.delta);
  work.change.resize(work.delta[0].size());
  work.scale = rate / static_cast<T>(count);
  if (count < kTransposeFrom || transposed_) return;
  for (size_t l = 1; l < layers_.size(); ++l) transpose(l);
  transposed_ = true;
}

template <typename T>
void Network<T>::transpose(size_t l) {
  Layer& layer = layers_[l];
  const size_t below = layers_[l - 1].stride;
  layer.transposed.resize(layer.out * below);
  kernels::transpose(layer.weight.data(), layer.in, layer.stride, layer.out, layer.transposed.data(), below);
}

template <typename T>
void Network<T>::first_sums(const InputBatch<T>& batch, size_t block, bool goes_on, Workspace& work) const {
  const Layer& layer = layers_[0];
  T* z = work.output[0].data();
  const T* w = layer.weight.data();
  const T* b = layer.bias.data();
  if (batch.sparse()) {
    kernels::forward_pairs(batch, block, w, layer.stride, goes_on ? nullptr : b, z);
  } else {
    kernels::forward_dense([&](size_t s) { return batch.row(s); }, batch.block_begin(block), batch.block_end(block),
                           layer.in, w, layer.stride, b, z);
  }
}

template <typename T>
void Network<T>::forward_sums(size_t begin, size_t end, Workspace& work) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    T* z = work.output[l].data();
    if (l > 0) {
      const T* below = work.output[l - 1].data();
      const size_t stride = layers_[l - 1].stride;
      kernels::forward_dense([&](size_t s) { return below + s * stride; }, begin, end, layer.in, layer.weight.data(),
                             layer.stride, layer.bias.data(), z);
    }
    activate(l + 1 == layers_.size() ? spec_.output : spec_.hidden, z + begin * layer.stride, layer.stride, layer.out,
             end - begin);
  }
}

template <typename T>
void Network<T>::output_delta(const Samples<T>& samples, const uint32_t* rows, size_t begin, size_t end,
                              Workspace& work) const {
  const Layer& layer = layers_.back();
  const size_t outputs = layer.out;
  const T factor = static_cast<T>(spec_.squared_error_factor);
  const T divisor = spec_.divide_by_outputs ? static_cast<T>(outputs) : T(1);
  for (size_t s = begin; s < end; ++s) {
    const T* a = work.output.back().data() + s * layer.stride;
    const T* y = samples.target(rows[s]);
    T* d = work.delta.back().data() + s * layer.stride;
    if (spec_.loss == Loss::cross_entropy && samples.one_hot()) {
      std::copy_n(a, outputs, d);
      d[samples.label(rows[s])] -= T(1);
      continue;
    }
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
void Network<T>::gradients_above(const Samples<T>& samples, const uint32_t* rows, const InputBatch<T>& batch,
                                 size_t block, Workspace& work) const {
  const size_t begin = batch.block_begin(block), end = batch.block_end(block);
  forward_sums(begin, end, work);
  output_delta(samples, rows, begin, end, work);
  for (size_t l = layers_.size() - 1; l > 0; --l) {
    const Layer& layer = layers_[l];
    const Layer& below = layers_[l - 1];
    T* delta = work.delta[l - 1].data();
    const T* above = work.delta[l].data();
    if (batch.count() < kTransposeFrom) {
      kernels::backward_dots(above, layer.stride, begin, end, layer.weight.data(), layer.in, delta, below.stride);
    } else {
      kernels::forward_dense<T>([&](size_t s) { return above + s * layer.stride; }, begin, end, layer.out,
                                layer.transposed.data(), below.stride, nullptr, delta);
    }
    const size_t offset = begin * below.stride;
    multiply_by_derivative(spec_.hidden, work.output[l - 1].data() + offset, delta + offset,
                           (end - begin) * below.stride);
  }
  if (!batch.by_columns()) return;
  const size_t stride = layers_[0].stride;
  for (size_t i = begin * stride; i < end * stride; i += kLanes<T>) {
    vec_at(work.change.data() + i) = -work.scale * vec_at(work.delta[0].data() + i);
  }
}

/// First, layer by layer, the biases and the weights of all layers but the first; then the chunks of the first layer's
/// weights, which are the smaller pieces: whoever is done early takes them.
template <typename T>
typename Network<T>::Rows Network<T>::rows_of(const InputBatch<T>& batch, size_t piece) const {
  if (piece < layers_.size()) return {piece, 0, piece == 0 ? 0 : layers_[piece].in, true};
  const size_t begin = (piece - layers_.size()) * batch.piece_columns();
  return {0, begin, std::min(layers_[0].in, begin + batch.piece_columns()), false};
}

template <typename T>
void Network<T>::update(const InputBatch<T>& batch, size_t piece, const ByteColumns& columns, Workspace& work,
                        RowsAhead ahead) {
  const T scale = work.scale;
  const auto [l, begin, end, biases] = rows_of(batch, piece);
  Layer& layer = layers_[l];
  const T* delta = work.delta[l].data();
  T* w = layer.weight.data();
  if (l > 0) {
    const T* below = work.output[l - 1].data();
    const size_t stride = layers_[l - 1].stride;
    kernels::update_dense([&](size_t s) { return below + s * stride; }, batch.count(), begin, end, delta, scale, w,
                          layer.stride);
  } else if (end > begin && batch.by_columns()) {
    kernels::update_columns(columns, batch.byte_values(), work.change.data(), w + begin * layer.stride, layer.stride,
                            ahead);
  } else if (end > begin && batch.sparse()) {
    kernels::update_pairs(batch, begin / batch.chunk(), delta, scale, w, layer.stride);
  } else if (end > begin) {
    kernels::update_dense([&](size_t s) { return batch.row(s); }, batch.count(), begin, end, delta, scale, w,
                          layer.stride);
  }
  if (spec_.biases && biases) {
    for (size_t j = 0; j < layer.stride; j += kLanes<T>) {
      Vec<T> sum = {};
      for (size_t s = 0; s < batch.count(); ++s) sum += vec_at(delta + s * layer.stride + j);
      vec_at(layer.bias.data() + j) -= scale * sum;
    }
  }
  if (!layer.mask.empty()) {
    const auto prune = [&](size_t first, size_t last) {  // rows
      const T* mask = layer.mask.data();
      for (size_t i = first * layer.stride; i < last * layer.stride; i += kLanes<T>) vec_at(w + i) *= vec_at(mask + i);
    };
    if (l == 0 && end > begin && batch.sparse() && batch.count() <= 2) {  // few rows have changed
      const size_t chunk = begin / batch.chunk();
      batch.for_each_column(chunk, chunk + 1, [&](size_t column) { prune(column, column + 1); });
    } else {
      prune(begin, end);
    }
  }
  if (l == 0) return;
  if (batch.count() >= kTransposeFrom) {
    transpose(l);
  } else if (l == 1) {
    transposed_ = false;
  }
}

template <typename T>
void Network<T>::pack(const InputBatch<T>& batch, size_t piece, const Network* less, bool streamed, T* packed) const {
  // Streams want whole lines of the memory, which rows are not: they are gathered here first, in whole vectors that
  // reach into the place of the next row.
  thread_local AlignedVector<T> gathered;
  const Rows rows = rows_of(batch, piece);
  const Layer& layer = layers_[rows.layer];
  const T* const weight = layer.weight.data();
  const T* const other = less ? less->layers_[rows.layer].weight.data() : nullptr;
  const size_t together = std::max<size_t>(1, kMostGathered / layer.out);
  for (size_t begin = rows.begin; begin < rows.end; begin += together) {
    const size_t end = std::min(rows.end, begin + together), size = (end - begin) * layer.out;
    if (gathered.size() < size + layer.stride) gathered.resize(size + layer.stride);
    for (size_t i = begin; i < end; ++i) {
      T* const out = gathered.data() + (i - begin) * layer.out;
      for (size_t o = 0; o < layer.stride; o += kLanes<T>) {
        const size_t at = i * layer.stride + o;
        store_anywhere(out + o, other ? vec_at(weight + at) - vec_at(other + at) : vec_at(weight + at));
      }
    }
    T* const target = packed + layer.offset + begin * layer.out;
    if (streamed) {
      stream(gathered.data(), size, target);
    } else {
      std::copy_n(gathered.data(), size, target);
    }
  }
}

template <typename T>
void Network<T>::pack_input(size_t input, const Network* less, T* packed) const {
  const Layer& layer = layers_[0];
  const T* a = layer.weight.data() + input * layer.stride;
  const T* b = less ? less->layers_[0].weight.data() + input * layer.stride : nullptr;
  for (size_t o = 0; o < layer.out; ++o) packed[o] = b ? a[o] - b[o] : a[o];
}

template <typename T>
void Network<T>::pack(T* packed) const {
  for (const auto& layer : layers_) {
    for (size_t i = 0; i < layer.in; ++i) {
      std::copy_n(layer.weight.data() + i * layer.stride, layer.out, packed + layer.offset + i * layer.out);
    }
  }
}

template <typename T>
void Network<T>::step(const Samples<T>& samples, const uint32_t* rows, size_t count, T rate) {
  select(samples, rows, count, batch_);
  begin_step(count, rate, work_);
  for (size_t block = 0; block < batch_.blocks(); ++block) {
    batch_.load(samples, block);
    gradients(samples, rows, batch_, block, work_);
  }
  for (size_t piece = 0; piece < pieces(batch_); ++piece) {
    turn(samples, batch_, piece, columns_);
    update(batch_, piece, columns_, work_);
  }
}

template <typename T>
template <typename S>
void Network<T>::forward_rows(const Samples<S>& samples, size_t first, size_t count, const Control& control,
                              T* outputs) const {
  const size_t width = layers_.back().out;
  Workspace work;
  InputBatch<T> batch;
  fit(std::min(count, kForwardRows), work.output);
  by_class(samples, first, count, [&](const std::vector<uint32_t>& rows) {
    control.check();
    select(samples, rows.data(), rows.size(), batch);
    for (size_t block = 0; block < batch.blocks(); ++block) {
      batch.load(samples, block);
      first_sums(batch, block, false, work);
      forward_sums(batch.block_begin(block), batch.block_end(block), work);
    }
    for (size_t s = 0; s < rows.size(); ++s) {
      std::copy_n(work.output.back().data() + s * layers_.back().stride, width, outputs + (rows[s] - first) * width);
    }
  });
}

template <typename T>
template <typename S>
void Network<T>::forward_groups(const Samples<S>& samples, const InputGroups::Block& kept, const Control& control,
                                T* outputs) const {
  constexpr size_t kGroup = InputGroups::kGroup;
  const Layer& layer = layers_[0];
  const size_t width = layers_.back().out;
  std::array<T, 256> values{};
  if (kept.values.empty()) {
    values = samples.template byte_values<T>();
  } else {
    std::transform(kept.values.begin(), kept.values.end(), values.begin(), [](double v) { return static_cast<T>(v); });
  }
  Workspace work;
  fit(kForwardGroups * kGroup, work.output);
  for (size_t begin = 0; begin < kept.groups(); begin += kForwardGroups) {
    control.check();
    const size_t end = std::min(kept.groups(), begin + kForwardGroups);
    kernels::forward_groups(kept, begin, end, values.data(), layer.weight.data(), layer.stride, layer.bias.data(),
                            work.output[0].data());
    forward_sums(0, (end - begin) * kGroup, work);
    for (size_t s = 0; s < (end - begin) * kGroup; ++s) {
      const size_t row = kept.rows[begin * kGroup + s];
      if (row == InputGroups::kRows) continue;
      std::copy_n(work.output.back().data() + s * layers_.back().stride, width, outputs + row * width);
    }
  }
}

template <typename T>
template <typename Y>
double Network<T>::sample_loss(const T* a, const Y* y) const {
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

/// The largest output's index, of equal ones the first; of one output whether it is at least a half.
template <typename T>
size_t Network<T>::predicted_class(const T* a) const {
  const size_t outputs = layers_.back().out;
  if (outputs == 1) return a[0] >= T(0.5) ? 1 : 0;
  size_t best = 0;
  T top = a[0];
  for (size_t j = 1; j < outputs; ++j) {  // no branches: which output wins cannot be guessed
    best = a[j] > top ? j : best;
    top = a[j] > top ? a[j] : top;
  }
  return best;
}

template <typename T>
template <typename Y>
bool Network<T>::is_correct(const T* a, size_t predicted, const Y* y, size_t label) const {
  if (spec_.rule == AccuracyRule::argmax) return predicted == label;
  for (size_t j = 0; j < layers_.back().out; ++j) {
    if (std::floor(a[j] + T(0.5)) != static_cast<T>(y[j])) return false;
  }
  return true;
}

template <typename T>
template <typename S>
Evaluation Network<T>::evaluate_block(const Samples<S>& samples, size_t first, size_t count, Scores scores,
                                      const T* outputs) const {
  const size_t classes = class_count(spec_), width = layers_.back().out;
  Evaluation sum;
  sum.confusion.assign(classes * classes, 0);
  by_class(samples, first, count, [&](const std::vector<uint32_t>& rows) {
    for (const uint32_t row : rows) {
      const T* output = outputs + (row - first) * width;
      const size_t label = samples.label(row), predicted = predicted_class(output);
      if (scores == Scores::all) sum.loss += sample_loss(output, samples.target(row));
      sum.correct += is_correct(output, predicted, samples.target(row), label) ? 1 : 0;
      ++sum.confusion[label * classes + predicted];
    }
  });
  return sum;
}

template <typename T>
template <typename S, typename Forward>
Evaluation Network<T>::evaluate_blocks(const Samples<S>& samples, int threads, const Control& control, Scores scores,
                                       T* all, const Forward& forward) const {
  const size_t classes = class_count(spec_), width = layers_.back().out;
  const size_t blocks = (samples.rows() + kEvaluationBlock - 1) / kEvaluationBlock;
  std::vector<Evaluation> partial(blocks);
  parallel_for(blocks, threads, control, [&](size_t block) {
    const size_t first = block * kEvaluationBlock;
    const size_t count = std::min(kEvaluationBlock, samples.rows() - first);
    std::vector<T> own(all ? 0 : count * width);
    T* outputs = all ? all + first * width : own.data();
    forward(block, first, count, outputs);
    partial[block] = evaluate_block(samples, first, count, scores, outputs);
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

template <typename T>
template <typename S>
Evaluation Network<T>::predict(const Samples<S>& samples, int threads, Control& control, T* outputs) const {
  control.total = samples.rows();
  return evaluate_blocks(samples, threads, control, Scores::all, outputs,
                         [&](size_t, size_t first, size_t count, T* part) {
                           forward_rows(samples, first, count, control, part);
                           control.done.fetch_add(count, std::memory_order_relaxed);
                         });
}

template <typename T>
template <typename S>
Evaluation Network<T>::evaluate(const Samples<S>& samples, int threads, const Control& control, Scores scores) const {
  const bool grouped = may_be_grouped(samples) && samples.groups().worthwhile();
  return evaluate_blocks(samples, threads, control, scores, nullptr,
                         [&](size_t block, size_t first, size_t count, T* outputs) {
                           const auto* kept = grouped ? samples.groups().block(samples, block) : nullptr;
                           if (kept) {
                             forward_groups(samples, *kept, control, outputs);
                           } else {
                             forward_rows(samples, first, count, control, outputs);
                           }
                         });
}

/// Whether it is all the same to an evaluation beside which other samples a sample is listed. Where it is 0 and the
/// other is not, 0 * weight is added: this may turn a sum of -0 into 0, or flush a subnormal bias, neither of which a
/// loss or a comparison can tell; but a weight that is not finite makes it NaN.
template <typename T>
template <typename S>
bool Network<T>::may_be_grouped(const Samples<S>& samples) const {
  if (!samples.sparse() || !std::isfinite(samples.factor())) return false;
  Vec<T> zero = {};
  const auto& weight = layers_[0].weight;
  for (size_t i = 0; i < weight.size(); i += kLanes<T>) zero += T(0) * vec_at(weight.data() + i);
  for (size_t i = 0; i < kLanes<T>; ++i) {
    if (zero[i] != T(0)) return false;
  }
  return true;
}

template class Network<float>;
template class Network<double>;
#define LEGCNET_NETWORK(T, S)                                                                         \
  template void Network<T>::select(const Samples<S>&, const uint32_t*, size_t, InputBatch<T>&) const; \
  template Evaluation Network<T>::predict(const Samples<S>&, int, Control&, T*) const;                \
  template Evaluation Network<T>::evaluate(const Samples<S>&, int, const Control&, Scores) const;     \
  template void Network<T>::copy_parameters(const Network<S>&);
LEGCNET_NETWORK(float, float)
LEGCNET_NETWORK(float, double)
LEGCNET_NETWORK(double, float)
LEGCNET_NETWORK(double, double)
#undef LEGCNET_NETWORK

}  // namespace legcnet
