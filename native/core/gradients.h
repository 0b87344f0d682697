// Derivatives of a network's mean loss by its parameters, for scores of weights. In double precision whatever the
// network trains in; all parameters are in public order (NetworkSpec::parameters). The loss and its gradient are
// network.cc's: a saturated output of the cross-entropy has a bounded loss but the gradient a - y.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "network.h"
#include "samples.h"

namespace legcnet {

struct LossGradient {
  double loss = 0;               // mean over the rows
  std::vector<double> gradient;  // [parameters] of it
};

/// `rows`: which rows of `samples` the mean is over, repeats allowed; empty: all. The same bits for any number of
/// threads. control.done counts rows. O(rows x parameters); memory O(parameters).
template <typename T>
LossGradient loss_gradient(const NetworkSpec& spec, const std::vector<double>& parameters, const Samples<T>& samples,
                           const std::vector<uint32_t>& rows, int threads, Control& control);

/// H v: the Hessian of the mean loss times `direction` [parameters], exactly (Pearlmutter 1994, the R-operator). At the
/// kink of relu the second derivative is taken as 0. About twice the cost of the gradient.
template <typename T>
std::vector<double> hessian_product(const NetworkSpec& spec, const std::vector<double>& parameters,
                                    const std::vector<double>& direction, const Samples<T>& samples,
                                    const std::vector<uint32_t>& rows, int threads, Control& control);

/// SGD as Trainer does it, in double precision, through one epoch (0 is the first): sum over its steps of -g w,
/// [weights], g being the step's batch gradient and w the weights it is taken at. `mask`: one byte a weight, or empty.
template <typename T>
std::vector<double> movement_of_epoch(const NetworkSpec& spec, const std::vector<double>& parameters,
                                      const std::vector<uint8_t>& mask, const Samples<T>& samples, size_t batch_size,
                                      double learning_rate, bool shuffle, uint64_t seed, uint64_t epoch,
                                      Control& control);

/// SynFlow (Tanaka et al. 2020): w dR/dw with R = 1' |W_L| ... |W_1| 1, biases and activations left out. [weights]; the
/// scores of every layer sum to R.
std::vector<double> synflow_scores(const NetworkSpec& spec, const std::vector<double>& parameters,
                                   const Control& control);

/// SynFlow's rounds: score, drop the least, again, until `kept` weights remain; n0 (kept / n0)^(k / rounds) of the n0
/// unpruned weights outlive round k. Returns each weight's place in the order of removal, [weights]: 0 went first. What
/// outlives the last round, and what goes in one and the same, is in the order of that round's scores; equal scores in
/// the order of `tie_break` [weights], the lowest first. A weight pruned by `mask` (may be empty) has place -1.
std::vector<double> synflow_order(const NetworkSpec& spec, const std::vector<double>& parameters,
                                  const std::vector<uint8_t>& mask, size_t kept, size_t rounds,
                                  const std::vector<int32_t>& tie_break, Control& control);

}  // namespace legcnet
