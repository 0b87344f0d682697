// Gradients, Hessian-vector products and the scores made of them.
#include "gradients.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "arguments.h"
#include "task.h"
#include "training_arguments.h"

namespace legcnet::binding {
namespace {

/// What most functions here take: {network, parameters}.
struct Point {
  NetworkSpec spec;
  std::vector<double> parameters;

  explicit Point(const Fields& fields)
      : spec(network_argument(fields.get("network"))),
        parameters(fields.array<double>("parameters", spec.parameters())) {}
};

/// {samples, rows?}: rows of the samples, all of them unless given.
struct Chosen {
  SamplesVariant samples;
  std::vector<uint32_t> rows;

  Chosen(const Fields& fields, const NetworkSpec& spec) : samples(samples_argument(fields.get("samples"), spec)) {
    if (!fields.has("rows")) return;
    rows = fields.array<uint32_t>("rows");
    const size_t count = std::visit([](const auto& s) { return s->rows(); }, samples);
    if (rows.empty() || *std::max_element(rows.begin(), rows.end()) >= count) {
      throw_type(fields.env(), "rows", "at least one row that there is");
    }
  }
};

std::vector<uint8_t> read_mask(const Fields& fields, const NetworkSpec& spec) {
  if (!fields.has("mask")) return {};
  return fields.array<uint8_t>("mask", spec.weights());
}

class GradientTask : public Task {
 public:
  GradientTask(Point point, Chosen chosen, int threads)
      : point_(std::move(point)), chosen_(std::move(chosen)), threads_(threads) {}

 private:
  void run() override {
    std::visit(
        [&](auto& samples) {
          result_ = loss_gradient(point_.spec, point_.parameters, *samples, chosen_.rows, threads_, control());
        },
        chosen_.samples);
  }
  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("loss", result_.loss);
    object.Set("gradient", array_owning(env, std::move(result_.gradient)));
    return object;
  }
  Point point_;
  Chosen chosen_;
  int threads_;
  LossGradient result_;
};

/// A job whose result is one array of numbers.
class NumbersTask : public Task {
 protected:
  Napi::Value result(Napi::Env env) override { return array_owning(env, std::move(numbers_)); }
  std::vector<double> numbers_;
};

class HessianTask : public NumbersTask {
 public:
  HessianTask(Point point, Chosen chosen, std::vector<double> direction, int threads)
      : point_(std::move(point)), chosen_(std::move(chosen)), direction_(std::move(direction)), threads_(threads) {}

 private:
  void run() override {
    std::visit(
        [&](auto& samples) {
          numbers_ =
              hessian_product(point_.spec, point_.parameters, direction_, *samples, chosen_.rows, threads_, control());
        },
        chosen_.samples);
  }
  Point point_;
  Chosen chosen_;
  std::vector<double> direction_;
  int threads_;
};

struct Schedule {
  size_t batch_size;
  double learning_rate;
  bool shuffle;
  uint64_t seed, epoch;

  explicit Schedule(const Fields& fields)
      : batch_size(static_cast<size_t>(fields.integer("batchSize", 1, 1 << 24))),
        learning_rate(fields.number("learningRate")),
        shuffle(fields.boolean("shuffle")),
        seed(static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX))),
        epoch(static_cast<uint64_t>(fields.integer("epoch", 0, UINT32_MAX))) {}
};

class MovementTask : public NumbersTask {
 public:
  MovementTask(Point point, std::vector<uint8_t> mask, SamplesVariant samples, Schedule schedule)
      : point_(std::move(point)), mask_(std::move(mask)), samples_(std::move(samples)), schedule_(schedule) {}

 private:
  void run() override {
    const Schedule& s = schedule_;
    std::visit(
        [&](auto& samples) {
          numbers_ = movement_of_epoch(point_.spec, point_.parameters, mask_, *samples, s.batch_size, s.learning_rate,
                                       s.shuffle, s.seed, s.epoch, control());
        },
        samples_);
  }
  Point point_;
  std::vector<uint8_t> mask_;
  SamplesVariant samples_;
  Schedule schedule_;
};

class SynflowScoresTask : public NumbersTask {
 public:
  explicit SynflowScoresTask(Point point) : point_(std::move(point)) {}

 private:
  void run() override { numbers_ = synflow_scores(point_.spec, point_.parameters, control()); }
  Point point_;
};

class SynflowOrderTask : public NumbersTask {
 public:
  SynflowOrderTask(Point point, std::vector<uint8_t> mask, size_t kept, size_t rounds, std::vector<int32_t> tie_break)
      : point_(std::move(point)),
        mask_(std::move(mask)),
        kept_(kept),
        rounds_(rounds),
        tie_break_(std::move(tie_break)) {}

 private:
  void run() override {
    numbers_ = synflow_order(point_.spec, point_.parameters, mask_, kept_, rounds_, tie_break_, control());
  }
  Point point_;
  std::vector<uint8_t> mask_;
  size_t kept_, rounds_;
  std::vector<int32_t> tie_break_;
};

/// ({network, parameters, samples, rows?, threads})
Napi::Value loss_gradient_of(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "lossGradient");
  Point point(fields);
  Chosen chosen(fields, point.spec);
  const int threads = fields.threads();
  return Task::start(info.Env(), std::make_unique<GradientTask>(std::move(point), std::move(chosen), threads));
}

/// ({network, parameters, direction, samples, rows?, threads})
Napi::Value hessian_product_of(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "hessianProduct");
  Point point(fields);
  Chosen chosen(fields, point.spec);
  auto direction = fields.array<double>("direction", point.spec.parameters());
  const int threads = fields.threads();
  return Task::start(info.Env(),
                     std::make_unique<HessianTask>(std::move(point), std::move(chosen), std::move(direction), threads));
}

/// ({network, parameters, mask?, samples, batchSize, learningRate, shuffle, seed, epoch})
Napi::Value movement_of(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "movement");
  Point point(fields);
  auto mask = read_mask(fields, point.spec);
  auto samples = samples_argument(fields.get("samples"), point.spec);
  const Schedule schedule(fields);
  return Task::start(info.Env(),
                     std::make_unique<MovementTask>(std::move(point), std::move(mask), std::move(samples), schedule));
}

/// ({network, parameters})
Napi::Value synflow_scores_of(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<SynflowScoresTask>(Point(Fields(info[0], "synflowScores"))));
}

/// ({network, parameters, mask?, kept, rounds, tieBreak})
Napi::Value synflow_order_of(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "synflowOrder");
  Point point(fields);
  auto mask = read_mask(fields, point.spec);
  const auto weights = static_cast<int64_t>(point.spec.weights());
  const auto kept = static_cast<size_t>(fields.integer("kept", 0, weights));
  const auto rounds = static_cast<size_t>(fields.integer("rounds", 1, 1000000));
  auto tie_break = fields.array<int32_t>("tieBreak", point.spec.weights());
  return Task::start(info.Env(), std::make_unique<SynflowOrderTask>(std::move(point), std::move(mask), kept, rounds,
                                                                    std::move(tie_break)));
}

}  // namespace

void register_gradients(Napi::Env env, Napi::Object exports) {
  exports.Set("lossGradient", Napi::Function::New(env, loss_gradient_of));
  exports.Set("hessianProduct", Napi::Function::New(env, hessian_product_of));
  exports.Set("movement", Napi::Function::New(env, movement_of));
  exports.Set("synflowScores", Napi::Function::New(env, synflow_scores_of));
  exports.Set("synflowOrder", Napi::Function::New(env, synflow_order_of));
}

}  // namespace legcnet::binding
