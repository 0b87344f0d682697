import { constants } from 'node:buffer';
import type { NdArray } from '../data/ndarray.js';
import { type Series, type SeriesInput, readSeries } from '../data/series.js';
import { unexpected } from '../errors.js';
import { type JobOptions, type NativeTask, defaultThreads, native, runTask } from '../native.js';
import { type ResolvedOptions, checkJobOptions, resolveOptions } from '../options.js';
import { adjustPValuesApart } from './adjust.js';
import { IN_TURN, inChunks } from './chunks.js';
import { roundDecimals } from './round.js';
import { inTurns } from '../turns.js';
import { plural } from '../plural.js';

/** Options of a Granger test, by their names in the table. */
export const GRANGER_OPTIONS = [
  'maxLag',
  'lagOrder',
  'statistic',
  'alpha',
  'correction',
  'lagCorrection',
  'shifts',
  'seed',
  'stationarity',
  'pRounding',
  'failedTest',
  'threads',
] as const;
type Resolved = ResolvedOptions<(typeof GRANGER_OPTIONS)[number]>;

/** Options of `grangerTest`; the option table states the defaults. */
export interface GrangerOptions extends Partial<Omit<Resolved, 'threads'>>, JobOptions {
  /** Return `perLag`. Default true; without it the result takes a few bytes a source. */
  readonly perLag?: boolean;
  /** Also return `statistics`. Default false. */
  readonly stats?: boolean;
}

/** `undecided`: no test could run. */
export type GrangerVerdict = 'causal' | 'non-causal' | 'undecided';

/** Results by row of `sources`, W rows. */
export interface GrangerSummary {
  /** The K lags tried: 1..maxLag, or the fixed one. */
  readonly lags: readonly number[];
  /**
   * [W] of the chosen lag's statistic, an upper tail, corrected for that choice if `lagCorrection` says so, rounded if
   * `pRounding` says so; NaN where no test could run.
   */
  readonly pValue: Float64Array;
  /** [W] corrected for multiple testing; compared with alpha. NaN where no test could run. */
  readonly adjustedPValue: Float64Array;
  /** [W] the lag used; 0 where no test could run. */
  readonly lagOrder: Int32Array;
  /** [W] Granger index ln(a / b) at that lag, >= 0: higher is stronger causation; 0 where no test could run. */
  readonly score: Float64Array;
  /** [W] `causal` where the adjusted p is below alpha. */
  readonly verdict: readonly GrangerVerdict[];
  /** [W] 1 where `stationarity` had the source's first differences tested. */
  readonly differenced: Uint8Array;
}

export interface GrangerResult extends GrangerSummary {
  /** By lag, each [W, K]; NaN where a test could not run. */
  readonly perLag: {
    /** Codes: indices into GRANGER_STATUSES. */
    readonly status: NdArray<Uint8Array>;
    /** Of the chosen statistic, not rounded. */
    readonly pValue: NdArray<Float64Array>;
    /** a, b: residual sums of squares without and with the source's lags, in squared units of the target. */
    readonly restrictedRss: NdArray<Float64Array>;
    readonly unrestrictedRss: NdArray<Float64Array>;
  };
  /**
   * With `stats`: [W, K, 4, 4]. Third axis: ssr-ftest, ssr-chi2test, lrtest, params-ftest; fourth: statistic, p, df_denom
   * (NaN for chi2), df_num, as statsmodels' grangercausalitytests.
   */
  readonly statistics?: NdArray<Float64Array>;
}

/** What native code has found, by row; later arrays are empty unless wanted. */
interface NativeResult {
  readonly lagOrder: Int32Array;
  readonly pValue: Float64Array;
  readonly score: Float64Array;
  /** 1 where every lag could be tested. */
  readonly complete: Uint8Array;
  readonly differenced: Uint8Array;
  readonly status: Uint8Array;
  readonly restrictedRss: Float64Array;
  readonly unrestrictedRss: Float64Array;
  readonly lagPValue: Float64Array;
  readonly statistics: Float64Array;
}

type Floats = Float64Array | Float32Array;

interface NativeSession {
  /** Tests rows first..first+count-1; sessions take one chunk at a time, others wait their turn. */
  test(chunk: {
    first: number;
    count: number;
    sources: Floats;
    targets: Floats | null;
    threads: number;
  }): NativeTask<undefined>;
  /** Views of the session's own memory. */
  result(): NativeResult;
}

declare module '../native.js' {
  interface NativeModule {
    /** Whether tests read the array where it is, and not a copy: it is over shared memory, or the addon made it. */
    isHeld(array: Floats): boolean;
    GrangerSession: new (options: {
      /** Null: each source has its own. */
      target: Floats | null;
      rows: number;
      samples: number;
      stationarity: Resolved['stationarity'];
      maxLag: number;
      lagOrder: Exclude<Resolved['lagOrder'], number> | 'fixed';
      statistic: Resolved['statistic'];
      /** 0: p is not corrected for the choice of the lag. */
      shifts: number;
      seed: number;
      perLag: boolean;
      allStatistics: boolean;
    }) => NativeSession;
  }
}

/** Bytes of series and results that one native call handles where series are copied: in one turn of the event loop. */
const CHUNK_BYTES = 2 ** 21;

/**
 * Tests which sources Granger-cause a target: whether lags 1..L of the source improve the least-squares prediction of
 * the target from its own lags 1..L (Granger, Econometrica 37, 1969). For lag L the T = n - L rows t = L..n-1 are used;
 * with residual sums of squares a (target's lags only) and b (both), and df = T - rank of the latter regression:
 * `ssr-ftest` (a-b)/b/L df ~ F(L, df), `ssr-chi2test` T (a-b)/b ~ chi2(L), `lrtest` T ln(a/b) ~ chi2(L), `params-ftest`
 * the Wald test of the source's coefficients, which equals `ssr-ftest` unless lags are linearly dependent. All as
 * statsmodels' grangercausalitytests; computed in float64.
 *
 * The lag is a fixed one, or of 1..maxLag the one with the least p (`min-p`: finds something in noise all too often), or
 * the one with the least T ln(rss / T) + 2 k (`aic`) or + k ln T (`bic`) on the T rows that all lags share: rss = b,
 * k = 2 L + 1, which favours lags that look causal and makes p too small; or, `target-aic` and `target-bic`, rss = a,
 * k = L + 1: the target's own order, one for all sources, which leaves p what it is. A lag L needs n > 3 L + 1; longer
 * ones are left out, as are lags that cannot be tested for another reason (GRANGER_STATUSES), unless `failedTest` says otherwise:
 * `undecided` and `causal` (p = 0, score 0: the authors' rule, under which statsmodels' refusal kept the weight) apply to
 * a source as soon as one of the lags tried cannot be tested.
 *
 * `stationarity` takes first differences of all series (`difference`), or of each, target and source alike, that has a unit
 * root by a test at 5 % (`adf`: not rejected; `kpss`: rejected in its favour; see `stationarityTest`). Series that stay as
 * they are lose their first sample then, so that all have n - 1.
 *
 * The least of many p-values is not a p-value: `lagCorrection: 'circular-shift'` compares it with those of up to `shifts`
 * circular shifts of the source, which keep its own dynamics and lose its relation to the target, each at its own best
 * lag: p = (1 + those as small) / (1 + shifts). Under up to maxLag - 1 of the n - 1 shifts a cause is seen at another lag,
 * so p may not fall below maxLag / n: take n of 20 maxLag or more. Which shifts are taken, if not all, depends on `seed`
 * alone. `shifts` times the cost.
 *
 * The authors' rule: {maxLag: 14, lagOrder: 'min-p', statistic: 'ssr-chi2test', pRounding: 4, failedTest: 'causal'}.
 *
 * Results do not depend on `threads`. Progress counts sources. Cost for all lags 1..L: O(n L + L^4) a source in vector
 * lanes; a pair with nearly or exactly dependent lags O(n L^3) by itself. Figures: docs/performance.md.
 *
 * Sources (and targets of [W, n]) are read while the test goes on: leave them alone until the promise has settled. Arrays
 * over a SharedArrayBuffer, and those that this package returned (exponents), are read where they are; others are copied
 * piece by piece on the event loop, which takes about a tenth of the time of one thread, and cannot be shared by several. A
 * single target is copied at once.
 *
 * @param sources [W, n], row-major, or one series [n]
 * @param targets [n], one target for all sources, or [W, n], one each
 * @throws LegcnetError ERR_ARGUMENT for arrays that do not fit, and for more sources than there can be results by lag of
 *   (4 GiB an array on Node 20: 38 million at 14 lags, 2.4 million with `stats`); ERR_OPTION; `signal.reason` when aborted
 */
export function grangerTest(
  sources: SeriesInput,
  targets: SeriesInput,
  options: GrangerOptions & { readonly perLag: false; readonly stats?: false },
): Promise<GrangerSummary>;
export function grangerTest(
  sources: SeriesInput,
  targets: SeriesInput,
  options?: GrangerOptions,
): Promise<GrangerResult>;
export async function grangerTest(
  sources: SeriesInput,
  targets: SeriesInput,
  options: GrangerOptions = {},
): Promise<GrangerSummary | GrangerResult> {
  const { stats = false, perLag = true, ...given } = options ?? {};
  const resolved = resolveOptions(GRANGER_OPTIONS, given);
  checkJobOptions(options);
  for (const [name, value] of Object.entries({ stats, perLag })) {
    if (typeof value !== 'boolean') throw unexpected('ERR_OPTION', name, 'true or false', value);
  }
  const { lagOrder } = resolved;
  const x = readSeries('sources', sources);
  const y = readSeries('targets', targets);
  if (y.samples !== x.samples) {
    throw unexpected(
      'ERR_ARGUMENT',
      'targets',
      `${plural(x.samples, 'sample')}, as many as the sources have`,
      y.samples,
    );
  }
  if (!y.single && y.rows !== x.rows) {
    throw unexpected('ERR_ARGUMENT', 'targets', `one series, or ${x.rows} as there are sources`, y.rows);
  }

  const fixed = typeof lagOrder === 'number';
  const lags = fixed ? [lagOrder] : Array.from({ length: resolved.maxLag }, (_, i) => i + 1);
  const cellBytes = stats ? 16 * 8 : perLag ? 8 : 0; // of the largest array of results, a source and lag
  const mostRows = Math.floor(constants.MAX_LENGTH / (cellBytes * lags.length)); // infinite without
  if (x.rows > mostRows) {
    const expected = `at most ${mostRows} series, whose results by lag this Node has arrays for, or perLag: false`;
    throw unexpected('ERR_ARGUMENT', 'sources', expected, x.rows);
  }
  const session = new native.GrangerSession({
    target: y.single ? y.data : null,
    rows: x.rows,
    samples: x.samples,
    stationarity: resolved.stationarity,
    maxLag: lags[lags.length - 1]!,
    lagOrder: fixed ? 'fixed' : lagOrder,
    statistic: resolved.statistic,
    shifts: resolved.lagCorrection === 'circular-shift' ? resolved.shifts : 0,
    seed: resolved.seed,
    perLag,
    allStatistics: stats,
  });
  const resultBytes = perLag || stats ? lags.length * (stats ? 153 : 25) : 0;
  const seriesBytes = x.samples * (x.data.BYTES_PER_ELEMENT + (y.single ? 0 : y.data.BYTES_PER_ELEMENT));
  const held = [x, ...(y.single ? [] : [y])].every(({ data }) => native.isHeld(data));
  const chunkRows = held ? Math.max(1, x.rows) : Math.max(1, Math.floor(CHUNK_BYTES / (resultBytes + seriesBytes)));
  const threads = resolved.threads ?? defaultThreads();
  const start = (first: number, count: number) =>
    session.test({
      first,
      count,
      sources: rowsOf('sources', x, first, count),
      targets: y.single ? null : rowsOf('targets', y, first, count),
      threads,
    });
  await runTask(() => inChunks(x.rows, chunkRows, start, IN_TURN), options);

  const result = session.result();
  const summary = await judge(lags, resolved, result, options.signal);
  if (!perLag && !stats) return summary;
  const shape = [x.rows, lags.length];
  const byLag = {
    status: { data: result.status, shape },
    pValue: { data: result.lagPValue, shape },
    restrictedRss: { data: result.restrictedRss, shape },
    unrestrictedRss: { data: result.unrestrictedRss, shape },
  };
  const statistics = { data: result.statistics, shape: [...shape, 4, 4] };
  return { ...summary, perLag: byLag, ...(stats ? { statistics } : {}) };
}

/** Rows first..first+count-1. @throws LegcnetError ERR_ARGUMENT if their memory has been transferred away */
function rowsOf(name: string, { data, rows, samples }: Series, first: number, count: number): Floats {
  if (data.length !== rows * samples) {
    throw unexpected('ERR_ARGUMENT', name, 'an array that keeps its memory until the promise settles', data.length);
  }
  return data.subarray(first * samples, (first + count) * samples);
}

/** From p-values to verdicts. Rounds, and blanks the rows that `failedTest` is about, in place. */
async function judge(
  lags: readonly number[],
  options: Resolved,
  result: NativeResult,
  signal: AbortSignal | undefined,
): Promise<GrangerSummary> {
  const { lagOrder, pValue, score, complete, differenced } = result;
  const { pRounding, correction, failedTest, alpha } = options;
  /** Rows one by one, in turns of the event loop. */
  const each = (body: (row: number) => void): Promise<void> =>
    inTurns(pValue.length, signal, (begin, end) => {
      for (let row = begin; row < end; row++) body(row);
    });
  // Passes that change nothing are left out: no other core helps the event loop.
  if (failedTest !== 'skip-lag') {
    await each((row) => {
      if (complete[row] === 0) {
        pValue[row] = Number.NaN;
        lagOrder[row] = score[row] = 0;
      }
    });
  }
  if (pRounding !== 'none') {
    await each((row) => {
      pValue[row] = roundDecimals(pValue[row]!, pRounding);
    });
  }
  const adjustedPValue = correction === 'none' ? pValue.slice() : await adjustPValuesApart(pValue, correction, signal);
  if (failedTest === 'causal') {
    await each((row) => {
      if (complete[row] === 0) pValue[row] = adjustedPValue[row] = 0;
    });
  }
  const verdict: GrangerVerdict[] = []; // grows: one made long at once may be a table of keys
  await each((row) => {
    const p = adjustedPValue[row]!;
    verdict.push(p < alpha ? 'causal' : p >= alpha ? 'non-causal' : 'undecided');
  });
  return { lags, pValue, adjustedPValue, lagOrder, score, verdict, differenced };
}
