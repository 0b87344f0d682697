/** Ranks of scores, and their means over several criteria. */
import { inTurns } from '../turns.js';

/**
 * The place of each score among all, in ascending order from 0; equal scores share the mean of their places.
 * Cost O(n log n), in one turn of the event loop: half a second for a million.
 *
 * @param scores numbers, no NaN
 */
export function ranks(scores: Float64Array): Float64Array {
  const order = Uint32Array.from(scores.keys());
  order.sort((a, b) => compare(scores[a] as number, scores[b] as number));
  const result = new Float64Array(scores.length);
  for (let first = 0; first < order.length; ) {
    const value = scores[order[first] as number];
    let end = first + 1;
    while (end < order.length && scores[order[end] as number] === value) end++;
    for (let i = first; i < end; i++) result[order[i] as number] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** Mean of the places that a value has in ascending values, which it is one of. */
function placeIn(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  const first = low;
  if (sorted[first + 1] !== value) return first;
  high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return (first + low - 1) / 2;
}

/**
 * Weighted mean, [weights], of the ranks that several criteria's scores, [weights] each, give the same weights.
 * O(criteria x weights log weights), in one turn of the event loop; `scoreWeights` does it in several.
 *
 * @param scores of equal length, no NaN; not checked
 * @param factors one for each criterion; only their ratios count
 */
export function meanRanks(scores: readonly Float64Array[], factors: readonly number[]): Float64Array {
  const mean = new Float64Array(scores[0]?.length ?? 0);
  const share = shares(factors);
  scores.forEach((one, k) => {
    ranks(one).forEach((rank, i) => (mean[i] = (mean[i] as number) + (share[k] as number) * rank));
  });
  return mean;
}

function shares(factors: readonly number[]): number[] {
  const total = factors.reduce((sum, factor) => sum + factor, 0);
  return factors.map((factor) => factor / total);
}

/** `ranks` in turns of the event loop. @throws `signal.reason` when aborted */
export async function ranksInTurns(scores: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
  const sorted = await sortedInTurns(scores, signal);
  const result = new Float64Array(scores.length);
  const place = (begin: number, end: number): void => {
    for (let i = begin; i < end; i++) result[i] = placeIn(sorted, scores[i] as number);
  };
  await inTurns(scores.length, signal, place, 2 ** 13);
  return result;
}

/** `meanRanks` in turns of the event loop. @throws `signal.reason` when aborted */
export async function meanRanksInTurns(
  scores: readonly Float64Array[],
  factors: readonly number[],
  signal?: AbortSignal,
): Promise<Float64Array> {
  const mean = new Float64Array(scores[0]?.length ?? 0);
  const share = shares(factors);
  for (const [k, one] of scores.entries()) {
    const ranked = await ranksInTurns(one, signal);
    await inTurns(ranked.length, signal, (begin, end) => {
      for (let i = begin; i < end; i++) mean[i] = (mean[i] as number) + (share[k] as number) * (ranked[i] as number);
    });
  }
  return mean;
}

/** Values that are sorted at once: a few milliseconds. */
const RUN = 2 ** 15;

/** The values in ascending order: runs of them are sorted, and merged two by two. */
async function sortedInTurns(values: Float64Array, signal: AbortSignal | undefined): Promise<Float64Array> {
  const n = values.length;
  let [from, to] = [values.slice(), new Float64Array(n)];
  await inTurns(n, signal, (begin, end) => void from.subarray(begin, end).sort(), RUN);
  for (let width = RUN; width < n; width *= 2) {
    for (let low = 0; low < n; low += 2 * width) {
      await merge(from, to, [low, Math.min(n, low + width), Math.min(n, low + 2 * width)], signal);
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Merges two ascending runs, [low, middle) and [middle, high), of `from` into the same places of `to`. */
async function merge(
  from: Float64Array,
  to: Float64Array,
  [low, middle, high]: readonly [low: number, middle: number, high: number],
  signal: AbortSignal | undefined,
): Promise<void> {
  let [left, right] = [low, middle];
  await inTurns(high - low, signal, (begin, end) => {
    for (let k = low + begin; k < low + end; k++) {
      const isLeft = left < middle && (right >= high || (from[left] as number) <= (from[right] as number));
      to[k] = from[isLeft ? left++ : right++] as number;
    }
  });
}
