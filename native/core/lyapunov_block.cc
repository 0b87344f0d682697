#include "lyapunov_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "decimals.h"
#include "divider.h"

namespace legcnet {

namespace {

/// Values of a long series between two looks at the control.
constexpr size_t kUnchecked = size_t{1} << 20;

/// The widest range that can be divided by: a wider one overflows, half of it does not.
template <typename T>
T factor_of(T low, T high) {
  return high - low <= std::numeric_limits<T>::max() ? T(1) : T(0.5);
}

}  // namespace

template <typename T>
SeriesBlock<T>::SeriesBlock(const LyapunovOptions& options, size_t length, size_t most, const Control& control)
    : options_(options), control_(control), length_(length), pitch_(most == 1 ? 1 : padded<T>(most) + kLanes<T>) {
  const size_t lanes = lanes::Lanes<T>::count;  // vectors reach beyond the last series
  values_.resize(length * pitch_ + lanes);
  low_.resize(most + lanes);
  high_.resize(most + lanes);
  zero_.resize(most + lanes);
  status_.resize(most);
}

template <typename T>
void SeriesBlock<T>::read(const SeriesView<T>& series, size_t first, size_t rows) {
  if (length_ == 0) {
    std::fill_n(status_.begin(), rows, SeriesStatus::kTooShort);
    return;
  }
  copy(series, first, rows);
  find_extents();
  for (size_t row = 0; row < rows; ++row) status_[row] = guard(row);
}

template <typename T>
void SeriesBlock<T>::copy(const SeriesView<T>& series, size_t first, size_t rows) {
  groups_.clear();
  moments_.clear();
  if (series.pieces.count > 0) return copy_pieces(series, first, rows);
  groups_.push_back({0, rows, 0, length_});
  if (series.stride == 1) {
    for (size_t i = 0; i < length_; ++i) {
      std::memcpy(values_.data() + i * pitch_, series.at[i] + first, rows * sizeof(T));
    }
    return;
  }
  // Whole vectors, a last one that is not full repeating the last series; a single series has no room for them.
  const size_t width = pitch_ == 1 ? 1 : lanes::Lanes<T>::count;
  for (size_t begin = 0; begin < rows; begin += width) {
    lanes::Integers<T> offset{};
    for (size_t l = 0; l < width; ++l) {
      offset[l] = static_cast<lanes::Integer<T>>(std::min(l, rows - begin - 1) * series.stride);
    }
    const size_t at = (first + begin) * series.stride;
    for (size_t i = 0; i < length_; ++i) {
      if (i % kUnchecked == 0) control_.check();
      T* to = values_.data() + i * pitch_ + begin;
      if (width == 1) {
        *to = series.at[i][at];
      } else {
        lanes::store(to, lanes::gather(series.at[i] + at, offset));
      }
    }
  }
}

/// Piece by piece, then the rest.
template <typename T>
void SeriesBlock<T>::copy_pieces(const SeriesView<T>& series, size_t first, size_t rows) {
  const auto& pieces = series.pieces;
  const size_t end = first + rows, in_pieces = pieces.count * pieces.width;
  for (size_t begin = first; begin < end;) {
    const bool piecewise = begin < in_pieces;
    const size_t piece = begin / pieces.width, from = begin % pieces.width;
    const size_t width = std::min(piecewise ? pieces.width - from : end, end - begin);
    Group group{begin - first, begin - first + width, moments_.size(), 0};
    T* to = values_.data() + group.begin;
    const T* before = nullptr;
    for (size_t i = 0; i < length_; ++i) {
      const T* const at = piecewise ? pieces.at[i][piece] + from : series.at[i] + begin;
      if (at == before) continue;
      std::memcpy(to, at, width * sizeof(T));
      to += pitch_;
      moments_.push_back(static_cast<uint32_t>(i));
      before = at;
    }
    group.count = moments_.size() - group.first;
    moments_.push_back(static_cast<uint32_t>(length_));
    groups_.push_back(group);
    begin += width;
  }
}

template <typename T>
void SeriesBlock<T>::find_extents() {
  constexpr size_t width = lanes::Lanes<T>::count;
  for (const Group& group : groups_) {
    // Lanes beyond its end are the next group's to find.
    for (size_t row = group.begin; row < group.end; row += width) {
      const T* x = values_.data() + row;
      lanes::Vector<T> low = lanes::load(x), high = low, zero{};
      for (size_t k = 0; k < group.count; ++k) {
        if (k % kUnchecked == 0) control_.check();
        const auto v = lanes::load(x + k * pitch_);
        low = v < low ? v : low;
        high = v > high ? v : high;
        zero += v - v;
      }
      lanes::store(low_.data() + row, low);
      lanes::store(high_.data() + row, high);
      lanes::store(zero_.data() + row, zero);
    }
  }
}

template <typename T>
const typename SeriesBlock<T>::Group& SeriesBlock<T>::group_of(size_t row) const {
  return *std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return row < group.end; });
}

/// When value k of the group's series begins to hold; of the one after the last, their length.
template <typename T>
size_t SeriesBlock<T>::moment(const Group& group, size_t k) const {
  return moments_.empty() ? k : moments_[group.first + k];
}

/// Calls body(i, value) for all times in order.
template <typename T>
template <typename Body>
void SeriesBlock<T>::for_each_value(size_t row, const Body& body) const {
  const Group& group = group_of(row);
  for (size_t k = 0, i = 0; k < group.count; ++k) {
    const T value = values_[k * pitch_ + row];
    for (const size_t end = moment(group, k + 1); i < end; ++i) body(i, value);
  }
}

template <typename T>
SeriesStatus SeriesBlock<T>::guard(size_t row) {
  if (zero_[row] != T(0)) return SeriesStatus::kNonFinite;
  if (options_.embedding.references(length_) == 0) return SeriesStatus::kTooShort;
  const T largest = std::max(std::fabs(low_[row]), std::fabs(high_[row]));
  const double resolution = std::numeric_limits<T>::epsilon() * static_cast<double>(largest);
  const double least = options_.min_range * (options_.min_range_is_relative ? resolution : 1);
  if (range(row) < least) return SeriesStatus::kStatic;
  if (options_.mean_change) {
    as_double_.resize(length_);
    for_each_value(row, [&](size_t i, T value) { as_double_[i] = value; });
    if (change_points_.count(as_double_.data(), length_, control_) > 0) return SeriesStatus::kStatic;
  }
  if (options_.quantise_decimals >= 0) quantise(row);
  if (!(high_[row] - low_[row] >= std::numeric_limits<T>::min())) return SeriesStatus::kStatic;
  return SeriesStatus::kOk;
}

template <typename T>
void SeriesBlock<T>::quantise(size_t row) {
  T low = std::numeric_limits<T>::infinity(), high = -low;
  const size_t count = group_of(row).count;
  for (size_t k = 0; k < count; ++k) {
    if (k % (kUnchecked / 64) == 0) control_.check();  // texts are slow
    T& v = values_[k * pitch_ + row];
    v = static_cast<T>(through_fixed(static_cast<double>(v), options_.quantise_decimals));
    low = std::min(low, v);
    high = std::max(high, v);
  }
  low_[row] = low;
  high_[row] = high;
}

template <typename T>
void SeriesBlock<T>::rescale(size_t row, T* y) const {
  const T factor = factor_of(low_[row], high_[row]);
  const T low = low_[row] * factor, width = high_[row] * factor - low;
  for_each_value(row, [&](size_t i, T value) {
    if (i % kUnchecked == 0) control_.check();
    y[i] = (value * factor - low) / width;
  });
}

/// Calls body(values, from, to) for what the series hold at the times from, ..., to - 1, in order.
template <typename T>
template <typename Body>
void SeriesBlock<T>::for_each_moment(const uint32_t* rows, const Body& body) const {
  constexpr size_t width = lanes::Lanes<T>::count;
  const T* x = values_.data() + rows[0];
  lanes::Integers<T> offset;
  bool side_by_side = true;
  for (size_t l = 0; l < width; ++l) {
    offset[l] = static_cast<lanes::Integer<T>>(rows[l] - rows[0]);
    side_by_side &= rows[l] == rows[0] + l;
  }
  const Group* const first = &group_of(rows[0]);
  const auto values = [&](const T* at) { return side_by_side ? lanes::load(at) : lanes::gather(at, offset); };
  if (moments_.empty()) {
    for (size_t i = 0; i < length_; ++i) body(values(x + i * pitch_), i, i + 1);
    return;
  }
  if (rows[width - 1] < first->end) {
    for (size_t k = 0; k < first->count; ++k) body(values(x + k * pitch_), moment(*first, k), moment(*first, k + 1));
    return;
  }
  // Of several groups: at the moments of any of them, its series go on to their next value.
  struct Walk {
    const uint32_t* next;
    lanes::Integers<T> step;
  } walks[width];
  size_t count = 0;
  for (size_t l = 0; l < width; ++count) {
    const Group& group = group_of(rows[l]);
    walks[count] = Walk{&moments_[group.first + 1], lanes::Integers<T>{}};
    for (; l < width && rows[l] < group.end; ++l) walks[count].step[l] = static_cast<lanes::Integer<T>>(pitch_);
  }
  for (size_t from = 0; from < length_;) {
    uint32_t to = static_cast<uint32_t>(length_);
    for (size_t w = 0; w < count; ++w) to = std::min(to, *walks[w].next);
    body(lanes::gather(x, offset), from, size_t{to});
    from = to;
    for (size_t w = 0; w < count; ++w) {
      if (*walks[w].next != to) continue;
      offset += walks[w].step;
      ++walks[w].next;
    }
  }
}

template <typename T>
void SeriesBlock<T>::rescale_tile(const uint32_t* rows, size_t most, size_t end, SeriesTile<T>& tile) const {
  constexpr size_t width = lanes::Lanes<T>::count;
  using V = lanes::Vector<T>;
  V factor, low, range;
  for (size_t l = 0; l < width; ++l) {
    factor[l] = factor_of(low_[rows[l]], high_[rows[l]]);
    low[l] = low_[rows[l]] * factor[l];
    range[l] = high_[rows[l]] * factor[l] - low[l];
  }
  tile.values.resize(length_ * width);
  T* const y = tile.values.data();
  const auto rescale_by = [&](auto&& divide) {
    tile.left_out.assign(length_, 0);
    size_t kept = 0, began = 0;  // where what they hold now began
    V before{};
    if (most >= length_) {
      for_each_moment(rows, [&](V v, size_t from, size_t to) {
        v = divide(v * factor - low);
        for (; from < to; ++from) lanes::store(y + from * width, v);
      });
      tile.length = length_;
      return;
    }
    for_each_moment(rows, [&](V v, size_t from, size_t to) {
      v = divide(v * factor - low);
      if (from == 0 || lanes::any(lanes::differ(v, before))) began = kept;
      before = v;
      const size_t room = began + most > kept ? began + most - kept : 0, last = std::min(to, end);
      const size_t cut = last > from + room ? last - from - room : 0;
      if (cut > 0) tile.left_out[began] += static_cast<uint32_t>(cut);
      for (const size_t until = kept + (to - from - cut); kept < until; ++kept) lanes::store(y + kept * width, v);
    });
    tile.length = kept;
  };
  Divider<T> divider(range);
  if (kFused) rescale_by(divider);
  if (!divider.exact()) rescale_by([&](V a) { return a / range; });
}

template class SeriesBlock<float>;
template class SeriesBlock<double>;

}  // namespace legcnet
