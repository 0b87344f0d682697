/** What the small plots of a run show: its course in a few numbers. */
import { setImmediate } from 'node:timers/promises';
import { PARTS, type PartName } from '../network/train.js';
import type { Judgement } from './causality.js';
import { type NetworkName, curvesOf } from './curves.js';
import type { PruneResult } from './prune.js';

/** Columns that curves are condensed to. */
const COLUMNS = 40;
/** Bins of p-values. */
const BINS = 20;
/** Exponents added up in one go: about a millisecond. */
const CHUNK = 1 << 20;

/** Null stands for a gap. */
export type Values = readonly (number | null)[];

export interface Plots {
  /** The part whose accuracy is shown. */
  readonly part: PartName;
  /** Epochs, and by network the accuracy at the last of them up to each that is after the one before; null for none. */
  readonly epochs: readonly number[];
  readonly accuracy: { readonly [N in NetworkName]?: Values };
  /** Null where the method does not watch the training. */
  readonly watched: {
    /** Means over at most 40 equal pieces of the windows: the mean exponent of the weights that moved, and the target. */
    readonly exponents: Values;
    readonly misclassification: Values;
    /** Counts of p-values in 20 equal bins from 0 to 1, and of weights without one. */
    readonly pValues: { readonly counts: readonly number[]; readonly none: number };
  } | null;
}

/** [windows] mean over the weights that are not static; NaN where all are. The event loop is free in between. */
export async function meanExponents({ exponents, windows, pValue, verdict }: Judgement): Promise<Float64Array> {
  const sums = new Float64Array(windows);
  const rows = Math.max(1, Math.floor(CHUNK / windows));
  let moved = 0;
  for (let w = 0; w < pValue.length; w++) {
    if (w % rows === rows - 1) await setImmediate();
    if (verdict(w) === 'static') continue;
    moved++;
    const row = w * windows;
    for (let k = 0; k < windows; k++) sums[k] = (sums[k] as number) + (exponents[row + k] as number);
  }
  return sums.map((sum) => sum / moved);
}

export function plotsOf(result: PruneResult): Plots {
  const { dense, judgement, meanExponents: course } = result;
  const part = [...PARTS].reverse().find((name) => dense.scores[name]) as PartName;
  const curves = Object.entries(curvesOf(result)).filter(([, { epochs }]) => epochs[0] === 1);
  const most = Math.max(...curves.map(([, curve]) => curve.epochs.length));
  const epochs = pieces(most).map(([, end]) => end);
  const accuracy = curves.map(([name, curve]): [string, Values] => {
    const values = curve.accuracy[part] as Values;
    return [name, pieces(most).map(([begin, end]) => values.slice(begin, end).at(-1) ?? null)];
  });
  return {
    part,
    epochs,
    accuracy: Object.fromEntries(accuracy),
    watched:
      judgement && course
        ? {
            exponents: condense(course),
            misclassification: condense(judgement.misclassification),
            pValues: histogram(judgement.pValue),
          }
        : null,
  };
}

function histogram(pValues: Float64Array): { counts: number[]; none: number } {
  const counts = new Array<number>(BINS).fill(0);
  let none = 0;
  for (const p of pValues) {
    if (Number.isNaN(p)) none++;
    else counts[Math.min(BINS - 1, Math.floor(p * BINS))]! += 1;
  }
  return { counts, none };
}

/** Begin and end of each of at most 40 pieces of `n`. */
function pieces(n: number): [begin: number, end: number][] {
  const count = Math.min(COLUMNS, n);
  return Array.from({ length: count }, (_, c) => [Math.floor((c * n) / count), Math.floor(((c + 1) * n) / count)]);
}

function condense(values: Float64Array): Values {
  return pieces(values.length).map(([begin, end]) => {
    const mean = values.subarray(begin, end).reduce((sum, value) => sum + value, 0) / (end - begin);
    return Number.isFinite(mean) ? mean : null;
  });
}
