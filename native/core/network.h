// A multilayer perceptron: forward pass, backward pass, one SGD step.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "input_batch.h"
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
  double loss = 0;  // sum of the samples' losses; 0 when only the accuracy was asked for
  uint64_t rows = 0;
  uint64_t correct = 0;             // by the spec's accuracy rule
  std::vector<uint32_t> confusion;  // [true class, predicted class], by largest output (one output: rounded)
};

/// What an evaluation is for: the loss costs logarithms.
enum class Scores { all, accuracy };

/// Classes that confusion matrices have: the outputs, or 2 for one output.
size_t class_count(const NetworkSpec& spec);

/// Weights are kept input-major ([in][out padded to the vector width]), so that a non-zero input touches one row.
/// "Packed order" is the same without padding: W1 [in, out], W2 [in, out], ...; logs of iterates use it because it is a
/// straight copy.
///
/// A step of SGD is cut into parts that several threads can share and whose results do not depend on who does them:
/// gradients(block) for every block of the batch, in any order, then update(piece) for every piece.
template <typename T>
class Network {
 public:
  /// Activations and deltas of one batch: per layer [batch][padded outputs].
  struct Workspace {
    std::vector<AlignedVector<T>> output;
    std::vector<AlignedVector<T>> delta;  // dLoss/dz
    AlignedVector<T> change;              // the first layer's delta times -scale; only for batches by_columns()
    T scale = 0;                          // rate / batch
  };

  explicit Network(const NetworkSpec& spec);

  const NetworkSpec& spec() const { return spec_; }
  /// Public order, as in NetworkSpec::parameters().
  void set_parameters(const double* parameters);
  void get_parameters(double* parameters) const;
  /// The parameters of a network of the same sizes, in this one's precision.
  template <typename S>
  void copy_parameters(const Network<S>& from);
  /// One byte a weight, public order; 0 prunes: now, and after every step.
  void set_mask(const uint8_t* mask);

  /// Selects the rows for this network's first layer; to be followed by load() of every block.
  template <typename S>
  void select(const Samples<S>& samples, const uint32_t* rows, size_t count, InputBatch<T>& batch) const;

  /// Before the gradients of a batch: makes room.
  void begin_step(size_t count, T rate, Workspace& work);
  /// Forward and backward pass of one loaded block of samples.
  void gradients(const Samples<T>& samples, const uint32_t* rows, const InputBatch<T>& batch, size_t block,
                 Workspace& work) const {
    first_sums(batch, block, false, work);
    gradients_above(samples, rows, batch, block, work);
  }
  /// The same in two parts: first the sums of the first layer, which may be put together from the columns of one
  /// narrowed batch after the other (`goes_on`: to the sums that are there), in ascending order.
  void first_sums(const InputBatch<T>& batch, size_t block, bool goes_on, Workspace& work) const;
  /// Then the rest, which does not read the lists.
  void gradients_above(const Samples<T>& samples, const uint32_t* rows, const InputBatch<T>& batch, size_t block,
                       Workspace& work) const;
  /// Pieces that the update of all parameters is cut into.
  size_t pieces(const InputBatch<T>& batch) const { return batch.pieces() + layers_.size(); }
  /// What the update of a piece needs, by this network or one of the same sizes.
  void turn(const Samples<T>& samples, const InputBatch<T>& batch, size_t piece, ByteColumns& columns) const {
    if (piece >= layers_.size() && batch.by_columns()) batch.turn(samples, piece - layers_.size(), columns);
  }
  /// parameters -= rate * mean gradient of the batch, in one piece of them. Asks for rows meanwhile, if by_columns().
  void update(const InputBatch<T>& batch, size_t piece, const ByteColumns& columns, Workspace& work,
              RowsAhead ahead = {});
  /// Writes the weights of one piece, less those of another network if one is given, into `packed` [weights], packed
  /// order. `streamed`: past the caches.
  void pack(const InputBatch<T>& batch, size_t piece, const Network* less, bool streamed, T* packed) const;
  /// All weights, packed order.
  void pack(T* packed) const;
  /// Those of one input, likewise: [units of the first layer].
  void pack_input(size_t input, const Network* less, T* packed) const;
  /// Whether a piece of the update holds weights of the first layer.
  bool of_inputs(size_t piece) const { return piece >= layers_.size(); }

  /// One whole step on one thread: the mean gradient over `count` rows of `samples`.
  void step(const Samples<T>& samples, const uint32_t* rows, size_t count, T rate);

  /// Outputs [rows, outputs] of all rows, and their evaluation. control.done counts rows.
  template <typename S>
  Evaluation predict(const Samples<S>& samples, int threads, Control& control, T* outputs) const;

  /// All rows, in blocks over `threads` threads; the same bits for any number of them. From the second evaluation of
  /// sparse samples on, by whatever network, their inputs are kept as InputGroups.
  template <typename S>
  Evaluation evaluate(const Samples<S>& samples, int threads, const Control& control,
                      Scores scores = Scores::all) const;

 private:
  template <typename S>
  friend class Network;

  struct Layer {
    size_t in, out, stride;
    AlignedVector<T> weight;      // [in][stride], padding 0
    AlignedVector<T> bias;        // [stride], padding 0
    AlignedVector<T> mask;        // as weight; empty when nothing is pruned
    AlignedVector<T> transposed;  // [out][stride of the layer below], for the backward pass of larger batches
    size_t offset;                // of its first weight in packed order
  };
  /// Outputs [count, outputs] of rows first .. first + count - 1.
  template <typename S>
  void forward_rows(const Samples<S>& samples, size_t first, size_t count, const Control& control, T* outputs) const;
  /// The same of the rows of a block that is kept.
  template <typename S>
  void forward_groups(const Samples<S>& samples, const InputGroups::Block& kept, const Control& control,
                      T* outputs) const;
  /// Calls forward(block, first, count, outputs) for blocks of rows, and evaluates what it writes into `outputs`
  /// [count, outputs]: part of `all` [rows, outputs], unless that is null.
  template <typename S, typename Forward>
  Evaluation evaluate_blocks(const Samples<S>& samples, int threads, const Control& control, Scores scores, T* all,
                             const Forward& forward) const;
  template <typename S>
  Evaluation evaluate_block(const Samples<S>& samples, size_t first, size_t count, Scores scores,
                            const T* outputs) const;
  template <typename S>
  bool may_be_grouped(const Samples<S>& samples) const;

  /// Rows of one layer's weights that a piece of the update covers: none for the piece that is the first layer's
  /// biases.
  struct Rows {
    size_t layer, begin, end;
    bool biases;
  };
  Rows rows_of(const InputBatch<T>& batch, size_t piece) const;
  void fit(size_t count, std::vector<AlignedVector<T>>& buffers) const;
  /// From the first layer's sums on, for samples begin .. end - 1 of `work`.
  void forward_sums(size_t begin, size_t end, Workspace& work) const;
  void output_delta(const Samples<T>& samples, const uint32_t* rows, size_t begin, size_t end, Workspace& work) const;
  void transpose(size_t layer);
  void parameters_changed() { transposed_ = false; }
  template <typename Y>
  double sample_loss(const T* output, const Y* target) const;
  template <typename Y>
  bool is_correct(const T* output, size_t predicted, const Y* target, size_t label) const;
  size_t predicted_class(const T* output) const;

  NetworkSpec spec_;
  std::vector<Layer> layers_;
  bool transposed_ = false;  // whether the layers' `transposed` are up to date
  Workspace work_;           // of step()
  InputBatch<T> batch_;
  ByteColumns columns_;
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
