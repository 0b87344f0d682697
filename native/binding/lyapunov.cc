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

/// A copy of series that comes into being while tasks already read it.
template <typename T>
class Copy {
 public:
  Copy(size_t rows, size_t samples) : rows_(rows), samples_(samples), values_(new T[rows * samples]) {}

  size_t size() const { return rows_ * samples_; }
  const T* data() const { return values_.get(); }
  const Arrival& arrival() const { return arrival_; }
  bool complete() const { return next_ == size(); }

  /// Copies what one turn of the event loop has time for. Work begins with the first series while the rest are copied.
  void go_on(const T* series) {
    constexpr size_t kTurn = (size_t{4} << 20) / sizeof(T), kTogether = size_t{1} << 14;  // values
    for (const size_t turn = std::min(next_ + kTurn, size()); next_ < turn;) {
      const size_t end = std::min(next_ + kTogether, turn);
      std::copy(series + next_, series + end, values_.get() + next_);
      next_ = end;
      arrival_.announce(end / samples_);
    }
    if (complete()) arrival_.announce(rows_);  // though they be empty
  }

 private:
  const size_t rows_, samples_;
  const std::unique_ptr<T[]> values_;
  size_t next_ = 0;  // value
  Arrival arrival_;
};

/// ({series: [rows, samples], rows, samples, lyapunov: see lyapunov_options.h, threads})
/// Where there is more to copy than one turn of the event loop has time for, the handle also has copy(series), to be
/// called in later turns with the same series until it returns false.
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
        copy_(held_ ? nullptr : std::make_shared<Copy<T>>(rows_, samples_)) {
    control().total = rows_;
  }

  static Napi::Value start(const Napi::CallbackInfo& info, std::unique_ptr<SeriesTask> task) {
    const auto copy = task->copy_;
    auto handle = Task::start(info.Env(), std::move(task)).template As<Napi::Object>();
    if (!copy || copy->complete()) return handle;
    handle.Set("copy", Napi::Function::New(info.Env(), [copy](const Napi::CallbackInfo& call) -> Napi::Value {
                 const auto given = view_of<T>(call[0], "series", copy->size());
                 if (!copy->complete()) copy->go_on(given.data);
                 return Napi::Boolean::New(call.Env(), !copy->complete());
               }));
    return handle;
  }

 protected:
  SeriesView<T> view() {
    const T* const series = held_ ? given_.data : copy_->data();
    at_.resize(samples_);
    for (size_t i = 0; i < samples_; ++i) at_[i] = series + i;
    return {at_.data(), samples_, samples_, held_ ? nullptr : &copy_->arrival()};
  }

  const size_t rows_, samples_;
  const LyapunovOptions options_;
  const int threads_;

 private:
  void started() override {
    if (copy_) copy_->go_on(given_.data);
  }

  const ArrayView<T> given_;  // not to be looked at after started(), unless held
  const Held held_;
  const std::shared_ptr<Copy<T>> copy_;
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
    return SeriesTask<float>::start(info, std::make_unique<TaskOf<float>>(fields, series));
  }
  return SeriesTask<double>::start(info, std::make_unique<TaskOf<double>>(fields, series));
}

}  // namespace

void register_lyapunov(Napi::Env env, Napi::Object exports) {
  exports.Set("divergenceCurves", Napi::Function::New(env, start<CurvesTask>));
  exports.Set("lyapunovExponents", Napi::Function::New(env, start<ExponentsTask>));
}

}  // namespace legcnet::binding
