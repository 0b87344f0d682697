// One pool of threads for the whole process. Work is cut into blocks whose results do not depend on which thread
// runs them, so the same input gives the same bits for any number of threads.
#pragma once
#include <cstddef>
#include <functional>

#include "control.h"

namespace legcnet {

/// Calls body(block) for every block in [0, blocks), the calling thread and at most threads - 1 pool threads taking
/// blocks in ascending order. Returns when all are done. If a body throws, or the control is cancelled, the blocks not
/// yet begun are dropped and the first exception (or Cancelled) is rethrown here. May be called from several threads.
/// Not to be nested: a body that calls parallel_for runs its blocks itself, one after the other.
void parallel_for(size_t blocks, int threads, const Control& control, const std::function<void(size_t)>& body);

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
