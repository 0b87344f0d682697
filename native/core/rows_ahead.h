// Asks the memory for rows that will soon be read: in a shuffled order it cannot guess them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace legcnet {

/// Rows of bytes, asked for a few lines at a time between other work: memory takes a dozen requests at once, and
/// whoever has more waits.
class RowsAhead {
 public:
  RowsAhead() = default;
  /// `width` bytes of the given rows, which begin `stride` bytes apart.
  RowsAhead(const uint8_t* bytes, size_t stride, size_t width, const uint32_t* rows, size_t count)
      : bytes_(bytes), stride_(stride), width_(width), row_(rows), end_(rows + count) {}

  /// Lines of the cache that are not asked for yet.
  size_t lines() const { return static_cast<size_t>(end_ - row_) * ((width_ + kLine - 1) / kLine) - at_ / kLine; }

  void ask(size_t lines) {
    for (; lines > 0 && row_ != end_; --lines) {
      __builtin_prefetch(bytes_ + *row_ * stride_ + at_, 0, 2);  // into the second-level cache
      at_ += kLine;
      if (at_ < width_) continue;
      at_ = 0;
      ++row_;
    }
  }

 private:
  static constexpr size_t kLine = 64;
  const uint8_t* bytes_ = nullptr;
  size_t stride_ = 0, width_ = 0, at_ = 0;
  const uint32_t *row_ = nullptr, *end_ = nullptr;
};

}  // namespace legcnet
