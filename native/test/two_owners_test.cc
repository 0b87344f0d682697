#include "two_owners.h"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <vector>

using namespace legcnet;

namespace {

/// What was called for one block.
struct Calls {
  int first = 0, ready = 0, second = 0;
  std::vector<int> above;
};

/// One chain over blocks of two parts; throws in the call with this number, if any. Nothing but the chain's own
/// promises keeps the threads from each other's counts.
std::vector<Calls> chain(TwoOwners& owners, size_t blocks, const Control& control,
                         std::optional<size_t> failing = std::nullopt) {
  std::vector<Calls> calls(blocks);
  for (Calls& call : calls) call.above.assign(2, 0);
  std::atomic<size_t> number{0};
  const auto count = [&] {
    if (number.fetch_add(1) == failing) throw std::runtime_error("asked for");
  };
  owners.chain(
      blocks, 2, control,
      [&](size_t block) {
        count();
        ++calls[block].first;
      },
      [&](size_t block) {
        count();
        ++calls[block].ready;
      },
      [&](size_t block) {
        count();
        CHECK(calls[block].first == 1);
        ++calls[block].second;
      },
      [&](size_t block, size_t part) {
        count();
        CHECK(calls[block].second == 1);
        ++calls[block].above[part];
      });
  return calls;
}

void check_all(const std::vector<Calls>& calls) {
  for (const Calls& call : calls) {
    CHECK(call.first == 1);
    CHECK(call.ready == 1);
    CHECK(call.second == 1);
    CHECK(call.above == std::vector<int>{1, 1});
  }
}

}  // namespace

TEST_CASE("two owners call everything once and in order") {
  const Control control;
  TwoOwners owners;
  SUBCASE("by a team") {
    const Team team(2);
    for (size_t round = 0; round < 2000; ++round) check_all(chain(owners, round % 5, control));
  }
  SUBCASE("by the pool") {
    for (size_t round = 0; round < 200; ++round) check_all(chain(owners, 4, control));
  }
  SUBCASE("by one thread") {
    parallel_for(1, 1, control, [&](size_t) { check_all(chain(owners, 4, control)); });
  }
}

TEST_CASE("a failure of one owner reaches the caller, and the other does not wait for it") {
  const Control control;
  TwoOwners owners;
  const Team team(2);
  for (size_t failing = 0; failing < 20; ++failing) {  // 4 blocks: 4 calls of each kind, 8 of the last
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_AS(chain(owners, 4, control, failing), std::runtime_error);
    }
  }
  check_all(chain(owners, 4, control));
}

TEST_CASE("two owners that are cancelled stop") {
  Control control;
  TwoOwners owners;
  const Team team(2);
  control.cancelled = true;
  for (int round = 0; round < 50; ++round) CHECK_THROWS_AS(chain(owners, 4, control), Cancelled);
}

TEST_CASE("pieces are each called once") {
  const Control control;
  TwoOwners owners;
  const Team team(2);
  for (size_t end = 0; end < 8; ++end) {
    for (size_t cut = 0; cut <= end; ++cut) {
      for (size_t shared = 0; shared <= cut; ++shared) {
        std::vector<int> calls(end, 0);
        owners.pieces(shared, cut, end, control, [&](size_t i) { ++calls[i]; });
        CHECK(calls == std::vector<int>(end, 1));
      }
    }
  }
}
