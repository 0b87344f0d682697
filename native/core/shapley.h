// Shapley values of a network's outputs: how much each feature of a sample moves them away from their mean over a
// background. S. M. Lundberg, S.-I. Lee, NIPS 30 (2017). Interventional throughout: features outside a coalition S are
// taken from the background rows b,
//   v(S) = mean over b of f(x_S, b_rest),    phi_j = sum over S without j of |S|! (M - |S| - 1)! / M! (v(S + j) -
//   v(S)).
// Computed in double, whatever the network was trained in.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "network.h"

namespace legcnet {

struct ShapleyProblem {
  NetworkSpec network;             ///< sizes, activations and biases count
  std::vector<double> parameters;  ///< [network.parameters()], public order
  bool logits = false;             ///< explain what goes into the output activation, not what comes out
  std::vector<double> background;  ///< [background_rows, features], at least one row
  std::vector<double> samples;     ///< [sample_rows, features]
  size_t background_rows = 0, sample_rows = 0;

  size_t features() const { return network.sizes.front(); }
  size_t outputs() const { return network.sizes.back(); }
};

struct ShapleyResult {
  std::vector<double> values;          ///< [samples, features, outputs]
  std::vector<double> standard_error;  ///< as values; permutation only
  std::vector<double> base;            ///< [outputs] mean over the background
  std::vector<double> outputs;         ///< [samples, outputs] f(x)
};

/// Of exact values; 2^16 coalitions.
constexpr size_t kMostExactFeatures = 16;

// All give the same bits for any number of threads, count their progress in blocks of work and throw Cancelled.
// K = the network's weights, K1 = those of its first layer, C = coalitions, B and S = rows of background and samples.

/// By the definition. requires: features <= kMostExactFeatures. cost: 2^M (B S (K - K1) + (B + S) K1)
ShapleyResult exact_shapley(const ShapleyProblem& problem, int threads, Control& control);

/// Weighted least squares over coalitions with the weights (M - 1) / (C(M, k) k (M - k)) and both ends as constraints
/// (Kernel SHAP). All 2^M - 2 coalitions if `coalitions` allows, which gives the exact values; else sizes 1 and M - 1,
/// further sizes from both ends that fit into their share, and random ones, with their complements, for the rest.
/// requires: coalitions >= 2 features. cost: as exact with C coalitions, and C M^2 + M^3
ShapleyResult kernel_shapley(const ShapleyProblem& problem, size_t coalitions, uint64_t seed, int threads,
                             Control& control);

/// Means over orders of the features, each walked forwards and backwards (antithetic), of what a feature changes when
/// it joins. The standard error is over orders (0 for one).
/// orders: [n, features], each row a permutation of 0 .. features - 1; the same for every sample
/// cost: 2 n M B (K - K1 + K1 / M) a sample
ShapleyResult permutation_shapley(const ShapleyProblem& problem, const std::vector<uint32_t>& orders, int threads,
                                  Control& control);

/// Mean over b of (x - b) times the mean gradient at the midpoints of `steps` equal parts of the line from b to x.
/// G. Erion et al., Nature Machine Intelligence 3 (2021), 620. Sums to f(x) - base up to the quadrature.
/// cost: S B (steps (K - K1) (outputs + 1) + outputs K1)
ShapleyResult expected_gradients(const ShapleyProblem& problem, size_t steps, int threads, Control& control);

/// DeepLIFT's rescale rule, averaged over the background (Deep SHAP): an activation's multiplier is change out / change
/// in, or its gradient where the change in is below 1e-6. A softmax output is treated element by element, which follows
/// the exact values badly: explain the logits. A. Shrikumar, P. Greenside, A. Kundaje, ICML 34 (2017).
/// cost: S B outputs K
ShapleyResult deep_shapley(const ShapleyProblem& problem, int threads, Control& control);

}  // namespace legcnet
