// divergenceCurves() and lyapunovExponents(): many series as one task.
#include "lyapunov.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "held.h"
#include "lyapunov_options.h"
#include "task.h"

namespace legcnet::binding {
namespace {

/// ({series: [rows, samples], rows, samples, lyapunov: see lyapunov_options.h, threads})
template <typename T>
class SeriesTask : public Task {
 public:
  /// `series`: that field, asked for once, since a getter may have another the next time, which nobody holds.
  SeriesTask(const Fields& fields, const Napi::Value& series)
      : rows_(static_cast<size_t>(fields.integer("rows", 0, int64_t(1) << 32))),
        samples_(static_cast<size_t>(fields.integer("samples", 0, kMaxSeriesLength))),
        options_(read_lyapunov_options(Fields(fields.get("lyapunov"), "lyapunov"))),
        threads_(fields.threads()),
        given_(view_of<T>(series, fields.path("series"), rows_ * samples_)),
        held_(hold_shared(series.As<Napi::TypedArray>())),
        copy_(held_ ? nullptr : new T[rows_ * samples_]) {
    control().total = rows_;
  }

 protected:
  SeriesView<T> view() {
    const T* const series = held_ ? given_.data : copy_.get();
    at_.resize(samples_);
    for (size_t i = 0; i < samples_; ++i) at_[i] = series + i;
    return {at_.data(), samples_, samples_, held_ ? nullptr : &arrival_};
  }

  const size_t rows_, samples_;
  const LyapunovOptions options_;
  const int threads_;

 private:
  /// The work begins with the first series while the rest are copied.
  void started() override {
    if (held_) return;
    constexpr size_t kTogether = size_t{1} << 14;  // values
    const size_t step = kTogether / std::max<size_t>(samples_, 1) + 1;
    for (size_t row = 0; row < rows_; row += step) {
      const size_t end = std::min(row + step, rows_);
      std::copy(given_.data + row * samples_, given_.data + end * samples_, copy_.get() + row * samples_);
      arrival_.announce(end);
    }
  }

  const ArrayView<T> given_;  // not to be looked at after started(), unless held
  const Held held_;
  const std::unique_ptr<T[]> copy_;
  Arrival arrival_;
  std::vector<const T*> at_;
};

/// Resolves with {curve: [rows, horizon + 1], counts: the same, status: [rows], unmatched: [rows]}.
template <typename T>
class CurvesTask : public SeriesTask<T> {
 public:
  using SeriesTask<T>::SeriesTask;

 private:
  void run() override {
    const size_t steps = this->options_.embedding.horizon + 1;
    curve_.resize(this->rows_ * steps);
    counts_.resize(this->rows_ * steps);
    status_.resize(this->rows_);
    unmatched_.resize(this->rows_);
    divergence_curves(this->view(), this->rows_, this->options_, this->threads_, this->control(),
                      {curve_.data(), counts_.data(), status_.data(), unmatched_.data()}, &this->control().done);
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("curve", array_owning(env, std::move(curve_)));
    object.Set("counts", array_owning(env, std::move(counts_)));
    object.Set("status", array_owning(env, std::move(status_)));
    object.Set("unmatched", array_owning(env, std::move(unmatched_)));
    return object;
  }

  std::vector<double> curve_;
  std::vector<uint32_t> counts_, unmatched_;
  std::vector<uint8_t> status_;
};

/// Resolves with {exponent: [rows], status: [rows], unmatched: [rows], fitRange: [rows, 2]}.
template <typename T>
class ExponentsTask : public SeriesTask<T> {
 public:
  using SeriesTask<T>::SeriesTask;

 private:
  void run() override {
    exponent_.resize(this->rows_);
    status_.resize(this->rows_);
    unmatched_.resize(this->rows_);
    fit_range_.resize(2 * this->rows_);
    lyapunov_exponents(this->view(), this->rows_, this->options_, this->threads_, this->control(),
                       {exponent_.data(), status_.data(), unmatched_.data(), fit_range_.data()}, &this->control().done);
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("exponent", array_owning(env, std::move(exponent_)));
    object.Set("status", array_owning(env, std::move(status_)));
    object.Set("unmatched", array_owning(env, std::move(unmatched_)));
    object.Set("fitRange", array_owning(env, std::move(fit_range_)));
    return object;
  }

  std::vector<double> exponent_;
  std::vector<uint8_t> status_;
  std::vector<uint32_t> unmatched_;
  std::vector<int32_t> fit_range_;
};

template <template <typename> class TaskOf>
Napi::Value start(const Napi::CallbackInfo& info) {
  const Fields fields(info[0], "lyapunov");
  const Napi::Value series = fields.get("series");
  if (array_type(series) == napi_float32_array) {
    return Task::start(info.Env(), std::make_unique<TaskOf<float>>(fields, series));
  }
  return Task::start(info.Env(), std::make_unique<TaskOf<double>>(fields, series));
}

}  // namespace

void register_lyapunov(Napi::Env env, Napi::Object exports) {
  exports.Set("divergenceCurves", Napi::Function::New(env, start<CurvesTask>));
  exports.Set("lyapunovExponents", Napi::Function::New(env, start<ExponentsTask>));
}

}  // namespace legcnet::binding
