import { hasValues } from './status.js';

export type LagOrder = 'min-p' | 'aic' | 'bic' | number;

/** What choosing a source's lag looks at; arrays have one element a lag, of 1, 2, ... or of the fixed lag alone. */
export interface LagCandidates {
  readonly status: Uint8Array;
  readonly pValue: Float64Array;
  /** Of the regression with the source's lags, on the rows that all lags have in common; for aic and bic. */
  readonly commonRss: Float64Array;
  /** The number of those rows. */
  readonly commonSamples: number;
}

/**
 * Index of the lag to use, -1 where no lag could be tested.
 *
 * - a fixed lag: it, if it could be tested
 * - `min-p`: the least p; ties go to the shorter lag
 * - `aic`, `bic`: the least T ln(rss / T) + 2 k or + k ln T, with k = 2 lag + 1 parameters and T rows, the same rows for
 *   every lag; ties go to the shorter lag
 */
export function chooseLag(order: LagOrder, candidates: LagCandidates): number {
  const { status, pValue, commonRss, commonSamples: samples } = candidates;
  const perParameter = order === 'aic' ? 2 : Math.log(samples);
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < status.length; i++) {
    if (!hasValues(status[i]!)) continue;
    const parameters = 2 * (i + 1) + 1;
    const value =
      order === 'aic' || order === 'bic'
        ? samples * Math.log(commonRss[i]! / samples) + parameters * perParameter
        : pValue[i]!;
    // -Infinity: on the common rows nothing is left to compare
    if (value < least && value !== Number.NEGATIVE_INFINITY) {
      least = value;
      best = i;
    }
  }
  return best;
}
