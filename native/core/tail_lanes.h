// Upper tails of one distribution for as many values as a vector has lanes: distributions.h, lane by lane.
#pragma once
#include <vector>

#include "simd.h"

namespace legcnet {

/// chi2_upper(x, df) of a df that stays the same. Each lane's result depends on that lane alone.
class Chi2Tail {
 public:
  explicit Chi2Tail(int df);
  Vec<double> operator()(Vec<double> x) const;

 private:
  int df_;
  std::vector<double> terms_;  // coefficients of the finite sum, the constant one last
};

}  // namespace legcnet
