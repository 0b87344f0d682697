// The non-zero inputs of a part, kept for evaluations: these go through the same samples again and again, in an order
// that nothing depends on.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace legcnet {

template <typename T>
class Samples;

/// Samples are taken in fours that have many columns in common; the list of a group names the columns in which any of
/// them is not zero. A row of weights is then read once for four samples: of MNIST's columns a sample has 150 that are
/// not zero, a group 221. Lists are made a block of rows at a time, by whoever evaluates it, and then stay.
///
/// May be used by several evaluations at once.
class InputGroups {
 public:
  static constexpr size_t kRows = 1024;  ///< of a block, but the last
  static constexpr size_t kGroup = 4;

  struct Block {
    std::vector<uint16_t> rows;    ///< [groups][kGroup], counted from the block's first; kRows where there is none
    std::vector<uint32_t> ends;    ///< [groups] entries before the end of each group
    std::vector<uint16_t> column;  ///< [entries], ascending within a group
    std::vector<uint8_t> code;     ///< [entries][kGroup] inputs: the samples' bytes, or places in `values`
    std::vector<double> values;    ///< what codes stand for, 0 first; empty for bytes

    size_t groups() const { return ends.size(); }
    size_t bytes() const;
  };

  /// `most_bytes`: memory for the lists of the part; MNIST's 60,000 images take 20 MB.
  explicit InputGroups(size_t most_bytes = size_t{64} << 20) : most_bytes_(most_bytes) {}

  /// Counts an evaluation. False for the first: lists cost about as much as they save at the next two.
  bool worthwhile() { return evaluations_.fetch_add(1, std::memory_order_relaxed) > 0; }

  /// The lists of rows block * kRows and so on, made if need be. Null where they are not to be had: more than 256
  /// distinct inputs in the block, more than 65,536 columns, no room left, or another thread is at it just now.
  template <typename T>
  const Block* block(const Samples<T>& samples, size_t block);

 private:
  enum class State : uint8_t { none, in_making, kept, refused };
  struct Place {
    std::atomic<State> state{State::none};
    Block lists;
  };

  size_t most_bytes_;
  std::atomic<uint32_t> evaluations_{0};
  std::atomic<size_t> bytes_{0};
  std::once_flag sized_;
  std::vector<Place> places_;
};

}  // namespace legcnet
