// GrangerSession as a JavaScript class: one set of options and one target, against which sources are tested a chunk of
// rows at a time.
#include "granger.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

#include "arguments.h"
#include "granger_target.h"
#include "held.h"
#include "task.h"

namespace legcnet::binding {
namespace {

/// Series in the precision they came in.
using Values = std::variant<std::vector<float>, std::vector<double>>;

/// Series that tasks read: where they are, if their memory can be held, else a copy.
struct Rows {
  Held held;
  Values copy;
  std::variant<const double*, const float*> first;
};

/// Copies into what memory `into.copy` has already, unless `into.held` makes that needless.
template <typename T>
void read_array(const Napi::Value& value, const std::string& name, size_t length, Rows& into) {
  const auto view = view_of<T>(value, name, length);
  if (into.held) {
    into.first = view.data;
    return;
  }
  if (!std::holds_alternative<std::vector<T>>(into.copy)) into.copy = std::vector<T>();
  auto& copy = std::get<std::vector<T>>(into.copy);
  copy.assign(view.data, view.data + length);
  into.first = static_cast<const T*>(copy.data());
}
/// requires: into.held, if any, holds the memory of this very value
void read_rows(const Napi::Value& value, const std::string& name, size_t length, Rows& into) {
  if (array_type(value) == napi_float32_array) return read_array<float>(value, name, length, into);
  read_array<double>(value, name, length, into);
}

/// Held by the task that computes: the next one may be waiting with its rows, but takes no core.
class Turn {
 public:
  void take() {
    std::unique_lock<std::mutex> lock(mutex_);
    free_.wait(lock, [&] { return !taken_; });
    taken_ = true;
  }
  void give() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      taken_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

/// What a session and its tasks share.
struct Session {
  size_t rows = 0, samples = 0;
  Stationarity stationarity = Stationarity::kNone;
  bool pairwise = false;  // each source has its own target; there is no common one
  GrangerOptions options;
  Rows target;
  std::unique_ptr<GrangerResult> result;
  /// Memory of tasks that are done with it. Touched on the JavaScript thread only.
  std::vector<Values> spare;
  Turn turn;

  SeriesRows series(const Rows& rows, const Control& control) const {
    return std::visit([&](const auto* first) { return SeriesRows(first, samples, stationarity, &control); },
                      rows.first);
  }

  /// Made by the first task that asks.
  const TargetModel& model(const Control& control) {
    std::call_once(once_, [&] {
      const SeriesRows rows = series(target, control);
      std::vector<double> values(rows.length());
      rows.read(0, values.data());
      model_ = std::make_unique<TargetModel>(values.data(), values.size(), options.first_lag, options.max_lag, control);
    });
    return *model_;
  }

 private:
  std::once_flag once_;
  std::unique_ptr<TargetModel> model_;
};

class GrangerTask : public Task {
 public:
  /// ({first, count, sources: [count, samples], targets: the same if pairwise, threads})
  GrangerTask(std::shared_ptr<Session> session, const Fields& fields)
      : session_(std::move(session)), options_(session_->options) {
    const auto rows = static_cast<int64_t>(session_->rows);
    first_ = static_cast<size_t>(fields.integer("first", 0, rows));
    count_ = static_cast<size_t>(fields.integer("count", 0, rows - static_cast<int64_t>(first_)));
    options_.threads = fields.threads();
    fill(fields, "sources", sources_);
    if (session_->pairwise) fill(fields, "targets", targets_);
  }

 private:
  void fill(const Fields& fields, const char* key, Rows& rows) {
    const auto array = fields.get(key);  // once: a getter may have another the next time, which nobody holds
    if (array.IsTypedArray()) rows.held = hold(array.As<Napi::TypedArray>());
    if (!rows.held && !session_->spare.empty()) {
      rows.copy = std::move(session_->spare.back());
      session_->spare.pop_back();
    }
    read_rows(array, fields.path(key), count_ * session_->samples, rows);
  }

  void run() override {
    session_->turn.take();
    std::once_flag given;  // by the thread that begins the last block, or here if none did
    const auto give = [&] { std::call_once(given, [&] { session_->turn.give(); }); };
    try {
      test(give);
    } catch (...) {
      give();
      throw;
    }
    give();
  }

  void test(const std::function<void()>& give) {
    control().check();
    const GrangerRows rows{session_->series(sources_, control()), count_, first_, give};
    if (session_->pairwise) {
      granger_pairs(rows, session_->series(targets_, control()), options_, *session_->result, control());
    } else {
      granger(rows, session_->model(control()), options_, *session_->result, control());
    }
  }

  Napi::Value result(Napi::Env env) override {
    if (!sources_.held) session_->spare.push_back(std::move(sources_.copy));
    if (session_->pairwise && !targets_.held) session_->spare.push_back(std::move(targets_.copy));
    return env.Undefined();
  }

  std::shared_ptr<Session> session_;
  size_t first_, count_;
  GrangerOptions options_;
  Rows sources_, targets_;
};

class SessionHandle : public Napi::ObjectWrap<SessionHandle> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("GrangerSession", DefineClass(env, "GrangerSession",
                                              {InstanceMethod<&SessionHandle::test>("test"),
                                               InstanceMethod<&SessionHandle::result>("result")}));
  }

  /// ({target: [samples] or null (pairwise), rows, samples, stationarity, maxLag, lagOrder, statistic, shifts,
  ///   seed, perLag, allStatistics})
  explicit SessionHandle(const Napi::CallbackInfo& info) : ObjectWrap(info), session_(std::make_shared<Session>()) {
    const Fields fields(info[0], "session");
    Session& session = *session_;
    session.rows = static_cast<size_t>(fields.integer("rows", 0, int64_t(1) << 32));
    session.samples = static_cast<size_t>(fields.integer("samples", 0, 1 << 24));
    session.stationarity =
        static_cast<Stationarity>(fields.choice("stationarity", {"none", "difference", "adf", "kpss"}));
    session.pairwise = !fields.has("target");
    GrangerOptions& options = session.options;
    options.max_lag = static_cast<int>(fields.integer("maxLag", 1, 1000));
    options.lag_order =
        static_cast<LagOrder>(fields.choice("lagOrder", {"min-p", "aic", "bic", "fixed", "target-aic", "target-bic"}));
    options.first_lag = options.lag_order == LagOrder::kFixed ? options.max_lag : 1;
    options.statistic = static_cast<GrangerStatistic>(
        fields.choice("statistic", {"ssr-ftest", "ssr-chi2test", "lrtest", "params-ftest"}));
    options.shifts = static_cast<int>(fields.integer("shifts", 0, 1 << 20));
    options.seed = static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX));
    options.all_statistics = fields.boolean("allStatistics");
    options.per_lag = fields.boolean("perLag") || options.all_statistics;
    if (!session.pairwise) read_rows(fields.get("target"), fields.path("target"), session.samples, session.target);
    try {
      session.result = std::make_unique<GrangerResult>(session.rows, options);
    } catch (const std::bad_alloc&) {
      throw Napi::Error::New(info.Env(), "not enough memory for the results");
    }
  }

 private:
  Napi::Value test(const Napi::CallbackInfo& info) {
    return Task::start(info.Env(), std::make_unique<GrangerTask>(session_, Fields(info[0], "chunk")));
  }

  /// The arrays themselves: rows are filled in as their chunks are done, and hold anything before.
  Napi::Value result(const Napi::CallbackInfo& info) {
    auto object = Napi::Object::New(info.Env());
    const GrangerResult& result = *session_->result;
    object.Set("lagOrder", shared(info.Env(), result.lag_order));
    object.Set("pValue", shared(info.Env(), result.p_value));
    object.Set("score", shared(info.Env(), result.score));
    object.Set("complete", shared(info.Env(), result.complete));
    object.Set("differenced", shared(info.Env(), result.differenced));
    object.Set("status", shared(info.Env(), result.status));
    object.Set("restrictedRss", shared(info.Env(), result.restricted_rss));
    object.Set("unrestrictedRss", shared(info.Env(), result.unrestricted_rss));
    object.Set("lagPValue", shared(info.Env(), result.lag_p_value));
    object.Set("statistics", shared(info.Env(), result.statistics));
    return object;
  }

  template <typename T>
  Napi::Value shared(Napi::Env env, const ResultArray<T>& values) {
    if (values.size() == 0) return Napi::TypedArrayOf<T>::New(env, 0);
    return array_at(env, values.data(), values.size(), session_);
  }

  std::shared_ptr<Session> session_;
};

}  // namespace

void register_granger(Napi::Env env, Napi::Object exports) {
  SessionHandle::define(env, exports);
  exports.Set("isHeld", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                const bool held = info[0].IsTypedArray() && hold(info[0].As<Napi::TypedArray>());
                return Napi::Boolean::New(info.Env(), held);
              }));
}

}  // namespace legcnet::binding
