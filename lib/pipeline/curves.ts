/** How the accuracy and the loss of a run's networks came about, epoch by epoch. */
import type { Metrics } from '../network/metrics.js';
import { PARTS, type PartName, type TrainResult } from '../network/train.js';
import type { PruneResult } from './prune.js';

type ByPart = { readonly [P in PartName]?: readonly (number | null)[] };

export interface NetworkCurve {
  /** Epochs, from 1, at whose end the network was evaluated; the last alone for one that is evaluated at the end only. */
  readonly epochs: readonly number[];
  /** By part, as many values as `epochs`; null where one is not a finite number. A part that the data lacks is absent. */
  readonly accuracy: ByPart;
  readonly loss: ByPart;
}

export type NetworkName = 'dense' | 'ticket' | 'random' | 'magnitude' | 'shuffled' | 'placebo';
export type Curves = { readonly [N in NetworkName]?: NetworkCurve };

/** Of all networks that a run has trained to be shown. O(epochs) a network. */
export function curvesOf({ dense, ticket, baselines, referee }: PruneResult): Curves {
  return {
    dense: curveOf(dense),
    ticket: curveOf(ticket.training),
    ...(baselines && {
      random: curveOf(baselines.random.training),
      magnitude: curveOf(baselines.magnitude.training),
    }),
    ...(referee && { shuffled: curveOf(referee.shuffled.training) }),
    ...(referee?.placeboTicket && { placebo: curveOf(referee.placeboTicket.ticket.training) }),
  };
}

function curveOf({ epochs, scores, history }: TrainResult): NetworkCurve {
  const evaluated = history.length > 0 ? history : [scores];
  const byPart = (pick: (metrics: Metrics) => number): ByPart =>
    Object.fromEntries(
      PARTS.filter((part) => scores[part]).map((part) => [
        part,
        evaluated.map((at) => finite(at[part] && pick(at[part]))),
      ]),
    );
  return {
    epochs: evaluated.map((_, i) => epochs - evaluated.length + 1 + i),
    accuracy: byPart((metrics) => metrics.accuracy),
    loss: byPart((metrics) => metrics.loss),
  };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
