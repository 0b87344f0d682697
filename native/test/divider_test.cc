#include <doctest/doctest.h>
#include <cmath>
#include <limits>

#include "divider.h"
#include "random.h"

using legcnet::Divider;
using legcnet::kLanes;
using legcnet::Random;
using legcnet::Vec;

namespace {

/// Of any magnitude up to 2^spread either way; now and then with mantissas next to a power of two.
template <typename T>
T draw(Random& random, int spread) {
  const T mantissa = static_cast<T>(1 + random.uniform());
  const T ulp = std::numeric_limits<T>::epsilon();
  const auto kind = static_cast<int>(8 * random.uniform());
  const T edge = kind == 0 ? T(1) : kind == 1 ? 1 + ulp : kind == 2 ? 2 - ulp : kind == 3 ? 2 - 2 * ulp : mantissa;
  return std::ldexp(std::min(edge, 2 - ulp), static_cast<int>((2 * random.uniform() - 1) * spread));
}

template <typename T>
void quotients_are_those_of_divisions(int spread) {
  Random random(3, 0);
  size_t different = 0;
  for (int round = 0; round < 20000; ++round) {
    Vec<T> by, a;
    for (size_t l = 0; l < kLanes<T>; ++l) by[l] = draw<T>(random, spread);
    Divider<T> divider(by);
    for (int i = 0; i < 10; ++i) {
      for (size_t l = 0; l < kLanes<T>; ++l) {
        const T part = i == 0 ? T(1) : i == 1 ? T(0) : draw<T>(random, 4);
        a[l] = std::min(by[l], by[l] * part);
      }
      const Vec<T> q = divider(a);
      for (size_t l = 0; l < kLanes<T>; ++l) different += q[l] != a[l] / by[l] ? 1 : 0;
    }
    CHECK(divider.exact() == legcnet::kFused);
  }
  if (legcnet::kFused) CHECK(different == 0);
}

}  // namespace

TEST_CASE("quotients are those of divisions") {
  quotients_are_those_of_divisions<double>(300);
  quotients_are_those_of_divisions<float>(30);
}

TEST_CASE("a divider says where remainders may be too small") {
  const Vec<double> one = legcnet::broadcast(1.0);
  for (const double a : {0x1p-950, std::numeric_limits<double>::min()}) {
    Divider<double> divider(one);
    divider(legcnet::broadcast(a));
    CHECK_FALSE(divider.exact());
  }
  for (const double by : {0x1p-950, 0x1p950}) CHECK_FALSE(Divider<double>(legcnet::broadcast(by)).exact());
  Divider<double> divider(one);
  divider(legcnet::broadcast(0.0));
  CHECK(divider.exact() == legcnet::kFused);
}
