// A multilayer perceptron: forward pass, backward pass, one SGD step.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "samples.h"
#include "simd.h"

namespace legcnet {

enum class Activation { sigmoid, tanh, relu, linear, softmax };
enum class Loss { squared_error, cross_entropy };
/// A sample is right when its largest output is at the largest target, or when every output rounded (floor(a + 0.5))
/// equals its target.
enum class AccuracyRule { argmax, exact_match };

struct NetworkSpec {
  std::vector<size_t> sizes;  // inputs, hidden layers, outputs
  Activation hidden = Activation::sigmoid;
  Activation output = Activation::sigmoid;
  Loss loss = Loss::squared_error;
  double squared_error_factor = 2;  // gradient factor (a - y) / divisor; loss factor / 2 (a - y)^2 / divisor
  bool divide_by_outputs = true;    // divisor: the number of outputs, or 1
  bool biases = true;
  AccuracyRule rule = AccuracyRule::argmax;

  size_t layers() const { return sizes.size() - 1; }
  /// Prunable weights: all W, no biases.
  size_t weights() const;
  /// Weights and biases. Public order: W1 [out, in] row-major, W2, ..., then b1, b2, ... (none without biases).
  size_t parameters() const;
};

enum class Initialisation { gaussian, uniform, glorot, he };

/// Parameters in public order; biases start at 0, except `gaussian` and `uniform`, which draw them like weights.
std::vector<double> initial_parameters(const NetworkSpec& spec, Initialisation method, uint64_t seed);

/// Sums over the rows of a part.
struct Evaluation {
  double loss = 0;  // sum of the samples' losses
  uint64_t rows = 0;
  uint64_t correct = 0;             // by the spec's accuracy rule
  std::vector<uint32_t> confusion;  // [true class, predicted class], by largest output (one output: rounded)
};

/// Classes that confusion matrices have: the outputs, or 2 for one output.
size_t class_count(const NetworkSpec& spec);

/// Weights are kept input-major ([in][out padded to the vector width]), so that a non-zero input touches one row.
/// "Packed order" is the same without padding: W1 [in, out], W2 [in, out], ...; logs of iterates use it because it is a
/// straight copy.
template <typename T>
class Network {
 public:
  explicit Network(const NetworkSpec& spec);

  const NetworkSpec& spec() const { return spec_; }
  /// Public order, as in NetworkSpec::parameters().
  void set_parameters(const double* parameters);
  void get_parameters(double* parameters) const;
  /// One byte a weight, public order; 0 prunes: now, and after every step.
  void set_mask(const uint8_t* mask);
  /// Packed order, [weights].
  void pack_weights(T* out) const;

  /// One SGD step on the mean gradient over `count` rows of `samples`: parameters -= rate * gradient.
  void step(const Samples<T>& samples, const uint32_t* rows, size_t count, T rate);

  /// Outputs [count, outputs] of rows first .. first + count - 1.
  void predict(const Samples<T>& samples, size_t first, size_t count, T* outputs) const;

  /// All rows, in blocks over `threads` threads; the same bits for any number of them.
  Evaluation evaluate(const Samples<T>& samples, int threads, const Control& control) const;

 private:
  struct Layer {
    size_t in, out, stride;
    AlignedVector<T> weight;  // [in][stride], padding 0
    AlignedVector<T> bias;    // [stride], padding 0
    AlignedVector<T> mask;    // as weight; empty when nothing is pruned
  };
  /// Activations of one batch; a thread has its own.
  struct Workspace {
    std::vector<AlignedVector<T>> output;  // per layer [batch][stride]
    std::vector<AlignedVector<T>> delta;   // per layer [batch][stride]: dLoss/dz
    AlignedVector<T> transposed;           // of the layer the backward pass is at
    void fit(const std::vector<Layer>& layers, size_t batch, bool backward);
  };

  void forward(const Samples<T>& samples, const uint32_t* rows, size_t count, Workspace& work) const;
  void output_delta(const Samples<T>& samples, const uint32_t* rows, size_t count, Workspace& work) const;
  double sample_loss(const T* output, const T* target) const;
  bool is_correct(const T* output, const T* target) const;

  NetworkSpec spec_;
  std::vector<Layer> layers_;
  Workspace work_;
};

/// Calls visit(public index, packed index) for every weight.
template <typename Visit>
void for_each_weight(const NetworkSpec& spec, Visit&& visit) {
  size_t offset = 0;
  for (size_t l = 0; l < spec.layers(); ++l) {
    const size_t in = spec.sizes[l], out = spec.sizes[l + 1];
    for (size_t i = 0; i < in; ++i) {
      for (size_t o = 0; o < out; ++o) visit(offset + o * in + i, offset + i * out + o);
    }
    offset += in * out;
  }
}

}  // namespace legcnet
