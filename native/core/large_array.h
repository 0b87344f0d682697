// Memory for many numbers that are written before they are read.
#pragma once
#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace legcnet {

/// n elements, not initialised. Begins on a boundary of large pages and asks for them where the system has any: whoever
/// goes through it in strides looks fewer addresses up, and 16,000 pages of 64 MB need not be asked for one by one.
/// Throws std::bad_alloc.
template <typename T>
class LargeArray {
 public:
  explicit LargeArray(size_t n) : n_(n), data_(static_cast<T*>(::operator new(n * sizeof(T), kBoundary))) {
#if defined(__linux__)
    if (n * sizeof(T) >= static_cast<size_t>(kBoundary)) madvise(data_, n * sizeof(T), MADV_HUGEPAGE);  // a hint
#endif
  }
  LargeArray(const LargeArray&) = delete;
  LargeArray& operator=(const LargeArray&) = delete;
  ~LargeArray() { ::operator delete(data_, kBoundary); }

  size_t size() const { return n_; }
  T* data() { return data_; }

 private:
  static constexpr std::align_val_t kBoundary{size_t{2} << 20};
  size_t n_;
  T* data_;
};

}  // namespace legcnet
