#include "neighbours_tile_sorted.h"

#include <algorithm>
#include <limits>

#include "neighbours_tile_outwards.h"
#include "sort_lanes.h"

namespace legcnet {

using namespace lanes;

namespace {

/// Each pair of points up to so many places apart is looked at, once for both, before any bound is. (Measured: gathers
/// of few lanes make what comes after dearer.)
constexpr size_t kSurely = kVectorBytes == 64 ? 5 : 6;
constexpr size_t kMargin = SortedPoints<double>::kMargin;
/// Coordinates of what is no point.
template <typename T>
constexpr T kFar = 4;

}  // namespace

template <typename T>
typename SortedTile<T>::I SortedTile<T>::offsets_of(size_t s) const {
  constexpr size_t L = kTileLanes<T>;
  const auto key = load<int32_t, sizeof(Keys<L>)>(keys_.data() + s * L);
  return (__builtin_convertvector(key, I) & index_mask_) * static_cast<Integer>(L) + lane_numbers<T>();
}

/// By p, the sum of the coordinates, rounded down to cells; within a cell by index.
template <typename T>
void SortedTile<T>::sort(const T* y, size_t span) {
  constexpr size_t L = kTileLanes<T>;
  const auto p = [&](size_t i) { return load(y + i * L) + load(y + (i + span) * L); };
  V low = p(0), high = low;
  for (size_t i = 1; i < points_; ++i) {
    const V at = p(i);
    low = at < low ? at : low;
    high = at > high ? at : high;
  }
  int bits = 1;
  while ((size_t{1} << bits) < points_) ++bits;
  const T cells = static_cast<T>((1 << (31 - bits)) - 2);
  const V range = high - low;
  const V scale = range > T(0) ? cells / range : V{};
  cell_width_ = range / cells;
  index_mask_ = (1 << bits) - 1;

  const size_t padded_rows = (points_ + 7) / 8 * 8;
  keys_.resize(padded_rows * L);
  for (size_t r = 0; r < padded_rows; ++r) {
    Keys<L> key = Keys<L>{} + std::numeric_limits<int32_t>::max();
    if (r < points_) {
      const V cell = (p(r) - low) * scale;
      key = __builtin_convertvector(cell < cells ? cell : fill(cells), Keys<L>) << bits | static_cast<int32_t>(r);
    }
    store<int32_t, sizeof(key)>(keys_.data() + r * L, key);
  }
  lanes::sort<L>(keys_.data(), padded_rows);

  const size_t size = (points_ + 2 * kMargin) * L;
  for (auto* column : {&x_, &y_, &distance_}) column->resize(size);
  offset_.resize(size);
  nearest_.resize(size);
  V before_x = fill(kFar<T>), before_y = before_x;
  duplicates_ = I{};
  for (size_t s = 0; s < points_; ++s) {
    const I offset = offsets_of(s);
    const V a = gather(y, offset), b = gather(y + span * L, offset);
    const size_t at = (kMargin + s) * L;
    store(x_.data() + at, a);
    store(y_.data() + at, b);
    store(offset_.data() + at, offset);
    duplicates_ -= (a == before_x) & (b == before_y);
    before_x = a;
    before_y = b;
  }
}

/// Equal points that stand next to each other become one, the last of them in time: none is the other's neighbour, and
/// of several at the same distance the last is taken anyway.
template <typename T>
void SortedTile<T>::merge_duplicates() {
  constexpr size_t L = kTileLanes<T>;
  group_.resize(points_ * L);
  T* const x = x_.data() + kMargin * L;
  T* const y = y_.data() + kMargin * L;
  Integer* const offset = offset_.data() + kMargin * L;
  V before_x = fill(kFar<T>), before_y = before_x;
  I to = lane_numbers<T>() - static_cast<Integer>(L);
  for (size_t at = 0; at < points_ * L; at += L) {
    const V a = load(x + at), b = load(y + at);
    const I from = load(offset + at);
    to += ~((a == before_x) & (b == before_y)) & static_cast<Integer>(L);
    before_x = a;
    before_y = b;
    store(group_.data() + at, to);
    scatter(x, to, a);
    scatter(y, to, b);
    scatter(offset, to, from);
  }
  for (size_t l = 0; l < L; ++l) {
    for (size_t at = static_cast<size_t>(to[l]) + L; at < sorted_ * L; at += L) {
      x[at] = y[at] = kFar<T>;
      offset[at] = -1;
    }
  }
}

template <typename T>
void SortedTile<T>::fill_margins() {
  constexpr size_t L = kTileLanes<T>;
  const auto fill_rows = [&](size_t first, T coordinate) {
    std::fill_n(x_.data() + first * L, kMargin * L, coordinate);
    std::fill_n(y_.data() + first * L, kMargin * L, coordinate);
    std::fill_n(offset_.data() + first * L, kMargin * L, Integer(-1));
  };
  fill_rows(0, -kFar<T>);
  fill_rows(kMargin + sorted_, kFar<T>);
}

/// The points up to kSurely places away; the last few whose search is under way stay in registers.
template <typename T>
template <bool Theiler>
void SortedTile<T>::scan_nearby(const SortedPoints<T>& points, size_t theiler_window) {
  constexpr size_t L = kTileLanes<T>;
  const T *const x = points.x, *const y = points.y;
  const Integer* const offset = points.offset;
  NearestInOrder<T> window[kSurely + 1];
  const auto nothing = [&](size_t s) {
    // What is no point looks for nothing: no distance is below -1.
    return NearestInOrder<T>{load(offset + s * L) < 0 ? fill(T(-1)) : fill(kLargestDistance<T>), I{} - 1};
  };
  for (size_t u = 0; u < kSurely; ++u) window[u] = nothing(u);
  for (size_t first = 0; first < sorted_; first += kSurely + 1) {
#pragma GCC unroll 8
    for (size_t u = 0; u <= kSurely; ++u) {
      const size_t s = first + u;
      const V own_x = load(x + s * L), own_y = load(y + s * L);
      const I own = load(offset + s * L);
      NearestInOrder<T>& mine = window[u];
      window[(u + kSurely) % (kSurely + 1)] = nothing(s + kSurely);
#pragma GCC unroll 8
      for (size_t r = 1; r <= kSurely; ++r) {
        const size_t q = (s + r) * L;
        const V d = squared<T>(own_x - load(x + q), own_y - load(y + q));
        const I other = load(offset + q);
        const auto is_eligible = eligible<T, Theiler>(d, own, other, theiler_window);
        mine.offer(is_eligible, d, other);
        window[(u + r) % (kSurely + 1)].offer(is_eligible, d, own);
      }
      store(points.distance + s * L, mine.distance);
      store(points.nearest + s * L, mine.offset);
    }
  }
}

template <typename T>
template <bool Theiler>
void SortedTile<T>::scan(size_t theiler_window) {
  constexpr size_t L = kTileLanes<T>, begin = kMargin * L;
  const SortedPoints<T> points{x_.data() + begin, y_.data() + begin, offset_.data() + begin, distance_.data() + begin,
                               nearest_.data() + begin};
  scan_nearby<Theiler>(points, theiler_window);

  const Worthwhile<T> worthwhile(cell_width_);
  const size_t room = (sorted_ + 1) * L;
  waiting_.resize(2 * room);
  Outwards<T, 1, Theiler> right(points, worthwhile, theiler_window, kSurely + 1, waiting_.data());
  Outwards<T, -1, Theiler> left(points, worthwhile, theiler_window, kSurely + 1, waiting_.data() + room);
  const auto rows = static_cast<Integer>(sorted_ * L);
  for (Integer row = 0; row < rows; row += static_cast<Integer>(L)) {
    right.add(row);
    left.add(row);
  }
  if (right.empty() && left.empty()) return;
  right.begin(rows);
  left.begin(rows);
  for (bool go_right = !right.empty(), go_left = !left.empty(); go_right || go_left;) {
    if (go_right) go_right = right.advance();
    if (go_left) go_left = left.advance();
  }
}

template <typename T>
void SortedTile<T>::run(const T* y, size_t points, const Embedding& embedding, lanes::Integer<T>* neighbour) {
  constexpr size_t L = kTileLanes<T>;
  points_ = points;
  sort(y, embedding.span());
  Integer fewest = duplicates_[0], most = fewest;
  for (size_t l = 1; l < L; ++l) {
    fewest = std::min(fewest, duplicates_[l]);
    most = std::max(most, duplicates_[l]);
  }
  // The search of a lane that is full of equal points would go past all of them, from each of them. With a Theiler
  // window, another of several equal points may be the one that is far enough away in time.
  merged_ = embedding.theiler_window == 0 && static_cast<size_t>(most) > points_ / 4;
  sorted_ = merged_ ? points_ - static_cast<size_t>(fewest) : points_;
  if (merged_) merge_duplicates();
  fill_margins();
  embedding.theiler_window ? scan<true>(embedding.theiler_window) : scan<false>(0);

  const Integer* const nearest = nearest_.data() + kMargin * L;
  for (size_t s = 0; s < points_; ++s) {
    const I own = merged_ ? offsets_of(s) : load(offset_.data() + (kMargin + s) * L);
    const I found = merged_ ? gather(nearest, load(group_.data() + s * L)) : load(nearest + s * L);
    scatter(neighbour, own, found < 0 ? own : found);
  }
}

template class SortedTile<float>;
template class SortedTile<double>;

}  // namespace legcnet
