/** Which weights go: by verdict, to a sparsity, or as far as the validation accuracy allows. */
import { keptAt } from '../mask/select.js';
import type { TrainResult } from '../network/train.js';
import type { Judgement } from './causality.js';
import type { PruneConfig } from './config.js';
import type { Ranked, Ranking } from './ranking.js';

/** Trains the ticket of a mask; `name` is for checkpoints, `detail` for people. */
export type Retrain = (
  name: string,
  mask: Uint8Array,
  detail: string,
  options?: { readonly scoresAtEndOnly?: boolean },
) => Promise<TrainResult>;

/** `within` stops looking when the sparsity known to pass and the one known to fail are this close. */
const RESOLUTION = 1 / 128;

/** @param judgement of a method that gives verdicts */
export async function selectWeights(
  config: PruneConfig,
  weights: number,
  dense: TrainResult,
  judgement: Judgement | undefined,
  ranking: Ranking,
  retrain: Retrain,
): Promise<Ranked> {
  if (config.selection === 'threshold') {
    const { score, verdict } = judgement as Judgement;
    return {
      mask: Uint8Array.from({ length: weights }, (_, w) => (verdict(w) === config.prune ? 0 : 1)),
      scores: score,
    };
  }
  if (config.selection === 'sparsity') {
    const sparsity = config.sparsity as number;
    return ranking.keep(keptAt(weights, sparsity), sparsity);
  }
  const keeping = (pruned: number): Promise<Ranked> => ranking.keep(weights - pruned, pruned / weights);
  const floor = (dense.scores.validation?.accuracy as number) - (config.within ?? 0.01);
  return keeping(await mostPruned(weights, keeping, floor, retrain));
}

/**
 * The largest number of weights that can be pruned with the ticket's validation accuracy at `floor` or above, by
 * bisection over retrainings. Assumes that accuracy falls as more is pruned; where it does not, the result is a number
 * that passes, if not the largest.
 */
async function mostPruned(
  weights: number,
  keeping: (pruned: number) => Promise<Ranked>,
  floor: number,
  retrain: Retrain,
): Promise<number> {
  let [passes, fails] = [0, weights];
  while (fails - passes > Math.max(1, weights * RESOLUTION)) {
    const pruned = Math.floor((passes + fails) / 2);
    const percent = ((100 * pruned) / weights).toFixed(1);
    const { mask } = await keeping(pruned);
    const ticket = await retrain(`candidate-${pruned}`, mask, `ticket at ${percent} %`, { scoresAtEndOnly: true });
    // a hair's breadth for the rounding of the difference; accuracies themselves are multiples of 1 / rows
    if ((ticket.scores.validation?.accuracy as number) >= floor - 1e-12) passes = pruned;
    else fails = pruned;
  }
  return passes;
}
