// granger(): Granger tests of many sources as one task.
#include "granger.h"

#include <memory>
#include <utility>

#include "arguments.h"
#include "task.h"

namespace legcnet::binding {
namespace {

/// [rows, n] row-major becomes [rows, n - 1]: x(t + 1) - x(t).
void difference_rows(std::vector<double>& series, size_t rows, size_t n) {
  if (n == 0) return;
  for (size_t row = 0; row < rows; ++row) {
    const double* in = series.data() + row * n;
    double* out = series.data() + row * (n - 1);  // never ahead of `in`
    for (size_t t = 0; t + 1 < n; ++t) out[t] = in[t + 1] - in[t];
  }
  series.resize(rows * (n - 1));
}

/// Pointers that make row-major [rows, n] a SeriesView.
std::vector<const double*> columns_of(const std::vector<double>& series, size_t n) {
  std::vector<const double*> columns(n);
  for (size_t t = 0; t < n; ++t) columns[t] = series.data() + t;
  return columns;
}

class GrangerTask : public Task {
 public:
  /// ({sources: [rows, samples], targets: [samples] or [rows, samples], rows, samples, pairwise, difference, firstLag,
  ///   maxLag, statistic, allStatistics, commonSample, threads})
  explicit GrangerTask(const Fields& fields)
      : rows_(static_cast<size_t>(fields.integer("rows", 0, int64_t(1) << 32))),
        samples_(static_cast<size_t>(fields.integer("samples", 0, 1 << 24))),
        pairwise_(fields.boolean("pairwise")),
        difference_(fields.boolean("difference")) {
    options_.max_lag = static_cast<int>(fields.integer("maxLag", 1, 1000));
    options_.first_lag = static_cast<int>(fields.integer("firstLag", 1, options_.max_lag));
    options_.statistic = static_cast<GrangerStatistic>(
        fields.choice("statistic", {"ssr-ftest", "ssr-chi2test", "lrtest", "params-ftest"}));
    options_.all_statistics = fields.boolean("allStatistics");
    options_.common_sample = fields.boolean("commonSample");
    options_.threads = fields.threads();
    sources_ = read(fields, "sources", rows_ * samples_);
    targets_ = read(fields, "targets", (pairwise_ ? rows_ : 1) * samples_);
  }

 private:
  static std::vector<double> read(const Fields& fields, const char* key, size_t length) {
    if (array_type(fields.get(key)) != napi_float32_array) return fields.array<double>(key, length);
    const auto values = fields.array<float>(key, length);
    return std::vector<double>(values.begin(), values.end());
  }

  void run() override {
    if (difference_) {
      difference_rows(sources_, rows_, samples_);
      difference_rows(targets_, pairwise_ ? rows_ : 1, samples_);
      if (samples_ > 0) --samples_;
    }
    const auto source_columns = columns_of(sources_, samples_), target_columns = columns_of(targets_, samples_);
    const SeriesView<double> sources{source_columns.data(), samples_, samples_};
    const SeriesView<double> targets{target_columns.data(), samples_, samples_};
    result_ = granger(sources, rows_, targets, pairwise_, options_, control());
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("status", array_owning(env, std::move(result_.status)));
    object.Set("restrictedRss", array_owning(env, std::move(result_.restricted_rss)));
    object.Set("unrestrictedRss", array_owning(env, std::move(result_.unrestricted_rss)));
    object.Set("pValue", array_owning(env, std::move(result_.p_value)));
    object.Set("statistics", array_owning(env, std::move(result_.statistics)));
    object.Set("commonRestrictedRss", array_owning(env, std::move(result_.common_restricted_rss)));
    object.Set("commonUnrestrictedRss", array_owning(env, std::move(result_.common_unrestricted_rss)));
    object.Set("commonLag", array_owning(env, std::move(result_.common_lag)));
    return object;
  }

  size_t rows_, samples_;
  bool pairwise_, difference_;
  GrangerOptions options_;
  std::vector<double> sources_, targets_;
  GrangerResult result_;
};

Napi::Value start(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<GrangerTask>(Fields(info[0], "granger")));
}

}  // namespace

void register_granger(Napi::Env env, Napi::Object exports) { exports.Set("granger", Napi::Function::New(env, start)); }

}  // namespace legcnet::binding
