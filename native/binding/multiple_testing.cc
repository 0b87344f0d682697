// adjustPValues() at once, adjustManyPValues() as a task.
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "held.h"
#include "keep_subnormals.h"
#include "multiple_testing.h"
#include "task.h"

namespace legcnet::binding {
namespace {

Correction read_correction(const Fields& fields) {
  return static_cast<Correction>(fields.choice("correction", {"none", "bh", "by"}));
}

/// ({pValues: [count], correction})
class AdjustTask : public Task {
 public:
  /// `p_values`: that field, asked for once, since a getter may have another the next time, which nobody holds.
  AdjustTask(const Fields& fields, const Napi::Value& p_values)
      : correction_(read_correction(fields)),
        given_(view_of<double>(p_values, fields.path("pValues"))),
        held_(hold(p_values.As<Napi::TypedArray>())) {
    if (!held_) copy();
  }

 private:
  void copy() { p_values_.assign(given_.data, given_.data + given_.length); }

  void run() override {
    const KeepSubnormals keep;
    if (held_) copy();
    adjust_p_values(p_values_.data(), p_values_.size(), correction_, control());
  }
  Napi::Value result(Napi::Env env) override { return array_owning(env, std::move(p_values_)); }

  const Correction correction_;
  const ArrayView<double> given_;  // not to be looked at later, unless held
  const Held held_;
  std::vector<double> p_values_;
};

Napi::Value adjust(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "adjustPValues");
  auto p_values = fields.array<double>("pValues");
  adjust_p_values(p_values.data(), p_values.size(), read_correction(fields), Control());
  return array_owning(info.Env(), std::move(p_values));
}

Napi::Value adjust_many(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "adjustManyPValues");
  return Task::start(info.Env(), std::make_unique<AdjustTask>(fields, fields.get("pValues")));
}

}  // namespace

void register_multiple_testing(Napi::Env env, Napi::Object exports) {
  exports.Set("adjustPValues", Napi::Function::New(env, adjust));
  exports.Set("adjustManyPValues", Napi::Function::New(env, adjust_many));
}

}  // namespace legcnet::binding
