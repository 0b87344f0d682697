#include "spectrum.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

using namespace legcnet;

namespace {

std::vector<double> gaussian(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<float>(normal(random));
  return values;
}

std::vector<double> decompose(const std::vector<double>& w, size_t rows, size_t columns) {
  const std::vector<float> narrow(w.begin(), w.end());
  const Control control;
  return squared_singular_values(narrow.data(), rows, columns, control);
}

}  // namespace

TEST_CASE("singular values: traces of the Gram matrix and of its square") {
  for (const auto& shape : std::vector<std::pair<size_t, size_t>>{
           {1, 1}, {1, 7}, {7, 1}, {2, 2}, {33, 32}, {32, 33}, {70, 65}, {200, 40}, {10, 300}, {129, 129}}) {
    const size_t rows = shape.first, columns = shape.second;
    CAPTURE(rows);
    CAPTURE(columns);
    const auto w = gaussian(rows * columns, rows + columns);
    const auto values = decompose(w, rows, columns);
    REQUIRE(values.size() == std::min(rows, columns));
    double trace = 0, square = 0;
    for (const double x : w) trace += x * x;
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < rows; ++j) {
        double dot = 0;
        for (size_t k = 0; k < columns; ++k) dot += w[i * columns + k] * w[j * columns + k];
        square += dot * dot;
      }
    }
    CHECK(std::accumulate(values.begin(), values.end(), 0.0) == doctest::Approx(trace).epsilon(1e-13));
    double sum = 0;
    for (const double value : values) sum += value * value;
    CHECK(sum == doctest::Approx(square).epsilon(1e-13));
    CHECK(std::is_sorted(values.begin(), values.end()));
  }
}

TEST_CASE("singular values of zero, of equal ones, and at the ends of the range") {
  for (const double value : decompose(std::vector<double>(120, 0.0), 12, 10)) CHECK(value == 0);
  std::vector<double> identity(256, 0.0);
  for (size_t i = 0; i < 16; ++i) identity[17 * i] = i % 2 ? 3 : -3;
  for (const double value : decompose(identity, 16, 16)) CHECK(value == doctest::Approx(9).epsilon(1e-14));
  for (const double scale : {1e-37, 1e37}) {
    auto w = gaussian(300, 3);
    const auto plain = decompose(w, 20, 15);
    for (double& x : w) x = static_cast<float>(x) * scale;
    const auto scaled = decompose(w, 20, 15);
    for (size_t i = 0; i < plain.size(); ++i) {
      CHECK(scaled[i] == doctest::Approx(plain[i] * scale * scale).epsilon(1e-5));  // entries are rounded to float
    }
  }
}

TEST_CASE("power law: what cannot be fitted is not found") {
  const Control control;
  for (const auto& values : std::vector<std::vector<double>>{{}, {1}, {0, 0, 0}, {1e-6, 1e-5}, {2, 2, 2}}) {
    for (const auto fix : {FixFingers::kNone, FixFingers::kXminPeak, FixFingers::kClipXmax}) {
      CHECK_FALSE(fit_power_law(values, fix, control).found);
    }
  }
  const auto fit = fit_power_law({1, 2}, FixFingers::kNone, control);
  CHECK(fit.found);
  CHECK(fit.alpha == doctest::Approx(1 + 2 / std::log(2.0)));
  CHECK(fit.spikes == 2);
}

TEST_CASE("statuses, and abort") {
  const std::vector<double> small(9 * 50, 1.0), zero(200, 0.0);
  std::vector<double> broken(200, 1.0);
  broken[7] = std::numeric_limits<double>::quiet_NaN();
  const auto good = gaussian(200, 9);
  const std::vector<MatrixView> views = {
      {small.data(), 9, 50}, {zero.data(), 20, 10}, {broken.data(), 10, 20}, {good.data(), 20, 10}};
  Control control;
  const auto spectra = spectrum(views, {}, control);
  CHECK(spectra[0].status == SpectrumStatus::kTooSmall);
  CHECK(spectra[1].status == SpectrumStatus::kZero);
  CHECK(spectra[2].status == SpectrumStatus::kNonFinite);
  CHECK(spectra[3].status == SpectrumStatus::kOk);
  CHECK(control.done == 7);
  CHECK(control.total == 7);
  Control stopped;
  stopped.cancelled = true;
  CHECK_THROWS_AS(spectrum(views, {}, stopped), Cancelled);
}
