// The exponents of all weights and windows, in the layout in which they are handed out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace legcnet {

/// [weights, windows], row-major, float or double. Grows window by window; with the number of windows known beforehand
/// nothing is ever moved or copied.
class ExponentTable {
 public:
  /// `expected`: windows to make room for.
  ExponentTable(size_t weights, size_t expected, bool single);

  size_t weights() const { return weights_; }
  size_t windows() const { return windows_; }

  /// Appends one window; `value(weight)` is its exponent, weights in public order.
  template <typename Value>
  void append(const Value& value) {
    std::visit(
        [&](auto& recent) {
          using T = typename std::decay_t<decltype(recent)>::value_type;
          recent.resize(kTogether * weights_);
          T* const row = recent.data() + (windows_ - settled_) * weights_;
          for (size_t w = 0; w < weights_; ++w) row[w] = static_cast<T>(value(w));
        },
        recent_);
    if (++windows_ - settled_ == kTogether) settle();
  }

  using Values = std::variant<std::vector<double>, std::vector<float>>;
  /// A copy of the first `windows` windows: [weights, windows].
  Values first(size_t windows) const;
  /// All of it, without a copy; leaves the table empty.
  Values take();
  /// The other way round: [weights, windows].
  void assign(const Values& values, size_t windows);

 private:
  /// Windows that go into the table together: each by itself would reach for a line of the cache a weight.
  static constexpr size_t kTogether = 16;

  void settle();
  void grow();

  size_t weights_, windows_ = 0, settled_ = 0, room_;
  Values table_;   // [weights, room_], of the first settled_ windows
  Values recent_;  // [kTogether, weights], of the rest
};

}  // namespace legcnet
