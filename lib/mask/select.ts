/** Scores -> mask: how many weights go in each layer, and which. */
import { unexpected } from '../errors.js';
import type { LayerShape } from '../network/mlp.js';

export type Density = 'global' | 'per-layer' | 'erdos-renyi';

/**
 * How many weights of each layer to keep so that `kept` remain in all. `per-layer`: equal shares. `erdos-renyi`: density
 * of a layer proportional to (inputs + outputs) / (inputs x outputs), a layer that would exceed 1 staying dense (Mocanu
 * et al. 2018). Rounded by largest remainder, so that the sum is exact. O(layers^2) at most.
 *
 * @throws LegcnetError ERR_ARGUMENT when `kept` is not an integer from 0 to the number of weights
 */
export function layerCounts(
  layers: readonly LayerShape[],
  kept: number,
  density: Exclude<Density, 'global'>,
): number[] {
  const sizes = layers.map((layer) => layer.inputs * layer.outputs);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (!Number.isInteger(kept) || kept < 0 || kept > total) {
    throw unexpected('ERR_ARGUMENT', 'kept', `an integer from 0 to ${total}`, kept);
  }
  const appetite = layers.map((layer, l) =>
    density === 'per-layer' ? (sizes[l] as number) : layer.inputs + layer.outputs,
  );
  const share = new Array<number>(layers.length).fill(0);
  const open = new Set(layers.keys());
  let remaining = kept;
  // Layers that want more than they have are filled; the rest share what is left; until nobody wants too much.
  for (;;) {
    const wanted = [...open].reduce((sum, l) => sum + (appetite[l] as number), 0);
    const full = [...open].filter((l) => (remaining * (appetite[l] as number)) / wanted >= (sizes[l] as number));
    if (full.length === 0) {
      for (const l of open) share[l] = (remaining * (appetite[l] as number)) / wanted;
      break;
    }
    for (const l of full) {
      share[l] = sizes[l] as number;
      remaining -= sizes[l] as number;
      open.delete(l);
    }
    if (open.size === 0) break;
  }
  const counts = share.map(Math.floor);
  const byRemainder = [...open].sort(
    (a, b) => (share[b] as number) - (counts[b] as number) - ((share[a] as number) - (counts[a] as number)) || a - b,
  );
  let missing = kept - counts.reduce((sum, count) => sum + count, 0);
  for (const l of byRemainder) {
    if (missing-- <= 0) break;
    counts[l] = (counts[l] as number) + 1;
  }
  return counts;
}

/**
 * Keeps the `kept` weights with the highest scores and prunes the rest, exactly. Weights with equal scores go in the
 * order of `tieBreak`, lowest first, so that no corner of a matrix is favoured. Cost O(n log n), in one turn of the event
 * loop: a sixth of a second for a million weights.
 *
 * @param scores [weights]; higher = keep longer; -Infinity goes first; NaN is refused
 * @param tieBreak [weights] a random order: distinct numbers
 * @returns one byte a weight, 0 prunes
 * @throws LegcnetError ERR_ARGUMENT for scores or `tieBreak` of another length, for NaN, or when `kept` is not an integer
 *   from 0 to the number of weights
 */
export function selectBySparsity(
  scores: Float64Array,
  layers: readonly LayerShape[],
  kept: number,
  density: Density,
  tieBreak: ArrayLike<number>,
): Uint8Array {
  checkScores(scores, layers, tieBreak);
  if (density !== 'global') return selectByCounts(scores, layers, layerCounts(layers, kept, density), tieBreak);
  layerCounts(layers, kept, 'per-layer'); // checks `kept`
  const mask = new Uint8Array(scores.length);
  keepBest(mask, scores, 0, scores.length, kept, tieBreak);
  return mask;
}

/**
 * The mask, [weights], that keeps the highest scores of each layer, with the number to keep given for each; of equal
 * scores those with the lower `tieBreak` go first. O(weights log weights), in one turn of the event loop.
 *
 * @param counts by layer; one that exceeds its layer keeps all of it
 * @throws LegcnetError ERR_ARGUMENT for scores or `tieBreak` of another length, NaN among the scores, and counts that are
 *   not one whole number for each layer
 */
export function selectByCounts(
  scores: Float64Array,
  layers: readonly LayerShape[],
  counts: readonly number[],
  tieBreak: ArrayLike<number>,
): Uint8Array {
  checkScores(scores, layers, tieBreak);
  if (counts.length !== layers.length || !counts.every((count) => Number.isInteger(count) && count >= 0)) {
    throw unexpected('ERR_ARGUMENT', 'counts', `${layers.length} whole numbers of at least 0`, counts);
  }
  const mask = new Uint8Array(scores.length);
  layers.forEach(({ offset, inputs, outputs }, l) => {
    keepBest(mask, scores, offset, inputs * outputs, counts[l] as number, tieBreak);
  });
  return mask;
}

function checkScores(scores: Float64Array, layers: readonly LayerShape[], tieBreak: ArrayLike<number>): void {
  const weights = layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  if (!(scores instanceof Float64Array && scores.length === weights)) {
    throw unexpected('ERR_ARGUMENT', 'scores', `a Float64Array of ${weights}`, scores);
  }
  if (tieBreak.length !== weights) throw unexpected('ERR_ARGUMENT', 'tieBreak', `${weights} numbers`, tieBreak);
}

function keepBest(
  mask: Uint8Array,
  scores: Float64Array,
  first: number,
  length: number,
  count: number,
  tieBreak: ArrayLike<number>,
): void {
  const last = first + length;
  for (let i = first; i < last; i++) {
    if (Number.isNaN(scores[i])) throw unexpected('ERR_ARGUMENT', 'scores', 'numbers', Number.NaN);
  }
  if (count <= 0) return;
  // Without a comparator a sort takes a tenth of the time: the comparator sorts only what ties at the threshold.
  const ascending = scores.slice(first, last).sort();
  const threshold = ascending[Math.max(0, length - count)];
  if (threshold === undefined) return;
  let above = 0;
  const ties: number[] = [];
  for (let i = first; i < last; i++) {
    if ((scores[i] as number) > threshold) {
      mask[i] = 1;
      above++;
    } else if (scores[i] === threshold) {
      ties.push(i);
    }
  }
  ties.sort((a, b) => (tieBreak[b] as number) - (tieBreak[a] as number));
  for (const index of ties.slice(0, Math.max(0, count - above))) mask[index] = 1;
}

/** How many of `weights` an exact sparsity keeps. */
export const keptAt = (weights: number, sparsity: number): number => weights - Math.round(weights * sparsity);

/** |w| of each weight, [weights], a new array: the magnitude criterion's score. O(weights). */
export const magnitudeScores = (parameters: Float64Array, weights: number): Float64Array =>
  parameters.subarray(0, weights).map(Math.abs);
