/** Upper tails of chi2 and F by continued fractions (Abramowitz and Stegun 6.5.31, 26.5.8), for any degrees of freedom. */

const TINY = 1e-300;
const EPSILON = 2 ** -52;

// Lanczos' approximation with g = 7 and nine terms (P. Godfrey's coefficients); relative error about 1e-15.
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Gamma(x), x > 0. */
export function logGamma(x: number): number {
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** P(X > x), X ~ chi2(df). */
export function chi2Upper(x: number, df: number): number {
  if (Number.isNaN(x)) return x;
  if (x <= 0) return 1;
  const a = df / 2;
  const h = x / 2;
  const scale = Math.exp(a * Math.log(h) - h - logGamma(a));
  if (h < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let i = 1; term > sum * EPSILON; i++) sum += term *= h / (a + i);
    return 1 - scale * sum;
  }
  let b = h + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let i = 1; i < 100000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / orTiny(an * d + b);
    c = orTiny(b + an / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) break;
  }
  return scale * value;
}

/** P(X > x), X ~ F(numerator, denominator). */
export function fUpper(x: number, numerator: number, denominator: number): number {
  if (Number.isNaN(x)) return x;
  if (x <= 0) return 1;
  const a = denominator / 2;
  const b = numerator / 2;
  const z = denominator / (denominator + numerator * x);
  const w = (numerator * x) / (denominator + numerator * x);
  const logScale = logGamma(a + b) - logGamma(a) - logGamma(b) - a * Math.log1p((numerator * x) / denominator);
  const scale = Math.exp(logScale + b * Math.log(w));
  return z < (a + 1) / (a + b + 2) ? (scale * betaFraction(a, b, z)) / a : 1 - (scale * betaFraction(b, a, w)) / b;
}

function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / orTiny(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 100000; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / orTiny(1 + term * d);
      c = orTiny(1 + term / c);
      value *= d * c;
    }
    if (Math.abs(d * c - 1) < EPSILON) break;
  }
  return value;
}

function orTiny(x: number): number {
  return Math.abs(x) < TINY ? TINY : x;
}
