// The series of a few weights as it grows, thinned out: what a reader is shown of a watched training.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace legcnet {

/// Every `every`-th iterate of some weights, in float. Whenever there are more than kMost of them every second one
/// goes, so that what is left hangs on the number of iterates alone, and not on where a training was taken up again.
class SeriesSample {
 public:
  static constexpr size_t kMost = 2000;

  struct Values {
    uint64_t every = 1;
    std::vector<float> iterates;  // [kept, columns]
  };

  SeriesSample() = default;
  /// columns: where the weights are in a row of iterates.
  explicit SeriesSample(std::vector<size_t> columns) : columns_(std::move(columns)) {}

  size_t columns() const { return columns_.size(); }

  /// To be called for all iterates in order; one that is there already is passed over. `value(column)`: the iterate's.
  template <typename Value>
  void add(uint64_t iterate, const Value& value) {
    if (columns_.empty() || iterate != kept() * values_.every) return;
    for (const size_t column : columns_) values_.iterates.push_back(static_cast<float>(value(column)));
    if (kept() > kMost) thin();
  }

  uint64_t every() const { return values_.every; }
  /// [columns, kept]
  std::vector<float> by_column() const {
    std::vector<float> out;
    out.reserve(values_.iterates.size());
    for (size_t c = 0; c < columns(); ++c) {
      for (size_t i = 0; i < kept(); ++i) out.push_back(values_.iterates[i * columns() + c]);
    }
    return out;
  }
  /// Without the iterates after this one.
  Values until(uint64_t iterate) const {
    const size_t count = columns_.empty() ? 0 : std::min<size_t>(kept(), iterate / values_.every + 1);
    const float* begin = values_.iterates.data();
    return {values_.every, std::vector<float>(begin, begin + count * columns())};
  }
  void assign(Values values) { values_ = std::move(values); }

 private:
  size_t kept() const { return values_.iterates.size() / columns_.size(); }

  void thin() {
    const size_t left = (kept() + 1) / 2, width = columns();
    float* all = values_.iterates.data();
    for (size_t i = 1; i < left; ++i) std::copy_n(all + 2 * i * width, width, all + i * width);
    values_.iterates.resize(left * width);
    values_.every *= 2;
  }

  std::vector<size_t> columns_;
  Values values_;
};

}  // namespace legcnet
