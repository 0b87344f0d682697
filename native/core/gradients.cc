#include "gradients.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Array = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr size_t kMostRows = 256;            // of a block
constexpr size_t kLeastRows = 8;             // below this, products of matrices are no better than of vectors
constexpr size_t kBlockWork = 1u << 25;      // rows x parameters of a block: milliseconds
constexpr size_t kMostStripes = 16;          // sums side by side
constexpr size_t kStripeEntries = 1u << 25;  // parameters x stripes: a quarter of a gigabyte

Index index(size_t n) { return static_cast<Index>(n); }

size_t block_rows(const NetworkSpec& spec) {
  return std::clamp(kBlockWork / std::max<size_t>(1, spec.parameters()), kLeastRows, kMostRows);
}

/// Parameters, or anything in the same order, as matrices and vectors of the layers. Copied and not mapped: some of
/// Eigen's loops sum in another order where data is aligned differently, and an array's address is not for us to
/// choose.
struct Layers {
  std::vector<Matrix> weight;         // [layer][out, in]
  std::vector<Eigen::VectorXd> bias;  // [layer][out]; empty without biases

  explicit Layers(const NetworkSpec& spec) {
    for (size_t l = 0; l < spec.layers(); ++l) {
      weight.emplace_back(Matrix::Zero(index(spec.sizes[l + 1]), index(spec.sizes[l])));
      if (spec.biases) bias.emplace_back(Eigen::VectorXd::Zero(index(spec.sizes[l + 1])));
    }
  }

  /// Calls visit(begin, length) for each layer's weights, then for its biases: public order.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (Matrix& w : weight) visit(w.data(), w.size());
    for (Eigen::VectorXd& b : bias) visit(b.data(), b.size());
  }
  void load(const double* from) {
    for_each([&](double* data, Index n) { std::copy_n(from, n, data), from += n; });
  }
  void store(double* to) {
    for_each([&](double* data, Index n) { to = std::copy_n(data, n, to); });
  }
  void clear() {
    for_each([](double* data, Index n) { std::fill_n(data, n, 0.0); });
  }
  void add(const Layers& other) {
    for (size_t l = 0; l < weight.size(); ++l) weight[l] += other.weight[l];
    for (size_t l = 0; l < bias.size(); ++l) bias[l] += other.bias[l];
  }
};

Layers layers_of(const NetworkSpec& spec, const std::vector<double>& parameters) {
  Layers layers(spec);
  layers.load(parameters.data());
  return layers;
}

/// Rows of `samples` as numbers, [count, columns]: those that training in T sees.
template <typename T>
void dense_rows(const Samples<T>& samples, const uint32_t* rows, size_t count, Matrix& out) {
  const size_t columns = samples.columns();
  out.resize(index(count), index(columns));
  if (samples.has_bytes()) {
    const auto values = samples.template byte_values<T>();
    for (size_t s = 0; s < count; ++s) {
      const uint8_t* bytes = samples.bytes(rows[s]);
      std::transform(bytes, bytes + columns, out.row(index(s)).data(), [&](uint8_t byte) { return values[byte]; });
    }
  } else {
    for (size_t s = 0; s < count; ++s) {
      std::copy_n(samples.values(rows[s]), columns, out.row(index(s)).data());
    }
  }
}

void activate(Activation activation, Matrix& z) {
  switch (activation) {
    case Activation::sigmoid: z = z.unaryExpr([](double x) { return 1 / (1 + std::exp(-x)); }); return;
    case Activation::tanh: z = z.unaryExpr([](double x) { return std::tanh(x); }); return;
    case Activation::relu: z = z.unaryExpr([](double x) { return x < 0 ? 0 : x; }); return;
    case Activation::linear: return;
    case Activation::softmax:
      for (Index s = 0; s < z.rows(); ++s) {
        auto row = z.row(s);
        const double top = row.maxCoeff();
        row = row.unaryExpr([top](double x) { return std::exp(x - top); });
        row /= row.sum();
      }
      return;
  }
}

/// f'(z) and f''(z) in terms of a = f(z); softmax is dealt with where the loss is.
Array slope(Activation activation, const Matrix& output) {
  const auto a = output.array();
  switch (activation) {
    case Activation::sigmoid: return a * (1 - a);
    case Activation::tanh: return 1 - a * a;
    case Activation::relu: return (a > 0).cast<double>();
    default: return Array::Ones(a.rows(), a.cols());
  }
}
Array curvature(Activation activation, const Matrix& output) {
  const auto a = output.array();
  switch (activation) {
    case Activation::sigmoid: return a * (1 - a) * (1 - 2 * a);
    case Activation::tanh: return -2 * a * (1 - a * a);
    default: return Array::Zero(a.rows(), a.cols());
  }
}

/// a (x - <a, x>) row by row: softmax's Jacobian, which is symmetric, times x.
Matrix softmax_jacobian(const Matrix& a, const Matrix& x) {
  const Eigen::VectorXd dot = (a.array() * x.array()).rowwise().sum();
  return (a.array() * (x.colwise() - dot).array()).matrix();
}

double sample_loss(const NetworkSpec& spec, const double* a, const double* y) {
  const size_t outputs = spec.sizes.back();
  double sum = 0;
  if (spec.loss == Loss::squared_error) {
    for (size_t j = 0; j < outputs; ++j) sum += (a[j] - y[j]) * (a[j] - y[j]);
    return spec.squared_error_factor / 2 * sum / (spec.divide_by_outputs ? static_cast<double>(outputs) : 1);
  }
  constexpr double tiny = std::numeric_limits<double>::min();
  for (size_t j = 0; j < outputs; ++j) {
    if (a[j] != a[j]) return a[j];
    if (y[j] != 0) sum -= y[j] * std::log(std::max(a[j], tiny));
    if (spec.output == Activation::sigmoid && y[j] != 1) sum -= (1 - y[j]) * std::log(std::max(1 - a[j], tiny));
  }
  return sum;
}

/// Sums over rows, block by block. One thread's.
class Pass {
 public:
  /// With a `direction` the sum is of Hessian-vector products, else of gradients.
  Pass(const NetworkSpec& spec, const Layers& parameters, const Layers* direction)
      : sum(spec), spec_(spec), layers_(parameters), direction_(direction) {
    a_.resize(spec.layers() + 1);
    rz_.resize(a_.size());
    ra_.resize(a_.size());
  }

  template <typename T>
  void add(const Samples<T>& samples, const uint32_t* rows, size_t count, const Control& control) {
    dense_rows(samples, rows, count, a_[0]);
    target_.resize(index(count), index(samples.outputs()));
    for (size_t s = 0; s < count; ++s) {
      std::copy_n(samples.target(rows[s]), samples.outputs(), target_.row(index(s)).data());
    }
    forward(control);
    for (size_t s = 0; s < count; ++s) {
      loss += sample_loss(spec_, a_.back().row(index(s)).data(), target_.row(index(s)).data());
    }
    output_delta();
    backward(control);
  }

  double loss = 0;
  Layers sum;

 private:
  Activation activation(size_t l) const { return l + 1 == spec_.layers() ? spec_.output : spec_.hidden; }

  void forward(const Control& control) {
    for (size_t l = 0; l < spec_.layers(); ++l) {
      control.check();
      a_[l + 1].noalias() = a_[l] * layers_.weight[l].transpose();
      if (spec_.biases) a_[l + 1].rowwise() += layers_.bias[l].transpose();
      activate(activation(l), a_[l + 1]);
      if (direction_ == nullptr) continue;
      control.check();
      Matrix& rz = rz_[l + 1];
      rz.noalias() = a_[l] * direction_->weight[l].transpose();
      if (l > 0) rz.noalias() += ra_[l] * layers_.weight[l].transpose();
      if (spec_.biases) rz.rowwise() += direction_->bias[l].transpose();
      through(activation(l), a_[l + 1], rz, ra_[l + 1]);
    }
  }

  /// How an activation's output changes when its input changes by `rz`.
  static void through(Activation activation, const Matrix& a, const Matrix& rz, Matrix& ra) {
    if (activation == Activation::softmax) {
      ra = softmax_jacobian(a, rz);
    } else {
      ra = (slope(activation, a) * rz.array()).matrix();
    }
  }

  /// dLoss/dz of the output layer, and how it changes along the direction.
  void output_delta() {
    const Matrix &a = a_.back(), &ra = ra_.back();
    if (spec_.loss == Loss::cross_entropy) {
      Eigen::VectorXd mass = Eigen::VectorXd::Ones(a.rows());  // softmax: the targets' sum, 1 for a class
      if (spec_.output == Activation::softmax) mass = target_.rowwise().sum();
      delta_ = mass.asDiagonal() * a - target_;
      if (direction_ != nullptr) rdelta_ = mass.asDiagonal() * ra;
      return;
    }
    const double divisor = spec_.divide_by_outputs ? static_cast<double>(spec_.sizes.back()) : 1;
    const double factor = spec_.squared_error_factor / divisor;
    const Matrix error = factor * (a - target_);
    through(spec_.output, a, error, delta_);
    if (direction_ == nullptr) return;
    const Matrix rerror = factor * ra;
    if (spec_.output == Activation::softmax) {
      // d [a (e - <e, a>)] = da (e - <e, a>) + a (de - <de, a> - <e, da>)
      const Eigen::VectorXd dot = (a.array() * error.array()).rowwise().sum();
      const Eigen::VectorXd rdot =
          (a.array() * rerror.array()).rowwise().sum() + (ra.array() * error.array()).rowwise().sum();
      rdelta_ = (ra.array() * (error.colwise() - dot).array() + a.array() * (rerror.colwise() - rdot).array()).matrix();
    } else {
      rdelta_ =
          (slope(spec_.output, a) * rerror.array() + curvature(spec_.output, a) * rz_.back().array() * error.array())
              .matrix();
    }
  }

  void backward(const Control& control) {
    for (size_t l = spec_.layers(); l-- > 0;) {
      control.check();
      const Matrix& change = direction_ != nullptr ? rdelta_ : delta_;
      sum.weight[l].noalias() += change.transpose() * a_[l];
      if (direction_ != nullptr && l > 0) sum.weight[l].noalias() += delta_.transpose() * ra_[l];
      if (spec_.biases) sum.bias[l] += change.colwise().sum().transpose();
      if (l == 0) return;
      control.check();
      below_.noalias() = delta_ * layers_.weight[l];  // dLoss/da
      const Array f1 = slope(spec_.hidden, a_[l]);
      if (direction_ != nullptr) {
        rbelow_.noalias() = rdelta_ * layers_.weight[l];
        rbelow_.noalias() += delta_ * direction_->weight[l];
        rdelta_ = (rbelow_.array() * f1 + below_.array() * curvature(spec_.hidden, a_[l]) * rz_[l].array()).matrix();
      }
      delta_ = (below_.array() * f1).matrix();
    }
  }

  const NetworkSpec& spec_;
  const Layers& layers_;
  const Layers* direction_;
  std::vector<Matrix> a_;        // [layers + 1][rows, width] outputs; the first the inputs
  std::vector<Matrix> rz_, ra_;  // the same shapes: how z and a change along the direction; the inputs do not
  Matrix target_, delta_, rdelta_, below_, rbelow_;
};

/// Cuts the rows into blocks and the blocks into stripes, each with a sum of its own; both depend on sizes only.
template <typename T>
LossGradient mean_over_rows(const NetworkSpec& spec, const Layers& parameters, const Layers* direction,
                            const Samples<T>& samples, const std::vector<uint32_t>& chosen, int threads,
                            Control& control) {
  const size_t count = chosen.empty() ? samples.rows() : chosen.size();
  const size_t size = block_rows(spec);
  const size_t blocks = (count + size - 1) / size;
  const size_t stripes = std::clamp<size_t>(std::min(blocks, kStripeEntries / spec.parameters()), 1, kMostStripes);
  std::vector<std::unique_ptr<Pass>> passes(stripes);
  control.total = count;
  parallel_for(stripes, threads, control, [&](size_t stripe) {
    auto pass = std::make_unique<Pass>(spec, parameters, direction);
    std::vector<uint32_t> rows;
    for (size_t block = blocks * stripe / stripes; block < blocks * (stripe + 1) / stripes; ++block) {
      const size_t first = block * size, length = std::min(size, count - first);
      rows.resize(length);
      if (chosen.empty()) {
        std::iota(rows.begin(), rows.end(), static_cast<uint32_t>(first));
      } else {
        std::copy_n(chosen.begin() + index(first), length, rows.begin());
      }
      pass->add(samples, rows.data(), length, control);
      control.done.fetch_add(length, std::memory_order_relaxed);
    }
    passes[stripe] = std::move(pass);
  });
  Pass& all = *passes[0];
  for (size_t stripe = 1; stripe < stripes; ++stripe) {
    control.check();
    all.loss += passes[stripe]->loss;
    all.sum.add(passes[stripe]->sum);
  }
  const auto n = static_cast<double>(count);
  LossGradient mean{all.loss / n, std::vector<double>(spec.parameters())};
  all.sum.store(mean.gradient.data());
  for (double& g : mean.gradient) g /= n;
  return mean;
}

}  // namespace

template <typename T>
LossGradient loss_gradient(const NetworkSpec& spec, const std::vector<double>& parameters, const Samples<T>& samples,
                           const std::vector<uint32_t>& rows, int threads, Control& control) {
  return mean_over_rows(spec, layers_of(spec, parameters), nullptr, samples, rows, threads, control);
}

template <typename T>
std::vector<double> hessian_product(const NetworkSpec& spec, const std::vector<double>& parameters,
                                    const std::vector<double>& direction, const Samples<T>& samples,
                                    const std::vector<uint32_t>& rows, int threads, Control& control) {
  const Layers along = layers_of(spec, direction);
  return mean_over_rows(spec, layers_of(spec, parameters), &along, samples, rows, threads, control).gradient;
}

template <typename T>
std::vector<double> movement_of_epoch(const NetworkSpec& spec, const std::vector<double>& parameters,
                                      const std::vector<uint8_t>& mask, const Samples<T>& samples, size_t batch_size,
                                      double learning_rate, bool shuffle, uint64_t seed, uint64_t epoch,
                                      Control& control) {
  const size_t count = samples.rows(), size = block_rows(spec), weights = spec.weights();
  std::vector<double> now(parameters), gradient(parameters.size()), movement(weights, 0.0);
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (shuffle) order = permutation(count, seed, epoch + 1);  // as Trainer::run
  Layers layers(spec);
  Pass pass(spec, layers, nullptr);
  control.total = count;
  for (size_t first = 0; first < count; first += batch_size) {
    control.check();
    const size_t batch = std::min(batch_size, count - first);
    layers.load(now.data());
    pass.sum.clear();
    for (size_t done = 0; done < batch; done += size) {
      pass.add(samples, order.data() + first + done, std::min(size, batch - done), control);
    }
    pass.sum.store(gradient.data());
    for (size_t i = 0; i < now.size(); ++i) {
      const double g = gradient[i] / static_cast<double>(batch);
      if (i < weights) movement[i] -= g * now[i];
      now[i] -= learning_rate * g;
    }
    for (size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) now[i] = 0;
    }
    control.done.fetch_add(batch, std::memory_order_relaxed);
  }
  return movement;
}

std::vector<double> synflow_scores(const NetworkSpec& spec, const std::vector<double>& parameters,
                                   const Control& control) {
  const size_t layers = spec.layers();
  Layers flow = layers_of(spec, parameters);
  for (Matrix& weight : flow.weight) weight = weight.cwiseAbs();
  std::vector<Eigen::VectorXd> into(layers);  // sum over paths from the inputs into a layer
  into[0] = Eigen::VectorXd::Ones(index(spec.sizes[0]));
  for (size_t l = 0; l + 1 < layers; ++l) {
    control.check();
    into[l + 1].noalias() = flow.weight[l] * into[l];
  }
  Eigen::VectorXd out = Eigen::VectorXd::Ones(index(spec.sizes[layers]));  // and from behind it to the outputs
  for (size_t l = layers; l-- > 0;) {
    control.check();
    const Eigen::VectorXd below = flow.weight[l].transpose() * out;
    flow.weight[l] = out.asDiagonal() * flow.weight[l] * into[l].asDiagonal();
    out = below;
  }
  std::vector<double> scores(spec.parameters());
  flow.store(scores.data());
  scores.resize(spec.weights());
  return scores;
}

std::vector<double> synflow_order(const NetworkSpec& spec, const std::vector<double>& parameters,
                                  const std::vector<uint8_t>& mask, size_t kept, size_t rounds,
                                  const std::vector<int32_t>& tie_break, Control& control) {
  const size_t weights = spec.weights();
  std::vector<double> now(parameters), places(weights, -1.0);
  std::vector<uint32_t> left;
  for (size_t i = 0; i < weights; ++i) {
    if (mask.empty() || mask[i] != 0) {
      left.push_back(static_cast<uint32_t>(i));
    } else {
      now[i] = 0;
    }
  }
  const size_t all = left.size();
  std::vector<double> scores;
  size_t comparisons = 0;
  const auto goes_first = [&](uint32_t a, uint32_t b) {
    if (++comparisons % (1u << 16) == 0) control.check();
    return scores[a] != scores[b] ? scores[a] < scores[b] : tie_break[a] < tie_break[b];
  };
  control.total = rounds;
  double place = 0;
  const double ratio = static_cast<double>(std::min(kept, all)) / static_cast<double>(std::max<size_t>(1, all));
  for (size_t round = 1; round <= rounds; ++round) {
    control.check();
    scores = synflow_scores(spec, now, control);
    for (const double score : scores) {  // NaN has no order, and would not be missed in a result full of it
      if (!std::isfinite(score)) return std::vector<double>(weights, std::numeric_limits<double>::quiet_NaN());
    }
    const double share = std::pow(ratio, static_cast<double>(round) / static_cast<double>(rounds));
    const size_t remain =
        round == rounds ? std::min(kept, all) : static_cast<size_t>(std::llround(share * static_cast<double>(all)));
    const size_t go = left.size() - std::min(left.size(), remain);
    const auto end = left.begin() + index(go);
    std::nth_element(left.begin(), end, left.end(), goes_first);
    std::sort(left.begin(), end, goes_first);
    for (auto it = left.begin(); it != end; ++it, ++place) {
      places[*it] = place;
      now[*it] = 0;
    }
    left.erase(left.begin(), end);
    control.done.fetch_add(1, std::memory_order_relaxed);
  }
  std::sort(left.begin(), left.end(), goes_first);
  for (const uint32_t i : left) places[i] = place++;
  return places;
}

template LossGradient loss_gradient(const NetworkSpec&, const std::vector<double>&, const Samples<float>&,
                                    const std::vector<uint32_t>&, int, Control&);
template LossGradient loss_gradient(const NetworkSpec&, const std::vector<double>&, const Samples<double>&,
                                    const std::vector<uint32_t>&, int, Control&);
template std::vector<double> hessian_product(const NetworkSpec&, const std::vector<double>&, const std::vector<double>&,
                                             const Samples<float>&, const std::vector<uint32_t>&, int, Control&);
template std::vector<double> hessian_product(const NetworkSpec&, const std::vector<double>&, const std::vector<double>&,
                                             const Samples<double>&, const std::vector<uint32_t>&, int, Control&);
template std::vector<double> movement_of_epoch(const NetworkSpec&, const std::vector<double>&,
                                               const std::vector<uint8_t>&, const Samples<float>&, size_t, double, bool,
                                               uint64_t, uint64_t, Control&);
template std::vector<double> movement_of_epoch(const NetworkSpec&, const std::vector<double>&,
                                               const std::vector<uint8_t>&, const Samples<double>&, size_t, double,
                                               bool, uint64_t, uint64_t, Control&);

}  // namespace legcnet
