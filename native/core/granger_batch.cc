#include "granger_batch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "granger_packets.h"

namespace legcnet {
namespace {

using namespace packets;

/// Rounding error of a cross-product in units of sqrt(n) |a||b|. In 300,000 fits against 80-bit arithmetic (noise,
/// autoregressive, walks, decays, steps, mostly zero; n = 34..400, lags 1..14; 8 lanes and 4) the true error was at
/// most 0.42 of the bound that this makes plus 1e-15 a, in half of them below 0.005, in 99 of 100 below 0.5 of the
/// bound alone.
constexpr double kRounding = std::numeric_limits<double>::epsilon() / 8;

/// The exponent e with 4^e <= squares < 4^(e+1).
int half_exponent(double squares) {
  const int exponent = std::ilogb(squares);
  return exponent >= 0 ? exponent / 2 : -((1 - exponent) / 2);
}

}  // namespace

void GrangerBatch::Fits::resize(size_t size) {
  explained.resize(size);
  error.resize(size);
  pivot.resize(size);
}

GrangerBatch::Fit GrangerBatch::Fits::at(int lag) const {
  const size_t i = static_cast<size_t>(lag) * kRows;
  return {&explained[i], &error[i], &pivot[i]};
}

GrangerBatch::GrangerBatch(const TargetModel& target, int first_lag)
    : target_(target),
      first_(first_lag),
      top_(target.top_lag),
      stride_((target.n + kRows - 1) / kRows * kRows),
      exponent_(kRows),
      differenced_(kRows),
      finite_(kRows),
      residuals_(target) {
  const size_t top = static_cast<size_t>(top_);
  for (Buffer* buffer : {&staged_, &x_}) buffer->resize(stride_ * kRows);
  zx_.resize((top + 2) * top * kRows);
  for (Buffer* buffer : {&products_[0], &products_[1], &products_[2], &factors_[0], &factors_[1]}) {
    buffer->resize(top * (top + 1) * kRows);
  }
  fresh_.resize(top * kRows);
  inverse_.resize(2 * top * kRows);
  beta_.resize(2 * top * kRows);
  mean_.resize(kRows);
  own_.resize((top + 1) * kRows);
  common_.resize((top + 1) * kRows);
}

void GrangerBatch::run(const SeriesRows& sources, size_t row, size_t count, bool common) {
  load_rows(sources, row, count);
  scale();
  if (top_ == 0) return;
  cross_products();
  project();
  eliminate();
  // First on the same sample, while Q'X is that of the largest lag: without a lag its component is left over.
  if (common) {
    const std::vector<double>& projection = target_.lags[static_cast<size_t>(top_)].projection;
    solve_all(common_, true, [&](const double* from, double* to, int lag) {
      restore(from, to, lag, 1, projection[static_cast<size_t>(lag) + 1]);
    });
  }
  solve_all(own_, false, [&](const double* from, double* to, int lag) {
    rotate(lag);
    const TargetStep& step = target_.steps[static_cast<size_t>(lag)];
    restore(from, to, lag, step.dropped_weight, step.dropped_target, &step);
  });
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // of a vector type as template argument
void GrangerBatch::load_rows(const SeriesRows& sources, size_t row, size_t count) {
  const size_t n = target_.n;
  for (size_t lane = 0; lane < count; ++lane) differenced_[lane] = sources.read(row + lane, &staged_[lane * stride_]);
  for (size_t lane = count; lane < kRows; ++lane) {
    std::copy_n(&staged_[(count - 1) * stride_], n, &staged_[lane * stride_]);
  }
  Lanes largest = set(0), not_finite = set(0);
  for (size_t t = 0; t < n; t += kRows) {
    Eigen::internal::PacketBlock<Lanes, kRows> block;
    for (size_t lane = 0; lane < kRows; ++lane) block.packet[lane] = load(&staged_[lane * stride_ + t]);
    Eigen::internal::ptranspose(block);
    for (size_t i = 0; i < kRows; ++i) {
      const Lanes x = block.packet[i];
      pstore(&x_[(t + i) * kRows], x);
      largest = pmax(largest, pabs(x));
      not_finite = pmadd(x, set(0), not_finite);  // 0, but NaN for NaN and infinity
    }
  }
  alignas(64) double size[kRows], nan[kRows];
  pstore(size, largest);
  pstore(nan, not_finite);
  for (size_t lane = 0; lane < kRows; ++lane) {
    finite_[lane] = nan[lane] == 0 && size[lane] <= kGrangerLargest;
    if (finite_[lane]) continue;
    for (size_t t = 0; t < n; ++t) x_[t * kRows + lane] = 0;
  }
}

#pragma GCC diagnostic pop

/// As standardise() does for one series.
void GrangerBatch::scale() {
  const size_t n = target_.n;
  Lanes sum = set(0);
  for (size_t t = 0; t < n; ++t) sum = padd(sum, load(&x_[t * kRows]));
  const Lanes mean = pdiv(sum, set(static_cast<double>(n)));
  pstore(mean_.data(), mean);
  Lanes largest = set(0), squares = set(0);
  for (size_t t = 0; t < n; ++t) {
    const Lanes x = psub(load(&x_[t * kRows]), mean);
    pstore(&x_[t * kRows], x);
    largest = pmax(largest, pabs(x));
    squares = pmadd(x, x, squares);
  }
  const auto multiply = [&](const double* power) {
    const Lanes factor = load(power);
    squares = set(0);
    for (size_t t = 0; t < n; ++t) {
      const Lanes x = pmul(load(&x_[t * kRows]), factor);
      pstore(&x_[t * kRows], x);
      squares = pmadd(x, x, squares);
    }
  };
  alignas(64) double size[kRows], norm[kRows], power[kRows];
  pstore(size, largest);
  pstore(norm, squares);
  std::fill(exponent_.begin(), exponent_.end(), 0);
  const auto safe = [&](size_t lane) {
    return size[lane] == 0 || (norm[lane] > kSmallestSquares && norm[lane] < 1 / kSmallestSquares);
  };
  bool all_safe = true;
  for (size_t lane = 0; lane < kRows; ++lane) {
    power[lane] = 1;
    if (safe(lane)) continue;
    all_safe = false;  // by the largest deviation first: only then can no square over- or underflow
    exponent_[lane] = std::max(std::ilogb(size[lane]), -1000);
    power[lane] = std::ldexp(1.0, -exponent_[lane]);
  }
  if (!all_safe) {
    multiply(power);
    pstore(norm, squares);
  }
  for (size_t lane = 0; lane < kRows; ++lane) {
    const int exponent = norm[lane] > 0 ? std::max(half_exponent(norm[lane]), -1000) : 0;
    power[lane] = std::ldexp(1.0, -exponent);
    exponent_[lane] += exponent;
  }
  multiply(power);
}

/// Sums over t = top..n-1.
void GrangerBatch::cross_products() {
  const auto x = [&](size_t t) { return load(&x_[t * kRows]); };
  const double* y = target_.series.values.data();
  const size_t n = target_.n, top = static_cast<size_t>(top_), begin = top;
  double* products = products_[2].data();
  const auto xx = [&](size_t a, size_t b) { return products + (a * (top + 1) + b) * kRows; };  // of lags a + 1, b + 1
  // Rows of zx: the target itself, the constant, the target's lags 1, 2, ...
  const auto zx = [&](size_t a, size_t b) { return &zx_[((a == 0 ? 0 : a + 1) * top + b) * kRows]; };

  // First row and column of each matrix by summation: lag 1 of the source with every lag of the source, the target
  // with every lag of the source, every lag of the target with lag 1 of the source.
  for_columns(0, top_, [&](int first, auto width) {
    Lanes with_x[width], with_y[width], with_z[width];
    for (int i = 0; i < width; ++i) with_x[i] = with_y[i] = with_z[i] = set(0);
    const double* lagged = &x_[(begin - 1 - static_cast<size_t>(first)) * kRows];
    for (size_t t = begin; t < n; ++t, lagged += kRows) {
      const Lanes x1 = x(t - 1), y0 = set(y[t]);
      for (int i = 0; i < width; ++i) {
        const Lanes xi = load(lagged - static_cast<ptrdiff_t>(i) * static_cast<ptrdiff_t>(kRows));
        with_x[i] = pmadd(x1, xi, with_x[i]);
        with_y[i] = pmadd(y0, xi, with_y[i]);
        with_z[i] = pmadd(x1, set(y[t - 1 - static_cast<size_t>(first + i)]), with_z[i]);
      }
    }
    for (int i = 0; i < width; ++i) {
      const size_t column = static_cast<size_t>(first + i);
      pstore(xx(0, column), with_x[i]);
      pstore(zx(0, column), with_y[i]);
      pstore(zx(column + 1, 0), with_z[i]);
    }
  });
  double* sums = &zx_[top * kRows];
  Lanes sum = set(0);
  for (size_t t = begin; t < n; ++t) sum = padd(sum, x(t - 1));
  pstore(sums, sum);

  // One more lag on both sides shifts the sample back by one: its first row comes in, its last goes out.
  const size_t in = begin - 1, out = n - 1;
  const size_t down = (top + 1) * kRows, down_z = top * kRows;
  for (size_t b = 1; b < top; ++b) {
    const Lanes xi = x(in - b), xo = x(out - b);
    pstore(sums + b * kRows, padd(load(sums + (b - 1) * kRows), psub(xi, xo)));
    double* to = products + down + b * kRows;
    const double *x_in = &x_[(in - 1) * kRows], *x_out = &x_[(out - 1) * kRows];
    for (size_t a = 1; a <= b; ++a, to += down, x_in -= kRows, x_out -= kRows) {
      const Lanes came = pmadd(load(x_in), xi, load(to - down - kRows));
      pstore(to, minus_product(load(x_out), xo, came));
    }
    to = &zx_[2 * down_z + b * kRows];
    pstore(to, minus_product(set(y[out]), xo, pmadd(set(y[in]), xi, load(&zx_[(b - 1) * kRows]))));
    for (size_t a = 1; a < top; ++a) {
      to += down_z;
      const Lanes came = pmadd(set(y[in - a]), xi, load(to - down_z - kRows));
      pstore(to, minus_product(set(y[out - a]), xo, came));
    }
  }
  const Lanes unit = set(1 / std::sqrt(static_cast<double>(n)));
  for (size_t b = 0; b < top; ++b) pstore(sums + b * kRows, pmul(load(sums + b * kRows), unit));
}

/// Z'X becomes Q'X by forward substitution in R'(Q'X) = Z'X.
void GrangerBatch::project() {
  const size_t stride = static_cast<size_t>(top_) * kRows;
  const double* r = target_.lags[static_cast<size_t>(top_)].factor.data();
  double* rows = &zx_[stride];
  for (int row = 0; row <= top_; ++row) {
    double* out = rows + static_cast<size_t>(row) * stride;
    const Lanes inverse = set(1 / r[row * (top_ + 1) + row]);
    for_columns(0, top_, [&](int first, auto width) {
      const size_t offset = static_cast<size_t>(first) * kRows;
      Lanes sums[width];
      for (int i = 0; i < width; ++i) sums[i] = load(out + offset + static_cast<size_t>(i) * kRows);
      const double* above = rows + offset;
      for (int k = 0; k < row; ++k, above += stride) {
        const Lanes factor = set(r[k * (top_ + 1) + row]);
        for (int i = 0; i < width; ++i) {
          sums[i] = minus_product(factor, load(above + static_cast<size_t>(i) * kRows), sums[i]);
        }
      }
      for (int i = 0; i < width; ++i) pstore(out + offset + static_cast<size_t>(i) * kRows, pmul(sums[i], inverse));
    });
  }
}

/// S = X'X - (Q'X)'Q'X and g = X'y - (Q'X)'Q'y of the largest lag.
void GrangerBatch::eliminate() {
  const size_t top = static_cast<size_t>(top_), stride = top * kRows;
  const std::vector<double>& projection = target_.lags[top].projection;
  const double* rows = &zx_[stride];
  double* products = products_[2].data();
  for (int row = 0; row < top_; ++row) {
    double* out = products + static_cast<size_t>(row) * (top + 1) * kRows;
    for_columns(row, top_, [&](int first, auto width) {
      const size_t offset = static_cast<size_t>(first) * kRows;
      Lanes sums[width];
      for (int i = 0; i < width; ++i) sums[i] = load(out + offset + static_cast<size_t>(i) * kRows);
      const double* q = rows;
      for (int k = 0; k <= top_; ++k, q += stride) {
        const Lanes factor = load(q + static_cast<size_t>(row) * kRows);
        for (int i = 0; i < width; ++i) {
          sums[i] = minus_product(factor, load(q + offset + static_cast<size_t>(i) * kRows), sums[i]);
        }
      }
      for (int i = 0; i < width; ++i) pstore(out + offset + static_cast<size_t>(i) * kRows, sums[i]);
    });
    Lanes with_y = load(&zx_[static_cast<size_t>(row) * kRows]);
    for (size_t k = 0; k <= top; ++k) {
      with_y = minus_product(set(projection[k]), load(rows + k * stride + static_cast<size_t>(row) * kRows), with_y);
    }
    pstore(out + stride, with_y);
  }
}

/// The rotations that lead from the sample and design of lag + 1 to those of lag.
void GrangerBatch::rotate(int lag) {
  const TargetStep& step = target_.steps[static_cast<size_t>(lag)];
  const size_t stride = static_cast<size_t>(top_) * kRows;
  for_columns(0, lag, [&](int first, auto width) {
    const size_t offset = static_cast<size_t>(first) * kRows;
    Lanes fresh[width];
    for (int i = 0; i < width; ++i) fresh[i] = load(&x_[static_cast<size_t>(lag - 1 - first - i) * kRows]);
    double* row = &zx_[stride + offset];
    for (int k = 0; k <= lag; ++k, row += stride) {
      const Lanes from_fresh = set(step.from_fresh[static_cast<size_t>(k)]);
      const Lanes from_row = set(step.from_row[static_cast<size_t>(k)]);
      for (int i = 0; i < width; ++i) {
        double* at = row + static_cast<size_t>(i) * kRows;
        const Lanes value = load(at);
        pstore(at, pmadd(from_fresh, fresh[i], value));
        fresh[i] = pmadd(from_row, value, fresh[i]);
      }
    }
    for (int i = 0; i < width; ++i) pstore(&fresh_[offset + static_cast<size_t>(i) * kRows], fresh[i]);
  });
}

/// S and g of lag from those of lag + 1: the dropped row's share comes back, the new row's comes on top.
void GrangerBatch::restore(const double* from, double* to, int lag, double weight, double target,
                           const TargetStep* step) const {
  const size_t stride = static_cast<size_t>(top_ + 1) * kRows;
  const double* dropped = &zx_[(static_cast<size_t>(lag) + 2) * static_cast<size_t>(top_) * kRows];
  for (int row = 0; row < lag; ++row, from += stride, to += stride) {
    const size_t own = static_cast<size_t>(row) * kRows, last = static_cast<size_t>(lag) * kRows;
    const Lanes d = load(dropped + own);
    const Lanes scaled = pmul(d, set(weight));
    Lanes g = pmadd(d, set(target), load(from + last + kRows));
    if (step == nullptr) {
      for (size_t at = own; at < last; at += kRows) pstore(to + at, pmadd(scaled, load(dropped + at), load(from + at)));
    } else {
      const Lanes f = load(&fresh_[own]);
      const Lanes scaled_fresh = pmul(f, set(step->fresh_weight));
      g = pmadd(f, set(step->fresh_target), g);
      for (size_t at = own; at < last; at += kRows) {
        pstore(to + at, pmadd(scaled_fresh, load(&fresh_[at]), pmadd(scaled, load(dropped + at), load(from + at))));
      }
    }
    pstore(to + last, g);
  }
}

/// Factors every lag from the largest down; next(from, to, lag) makes one lag's products from those of lag + 1. Two at
/// a time, since each of them alone waits for its divisions.
template <typename Next>
void GrangerBatch::solve_all(Fits& fits, bool every_lag, const Next& next) {
  const double* products = products_[2].data();
  System pending[2];
  int count = 0;
  for (int lag = top_; lag >= first_; --lag) {
    if (lag < top_) {
      double* to = products_[lag % 2].data();
      next(products, to, lag);
      products = to;
    }
    const bool wanted = every_lag || target_.lags[static_cast<size_t>(lag)].status == GrangerStatus::kOk;
    if (wanted) {
      pending[count] = {lag,
                        &fits,
                        products,
                        factors_[count].data(),
                        &inverse_[static_cast<size_t>(count * top_) * kRows],
                        &beta_[static_cast<size_t>(count * top_) * kRows]};
      ++count;
    }
    if (count == 2 || !wanted || lag == first_) {  // the next lag but one overwrites the oldest products
      solve(pending, count);
      count = 0;
    }
  }
}

/// S = V' D^-1 V with D the diagonal of V, g as one more column, then the coefficients for the error bound.
/// requires: no system larger than the first
void GrangerBatch::solve(const System* systems, int count) {
  if (count == 0) return;
  const size_t stride = static_cast<size_t>(top_ + 1) * kRows;
  Lanes explained[2] = {set(0), set(0)}, size[2] = {set(0), set(0)};
  Lanes least[2] = {set(std::numeric_limits<double>::infinity()), set(std::numeric_limits<double>::infinity())};
  for (int row = 0; row < systems[0].lag; ++row) {
    for (int s = 0; s < count; ++s) {
      const System& system = systems[s];
      const int lag = system.lag;
      if (row >= lag) continue;
      const size_t own = static_cast<size_t>(row) * kRows;
      const double* products = system.products + static_cast<size_t>(row) * stride;
      double* out = system.factor + static_cast<size_t>(row) * stride;
      for_columns(row, lag + 1, [&](int first, auto width) {
        const size_t offset = static_cast<size_t>(first) * kRows;
        Lanes sums[width];
        for (int i = 0; i < width; ++i) sums[i] = load(products + offset + static_cast<size_t>(i) * kRows);
        const double* above = system.factor;
        for (size_t k = 0; k < own; k += kRows, above += stride) {
          const Lanes factor = pmul(load(above + own), load(system.inverse + k));
          for (int i = 0; i < width; ++i) {
            sums[i] = minus_product(factor, load(above + offset + static_cast<size_t>(i) * kRows), sums[i]);
          }
        }
        for (int i = 0; i < width; ++i) pstore(out + offset + static_cast<size_t>(i) * kRows, sums[i]);
      });
      const Lanes pivot = load(out + own);
      const Lanes inverse = pdiv(set(1), pivot);
      pstore(system.inverse + own, inverse);
      least[s] = pmin(least[s], pivot);
      const Lanes h = load(out + static_cast<size_t>(lag) * kRows);
      explained[s] = pmadd(pmul(h, inverse), h, explained[s]);
    }
  }

  for (int row = systems[0].lag - 1; row >= 0; --row) {
    for (int s = 0; s < count; ++s) {
      const System& system = systems[s];
      if (row >= system.lag) continue;
      const double* v = system.factor + static_cast<size_t>(row) * stride;
      Lanes value = load(v + static_cast<size_t>(system.lag) * kRows);
      for (int k = system.lag - 1; k > row; --k) {
        const size_t at = static_cast<size_t>(k) * kRows;
        value = minus_product(load(v + at), load(system.beta + at), value);
      }
      const size_t own = static_cast<size_t>(row) * kRows;
      const Lanes beta = pmul(value, load(system.inverse + own));
      pstore(system.beta + own, beta);
      size[s] = padd(size[s], pabs(beta));
    }
  }

  for (int s = 0; s < count; ++s) {
    // A relative error e of the cross-products changes X'MX by at most e |x|^2 (1 + 2 |R^-1|) and X'My by
    // e |x||y| (1 + |R^-1|), hence d by the sums below. Standardised series have norms below 2.
    const size_t lag = static_cast<size_t>(systems[s].lag);
    const double e = kRounding * std::sqrt(static_cast<double>(target_.n)) * (1 + 2 * target_.leading_norm[lag]);
    const Lanes error = pmul(set(e), pmadd(pmul(size[s], size[s]), set(4), pmul(size[s], set(8))));
    Fits& fits = *systems[s].fits;
    pstore(&fits.explained[lag * kRows], explained[s]);
    pstore(&fits.error[lag * kRows], error);
    pstore(&fits.pivot[lag * kRows], least[s]);
    if (&fits == &own_) sharpen(systems[s]);
  }
}

/// A lane's result hangs on no other lane: only those that need it take the second fit.
void GrangerBatch::sharpen(const System& system) {
  const size_t lag = static_cast<size_t>(system.lag);
  const double restricted = target_.lags[lag].rss, samples = static_cast<double>(target_.n - lag);
  double *explained = &own_.explained[lag * kRows], *error = &own_.error[lag * kRows];
  const double* pivot = &own_.pivot[lag * kRows];
  bool wanted[kRows], any = false;
  for (size_t lane = 0; lane < kRows; ++lane) {
    wanted[lane] = pivot[lane] >= kLeastPivot && !precise_enough(explained[lane], error[lane], restricted, samples);
    any = any || wanted[lane];
  }
  if (!any) return;
  const GrangerResiduals::Fit fit = residuals_.fit(
      {system.lag, system.beta, system.factor, system.inverse, static_cast<size_t>(top_ + 1) * kRows}, x_.data());
  alignas(64) double sharper[kRows], bound[kRows];
  pstore(sharper, fit.explained);
  pstore(bound, fit.error);
  for (size_t lane = 0; lane < kRows; ++lane) {
    if (!wanted[lane] || !(bound[lane] < error[lane])) continue;
    explained[lane] = sharper[lane];
    error[lane] = bound[lane];
  }
}

void GrangerBatch::standardised(size_t lane, Standardised& out) const {
  out.values.resize(target_.n);
  for (size_t t = 0; t < out.values.size(); ++t) out.values[t] = x_[t * kRows + lane];
  out.mean = mean_[lane];
  out.exponent = exponent_[lane];
}

size_t GrangerBatch::run_length(size_t lane) const {
  const size_t count = target_.n - 1, middle = (count - 1) / 2;  // n >= 5, else no lag can be tested
  const double* series = raw(lane);
  size_t begin = middle, end = middle + 1;
  while (begin > 0 && series[begin - 1] == series[middle]) --begin;
  while (end < count && series[end] == series[middle]) ++end;
  return end - begin;
}

}  // namespace legcnet
