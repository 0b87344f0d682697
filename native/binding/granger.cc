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
#include "task.h"

namespace legcnet::binding {
namespace {

/// Series in the precision they came in.
using Values = std::variant<std::vector<float>, std::vector<double>>;

/// Copies into what memory `into` has already.
template <typename T>
void copy_array(const Fields& fields, const char* key, size_t length, Values& into) {
  const auto view = view_of<T>(fields.get(key), fields.path(key));
  if (view.length != length) throw_type(fields.env(), fields.path(key), std::to_string(length) + " elements");
  if (!std::holds_alternative<std::vector<T>>(into)) into = std::vector<T>();
  std::get<std::vector<T>>(into).assign(view.data, view.data + length);
}
void copy_values(const Fields& fields, const char* key, size_t length, Values& into) {
  if (array_type(fields.get(key)) == napi_float32_array) return copy_array<float>(fields, key, length, into);
  copy_array<double>(fields, key, length, into);
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
  Values target;
  std::unique_ptr<GrangerResult> result;
  /// Memory of tasks that are done with it. Touched on the JavaScript thread only.
  std::vector<Values> spare;
  Turn turn;

  SeriesRows rows_of(const Values& values, const Control& control) const {
    return std::visit([&](const auto& array) { return SeriesRows(array.data(), samples, stationarity, &control); },
                      values);
  }

  /// Made by the first task that asks.
  const TargetModel& model(const Control& control) {
    std::call_once(once_, [&] {
      const SeriesRows series_of_target = rows_of(target, control);
      std::vector<double> series(series_of_target.length());
      series_of_target.read(0, series.data());
      model_ = std::make_unique<TargetModel>(series.data(), series.size(), options.first_lag, options.max_lag, control);
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
  void fill(const Fields& fields, const char* key, Values& values) {
    if (!session_->spare.empty()) {
      values = std::move(session_->spare.back());
      session_->spare.pop_back();
    }
    copy_values(fields, key, count_ * session_->samples, values);
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
    const GrangerRows rows{session_->rows_of(sources_, control()), count_, first_, give};
    if (session_->pairwise) {
      granger_pairs(rows, session_->rows_of(targets_, control()), options_, *session_->result, control());
    } else {
      granger(rows, session_->model(control()), options_, *session_->result, control());
    }
  }

  Napi::Value result(Napi::Env env) override {
    session_->spare.push_back(std::move(sources_));
    if (session_->pairwise) session_->spare.push_back(std::move(targets_));
    return env.Undefined();
  }

  std::shared_ptr<Session> session_;
  size_t first_, count_;
  GrangerOptions options_;
  Values sources_, targets_;
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
    if (!session.pairwise) copy_values(fields, "target", session.samples, session.target);
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
    auto* owner = new std::shared_ptr<Session>(session_);
    const auto buffer = Napi::ArrayBuffer::New(
        env, values.data(), values.size() * sizeof(T),
        [](Napi::Env, void*, std::shared_ptr<Session>* hint) { delete hint; }, owner);
    return Napi::TypedArrayOf<T>::New(env, values.size(), buffer, 0);
  }

  std::shared_ptr<Session> session_;
};

}  // namespace

void register_granger(Napi::Env env, Napi::Object exports) { SessionHandle::define(env, exports); }

}  // namespace legcnet::binding
