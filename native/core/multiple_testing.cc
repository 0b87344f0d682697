#include "multiple_testing.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace legcnet {
namespace {

/// Values that are sorted or looked up between two looks at the control.
constexpr size_t kPiece = size_t{1} << 16;

template <typename Body>
void for_pieces(size_t count, size_t size, const Control& control, const Body& body) {
  for (size_t begin = 0; begin < count; begin += size) {
    control.check();
    body(begin, std::min(count, begin + size));
  }
}

void sort(std::vector<double>& values, const Control& control) {
  const auto at = [&](size_t i) { return values.begin() + static_cast<ptrdiff_t>(i); };
  for_pieces(values.size(), kPiece, control, [&](size_t begin, size_t end) { std::sort(at(begin), at(end)); });
  for (size_t size = kPiece; size < values.size(); size *= 2) {
    for_pieces(values.size(), 2 * size, control, [&](size_t begin, size_t end) {
      if (begin + size < end) std::inplace_merge(at(begin), at(begin + size), at(end));
    });
  }
}

}  // namespace

void adjust_p_values(double* p, size_t count, Correction correction, const Control& control) {
  if (correction == Correction::kNone) return;
  std::vector<double> sorted;
  sorted.reserve(count);
  std::copy_if(p, p + count, std::back_inserter(sorted), [](double value) { return !std::isnan(value); });
  sort(sorted, control);
  const size_t m = sorted.size();
  const auto tests = static_cast<double>(m);
  double factor = tests;
  if (correction == Correction::kBenjaminiYekutieli) {
    for (size_t k = 2; k <= m; ++k) factor += tests / static_cast<double>(k);
  }
  std::vector<double> least(m);  // the same for equal p-values
  double running = 1;
  for (size_t k = m; k-- > 0;) {
    running = std::min(running, sorted[k] * factor / static_cast<double>(k + 1));
    least[k] = running;
  }
  for_pieces(count, kPiece, control, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (std::isnan(p[i])) continue;
      p[i] = least[static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), p[i]) - sorted.begin())];
    }
  });
}

}  // namespace legcnet
