/** Statistics over replicates: intervals, paired differences, rank comparisons, and the random numbers they take. */
import { RandomState } from '../data/numpy-random.js';
import { unexpected } from '../errors.js';
import { ranksInTurns } from '../mask/ranks.js';

/** Confidence of every interval. */
export const LEVEL = 0.95;
/** From so many replicates on the bootstrap's interval is quoted; with fewer it is too narrow, and Student's is. */
export const ENOUGH_TO_RESAMPLE = 20;

/** A mean over replicates and how well it is known. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  /** Standard deviation of the replicates (n - 1 in the denominator); null for one replicate. */
  readonly deviation: number | null;
  /** The 95 % interval that is quoted, and what it is: Student's below 20 replicates, the bootstrap's from there on. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly method: 't' | 'bootstrap' | null;
  /** Percentile interval of the bootstrap over replicates; null for one replicate. */
  readonly bootstrap: readonly [low: number, high: number] | null;
}

export const mean = (values: ArrayLike<number>): number =>
  values.length === 0 ? Number.NaN : sum(values) / values.length;

const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
};

/** Sample standard deviation; null for fewer than two values. */
export function deviation(values: ArrayLike<number>): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += ((values[i] as number) - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Resamples of replicates, the same for every estimate made with it, so that all of them are seen together. */
export class Resampler {
  private readonly drawn = new Map<number, Uint32Array>();

  /**
   * @param resamples how many; cost and memory O(resamples x replicates)
   * @param seed a whole number in 0..2^32 - 1, looked at when the first interval is taken; default 1
   */
  constructor(
    private readonly resamples: number,
    private readonly seed = 1,
  ) {}

  /** [resamples, n] indices below n, row-major. */
  private indices(n: number): Uint32Array {
    let indices = this.drawn.get(n);
    if (!indices) {
      const random = new RandomState(this.seed);
      indices = Uint32Array.from({ length: this.resamples * n }, () => random.interval(n - 1));
      this.drawn.set(n, indices);
    }
    return indices;
  }

  /**
   * Percentile interval of a statistic of n replicates, given as a function of the replicates' indices; resamples for
   * which it is NaN are left out. Null for fewer than two replicates, or where none is left. Cost: a call of
   * `statistic` for each resample, and O(resamples (n + log resamples)).
   *
   * @throws LegcnetError ERR_OPTION for a bad seed; what `statistic` throws
   */
  interval(n: number, statistic: (replicates: Uint32Array) => number): readonly [number, number] | null {
    if (n < 2) return null;
    const indices = this.indices(n);
    const values = Float64Array.from({ length: this.resamples }, (_, r) =>
      statistic(indices.subarray(r * n, (r + 1) * n)),
    )
      .filter((value) => !Number.isNaN(value))
      .sort();
    if (values.length === 0) return null;
    return [quantile(values, (1 - LEVEL) / 2), quantile(values, (1 + LEVEL) / 2)];
  }

  /**
   * Mean of the replicates with its intervals. Cost: O(resamples (n + log resamples)).
   *
   * @throws LegcnetError ERR_OPTION for a bad seed
   */
  estimate(values: readonly number[]): Estimate {
    const n = values.length;
    const spread = deviation(values);
    const bootstrap = this.interval(n, (replicates) => {
      let total = 0;
      for (const i of replicates) total += values[i] as number;
      return total / n;
    });
    const student = studentInterval(values);
    const method = spread === null ? null : n < ENOUGH_TO_RESAMPLE ? 't' : 'bootstrap';
    return {
      n,
      mean: mean(values),
      deviation: spread,
      interval: method === 't' ? student : bootstrap,
      method,
      bootstrap,
    };
  }
}

/** Quantile of ascending values by linear interpolation (Hyndman and Fan's type 7, as numpy's); NaN where there are none. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return Number.NaN;
  const at = share * (ascending.length - 1);
  const below = Math.floor(at);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] as number;
  return low === high ? low : low + (at - below) * (high - low);
}

/** Mean -+ t s / sqrt(n); null for fewer than two values. */
export function studentInterval(values: ArrayLike<number>): readonly [number, number] | null {
  const spread = deviation(values);
  if (spread === null) return null;
  const n = values.length;
  const half = (studentQuantile((1 + LEVEL) / 2, n - 1) * spread) / Math.sqrt(n);
  return [mean(values) - half, mean(values) + half];
}

/**
 * Quantile of Student's t for a whole number of degrees of freedom: bisection on the distribution, which is then a finite
 * sum of cosines (Abramowitz and Stegun 26.7.3 and 26.7.4). Error below 1e-12, relatively. O(freedom).
 * (@stdlib/stats-base-dists-t-quantile 0.2.3 would bring 99 packages, 13 MB on disk, beside those we have.)
 */
export function studentQuantile(probability: number, freedom: number): number {
  if (!(Number.isInteger(freedom) && freedom >= 1)) {
    throw unexpected('ERR_ARGUMENT', 'freedom', 'an integer of at least 1', freedom);
  }
  if (!(probability > 0 && probability < 1)) {
    throw unexpected('ERR_ARGUMENT', 'probability', 'a number between 0 and 1', probability);
  }
  if (probability < 0.5) return -studentQuantile(1 - probability, freedom);
  // between is P(|T| < tan(angle) sqrt(freedom)); the angle is bounded, t is not
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (between(middle, freedom) < 2 * probability - 1) low = middle;
    else high = middle;
  }
  return Math.tan((low + high) / 2) * Math.sqrt(freedom);
}

function between(angle: number, freedom: number): number {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let [term, total] = odd ? [cosine, freedom > 1 ? cosine : 0] : [1, 1];
  for (let k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    total += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * total) : sine * total;
}

/**
 * Share of the pairs (a, b) with a > b, ties half: the area under the ROC curve. NaN where either is empty. In turns of the
 * event loop.
 */
export async function areaUnderCurve(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  signal?: AbortSignal,
): Promise<number> {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  const ofA = sum((await ranksInTurns(both, signal)).subarray(0, a.length));
  return (ofA - (a.length * (a.length - 1)) / 2) / (a.length * b.length);
}

/** Independent standard normal numbers, two at a time (Box and Muller 1958), for ever the same for a seed. */
export function normals(seed: number): () => number {
  const random = new RandomState(seed);
  // never 0, which has no logarithm
  const uniform = (): number => (random.interval(0xffffffff) + 0.5) / 2 ** 32;
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
