// Sensitivity to initial weights: a network and many twins of it, each of which starts off in another weight, trained
// in lock-step on the same batches.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "control.h"
#include "network.h"
#include "samples.h"

namespace legcnet {

struct SensitivityOptions {
  size_t batch_size = 1;
  double learning_rate = 0.1;
  bool shuffle = true;
  uint64_t seed = 1;
  uint64_t epochs = 1;
  double perturbation = 1e-8;
};

struct Sensitivity {
  size_t iterates = 0;             // before the first step and after each
  std::vector<double> difference;  // [twins, iterates] the perturbed weight in the twin, less that in the network
  std::vector<double> distance;    // [twins, iterates] Euclidean, of all weights, biases not counted
};

/// Twin t starts with `perturbed[t]` (public index) moved by the perturbation. The steps are Trainer's (but for the
/// order of samples within a batch of sparse inputs). The inputs of a batch are gathered once for all twins. The same
/// bits for any number of threads. control.done counts steps. O(steps x (1 + twins) x batch size x weights); memory
/// O(twins x (iterates + weights)).
Sensitivity weight_sensitivity(const NetworkSpec& spec, const std::vector<double>& parameters,
                               const Samples<double>& samples, const std::vector<uint32_t>& perturbed,
                               const SensitivityOptions& options, int threads, Control& control);

}  // namespace legcnet
