import { type SeriesInput, readSeries } from '../data/series.js';
import { unexpected } from '../errors.js';
import { type JobOptions, type NativeTask, defaultThreads, native, runTask } from '../native.js';
import { checkJobOptions, checkNames } from '../options.js';
import { inChunks } from './chunks.js';

export interface StationarityOptions extends JobOptions {
  /** `adf` (null hypothesis: a unit root) or `kpss` (null hypothesis: stationary about a level). Default `adf`. */
  readonly test?: 'adf' | 'kpss';
}

/** By row, W rows; NaN (lags 0) where a series is too short, constant, not finite, or follows a recurrence exactly. */
export interface StationarityResult {
  /** [W] */
  readonly statistic: Float64Array;
  /** [W]; of kpss within [0.01, 0.1], the range of the published table. */
  readonly pValue: Float64Array;
  /** [W] lagged differences (adf), or autocovariances in the long-run variance (kpss). */
  readonly lags: Int32Array;
}

interface NativeUnitRoots {
  readonly statistic: Float64Array;
  readonly pValue: Float64Array;
  readonly lags: Int32Array;
}

declare module '../native.js' {
  interface NativeModule {
    unitRootTests(options: {
      series: Float64Array | Float32Array;
      rows: number;
      samples: number;
      test: 'adf' | 'kpss';
      threads: number;
    }): NativeTask<NativeUnitRoots>;
  }
}

/** Bytes of series that one native call copies. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Tests for a unit root, as statsmodels' adfuller(regression='c', autolag='AIC') and kpss(regression='c', nlags='auto'),
 * computed in float64; what `stationarity: 'adf' | 'kpss'` of `grangerTest` decides by, at 5 %.
 *
 * - `adf`: Dickey and Fuller 1979 with a constant; lags by AIC from 0..min(ceil(12 (n/100)^(1/4)), n/2 - 2), all on the same
 *   rows; p by MacKinnon 1994. O(n k^2) a series, k the most lags.
 * - `kpss`: Kwiatkowski, Phillips, Schmidt and Shin 1992 about a level; lags by Hobijn, Franses and Ooms 1998; p
 *   interpolated in the paper's table. O(n k) a series.
 *
 * The series are read piece by piece: leave them alone until the promise has settled. Progress counts series.
 *
 * @param series [W, n], row-major, or one series [n]
 * @throws LegcnetError ERR_ARGUMENT, ERR_OPTION; `signal.reason` when aborted
 */
export async function stationarityTest(
  series: SeriesInput,
  options: StationarityOptions = {},
): Promise<StationarityResult> {
  checkNames(['test', 'threads'], options);
  checkJobOptions(options);
  const { test = 'adf', threads = defaultThreads() } = options;
  if (test !== 'adf' && test !== 'kpss') throw unexpected('ERR_OPTION', 'test', 'one of adf, kpss', test);
  const { data, rows, samples } = readSeries('series', series);
  const result = { statistic: new Float64Array(rows), pValue: new Float64Array(rows), lags: new Int32Array(rows) };
  const chunkRows = Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, samples * data.BYTES_PER_ELEMENT)));
  const start = (first: number, count: number): NativeTask<void> => {
    if (data.length !== rows * samples) {
      throw unexpected(
        'ERR_ARGUMENT',
        'series',
        'an array that keeps its memory until the promise settles',
        data.length,
      );
    }
    const chunk = data.subarray(first * samples, (first + count) * samples);
    const task = native.unitRootTests({ series: chunk, rows: count, samples, test, threads });
    const promise = task.promise.then((found) => {
      result.statistic.set(found.statistic, first);
      result.pValue.set(found.pValue, first);
      result.lags.set(found.lags, first);
    });
    return { ...task, promise };
  };
  await runTask(() => inChunks(rows, chunkRows, start, 1), options);
  return result;
}
