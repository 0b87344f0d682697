// What SortedTile does with points whose neighbour may be farther away in the sorted order. That is hardly ever so for
// more than one series of a tile at a time, so that lanes take a point each, of whatever series.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>

#include "lyapunov_lanes.h"
#include "lyapunov_tile.h"

namespace legcnet {

/// Sorted points of a tile: arrays [points, lanes], readable kMargin rows beyond both ends.
template <typename T>
struct SortedPoints {
  /// Rows that loops may read beyond the points.
  static constexpr size_t kMargin = 16;

  const T *x, *y;                   ///< coordinates; far away from all others where there is no point
  const lanes::Integer<T>* offset;  ///< of the point in the tile; -1: no point
  T* distance;                      ///< of the nearest so far; -1: no point
  lanes::Integer<T>* nearest;       ///< its offset; -1: none

  lanes::Vector<T> projection(ptrdiff_t at) const { return lanes::load(x + at) + lanes::load(y + at); }
};

/// The nearest so far, of candidates offered in any order: of equal distances the one with the higher offset wins.
template <typename T>
struct NearestInOrder {
  lanes::Vector<T> distance;
  lanes::Integers<T> offset;

  void offer(lanes::Mask<T> eligible, lanes::Vector<T> d, lanes::Integers<T> candidate) {
    const auto nearer = lanes::less(eligible, d, distance);
    const auto later = lanes::less(lanes::equal(eligible, d, distance), offset, candidate);
    distance = lanes::least(eligible, d, distance);
    offset = lanes::select(lanes::either(nearer, later), candidate, offset);
  }
};

template <typename T>
inline lanes::Vector<T> squared(lanes::Vector<T> a, lanes::Vector<T> b) {
  return a * a + b * b;
}

/// Whether points at offsets a and b, `d` apart, may be each other's neighbours.
template <typename T, bool Theiler>
inline lanes::Mask<T> eligible(lanes::Vector<T> d, lanes::Integers<T> a, lanes::Integers<T> b, size_t theiler_window) {
  const auto positive = lanes::at_most(lanes::fill(kSmallestDistance<T>), d);
  if (!Theiler) return positive;
  const lanes::Integers<T> lag = a - b;
  const auto apart = lanes::Integers<T>{} + static_cast<lanes::Integer<T>>(theiler_window * kTileLanes<T>);
  return lanes::less(positive, apart, lag < 0 ? -lag : lag);
}

/// Whether points whose projections are `gap` apart can be nearer than `best`. Points whose p = x + y differ by g are
/// at least g / sqrt(2) apart: D >= g^2 / 2. They are sorted by p rounded to cells, and everything carries rounding
/// errors, taken generously.
template <typename T>
class Worthwhile {
 public:
  explicit Worthwhile(lanes::Vector<T> cell_width) {
    T widest = cell_width[0];
    for (size_t l = 1; l < kTileLanes<T>; ++l) widest = std::max(widest, cell_width[l]);
    slack_ = lanes::fill(widest * T(1.01) + 32 * std::numeric_limits<T>::epsilon());
  }

  lanes::Mask<T> operator()(lanes::Vector<T> gap, lanes::Vector<T> best) const {
    constexpr T bound = 2 * (1 + 64 * std::numeric_limits<T>::epsilon());
    gap -= slack_;
    gap = gap > T(0) ? gap : lanes::Vector<T>{};
    return lanes::at_most(gap * gap, best * bound);
  }

 private:
  lanes::Vector<T> slack_;
};

/// The points whose search goes on in one direction, +1 or -1 along the sorted order. A lane takes one point, and the
/// next that waits when it is done. Two of these are to take turns: each by itself would wait for its own loads.
template <typename T, int Direction, bool Theiler>
class Outwards {
  using V = lanes::Vector<T>;
  using I = lanes::Integers<T>;
  using Integer = lanes::Integer<T>;
  static constexpr Integer kNext = Direction * static_cast<Integer>(kTileLanes<T>);
  /// Candidates between two looks at the bound.
  static constexpr int kStep = 4;

 public:
  /// @param first    places between a point and the first candidate
  /// @param waiting  room for all points and a vector
  Outwards(const SortedPoints<T>& points, const Worthwhile<T>& worthwhile, size_t theiler_window, size_t first,
           Integer* waiting)
      : points_(points),
        worthwhile_(worthwhile),
        theiler_window_(theiler_window),
        first_(static_cast<Integer>(first) * kNext),
        waiting_(waiting) {}

  /// Takes the points of a row whose search has to go on.
  void add(Integer row) {
    const V gap = points_.projection(row + first_) - points_.projection(row);
    const auto go = worthwhile_(Direction > 0 ? gap : -gap, lanes::load(points_.distance + row));
    count_ += lanes::append(waiting_ + count_, go, lanes::lane_numbers<T>() + row);
  }

  /// After the last add(). `nowhere`: the row after the last, where is no point. Lanes for which nothing waits any more
  /// stay there, and find nothing.
  void begin(Integer nowhere) {
    lanes::store(points_.distance + nowhere, lanes::fill(T(-1)));
    lanes::store(waiting_ + count_, I{} + nowhere);
    low_ = I{} - static_cast<Integer>(kTileLanes<T>);
    high_ = I{} + nowhere;
    idle_ = lanes::at_most(best_, best_);  // all
  }

  bool empty() const { return count_ == 0; }

  /// Looks at the next kStep candidates of each lane. False if that was the end of all.
  bool advance() {
    taken_ = std::min(taken_ + lanes::replace(own_, idle_, waiting_ + taken_), count_);
    at_ = lanes::select(idle_, own_ + first_, at_);
    best_ = lanes::select(idle_, lanes::gather(points_.distance, own_), best_);
    const V own_x = lanes::gather(points_.x, own_), own_y = lanes::gather(points_.y, own_);
    V there{};
#pragma GCC unroll 8
    for (int c = 0; c < kStep; ++c) {
      const V x = lanes::gather(points_.x + c * kNext, at_), y = lanes::gather(points_.y + c * kNext, at_);
      const V d = squared<T>(own_x - x, own_y - y);
      if (lanes::any(lanes::at_most(d, best_))) offer(d, at_ + c * kNext);  // rarely
      there = x + y;
    }
    // No farther than a step beyond the ends, where nothing is worthwhile.
    at_ += kStep * kNext;
    at_ = at_ < low_ ? low_ : at_;
    at_ = at_ > high_ ? high_ : at_;
    const V gap = there - (own_x + own_y);
    const auto go = worthwhile_(Direction > 0 ? gap : -gap, best_);
    idle_ = lanes::without(go);
    return taken_ < count_ || lanes::any(go);
  }

 private:
  /// The other direction may have found something nearer to the same point meanwhile: what counts is in the arrays.
  void offer(V d, I candidate) {
    const I other = lanes::gather(points_.offset, candidate);
    NearestInOrder<T> mine{lanes::gather(points_.distance, own_), lanes::gather(points_.nearest, own_)};
    mine.offer(eligible<T, Theiler>(d, lanes::gather(points_.offset, own_), other, theiler_window_), d, other);
    best_ = mine.distance;
    lanes::scatter(points_.distance, own_, mine.distance);
    lanes::scatter(points_.nearest, own_, mine.offset);
  }

  const SortedPoints<T> points_;
  const Worthwhile<T> worthwhile_;
  const size_t theiler_window_;
  const Integer first_;
  Integer* const waiting_;           // rows and lanes of points, as offsets in the sorted order
  size_t count_ = 0, taken_ = 0;     // of them
  I own_{}, at_{}, low_{}, high_{};  // where each lane's point is, and its next candidate
  V best_{};                         // at least the distance of the nearest so far
  lanes::Mask<T> idle_{};
};

}  // namespace legcnet
