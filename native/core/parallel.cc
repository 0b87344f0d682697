#include "parallel.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace legcnet {
namespace {

/// One parallel_for in flight.
struct Region {
  const std::function<void(size_t)>& body;
  const Control& control;
  const size_t blocks;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable idle;
  int helpers = 0;  // pool threads inside run(); guarded by mutex
  std::exception_ptr error;

  Region(const std::function<void(size_t)>& b, const Control& c, size_t n) : body(b), control(c), blocks(n) {}

  void run() {
    try {
      for (;;) {
        control.check();
        if (failed.load(std::memory_order_relaxed)) return;
        const size_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= blocks) return;
        body(block);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
      failed = true;
    }
  }
};

thread_local bool inside_region = false;

class Pool {
 public:
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// Offers the region to `count` pool threads; starts threads as they are first needed.
  void offer(Region* region, int count) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (int i = 0; i < count; ++i) queue_.push_back(region);
      while (threads_.size() < queue_.size() + busy_) threads_.emplace_back([this] { work(); });
    }
    wake_.notify_all();
  }

  /// After this no pool thread will enter the region; those inside are waited for.
  void withdraw(Region* region) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto it = queue_.begin(); it != queue_.end();) it = *it == region ? queue_.erase(it) : it + 1;
    }
    std::unique_lock<std::mutex> lock(region->mutex);
    region->idle.wait(lock, [&] { return region->helpers == 0; });
  }

 private:
  void work() {
    const FlushSubnormals flush;
    inside_region = true;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      Region* region = queue_.front();
      queue_.pop_front();
      ++busy_;
      {
        const std::lock_guard<std::mutex> inner(region->mutex);
        ++region->helpers;
      }
      lock.unlock();
      region->run();
      {
        const std::lock_guard<std::mutex> inner(region->mutex);
        if (--region->helpers == 0) region->idle.notify_all();
      }
      lock.lock();
      --busy_;
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Region*> queue_;
  std::vector<std::thread> threads_;
  size_t busy_ = 0;
  bool stopping_ = false;
};

Pool& pool() {
  static Pool instance;
  return instance;
}

}  // namespace

void parallel_for(size_t blocks, int threads, const Control& control, const std::function<void(size_t)>& body) {
  Region region(body, control, blocks);
  const int helpers = inside_region ? 0 : static_cast<int>(std::min<size_t>(threads > 0 ? threads : 1, blocks)) - 1;
  if (helpers > 0) pool().offer(&region, helpers);
  const bool was_inside = inside_region;
  inside_region = true;
  region.run();
  inside_region = was_inside;
  if (helpers > 0) pool().withdraw(&region);
  if (region.error) std::rethrow_exception(region.error);
}

#if defined(__SSE__) || defined(_M_X64)
FlushSubnormals::FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }  // FTZ and DAZ
FlushSubnormals::~FlushSubnormals() { _mm_setcsr(saved_); }
#else
FlushSubnormals::FlushSubnormals() = default;
FlushSubnormals::~FlushSubnormals() = default;
#endif

}  // namespace legcnet
