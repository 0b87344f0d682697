#include "multiple_testing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace legcnet;

namespace {

/// By the definition, O(m^2).
double adjusted(const std::vector<double>& p, double value, bool by) {
  std::vector<double> sorted;
  for (double v : p) {
    if (!std::isnan(v)) sorted.push_back(v);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto m = static_cast<double>(sorted.size());
  double sum = 1;
  for (size_t k = 2; by && k <= sorted.size(); ++k) sum += 1 / static_cast<double>(k);
  double least = 1;
  for (size_t j = 0; j < sorted.size(); ++j) {
    if (sorted[j] >= value) least = std::min(least, sorted[j] * m * sum / static_cast<double>(j + 1));
  }
  return least;
}

}  // namespace

TEST_CASE("adjusted p-values are those of the definition; ties and NaN among them") {
  std::mt19937_64 random(1);
  const Control control;
  for (size_t count : {0u, 1u, 2u, 50u, 333u}) {
    std::vector<double> p(count);
    for (double& value : p) value = static_cast<double>(random() % 60) / 300;
    if (count > 9) p[3] = p[9] = std::numeric_limits<double>::quiet_NaN();
    for (Correction correction : {Correction::kBenjaminiHochberg, Correction::kBenjaminiYekutieli}) {
      std::vector<double> out = p;
      adjust_p_values(out.data(), count, correction, control);
      for (size_t i = 0; i < count; ++i) {
        if (std::isnan(p[i])) {
          CHECK(std::isnan(out[i]));
        } else {
          const double expected = adjusted(p, p[i], correction == Correction::kBenjaminiYekutieli);
          CHECK(std::fabs(out[i] - expected) <= 1e-14 * expected);
        }
      }
    }
  }
}

TEST_CASE("many values; cancelled") {
  std::mt19937_64 random(2);
  const size_t count = 300'321;
  std::vector<double> p(count);
  for (double& value : p) value = std::ldexp(static_cast<double>(random() >> 11), -53);
  std::vector<double> out = p;
  Control control;
  adjust_p_values(out.data(), count, Correction::kBenjaminiHochberg, control);
  std::vector<size_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  double running = 1;
  bool equal = true;
  for (size_t k = count; k-- > 0;) {
    running = std::min(running, p[order[k]] * static_cast<double>(count) / static_cast<double>(k + 1));
    equal = equal && out[order[k]] == running;
  }
  CHECK(equal);
  control.cancelled = true;
  CHECK_THROWS_AS(adjust_p_values(out.data(), count, Correction::kBenjaminiHochberg, control), Cancelled);
}
