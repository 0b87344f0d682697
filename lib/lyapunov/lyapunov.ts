import { setImmediate } from 'node:timers/promises';
import type { NdArray } from '../data/ndarray.js';
import { type JobOptions, type NativeTask, defaultThreads, native, runTask } from '../native.js';
import { checkJobOptions, resolveOptions } from '../options.js';
import { EXPONENT_OPTIONS, type ExponentOptions, exponentDefaults, resolveExponent } from './options.js';
import { type SeriesBatch, type SeriesInput, readSeriesBatch } from './series.js';
import { type SeriesStatus, statusNames } from './status.js';

const CURVE_OPTIONS = [
  'divergence',
  'embeddingDimension',
  'delay',
  'theilerWindow',
  'horizon',
  'radius',
  'minNeighbours',
  'minRange',
  'quantise',
  'meanChange',
  'threads',
] as const satisfies readonly (keyof ExponentOptions | 'threads')[];

/** Options of `divergenceCurve`; the option table states the defaults. */
export interface DivergenceOptions
  extends Partial<Pick<ExponentOptions, Exclude<(typeof CURVE_OPTIONS)[number], 'threads'>>>,
    JobOptions {}

/** Options of `lyapunovExponents`; the option table states the defaults. */
export interface LyapunovOptions extends Partial<ExponentOptions>, JobOptions {}

/** Divergence curves by row of the input; K = horizon + 1 steps. */
export interface DivergenceCurves {
  /**
   * [rows, K]: S(k), the mean logarithm of the distance of neighbour pairs after k steps, the series rescaled to [0, 1].
   * For data units add ln(max - min) of the row. NaN where no pair is left.
   */
  readonly curve: NdArray<Float64Array>;
  /** [rows, K]: pairs at a distance above 0 that S(k) is the mean of; for `kantz`, points that have enough neighbours. */
  readonly counts: NdArray<Uint32Array>;
  readonly status: readonly SeriesStatus[];
  /**
   * [rows]: references without any eligible neighbour, for which lyap_r would search for ever; for `kantz`, with fewer
   * than `minNeighbours`. They were left out.
   */
  readonly unmatched: Uint32Array;
}

/** Exponents by row of the input. */
export interface LyapunovExponents {
  /** [rows], nats per step; 0 where the status is not `ok`. */
  readonly exponent: Float64Array;
  readonly status: readonly SeriesStatus[];
  /** [rows]: as in DivergenceCurves. */
  readonly unmatched: Uint32Array;
  /** [rows, 2]: first and last step of S(k) used, [0, 1] for `one-step`; -1 where the status is not `ok`. */
  readonly fitRange: NdArray<Int32Array>;
}

interface NativeInput extends SeriesBatch {
  readonly lyapunov: ExponentOptions;
  readonly threads: number;
}

/** A task that, if it has `copy`, has only the first of its series yet; `copy` goes on until it returns false. */
interface CopyingTask<T> extends NativeTask<T> {
  copy?(series: NativeInput['series']): boolean;
}

declare module '../native.js' {
  interface NativeModule {
    divergenceCurves(
      input: NativeInput,
    ): CopyingTask<{ curve: Float64Array; counts: Uint32Array; status: Uint8Array; unmatched: Uint32Array }>;
    lyapunovExponents(
      input: NativeInput,
    ): CopyingTask<{ exponent: Float64Array; status: Uint8Array; unmatched: Uint32Array; fitRange: Int32Array }>;
  }
}

/** Has a task copy the rest of its series, a piece in each turn of the event loop. */
function inCopy<T>({ series }: SeriesBatch, task: CopyingTask<T>): NativeTask<T> {
  if (!task.copy) return task;
  let over = false;
  const work = task.promise.finally(() => {
    over = true;
  });
  const copy = async (): Promise<void> => {
    try {
      do await setImmediate();
      while (!over && task.copy?.(series));
    } catch (error) {
      task.cancel(); // it would wait for the rest for ever
      throw error;
    }
  };
  return { ...task, promise: Promise.all([work, copy()]).then(([result]) => result) };
}

/**
 * The divergence curve S(k) of series (Rosenstein, Collins and De Luca 1993, as TISEAN's lyap_r computes it: Hegger,
 * Kantz and Schreiber 1999): each point of the delay embedding is followed together with its nearest neighbour, and S(k)
 * is the mean of ln(distance) after k steps.
 *
 * A series of N values is rescaled to [0, 1]. With m = `embeddingDimension`, d = `delay`, t = `theilerWindow` and s =
 * `horizon` there are M = N - (m - 1) d - s points; neighbours are sought for the first M - t of them among all M that
 * are more than t steps away in time and nearer than 1. `radius: 'all'` takes the nearest at a distance above 0, of equal
 * ones the latest; 'default' or a number (in data units) searches in growing radii as lyap_r does, from 1e-3 of the range
 * or from that number. In float64 pairs and counts are lyap_r's, exactly; Float32Array is computed in float32, where near
 * ties may fall otherwise. Distances below 1.5e-154 of the range (1e-19 in float32) count as 0.
 *
 * `divergence: 'kantz'` follows each point together with all its neighbours (Kantz, Phys. Lett. A 185 (1994) 77; TISEAN's
 * lyap_k): S(k) is the mean over the M points n of the logarithm of the mean over their neighbours j of
 * |x[n + (m - 1) d + k] - x[j + (m - 1) d + k]|. Neighbours are the points within `radius` (Euclidean; 'default': 0.05 of
 * the range) that are more than t steps away. A point with fewer than `minNeighbours` is left out and counted as
 * unmatched. One radius suits all points only roughly: too small leaves many out, too large saturates at once.
 *
 * A series with a range below `minRange` ('resolution': 16 spacings of its type at the largest magnitude) or, with
 * `meanChange`, with a change-point of its mean, is `static`; the guards look at the values before `quantise` rounds them.
 *
 * Progress counts rows. Cost a row: O(N^2) up to N = 64 and for noise in many dimensions, about O(N^1.5) else; `radius`
 * other than 'all' is slower; `kantz` is O(N log N) and `horizon` for each pair within the radius. Figures: docs/performance.md.
 *
 * @param series [N], or row-major [rows, N]; N <= 2^24. Copied, the first 4 MiB at once and the rest piece by piece on the
 *   event loop: leave what is larger alone until the promise has settled. So do with one over a SharedArrayBuffer, which
 *   is read where it is
 * @throws LegcnetError ERR_ARGUMENT, ERR_OPTION; `signal.reason` when aborted. Never for what a series holds: see `status`
 */
export async function divergenceCurve(series: SeriesInput, options: DivergenceOptions = {}): Promise<DivergenceCurves> {
  const { threads, ...given } = resolveOptions(CURVE_OPTIONS, options, exponentDefaults(options));
  checkJobOptions(options);
  const batch = readSeriesBatch(series);
  const lyapunov = resolveExponent(given);
  const { curve, counts, status, unmatched } = await runTask(
    () => inCopy(batch, native.divergenceCurves({ ...batch, lyapunov, threads: threads ?? defaultThreads() })),
    options,
  );
  const steps = lyapunov.horizon + 1;
  return {
    curve: { data: curve, shape: [batch.rows, steps] },
    counts: { data: counts, shape: [batch.rows, steps] },
    status: statusNames(status),
    unmatched,
  };
}

/**
 * The largest Lyapunov exponent of series: a slope of the divergence curve (see `divergenceCurve`, which states the
 * method, the guards and the cost), in nats per step.
 *
 * `one-step` is S(1) - S(0): how much further apart a point and its nearest neighbour are one step later. It is what the
 * paper's code measured and no test for chaos: white noise of 200 values gives 1.89, a random walk 1.28.
 *
 * `fit` is the least-squares slope of S(k) over the steps `fit` = [from, to], both included; steps without pairs are left
 * out. Without `fit` the range is found: the longest over which the residual (root mean square) is at most 2 % of the
 * curve's excursion max |S(k) - S(0)|, among steps up to 90 % of that excursion, where the curve saturates; at least
 * three steps, else the first two. The logistic map at r = 4 gives 0.693 (N = 5000, m = 2, fit [0, 3]).
 *
 * `textRounding` takes the way of the authors' text files: S(k) to 7 digits, the exponent to 6 decimals.
 *
 * @param series [N], or row-major [rows, N]; N <= 2^24. Copied, the first 4 MiB at once and the rest piece by piece on the
 *   event loop: leave what is larger alone until the promise has settled. So do with one over a SharedArrayBuffer, which
 *   is read where it is
 * @throws LegcnetError ERR_ARGUMENT, ERR_OPTION; `signal.reason` when aborted. Never for what a series holds: see `status`
 */
export async function lyapunovExponents(
  series: SeriesInput,
  options: LyapunovOptions = {},
): Promise<LyapunovExponents> {
  const names = [...EXPONENT_OPTIONS, 'threads'] as const;
  const { threads, ...given } = resolveOptions(names, options, exponentDefaults(options));
  checkJobOptions(options);
  const batch = readSeriesBatch(series);
  const lyapunov = resolveExponent(given);
  const { exponent, status, unmatched, fitRange } = await runTask(
    () => inCopy(batch, native.lyapunovExponents({ ...batch, lyapunov, threads: threads ?? defaultThreads() })),
    options,
  );
  return {
    exponent,
    status: statusNames(status),
    unmatched,
    fitRange: { data: fitRange, shape: [batch.rows, 2] },
  };
}
