import type { NdArray } from '../data/ndarray.js';
import { type Series, type SeriesInput, readSeries } from '../data/series.js';
import { unexpected } from '../errors.js';
import { type JobOptions, defaultThreads, native, runTask } from '../native.js';
import { type ResolvedOptions, checkJobOptions, resolveOptions } from '../options.js';
import { adjustPValues } from './adjust.js';
import { chooseLag } from './lag-order.js';
import { roundDecimals } from './round.js';
import { hasValues } from './status.js';

/** Options of a Granger test, by their names in the table. */
export const GRANGER_OPTIONS = [
  'maxLag',
  'lagOrder',
  'statistic',
  'alpha',
  'correction',
  'stationarity',
  'pRounding',
  'failedTest',
  'threads',
] as const;
type Resolved = ResolvedOptions<(typeof GRANGER_OPTIONS)[number]>;

/** Options of `grangerTest`; the option table states the defaults. */
export interface GrangerOptions extends Partial<Omit<Resolved, 'threads'>>, JobOptions {
  /** Also return `statistics`. Default false. */
  readonly stats?: boolean;
}

/** `undecided`: no test could run. */
export type GrangerVerdict = 'causal' | 'non-causal' | 'undecided';

/** Results by row of `sources`; W rows, K = `lags.length` lags tried. */
export interface GrangerResult {
  /** The lags tried: 1..maxLag, or the fixed one. */
  readonly lags: readonly number[];
  /** [W] of the chosen lag's statistic, an upper tail, rounded if `pRounding` says so; NaN where no test could run. */
  readonly pValue: Float64Array;
  /** [W] corrected for multiple testing; compared with alpha. NaN where no test could run. */
  readonly adjustedPValue: Float64Array;
  /** [W] the lag used; 0 where no test could run. */
  readonly lagOrder: Int32Array;
  /** [W] Granger index ln(a / b) at that lag, >= 0: higher is stronger causation; 0 where no test could run. */
  readonly score: Float64Array;
  /** [W] `causal` where the adjusted p is below alpha. */
  readonly verdict: readonly GrangerVerdict[];
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

interface NativeResult {
  readonly status: Uint8Array;
  readonly restrictedRss: Float64Array;
  readonly unrestrictedRss: Float64Array;
  readonly pValue: Float64Array;
  readonly statistics: Float64Array;
  readonly commonRestrictedRss: Float64Array;
  readonly commonUnrestrictedRss: Float64Array;
  readonly commonLag: Int32Array;
}

declare module '../native.js' {
  interface NativeModule {
    granger(options: {
      sources: Float64Array | Float32Array;
      targets: Float64Array | Float32Array;
      rows: number;
      samples: number;
      pairwise: boolean;
      difference: boolean;
      firstLag: number;
      maxLag: number;
      statistic: Resolved['statistic'];
      allStatistics: boolean;
      commonSample: boolean;
      threads: number;
    }): NativeTask<NativeResult>;
  }
}

/**
 * Tests which sources Granger-cause a target: whether lags 1..L of the source improve the least-squares prediction of
 * the target from its own lags 1..L (Granger, Econometrica 37, 1969). For lag L the T = n - L rows t = L..n-1 are used;
 * with residual sums of squares a (target's lags only) and b (both), and df = T - rank of the latter regression:
 * `ssr-ftest` (a-b)/b/L df ~ F(L, df), `ssr-chi2test` T (a-b)/b ~ chi2(L), `lrtest` T ln(a/b) ~ chi2(L), `params-ftest`
 * the Wald test of the source's coefficients, which equals `ssr-ftest` unless lags are linearly dependent. All as
 * statsmodels' grangercausalitytests; computed in float64.
 *
 * The lag is a fixed one, or of 1..maxLag the one with the least p (`min-p`: finds something in noise all too often), or
 * chosen by `aic` or `bic` on the rows that all lags share (see `chooseLag`). A lag L needs n > 3 L + 1; longer ones are
 * left out, as are lags that cannot be tested for another reason (GRANGER_STATUSES), unless `failedTest` says otherwise:
 * `undecided` and `causal` (p = 0, score 0: the authors' rule, under which statsmodels' refusal kept the weight) apply to
 * a source as soon as one of the lags tried cannot be tested.
 *
 * The authors' rule: {maxLag: 14, lagOrder: 'min-p', statistic: 'ssr-chi2test', pRounding: 4, failedTest: 'causal'}.
 *
 * Results do not depend on `threads`. Progress counts sources. Cost: O(n L + L^3) a source and lag L in vector lanes; pairs
 * with nearly or exactly dependent lags O(n L^2) one by one. Figures: docs/performance.md.
 *
 * @param sources [W, n], row-major, or one series [n]
 * @param targets [n], one target for all sources, or [W, n], one each
 * @throws LegcnetError ERR_ARGUMENT for arrays that do not fit, ERR_OPTION; `signal.reason` when aborted
 */
export async function grangerTest(
  sources: SeriesInput,
  targets: SeriesInput,
  options: GrangerOptions = {},
): Promise<GrangerResult> {
  const { stats = false, ...given } = options ?? {};
  const resolved = resolveOptions(GRANGER_OPTIONS, given);
  checkJobOptions(options);
  if (typeof stats !== 'boolean') throw unexpected('ERR_OPTION', 'stats', 'true or false', stats);
  const { lagOrder } = resolved;
  const x = readSeries('sources', sources);
  const y = readSeries('targets', targets);
  if (y.samples !== x.samples) {
    throw unexpected('ERR_ARGUMENT', 'targets', `${x.samples} samples, as many as the sources have`, y.samples);
  }
  if (!y.single && y.rows !== x.rows) {
    throw unexpected('ERR_ARGUMENT', 'targets', `one series, or ${x.rows} as there are sources`, y.rows);
  }

  const lags = typeof lagOrder === 'number' ? [lagOrder] : Array.from({ length: resolved.maxLag }, (_, i) => i + 1);
  const result = await runTask(
    () =>
      native.granger({
        sources: x.data,
        targets: y.data,
        rows: x.rows,
        samples: x.samples,
        pairwise: !y.single,
        difference: resolved.stationarity === 'difference',
        firstLag: lags[0]!,
        maxLag: lags[lags.length - 1]!,
        statistic: resolved.statistic,
        allStatistics: stats,
        commonSample: lagOrder === 'aic' || lagOrder === 'bic',
        threads: resolved.threads ?? defaultThreads(),
      }),
    options,
  );
  return judge(x, lags, resolved, result, stats);
}

/** From sums of squares to verdicts. */
function judge(
  sources: Series,
  lags: readonly number[],
  options: Resolved,
  result: NativeResult,
  stats: boolean,
): GrangerResult {
  const { rows } = sources;
  const samples = Math.max(0, sources.samples - (options.stationarity === 'difference' ? 1 : 0));
  const width = lags.length;
  const pValue = new Float64Array(rows).fill(Number.NaN);
  const lagOrder = new Int32Array(rows);
  const score = new Float64Array(rows);
  const failed: number[] = [];

  for (let row = 0; row < rows; row++) {
    const [begin, end] = [row * width, (row + 1) * width];
    const status = result.status.subarray(begin, end);
    if (options.failedTest !== 'skip-lag' && !status.every(hasValues)) {
      failed.push(row);
      continue;
    }
    const chosen = chooseLag(options.lagOrder, {
      status,
      pValue: result.pValue.subarray(begin, end),
      commonRss: result.commonUnrestrictedRss.subarray(begin, end),
      commonSamples: samples - (result.commonLag[row] ?? 0),
    });
    if (chosen < 0) continue;
    const a = result.restrictedRss[begin + chosen]!;
    const b = result.unrestrictedRss[begin + chosen]!;
    const p = result.pValue[begin + chosen]!;
    pValue[row] = options.pRounding === 'none' ? p : roundDecimals(p, options.pRounding);
    lagOrder[row] = lags[chosen]!;
    score[row] = Math.log1p(Math.max(0, a - b) / b);
  }

  const adjustedPValue = adjustPValues(pValue, options.correction);
  if (options.failedTest === 'causal') for (const row of failed) pValue[row] = adjustedPValue[row] = 0;
  const verdict = Array.from(adjustedPValue, (p): GrangerVerdict => {
    if (Number.isNaN(p)) return 'undecided';
    return p < options.alpha ? 'causal' : 'non-causal';
  });

  const shape = [rows, width];
  const perLag = {
    status: { data: result.status, shape },
    pValue: { data: result.pValue, shape },
    restrictedRss: { data: result.restrictedRss, shape },
    unrestrictedRss: { data: result.unrestrictedRss, shape },
  };
  const statistics = { data: result.statistics, shape: [...shape, 4, 4] };
  return { lags, pValue, adjustedPValue, lagOrder, score, verdict, perLag, ...(stats ? { statistics } : {}) };
}
