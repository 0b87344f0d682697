// Many twins of a network, trained together.
#include "sensitivity.h"

#include <algorithm>
#include <utility>

#include "arguments.h"
#include "task.h"
#include "training_arguments.h"

namespace legcnet::binding {
namespace {

class SensitivityTask : public Task {
 public:
  SensitivityTask(NetworkSpec spec, std::vector<double> parameters, std::shared_ptr<const Samples<double>> samples,
                  std::vector<uint32_t> perturbed, SensitivityOptions options, int threads)
      : spec_(std::move(spec)),
        parameters_(std::move(parameters)),
        samples_(std::move(samples)),
        perturbed_(std::move(perturbed)),
        options_(options),
        threads_(threads) {}

 private:
  void run() override {
    result_ = weight_sensitivity(spec_, parameters_, *samples_, perturbed_, options_, threads_, control());
  }
  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("iterates", Napi::Number::New(env, static_cast<double>(result_.iterates)));
    object.Set("difference", array_owning(env, std::move(result_.difference)));
    object.Set("distance", array_owning(env, std::move(result_.distance)));
    return object;
  }
  NetworkSpec spec_;
  std::vector<double> parameters_;
  std::shared_ptr<const Samples<double>> samples_;
  std::vector<uint32_t> perturbed_;
  SensitivityOptions options_;
  int threads_;
  Sensitivity result_;
};

/// ({network, parameters, samples (float64), perturbed, batchSize, learningRate, shuffle, seed, epochs, perturbation,
///   threads})
Napi::Value sensitivity_of(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "weightSensitivity");
  NetworkSpec spec = network_argument(fields.get("network"));
  auto parameters = fields.array<double>("parameters", spec.parameters());
  const SamplesVariant given = samples_argument(fields.get("samples"), spec);
  const auto* samples = std::get_if<std::shared_ptr<Samples<double>>>(&given);
  if (samples == nullptr) throw_type(fields.env(), "samples", "samples in float64");
  auto perturbed = fields.array<uint32_t>("perturbed");
  if (perturbed.empty() || *std::max_element(perturbed.begin(), perturbed.end()) >= spec.weights()) {
    throw_type(fields.env(), "perturbed", "at least one weight that there is");
  }
  SensitivityOptions options;
  options.batch_size = static_cast<size_t>(fields.integer("batchSize", 1, 1 << 24));
  options.learning_rate = fields.number("learningRate");
  options.shuffle = fields.boolean("shuffle");
  options.seed = static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX));
  options.epochs = static_cast<uint64_t>(fields.integer("epochs", 1, 1000000));
  options.perturbation = fields.number("perturbation");
  const int threads = fields.threads();
  return Task::start(info.Env(), std::make_unique<SensitivityTask>(std::move(spec), std::move(parameters), *samples,
                                                                   std::move(perturbed), options, threads));
}

}  // namespace

void register_sensitivity(Napi::Env env, Napi::Object exports) {
  exports.Set("weightSensitivity", Napi::Function::New(env, sensitivity_of));
}

}  // namespace legcnet::binding
