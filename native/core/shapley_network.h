// A network evaluated for many inputs side by side, one in each vector lane: a value of a unit is an array [kTile].
// What goes into the first layer is the caller's business, because most inputs of an estimator differ in a few
// features.
#pragma once
#include <cstddef>
#include <vector>

#include "shapley.h"
#include "simd.h"

namespace legcnet {

/// Evaluations in one array, at most; a multiple of every vector width.
constexpr size_t kTile = 64;

/// y [out][kTile] = bias + w [out][in] x [in][kTile]; `width` lanes, a multiple of the vector width. No bias: 0.
void tile_product(const double* w, const double* bias, size_t in, size_t out, const double* x, double* y, size_t width);

class TileNetwork {
 public:
  explicit TileNetwork(const ShapleyProblem& problem);

  size_t features() const { return features_; }
  size_t outputs() const { return layers_.back().out; }
  size_t first_units() const { return layers_.front().out; }
  const double* first_weight() const { return layers_.front().weight.data(); }      ///< [first units, features]
  const double* first_by_feature() const { return layers_.front().turned.data(); }  ///< [features, first units]
  const double* first_bias() const { return layers_.front().bias.data(); }

  /// Arrays of one evaluation; a thread has its own.
  struct Work {
    std::vector<AlignedVector<double>> in;     ///< per layer [units][kTile]: what goes into the activation
    std::vector<AlignedVector<double>> out;    ///< per layer: what comes out
    std::vector<AlignedVector<double>> slope;  ///< per layer: derivatives or multipliers of the activation
    std::vector<AlignedVector<double>> delta;  ///< per layer: derivatives or multipliers of an output by `in`
    explicit Work(const TileNetwork& network);
  };

  /// From work.in[0] on. Returns the explained outputs, [outputs][kTile].
  const double* forward(Work& work, size_t width) const;
  /// After forward(): fills slope with the activations' derivatives. The output's is left 1 where it is softmax.
  void derivatives(Work& work, size_t width) const;
  /// Derivatives of output `o` by the output layer's `in`, into the last delta; with derivatives()' slopes.
  void seed_gradient(Work& work, size_t o, size_t width) const;
  /// From the last delta and the slopes down to delta[0].
  void backward(Work& work, size_t width) const;

  bool softmax() const { return softmax_; }

  /// The explained outputs [rows, outputs] of inputs [rows, features].
  std::vector<double> evaluate(const double* inputs, size_t rows, const Control& control) const;
  /// work.in[0] of `count` <= kTile rows, which are copied to `turned` [features][kTile], unused lanes 0.
  void load_rows(const double* rows, size_t count, double* turned, double* first) const;

 private:
  struct Layer {
    size_t in, out;
    Activation activation;
    AlignedVector<double> weight;  // [out, in]
    AlignedVector<double> turned;  // [in, out]
    AlignedVector<double> bias;    // [out]
  };
  size_t features_;
  bool softmax_ = false;
  std::vector<Layer> layers_;
};

}  // namespace legcnet
