// Many series of equal length, wherever they lie: rows of a matrix, or columns of a ring buffer of iterates.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include "control.h"

namespace legcnet {

/// How many series are there, while one thread still writes them in order and others have begun to work on them.
class Arrival {
 public:
  void announce(size_t series) { there_.store(series, std::memory_order_release); }
  /// The writer may have other things to do in between: who has waited for some time sleeps. Throws Cancelled.
  void wait_for(size_t series, const Control& control) const {
    for (int looks = 0; there_.load(std::memory_order_acquire) < series; ++looks) {
      control.check();
      if (looks < kLooks) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  }

 private:
  static constexpr int kLooks = 100;
  std::atomic<size_t> there_{0};
};

/// The first count * width of some series, where they are not at SeriesView::at: series r at time i is
/// at[i][r / width][r % width]. A piece that stands still from one time to the next is at the same place.
template <typename T>
struct SeriesPieces {
  const T* const* const* at = nullptr;
  size_t count = 0;
  size_t width = 0;
};

/// Series r at time i is at[i][r * stride]. A [rows, N] row-major matrix x has at[i] = x + i and stride = N;
/// an iterate-major buffer has at[i] = the iterate's first weight and stride = 1.
template <typename T>
struct SeriesView {
  const T* const* at;
  size_t stride;
  size_t length;
  const Arrival* arrival = nullptr;  ///< if they may not all be there yet
  SeriesPieces<T> pieces{};          ///< only where the stride is 1
};

}  // namespace legcnet
