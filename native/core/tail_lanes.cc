// erfc by the approximations of S. Moshier's Cephes library (ndtr.c).
#include "tail_lanes.h"

#include <algorithm>
#include <cmath>

#include "distributions.h"

namespace legcnet {
namespace {

using V = Vec<double>;

constexpr double kSqrtPi = 1.7724538509055160273;
/// exp(-h) is a normal number up to here; beyond, and outside the domain, the scalar function takes over.
constexpr double kLargestHalf = 700;

/// From the coefficient of the highest power to the constant.
template <size_t Size>
V polynomial(const double (&coefficients)[Size], V x) {
  V sum = V{} + coefficients[0];
  for (size_t i = 1; i < Size; ++i) sum = sum * x + coefficients[i];
  return sum;
}

/// erfc(z) = exp(-h) far(z) for z >= 1 with h = z^2; near(z) itself below. Not for h above kLargestHalf.
V complementary_error(V z, V h, V exp_minus_h) {
  static constexpr double kP[] = {2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687,
                                  4.86371970985681366614e1,   1.96520832956077098242e2,  5.26445194995477358631e2,
                                  9.34528527171957607540e2,   1.02755188689515710272e3,  5.57535335369399327526e2};
  static constexpr double kQ[] = {1,
                                  1.32281951154744992508e1,
                                  8.67072140885989742329e1,
                                  3.54937778887819891062e2,
                                  9.75708501743205489753e2,
                                  1.82390916687909736289e3,
                                  2.24633760818710981792e3,
                                  1.65666309194161350182e3,
                                  5.57535340817727675546e2};
  static constexpr double kR[] = {5.64189583547755073984e-1, 1.27536670759978104416, 5.01905042251180477414,
                                  6.16021097993053585195,    7.40974269950448939160, 2.97886665372100240670};
  static constexpr double kS[] = {1,
                                  2.26052863220117276590,
                                  9.39603524938001434673,
                                  1.20489539808096656605e1,
                                  1.70814450747565897222e1,
                                  9.60896809063285878198,
                                  3.36907645100081516050};
  static constexpr double kT[] = {9.60497373987051638749, 9.00260197203842689217e1, 2.23200534594684319226e3,
                                  7.00332514112805075473e3, 5.55923013010394962768e4};
  static constexpr double kU[] = {1,
                                  3.35617141647503099647e1,
                                  5.21357949780152679795e2,
                                  4.59432382970980127987e3,
                                  2.26290000613890934246e4,
                                  4.92673942608635921086e4};
  const auto far = z >= 8.0;
  V numerator = polynomial(kP, z), denominator = polynomial(kQ, z);
  numerator = far ? polynomial(kR, z) : numerator;
  denominator = far ? polynomial(kS, z) : denominator;
  const V tail = exp_minus_h * (numerator / denominator);
  const V body = 1.0 - z * (polynomial(kT, h) / polynomial(kU, h));
  return z < 1.0 ? body : tail;
}

V root(V x) {
  for (size_t i = 0; i < kLanes<double>; ++i) x[i] = std::sqrt(x[i]);
  return x;
}

}  // namespace

Chi2Tail::Chi2Tail(int df) : df_(df) {
  // Even: exp(-h) sum of h^i / i!, i < df/2. Odd: erfc(sqrt h) + exp(-h) sqrt h sum of h^i / Gamma(i + 3/2).
  double term = df % 2 == 0 ? 1 : 2 / kSqrtPi;
  for (int i = 0; i < df / 2; ++i) {
    terms_.push_back(term);
    term /= df % 2 == 0 ? i + 1 : i + 1.5;
  }
  std::reverse(terms_.begin(), terms_.end());
}

Vec<double> Chi2Tail::operator()(Vec<double> x) const {
  const V h = 0.5 * x;
  const V scale = vec_exp(-h);
  V sum{};
  for (const double term : terms_) sum = sum * h + term;
  V p;
  if (df_ % 2 == 0) {
    p = scale * sum;
  } else {
    const V z = root(h);
    p = complementary_error(z, h, scale) + scale * (z * sum);
  }
  for (size_t i = 0; i < kLanes<double>; ++i) {
    if (!(h[i] > 0 && h[i] < kLargestHalf)) p[i] = chi2_upper(x[i], df_);
  }
  return p;
}

}  // namespace legcnet
