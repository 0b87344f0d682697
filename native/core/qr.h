// What the package needs of Eigen's Householder QR factorisation, compiled once: the templates take seconds.
#pragma once
#include <Eigen/Core>

namespace legcnet {

/// R into the upper triangle of `a` (rows >= columns); what comes below it is Eigen's own.
void factor_in_place(Eigen::Ref<Eigen::MatrixXd> a);

/// The same, and `y` becomes Q' y.
void factor_in_place(Eigen::Ref<Eigen::MatrixXd> a, Eigen::VectorXd& y);

/// The first columns of Q, as many as `a` has: orthonormal, and spanning what a's columns span.
Eigen::MatrixXd orthonormal_columns(const Eigen::MatrixXd& a);

/// Inverse of an upper triangle; infinite or NaN where it has none.
Eigen::MatrixXd inverse_of_upper(const Eigen::MatrixXd& r);

}  // namespace legcnet
