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
  /// bytes [.., columns]; of these the given rows.
  RowsAhead(const uint8_t* bytes, size_t columns, const uint32_t* rows, size_t count)
      : bytes_(bytes), columns_(columns), row_(rows), end_(rows + count) {}

  /// Lines of the cache that are not asked for yet.
  size_t lines() const { return static_cast<size_t>(end_ - row_) * ((columns_ + kLine - 1) / kLine) - at_ / kLine; }

  void ask(size_t lines) {
    for (; lines > 0 && row_ != end_; --lines) {
      __builtin_prefetch(bytes_ + *row_ * columns_ + at_, 0, 2);  // into the second-level cache
      at_ += kLine;
      if (at_ < columns_) continue;
      at_ = 0;
      ++row_;
    }
  }

 private:
  static constexpr size_t kLine = 64;
  const uint8_t* bytes_ = nullptr;
  size_t columns_ = 0, at_ = 0;
  const uint32_t *row_ = nullptr, *end_ = nullptr;
};

}  // namespace legcnet
