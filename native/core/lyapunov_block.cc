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
  find_extents(rows);
  for (size_t row = 0; row < rows; ++row) status_[row] = guard(row);
}

template <typename T>
void SeriesBlock<T>::copy(const SeriesView<T>& series, size_t first, size_t rows) {
  if (series.stride == 1) {
    // Piece by piece, then the rest.
    const auto& pieces = series.pieces;
    const size_t in_pieces = std::min(first + rows, pieces.count * pieces.width);
    size_t begin = first;
    while (begin < in_pieces) {
      const size_t piece = begin / pieces.width, from = begin % pieces.width;
      const size_t count = std::min(pieces.width - from, in_pieces - begin);
      T* to = values_.data() + (begin - first);
      for (size_t i = 0; i < length_; ++i, to += pitch_) {
        std::memcpy(to, pieces.at[i][piece] + from, count * sizeof(T));
      }
      begin += count;
    }
    const size_t rest = first + rows - begin;
    for (size_t i = 0; i < length_ && rest > 0; ++i) {
      std::memcpy(values_.data() + i * pitch_ + (begin - first), series.at[i] + begin, rest * sizeof(T));
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

template <typename T>
void SeriesBlock<T>::find_extents(size_t rows) {
  constexpr size_t width = lanes::Lanes<T>::count;
  for (size_t row = 0; row < rows; row += width) {
    const T* x = values_.data() + row;
    lanes::Vector<T> low = lanes::load(x), high = low, zero{};
    for (size_t i = 0; i < length_; ++i) {
      if (i % kUnchecked == 0) control_.check();
      const auto v = lanes::load(x + i * pitch_);
      low = v < low ? v : low;
      high = v > high ? v : high;
      zero += v - v;
    }
    lanes::store(low_.data() + row, low);
    lanes::store(high_.data() + row, high);
    lanes::store(zero_.data() + row, zero);
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
    for (size_t i = 0; i < length_; ++i) as_double_[i] = values_[i * pitch_ + row];
    if (change_points_.count(as_double_.data(), length_, control_) > 0) return SeriesStatus::kStatic;
  }
  if (options_.quantise_decimals >= 0) quantise(row);
  if (!(high_[row] - low_[row] >= std::numeric_limits<T>::min())) return SeriesStatus::kStatic;
  return SeriesStatus::kOk;
}

template <typename T>
void SeriesBlock<T>::quantise(size_t row) {
  T low = std::numeric_limits<T>::infinity(), high = -low;
  for (size_t i = 0; i < length_; ++i) {
    if (i % (kUnchecked / 64) == 0) control_.check();  // texts are slow
    T& v = values_[i * pitch_ + row];
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
  for (size_t i = 0; i < length_; ++i) {
    if (i % kUnchecked == 0) control_.check();
    y[i] = (values_[i * pitch_ + row] * factor - low) / width;
  }
}

template <typename T>
void SeriesBlock<T>::rescale_tile(const uint32_t* rows, T* y) const {
  constexpr size_t width = lanes::Lanes<T>::count;
  using V = lanes::Vector<T>;
  V factor, low, range;
  lanes::Integers<T> offset;
  bool side_by_side = true;
  for (size_t l = 0; l < width; ++l) {
    factor[l] = factor_of(low_[rows[l]], high_[rows[l]]);
    low[l] = low_[rows[l]] * factor[l];
    range[l] = high_[rows[l]] * factor[l] - low[l];
    offset[l] = static_cast<lanes::Integer<T>>(rows[l] - rows[0]);
    side_by_side &= rows[l] == rows[0] + l;
  }
  const auto rescale_by = [&](auto&& divide) {
    const T* x = values_.data() + rows[0];
    for (size_t i = 0; i < length_; ++i, x += pitch_) {
      V v;
      if (side_by_side) {
        v = lanes::load(x);
      } else {  // rare; and qemu 7.2, which has to run this, takes no heed of the offsets if they are in register ymm4
        for (size_t l = 0; l < width; ++l) v[l] = x[offset[l]];
      }
      lanes::store(y + i * width, V(divide(v * factor - low)));
    }
  };
  Divider<T> divider(range);
  if (kFused) rescale_by(divider);
  if (!divider.exact()) rescale_by([&](V a) { return a / range; });
}

template class SeriesBlock<float>;
template class SeriesBlock<double>;

}  // namespace legcnet
