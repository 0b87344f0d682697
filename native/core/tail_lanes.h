// Upper tails of one distribution for as many values as a vector has lanes: distributions.h, lane by lane.
#pragma once
#include <vector>

#include "simd.h"

namespace legcnet {

/// ln x of normal x > 0.
Vec<double> natural_log(Vec<double> x);

/// ln(1 + x), x >= 0.
Vec<double> log_one_plus(Vec<double> x);

/// chi2_upper(x, df) of a df that stays the same. Each lane's result depends on that lane alone.
class Chi2Tail {
 public:
  explicit Chi2Tail(int df);
  Vec<double> operator()(Vec<double> x) const;

 private:
  int df_;
  std::vector<double> terms_;  // coefficients of the finite sum, the constant one last
};

/// f_upper(q denominator / numerator, numerator, denominator) as a function of q: where the statistic is
/// ((a - b) / numerator) / (b / denominator), q is (a - b) / b. Relative error below 1e-12.
class FTail {
 public:
  FTail(int numerator, int denominator);
  Vec<double> operator()(Vec<double> q) const;

 private:
  Vec<double> odd(Vec<double> z, Vec<double> w, Vec<double> scale, Vec<double> sum) const;
  double by_itself(double q) const;

  int numerator_, denominator_;
  bool in_lanes_;                          // false: degrees of freedom for which the scalar function is needed
  std::vector<double> terms_;              // coefficients of the finite sum, the constant one last
  double ratio_ = 0;                       // Gamma(a + 1/2) / Gamma(a) / sqrt(pi), a = denominator / 2
  std::vector<double> in_tail_, in_body_;  // coefficients of the continued fractions of I_z(a, 1/2) and I_w(1/2, a)
};

}  // namespace legcnet
