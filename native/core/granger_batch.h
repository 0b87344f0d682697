// The fast path: as many sources as the processor's vectors have lanes go through all lags at once, against one target.
//
// Frisch-Waugh-Lovell: what the source's lags X explain beyond the restricted model is d = h'h, where U'U = X'MX,
// U'h = X'My and M projects off the restricted design. Its factorisation is the target's and shared; only X'X and X'Z
// are the source's. They are summed once, for the largest lag; its shorter rows and columns follow from one another by
// one product in and one out, and each smaller lag adds one row of data.
//
// Cross-products square the condition number, so each result comes with a bound on its error; whoever asks discards
// what is too uncertain and computes it by orthogonal factorisation (granger_pair.h).
#pragma once
#include <Eigen/Core>
#include <vector>

#include "granger_target.h"

namespace legcnet {

class GrangerBatch {
 public:
  using Lanes = Eigen::internal::packet_traits<double>::type;
  static constexpr size_t kRows = Eigen::internal::packet_traits<double>::size;

  /// requires: target.last_lag >= first_lag >= 1
  GrangerBatch(const TargetModel& target, int first_lag);

  /// Loads rows row..row+count-1 (count <= kRows, the rest of the lanes repeat the last) and computes every lag from
  /// the target's last down to the first; with `common`, also every lag on the last one's sample.
  void run(const SeriesView<double>& sources, size_t row, size_t count, bool common);

  /// The loaded source of a lane: as it came, standardised, and what longest_run says of all but its last sample.
  void raw(size_t lane, std::vector<double>& out) const;
  void standardised(size_t lane, Standardised& out) const;
  bool finite(size_t lane) const { return finite_[lane]; }
  size_t run_length(size_t lane) const { return run_[lane]; }
  double mean(size_t lane) const { return mean_[lane]; }
  int exponent(size_t lane) const { return exponent_[lane]; }

  /// What is known of one lane and lag. Infinite or NaN `error` where the lag was not computed or is degenerate.
  struct Fit {
    double explained;  ///< d, the restricted minus the unrestricted sum of squares (standardised units)
    double error;      ///< |d - its true value| is at most about this
    double pivot;      ///< the least squared norm of a source column after all before it are projected off
  };
  Fit own(int lag, size_t lane) const { return own_.at(lag, lane); }
  Fit common(int lag, size_t lane) const { return common_.at(lag, lane); }

 private:
  struct Fits {
    std::vector<double, Eigen::aligned_allocator<double>> explained, error, pivot;  // [last_lag + 1, kRows]
    void resize(size_t size);
    Fit at(int lag, size_t lane) const;
  };
  using Buffer = std::vector<double, Eigen::aligned_allocator<double>>;

  void load_rows(const SeriesView<double>& sources, size_t row, size_t count);
  void scale();
  void cross_products();
  void extend(int lag);
  void project(const TargetLag& target, int lag);
  void factor(const TargetLag& target, int lag, Fits& fits);

  const TargetModel& target_;
  const int first_, last_;
  Buffer raw_, x_;  // [n, kRows]
  Buffer xx_, zx_;  // [last+1, last+1, kRows] lag a of source (of target; 0: the target) times lag b of source
  Buffer sx_;       // [last+1, kRows] sums of the source's lags
  Buffer z_rows_;   // [last+1, last+1, kRows] the rows of Q'X and, in the last column, Q'y
  Buffer x_rows_;   // [last+1, last+1, kRows] the rows of U, and h
  Buffer beta_;     // [last+1, kRows] coefficients
  Buffer mean_;     // [kRows]
  std::vector<size_t> run_;
  std::vector<int> exponent_;
  std::vector<bool> finite_;
  Fits own_, common_;
};

}  // namespace legcnet
