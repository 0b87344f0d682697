// unitRootTests(): the ADF or the KPSS test of many series as one task.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "parallel.h"
#include "task.h"
#include "unit_root.h"

namespace legcnet::binding {
namespace {

/// Series that a thread takes at a time.
constexpr size_t kBlock = 16;

class UnitRootTask : public Task {
 public:
  /// ({series: [rows, samples], rows, samples, test, threads})
  explicit UnitRootTask(const Fields& fields)
      : rows_(static_cast<size_t>(fields.integer("rows", 0, int64_t(1) << 32))),
        samples_(static_cast<size_t>(fields.integer("samples", 0, 1 << 24))),
        test_(fields.choice("test", {"adf", "kpss"}) == 0 ? UnitRootTest::kAdf : UnitRootTest::kKpss),
        threads_(fields.threads()) {
    if (array_type(fields.get("series")) == napi_float32_array) {
      const auto narrow = fields.array<float>("series", rows_ * samples_);
      series_.assign(narrow.begin(), narrow.end());
    } else {
      series_ = fields.array<double>("series", rows_ * samples_);
    }
    statistic_.resize(rows_);
    p_value_.resize(rows_);
    lags_.resize(rows_);
  }

 private:
  void run() override {
    control().total = rows_;
    parallel_for((rows_ + kBlock - 1) / kBlock, threads_, control(), [&](size_t block) {
      const size_t end = std::min(rows_, (block + 1) * kBlock);
      for (size_t row = block * kBlock; row < end; ++row) {
        control().check();
        const double* series = series_.data() + row * samples_;
        const auto test = test_ == UnitRootTest::kAdf ? adf_test : kpss_test;
        const UnitRoot found = test(series, samples_, &control());
        statistic_[row] = found.statistic;
        p_value_[row] = found.p_value;
        lags_[row] = found.lags;
        ++control().done;
      }
    });
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("statistic", array_owning(env, std::move(statistic_)));
    object.Set("pValue", array_owning(env, std::move(p_value_)));
    object.Set("lags", array_owning(env, std::move(lags_)));
    return object;
  }

  size_t rows_, samples_;
  UnitRootTest test_;
  int threads_;
  std::vector<double> series_, statistic_, p_value_;
  std::vector<int32_t> lags_;
};

Napi::Value start(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<UnitRootTask>(Fields(info[0], "unitRootTests")));
}

}  // namespace

void register_stationarity(Napi::Env env, Napi::Object exports) {
  exports.Set("unitRootTests", Napi::Function::New(env, start));
}

}  // namespace legcnet::binding
