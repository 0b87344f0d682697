#include "qr.h"

#include <Eigen/QR>

namespace legcnet {

using Eigen::MatrixXd;
using Factored = Eigen::HouseholderQR<Eigen::Ref<MatrixXd>>;  // in place

namespace {

void to_left(const Factored& qr, Eigen::Ref<MatrixXd> of, bool transposed) {
  if (transposed) {
    of.applyOnTheLeft(qr.householderQ().adjoint());
  } else {
    of.applyOnTheLeft(qr.householderQ());
  }
}

}  // namespace

void factor_in_place(Eigen::Ref<MatrixXd> a) { const Factored qr(a); }

void factor_in_place(Eigen::Ref<MatrixXd> a, Eigen::VectorXd& y) { to_left(Factored(a), y, true); }

MatrixXd orthonormal_columns(const MatrixXd& a) {
  MatrixXd factored = a, q = MatrixXd::Identity(a.rows(), a.cols());
  to_left(Factored(factored), q, false);
  return q;
}

MatrixXd inverse_of_upper(const MatrixXd& r) {
  return r.triangularView<Eigen::Upper>().solve(MatrixXd::Identity(r.rows(), r.cols()));
}

}  // namespace legcnet
