/** From exponents and misclassification to a verdict and a score for each weight. */
import { adjustPValuesApart } from '../granger/adjust.js';
import { type GrangerOptions, grangerTest } from '../granger/granger.js';
import { inTurns } from '../turns.js';
import type { JobOptions } from '../native.js';
import type { WatchedSeries } from '../network/train.js';
import type { PruneConfig } from './config.js';
import { LEAST_WINDOWS, tooFewWindows } from './watch.js';
import { plural } from '../plural.js';

/** `undecided`: too little data to tell. `static`: the weight never moved. */
export type Verdict = 'causal' | 'non-causal' | 'undecided' | 'static';
export interface VerdictCounts {
  readonly causal: number;
  readonly nonCausal: number;
  readonly undecided: number;
  readonly static: number;
}

export interface Judgement {
  readonly windows: number;
  /** [weights, windows] */
  readonly exponents: Float64Array | Float32Array;
  /** [windows] */
  readonly misclassification: Float64Array;
  /** [weights] after rounding and correction; NaN where no test could be run. */
  readonly pValue: Float64Array;
  /** [weights] strength of causation, ln(a/b) at the chosen lag; 0 where undecided, -Infinity where static. */
  readonly score: Float64Array;
  readonly verdict: (weight: number) => Verdict;
  readonly counts: VerdictCounts;
  /** What a reader should know, in sentences. */
  readonly notes: readonly string[];
}

const VERDICTS: readonly Verdict[] = ['causal', 'non-causal', 'undecided', 'static'];

/** How a configuration tests each weight, before any correction for the number of weights. */
export function testOptions(config: PruneConfig): GrangerOptions & { readonly perLag: false } {
  const { maxLag, lagOrder, lagCorrection, shifts, seed, statistic, stationarity, alpha, pRounding, failedTest } =
    config;
  const lag = { maxLag, lagOrder, lagCorrection, shifts, seed };
  return { ...lag, statistic, stationarity, alpha, pRounding, failedTest, correction: 'none', perLag: false };
}

/**
 * A weight all of whose windows lack an exponent is static; one that lacks more than `maxMissing` of them is undecided;
 * the rest are tested. Multiple testing is corrected over the weights tested.
 *
 * Cost: `grangerTest` of all weights, and O(weights) beside. Progress counts weights.
 *
 * @param series left alone until the promise has settled; its exponents become the result's, not copied
 * @throws LegcnetError ERR_TOO_SHORT for fewer than 10 windows; else as `grangerTest`
 */
export async function judge(series: WatchedSeries, config: PruneConfig, job: JobOptions = {}): Promise<Judgement> {
  const { exponents, missing, misclassification } = series;
  const windows = misclassification.length;
  const weights = missing.length;
  if (windows < LEAST_WINDOWS) throw tooFewWindows(windows, config);
  const { alpha, correction, maxMissing } = config;
  const sources = { data: exponents, shape: [weights, windows] };
  const test = await grangerTest(sources, misclassification, { ...testOptions(config), ...job });

  const [causal, nonCausal, undecided, still] = VERDICTS.map((_, code) => code) as [number, number, number, number];
  const codes = new Uint8Array(weights);
  const score = new Float64Array(weights);
  const tested = new Float64Array(weights);
  await inTurns(weights, job.signal, (begin, end) => {
    for (let w = begin; w < end; w++) {
      const lost = missing[w] as number;
      tested[w] = lost > maxMissing * windows || lost === windows ? Number.NaN : (test.pValue[w] as number);
      codes[w] = lost === windows ? still : undecided;
      score[w] = lost === windows ? Number.NEGATIVE_INFINITY : 0;
    }
  });
  const pValue = await adjustPValuesApart(tested, correction, job.signal);
  const tally = VERDICTS.map(() => 0);
  await inTurns(weights, job.signal, (begin, end) => {
    for (let w = begin; w < end; w++) {
      const p = pValue[w] as number;
      if (!Number.isNaN(p)) {
        codes[w] = p < alpha ? causal : nonCausal;
        score[w] = test.score[w] as number;
      }
      tally[codes[w] as number]!++;
    }
  });
  const [ofCausal, ofNonCausal, ofUndecided, ofStill] = tally as [number, number, number, number];
  const counts = { causal: ofCausal, nonCausal: ofNonCausal, undecided: ofUndecided, static: ofStill };
  return {
    windows,
    exponents,
    misclassification,
    pValue,
    score,
    verdict: (w) => VERDICTS[codes[w] as number] as Verdict,
    counts,
    notes: notesOn(config, windows, counts, misclassification),
  };
}

function notesOn(config: PruneConfig, windows: number, counts: VerdictCounts, target: Float64Array): string[] {
  const notes: string[] = [];
  const longest = typeof config.lagOrder === 'number' ? config.lagOrder : config.maxLag;
  const needed = 3 * longest + 2 + (config.stationarity === 'none' ? 0 : 1);
  if (config.failedTest !== 'skip-lag' && windows < needed) {
    notes.push(
      `With ${plural(windows, 'window')} no weight can be tested at all lags up to ${longest}, which takes ${needed}: ` +
        'every weight is kept. Train longer, use shorter windows or more overlap, or a smaller maxLag.',
    );
  }
  if (config.lagCorrection === 'circular-shift' && windows < 20 * longest) {
    notes.push(
      `With ${plural(windows, 'window')} and lags up to ${longest} the correction by circular shifts can hardly find a cause: it ` +
        `takes ${20 * longest} windows.`,
    );
  }
  if (target.every((value) => value === target[0])) {
    notes.push('The misclassification is the same at every window, so nothing can be said to cause it.');
  }
  if (counts.causal + counts.nonCausal + counts.undecided === 0) {
    notes.push(
      'No weight moved, so none could be tested or ranked.' +
        (config.series === 'difference'
          ? config.perturbation === 0
            ? ' The twin is identical: its perturbation is 0.'
            : ' The twin keeps its distance: its perturbed weight hangs on an input that never varies, or training stands still.'
          : ''),
    );
  } else if (config.selection !== 'threshold' && counts.causal === 0) {
    notes.push(
      'No weight was found causal: a ranking by the strength of effects rests on effects that are not significant.',
    );
  }
  return notes;
}
