// shapley(): Shapley values by any of the estimators as one task.
#include "shapley.h"

#include <memory>
#include <utility>

#include "arguments.h"
#include "random.h"
#include "task.h"
#include "training_arguments.h"

namespace legcnet::binding {
namespace {

constexpr size_t kMostRows = size_t(1) << 32;

enum class Estimator { kExact, kKernel, kPermutation, kExpectedGradients, kDeeplift };

std::vector<double> read_rows(const Fields& fields, const char* key, size_t features, size_t& rows) {
  auto values = fields.array<double>(key);
  rows = values.size() / features;
  if (rows * features != values.size() || rows > kMostRows) throw_type(fields.env(), fields.path(key), "whole rows");
  return values;
}

/// {network, parameters, logits, background: [rows, features],
///  samples: [rows, features]}
ShapleyProblem read_problem(const Fields& fields) {
  ShapleyProblem problem;
  problem.network = network_argument(fields.get("network"));
  problem.parameters = fields.array<double>("parameters", problem.network.parameters());
  problem.logits = fields.boolean("logits");
  problem.background = read_rows(fields, "background", problem.features(), problem.background_rows);
  problem.samples = read_rows(fields, "samples", problem.features(), problem.sample_rows);
  if (problem.background_rows == 0) throw_type(fields.env(), "shapley.background", "at least one row");
  return problem;
}

class ShapleyTask : public Task {
 public:
  /// ({...problem, estimator, coalitions, permutations, orders?: [permutations, features], steps, seed, threads})
  explicit ShapleyTask(const Fields& fields)
      : problem_(read_problem(fields)),
        estimator_(static_cast<Estimator>(
            fields.choice("estimator", {"exact", "kernel", "permutation", "expected-gradients", "deeplift"}))),
        steps_(static_cast<size_t>(fields.integer("steps", 1, 1 << 24))),
        seed_(static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX))),
        threads_(fields.threads()) {
    const size_t features = problem_.features();
    const auto least = static_cast<int64_t>(estimator_ == Estimator::kKernel ? 2 * features : 0);
    coalitions_ = static_cast<size_t>(fields.integer("coalitions", least, int64_t(1) << 40));
    if (estimator_ == Estimator::kExact && features > kMostExactFeatures) {
      throw_type(fields.env(), "shapley.estimator", "another than exact for so many features");
    }
    if (estimator_ == Estimator::kPermutation) read_orders(fields);
  }

 private:
  void read_orders(const Fields& fields) {
    const size_t features = problem_.features();
    if (!fields.has("orders")) {
      permutations_ = static_cast<size_t>(fields.integer("permutations", 1, 1 << 24));
      return;
    }
    orders_ = fields.array<uint32_t>("orders");
    if (orders_.empty() || orders_.size() % features != 0) throw_type(fields.env(), "shapley.orders", "whole rows");
    std::vector<uint8_t> seen;
    for (size_t i = 0; i < orders_.size(); ++i) {
      if (i % features == 0) seen.assign(features, 0);
      if (orders_[i] >= features || seen[orders_[i]]++) throw_type(fields.env(), "shapley.orders", "permutations");
    }
  }

  void run() override {
    switch (estimator_) {
      case Estimator::kExact: result_ = exact_shapley(problem_, threads_, control()); break;
      case Estimator::kKernel: result_ = kernel_shapley(problem_, coalitions_, seed_, threads_, control()); break;
      case Estimator::kPermutation:
        for (size_t p = 0; p < permutations_; ++p) {
          control().check();
          const auto order = permutation(problem_.features(), seed_, p);
          orders_.insert(orders_.end(), order.begin(), order.end());
        }
        result_ = permutation_shapley(problem_, orders_, threads_, control());
        break;
      case Estimator::kExpectedGradients: result_ = expected_gradients(problem_, steps_, threads_, control()); break;
      case Estimator::kDeeplift: result_ = deep_shapley(problem_, threads_, control()); break;
    }
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("values", array_owning(env, std::move(result_.values)));
    object.Set("standardError", array_owning(env, std::move(result_.standard_error)));
    object.Set("base", array_owning(env, std::move(result_.base)));
    object.Set("outputs", array_owning(env, std::move(result_.outputs)));
    return object;
  }

  ShapleyProblem problem_;
  Estimator estimator_;
  size_t steps_, coalitions_ = 0, permutations_ = 0;
  uint64_t seed_;
  int threads_;
  std::vector<uint32_t> orders_;
  ShapleyResult result_;
};

Napi::Value start(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<ShapleyTask>(Fields(info[0], "shapley")));
}

}  // namespace

void register_shapley(Napi::Env env, Napi::Object exports) { exports.Set("shapley", Napi::Function::New(env, start)); }

}  // namespace legcnet::binding
