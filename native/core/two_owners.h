// Work shared by two threads each of which goes back to the same half of the memory.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "control.h"
#include "parallel.h"

namespace legcnet {

/// Weights that one core has changed cost another as much to fetch as to multiply. Here the calling thread is lane 0
/// and the other lane 1, whenever the other is there in time; else one thread runs both lanes, one after the other.
/// What is called does not depend on it, only by whom.
class TwoOwners {
 public:
  /// For every block in order: first(block) in lane 0; ready(block), then second(block) after first(block), in lane 1.
  /// Then, in either, above(block, part) for every part.
  template <typename First, typename Ready, typename Second, typename Above>
  void chain(size_t blocks, size_t parts, const Control& control, const First& first, const Ready& ready,
             const Second& second, const Above& above) {
    Flags firsts(*this, blocks, 0), seconds(*this, blocks, 1);
    std::atomic<bool> other_runs{false}, failed{false};
    std::atomic<size_t> next_above{0};
    const auto take_above = [&] {
      for (size_t task; (task = next_above.fetch_add(1, std::memory_order_relaxed)) < blocks * parts;) {
        if (!seconds.wait(task / parts, failed, control)) return;
        above(task / parts, task % parts);
      }
    };
    lanes(control, [&](size_t lane) {
      try {
        if (lane == 0) {
          for (size_t block = 0; block < blocks; ++block) {
            first(block);
            firsts.set(block);
          }
          if (!other_runs.load(std::memory_order_relaxed)) return;  // maybe for this very thread to run
        } else {
          other_runs.store(true, std::memory_order_relaxed);
          for (size_t block = 0; block < blocks; ++block) {
            ready(block);
            if (!firsts.wait(block, failed, control)) return;
            second(block);
            seconds.set(block);
          }
        }
        take_above();
      } catch (...) {
        failed.store(true, std::memory_order_relaxed);  // nobody waits for this lane any more
        throw;
      }
    });
  }

  /// Calls body(i) for every i: those below `shared` in either lane, up to `cut` by choice in lane 0, up to `end` by
  /// choice in lane 1.
  template <typename Body>
  void pieces(size_t shared, size_t cut, size_t end, const Control& control, const Body& body) {
    const std::array<size_t, 3> ends = {shared, cut, end};
    std::array<std::atomic<size_t>, 3> next{};
    next[1] = shared;
    next[2] = cut;
    lanes(control, [&](size_t lane) {
      for (const size_t range : {1 + lane, size_t{0}, 2 - lane}) {
        for (size_t i; (i = next[range].fetch_add(1, std::memory_order_relaxed)) < ends[range];) body(i);
      }
    });
  }

 private:
  /// One flag a block. Setting it publishes what was written before to whoever waits for it.
  class Flags {
   public:
    Flags(TwoOwners& owner, size_t count, size_t which) {
      auto& [flags, size] = owner.flags_[which];
      if (size < count) {
        flags = std::make_unique<Flag[]>(count);
        size = count;
      }
      flags_ = flags.get();
      for (size_t i = 0; i < count; ++i) flags_[i].set.store(false, std::memory_order_relaxed);
    }
    void set(size_t i) { flags_[i].set.store(true, std::memory_order_release); }
    /// False when the other lane has failed.
    bool wait(size_t i, const std::atomic<bool>& failed, const Control& control) const {
      for (size_t looks = 1; !flags_[i].set.load(std::memory_order_acquire); ++looks) {
        if (failed.load(std::memory_order_relaxed)) return false;
        if (looks % kLooks == 0) {
          control.check();
          std::this_thread::yield();
        } else {
          spin_pause();
        }
      }
      return true;
    }

   private:
    static constexpr size_t kLooks = 2000;  // some 50 us
    friend class TwoOwners;
    struct alignas(64) Flag {
      std::atomic<bool> set{false};
    };
    Flag* flags_;
  };

  template <typename Body>
  static void lanes(const Control& control, const Body& body) {
    const auto caller = std::this_thread::get_id();
    std::array<std::atomic<bool>, 2> taken{};
    parallel_for(2, 2, control, [&](size_t) {
      const size_t own = std::this_thread::get_id() == caller ? 0 : 1;
      body(taken[own].exchange(true) ? 1 - own : own);
    });
  }

  std::array<std::pair<std::unique_ptr<Flags::Flag[]>, size_t>, 2> flags_{};
};

}  // namespace legcnet
