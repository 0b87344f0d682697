#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "neighbours.h"

namespace legcnet {
namespace {

constexpr int32_t kCells = 256;  // a side; cells further apart share lists, which costs time but no neighbour
constexpr int32_t kNone = -1;
/// Smaller radii can only find duplicates, and those are found at any radius.
constexpr double kLeastRadius = 1e-150;

/// Points of a long series between two looks at the control.
constexpr size_t kUnchecked = size_t{1} << 20;

/// y / radius rounded down, modulo kCells; y in [0, 1].
int32_t cell_of(double y, double radius) {
  const double q = y / radius;
  if (q < std::numeric_limits<int32_t>::max()) return static_cast<int32_t>(q) & (kCells - 1);
  return static_cast<int32_t>(std::fmod(std::floor(q), kCells));
}

}  // namespace

template <typename T>
void StartRadiusSearch<T>::run(const T* y, size_t length, const Embedding& embedding, double start,
                               const Control& control, int32_t* neighbour) {
  const size_t m = embedding.candidates(length), references = embedding.references(length);
  const size_t span = embedding.span();
  heads_.assign(kCells * kCells, kNone);
  next_.resize(m);
  cells_.resize(m);
  int32_t* heads = heads_.data();
  int32_t* next = next_.data();
  int32_t* cells = cells_.data();
  std::fill_n(neighbour, references, kUnmatched);

  const auto distance = [&](size_t a, size_t b) {
    T sum = 0;
    for (size_t c = 0; c <= span; c += embedding.delay) sum += (y[a + c] - y[b + c]) * (y[a + c] - y[b + c]);
    return sum < std::numeric_limits<T>::min() ? T(0) : sum;
  };

  size_t unfinished = references;
  for (double radius = std::max(start, kLeastRadius);; radius *= 1.1) {
    for (size_t i = 0; i < m; ++i) {  // each list ends up in descending order of index
      if (i % kUnchecked == 0) control.check();
      const int32_t cell = cell_of(y[i], radius) * kCells + cell_of(y[i + span], radius);
      cells[i] = cell;
      next[i] = heads[cell];
      heads[cell] = static_cast<int32_t>(i);
    }

    for (size_t n = 0; n < references; ++n) {
      if (neighbour[n] != kUnmatched) continue;
      const int32_t row = cells[n] / kCells, column = cells[n] % kCells;
      T nearest = 1;
      for (int32_t i = row - 1; i <= row + 1; ++i) {
        for (int32_t k = column - 1; k <= column + 1; ++k) {
          control.check();  // a list may be long
          int32_t j = heads[(i & (kCells - 1)) * kCells + (k & (kCells - 1))];
          for (; j != kNone; j = next[j]) {
            const size_t lag = static_cast<size_t>(std::abs(static_cast<int64_t>(n) - j));
            if (lag <= embedding.theiler_window) continue;
            const T d = distance(n, static_cast<size_t>(j));
            if (!(static_cast<double>(d) <= radius * radius && d < nearest)) continue;
            if (d > T(0)) {
              nearest = d;
              neighbour[n] = j;
            } else if (neighbour[n] == kUnmatched) {
              neighbour[n] = kDuplicatesOnly;
            }
          }
        }
      }
      if (neighbour[n] != kUnmatched) --unfinished;
    }
    if (unfinished == 0 || radius >= 1) return;
    for (size_t i = 0; i < m; ++i) heads[cells[i]] = kNone;
  }
}

template class StartRadiusSearch<float>;
template class StartRadiusSearch<double>;

}  // namespace legcnet
