/** Masks: one byte a weight, 1 keeps, 0 prunes; in the order of `Mlp.parameters`. */
import { unexpected } from '../errors.js';
import type { LayerShape } from '../network/mlp.js';

export interface LayerMask {
  readonly name: string;
  /** [outputs, inputs] */
  readonly shape: readonly [number, number];
  readonly kept: number;
  readonly pruned: number;
}

export interface MaskSummary {
  /** Weights pruned, and weights that could be (biases are not). */
  readonly pruned: number;
  readonly prunable: number;
  /** pruned / prunable */
  readonly sparsity: number;
  /** Unpruned weights: the multiply-adds of one forward pass, and the "Flops" column of the paper's tables. */
  readonly flops: number;
  readonly perLayer: readonly LayerMask[];
}

/**
 * Counts what a mask keeps and prunes, in all and by layer. O(weights).
 *
 * @param mask [weights], 1 keeps, 0 prunes, in the order of the layers, each row-major [outputs, inputs]
 * @throws LegcnetError ERR_ARGUMENT when the mask does not fit the layers or holds anything but 0 and 1
 */
export function summarise(mask: Uint8Array, layers: readonly LayerShape[]): MaskSummary {
  const prunable = layers.reduce((sum, layer) => sum + layer.inputs * layer.outputs, 0);
  if (!(mask instanceof Uint8Array) || mask.length !== prunable) {
    throw unexpected('ERR_ARGUMENT', 'mask', `a Uint8Array of ${prunable}`, mask);
  }
  const perLayer = layers.map((layer) => {
    const part = mask.subarray(layer.offset, layer.offset + layer.inputs * layer.outputs);
    let kept = 0;
    for (const entry of part) {
      if (entry > 1) throw unexpected('ERR_ARGUMENT', 'mask', 'only 0 and 1', entry);
      kept += entry;
    }
    return {
      name: layer.name,
      shape: [layer.outputs, layer.inputs] as const,
      kept,
      pruned: part.length - kept,
    };
  });
  const pruned = perLayer.reduce((sum, layer) => sum + layer.pruned, 0);
  return { pruned, prunable, sparsity: pruned / prunable, flops: prunable - pruned, perLayer };
}
