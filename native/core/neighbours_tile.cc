#include "neighbours_tile.h"

#include <algorithm>
#include <limits>

namespace legcnet {

using namespace lanes;

namespace {

template <typename T>
constexpr size_t kL = kTileLanes<T>;
/// References that are held in registers while the candidates pass by.
constexpr size_t kBlock = kVectorBytes == 64 ? 4 : 2;

/// Series in two dimensions with fewer points are scanned whole: sorting would cost more than it saves (measured).
constexpr size_t kSortFrom = 64;
/// In other dimensions, so many are cheaper here than by AllPairsSearch, which sorts in any.
constexpr size_t kMostScanned = 128;

/// A pair's squared distance, for each series. Dimension 0: known at run time only.
template <typename T, size_t Dimension>
inline Vector<T> distance(const T* a, const T* b, const Embedding& embedding) {
  const size_t n = Dimension ? Dimension : embedding.dimension;
  const size_t step = embedding.delay * kL<T>;
  const Vector<T> first = load(a) - load(b);
  Vector<T> sum = first * first;
  for (size_t c = 1; c < n; ++c) {
    const Vector<T> next = load(a + c * step) - load(b + c * step);
    sum += next * next;
  }
  return sum;
}

/// The nearest so far. Candidates are offered by ascending index: of equal distances the later wins.
template <typename T>
struct Nearest {
  Vector<T> distance;
  Integers<T> offset;

  void offer(Mask<T> eligible, Vector<T> d, Integers<T> candidate) {
    const Mask<T> nearer = at_most(eligible, d, distance);
    distance = least(eligible, d, distance);
    offset = select(nearer, candidate, offset);
  }
};

}  // namespace

/// Every unordered pair once: the distance serves both points. A point meets the points before it while these are
/// references, then those after it as a reference itself, and so all in ascending order.
template <typename T>
template <size_t Dimension, bool Adjacent>
void TileSearch<T>::scan_all(const T* y, size_t length, const Embedding& embedding) {
  constexpr size_t L = kL<T>;
  const size_t m = embedding.candidates(length), apart = embedding.theiler_window + 1;
  const Integers<T> lane = lane_numbers<T>();
  distance_.resize(m * L);
  T* nearest = distance_.data();
  Integer* neighbour = neighbour_.data();
  const auto offset_of = [&](size_t i) { return lane + static_cast<Integer>(i * L); };
  const auto load_nearest = [&](size_t i) { return Nearest<T>{load(nearest + i * L), load(neighbour + i * L)}; };
  const auto store_nearest = [&](size_t i, const Nearest<T>& of) {
    store(nearest + i * L, of.distance);
    store(neighbour + i * L, of.offset);
  };
  for (size_t i = 0; i < m; ++i) store_nearest(i, {fill(kLargestDistance<T>), offset_of(i)});

  for (size_t first = 0; first + apart < m; first += kBlock) {
    // Pairs that not all references of the block take part in.
    for (size_t n = first; n < first + kBlock; ++n) {
      const size_t end = std::min(first + kBlock - 1 + apart, m);
      for (size_t j = n + apart; j < end; ++j) {
        const Vector<T> d = distance<T, Dimension>(y + n * L, y + j * L, embedding);
        const Mask<T> eligible = at_most(fill(kSmallestDistance<T>), d);
        Nearest<T> a = load_nearest(n), b = load_nearest(j);
        a.offer(eligible, d, offset_of(j));
        b.offer(eligible, d, offset_of(n));
        store_nearest(n, a);
        store_nearest(j, b);
      }
    }
    const size_t begin = first + kBlock - 1 + apart;
    if (begin >= m) continue;

    Nearest<T> block[kBlock];
    Integers<T> own[kBlock];
    for (size_t r = 0; r < kBlock; ++r) {
      block[r] = load_nearest(first + r);
      own[r] = offset_of(first + r);
    }
    // Where the coordinates of a point are neighbours in time, its second square is the first one of the next pair.
    Vector<T> value[kBlock + 1], square[kBlock + 1];
    if (Adjacent) {
      for (size_t r = 0; r <= kBlock; ++r) {
        value[r] = load(y + (first + r) * L);
        const Vector<T> difference = value[r] - load(y + begin * L);
        square[r] = difference * difference;
      }
    }
    for (size_t j = begin; j < m; ++j) {
      Vector<T> d[kBlock];
      if (Adjacent) {
        const Vector<T> next = load(y + (j + 1) * L);
        Vector<T> second[kBlock + 1];
        for (size_t r = 0; r <= kBlock; ++r) {
          const Vector<T> difference = value[r] - next;
          second[r] = difference * difference;
        }
        for (size_t r = 0; r < kBlock; ++r) d[r] = square[r] + second[r + 1];
        for (size_t r = 0; r <= kBlock; ++r) square[r] = second[r];
      } else {
        for (size_t r = 0; r < kBlock; ++r) d[r] = distance<T, Dimension>(y + (first + r) * L, y + j * L, embedding);
      }
      Nearest<T> candidate = load_nearest(j);
      const Integers<T> offset = offset_of(j);
      for (size_t r = 0; r < kBlock; ++r) {
        const Mask<T> eligible = at_most(fill(kSmallestDistance<T>), d[r]);
        block[r].offer(eligible, d[r], offset);
        candidate.offer(eligible, d[r], own[r]);
      }
      store_nearest(j, candidate);
    }
    for (size_t r = 0; r < kBlock; ++r) store_nearest(first + r, block[r]);
  }
}

template <typename T>
bool TileSearch<T>::takes(size_t length, const Embedding& embedding) {
  return length < kMostTileValues &&
         embedding.candidates(length) <= (embedding.dimension == 2 ? kMostTilePoints : kMostScanned);
}

template <typename T>
const lanes::Integer<T>* TileSearch<T>::run(const SeriesTile<T>& tile, const Embedding& embedding) {
  const T* const y = tile.values.data();
  const size_t length = tile.length, m = embedding.candidates(length);
  neighbour_.resize(m * kL<T>);
  if (embedding.dimension == 2 && m >= kSortFrom) {
    sorted_.run(y, m, embedding, neighbour_.data());
  } else if (embedding.dimension == 2 && embedding.delay == 1) {
    scan_all<2, true>(y, length, embedding);
  } else if (embedding.dimension == 2) {
    scan_all<2, false>(y, length, embedding);
  } else {
    scan_all<0, false>(y, length, embedding);
  }
  return neighbour_.data();
}

template <typename T>
uint32_t TileSearch<T>::unmatched(const SeriesTile<T>& tile, const Embedding& embedding, size_t lane) const {
  constexpr size_t L = kL<T>;
  const T* const y = tile.values.data();
  const size_t length = tile.length, m = embedding.candidates(length), references = embedding.references(length);
  const auto below_one = [&](size_t i, size_t j) {
    T sum = 0;
    for (size_t c = 0; c < embedding.dimension; ++c) {
      const T a = y[(i + c * embedding.delay) * L + lane] - y[(j + c * embedding.delay) * L + lane];
      sum += a * a;
    }
    return sum < T(1);
  };
  uint32_t count = 0;
  for (size_t n = 0; n < references; ++n) {
    if (static_cast<size_t>(neighbour_[n * L + lane]) != n * L + lane) continue;
    bool alone = tile.left_out[n] == 0;                                         // those are its duplicates
    for (size_t lag = embedding.theiler_window + 1; lag < m && alone; ++lag) {  // duplicates are near in time as a rule
      alone = !(n + lag < m && below_one(n, n + lag)) && !(lag <= n && below_one(n, n - lag));
    }
    count += alone;
  }
  return count;
}

template class TileSearch<float>;
template class TileSearch<double>;

}  // namespace legcnet
