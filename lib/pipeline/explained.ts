/** Which weights a reader is shown the series of. */
import type { LayerShape } from '../network/mlp.js';

/** Weights in all. */
const SAMPLED = 48;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * 48 weights, or all where there are fewer: as many of each layer as can be, spread evenly over the rows of its matrix
 * and, by the golden ratio, over the columns. The same for networks of the same shape.
 *
 * @returns indices, ascending
 */
export function explainedWeights(layers: readonly LayerShape[]): Uint32Array {
  const counts = evenCounts(
    layers.map(({ inputs, outputs }) => inputs * outputs),
    SAMPLED,
  );
  const chosen = layers.flatMap(({ offset, inputs, outputs }, l) =>
    spread(inputs, outputs, counts[l] as number).map((index) => offset + index),
  );
  return Uint32Array.from(chosen).sort();
}

/** Shares of `total` that are as even as sizes allow. */
function evenCounts(sizes: readonly number[], total: number): number[] {
  const counts = sizes.map(() => 0);
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  for (let l = 0; left > 0; l = (l + 1) % sizes.length) {
    if ((counts[l] as number) === sizes[l]) continue;
    counts[l] = (counts[l] as number) + 1;
    left--;
  }
  return counts;
}

/** `count` entries of a matrix [outputs, inputs]. */
function spread(inputs: number, outputs: number, count: number): number[] {
  const chosen = new Set<number>();
  for (let i = 0; i < count; i++) {
    const row = Math.floor(((i + 0.5) * outputs) / count);
    const column = Math.floor((((i + 0.5) * GOLDEN_RATIO) % 1) * inputs);
    let index = row * inputs + column;
    while (chosen.has(index)) index = (index + 1) % (inputs * outputs);
    chosen.add(index);
  }
  return [...chosen];
}
