// Many series of equal length, wherever they lie: rows of a matrix, or columns of a ring buffer of iterates.
#pragma once
#include <cstddef>

namespace legcnet {

/// Series r at time i is at[i][r * stride]. A [rows, N] row-major matrix x has at[i] = x + i and stride = N;
/// an iterate-major buffer has at[i] = the iterate's first weight and stride = 1.
template <typename T>
struct SeriesView {
  const T* const* at;
  size_t stride;
  size_t length;

  T operator()(size_t row, size_t i) const { return at[i][row * stride]; }
};

}  // namespace legcnet
