#include "parallel.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
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

  /// Offers the region to `count` pool threads; starts threads as they are first needed. Where there are none to be
  /// had, it does with fewer: what is in the queue may be withdrawn, but must not be left behind by an exception.
  void offer(Region* region, int count) noexcept {
    try {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (int i = 0; i < count; ++i) queue_.push_back(region);
      while (threads_.size() < queue_.size() + busy_) threads_.emplace_back([this] { work(); });
    } catch (const std::exception&) {  // the caller works too
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

thread_local Team* current_team = nullptr;

/// Threads of all teams, so that none spins where that takes a processor from one that works.
std::atomic<int> team_threads{0};

/// How many looks at the next piece of work before going to sleep: some 50 us.
constexpr int kSpins = 2000;

}  // namespace

/// The threads of a team. A loop is published as one word, {round, blocks, next block}: whoever increments it has
/// claimed a block of exactly that round, so a thread that comes late finds nothing left, not somebody else's work.
class Team::Crew {
 public:
  static constexpr size_t kMostBlocks = (size_t{1} << 20) - 4096;  // leaves `next` room for every late claim

  explicit Crew(int helpers) : helpers_(helpers) { team_threads += helpers_ + 1; }
  ~Crew() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    team_threads -= helpers_ + 1;
  }

  void run(size_t blocks, const Control& control, const std::function<void(size_t)>& body) {
    if (threads_.empty()) start();
    control_ = &control;
    body_ = &body;
    failed_.store(false, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
    round_ = (round_ + 1) & 0xffffff;
    word_.store(uint64_t{round_} << 40 | uint64_t{blocks} << 20);  // sequentially consistent, with sleeping_
    if (sleeping_.load() > 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      wake_.notify_all();
    }
    work();
    for (int spins = 0; finished_.load(std::memory_order_acquire) < blocks; ++spins) {
      spins < kSpins ? spin_pause() : std::this_thread::yield();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  static size_t blocks_of(uint64_t word) { return word >> 20 & 0xfffff; }
  static size_t next_of(uint64_t word) { return word & 0xfffff; }

  void start() {
    for (int i = 0; i < helpers_; ++i) threads_.emplace_back([this] { serve(); });
  }

  /// Takes blocks until none is left.
  void work() {
    for (;;) {
      const uint64_t claim = word_.fetch_add(1, std::memory_order_acq_rel);
      const size_t block = next_of(claim);
      if (block >= blocks_of(claim)) return;
      try {
        if (!failed_.load(std::memory_order_relaxed)) {
          control_->check();
          (*body_)(block);
        }
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
        failed_ = true;
      }
      finished_.fetch_add(1, std::memory_order_release);
    }
  }

  bool has_work() const {
    const uint64_t word = word_.load();
    return next_of(word) < blocks_of(word);
  }

  void serve() {
    const FlushSubnormals flush;
    inside_region = true;
    const int processors = static_cast<int>(std::thread::hardware_concurrency());
    for (;;) {
      const int spins = team_threads.load(std::memory_order_relaxed) <= processors ? kSpins : 0;
      int looks = 0;
      while (!has_work() && looks++ < spins) spin_pause();
      if (!has_work()) {
        std::unique_lock<std::mutex> lock(mutex_);
        ++sleeping_;
        wake_.wait(lock, [&] { return stopping_ || has_work(); });
        --sleeping_;
        if (stopping_) return;
      }
      work();
    }
  }

  const int helpers_;
  std::vector<std::thread> threads_;
  alignas(64) std::atomic<uint64_t> word_{0};
  alignas(64) std::atomic<size_t> finished_{0};
  alignas(64) std::atomic<int> sleeping_{0};
  std::atomic<bool> failed_{false};
  const Control* control_ = nullptr;
  const std::function<void(size_t)>* body_ = nullptr;
  uint32_t round_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::exception_ptr error_;
};

Team::Team(int threads) : crew_(threads > 1 ? std::make_unique<Crew>(threads - 1) : nullptr), outer_(current_team) {
  current_team = this;
}

Team::~Team() { current_team = outer_; }

void parallel_for(size_t blocks, int threads, const Control& control, const std::function<void(size_t)>& body) {
  if (current_team && current_team->crew_ && !inside_region && blocks > 1 && blocks <= Team::Crew::kMostBlocks) {
    inside_region = true;
    const struct Leave {
      ~Leave() { inside_region = false; }
    } leave;
    return current_team->crew_->run(blocks, control, body);
  }
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

void spin_pause() {
#if defined(__SSE__) || defined(_M_X64)
  _mm_pause();
#endif
}

#if defined(__SSE__) || defined(_M_X64)
FlushSubnormals::FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }  // FTZ and DAZ
FlushSubnormals::~FlushSubnormals() { _mm_setcsr(saved_); }
#else
FlushSubnormals::FlushSubnormals() = default;
FlushSubnormals::~FlushSubnormals() = default;
#endif

}  // namespace legcnet
