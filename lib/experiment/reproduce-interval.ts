/** Mean and confidence interval of a few replicates. */
import { LEVEL, studentQuantile } from '../pipeline/referee-statistics.js';

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
  const half = studentQuantile((1 + LEVEL) / 2, n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { n, mean, low: mean - half, high: mean + half };
}
