#include "neighbours_tile_sorted.h"

#include <algorithm>
#include <limits>

#include "sort_lanes.h"

namespace legcnet {

using namespace lanes;

namespace {

/// Each pair of points up to so many places apart is looked at, once for both, before any bound is.
constexpr size_t kSurely = 6;
/// Candidates between two looks at the bound after that.
constexpr size_t kStep = 4;
/// Rows that loops may read beyond the points.
constexpr size_t kMargin = 16;
/// Coordinates of what is no point.
template <typename T>
constexpr T kFar = 4;

/// The nearest so far, of candidates offered in any order: of equal distances the one with the higher offset wins.
template <typename T>
struct Nearest {
  Vector<T> distance;
  Integers<T> offset;

  void offer(Mask<T> eligible, Vector<T> d, Integers<T> candidate) {
    const auto nearer = less(eligible, d, distance);
    const auto later = less(equal(eligible, d, distance), offset, candidate);
    distance = least(eligible, d, distance);
    offset = select(either(nearer, later), candidate, offset);
  }
};

template <typename T>
inline Vector<T> squared(Vector<T> a, Vector<T> b) {
  return a * a + b * b;
}

}  // namespace

template <typename T>
typename SortedTile<T>::I SortedTile<T>::offsets_of(size_t s) const {
  constexpr size_t L = kTileLanes<T>;
  const auto key = load<int32_t, sizeof(Keys<L>)>(keys_.data() + s * L);
  return (__builtin_convertvector(key, I) & index_mask_) * static_cast<Integer>(L) + lane_numbers<T>();
}

/// Weights of one input all stand still while that input is 0. Of several equal points in a row the last is enough:
/// none is the other's neighbour, and of points at the same distance the last is taken anyway.
template <typename T>
void SortedTile<T>::select_rows(const T* y, const Embedding& embedding) {
  constexpr size_t L = kTileLanes<T>;
  repeated_.assign(points_, 0);
  rows_.resize(points_);
  size_t rows = 0;
  for (size_t n = 0; n + 1 < points_; ++n) {
    const auto moves = [&](size_t i) { return differ(load(y + i * L), load(y + (i + 1) * L)); };
    rows_[rows] = static_cast<uint32_t>(n);
    // With a Theiler window another of them may be the one that is far enough away in time.
    repeated_[n] = embedding.theiler_window == 0 && !any(either(moves(n), moves(n + embedding.span())));
    rows += 1 - repeated_[n];
  }
  rows_[rows++] = static_cast<uint32_t>(points_ - 1);
  rows_.resize(rows);
}

/// By p, the sum of the coordinates, rounded down to cells; within a cell by index.
template <typename T>
void SortedTile<T>::sort(const T* y, size_t span) {
  constexpr size_t L = kTileLanes<T>;
  const auto p = [&](size_t i) { return load(y + i * L) + load(y + (i + span) * L); };
  V low = p(rows_[0]), high = low;
  for (const uint32_t i : rows_) {
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

  const size_t padded_rows = (rows_.size() + 7) / 8 * 8;
  keys_.resize(padded_rows * L);
  for (size_t r = 0; r < padded_rows; ++r) {
    Keys<L> key = Keys<L>{} + std::numeric_limits<int32_t>::max();
    if (r < rows_.size()) {
      const V cell = (p(rows_[r]) - low) * scale;
      key =
          __builtin_convertvector(cell < cells ? cell : fill(cells), Keys<L>) << bits | static_cast<int32_t>(rows_[r]);
    }
    store<int32_t, sizeof(key)>(keys_.data() + r * L, key);
  }
  lanes::sort<L>(keys_.data(), padded_rows);

  const size_t size = (rows_.size() + 2 * kMargin) * L;
  for (auto* column : {&x_, &y_, &distance_}) column->resize(size);
  offset_.resize(size);
  nearest_.resize(size);
  V before_x = fill(kFar<T>), before_y = before_x;
  duplicates_ = I{};
  for (size_t s = 0; s < rows_.size(); ++s) {
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
  group_.resize(rows_.size() * L);
  T* const x = x_.data() + kMargin * L;
  T* const y = y_.data() + kMargin * L;
  Integer* const offset = offset_.data() + kMargin * L;
  V before_x = fill(kFar<T>), before_y = before_x;
  I to = lane_numbers<T>() - static_cast<Integer>(L);
  for (size_t at = 0; at < rows_.size() * L; at += L) {
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

template <typename T>
template <bool Theiler>
void SortedTile<T>::scan(size_t theiler_window) {
  constexpr size_t L = kTileLanes<T>;
  const T* const x = x_.data() + kMargin * L;
  const T* const y = y_.data() + kMargin * L;
  const Integer* const offset = offset_.data() + kMargin * L;
  T* const distance = distance_.data() + kMargin * L;
  Integer* const nearest = nearest_.data() + kMargin * L;
  const I apart = I{} + static_cast<Integer>(theiler_window * L);
  const auto eligible = [&](V d, I a, I b) {
    const auto positive = at_most(fill(kSmallestDistance<T>), d);
    if (!Theiler) return positive;
    const I lag = a - b;
    return less(positive, apart, lag < 0 ? -lag : lag);
  };

  // First the points up to kSurely places away; the last few whose search is under way stay in registers.
  Nearest<T> window[kSurely + 1];
  const auto nothing = [&](size_t s) {
    // What is no point looks for nothing: no distance is below -1.
    return Nearest<T>{load(offset + s * L) < 0 ? fill(T(-1)) : fill(kLargestDistance<T>), I{} - 1};
  };
  for (size_t u = 0; u < kSurely; ++u) window[u] = nothing(u);
  for (size_t first = 0; first < sorted_; first += kSurely + 1) {
#pragma GCC unroll 8
    for (size_t u = 0; u <= kSurely; ++u) {
      const size_t s = first + u;
      const V own_x = load(x + s * L), own_y = load(y + s * L);
      const I own = load(offset + s * L);
      Nearest<T>& mine = window[u];
      window[(u + kSurely) % (kSurely + 1)] = nothing(s + kSurely);
#pragma GCC unroll 8
      for (size_t r = 1; r <= kSurely; ++r) {
        const size_t q = (s + r) * L;
        const V d = squared<T>(own_x - load(x + q), own_y - load(y + q));
        const I other = load(offset + q);
        const auto is_eligible = eligible(d, own, other);
        mine.offer(is_eligible, d, other);
        window[(u + r) % (kSurely + 1)].offer(is_eligible, d, own);
      }
      store(distance + s * L, mine.distance);
      store(nearest + s * L, mine.offset);
    }
  }

  // Then outwards. Points whose p differ by g are at least g / sqrt(2) apart: D >= g^2 / 2. They are sorted by p
  // rounded to cells, and everything carries rounding errors, taken generously.
  constexpr T epsilon = std::numeric_limits<T>::epsilon();
  const V slack = cell_width_ * T(1.01) + 32 * epsilon;
  const T bound = 2 * (1 + 64 * epsilon);
  const auto projection = [&](const T* at) { return load(at) + load(at + (y - x)); };
  const auto worthwhile = [&](V gap, V best) {
    gap -= slack;
    gap = gap > T(0) ? gap : V{};
    return at_most(gap * gap, best * bound);
  };
  constexpr size_t next = (kSurely + 1) * L;
  size_t unfinished = 0;
  unfinished_.resize(sorted_);
  for (size_t s = 0; s < sorted_; ++s) {
    const T* own = x + s * L;
    const V p = projection(own), best = load(distance + s * L);
    unfinished_[unfinished] = static_cast<uint32_t>(s);
    unfinished +=
        any(either(worthwhile(projection(own + next) - p, best), worthwhile(p - projection(own - next), best)));
  }
  for (size_t u = 0; u < unfinished; ++u) {
    const size_t s = unfinished_[u];
    const T* const own = x + s * L;
    const V own_x = load(own), own_y = load(own + (y - x)), p = own_x + own_y;
    const I own_offset = load(offset + s * L);
    Nearest<T> mine{load(distance + s * L), load(nearest + s * L)};
    const auto offer = [&](const T* at) {
      const V d = squared<T>(own_x - load(at), own_y - load(at + (y - x)));
      const I other = load(offset + (at - x));
      mine.offer(eligible(d, own_offset, other), d, other);
    };
    const T *right = own + next, *left = own - next;  // the next to look at
    bool go_right = any(worthwhile(projection(right) - p, mine.distance));
    bool go_left = any(worthwhile(p - projection(left), mine.distance));
    while (go_right || go_left) {
      if (go_right) {
        for (size_t c = 0; c < kStep; ++c, right += L) offer(right);
        go_right = any(worthwhile(projection(right) - p, mine.distance));
      }
      if (go_left) {
        for (size_t c = 0; c < kStep; ++c, left -= L) offer(left);
        go_left = any(worthwhile(p - projection(left), mine.distance));
      }
    }
    store(distance + s * L, mine.distance);
    store(nearest + s * L, mine.offset);
  }
}

template <typename T>
void SortedTile<T>::run(const T* y, size_t points, const Embedding& embedding, lanes::Integer<T>* neighbour) {
  constexpr size_t L = kTileLanes<T>;
  points_ = points;
  select_rows(y, embedding);
  sort(y, embedding.span());
  Integer fewest = duplicates_[0], most = fewest;
  for (size_t l = 1; l < L; ++l) {
    fewest = std::min(fewest, duplicates_[l]);
    most = std::max(most, duplicates_[l]);
  }
  // The search of a lane that is full of equal points would go past all of them, and the others would wait for it. With
  // a Theiler window, another of several equal points may be the one that is far enough away in time.
  merged_ = embedding.theiler_window == 0 && static_cast<size_t>(most) > rows_.size() / 4;
  sorted_ = merged_ ? rows_.size() - static_cast<size_t>(fewest) : rows_.size();
  if (merged_) merge_duplicates();
  fill_margins();
  embedding.theiler_window ? scan<true>(embedding.theiler_window) : scan<false>(0);

  const Integer* const nearest = nearest_.data() + kMargin * L;
  for (size_t s = 0; s < rows_.size(); ++s) {
    const I own = merged_ ? offsets_of(s) : load(offset_.data() + (kMargin + s) * L);
    const I found = merged_ ? gather(nearest, load(group_.data() + s * L)) : load(nearest + s * L);
    scatter(neighbour, own, found < 0 ? own : found);
  }
  // What was left out has the neighbour of the point that stands for it.
  for (size_t n = points_ - 1; n-- > 0;) {
    if (!repeated_[n]) continue;
    const I next = load(neighbour + (n + 1) * L), own = lane_numbers<T>() + static_cast<Integer>(n * L);
    store(neighbour + n * L, next == own + static_cast<Integer>(L) ? own : next);
  }
}

template class SortedTile<float>;
template class SortedTile<double>;

}  // namespace legcnet
