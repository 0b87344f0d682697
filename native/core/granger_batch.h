// The fast path: as many sources as the processor's vectors have lanes go through all lags at once, against one target.
//
// Frisch-Waugh-Lovell: what the source's lags X explain beyond the restricted model is d = g'S^-1 g with S = X'MX,
// g = X'My, where M projects off the restricted design. That design's factorisation is the target's and shared; only
// X'X and X'Z are the source's. They are summed once, for the largest lag: lag 1 with every lag, the rest follow by one
// product in and one out. From one lag's S to the next one's it takes no sums at all: the column that leaves the design
// gives its component back to S, the row of data that comes adds what the restricted design leaves of it (TargetStep),
// so that S only grows and nothing cancels. What remains for each lag is a factorisation S = V' D^-1 V of size L.
//
// Cross-products square the condition number, so each result comes with a bound on its error. What is too uncertain is
// computed once more by residuals (granger_residuals.h), and by whoever asks, if that does not help either, by
// orthogonal factorisation (granger_pair.h).
#pragma once
#include <vector>

#include "granger_packets.h"
#include "granger_residuals.h"
#include "granger_target.h"
#include "series_rows.h"

namespace legcnet {

/// What a statistic of the fast path and its p may be off by at most, relative.
constexpr double kFastTolerance = 2e-9;
/// Below this (of 1..4) a source's lag is too close to the other columns for the fast path to speak about rank.
constexpr double kLeastPivot = 1e-5;

/// Whether |explained - its true value| <= error leaves the statistic of a lag and its p within kFastTolerance: the
/// error e makes (a - b) / b uncertain by e a / ((a - b) b), and p, which changes with a statistic s by at most about s
/// / 2 of that, by (1 + s / 2) times as much. For numbers and for vectors of them.
template <typename V>
auto precise_enough(const V& explained, const V& error, double restricted, double samples) {
  const V unrestricted = restricted - explained;
  const V statistic = samples * explained / unrestricted;
  return error * restricted * (1.0 + statistic / 2.0) < kFastTolerance * explained * unrestricted;
}

class GrangerBatch {
 public:
  using Lanes = packets::Lanes;
  static constexpr size_t kRows = Eigen::internal::packet_traits<double>::size;

  GrangerBatch(const TargetModel& target, int first_lag);

  /// Loads rows row..row+count-1 (count <= kRows, the rest of the lanes repeat the last) and computes every lag from
  /// the target's top_lag down to the first; with `common`, also every lag on top_lag's sample.
  void run(const SeriesRows& sources, size_t row, size_t count, bool common);

  /// The loaded source of a lane: as it came (n samples), standardised, and how long a run of one value through its
  /// middle is, the last sample left out. A run of more than two thirds of the series cannot miss the middle.
  const double* raw(size_t lane) const { return &staged_[lane * stride_]; }
  void standardised(size_t lane, Standardised& out) const;
  bool differenced(size_t lane) const { return differenced_[lane]; }
  bool finite(size_t lane) const { return finite_[lane]; }
  size_t run_length(size_t lane) const;
  double mean(size_t lane) const { return mean_[lane]; }
  int exponent(size_t lane) const { return exponent_[lane]; }

  /// What is known of a lag, each [kRows].
  struct Fit {
    const double* explained;  ///< d, the restricted minus the unrestricted sum of squares (standardised units)
    const double* error;      ///< |d - its true value| is at most about this; infinite or NaN where degenerate
    const double* pivot;      ///< the least squared norm of a source column after all before it are projected off
  };
  /// requires: first_lag <= lag <= top_lag
  Fit own(int lag) const { return own_.at(lag); }
  Fit common(int lag) const { return common_.at(lag); }

 private:
  using Buffer = std::vector<double, Eigen::aligned_allocator<double>>;
  struct Fits {
    Buffer explained, error, pivot;  // [top_lag + 1, kRows]
    void resize(size_t size);
    Fit at(int lag) const;
  };
  /// What is to be factored for one lag.
  struct System {
    int lag;
    Fits* fits;
    const double* products;  // S, and g as its column `lag`
    double* factor;          // V, and in column `lag` what elimination makes of g
    double* inverse;         // [lag, kRows] 1 / V(i, i)
    double* beta;            // [lag, kRows] the source's coefficients
  };

  void load_rows(const SeriesRows& sources, size_t row, size_t count);
  void scale();
  void cross_products();
  void project();
  void eliminate();
  void rotate(int lag);
  void restore(const double* from, double* to, int lag, double weight, double target,
               const TargetStep* step = nullptr) const;
  template <typename Next>
  void solve_all(Fits& fits, bool every_lag, const Next& next);
  void solve(const System* systems, int count);
  void sharpen(const System& system);

  const TargetModel& target_;
  const int first_, top_;
  const size_t stride_;    // of staged_: n rounded up to whole vectors
  Buffer staged_;          // [kRows, stride_]
  Buffer x_;               // [stride_, kRows]
  Buffer zx_;              // [top+2, top, kRows] lags of the source times the target, the constant, the target's lags;
                           // from row 1 on then Q'X
  Buffer products_[3];     // [top, top+1, kRows] X'X, then S of one lag or another; the column after it is g
  Buffer factors_[2];      // the same shape
  Buffer fresh_;           // [top, kRows] what the rotations leave of a new row
  Buffer inverse_, beta_;  // [2, top, kRows]
  Buffer mean_;            // [kRows]
  std::vector<int> exponent_;
  std::vector<bool> differenced_, finite_;
  Fits own_, common_;
  GrangerResiduals residuals_;
};

}  // namespace legcnet
