// Samples and Trainer as JavaScript classes, initial parameters and prediction as functions.
#include "training.h"

#include <atomic>
#include <memory>
#include <utility>
#include <variant>

#include "arguments.h"
#include "lyapunov_options.h"
#include "task.h"
#include "training_arguments.h"

namespace legcnet::binding {
namespace {

constexpr napi_type_tag kSamplesTag = {0x6c65676373616d70ull, 0x6c65734c45474331ull};
constexpr double kMostWeights = 2147483648.0;
constexpr napi_type_tag kTrainerTag = {0x6c65676374726169ull, 0x6e65724c45474331ull};

template <typename Handle>
Handle& handle_of(const Napi::Value& value, const std::string& name, const napi_type_tag& tag, const char* type) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&tag)) throw_type(value.Env(), name, type);
  return *Handle::Unwrap(value.As<Napi::Object>());
}

NetworkSpec read_network(const Napi::Value& value) {
  const Fields fields(value, "network");
  NetworkSpec spec;
  for (const uint32_t size : fields.array<uint32_t>("sizes")) {
    if (size == 0) throw_type(value.Env(), "network.sizes", "positive sizes");
    spec.sizes.push_back(size);
  }
  if (spec.sizes.size() < 2) throw_type(value.Env(), "network.sizes", "at least inputs and outputs");
  double weights = 0;  // in double: a product of sizes may wrap around a size_t
  for (size_t l = 0; l < spec.layers(); ++l) {
    weights += static_cast<double>(spec.sizes[l]) * static_cast<double>(spec.sizes[l + 1]);
  }
  if (weights > kMostWeights) throw_type(value.Env(), "network.sizes", "at most 2^31 weights");
  const auto activation = [&](const char* key) {
    return static_cast<Activation>(fields.choice(key, {"sigmoid", "tanh", "relu", "linear", "softmax"}));
  };
  spec.hidden = activation("activation");
  spec.output = activation("outputActivation");
  if (spec.hidden == Activation::softmax) throw_type(value.Env(), "network.activation", "no softmax");
  spec.loss = static_cast<Loss>(fields.choice("loss", {"squared-error", "cross-entropy"}));
  spec.squared_error_factor = fields.number("squaredErrorFactor");
  spec.divide_by_outputs = fields.boolean("divideByOutputs");
  spec.biases = fields.boolean("biases");
  spec.rule = static_cast<AccuracyRule>(fields.choice("accuracyRule", {"argmax", "exact-match"}));
  return spec;
}

TrainingOptions read_training(const Napi::Value& value) {
  const Fields fields(value, "training");
  TrainingOptions options;
  options.batch_size = static_cast<size_t>(fields.integer("batchSize", 1, 1 << 24));
  options.learning_rate = fields.number("learningRate");
  options.shuffle = fields.boolean("shuffle");
  options.seed = static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX));
  if (fields.has("untilAccuracy")) options.until_accuracy = fields.number("untilAccuracy");
  options.stop_part = static_cast<Part>(fields.choice("stopPart", {"train", "validation", "test"}));
  options.evaluate_every_epoch = fields.boolean("evaluateEveryEpoch");
  options.evaluate_in_single = fields.choice("evaluationScalar", {"float64", "float32"}) == 1;
  return options;
}

SeriesOptions read_series(const Napi::Value& value, const NetworkSpec& spec) {
  SeriesOptions options;
  if (value.IsUndefined() || value.IsNull()) return options;
  const Fields fields(value, "series");
  options.kind = fields.choice("series", {"weights", "difference"}) == 0 ? SeriesKind::weights : SeriesKind::difference;
  options.perturbed_weight =
      static_cast<size_t>(fields.integer("perturbedWeight", 0, static_cast<int64_t>(spec.weights()) - 1));
  options.perturbation = fields.number("perturbation");
  options.window = static_cast<size_t>(fields.integer("window", 1, 1 << 24));
  options.stride = static_cast<size_t>(fields.integer("stride", 1, 1 << 24));
  if (fields.has("lastIterate")) {
    options.last_iterate = static_cast<uint64_t>(fields.integer("lastIterate", 0, int64_t(1) << 53));
  }
  // Room is made at once: refuse what no training needs before the system does.
  options.expected_windows = static_cast<size_t>(fields.integer("expectedWindows", 0, 1 << 20));
  options.single_exponents = fields.choice("exponentScalar", {"float64", "float32"}) == 1;
  options.target = static_cast<Part>(fields.choice("target", {"train", "validation", "test"}));
  options.lyapunov = read_lyapunov_options(Fields(fields.get("lyapunov"), "lyapunov"));
  if (fields.has("sample")) {
    options.sample = fields.array<uint32_t>("sample");
    for (const uint32_t w : options.sample) {
      if (w >= spec.weights()) throw_type(value.Env(), "series.sample", "indices of weights");
    }
  }
  if (fields.has("log")) options.log_path = fields.string("log");
  return options;
}

class SamplesHandle : public Napi::ObjectWrap<SamplesHandle> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    const Napi::Function type = DefineClass(env, "Samples", {InstanceMethod<&SamplesHandle::append>("append")});
    // Not InstanceAccessor: Node checks what a method is called on, but not a getter that was taken off the prototype.
    type.Get("prototype")
        .As<Napi::Object>()
        .DefineProperties({Napi::PropertyDescriptor::Accessor<rows>("rows"),
                           Napi::PropertyDescriptor::Accessor<sparse>("sparse"),
                           Napi::PropertyDescriptor::Accessor<columns>("columns"),
                           Napi::PropertyDescriptor::Accessor<outputs>("outputs")});
    exports.Set("Samples", type);
  }

  /// (scalar, columns, outputs, expected rows)
  explicit SamplesHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto size = [&](size_t i, const char* name) {
      const double value = info[i].IsNumber() ? info[i].As<Napi::Number>().DoubleValue() : 0;
      if (!(value >= 1 && value <= UINT32_MAX)) throw_type(info.Env(), name, "a size");
      return static_cast<size_t>(value);
    };
    columns_ = size(1, "columns");
    outputs_ = size(2, "outputs");
    const size_t rows = size(3, "expected rows");
    if (info[0].ToString().Utf8Value() == "float32") {
      samples = std::make_shared<Samples<float>>(columns_, outputs_, rows);
    } else {
      samples = std::make_shared<Samples<double>>(columns_, outputs_, rows);
    }
    Value().TypeTag(&kSamplesTag);
  }

  SamplesVariant samples;
  bool sealed = false;  // a trainer reads it

 private:
  /// (inputs: Uint8Array | Float32Array | Float64Array, targets: Float64Array, factor)
  Napi::Value append(const Napi::CallbackInfo& info) {
    if (sealed) throw Napi::Error::New(info.Env(), "native Samples: in use, cannot grow any more");
    const auto targets = view_of<double>(info[1], "targets");
    const size_t count = targets.length / outputs_;
    if (!info[2].IsNumber()) throw_type(info.Env(), "factor", "a number");
    const double factor = info[2].As<Napi::Number>().DoubleValue();
    switch (array_type(info[0])) {
      case napi_uint8_array: return add<uint8_t>(info, targets, count, factor);
      case napi_float32_array: return add<float>(info, targets, count, factor);
      default: return add<double>(info, targets, count, factor);
    }
  }
  template <typename S>
  Napi::Value add(const Napi::CallbackInfo& info, ArrayView<double> targets, size_t count, double factor) {
    const auto inputs = view_of<S>(info[0], "inputs");
    if (targets.length != count * outputs_ || inputs.length != count * columns_) {
      throw_type(info.Env(), "inputs and targets", "the same number of whole rows");
    }
    std::visit([&](auto& s) { s->append(inputs.data, targets.data, count, factor); }, samples);
    return info.Env().Undefined();
  }
  static const SamplesVariant& samples_of(const Napi::CallbackInfo& info) {
    return handle_of<SamplesHandle>(info.This(), "this", kSamplesTag, "Samples").samples;
  }
  static Napi::Value rows(const Napi::CallbackInfo& info) {
    const double rows = std::visit([](auto& s) { return static_cast<double>(s->rows()); }, samples_of(info));
    return Napi::Number::New(info.Env(), rows);
  }
  static Napi::Value columns(const Napi::CallbackInfo& info) {
    const double columns = std::visit([](auto& s) { return static_cast<double>(s->columns()); }, samples_of(info));
    return Napi::Number::New(info.Env(), columns);
  }
  static Napi::Value outputs(const Napi::CallbackInfo& info) {
    const double outputs = std::visit([](auto& s) { return static_cast<double>(s->outputs()); }, samples_of(info));
    return Napi::Number::New(info.Env(), outputs);
  }
  static Napi::Value sparse(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), std::visit([](auto& s) { return s->sparse(); }, samples_of(info)));
  }

  size_t columns_ = 0, outputs_ = 0;
};

/// The trainer and who is using it; shared with the tasks that run it.
struct Session {
  std::variant<std::unique_ptr<Trainer<double>>, std::unique_ptr<Trainer<float>>> trainer;
  std::atomic<bool> busy{false};
  bool series_taken = false;  // touched on the JavaScript thread only

  template <typename F>
  decltype(auto) visit(F&& f) {
    return std::visit([&](auto& t) -> decltype(auto) { return f(*t); }, trainer);
  }
};

/// Evaluations [n] as parallel arrays.
Napi::Object evaluations_object(Napi::Env env, const std::vector<Evaluation>& list, size_t classes) {
  std::vector<double> loss, rows, correct;
  std::vector<uint32_t> confusion;
  for (const auto& e : list) {
    loss.push_back(e.rows > 0 ? e.loss / static_cast<double>(e.rows) : 0);
    rows.push_back(static_cast<double>(e.rows));
    correct.push_back(static_cast<double>(e.correct));
    const size_t end = confusion.size() + classes * classes;
    confusion.insert(confusion.end(), e.confusion.begin(), e.confusion.end());
    confusion.resize(end, 0);
  }
  auto object = Napi::Object::New(env);
  object.Set("loss", array_owning(env, std::move(loss)));
  object.Set("rows", array_owning(env, std::move(rows)));
  object.Set("correct", array_owning(env, std::move(correct)));
  object.Set("confusion", array_owning(env, std::move(confusion)));
  return object;
}

std::vector<Evaluation> read_evaluations(const Napi::Value& value, size_t classes) {
  const Fields fields(value, "history");
  const auto loss = fields.array<double>("loss");
  const auto rows = fields.array<double>("rows", loss.size());
  const auto correct = fields.array<double>("correct", loss.size());
  const auto confusion = fields.array<uint32_t>("confusion", loss.size() * classes * classes);
  const auto count = [&](double number) {
    if (!(number >= 0 && number <= 9007199254740992.0)) throw_type(value.Env(), "history", "counts of rows");
    return static_cast<uint64_t>(number);
  };
  std::vector<Evaluation> list(loss.size());
  for (size_t i = 0; i < list.size(); ++i) {
    list[i].loss = loss[i] * rows[i];
    list[i].rows = count(rows[i]);
    list[i].correct = count(correct[i]);
    const auto* begin = confusion.data() + i * classes * classes;
    list[i].confusion.assign(begin, begin + classes * classes);
  }
  return list;
}

/// Work on a session; the session is busy until the promise settles.
class SessionTask : public Task {
 public:
  explicit SessionTask(std::shared_ptr<Session> session) : session_(std::move(session)) {}

 protected:
  std::shared_ptr<Session> session_;
  Napi::Value result(Napi::Env env) override {
    session_->busy = false;
    return value(env);
  }
  void failed() override { session_->busy = false; }
  virtual Napi::Value value(Napi::Env env) { return env.Undefined(); }
};

class RunTask : public SessionTask {
 public:
  RunTask(std::shared_ptr<Session> session, uint64_t epochs, int threads)
      : SessionTask(std::move(session)), epochs_(epochs), threads_(threads) {}

 private:
  void run() override {
    session_->visit([&](auto& trainer) { trainer.run(epochs_, threads_, control()); });
  }
  uint64_t epochs_;
  int threads_;
};

class EvaluateTask : public SessionTask {
 public:
  EvaluateTask(std::shared_ptr<Session> session, int threads) : SessionTask(std::move(session)), threads_(threads) {}

 private:
  void run() override {
    session_->visit([&](auto& trainer) {
      evaluations_ = trainer.evaluate(threads_, control());
      classes_ = class_count(trainer.spec());
    });
  }
  Napi::Value value(Napi::Env env) override { return evaluations_object(env, evaluations_, classes_); }
  int threads_;
  size_t classes_ = 0;
  std::vector<Evaluation> evaluations_;
};

/// Exponents as a typed array of their precision, not copied.
Napi::Value exponents_array(Napi::Env env, ExponentTable::Values&& values) {
  return std::visit([&](auto& table) -> Napi::Value { return array_owning(env, std::move(table)); }, values);
}

/// Hands the watched series over; it is gone from the trainer then.
class SeriesTask : public SessionTask {
 public:
  using SessionTask::SessionTask;

 private:
  void run() override {
    session_->visit([&](auto& trainer) {
      exponents_ = trainer.take_exponents();
      missing_ = trainer.missing_exponents();
      misclassification_ = trainer.misclassification();
      seconds_ = trainer.lyapunov_seconds();
      every_ = trainer.sample().every();
      sample_ = trainer.sample().by_column();
    });
  }
  Napi::Value value(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("exponents", exponents_array(env, std::move(exponents_)));
    object.Set("missing", array_owning(env, std::move(missing_)));
    object.Set("misclassification", array_owning(env, std::move(misclassification_)));
    object.Set("seconds", seconds_);
    object.Set("sampleEvery", static_cast<double>(every_));
    object.Set("sample", array_owning(env, std::move(sample_)));
    return object;
  }
  ExponentTable::Values exponents_;
  std::vector<float> sample_;
  uint64_t every_ = 1;
  std::vector<double> misclassification_;
  std::vector<int32_t> missing_;
  double seconds_ = 0;
};

/// Copies the state off the JavaScript thread.
class StateTask : public SessionTask {
 public:
  using SessionTask::SessionTask;

 private:
  void run() override {
    session_->visit([&](auto& trainer) {
      classes_ = class_count(trainer.spec());
      state_ = trainer.state();
    });
  }
  Napi::Value value(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("iterate", static_cast<double>(state_.iterate));
    object.Set("stop", static_cast<double>(state_.stop));
    object.Set("parameters", array_owning(env, std::move(state_.parameters)));
    object.Set("twinParameters", array_owning(env, std::move(state_.twin_parameters)));
    object.Set("exponents", exponents_array(env, std::move(state_.exponents)));
    object.Set("missing", array_owning(env, std::move(state_.missing)));
    object.Set("misclassification", array_owning(env, std::move(state_.misclassification)));
    object.Set("history", evaluations_object(env, state_.history, classes_));
    object.Set("sampleEvery", static_cast<double>(state_.sample.every));
    object.Set("sample", array_owning(env, std::move(state_.sample.iterates)));
    return object;
  }
  size_t classes_ = 0;
  TrainerState state_;
};

class TrainerHandle : public Napi::ObjectWrap<TrainerHandle> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set(
        "Trainer",
        DefineClass(
            env, "Trainer",
            {InstanceMethod<&TrainerHandle::run>("run"), InstanceMethod<&TrainerHandle::evaluate>("evaluate"),
             InstanceMethod<&TrainerHandle::series>("series"), InstanceMethod<&TrainerHandle::state>("state"),
             InstanceMethod<&TrainerHandle::restore>("restore"), InstanceMethod<&TrainerHandle::status>("status"),
             InstanceMethod<&TrainerHandle::parameters>("parameters"),
             InstanceMethod<&TrainerHandle::history>("history")}));
  }

  /// ({network, training, series, parts: [train, validation, test], parameters, mask})
  explicit TrainerHandle(const Napi::CallbackInfo& info) : ObjectWrap(info), session_(std::make_shared<Session>()) {
    const Fields fields(info[0], "trainer");
    const NetworkSpec spec = read_network(fields.get("network"));
    const TrainingOptions training = read_training(fields.get("training"));
    const SeriesOptions series = read_series(fields.get("series"), spec);
    const auto parameters = fields.array<double>("parameters", spec.parameters());
    std::vector<uint8_t> mask;
    if (fields.has("mask")) mask = fields.array<uint8_t>("mask", spec.weights());
    const Napi::Value parts = fields.get("parts");
    if (!parts.IsArray() || parts.As<Napi::Array>().Length() != kParts) throw_type(info.Env(), "parts", "three parts");
    const Napi::Value first = parts.As<Napi::Array>().Get(0u);
    auto& train = handle_of<SamplesHandle>(first, "parts[0]", kSamplesTag, "Samples");
    std::visit([&](auto& samples) { build(info.Env(), samples, spec, training, series, parts, parameters, mask); },
               train.samples);
    Value().TypeTag(&kTrainerTag);
  }

 private:
  template <typename T>
  void build(Napi::Env env, const std::shared_ptr<Samples<T>>&, const NetworkSpec& spec,
             const TrainingOptions& training, const SeriesOptions& series, const Napi::Value& given,
             const std::vector<double>& parameters, const std::vector<uint8_t>& mask) {
    typename Trainer<T>::Parts parts;
    for (uint32_t i = 0; i < kParts; ++i) {
      const Napi::Value value = given.As<Napi::Array>().Get(i);
      if (value.IsUndefined() || value.IsNull()) continue;
      auto& handle = handle_of<SamplesHandle>(value, "parts", kSamplesTag, "Samples");
      const auto* samples = std::get_if<std::shared_ptr<Samples<T>>>(&handle.samples);
      if (!samples) throw_type(env, "parts", "one precision");
      if ((*samples)->columns() != spec.sizes.front() || (*samples)->outputs() != spec.sizes.back()) {
        throw_type(env, "parts", "samples that fit the network");
      }
      if ((*samples)->rows() == 0) throw_type(env, "parts", "samples with at least one row");
      handle.sealed = true;
      parts[i] = *samples;
    }
    if (!parts[training.stop_part] || (series.kind != SeriesKind::none && !parts[series.target])) {
      throw_type(env, "parts", "the parts that the stopping rule and the target name");
    }
    session_->trainer = std::make_unique<Trainer<T>>(spec, training, series, parts, parameters, mask);
  }

  /// Marks the session busy, or throws.
  void enter(Napi::Env env) {
    if (session_->busy.exchange(true)) throw busy(env);
  }
  void require_series(Napi::Env env) {
    if (session_->series_taken) throw Napi::Error::New(env, "native Trainer: its series has been taken");
  }
  void require_idle(Napi::Env env) {
    if (session_->busy) throw busy(env);
  }
  static Napi::Error busy(Napi::Env env) {
    auto error = Napi::Error::New(env, "the trainer is running a job");
    error.Value().Set("code", "ERR_BUSY");
    return error;
  }

  Napi::Value run(const Napi::CallbackInfo& info) {
    const Fields fields(info[0], "run");
    const auto epochs = static_cast<uint64_t>(fields.integer("epochs", 0, int64_t(1) << 53));
    const int threads = fields.threads();
    require_series(info.Env());
    enter(info.Env());
    return Task::start(info.Env(), std::make_unique<RunTask>(session_, epochs, threads));
  }
  Napi::Value evaluate(const Napi::CallbackInfo& info) {
    const int threads = Fields(info[0], "evaluate").threads();
    enter(info.Env());
    return Task::start(info.Env(), std::make_unique<EvaluateTask>(session_, threads));
  }
  Napi::Value series(const Napi::CallbackInfo& info) {
    require_series(info.Env());
    enter(info.Env());
    session_->series_taken = true;
    return Task::start(info.Env(), std::make_unique<SeriesTask>(session_));
  }
  Napi::Value state(const Napi::CallbackInfo& info) {
    require_series(info.Env());
    enter(info.Env());
    return Task::start(info.Env(), std::make_unique<StateTask>(session_));
  }
  Napi::Value restore(const Napi::CallbackInfo& info) {
    require_idle(info.Env());
    const Fields fields(info[0], "state");
    session_->visit([&](auto& trainer) {
      const NetworkSpec& spec = trainer.spec();
      TrainerState state;
      state.iterate = static_cast<uint64_t>(fields.integer("iterate", 0, int64_t(1) << 53));
      state.stop = static_cast<Stop>(fields.integer("stop", 0, 3));
      state.parameters = fields.array<double>("parameters", spec.parameters());
      state.twin_parameters = fields.array<double>("twinParameters", trainer.has_twin() ? spec.parameters() : 0);
      state.misclassification = fields.array<double>("misclassification");
      const size_t watched = trainer.missing_exponents().size();  // the weights, or none
      const size_t entries = state.misclassification.size() * watched;
      if (array_type(fields.get("exponents")) == napi_float32_array) {
        state.exponents = fields.array<float>("exponents", entries);
      } else {
        state.exponents = fields.array<double>("exponents", entries);
      }
      state.missing = fields.array<int32_t>("missing", watched);
      state.history = read_evaluations(fields.get("history"), class_count(spec));
      state.sample.every = static_cast<uint64_t>(fields.integer("sampleEvery", 1, int64_t(1) << 53));
      state.sample.iterates = fields.array<float>("sample");
      const size_t sampled = trainer.sample().columns(), values = state.sample.iterates.size();
      if (sampled == 0 ? values > 0 : values % sampled > 0 || values / sampled > SeriesSample::kMost) {
        throw_type(info.Env(), "state.sample", "whole iterates of the weights sampled");
      }
      if (!trainer.fits(state)) throw_type(info.Env(), "state", "one of a training that was watched in the same way");
      require_idle(info.Env());  // a getter of the state may have started a job
      trainer.restore(state);
    });
    session_->series_taken = false;
    return info.Env().Undefined();
  }
  Napi::Value status(const Napi::CallbackInfo& info) {
    require_idle(info.Env());
    auto object = Napi::Object::New(info.Env());
    session_->visit([&](auto& trainer) {
      object.Set("epochs", static_cast<double>(trainer.epochs()));
      object.Set("stepsPerEpoch", static_cast<double>(trainer.steps_per_epoch()));
      object.Set("windows", static_cast<double>(trainer.windows()));
      constexpr const char* kNames[] = {"none", "epochs", "accuracy", "diverged"};
      object.Set("stop", kNames[static_cast<size_t>(trainer.stop())]);
    });
    return object;
  }
  Napi::Value parameters(const Napi::CallbackInfo& info) {
    require_idle(info.Env());
    return array_owning(info.Env(), session_->visit([](auto& trainer) { return trainer.parameters(); }));
  }
  Napi::Value history(const Napi::CallbackInfo& info) {
    require_idle(info.Env());
    return session_->visit([&](auto& trainer) -> Napi::Value {
      return evaluations_object(info.Env(), trainer.history(), class_count(trainer.spec()));
    });
  }

  std::shared_ptr<Session> session_;
};

class InitialiseTask : public Task {
 public:
  InitialiseTask(NetworkSpec spec, Initialisation method, uint64_t seed)
      : spec_(std::move(spec)), method_(method), seed_(seed) {}

 private:
  void run() override { parameters_ = initial_parameters(spec_, method_, seed_); }
  Napi::Value result(Napi::Env env) override { return array_owning(env, std::move(parameters_)); }
  NetworkSpec spec_;
  Initialisation method_;
  uint64_t seed_;
  std::vector<double> parameters_;
};

/// (network, method, seed)
Napi::Value initialise(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "initialise");
  const auto method = static_cast<Initialisation>(fields.choice("init", {"gaussian", "uniform", "glorot", "he"}));
  const auto seed = static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX));
  return Task::start(info.Env(), std::make_unique<InitialiseTask>(read_network(fields.get("network")), method, seed));
}

/// Outputs [rows, outputs] and the evaluation of a network on samples.
template <typename T>
class PredictTask : public Task {
 public:
  PredictTask(const NetworkSpec& spec, const std::vector<double>& parameters, std::shared_ptr<Samples<T>> samples,
              int threads)
      : network_(spec), samples_(std::move(samples)), threads_(threads) {
    network_.set_parameters(parameters.data());
  }

 private:
  void run() override {
    outputs_.resize(samples_->rows() * samples_->outputs());
    evaluation_.push_back(network_.predict(*samples_, threads_, control(), outputs_.data()));
  }
  Napi::Value result(Napi::Env env) override {
    auto object = evaluations_object(env, evaluation_, class_count(network_.spec()));
    object.Set("outputs", array_owning(env, std::move(outputs_)));
    return object;
  }
  Network<T> network_;
  std::shared_ptr<Samples<T>> samples_;
  int threads_;
  std::vector<T> outputs_;
  std::vector<Evaluation> evaluation_;
};

/// ({network, parameters, samples, threads})
Napi::Value predict(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "predict");
  const NetworkSpec spec = read_network(fields.get("network"));
  const auto parameters = fields.array<double>("parameters", spec.parameters());
  const int threads = fields.threads();
  auto& handle = handle_of<SamplesHandle>(fields.get("samples"), "samples", kSamplesTag, "Samples");
  handle.sealed = true;
  return std::visit(
      [&](auto& samples) -> Napi::Value {
        using T = std::decay_t<decltype(samples->target(0)[0])>;
        if (samples->columns() != spec.sizes.front() || samples->outputs() != spec.sizes.back()) {
          throw_type(info.Env(), "samples", "samples that fit the network");
        }
        return Task::start(info.Env(), std::make_unique<PredictTask<T>>(spec, parameters, samples, threads));
      },
      handle.samples);
}

}  // namespace

NetworkSpec network_argument(const Napi::Value& value) { return read_network(value); }

SamplesVariant samples_argument(const Napi::Value& value, const NetworkSpec& spec) {
  auto& handle = handle_of<SamplesHandle>(value, "samples", kSamplesTag, "Samples");
  std::visit(
      [&](auto& samples) {
        if (samples->columns() != spec.sizes.front() || samples->outputs() != spec.sizes.back() ||
            samples->rows() == 0) {
          throw_type(value.Env(), "samples", "at least one row, of a shape that fits the network");
        }
      },
      handle.samples);
  handle.sealed = true;
  return handle.samples;
}

void register_training(Napi::Env env, Napi::Object exports) {
  SamplesHandle::define(env, exports);
  TrainerHandle::define(env, exports);
  exports.Set("initialise", Napi::Function::New(env, initialise));
  exports.Set("predict", Napi::Function::New(env, predict));
}

}  // namespace legcnet::binding
