// Sorts several lists at once, one a vector lane, without a branch that depends on the data.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "lyapunov_lanes.h"

namespace legcnet::lanes {

/// Keys of `Lanes` lists side by side.
template <size_t Lanes>
using Keys = Vector<int32_t, Lanes * sizeof(int32_t)>;

template <typename K>
inline void exchange(K& a, K& b) {
  const K least = a < b ? a : b;
  b = a < b ? b : a;
  a = least;
}

/// Sorts each lane of keys [n, Lanes] by ascending key; n is a multiple of 8.
/// Cost: n log2(n)^2 / 4 exchanges, by Batcher's odd-even merging (AFIPS 1968) of blocks of 8 sorted in registers.
template <size_t Lanes>
inline void sort(int32_t* keys, size_t n) {
  using K = Keys<Lanes>;
  const auto row = [&](size_t i) { return load<int32_t, sizeof(K)>(keys + i * Lanes); };
  const auto put = [&](size_t i, K v) { store<int32_t, sizeof(K)>(keys + i * Lanes, v); };
  const auto exchange_rows = [&](size_t i, size_t j) {
    K a = row(i), b = row(j);
    exchange(a, b);
    put(i, a);
    put(j, b);
  };
  for (size_t first = 0; first < n; first += 8) {
    constexpr uint8_t network[19][2] = {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6}, {3, 7}, {0, 1}, {2, 3},
                                        {4, 5}, {6, 7}, {2, 4}, {3, 5}, {1, 4}, {3, 6}, {1, 2}, {3, 4}, {5, 6}};
    K v[8];
    for (size_t i = 0; i < 8; ++i) v[i] = row(first + i);
#pragma GCC unroll 19
    for (const auto& pair : network) exchange(v[pair[0]], v[pair[1]]);
    for (size_t i = 0; i < 8; ++i) put(first + i, v[i]);
  }
  for (size_t p = 8; p < n; p *= 2) {  // merge runs of p
    for (size_t base = 0; base + p < n; base += 2 * p) {
      const size_t end = std::min(base + 2 * p, n);
      for (size_t i = base; i + p < end; ++i) exchange_rows(i, i + p);
      for (size_t k = p / 2; k > 4; k /= 2) {
        for (size_t j = base + k; j + k < end; j += 2 * k) {
          const size_t width = std::min(k, end - k - j);
          for (size_t i = 0; i < width; ++i) exchange_rows(j + i, j + i + k);
        }
      }
      // k = 4, 2 and 1 together, as the rows pass through the registers: `a` has seen all but the exchanges with what
      // follows, `b` and `c` are a pair of k = 4. The run's length is a multiple of 8.
      K a[4], b[4], c[4];
      for (size_t i = 0; i < 4; ++i) a[i] = row(base + i);
      for (size_t j = base + 4;; j += 8) {
        const bool last = j + 4 >= end;
        for (size_t i = 0; i < 4; ++i) b[i] = row(j + i);
        if (!last) {
          for (size_t i = 0; i < 4; ++i) {
            c[i] = row(j + 4 + i);
            exchange(b[i], c[i]);
          }
        }
        exchange(a[2], b[0]);
        exchange(a[3], b[1]);
        exchange(a[1], a[2]);
        exchange(a[3], b[0]);
        for (size_t i = 0; i < 4; ++i) put(j - 4 + i, a[i]);
        if (last) {
          exchange(b[1], b[2]);
          for (size_t i = 0; i < 4; ++i) put(j + i, b[i]);
          break;
        }
        exchange(b[2], c[0]);
        exchange(b[3], c[1]);
        exchange(b[1], b[2]);
        exchange(b[3], c[0]);
        for (size_t i = 0; i < 4; ++i) {
          put(j + i, b[i]);
          a[i] = c[i];
        }
      }
    }
  }
}

}  // namespace legcnet::lanes
