/** Paired differences, and whether they are more than chance. */
import { LEVEL, deviation, mean, studentQuantile } from '../../lib/pipeline/referee-statistics.js';

/** `same`: no pair differs at all. */
export type Verdict = 'better' | 'worse' | 'same' | 'unclear';

export interface Difference {
  readonly mean: number;
  /** Student's, 95 %, of this difference alone. */
  readonly interval: readonly [low: number, high: number];
  /** By that interval. */
  readonly single: Verdict;
  /** By intervals that hold for all of a family of differences at once, with 95 % (Bonferroni). */
  readonly verdict: Verdict;
}

/**
 * @param values differences by seed; two at least
 * @param family how many differences are looked at together
 */
export function difference(values: readonly number[], family: number): Difference {
  const centre = mean(values);
  const error = (deviation(values) as number) / Math.sqrt(values.length);
  const ends = (comparisons: number): readonly [number, number] => {
    const half = studentQuantile(1 - (1 - LEVEL) / 2 / comparisons, values.length - 1) * error;
    return [centre - half, centre + half];
  };
  const judge = ([low, high]: readonly [number, number]): Verdict => {
    if (values.every((value) => value === 0)) return 'same';
    return low > 0 ? 'better' : high < 0 ? 'worse' : 'unclear';
  };
  return { mean: centre, interval: ends(1), single: judge(ends(1)), verdict: judge(ends(family)) };
}

export const minus = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, i) => value - (b[i] as number));
