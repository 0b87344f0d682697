#include "granger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "distributions.h"
#include "granger_batch.h"
#include "granger_pair.h"
#include "tail_lanes.h"

using namespace legcnet;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

using Series = std::vector<double>;

bool close(double actual, double expected, double relative) {
  return std::fabs(actual - expected) <= relative * std::fabs(expected);
}

/// Series of all kinds: noise, autoregressive, walk, trend, steps, mostly zero.
Series random_series(std::mt19937_64& random, size_t n, unsigned kind) {
  std::normal_distribution<double> normal;
  Series x(n);
  double v = 0;
  for (size_t t = 0; t < n; ++t) {
    const double e = normal(random);
    switch (kind % 6) {
      case 0: v = e; break;
      case 1: v = 0.6 * v + e; break;
      case 2: v += e; break;
      case 3: v = 2 + std::exp(-5.0 * static_cast<double>(t) / static_cast<double>(n)) + 0.01 * e; break;
      case 4: v = std::round(e); break;
      default: v = e > 0.8 ? e : 0;
    }
    x[t] = v;
  }
  return x;
}

/// A [rows, n] matrix.
struct Matrix {
  size_t rows, n;
  Series values;

  Matrix(const std::vector<Series>& series, size_t samples) : rows(series.size()), n(samples) {
    for (const Series& one : series) values.insert(values.end(), one.begin(), one.end());
  }
  SeriesRows view(size_t first = 0) const { return {values.data() + first * n, n}; }
};

TargetModel model_of(const Series& target, int first_lag, int max_lag) {
  const Control control;
  return {target.data(), target.size(), first_lag, max_lag, control};
}

/// Tests against one target, in calls of `chunk` rows, or each source against its own.
GrangerResult test(const Matrix& sources, const Matrix& targets, GrangerOptions options = {}, bool pairwise = false,
                   size_t chunk = 1000) {
  options.per_lag = options.all_statistics = true;
  GrangerResult result(sources.rows, options);
  for (size_t first = 0; first == 0 || first < sources.rows; first += chunk) {
    Control control;
    int begun = 0;
    const GrangerRows rows{sources.view(first), std::min(chunk, sources.rows - first), first, [&] { ++begun; }};
    if (pairwise) {
      granger_pairs(rows, targets.view(first), options, result, control);
    } else {
      granger(rows, model_of(targets.values, options.first_lag, options.max_lag), options, result, control);
    }
    CHECK(control.done == rows.count);
    CHECK(control.total == rows.count);
    CHECK(begun == (rows.count > 0 ? 1 : 0));
  }
  return result;
}

/// Bits, so that NaN equals itself.
template <typename T>
bool same(const ResultArray<T>& a, const ResultArray<T>& b) {
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}
bool same(const GrangerResult& a, const GrangerResult& b) {
  return same(a.lag_order, b.lag_order) && same(a.p_value, b.p_value) && same(a.score, b.score) &&
         same(a.complete, b.complete) && same(a.status, b.status) && same(a.restricted_rss, b.restricted_rss) &&
         same(a.unrestricted_rss, b.unrestricted_rss) && same(a.lag_p_value, b.lag_p_value) &&
         same(a.statistics, b.statistics);
}

/// The residual sums of squares a and b on rows begin..n-1, by Gram-Schmidt (twice is enough) in long double.
std::pair<double, double> by_gram_schmidt(const Series& source, const Series& target, size_t begin, size_t lag) {
  using Column = std::vector<long double>;
  const size_t samples = target.size() - begin;
  const auto dot = [](const Column& a, const Column& b) {
    long double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  std::vector<Column> basis;
  const auto project_off = [&](Column column) {
    for (int pass = 0; pass < 2; ++pass) {
      for (const Column& q : basis) {
        const long double c = dot(q, column);
        for (size_t i = 0; i < samples; ++i) column[i] -= c * q[i];
      }
    }
    return column;
  };
  const auto add = [&](const Column& column) {
    Column rest = project_off(column);
    const long double norm = std::sqrt(dot(rest, rest));
    for (long double& v : rest) v /= norm;
    basis.push_back(rest);
  };
  const auto lagged = [&](const Series& series, size_t a) {
    return Column(series.begin() + static_cast<ptrdiff_t>(begin - a), series.end() - static_cast<ptrdiff_t>(a));
  };
  add(Column(samples, 1));
  for (size_t a = 1; a <= lag; ++a) add(lagged(target, a));
  const Column restricted = project_off(lagged(target, 0));
  for (size_t a = 1; a <= lag; ++a) add(lagged(source, a));
  const Column unrestricted = project_off(lagged(target, 0));
  return {static_cast<double>(dot(restricted, restricted)), static_cast<double>(dot(unrestricted, unrestricted))};
}

GrangerStatus status_at(const GrangerResult& result, size_t row, int lag) {
  return static_cast<GrangerStatus>(
      result.status[row * static_cast<size_t>(result.lags) + static_cast<size_t>(lag) - 1]);
}

}  // namespace

TEST_CASE("upper tails agree with 40-digit arithmetic, far down too") {
  const struct {
    double x;
    int df;
    double p;
  } chi2[] = {{1e-08, 1, 0.999920211544052694},
              {0.5, 1, 0.479500122186953462},
              {3.841458820694124, 1, 0.0500000000000000574},
              {700, 1, 2.99022697512462034e-154},
              {1350, 1, 1.54055350533315261e-295},
              {0.001, 2, 0.999500124979169271},
              {10, 2, 0.0067379469990854671},
              {1400, 2, 9.85967654375977086e-305},
              {23.5, 14, 0.052604823701332377},
              {600, 14, 5.31856469739069042e-119},
              {1420, 14, 8.03185559265442608e-295},
              {14, 15, 0.525529129762908876},
              {3, 29, 0.999999999736394123},
              {1400, 29, 1.11599892138147184e-276}};
  for (const auto& [x, df, p] : chi2) CHECK(close(chi2_upper(x, df), p, 2e-13));
  const struct {
    double x;
    int numerator, denominator;
    double p;
  } f[] = {{1e-09, 1, 400, 0.999974784439418891}, {0.3, 1, 5, 0.607435494075924219},
           {4, 1, 1, 0.295167235300866548},       {1e4, 1, 1, 0.0063659855298165103},
           {80, 1, 85, 7.00216441521994834e-14},  {5000, 1, 150, 4.3732650783942596e-117},
           {2.5, 2, 3, 0.229639663385922947},     {1e6, 2, 60, 2.0570591621363648e-136},
           {0.9, 3, 200, 0.442164535259104794},   {1.2, 7, 41, 0.324535458240896676},
           {30, 7, 41, 3.39833066070823696e-14},  {1, 14, 71, 0.462988677607208555},
           {500, 14, 71, 5.2976338440377538e-65}, {40, 13, 3000, 2.10675577829122424e-94},
           {0.001, 6, 87, 0.999999995196464917},  {250, 6, 400, 5.81598356182507711e-132}};
  for (const auto& [x, numerator, denominator, p] : f) CHECK(close(f_upper(x, numerator, denominator), p, 2e-13));
}

TEST_CASE("tails of a vector of values are those of each, wherever their lane") {
  const auto check = [](const auto& tail, const auto& by_itself, double least, double most) {
    Vec<double> values{};
    size_t lane = 0;
    for (double x = least; x < most; x *= 1.07) {
      values[lane] = x;
      const double p = tail(values)[lane], expected = by_itself(x);
      if (expected > 1e-300) CHECK(close(p, expected, 1e-12));
      CHECK(p == tail(Vec<double>{} + x)[0]);
      lane = (lane + 1) % kLanes<double>;
    }
    for (double x : {0.0, kInf}) CHECK(tail(Vec<double>{} + x)[0] == by_itself(x));
    CHECK(std::isnan(tail(Vec<double>{} + kNaN)[0]));
  };
  for (int df : {1, 2, 3, 6, 7, 14, 29, 100}) {
    check(
        Chi2Tail(df), [&](double x) { return chi2_upper(x, df); }, 1e-9, 5000);
    for (int denominator : {1, 2, 9, 11, 12, 40, 57, 100, 333, 1999, 2001, 50000}) {
      check(
          FTail(df, denominator), [&](double q) { return f_upper(q / df * denominator, df, denominator); }, 1e-9, 1e7);
    }
  }
  for (double x = 1e-300; x < 1e300; x *= 3.7) {
    CHECK(close(natural_log(Vec<double>{} + x)[0], std::log(x), 1e-15));
    CHECK(close(log_one_plus(Vec<double>{} + x)[0], std::log1p(x), 1e-15));
  }
}

TEST_CASE("upper tails at the ends") {
  CHECK(chi2_upper(0, 3) == 1);
  CHECK(chi2_upper(-1, 3) == 1);
  CHECK(chi2_upper(kInf, 3) == 0);
  CHECK(std::isnan(chi2_upper(kNaN, 3)));
  CHECK(f_upper(0, 2, 3) == 1);
  CHECK(f_upper(-1, 2, 3) == 1);
  CHECK(f_upper(kInf, 2, 3) == 0);
  CHECK(std::isnan(f_upper(kNaN, 2, 3)));
  // Falls without a step where one formula takes over from another.
  for (int df : {1, 2, 5, 14}) {
    for (double x = 0.01, before = 1; x < 1e4; x *= 1.01) {
      const double p = f_upper(x, df, 30);
      CHECK(p < before);
      before = p;
    }
  }
}

TEST_CASE("sums of squares agree with long double") {
  std::mt19937_64 random(1);
  const int max_lag = 8;
  for (size_t n : {26u, 40u, 90u}) {
    for (unsigned kind = 0; kind < 36; ++kind) {
      const Series source = random_series(random, n, kind % 6), target = random_series(random, n, kind / 6);
      GrangerOptions options;
      options.max_lag = max_lag;
      const GrangerResult result = test(Matrix({source}, n), Matrix({target}, n), options);
      for (int lag = 1; lag <= max_lag; ++lag) {
        const size_t i = static_cast<size_t>(lag) - 1;
        if (status_at(result, 0, lag) != GrangerStatus::kOk) continue;
        const auto own = by_gram_schmidt(source, target, static_cast<size_t>(lag), static_cast<size_t>(lag));
        CHECK(close(result.restricted_rss[i], own.first, 1e-9));
        CHECK(close(result.unrestricted_rss[i], own.second, 1e-9));
      }
    }
  }
}

TEST_CASE("the fast path says how wrong it may be, on each lag's sample and on the common one") {
  std::mt19937_64 random(2);
  int compared = 0;
  for (size_t n : {44u, 60u, 150u}) {
    for (unsigned kind = 0; kind < 108; ++kind) {
      const Series source = random_series(random, n, kind % 6), target = random_series(random, n, kind / 6);
      const TargetModel model = model_of(target, 1, 14);
      const auto top = static_cast<size_t>(model.top_lag);
      if (top == 0) continue;
      const Matrix matrix({source}, n);
      GrangerBatch batch(model, 1);
      batch.run(matrix.view(), 0, 1, true);
      const double back = std::ldexp(1.0, 2 * model.series.exponent);
      const auto check = [&](const GrangerBatch::Fit& fit, size_t begin, int lag) {
        if (!(fit.pivot[0] > 1e-5)) return;
        const auto [a, b] = by_gram_schmidt(source, target, begin, static_cast<size_t>(lag));
        CHECK(std::fabs(fit.explained[0] * back - (a - b)) <= fit.error[0] * back + 1e-15 * a);
        ++compared;
      };
      for (int lag = 1; lag <= model.top_lag; ++lag) {
        check(batch.common(lag), top, lag);
        if (model.lags[static_cast<size_t>(lag)].status != GrangerStatus::kOk) continue;
        check(batch.own(lag), static_cast<size_t>(lag), lag);
      }
    }
  }
  CHECK(compared > 5000);
}

TEST_CASE("a target that its own past predicts well takes the second look, and that is precise") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  int precise = 0, all = 0;
  for (size_t n : {52u, 120u}) {
    for (unsigned kind = 0; kind < 36; ++kind) {
      Series target(n);
      for (size_t t = 0; t < n; ++t) {
        target[t] = std::exp(-6.0 * static_cast<double>(t) / static_cast<double>(n)) + 1e-3 * normal(random);
      }
      const Series source = random_series(random, n, kind % 3);
      const TargetModel model = model_of(target, 1, 14);
      const Matrix matrix({source}, n);
      GrangerBatch batch(model, 1);
      batch.run(matrix.view(), 0, 1, false);
      for (int lag = 1; lag <= model.top_lag; ++lag) {
        const TargetLag& known = model.lags[static_cast<size_t>(lag)];
        const GrangerBatch::Fit fit = batch.own(lag);
        const double samples = static_cast<double>(n) - lag;
        ++all;
        if (!precise_enough(fit.explained[0], fit.error[0], known.rss, samples)) continue;
        ++precise;
        const auto [a, b] = by_gram_schmidt(source, target, static_cast<size_t>(lag), static_cast<size_t>(lag));
        CHECK(close(fit.explained[0] / (known.rss - fit.explained[0]), (a - b) / b, kFastTolerance));
      }
    }
  }
  CHECK(all == 2 * 36 * 14);
  CHECK(precise > all * 9 / 10);  // 1007 of 1008; by cross-products alone 132
}

TEST_CASE("both factorisations of the careful path agree") {
  std::mt19937_64 random(3);
  const size_t n = 50;
  for (unsigned kind = 0; kind < 36; ++kind) {
    const Series source = random_series(random, n, kind % 6), target = random_series(random, n, kind / 6);
    const Standardised x = standardise(source.data(), n), y = standardise(target.data(), n);
    for (int lag : {1, 3, 7}) {
      const PairFit qr = fit_pair({target.data(), &y}, {source.data(), &x}, n, static_cast<size_t>(lag), lag);
      const PairFit svd = fit_pair_by_svd(target.data(), source.data(), n, static_cast<size_t>(lag), lag);
      CHECK(qr.rank == svd.rank);
      CHECK(close(qr.restricted, svd.restricted, 1e-8));
      CHECK(close(qr.unrestricted, svd.unrestricted, 1e-8));
    }
  }
}

TEST_CASE("a dependent lag is dropped: rank, degrees of freedom, Wald test") {
  std::mt19937_64 random(4);
  const size_t n = 60;
  const Series target = random_series(random, n, 1);
  Series before(n), scaled(n);
  for (size_t t = 0; t < n; ++t) {
    before[t] = t > 0 ? target[t - 1] : 0.3;
    scaled[t] = 5 - 2 * target[t];
  }
  const GrangerResult result = test(Matrix({before, scaled}, n), Matrix({target}, n));
  for (int lag = 1; lag <= 14; ++lag) {
    // Lags of `before` are the target's, one further back: only the last is new.
    CHECK(status_at(result, 0, lag) == (lag == 1 ? GrangerStatus::kOk : GrangerStatus::kRankDeficient));
    CHECK(status_at(result, 1, lag) == GrangerStatus::kRankDeficient);
    const double* first = &result.statistics[static_cast<size_t>(lag - 1) * 16];
    CHECK(first[2] == static_cast<double>(n) - lag - (lag + 2));
    const double* second = &result.statistics[static_cast<size_t>(14 + lag - 1) * 16];
    CHECK(second[2] == static_cast<double>(n) - lag - (lag + 1));
    CHECK(second[1] > 1 - 1e-9);
    CHECK(second[12] > 0);  // the coefficients are shared out between both series
  }
}

TEST_CASE("rows alone or together, in one call or many, with any number of threads: the same bits") {
  std::mt19937_64 random(5);
  const size_t n = 48;
  std::vector<Series> series;
  for (unsigned row = 0; row < 150; ++row) series.push_back(random_series(random, n, row));
  series[7].assign(n, 2.5);
  series[8][20] = kNaN;
  series[9] = series[3];
  const Series target = random_series(random, n, 3);
  for (size_t t = 0; t < n; ++t) series[10][t] = 1 - 3 * target[t];
  for (LagOrder order : {LagOrder::kMinP, LagOrder::kBic}) {
    GrangerOptions options;
    options.lag_order = order;
    const GrangerResult expected = test(Matrix(series, n), Matrix({target}, n), options);
    for (int threads : {2, 5}) {
      options.threads = threads;
      CHECK(same(expected, test(Matrix(series, n), Matrix({target}, n), options)));
      for (size_t chunk : {1u, 7u, 64u}) {
        CHECK(same(expected, test(Matrix(series, n), Matrix({target}, n), options, false, chunk)));
      }
    }
    CHECK(same(expected, test(Matrix(series, n), Matrix(std::vector<Series>(150, target), n), options, true, 40)));
    options.per_lag = false;
    GrangerResult lean(150, options);
    Control control;
    const Matrix sources(series, n);
    granger({sources.view(), 150}, model_of(target, 1, 14), options, lean, control);
    CHECK((same(lean.lag_order, expected.lag_order) && same(lean.p_value, expected.p_value) &&
           same(lean.score, expected.score) && same(lean.complete, expected.complete)));
    CHECK(lean.status.size() == 0);
  }
}

TEST_CASE("float32 and differences are read as they would be widened and subtracted first") {
  std::mt19937_64 random(9);
  const size_t n = 40;
  const Series series = random_series(random, n, 2);
  const std::vector<float> narrow(series.begin(), series.end());
  Series out(n), differences(n - 1);
  SeriesRows(narrow.data(), n / 2).read(1, out.data());
  for (size_t t = 0; t < n / 2; ++t) CHECK(out[t] == static_cast<double>(narrow[n / 2 + t]));
  const SeriesRows rows(series.data(), n, Stationarity::kDifference);
  CHECK(rows.length() == n - 1);
  rows.read(0, differences.data());
  for (size_t t = 0; t + 1 < n; ++t) CHECK(differences[t] == series[t + 1] - series[t]);
  CHECK(SeriesRows(series.data(), 0, Stationarity::kDifference).length() == 0);
}

TEST_CASE("statuses in their order") {
  std::mt19937_64 random(6);
  const size_t n = 30;  // nine lags
  const Series noise = random_series(random, n, 0), constant(n, 0.1);
  Series bad = noise, huge = noise, ramp(n);
  bad[29] = kNaN;
  huge[3] = 1.1 * kGrangerLargest;
  for (size_t t = 0; t < n; ++t) ramp[t] = static_cast<double>(t);
  const auto expect = [&](const Series& source, const Series& target, GrangerStatus short_lags,
                          GrangerStatus long_lags) {
    const GrangerResult result = test(Matrix({source}, n), Matrix({target}, n));
    for (int lag = 1; lag <= 14; ++lag) CHECK(status_at(result, 0, lag) == (lag <= 9 ? short_lags : long_lags));
  };
  using Status = GrangerStatus;
  expect(noise, random_series(random, n, 0), Status::kOk, Status::kTooShort);
  for (const Series& wrong : {bad, huge}) {
    expect(wrong, noise, Status::kNonFinite, Status::kNonFinite);
    expect(noise, wrong, Status::kNonFinite, Status::kNonFinite);
    expect(wrong, constant, Status::kNonFinite, Status::kNonFinite);
  }
  expect(constant, noise, Status::kConstant, Status::kTooShort);
  expect(noise, constant, Status::kConstant, Status::kTooShort);
  expect(constant, ramp, Status::kConstant, Status::kTooShort);
  expect(noise, ramp, Status::kPerfectFit, Status::kTooShort);
  expect(noise, noise, Status::kRankDeficient, Status::kTooShort);
}

TEST_CASE("no rows, no samples, one sample") {
  for (bool pairwise : {false, true}) {
    const Matrix none({}, 40), some({Series(40, 1)}, 40);
    CHECK(test(none, pairwise ? none : some, {}, pairwise).p_value.size() == 0);
    for (size_t n : {0u, 1u}) {
      const Matrix tiny({Series(n, 1)}, n);
      const GrangerResult result = test(tiny, tiny, {}, pairwise);
      for (int lag = 1; lag <= 14; ++lag) CHECK(status_at(result, 0, lag) == GrangerStatus::kTooShort);
    }
  }
}

TEST_CASE("a fixed lag needs no others") {
  std::mt19937_64 random(7);
  const size_t n = 50;
  const Matrix sources({random_series(random, n, 0), random_series(random, n, 1)}, n);
  const Matrix target({random_series(random, n, 2)}, n);
  const GrangerResult all = test(sources, target);
  GrangerOptions options;
  options.first_lag = options.max_lag = 6;
  options.lag_order = LagOrder::kFixed;
  const GrangerResult one = test(sources, target, options);
  CHECK(one.lags == 1);
  for (size_t row = 0; row < 2; ++row) CHECK(close(one.p_value[row], all.lag_p_value[row * 14 + 5], 1e-9));
}

TEST_CASE("circular shifts: all different, none of them 0, the same for the same seed") {
  const std::vector<size_t> all = circular_shifts(20, 1000, 5);
  std::vector<size_t> sorted = all, expected;
  std::sort(sorted.begin(), sorted.end());
  for (size_t shift = 1; shift < 20; ++shift) expected.push_back(shift);
  CHECK(sorted == expected);
  CHECK(circular_shifts(20, 6, 5) == std::vector<size_t>(all.begin(), all.begin() + 6));
  CHECK(circular_shifts(20, 6, 6) != circular_shifts(20, 6, 5));
  CHECK(circular_shifts(2, 6, 5) == std::vector<size_t>{1});
  CHECK(circular_shifts(1, 6, 5).empty());
  CHECK(circular_shifts(0, 6, 5).empty());
}

TEST_CASE("the corrected p is the share of shifted sources whose best p is as small") {
  std::mt19937_64 random(10);
  const size_t n = 60;
  std::vector<Series> series;
  for (unsigned row = 0; row < 20; ++row) series.push_back(random_series(random, n, row));
  series[3].assign(n, 1);
  for (size_t t = 0; t < n; ++t) series[4][t] = static_cast<double>(t % 12 == 0);  // is some of its own shifts
  const Series target = random_series(random, n, 1);
  GrangerOptions options;
  options.max_lag = 4;
  const GrangerResult plain = test(Matrix(series, n), Matrix({target}, n), options);
  options.shifts = 25;
  options.seed = 3;
  const GrangerResult corrected = test(Matrix(series, n), Matrix({target}, n), options);
  options.threads = 2;
  CHECK(same(corrected, test(Matrix(series, n), Matrix({target}, n), options, false, 7)));
  options.shifts = 0;
  const std::vector<size_t> shifts = circular_shifts(n, 25, 3);
  for (size_t row = 0; row < series.size(); ++row) {
    CHECK(corrected.lag_order[row] == plain.lag_order[row]);
    if (plain.lag_order[row] == 0) {
      CHECK(std::isnan(corrected.p_value[row]));
      continue;
    }
    std::vector<Series> turned;
    for (size_t shift : shifts) {
      turned.push_back(series[row]);
      std::rotate(turned.back().begin(), turned.back().begin() + static_cast<ptrdiff_t>(shift), turned.back().end());
    }
    const GrangerResult others = test(Matrix(turned, n), Matrix({target}, n), options);
    int as_small = 1;
    for (size_t i = 0; i < shifts.size(); ++i) as_small += others.p_value[i] <= plain.p_value[row] * (1 + 1e-8);
    CHECK(corrected.p_value[row] == as_small / 26.0);
  }
}

TEST_CASE("cancelled") {
  std::mt19937_64 random(8);
  const Series series = random_series(random, 50, 0);
  const Matrix matrix({series}, 50);
  GrangerResult result(1, {});
  Control control;
  control.cancelled = true;
  CHECK_THROWS_AS(granger({matrix.view(), 1}, model_of(series, 1, 14), {}, result, control), Cancelled);
  CHECK_THROWS_AS(TargetModel(series.data(), 50, 1, 14, control), Cancelled);
}
