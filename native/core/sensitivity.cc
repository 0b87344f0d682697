#include "sensitivity.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

/// Below this many weights x samples x networks a step is too short to be worth sharing.
constexpr size_t kSharedStep = 200000;

struct Twin {
  Network<double> network;
  Network<double>::Workspace work;
  std::vector<double> packed;  // [weights]
  size_t perturbed;            // packed index
};

}  // namespace

Sensitivity weight_sensitivity(const NetworkSpec& spec, const std::vector<double>& parameters,
                               const Samples<double>& samples, const std::vector<uint32_t>& perturbed,
                               const SensitivityOptions& options, int threads, Control& control) {
  const size_t rows = samples.rows(), weights = spec.weights(), twins = perturbed.size();
  const uint64_t steps = (rows + options.batch_size - 1) / options.batch_size;
  Sensitivity result;
  result.iterates = static_cast<size_t>(options.epochs * steps) + 1;
  result.difference.resize(twins * result.iterates);
  result.distance.resize(twins * result.iterates);
  control.total = options.epochs * steps;

  std::vector<size_t> packed_index(weights);
  for_each_weight(spec, [&](size_t shown, size_t kept) { packed_index[shown] = kept; });
  Network<double> network(spec);
  network.set_parameters(parameters.data());
  Network<double>::Workspace work;
  std::vector<double> packed(weights);
  std::vector<std::unique_ptr<Twin>> others;
  for (const uint32_t weight : perturbed) {
    std::vector<double> moved(parameters);
    moved[weight] += options.perturbation;
    others.push_back(
        std::make_unique<Twin>(Twin{Network<double>(spec), {}, std::vector<double>(weights), packed_index[weight]}));
    others.back()->network.set_parameters(moved.data());
  }

  size_t iterate = 0;
  const auto record = [&](size_t t) {
    Twin& twin = *others[t];
    twin.network.pack(twin.packed.data());
    double sum = 0;
    for (size_t w = 0; w < weights; ++w) {
      const double d = twin.packed[w] - packed[w];
      sum += d * d;
    }
    result.difference[t * result.iterates + iterate] = twin.packed[twin.perturbed] - packed[twin.perturbed];
    result.distance[t * result.iterates + iterate] = std::sqrt(sum);
  };
  network.pack(packed.data());
  for (size_t t = 0; t < twins; ++t) record(t);

  InputBatch<double> batch;
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  const Team team(threads);
  for (uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
    if (options.shuffle) order = permutation(rows, options.seed, epoch + 1);  // as Trainer::run
    for (size_t first = 0; first < rows; first += options.batch_size) {
      control.check();
      const size_t count = std::min(options.batch_size, rows - first);
      const uint32_t* chosen = order.data() + first;
      const auto step = [&](Network<double>& one, Network<double>::Workspace& its) {
        one.begin_step(count, options.learning_rate, its);
        for (size_t block = 0; block < batch.blocks(); ++block) one.gradients(samples, chosen, batch, block, its);
        const size_t pieces = one.pieces(batch);
        for (size_t piece = 0; piece < pieces; ++piece) {
          thread_local ByteColumns columns;
          one.turn(samples, batch, piece, columns);
          one.update(batch, piece, columns, its);
        }
      };
      network.select(samples, chosen, count, batch);
      for (size_t block = 0; block < batch.blocks(); ++block) batch.load(samples, block);
      step(network, work);
      network.pack(packed.data());
      ++iterate;
      const auto step_twin = [&](size_t t) {
        step(others[t]->network, others[t]->work);
        record(t);
      };
      if (threads > 1 && count * weights * twins >= kSharedStep) {
        parallel_for(twins, threads, control, step_twin);
      } else {
        for (size_t t = 0; t < twins; ++t) {
          control.check();
          step_twin(t);
        }
      }
      control.done.fetch_add(1, std::memory_order_relaxed);
    }
  }
  return result;
}

}  // namespace legcnet
