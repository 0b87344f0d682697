#include <algorithm>
#include <limits>

#include "neighbours.h"

namespace legcnet {

using namespace lanes;

namespace {

// References stand in vector lanes (kVectors vectors at a time where all candidates are scanned); candidates come one
// by one and are broadcast. No reduction is needed, and the coordinates of the references stay in registers.
constexpr size_t kVectors = 2;
/// Resolution of the projection that points are sorted by: what a float holds exactly.
template <typename T>
constexpr T kCells = T(1 << 24);
template <typename T>
constexpr T kSmallest = std::numeric_limits<T>::min();
template <typename T>
constexpr T kInfinity = std::numeric_limits<T>::infinity();
/// The largest number below 1: D <= this means D < 1.
template <typename T>
constexpr T kBelowOne = T(1) - std::numeric_limits<T>::epsilon() / 2;
/// Series with fewer candidates are scanned whole: sorting would cost more than it saves (measured).
constexpr size_t kSortFrom = 80;

/// Coordinate c of point p is base[c * stride + p]. Dimension 0: known at run time only.
template <typename T, size_t Dimension>
struct Points {
  const T* base;
  size_t stride;
  size_t dimension;

  /// Squared distances between `lanes` consecutive points from `first` on and point j.
  Vector<T> distances(size_t first, size_t j) const {
    const Vector<T> a = load(base + first) - base[j];
    Vector<T> sum = a * a;
    const size_t n = Dimension ? Dimension : dimension;
    for (size_t c = 1; c < n; ++c) {
      const Vector<T> b = load(base + c * stride + first) - base[c * stride + j];
      sum += b * b;
    }
    return sum;
  }

  T distance(size_t i, size_t j) const {
    T sum = 0;
    const size_t n = Dimension ? Dimension : dimension;
    for (size_t c = 0; c < n; ++c) {
      const T a = base[c * stride + i] - base[c * stride + j];
      sum += a * a;
    }
    return sum;
  }
};

/// The nearest so far of one vector of references.
template <typename T>
struct Nearest {
  Vector<T> distance = fill(kBelowOne<T>);
  Vector<T> index = fill(T(-1));

  /// Candidates offered by ascending index: of equal distances the later wins.
  void offer_ascending(Vector<T> d, T j) {
    d = d >= kSmallest<T> ? d : fill(kInfinity<T>);
    index = d <= distance ? fill(j) : index;
    distance = d <= distance ? d : distance;
  }

  /// Candidates in any order.
  void offer(Vector<T> d, T j) {
    d = d >= kSmallest<T> ? d : fill(kInfinity<T>);
    const Vector<T> later = index > j ? index : fill(j);
    const Vector<T> nearest = d < distance ? fill(j) : index;
    index = d == distance ? later : nearest;
    distance = d < distance ? d : distance;
  }
};

/// Distances to candidates within the Theiler window become infinite. `lag` = index of candidate - of reference.
template <typename T>
inline Vector<T> outside_theiler(Vector<T> d, Vector<T> lag, T window) {
  const Vector<T> size = lag < T(0) ? -lag : lag;
  return size > window ? d : fill(kInfinity<T>);
}

template <typename T>
inline Vector<T> counting_from(T first) {
  Vector<T> v;
  for (size_t l = 0; l < Lanes<T>::count; ++l) v[l] = first + static_cast<T>(l);
  return v;
}

/// Tells references that have duplicates only from those that have nothing. Both are rare.
template <typename T>
void classify(const T* y, size_t length, const Embedding& embedding, const Control& control, int32_t* neighbour) {
  const Points<T, 0> points{y, embedding.delay, embedding.dimension};
  const size_t m = embedding.candidates(length), references = embedding.references(length);
  for (size_t n = 0; n < references; ++n) {
    if (neighbour[n] >= 0) continue;
    control.check();
    for (size_t j = 0; j < m && neighbour[n] != kDuplicatesOnly; ++j) {
      const size_t lag = j > n ? j - n : n - j;
      if (lag > embedding.theiler_window && points.distance(n, j) < T(1)) neighbour[n] = kDuplicatesOnly;
    }
  }
}

/// body(i) for i = 0..n-1, with a look at the control now and then.
template <typename Body>
void in_pieces(size_t n, const Control& control, const Body& body) {
  constexpr size_t kUnchecked = size_t{1} << 20;
  for (size_t begin = 0; begin < n; begin += kUnchecked) {
    control.check();
    const size_t end = std::min(n, begin + kUnchecked);
    for (size_t i = begin; i < end; ++i) body(i);
  }
}

/// Stable sort by bits 32..55, a byte at a time. Both buffers have n elements; the result is in `keys`'s successor,
/// which is returned.
uint64_t* radix_sort(uint64_t* keys, uint64_t* swap, size_t n, const Control& control) {
  uint32_t count[3][256] = {};
  in_pieces(n, control, [&](size_t i) {
    for (int b = 0; b < 3; ++b) ++count[b][keys[i] >> (32 + 8 * b) & 255];
  });
  for (int b = 0; b < 3; ++b) {
    uint32_t start = 0;
    for (uint32_t& c : count[b]) {
      const uint32_t size = c;
      c = start;
      start += size;
    }
    in_pieces(n, control, [&](size_t i) { swap[count[b][keys[i] >> (32 + 8 * b) & 255]++] = keys[i]; });
    std::swap(keys, swap);
  }
  return keys;
}

}  // namespace

/// Every reference against every candidate.
template <typename T>
template <size_t Dimension>
void AllPairsSearch<T>::scan_all(const T* y, size_t length, const Embedding& embedding, const Control& control,
                                 int32_t* neighbour) {
  constexpr size_t lanes = Lanes<T>::count, group = kVectors * lanes;
  const size_t m = embedding.candidates(length), references = embedding.references(length);
  const size_t theiler = embedding.theiler_window;
  const Points<T, Dimension> points{y, embedding.delay, embedding.dimension};
  for (size_t n = 0; n < references; n += group) {
    control.check();
    Nearest<T> nearest[kVectors];
    const auto scan = [&](size_t from, size_t to) {
      for (size_t j = from; j < to; ++j) {
        for (size_t v = 0; v < kVectors; ++v) {
          nearest[v].offer_ascending(points.distances(n + v * lanes, j), static_cast<T>(j));
        }
      }
    };
    if (theiler == 0) {  // a point's distance from itself is zero, which is not eligible
      scan(0, m);
    } else {
      const size_t low = n > theiler ? n - theiler : 0, high = std::min(m, n + group + theiler);
      scan(0, low);
      for (size_t j = low; j < high; ++j) {
        for (size_t v = 0; v < kVectors; ++v) {
          const Vector<T> lag = static_cast<T>(j) - counting_from(static_cast<T>(n + v * lanes));
          const Vector<T> d = points.distances(n + v * lanes, j);
          nearest[v].offer_ascending(outside_theiler(d, lag, static_cast<T>(theiler)), static_cast<T>(j));
        }
      }
      scan(high, m);
    }
    for (size_t v = 0; v < kVectors; ++v) {
      for (size_t l = 0; l < lanes && n + v * lanes + l < references; ++l) {
        neighbour[n + v * lanes + l] = static_cast<int32_t>(nearest[v].index[l]);
      }
    }
  }
}

/// Sorts the candidates by p, the sum of their coordinates, rounded down to 2^24 cells. With m coordinates, points
/// whose p differ by g are at least g / sqrt(m) apart. False if all p are equal.
template <typename T>
bool AllPairsSearch<T>::sort_points(const T* y, size_t length, const Embedding& embedding, const Control& control) {
  const size_t m = embedding.candidates(length);
  row_ = m + Lanes<T>::count;  // vectors are loaded from anywhere in a row
  position_.resize(row_);
  cell_.resize(row_);
  index_.resize(row_);
  coordinates_.resize(row_ * embedding.dimension);
  keys_.resize(m);
  keys_swap_.resize(m);
  T* cell = cell_.data();
  T low = kInfinity<T>, high = -kInfinity<T>;
  in_pieces(m, control, [&](size_t i) {
    T p = y[i];
    for (size_t c = 1; c < embedding.dimension; ++c) p += y[i + c * embedding.delay];
    cell[i] = p;  // in series order until the keys are made
    low = std::min(low, p);
    high = std::max(high, p);
  });
  if (!(high > low)) return false;
  constexpr T cells = kCells<T> - 2;
  cells_per_unit_ = cells / (high - low);

  uint64_t* keys = keys_.data();
  in_pieces(m, control, [&](size_t i) {
    const T p = std::min((cell[i] - low) * cells_per_unit_, cells);
    keys[i] = static_cast<uint64_t>(static_cast<uint32_t>(p)) << 32 | i;
  });
  keys = radix_sort(keys, keys_swap_.data(), m, control);

  T* coordinates = coordinates_.data();
  in_pieces(row_, control, [&](size_t s) {  // the last vector's idle lanes repeat the last point
    const uint64_t key = keys[std::min(s, m - 1)];
    const size_t i = key & 0xffffffff;
    index_[s] = static_cast<T>(i);
    T p = y[i];
    coordinates[s] = y[i];
    for (size_t c = 1; c < embedding.dimension; ++c) {
      const T value = y[i + c * embedding.delay];
      p += value;
      coordinates[c * row_ + s] = value;
    }
    position_[s] = std::min((p - low) * cells_per_unit_, cells);
    cell[s] = static_cast<T>(key >> 32);
  });
  return true;
}

/// Looks outwards from each vector of references, in the order of sort_points, until no lane can gain any more.
template <typename T>
template <size_t Dimension>
void AllPairsSearch<T>::scan_sorted(const T* y, size_t length, const Embedding& embedding, const Control& control,
                                    int32_t* neighbour) {
  if (!sort_points(y, length, embedding, control)) return scan_all<Dimension>(y, length, embedding, control, neighbour);
  constexpr size_t lanes = Lanes<T>::count;
  constexpr size_t step = 4;  // candidates between two looks at the bound
  const size_t m = embedding.candidates(length), references = embedding.references(length);
  const T* index = index_.data();
  const T* cell = cell_.data();
  const Points<T, Dimension> points{coordinates_.data(), row_, embedding.dimension};
  const T theiler = static_cast<T>(embedding.theiler_window);

  // A gap of g cells means D >= (g / cells_per_unit)^2 / dimension. Both sides carry rounding errors: that of a sum of
  // `dimension` numbers up to 1, in cells; of the scaling; and relative ones of D, all taken generously.
  const T epsilon = std::numeric_limits<T>::epsilon();
  const T dimension = static_cast<T>(embedding.dimension);
  const T slack = epsilon * (4 * dimension * dimension * cells_per_unit_ + 4 * kCells<T>);
  const T bound = dimension * cells_per_unit_ * cells_per_unit_ * (1 + 8 * (dimension + 2) * epsilon);

  for (size_t first = 0; first < m; first += lanes) {
    control.check();  // one scan may go over all points
    Nearest<T> nearest;
    const Vector<T> own = load(index + first), place = load(position_.data() + first);
    const auto offer = [&](size_t s) {
      Vector<T> d = points.distances(first, s);
      if (theiler > 0) d = outside_theiler(d, index[s] - own, theiler);
      nearest.offer(d, index[s]);
    };
    const auto worthwhile = [&](Vector<T> gap) {  // whether points so far away can still be nearest to some lane
      gap -= slack;
      gap = gap > T(0) ? gap : fill(T(0));
      return any(at_most(gap * gap, nearest.distance * bound));
    };

    size_t left = first, right = std::min(first + lanes, m);  // [left, right) has been offered
    for (size_t s = left; s < right; ++s) offer(s);
    bool go_right = right < m;
    bool go_left = left > 0;
    while (go_right || go_left) {
      if (go_right) {
        const size_t end = std::min(right + step, m);
        for (; right < end; ++right) offer(right);
        go_right = right < m && worthwhile(cell[right] - place);
      }
      if (go_left) {
        const size_t end = left > step ? left - step : 0;
        while (left > end) offer(--left);
        go_left = left > 0 && worthwhile(place - (cell[left - 1] + T(1)));
      }
    }
    for (size_t l = 0; l < lanes && first + l < m; ++l) {
      const size_t n = static_cast<size_t>(own[l]);
      if (n < references) neighbour[n] = static_cast<int32_t>(nearest.index[l]);
    }
  }
}

template <typename T>
void AllPairsSearch<T>::run(const T* y, size_t length, const Embedding& embedding, const Control& control,
                            int32_t* neighbour) {
  const bool sorted = embedding.candidates(length) >= kSortFrom;
  if (embedding.dimension == 2) {
    sorted ? scan_sorted<2>(y, length, embedding, control, neighbour)
           : scan_all<2>(y, length, embedding, control, neighbour);
  } else {
    sorted ? scan_sorted<0>(y, length, embedding, control, neighbour)
           : scan_all<0>(y, length, embedding, control, neighbour);
  }
  classify(y, length, embedding, control, neighbour);
}

template class AllPairsSearch<float>;
template class AllPairsSearch<double>;

}  // namespace legcnet
