/** Mean and confidence interval of a few replicates. */

export interface Interval {
  readonly n: number;
  readonly mean: number;
  /** Ends of the 95 % interval of the mean; NaN for fewer than two values. */
  readonly low: number;
  readonly high: number;
}

/** Student's t interval of the mean at 95 %. Cost O(n). */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { n, mean, low: Number.NaN, high: Number.NaN };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = studentQuantile95(n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { n, mean, low: mean - half, high: mean + half };
}

/** The t that 95 % of Student's distribution lies within, by bisection. */
export function studentQuantile95(freedom: number): number {
  let [low, high] = [0, 13]; // 12.706 at one degree of freedom, less at more
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  return high;
}

/** P(|T| < t) for a whole number of degrees of freedom: the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4. */
function studentWithin(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
