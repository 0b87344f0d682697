#include <Eigen/Core>
#include <Eigen/Householder>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>

#include "simd.h"
#include "spectrum.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Columns reduced together.
constexpr Index kPanel = 32;
/// Entries worked on between two looks at the control: some milliseconds.
constexpr Index kStripEntries = 1 << 18;

/// Calls visit(first, count) for strips of `count` columns (or rows) of `length` entries each.
template <typename Visit>
void for_strips(Index columns, Index length, const Control& control, Visit&& visit) {
  const Index step = std::max<Index>(8, kStripEntries / std::max<Index>(1, length));
  for (Index first = 0; first < columns; first += step) {
    control.check();
    visit(first, std::min(step, columns - first));
  }
}

/// R of a = QR for a tall matrix; its singular values are those of a.
MatrixXd triangular_factor(MatrixXd a, const Control& control) {
  const Index n = a.cols();
  MatrixXd r = MatrixXd::Zero(n, n);
  for (Index k = 0; k < n; k += kPanel) {
    const Index width = std::min(kPanel, n - k), below = a.rows() - k;
    const Eigen::HouseholderQR<MatrixXd> panel(a.block(k, k, below, width));
    r.block(k, k, width, width).triangularView<Eigen::Upper>() = panel.matrixQR().topRows(width);
    const Index right = n - k - width;
    for_strips(right, below, control, [&](Index first, Index count) {
      MatrixXd strip = a.block(k, k + width + first, below, count);
      strip.applyOnTheLeft(panel.householderQ().adjoint());
      a.block(k, k + width + first, below, count) = strip;
    });
    r.block(k, k + width, width, right) = a.block(k, k + width, width, right);
  }
  return r;
}

/// The 2n - 1 numbers d_1, e_1, d_2, ..., d_n of the bidiagonal matrix (diagonal d, superdiagonal e) with the singular
/// values of a square matrix. Golub and Kahan, SIAM J. Numer. Anal. 2 (1965), 205.
std::vector<double> bidiagonal(MatrixXd a, const Control& control) {
  const Index n = a.rows();
  std::vector<double> entries(static_cast<size_t>(2 * n - 1));
  VectorXd essential(n), workspace(n);
  double tau, beta;
  for (Index k = 0; k < n; ++k) {
    const Index rest = n - k - 1;
    auto column = essential.head(rest);
    a.col(k).tail(n - k).makeHouseholder(column, tau, beta);
    entries[static_cast<size_t>(2 * k)] = beta;
    if (rest == 0) break;
    for_strips(rest, rest + 1, control, [&](Index first, Index count) {
      a.block(k, k + 1 + first, rest + 1, count).applyHouseholderOnTheLeft(column, tau, workspace.data());
    });
    auto row = essential.head(rest - 1);
    a.row(k).tail(rest).transpose().makeHouseholder(row, tau, beta);
    entries[static_cast<size_t>(2 * k + 1)] = beta;
    for_strips(rest, rest, control, [&](Index first, Index count) {
      a.block(k + 1 + first, k + 1, count, rest).applyHouseholderOnTheRight(row, tau, workspace.data());
    });
  }
  return entries;
}

/// Singular values of a bidiagonal matrix, ascending. They are the positive eigenvalues of the symmetric tridiagonal
/// matrix with zero diagonal and these entries beside it, found by bisection on its Sturm count, several in vector
/// lanes.
std::vector<double> bisect(const std::vector<double>& entries, const Control& control) {
  using V = Vec<double>;
  const size_t n = (entries.size() + 1) / 2;
  std::vector<double> squares(entries.size());
  double bound = 0, before = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    squares[i] = entries[i] * entries[i];
    bound = std::max(bound, before + std::abs(entries[i]));
    before = std::abs(entries[i]);
  }
  bound = std::max(bound, before);
  std::vector<double> values(n, 0.0);
  if (!(bound > 0)) return values;
  const double tolerance = bound * std::numeric_limits<double>::epsilon() / 8;
  const double least = std::numeric_limits<double>::min() * 1e16;  // a pivot must not be 0
  const V tiny = V{} - least;

  for (size_t first = 0; first < n; first += kLanes<double>) {
    control.check();
    V rank, low = {}, high = V{} + bound;  // values [low, high) hold the rank-th
    for (size_t lane = 0; lane < kLanes<double>; ++lane) {
      rank[lane] = static_cast<double>(std::min(first + lane, n - 1));
    }
    for (double width = bound; width > tolerance; width /= 2) {
      const V middle = (low + high) * 0.5;
      V pivot = -middle, count = V{} + 1;  // eigenvalues below the middle; n of them are negative
      for (const double square : squares) {
        const V guarded = ((pivot > tiny) & (pivot < -tiny)) ? tiny : pivot;
        pivot = -middle - square / guarded;
        count += pivot < 0 ? V{} + 1 : V{};
      }
      const auto above = count - static_cast<double>(n) > rank;  // the rank-th lies below the middle
      low = above ? low : middle;
      high = above ? middle : high;
    }
    for (size_t lane = 0; lane < kLanes<double> && first + lane < n; ++lane) {
      values[first + lane] = (low[lane] + high[lane]) * 0.5;
    }
  }
  return values;
}

}  // namespace

std::vector<double> squared_singular_values(const float* matrix, size_t rows, size_t columns, const Control& control) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> given(matrix, static_cast<Index>(rows), static_cast<Index>(columns));
  std::vector<double> values;
  if (given.size() == 0) return values;
  // Scaled by a power of two, exactly, so that no square over- or underflows.
  const int exponent = std::ilogb(std::max(given.cwiseAbs().maxCoeff(), std::numeric_limits<float>::min()));
  const double scale = std::ldexp(1.0, -exponent);
  const Index larger = std::max(given.rows(), given.cols()), smaller = std::min(given.rows(), given.cols());
  MatrixXd tall(larger, smaller);
  for_strips(larger, smaller, control, [&](Index first, Index count) {
    auto strip = tall.middleRows(first, count);
    if (rows >= columns) {
      strip = given.middleRows(first, count).cast<double>() * scale;
    } else {
      strip = given.middleCols(first, count).cast<double>().transpose() * scale;
    }
  });
  if (tall.rows() > tall.cols()) tall = triangular_factor(std::move(tall), control);
  values = bisect(bidiagonal(std::move(tall), control), control);
  // At the noise floor neighbours may come out of order.
  std::sort(values.begin(), values.end());
  for (double& value : values) value = std::ldexp(value * value, 2 * exponent);
  return values;
}

}  // namespace legcnet
