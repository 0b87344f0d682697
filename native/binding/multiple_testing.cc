// adjustPValues() at once, adjustManyPValues() as a task.
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "keep_subnormals.h"
#include "multiple_testing.h"
#include "task.h"

namespace legcnet::binding {
namespace {

/// ({pValues: [count], correction})
struct Input {
  explicit Input(const Fields& fields)
      : p_values(fields.array<double>("pValues")),
        correction(static_cast<Correction>(fields.choice("correction", {"none", "bh", "by"}))) {}
  std::vector<double> p_values;
  Correction correction;
};

class AdjustTask : public Task {
 public:
  explicit AdjustTask(const Fields& fields) : input_(fields) {}

 private:
  void run() override {
    const KeepSubnormals keep;
    adjust_p_values(input_.p_values.data(), input_.p_values.size(), input_.correction, control());
  }
  Napi::Value result(Napi::Env env) override { return array_owning(env, std::move(input_.p_values)); }

  Input input_;
};

Napi::Value adjust(const Napi::CallbackInfo& info) {
  Input input(Fields(info[0], "adjustPValues"));
  adjust_p_values(input.p_values.data(), input.p_values.size(), input.correction, Control());
  return array_owning(info.Env(), std::move(input.p_values));
}

Napi::Value adjust_many(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<AdjustTask>(Fields(info[0], "adjustManyPValues")));
}

}  // namespace

void register_multiple_testing(Napi::Env env, Napi::Object exports) {
  exports.Set("adjustPValues", Napi::Function::New(env, adjust));
  exports.Set("adjustManyPValues", Napi::Function::New(env, adjust_many));
}

}  // namespace legcnet::binding
