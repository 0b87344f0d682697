#include "granger_pair.h"

#include <cmath>
#include <limits>

#include "qr.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// A design whose condition number is surely below 1 / (kRankMargin * tolerance) has full rank: no need to look closer.
constexpr double kRankMargin = 100;

}  // namespace

double raw_condition(double target_mean, int target_exponent, double source_mean, int source_exponent, size_t n,
                     int lag) {
  // raw [1, Y, X] = [u, y, x] M with u = 1/sqrt(n): column of means over a diagonal. Frobenius norms of M and of M^-1.
  const double root = std::sqrt(static_cast<double>(n));
  const double y = std::ldexp(1.0, target_exponent), x = std::ldexp(1.0, source_exponent);
  const double norm =
      std::hypot(root, std::sqrt(2.0 * lag) * root * std::max(std::fabs(target_mean), std::fabs(source_mean)),
                 std::sqrt(2.0 * lag) * std::max(y, x));
  const double inverse = std::hypot(1 / root, std::sqrt(lag) * std::hypot(target_mean / y, source_mean / x),
                                    std::sqrt(lag) * std::hypot(1 / y, 1 / x));
  return norm * inverse;
}

PairFit fit_pair(const PairSeries& target, const PairSeries& source, size_t n, size_t begin, int lag) {
  const auto samples = static_cast<Index>(n - begin);
  const Index columns = 2 * lag + 1;
  const double* y = target.standardised->values.data() + begin;
  const double* x = source.standardised->values.data() + begin;
  const auto lagged = [&](const double* series, int a) {
    return Eigen::Map<const Eigen::VectorXd>(series - a, samples);
  };

  // One factorisation gives all three sums of squares: the target, as last column, has its squared components along
  // the restricted columns, then along what the source's lags add (a - b), then along nothing (b).
  MatrixXd design(samples, columns + 1);
  design.col(0).setConstant(1 / std::sqrt(static_cast<double>(n)));
  for (int a = 1; a <= lag; ++a) {
    design.col(a) = lagged(y, a);
    design.col(lag + a) = lagged(x, a);
  }
  design.col(columns) = lagged(y, 0);
  factor_in_place(design);
  const MatrixXd r = design.topLeftCorner(columns, columns).triangularView<Eigen::Upper>();

  const MatrixXd inverse = inverse_of_upper(r);
  const double condition = r.norm() * inverse.norm() *
                           raw_condition(target.standardised->mean, target.standardised->exponent,
                                         source.standardised->mean, source.standardised->exponent, n, lag);
  const double tolerance = static_cast<double>(std::max(samples, columns)) * kEpsilon;
  if (!(condition * tolerance * kRankMargin < 1)) {
    const PairFit by_svd = fit_pair_by_svd(target.raw, source.raw, n, begin, lag);
    if (by_svd.rank < columns || !std::isfinite(inverse.norm())) return by_svd;
  }

  const int back = 2 * target.standardised->exponent;
  PairFit fit{};
  fit.explained = std::ldexp(design.col(columns).segment(lag + 1, lag).squaredNorm(), back);
  fit.unrestricted = std::ldexp(design(columns, columns) * design(columns, columns), back);
  fit.restricted = fit.unrestricted + fit.explained;
  fit.rank = static_cast<int>(columns);
  return fit;
}

}  // namespace legcnet
