// The opposite of FlushSubnormals (parallel.h), for the few results that are themselves subnormal: p-values.
#pragma once

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace legcnet {

/// While it lives, this thread computes with subnormals, as IEEE 754 has it.
class KeepSubnormals {
 public:
  KeepSubnormals(const KeepSubnormals&) = delete;
  KeepSubnormals& operator=(const KeepSubnormals&) = delete;

#if defined(__SSE__) || defined(_M_X64)
  KeepSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ & ~0x8040u); }  // neither FTZ nor DAZ
  ~KeepSubnormals() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#else
  KeepSubnormals() {}
#endif
};

}  // namespace legcnet
