/** Which weights go: by verdict, to a sparsity, or as far as the validation accuracy allows. */
import { keptAt, selectBySparsity } from '../mask/select.js';
import type { Mlp } from '../network/mlp.js';
import type { TrainResult } from '../network/train.js';
import type { Judgement } from './causality.js';
import type { PruneConfig } from './config.js';

/** Trains the ticket of a mask; `name` is for checkpoints, `detail` for people. */
export type Retrain = (
  name: string,
  mask: Uint8Array,
  detail: string,
  options?: { readonly scoresAtEndOnly?: boolean },
) => Promise<TrainResult>;

/** `within` stops looking when the sparsity known to pass and the one known to fail are this close. */
const RESOLUTION = 1 / 128;

/** @returns one byte a weight, 0 prunes */
export async function selectMask(
  config: PruneConfig,
  network: Mlp,
  dense: TrainResult,
  judgement: Judgement,
  tieBreak: ArrayLike<number>,
  retrain: Retrain,
): Promise<Uint8Array> {
  const { weights, layers } = network;
  if (config.selection === 'threshold') {
    return Uint8Array.from({ length: weights }, (_, w) => (judgement.verdict(w) === config.prune ? 0 : 1));
  }
  const keeping = (kept: number): Uint8Array =>
    selectBySparsity(judgement.score, layers, kept, config.density, tieBreak);
  if (config.selection === 'sparsity') return keeping(keptAt(weights, config.sparsity as number));
  const floor = (dense.scores.validation?.accuracy as number) - (config.within ?? 0.01);
  return keeping(weights - (await mostPruned(weights, keeping, floor, retrain)));
}

/**
 * The largest number of weights that can be pruned with the ticket's validation accuracy at `floor` or above, by
 * bisection over retrainings. Assumes that accuracy falls as more is pruned; where it does not, the result is a number
 * that passes, if not the largest.
 */
async function mostPruned(
  weights: number,
  keeping: (kept: number) => Uint8Array,
  floor: number,
  retrain: Retrain,
): Promise<number> {
  let [passes, fails] = [0, weights];
  while (fails - passes > Math.max(1, weights * RESOLUTION)) {
    const pruned = Math.floor((passes + fails) / 2);
    const percent = ((100 * pruned) / weights).toFixed(1);
    const ticket = await retrain(`candidate-${pruned}`, keeping(weights - pruned), `ticket at ${percent} %`, {
      scoresAtEndOnly: true,
    });
    // a hair's breadth for the rounding of the difference; accuracies themselves are multiples of 1 / rows
    if ((ticket.scores.validation?.accuracy as number) >= floor - 1e-12) passes = pruned;
    else fails = pruned;
  }
  return passes;
}
