/**
 * Granger tests in plain JavaScript: one Householder QR a pair and lag. What `grangerTest` is measured against, and what
 * its tests take for the truth. Same statuses and statistics as lib/granger/granger.ts, but for params-ftest.
 */
import type { GrangerStatus } from '../../lib/granger/status.js';
import { chi2Upper, fUpper } from './distributions.js';

export interface LagTest {
  readonly status: GrangerStatus;
  /** a, b */
  readonly restrictedRss: number;
  readonly unrestrictedRss: number;
  /** [statistic, p] */
  readonly ssrFtest: readonly [number, number];
  readonly ssrChi2test: readonly [number, number];
  readonly lrtest: readonly [number, number];
}

/**
 * Tests one source against one target at lags 1..maxLag. O(n maxLag^3).
 * @param source [n]
 * @param target [n]
 */
export function grangerPair(source: Float64Array, target: Float64Array, maxLag: number): LagTest[] {
  return Array.from({ length: maxLag }, (_, i) => testLag(source, target, i + 1));
}

/** Of the regression with both series' lags, or with the target's alone (`target-`), on the rows t = from..n-1. */
export function informationCriterion(
  kind: 'aic' | 'bic' | 'target-aic' | 'target-bic',
  source: Float64Array,
  target: Float64Array,
  lag: number,
  from: number,
): number {
  const samples = target.length - from;
  const { explained, residual } = fit(source, target, lag, from);
  const [rss, parameters] = kind.startsWith('target-') ? [explained + residual, lag + 1] : [residual, 2 * lag + 1];
  return samples * Math.log(rss / samples) + parameters * (kind.endsWith('aic') ? 2 : Math.log(samples));
}

function testLag(source: Float64Array, target: Float64Array, lag: number): LagTest {
  const n = target.length;
  const samples = n - lag;
  if (!source.every(isUsable) || !target.every(isUsable)) return without('non-finite');
  if (n <= 3 * lag + 1) return without('too-short');
  for (let a = 1; a <= lag; a++) {
    for (const series of [source, target]) {
      if (isConstant(series.subarray(lag - a, n - a))) return without('constant');
    }
  }
  const { explained, residual, total, rank } = fit(source, target, lag, lag);
  if (isConstant(target.subarray(lag)) || !(residual > total * 2 ** -52)) return without('perfect-fit');
  const df = samples - rank;
  const ratio = explained / residual;
  const f = (ratio / lag) * df;
  const lr = samples * Math.log1p(ratio);
  return {
    status: rank < 2 * lag + 1 ? 'rank-deficient' : 'ok',
    restrictedRss: explained + residual,
    unrestrictedRss: residual,
    ssrFtest: [f, fUpper(f, lag, df)],
    ssrChi2test: [samples * ratio, chi2Upper(samples * ratio, lag)],
    lrtest: [lr, chi2Upper(lr, lag)],
  };
}

function isUsable(value: number): boolean {
  return Math.abs(value) <= 1e150;
}

function isConstant(series: Float64Array): boolean {
  return series.every((value) => value === series[0]);
}

function without(status: GrangerStatus): LagTest {
  const none: [number, number] = [Number.NaN, Number.NaN];
  return {
    status,
    restrictedRss: Number.NaN,
    unrestrictedRss: Number.NaN,
    ssrFtest: none,
    ssrChi2test: none,
    lrtest: none,
  };
}

/** Sums of squares of the target on rows t = from..n-1: what the source's lags add, what is left, and all about the mean. */
function fit(source: Float64Array, target: Float64Array, lag: number, from: number) {
  const n = target.length;
  const [x, y] = [centred(source), centred(target)];
  const lagged = (series: Float64Array, a: number): Float64Array => series.slice(from - a, n - a);
  const columns: Float64Array[] = [new Float64Array(n - from).fill(1)];
  for (let a = 1; a <= lag; a++) columns.push(lagged(y, a));
  for (let a = 1; a <= lag; a++) columns.push(lagged(x, a));
  columns.push(lagged(y, 0));

  const [restrictedRank, rank] = triangularise(columns, [lag + 1, 2 * lag + 1]);
  const rotated = columns[columns.length - 1]!;
  return {
    explained: squares(rotated.subarray(restrictedRank, rank)),
    residual: squares(rotated.subarray(rank)),
    total: squares(centred(target.slice(from))),
    rank,
  };
}

/**
 * Householder QR in place of the first `counts[1]` columns; the others are rotated along. A column that is a combination
 * of those before it is passed over.
 * @returns the ranks of the first counts[0] and of the first counts[1] columns
 */
function triangularise(columns: Float64Array[], counts: readonly [number, number]): [number, number] {
  let rank = 0;
  let firstRank = 0;
  for (let k = 0; k < counts[1]; k++) {
    if (k === counts[0]) firstRank = rank;
    const v = columns[k]!.slice(rank);
    const norm = Math.sqrt(squares(v));
    if (!(norm > 1e-13 * Math.sqrt(squares(columns[k]!)))) continue;
    v[0]! += v[0]! < 0 ? -norm : norm;
    const factor = 2 / squares(v);
    for (let j = k; j < columns.length; j++) {
      const part = columns[j]!.subarray(rank);
      let product = 0;
      for (let i = 0; i < v.length; i++) product += v[i]! * part[i]!;
      for (let i = 0; i < v.length; i++) part[i]! -= factor * product * v[i]!;
    }
    rank++;
  }
  return [firstRank, rank];
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

function centred(series: Float64Array): Float64Array {
  const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
  return series.map((value) => value - mean);
}
