// The last N iterates of a weight series: all that is ever kept of the history.
#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "large_array.h"
#include "series_view.h"

namespace legcnet {

/// Places one after the other, again and again in the same memory, which the caches so come to hold.
template <typename T>
class Places {
 public:
  /// Memory is taken a block of so many elements at a time.
  explicit Places(size_t block) : block_(block) {}

  /// Room for n <= block elements, until clear().
  T* take(size_t n) {
    if (used_ + n > block_) ++full_, used_ = 0;
    if (full_ == blocks_.size()) blocks_.emplace_back(block_);
    return blocks_[full_].data() + std::exchange(used_, used_ + n);
  }
  void clear() { full_ = used_ = 0; }

 private:
  size_t block_;
  std::deque<LargeArray<T>> blocks_;
  size_t full_ = 0;  // blocks before the one that is being filled
  size_t used_ = 0;  // of that one
};

template <typename T>
class WeightWindow {
 public:
  /// Room for `length` iterates of `weights` weights: length * weights * sizeof(T) bytes, and what is written piece by
  /// piece while windows are open. The first pieces * width of
  /// the weights may be written piece by piece, where they changed, if windows begin at multiples of `stride` only.
  WeightWindow(size_t length, size_t stride, size_t weights, size_t pieces = 0, size_t width = 0)
      : length_(length),
        stride_(stride),
        weights_(weights),
        pieces_(pieces),
        width_(width),
        rows_(length * weights),
        at_(length),
        pieces_of_(length * pieces),
        pieces_at_(length) {
    // A large page a block, or what all pieces of a stride take; places are in use as long as the windows that begin in
    // their stride are open.
    const size_t block = std::max(width, std::min((size_t{2} << 20) / sizeof(T), stride * pieces * width));
    for (size_t open = 0; pieces > 0 && open < length; open += stride) places_.emplace_back(block);
  }

  /// Where the iterate with this number (0 = before the first step) goes; it replaces the one `length` before it. All
  /// of it is to be written.
  T* whole_row(size_t iterate) {
    T* const row = row_of(iterate);
    if (pieces_ > 0 && iterate % stride_ == 0) places_of(iterate).clear();
    for (size_t p = 0; p < pieces_; ++p) pieces_of(iterate)[p] = row + p * width_;
    return row;
  }

  /// Whether row() will do: a window must not reach back to rows that are older than itself, and will be replaced.
  bool in_pieces(size_t iterate) const { return pieces_ > 0 && iterate % stride_ != 0; }

  /// The same for an iterate whose pieces are those of the one before, until changed() gives them a new place.
  T* row(size_t iterate) {
    std::copy_n(pieces_of(iterate - 1), pieces_, pieces_of(iterate));
    return row_of(iterate);
  }
  T* changed(size_t iterate, size_t piece) {
    T* const place = places_of(iterate).take(width_);
    pieces_of(iterate)[piece] = place;
    return place;
  }

  T value(size_t iterate, size_t weight) {
    return weight < pieces_ * width_ ? pieces_of(iterate)[weight / width_][weight % width_] : row_of(iterate)[weight];
  }

  /// The window whose last iterate is `last`, oldest first. Valid until the next row is written.
  SeriesView<T> ending_at(size_t last) {
    for (size_t i = 0; i < length_; ++i) {
      at_[i] = row_of(last + 1 - length_ + i);
      pieces_at_[i] = pieces_of(last + 1 - length_ + i);
    }
    SeriesView<T> view{at_.data(), 1, length_};
    if (pieces_ > 0) view.pieces = {pieces_at_.data(), pieces_, width_};
    return view;
  }

  size_t bytes() const { return rows_.size() * sizeof(T); }

 private:
  T* row_of(size_t iterate) { return rows_.data() + iterate % length_ * weights_; }
  Places<T>& places_of(size_t iterate) { return places_[iterate / stride_ % places_.size()]; }
  const T** pieces_of(size_t iterate) { return pieces_of_.data() + iterate % length_ * pieces_; }

  size_t length_, stride_, weights_, pieces_, width_;
  LargeArray<T> rows_;
  std::deque<Places<T>> places_;  // of pieces that changed, by stride
  std::vector<const T*> at_;
  std::vector<const T*> pieces_of_;  // [length, pieces]
  std::vector<const T* const*> pieces_at_;
};

}  // namespace legcnet
