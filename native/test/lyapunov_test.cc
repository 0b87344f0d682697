#include "lyapunov.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "change_points.h"
#include "decimals.h"
#include "divergence_slope.h"
#include "log_distances.h"
#include "log_distances_tile.h"
#include "neighbours_tile.h"
#include "parallel.h"
#include "sort_lanes.h"

using namespace legcnet;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

/// Series of all kinds that neighbour searches meet: spread, smooth, full of ties, with outliers.
template <typename T>
std::vector<T> random_series(std::mt19937_64& random, size_t length) {
  std::uniform_real_distribution<double> uniform;
  const auto kind = random() % 6;
  double v = uniform(random);
  std::vector<T> x(length);
  for (auto& value : x) {
    switch (kind) {
      case 0: v = uniform(random); break;
      case 1: v += uniform(random) - 0.5; break;
      case 2: v = std::floor(uniform(random) * 5); break;
      case 3: v += std::floor(uniform(random) * 3) - 1; break;
      case 4: v = uniform(random) < 0.02 ? uniform(random) * 1000 : uniform(random); break;
      default: v = 4 * v * (1 - v);
    }
    value = static_cast<T>(kind == 5 ? std::floor(v * 200) / 200 : v);
  }
  return x;
}

template <typename T>
std::vector<T> rescaled(const std::vector<T>& x) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  std::vector<T> y(x.size() + kSeriesPadding<T>, T(0));
  for (size_t i = 0; i < x.size(); ++i) y[i] = (x[i] - *low) / (*high - *low);
  return y;
}

/// METHOD 2, steps 3 and 4, as slowly and plainly as possible.
template <typename T>
std::vector<int32_t> nearest_by_hand(const std::vector<T>& y, size_t length, const Embedding& e) {
  std::vector<int32_t> neighbour(e.references(length), kUnmatched);
  for (size_t n = 0; n < neighbour.size(); ++n) {
    T nearest = 1;
    for (size_t j = e.candidates(length); j-- > 0;) {
      if ((n > j ? n - j : j - n) <= e.theiler_window) continue;
      T d = 0;
      for (size_t c = 0; c < e.dimension; ++c) {
        const T difference = y[n + c * e.delay] - y[j + c * e.delay];
        d += difference * difference;
      }
      if (d > 0 && d < nearest) {
        nearest = d;
        neighbour[n] = static_cast<int32_t>(j);
      } else if (d == 0 && neighbour[n] == kUnmatched) {
        neighbour[n] = kDuplicatesOnly;
      }
    }
  }
  return neighbour;
}

template <typename T>
struct Rows {
  Rows(const std::vector<T>& data, size_t length) : at(length) {
    for (size_t i = 0; i < length; ++i) at[i] = data.data() + i;
    view = {at.data(), length, length};
  }
  std::vector<const T*> at;
  SeriesView<T> view;
};

struct Curve {
  std::vector<double> s;
  std::vector<uint32_t> counts;
  SeriesStatus status;
  uint32_t unmatched;
};

template <typename T>
Curve curve_of(const std::vector<T>& x, const LyapunovOptions& options) {
  const size_t steps = options.embedding.horizon + 1;
  Curve curve{std::vector<double>(steps), std::vector<uint32_t>(steps), SeriesStatus::kOk, 0};
  uint8_t status = 255;
  const Rows<T> rows(x, x.size());
  divergence_curves(rows.view, 1, options, 1, Control(),
                    {curve.s.data(), curve.counts.data(), &status, &curve.unmatched});
  curve.status = static_cast<SeriesStatus>(status);
  return curve;
}

struct Exponent {
  double value;
  SeriesStatus status;
  int32_t range[2];
};

Exponent exponent_of(const std::vector<double>& x, const LyapunovOptions& options) {
  Exponent exponent{};
  uint8_t status = 255;
  const Rows<double> rows(x, x.size());
  lyapunov_exponents(rows.view, 1, options, 1, Control(), {&exponent.value, &status, nullptr, exponent.range});
  exponent.status = static_cast<SeriesStatus>(status);
  return exponent;
}

LyapunovOptions fit_options(Embedding embedding, size_t from, size_t to) {
  LyapunovOptions options;
  options.embedding = embedding;
  options.slope = LyapunovOptions::Slope::kFit;
  options.fit_from = from;
  options.fit_to = to;
  return options;
}

std::vector<double> logistic(size_t length) {
  std::vector<double> x(length, 0.4);
  for (size_t i = 1; i < length; ++i) x[i] = 4 * x[i - 1] * (1 - x[i - 1]);
  return x;
}

std::vector<double> noise(size_t length, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> x(length);
  for (auto& v : x) v = normal(random);
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("all pairs: the nearest by hand, of any series and embedding", T, double, float) {
  std::mt19937_64 random(7);
  AllPairsSearch<T> search;
  for (int trial = 0; trial < 600; ++trial) {
    const size_t length = 5 + random() % (trial % 10 == 0 ? 900 : 300);
    Embedding e{1 + random() % 4, 1 + random() % 3, random() % 3 ? random() % 6 : 0, 1 + random() % 6};
    if (trial % 3 == 0) e.dimension = 2, e.delay = 1;
    const auto x = random_series<T>(random, length);
    if (e.references(length) == 0 || x == std::vector<T>(length, x[0])) continue;
    const auto y = rescaled(x);
    std::vector<int32_t> neighbour(e.references(length));
    search.run(y.data(), length, e, Control(), neighbour.data());
    REQUIRE(neighbour == nearest_by_hand(y, length, e));
  }
}

TEST_CASE_TEMPLATE("tiles: the nearest by hand in every lane, whatever the others hold", T, double, float) {
  std::mt19937_64 random(12);
  constexpr size_t L = kTileLanes<T>;
  TileSearch<T> search;
  const FlushSubnormals flush;
  for (int trial = 0; trial < 250; ++trial) {
    const size_t length = 8 + random() % (trial % 50 == 0 ? 2200 : trial % 10 == 0 ? 1000 : 250);
    Embedding e{1 + random() % 4, 1 + random() % 3, random() % 2 ? random() % 6 : 0, 1 + random() % 6};
    if (trial % 3 != 0) e.dimension = 2;
    if (e.references(length) == 0 || !TileSearch<T>::takes(length, e)) continue;
    SeriesTile<T> tile{AlignedVector<T>(length * L), std::vector<uint32_t>(length), length};
    std::vector<std::vector<T>> series(L);
    for (size_t l = 0; l < L; ++l) {
      auto x = random_series<T>(random, length);
      if (trial % 4 == 0) {  // long constant runs: duplicates in all lanes
        for (size_t i = 1; i < length; ++i) x[i] = random() % 5 ? x[i - 1] : x[i];
      }
      if (x == std::vector<T>(length, x[0])) x[length / 2] += 1;
      series[l] = rescaled(x);
      for (size_t i = 0; i < length; ++i) tile.values[i * L + l] = series[l][i];
    }
    const auto* neighbour = search.run(tile, e);
    for (size_t l = 0; l < L; ++l) {
      auto expected = nearest_by_hand(series[l], length, e);
      std::vector<int32_t> actual(expected.size(), kUnmatched);
      for (size_t n = 0; n < actual.size(); ++n) {
        const size_t offset = static_cast<size_t>(neighbour[n * L + l]);
        REQUIRE(offset % L == l);
        if (offset / L != n) actual[n] = static_cast<int32_t>(offset / L);
      }
      const auto unmatched = std::count(expected.begin(), expected.end(), kUnmatched);
      REQUIRE(search.unmatched(tile, e, l) == unmatched);
      std::replace(expected.begin(), expected.end(), kDuplicatesOnly, kUnmatched);
      REQUIRE(actual == expected);
    }
  }
}

TEST_CASE_TEMPLATE("series that stand still together: curves by hand, wherever they lie", T, double, float) {
  std::mt19937_64 random(21);
  const FlushSubnormals flush;
  int compared = 0;
  for (int trial = 0; trial < 150; ++trial) {
    const size_t length = 8 + random() % (trial % 5 == 0 ? 400 : 150), width = 1 + random() % 20;
    const size_t pieces = 1 + random() % 5, rows = pieces * width + random() % 12;
    Embedding e{1 + random() % 3, 1 + random() % 2, random() % 4 ? 0 : random() % 4, 1 + random() % 4};
    if (trial % 2 == 0) e.dimension = 2, e.delay = 1;
    if (e.references(length) == 0) continue;
    LyapunovOptions options;
    options.embedding = e;

    // Some series never move at all, some pieces hold to the end, and what is not in pieces moves when it likes.
    std::vector<std::vector<T>> series(rows);
    std::vector<T> whole(length * rows);
    std::vector<const T*> at(length), piece_at(length * pieces);
    std::vector<const T* const*> pieces_at(length);
    const size_t share = 1 + random() % 8;
    std::vector<bool> holds(length * pieces);
    for (size_t i = 1; i < length; ++i) {
      for (size_t p = 0; p < pieces; ++p) holds[i * pieces + p] = random() % share != 0 || (p == 0 && i > length / 2);
    }
    for (size_t r = 0; r < rows; ++r) {
      auto& x = series[r] = random_series<T>(random, length);
      for (size_t i = 1; i < length; ++i) {
        if (random() % 30 == 0 || r % 7 == 3 || (r < pieces * width && holds[i * pieces + r / width])) x[i] = x[i - 1];
      }
      for (size_t i = 0; i < length; ++i) whole[i * rows + r] = x[i];
    }
    for (size_t i = 0; i < length; ++i) {
      at[i] = whole.data() + i * rows;
      pieces_at[i] = piece_at.data() + i * pieces;
      for (size_t p = 0; p < pieces; ++p) {
        piece_at[i * pieces + p] = holds[i * pieces + p] ? piece_at[(i - 1) * pieces + p] : at[i] + p * width;
      }
    }
    if (trial % 3 == 0) {
      options.quantise_decimals = 1;
      for (auto& x : series) {
        for (T& v : x) v = static_cast<T>(through_fixed(static_cast<double>(v), 1));
      }
    }
    const SeriesView<T> plain{at.data(), 1, length};
    SeriesView<T> in_pieces = plain;
    in_pieces.pieces = {pieces_at.data(), pieces, width};

    const size_t steps = e.horizon + 1;
    for (const auto& view : {plain, in_pieces}) {
      std::vector<double> curve(rows * steps);
      std::vector<uint32_t> counts(rows * steps), unmatched(rows);
      std::vector<uint8_t> status(rows);
      divergence_curves(view, rows, options, 1, Control(),
                        {curve.data(), counts.data(), status.data(), unmatched.data()});
      for (size_t r = 0; r < rows; ++r) {
        const auto& x = series[r];
        if (x == std::vector<T>(length, x[0])) {
          REQUIRE(status[r] == static_cast<uint8_t>(SeriesStatus::kStatic));
          continue;
        }
        const auto y = rescaled(x);
        const auto neighbour = nearest_by_hand(y, length, e);
        REQUIRE(unmatched[r] == std::count(neighbour.begin(), neighbour.end(), kUnmatched));
        for (size_t k = 0; k < steps; ++k) {
          double sum = 0;
          uint32_t count = 0;
          for (size_t n = 0; n < neighbour.size(); ++n) {
            T d = 0;
            for (size_t c = 0; c < e.dimension && neighbour[n] >= 0; ++c) {
              const T difference = y[n + k + c * e.delay] - y[static_cast<size_t>(neighbour[n]) + k + c * e.delay];
              d += difference * difference;
            }
            if (!(d >= kSmallestDistance<T>)) continue;
            sum += std::log(static_cast<double>(d));
            ++count;
          }
          REQUIRE(counts[r * steps + k] == count);
          if (count > 0)
            REQUIRE(curve[r * steps + k] == doctest::Approx(sum / count / 2).epsilon(sizeof(T) == 8 ? 1e-12 : 1e-5));
          compared += count > 0 ? 1 : 0;
        }
      }
    }
  }
  CHECK(compared > 1000);
}

TEST_CASE("lists in lanes are sorted, of any length") {
  std::mt19937_64 random(13);
  for (size_t n = 8; n <= 1024; n += n < 300 ? 8 : 104) {
    std::vector<int32_t> keys(n * 8);
    for (auto& key : keys) key = static_cast<int32_t>(random() % (random() % 2 ? 5 : 1000000));
    std::vector<std::vector<int32_t>> expected(8);
    for (size_t i = 0; i < keys.size(); ++i) expected[i % 8].push_back(keys[i]);
    for (auto& lane : expected) std::sort(lane.begin(), lane.end());
    lanes::sort<8>(keys.data(), n);
    for (size_t i = 0; i < keys.size(); ++i) REQUIRE(keys[i] == expected[i % 8][i / 8]);
  }
}

TEST_CASE_TEMPLATE("one pass of the growing radius is all pairs", T, double, float) {
  std::mt19937_64 random(8);
  AllPairsSearch<T> all;
  StartRadiusSearch<T> grown;
  for (int trial = 0; trial < 200; ++trial) {
    const size_t length = 10 + random() % 150;
    const Embedding e{1 + random() % 3, 1 + random() % 2, random() % 4, 1 + random() % 4};
    const auto x = random_series<T>(random, length);
    if (e.references(length) == 0 || x == std::vector<T>(length, x[0])) continue;
    const auto y = rescaled(x);
    std::vector<int32_t> a(e.references(length)), b(a.size());
    all.run(y.data(), length, e, Control(), a.data());
    grown.run(y.data(), length, e, 20, Control(), b.data());
    REQUIRE(a == b);
  }
}

TEST_CASE("clusters finer than the sorting grid cost time, not neighbours") {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> x(400);
  for (auto& v : x) v = uniform(random) * 1e-9;
  x[100] = 1;
  const auto y = rescaled(x);
  const Embedding e{2, 1, 0, 3};
  std::vector<int32_t> neighbour(e.references(x.size()));
  AllPairsSearch<double>().run(y.data(), x.size(), e, Control(), neighbour.data());
  CHECK(neighbour == nearest_by_hand(y, x.size(), e));
}

TEST_CASE_TEMPLATE("sums of logarithms: as the logarithms themselves", T, double, float) {
  std::mt19937_64 random(10);
  for (const size_t length : {20, 200, 3000}) {
    const Embedding e{2, 1, 0, 12};
    const auto y = rescaled(random_series<T>(random, length));
    std::vector<int32_t> neighbour(e.references(length));
    for (auto& j : neighbour) j = static_cast<int32_t>(random() % e.candidates(length));
    std::vector<double> s(13);
    std::vector<uint32_t> counts(13);
    LogDistances<T>().mean(y.data(), neighbour.data(), neighbour.size(), e, 13, Control(), s.data(), counts.data());
    for (size_t k = 0; k < 13; ++k) {
      double sum = 0;
      uint32_t count = 0;
      for (size_t n = 0; n < neighbour.size(); ++n) {
        const size_t j = static_cast<size_t>(neighbour[n]);
        const T a = y[n + k] - y[j + k], b = y[n + k + 1] - y[j + k + 1];
        const T d = a * a + b * b;
        if (d > 0) sum += std::log(static_cast<double>(d)), ++count;
      }
      CHECK(counts[k] == count);
      CHECK(s[k] == doctest::Approx(sum / count / 2).epsilon(std::is_same_v<T, double> ? 1e-13 : 1e-6));
    }
  }
}

TEST_CASE("what cannot be measured has a status, and an exponent of zero") {
  LyapunovOptions options;
  const auto status = [&](const std::vector<double>& x) {
    const Curve curve = curve_of(x, options);
    const Exponent exponent = exponent_of(x, options);
    CHECK(exponent.status == curve.status);
    if (curve.status != SeriesStatus::kOk) {
      CHECK(exponent.value == 0);
      CHECK(exponent.range[0] == -1);
      CHECK(curve.counts[1] == 0);
      CHECK(std::isnan(curve.s[1]));
    }
    return curve.status;
  };
  std::vector<double> x = logistic(50);
  CHECK(status(x) == SeriesStatus::kOk);
  CHECK(status({}) == SeriesStatus::kTooShort);
  CHECK(status({1}) == SeriesStatus::kTooShort);
  CHECK(status(logistic(5)) == SeriesStatus::kTooShort);  // one candidate
  CHECK(status({0, 0, 1, 1, 0, 0}) == SeriesStatus::kNoPairs);
  CHECK(status(std::vector<double>(50, 0.25)) == SeriesStatus::kStatic);
  x[7] = kNaN;
  CHECK(status(x) == SeriesStatus::kNonFinite);
  x[7] = -kInf;
  CHECK(status(x) == SeriesStatus::kNonFinite);
  CHECK(status({kNaN}) == SeriesStatus::kNonFinite);

  for (auto& v : x = logistic(50)) v = 1 + v * 3e-15;
  CHECK(status(x) == SeriesStatus::kStatic);  // a handful of ulps
  options.min_range = 0;
  CHECK(status(x) == SeriesStatus::kOk);
  options.min_range = 1e-5;
  options.min_range_is_relative = false;
  CHECK(status(x) == SeriesStatus::kStatic);
  options.min_range = 0;
  for (auto& v : x = logistic(50)) v *= 1e-310;
  CHECK(status(x) == SeriesStatus::kStatic);  // subnormal range

  x = logistic(50);
  options.embedding.theiler_window = 45;
  CHECK(status(x) == SeriesStatus::kTooShort);
  options.embedding.theiler_window = size_t(1) << 24;
  options.embedding.delay = size_t(1) << 24;
  options.embedding.dimension = size_t(1) << 24;
  CHECK(status(x) == SeriesStatus::kTooShort);
}

TEST_CASE("huge values: the curve does not depend on the scale") {
  LyapunovOptions options;
  const Curve plain = curve_of(logistic(60), options);
  std::vector<double> x = logistic(60);
  const double low = *std::min_element(x.begin(), x.end()), high = *std::max_element(x.begin(), x.end());
  for (auto& v : x) v = ((v - low) / (high - low) - 0.5) * 2 * 1.7e308;  // the range itself overflows
  const Curve huge = curve_of(x, options);
  REQUIRE(huge.status == SeriesStatus::kOk);
  for (size_t k = 0; k < 4; ++k) CHECK(huge.s[k] == doctest::Approx(plain.s[k]).epsilon(1e-9));
  options.mean_change = true;
  CHECK(curve_of(x, options).status == SeriesStatus::kStatic);
}

TEST_CASE("known exponents of known systems") {
  SUBCASE("logistic map, r = 4: ln 2") {
    const auto fit = exponent_of(logistic(5000), fit_options({2, 1, 0, 3}, 0, 3));
    CHECK(std::fabs(fit.value - 0.693) < 0.002);
  }
  SUBCASE("Henon map") {
    std::vector<double> x(5000);
    double a = 0.1, b = 0.1;
    for (int i = -100; i < 5000; ++i) {
      const double next = 1 - 1.4 * a * a + b;
      b = 0.3 * a;
      a = next;
      if (i >= 0) x[static_cast<size_t>(i)] = a;
    }
    CHECK(std::fabs(exponent_of(x, fit_options({2, 1, 5, 6}, 1, 6)).value - 0.42) < 0.01);
  }
  SUBCASE("Lorenz 63, by Runge and Kutta; nats per unit of time") {
    constexpr double dt = 0.05;
    const auto flow = [](const double* p, double* v) {
      v[0] = 10 * (p[1] - p[0]);
      v[1] = p[0] * (28 - p[2]) - p[1];
      v[2] = p[0] * p[1] - 8.0 / 3 * p[2];
    };
    double mean = 0;
    for (int start = 1; start <= 8; ++start) {
      double p[3] = {1.0 * start, 2, 20};
      std::vector<double> x(5000);
      for (int i = -400; i < 5000; ++i) {
        for (int sub = 0; sub < 5; ++sub) {
          constexpr double h = dt / 5;
          double k1[3], k2[3], k3[3], k4[3], q[3];
          flow(p, k1);
          for (int c = 0; c < 3; ++c) q[c] = p[c] + h / 2 * k1[c];
          flow(q, k2);
          for (int c = 0; c < 3; ++c) q[c] = p[c] + h / 2 * k2[c];
          flow(q, k3);
          for (int c = 0; c < 3; ++c) q[c] = p[c] + h * k3[c];
          flow(q, k4);
          for (int c = 0; c < 3; ++c) p[c] += h / 6 * (k1[c] + 2 * k2[c] + 2 * k3[c] + k4[c]);
        }
        if (i >= 0) x[static_cast<size_t>(i)] = p[0];
      }
      mean += exponent_of(x, fit_options({5, 2, 20, 40}, 10, 40)).value / dt / 8;
    }
    // Over steps 10 to 30 the mean of several starts is 0.96 to 1.00: the curve is steeper there than the exponent,
    // 0.906.
    CHECK(std::fabs(mean - 0.91) < 0.05);
  }
  SUBCASE("one step is no test for chaos: noise and a random walk") {
    double white = 0, walk = 0;
    for (uint64_t seed = 0; seed < 300; ++seed) {
      auto x = noise(200, seed);
      white += exponent_of(x, {}).value / 300;
      for (size_t i = 1; i < x.size(); ++i) x[i] += x[i - 1];
      walk += exponent_of(x, {}).value / 300;
    }
    CHECK(white == doctest::Approx(1.89).epsilon(0.01));
    CHECK(walk == doctest::Approx(1.28).epsilon(0.015));
  }
}

TEST_CASE("a fit range is found: the rise, not the plateau") {
  std::vector<double> s(40);
  for (size_t k = 0; k < s.size(); ++k) s[k] = std::min(0.3 * static_cast<double>(k) - 5, -2.0);
  FitRange range = find_fit_range(s.data(), s.size());
  CHECK(range.from == 0);
  CHECK(range.to >= 8);
  CHECK(range.to <= 10);
  CHECK(fit_slope(s.data(), range).slope == doctest::Approx(0.3));
  s[4] = kNaN;
  CHECK(fit_slope(s.data(), {3, 5}).points == 2);
  CHECK(fit_slope(s.data(), {3, 5}).slope == doctest::Approx(0.3));
  CHECK(fit_slope(s.data(), {4, 5}).points == 1);

  const std::vector<double> bent{0, 5, 5.1, 9, 2};
  range = find_fit_range(bent.data(), bent.size());
  CHECK(range.from == 0);
  CHECK(range.to == 1);

  LyapunovOptions options = fit_options({2, 1, 0, 10}, 0, 1);
  options.slope = LyapunovOptions::Slope::kFoundFit;
  const Exponent found = exponent_of(logistic(5000), options);
  CHECK(found.value == doctest::Approx(0.693).epsilon(0.02));
  CHECK(found.range[0] == 0);
  CHECK(found.range[1] >= 3);
}

TEST_CASE("through decimal text") {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto by_text = [](double x, int decimals) {
    char text[400];
    std::snprintf(text, sizeof text, "%.*f", decimals, x);
    return std::strtod(text, nullptr);
  };
  for (int i = 0; i < 20000; ++i) {
    const int decimals = static_cast<int>(random() % 16);
    const double x = std::ldexp(uniform(random), static_cast<int>(random() % 60) - 30);
    REQUIRE(through_fixed(x, decimals) == by_text(x, decimals));
  }
  for (const double tie : {0.5, 1.5, 2.5, 0.125, 0.375, 1e22, 1.7e308, 5e-324, 0.0000005, 1.0000005, 2097152.0000005}) {
    for (int decimals = 0; decimals < 16; ++decimals) {
      REQUIRE(through_fixed(tie, decimals) == by_text(tie, decimals));
      REQUIRE(through_fixed(-tie, decimals) == by_text(-tie, decimals));
    }
  }
  CHECK(through_scientific(-3.14159265358979) == -3.141593);
  CHECK(through_scientific(0.012345678901) == 0.01234568);
  CHECK(round_decimals(1.2345675, 6) == 1.234568);
  CHECK(round_decimals(-0.0000005, 6) == -0.000001);
}

TEST_CASE("change-points of the mean") {
  ChangePoints points;
  const Control control;
  CHECK(points.count(nullptr, 0, control) == 0);
  std::vector<double> x(60, 1.0);
  CHECK(points.count(x.data(), x.size(), control) == 0);
  for (size_t i = 20; i < 40; ++i) x[i] = 2;
  CHECK(points.count(x.data(), x.size(), control) == 2);
  for (auto& v : x) v = 1e6 + 0.1 * v;  // now a change costs more than it saves
  CHECK(points.count(x.data(), x.size(), control) == 0);

  // against the plain recursion
  std::mt19937_64 random(12);
  for (int trial = 0; trial < 100; ++trial) {
    x = random_series<double>(random, 2 + random() % 60);
    std::vector<double> best(x.size() + 1, kInf);
    std::vector<size_t> changes(x.size() + 1, 0);
    best[0] = -1;
    for (size_t to = 1; to <= x.size(); ++to) {
      for (size_t from = 0; from < to; ++from) {
        double mean = 0, cost = 0;
        for (size_t i = from; i < to; ++i) mean += x[i] / static_cast<double>(to - from);
        for (size_t i = from; i < to; ++i) cost += (x[i] - mean) * (x[i] - mean);
        if (best[from] + cost + 1 < best[to] - 1e-9) {
          best[to] = best[from] + cost + 1;
          changes[to] = changes[from] + (from > 0);
        }
      }
    }
    const bool integers = x[0] == std::floor(x[0]);  // equally good segmentations
    if (!integers) CHECK(points.count(x.data(), x.size(), control) == changes[x.size()]);
    CHECK((points.count(x.data(), x.size(), control) > 0) == (changes[x.size()] > 0));
  }
}

TEST_CASE("the authors' chain: quantised, printed, rounded") {
  LyapunovOptions options;
  options.quantise_decimals = 6;
  options.text_rounding = true;
  auto x = noise(80, 3);
  for (auto& v : x) v *= 1e-4;
  const double exponent = exponent_of(x, options).value;
  for (auto& v : x) v = through_fixed(v, 6);
  const Curve curve = curve_of(x, {});
  CHECK(exponent == round_decimals(through_scientific(curve.s[1]) - through_scientific(curve.s[0]), 6));
  CHECK(exponent != curve.s[1] - curve.s[0]);
}

TEST_CASE_TEMPLATE("any number of threads, any layout: the same bits", T, double, float) {
  constexpr size_t rows = 300, length = 60;
  std::mt19937_64 random(13);
  std::vector<T> by_row(rows * length), by_time(rows * length);
  for (size_t r = 0; r < rows; ++r) {
    const auto x = random_series<T>(random, length);
    for (size_t i = 0; i < length; ++i) by_row[r * length + i] = by_time[i * rows + r] = x[i];
  }
  const Rows<T> row_view(by_row, length);
  std::vector<const T*> at(length);
  for (size_t i = 0; i < length; ++i) at[i] = &by_time[i * rows];
  const SeriesView<T> time_view{at.data(), 1, length};

  std::vector<double> a(rows), b(rows), c(rows);
  std::vector<uint8_t> s(rows), t(rows), u(rows);
  Control control;
  lyapunov_exponents(row_view.view, rows, {}, 1, control, {a.data(), s.data()});
  lyapunov_exponents(row_view.view, rows, {}, 4, control, {b.data(), t.data()}, &control.done);
  lyapunov_exponents(time_view, rows, {}, 3, control, {c.data(), u.data()});
  CHECK(a == b);
  CHECK(a == c);
  CHECK(s == t);
  CHECK(s == u);
  CHECK(control.done == rows);
}

TEST_CASE("cancelled: nothing more is computed") {
  Control control;
  control.cancelled = true;
  const auto x = logistic(100);
  const Rows<double> rows(x, x.size());
  double exponent = 0;
  uint8_t status = 0;
  CHECK_THROWS_AS(lyapunov_exponents(rows.view, 1, {}, 1, control, {&exponent, &status}), Cancelled);
}

TEST_CASE("unmatched references are counted") {
  // The point (1, 1) is further than the whole range from all points that the Theiler window leaves.
  const std::vector<double> x{0.1, 0.05, 0.12, 0.03, 0.11, 0.04, 1,    1,   0,
                              0.1, 0.06, 0.13, 0.02, 0.07, 0.01, 0.08, 0.09};
  LyapunovOptions options;
  options.embedding.theiler_window = 3;
  const Curve all = curve_of(x, options);
  LyapunovOptions grown = options;
  grown.neighbours = LyapunovOptions::Neighbours::kDefaultRadius;
  CHECK(all.status == SeriesStatus::kOk);
  CHECK(all.unmatched == 1);
  CHECK(curve_of(x, grown).unmatched == 1);
}
