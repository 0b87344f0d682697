#include "parallel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <vector>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which need memory
#include <sys/resource.h>

using namespace legcnet;

TEST_CASE("without memory for more threads, those that are there do the work") {
  const Control control;
  std::vector<std::atomic<int>> runs(1000);
  const std::function<void(size_t)> body = [&](size_t block) { ++runs[block]; };
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  const rlimit none{0, before.rlim_max};
  bool thrown = false;
  REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
  try {
    for (int round = 0; round < 20; ++round) parallel_for(runs.size(), 200, control, body);
  } catch (const std::exception&) {
    thrown = true;
  }
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK_FALSE(thrown);
  CHECK(std::all_of(runs.begin(), runs.end(), [](const auto& count) { return count == 20; }));
}
#endif
