// How a long computation and whoever asked for it talk: the caller cancels, the computation counts its progress.
#pragma once
#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace legcnet {

/// Thrown by core code when it noticed `Control::cancelled`; caught where the job began.
struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("cancelled") {}
};

/// Shared by the threads of one job. `done` of `total` units of work (whatever unit the job chose) are finished.
struct Control {
  std::atomic<bool> cancelled{false};
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> total{0};

  /// Call at least every few milliseconds of work: aborting must take effect within 50 ms.
  void check() const {
    if (cancelled.load(std::memory_order_relaxed)) throw Cancelled();
  }
};

}  // namespace legcnet
