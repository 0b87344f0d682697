// A second look at a lag for which cross-products are not accurate enough: the same fit once more by its residuals.
//
// With Q an orthonormal basis of the restricted design and r = y - QQ'y, a source's lags X and their coefficients beta
// explain w = Xbeta - QQ'Xbeta of r and leave v = r - w, so that a - b = w'(r + v). Nothing here is squared before it
// is subtracted. A beta that is not quite right adds only the square of its error, p'S^-1 p with p = X'v.
#pragma once
#include <vector>

#include "granger_packets.h"
#include "granger_target.h"

namespace legcnet {

class GrangerResiduals {
 public:
  explicit GrangerResiduals(const TargetModel& target);

  struct Fit {
    packets::Lanes explained;  ///< a - b
    packets::Lanes error;      ///< |explained - its true value| is at most about this; infinite or NaN where degenerate
  };
  /// The coefficients of one lag and the factorisation S = V' D^-1 V that they were computed by, D the diagonal of V;
  /// everything by lanes.
  struct Solution {
    int lag;
    const double* beta;     // [lag]
    const double* factor;   // V: upper triangle, rows of `stride` doubles
    const double* inverse;  // [lag] 1 / V(i, i)
    size_t stride;
  };
  /// requires: the target's status at this lag is kOk; x has the n samples of the standardised sources, by lanes
  /// cost:     (4 lag + 2)(n - lag) multiply-adds of lanes; O(n lag^2) more when a lag is first asked for
  Fit fit(const Solution& solution, const double* x);

 private:
  struct Basis {
    std::vector<double> q;         // [n - lag, lag + 1]
    std::vector<double> residual;  // [n - lag] r
  };
  const Basis& basis(int lag);

  const TargetModel& target_;
  std::vector<Basis> bases_;                                    // by lag, empty until asked for
  std::vector<double, Eigen::aligned_allocator<double>> rest_;  // [n] Xbeta, then v, by lanes
  std::vector<double, Eigen::aligned_allocator<double>>
      along_;  // [top_lag + 1] Q'Xbeta, then what elimination makes of p
};

}  // namespace legcnet
