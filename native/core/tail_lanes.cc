// erfc and log by the approximations of S. Moshier's Cephes library (ndtr.c, log.c). The rest is distributions.cc's
// way.
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

/// erfc(z), given h = z^2 and exp(-h).
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

/// Where kDepth terms suffice for full precision.
constexpr double kLeastA = 5.5, kLargestA = 1000;
/// The continued fraction in w serves up to w = kBody / (a + 5/2), where the tail is about 0.015; from there on that in
/// z.
constexpr double kBody = 3;
constexpr int kDepth = 50;

/// Partial numerators, without x, of the continued fraction 26.5.8 of the incomplete beta function.
std::vector<double> beta_fraction_terms(double a, double b) {
  std::vector<double> terms{-(a + b) / (a + 1)};
  for (int m = 1; static_cast<int>(terms.size()) < kDepth; ++m) {
    terms.push_back(m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m)));
    terms.push_back(-(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1)));
  }
  return terms;
}

/// 1 / (1 + t1 x / (1 + t2 x / ...)) by the recurrence of its convergents: always to the full depth, so that a lane's
/// result does not depend on the others.
V fraction(const std::vector<double>& terms, V x) {
  V a0{}, b0 = V{} + 1.0, a1 = b0, b1 = b0;
  for (const double term : terms) {
    const V t = term * x;
    const V a2 = a1 + t * a0, b2 = b1 + t * b0;
    a0 = a1, b0 = b1, a1 = a2, b1 = b2;
  }
  return a1 / b1;
}

/// Whether a comparison holds in some lane.
bool any(VectorOf<double>::Bits mask) {
  int64_t found = 0;
  for (size_t i = 0; i < kLanes<double>; ++i) found |= mask[i];
  return found != 0;
}

}  // namespace

Vec<double> natural_log(Vec<double> x) {
  using I = VectorOf<double>::Bits;
  static constexpr double kP[] = {1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854,
                                  1.44989225341610930846e1,  1.79368678507819816313e1,  7.70838733755885391666};
  static constexpr double kQ[] = {1,
                                  1.12873587189167450590e1,
                                  4.52279145837532221105e1,
                                  8.29875266912776603211e1,
                                  7.11544750618563894466e1,
                                  2.31251620126765340583e1};
  typedef uint64_t Words __attribute__((vector_size(kSimdBytes)));  // unsigned, where overflow is no error
  // From sqrt(1/2) up: x = 2^e m with m from there to sqrt(2).
  const I shifted = (I)((Words)x - uint64_t{0x3fe6a09e667f3bcd});
  const I exponent = shifted >> 52;
  const V magic = V{} + 6755399441055744.0;  // 1.5 * 2^52: its low bits hold an integer
  const V e = (V)((Words)exponent + (Words)magic) - magic;
  const V f = (V)((Words)x - ((Words)exponent << 52)) - 1.0;
  const V ff = f * f;
  V sum = f * (ff * (polynomial(kP, f) / polynomial(kQ, f)));
  sum = sum - e * 2.121944400546905827679e-4;
  sum = sum - 0.5 * ff;
  return (f + sum) + e * 0.693359375;
}

Vec<double> log_one_plus(Vec<double> x) {
  const V y = 1.0 + x;
  return natural_log(y) + (x - (y - 1.0)) / y;  // and what the rounding of y lost
}

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
  const auto inside = (h > 0.0) & (h < kLargestHalf);
  if (!any(~inside)) return p;
  for (size_t i = 0; i < kLanes<double>; ++i) {
    if (inside[i] == 0) p[i] = chi2_upper(x[i], df_);
  }
  return p;
}

FTail::FTail(int numerator, int denominator) : numerator_(numerator), denominator_(denominator) {
  const double a = 0.5 * denominator;
  const bool even = numerator % 2 == 0;
  if (!even) {
    ratio_ = gamma_ratio(a) / kSqrtPi;
    in_tail_ = beta_fraction_terms(a, 0.5);
    in_body_ = beta_fraction_terms(0.5, a);
  }
  // Even: z^a sum of (a)_i / i! w^i, i < b. Odd: I_z(a, 1/2) + z^a w^(1/2) sum of Gamma(a + i + 1/2) / (Gamma(a)
  // Gamma(i + 3/2)) w^i, i < b - 1/2.
  double term = even ? 1 : 2 * ratio_;
  for (int i = 0; i < numerator / 2; ++i) {
    terms_.push_back(term);
    term *= even ? (a + i) / (i + 1) : (a + i + 0.5) / (i + 1.5);
  }
  std::reverse(terms_.begin(), terms_.end());
  in_lanes_ = (even || (a >= kLeastA && a <= kLargestA)) && std::isfinite(term);
}

Vec<double> FTail::operator()(Vec<double> q) const {
  V p{};
  if (!in_lanes_) {
    for (size_t i = 0; i < kLanes<double>; ++i) p[i] = by_itself(q[i]);
    return p;
  }
  const V z = 1.0 / (1.0 + q), w = q * z;
  const V u = (0.5 * denominator_) * log_one_plus(q);
  const V scale = vec_exp(-u);
  V sum{};
  for (const double term : terms_) sum = sum * w + term;
  p = numerator_ % 2 == 0 ? scale * sum : odd(z, w, scale, sum);
  const auto inside = (q > 0.0) & (u < kLargestHalf);
  if (!any(~inside)) return p;
  for (size_t i = 0; i < kLanes<double>; ++i) {
    if (inside[i] == 0) p[i] = by_itself(q[i]);
  }
  return p;
}

/// I_z(a, 1/2) and the finite sum.
Vec<double> FTail::odd(Vec<double> z, Vec<double> w, Vec<double> scale, Vec<double> sum) const {
  const double a = 0.5 * denominator_;
  const V prefactor = root(w) * scale;
  const auto in_body = w < kBody / (a + 2.5);
  V p{};
  if (any(in_body)) p = 1.0 - 2 * ratio_ * prefactor * fraction(in_body_, w);
  if (any(~in_body)) {
    const V tail = ratio_ / a * prefactor * fraction(in_tail_, z);
    p = in_body ? p : tail;
  }
  return p + prefactor * sum;
}

double FTail::by_itself(double q) const { return f_upper(q / numerator_ * denominator_, numerator_, denominator_); }

}  // namespace legcnet
