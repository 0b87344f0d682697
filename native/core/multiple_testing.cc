#include "multiple_testing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace legcnet {
namespace {

/// A value by its bits, which for numbers from 0 on are ordered as the numbers are, and where it stands.
struct Entry {
  uint64_t bits;
  uint32_t index;

  double value() const {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
};

/// Radix sort, several times as fast as std::sort here.
void sort(std::vector<Entry>& entries, const Control& control) {
  constexpr int kDigit = 11;
  constexpr uint64_t kMask = (uint64_t{1} << kDigit) - 1;
  std::vector<Entry> other(entries.size());
  for (int shift = 0; shift < 64; shift += kDigit) {
    control.check();
    std::array<size_t, kMask + 1> begin{};
    for (const Entry& entry : entries) ++begin[entry.bits >> shift & kMask];
    size_t total = 0;
    for (size_t& count : begin) total += std::exchange(count, total);
    for (const Entry& entry : entries) other[begin[entry.bits >> shift & kMask]++] = entry;
    entries.swap(other);
  }
}

}  // namespace

void adjust_p_values(double* p, size_t count, Correction correction, const Control& control) {
  if (correction == Correction::kNone) return;
  std::vector<Entry> sorted;
  sorted.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (std::isnan(p[i])) continue;
    const double value = p[i] + 0.0;  // no -0
    sorted.push_back({0, static_cast<uint32_t>(i)});
    std::memcpy(&sorted.back().bits, &value, sizeof value);
  }
  sort(sorted, control);
  const size_t m = sorted.size();
  const auto tests = static_cast<double>(m);
  double factor = tests;
  if (correction == Correction::kBenjaminiYekutieli) {
    for (size_t k = 2; k <= m; ++k) factor += tests / static_cast<double>(k);
  }
  double running = 1;
  for (size_t end = m; end > 0;) {
    const uint64_t bits = sorted[end - 1].bits;
    size_t begin = end;  // of those equal to it, which all get the value of the last
    running = std::min(running, sorted[end - 1].value() * factor / static_cast<double>(end));
    for (; begin > 0 && sorted[begin - 1].bits == bits; --begin) p[sorted[begin - 1].index] = running;
    end = begin;
  }
}

}  // namespace legcnet
