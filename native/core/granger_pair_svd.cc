#include <Eigen/SVD>
#include <algorithm>
#include <limits>

#include "granger_pair.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// As numpy's pinv: singular values up to this share of the largest count as zero.
constexpr double kPseudoInverse = 1e-15;

struct Decomposition {
  MatrixXd u, v;
  VectorXd values;
  Index rank;

  explicit Decomposition(const MatrixXd& design) {
    const Eigen::JacobiSVD<MatrixXd> svd(design, Eigen::ComputeThinU | Eigen::ComputeThinV);
    values = svd.singularValues();
    const double least = values(0) * static_cast<double>(std::max(design.rows(), design.cols())) * kEpsilon;
    rank = (values.array() > least).count();
    u = svd.matrixU().leftCols(rank);
    v = svd.matrixV().leftCols(rank);
  }
};

/// What is left of a vector outside the span of orthonormal columns.
VectorXd residual(const MatrixXd& u, const VectorXd& vector) { return vector - u * (u.transpose() * vector); }

}  // namespace

PairFit fit_pair_by_svd(const double* target, const double* source, size_t n, size_t begin, int lag) {
  const auto samples = static_cast<Index>(n - begin);
  const auto lagged = [&](const double* series, int a) {
    return Eigen::Map<const VectorXd>(series + begin - a, samples);
  };
  MatrixXd design(samples, 2 * lag + 1);
  design.col(0).setOnes();
  for (int a = 1; a <= lag; ++a) {
    design.col(a) = lagged(target, a);
    design.col(lag + a) = lagged(source, a);
  }
  const Decomposition restricted(design.leftCols(lag + 1));
  const Decomposition full(design);

  const VectorXd y = lagged(target, 0);
  const VectorXd e = residual(restricted.u, y);
  PairFit fit{};
  fit.rank = static_cast<int>(full.rank);
  fit.restricted = e.squaredNorm();
  fit.explained = (full.u.transpose() * e).squaredNorm();
  fit.unrestricted = residual(full.u, e).squaredNorm();
  if (full.rank == design.cols()) return fit;

  // Wald: b' (Vx S^-2 Vx')^+ b / J / (rss / df), b = the source's coefficients, J = the rank of the matrix
  const MatrixXd scaled = full.v.bottomRows(lag) * full.values.head(full.rank).cwiseInverse().asDiagonal();
  const VectorXd coefficients = scaled * (full.u.transpose() * y);
  const Eigen::JacobiSVD<MatrixXd> covariance(scaled * scaled.transpose(), Eigen::ComputeThinU | Eigen::ComputeThinV);
  const VectorXd& values = covariance.singularValues();
  const VectorXd left = covariance.matrixU().transpose() * coefficients;
  const VectorXd right = covariance.matrixV().transpose() * coefficients;
  double sum = 0;
  for (Index i = 0; i < lag; ++i) {
    if (values(i) > kPseudoInverse * values(0)) sum += left(i) * right(i) / values(i);
  }
  fit.wald_df = static_cast<int>((values.array() > values(0) * lag * kEpsilon).count());
  const double df = static_cast<double>(samples - full.rank);
  fit.wald = fit.wald_df > 0 ? sum / fit.wald_df / (fit.unrestricted / df) : 0;
  return fit;
}

}  // namespace legcnet
