// One pool of threads for the whole process. Work is cut into blocks whose results do not depend on which thread
// runs them, so the same input gives the same bits for any number of threads.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "control.h"

namespace legcnet {

/// Calls body(block) for every block in [0, blocks), the calling thread and at most threads - 1 pool threads taking
/// blocks in ascending order. Returns when all are done. If a body throws, or the control is cancelled, the blocks not
/// yet begun are dropped and the first exception (or Cancelled) is rethrown here. May be called from several threads.
/// Not to be nested: a body that calls parallel_for runs its blocks itself, one after the other.
void parallel_for(size_t blocks, int threads, const Control& control, const std::function<void(size_t)>& body);

/// Threads that stay at hand while one thread calls parallel_for over and over for a few microseconds of work each
/// time: handing over costs a fraction of a microsecond instead of several, because those who wait look for work before
/// they go to sleep (unless there are more of them than processors). While it lives, every parallel_for of the thread
/// that made it is run by its threads, however many that call asks for.
class Team {
 public:
  /// threads - 1 threads besides the caller; they are started by the first parallel_for.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

 private:
  friend void parallel_for(size_t, int, const Control&, const std::function<void(size_t)>&);
  class Crew;
  std::unique_ptr<Crew> crew_;
  Team* outer_;
};

/// For loops that wait for another thread for a moment.
void spin_pause();

/// Subnormal numbers cost a hundred times an ordinary operation. Flushes them to zero on this thread while it lives;
/// only ever on threads of our own, never on one that runs JavaScript. No effect where the processor has no such mode.
class FlushSubnormals {
 public:
  FlushSubnormals();
  ~FlushSubnormals();
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  unsigned saved_ = 0;
};

}  // namespace legcnet
