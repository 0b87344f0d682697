/** Pruning in rounds, and lottery tickets. */
import { RandomState } from '../data/numpy-random.js';
import { unexpected } from '../errors.js';
import type { LayerShape, Mlp } from '../network/mlp.js';
import { type TrainOptions, type TrainerState, type TrainingParts, trainRecord } from '../network/train.js';
import { checkOption } from '../options.js';
import { applyMask } from './gradients.js';
import { type Density, keptAt, layerCounts, magnitudeScores, selectByCounts, selectBySparsity } from './select.js';

export interface RoundOptions {
  /** Share of the weights that is pruned when the last round is over. */
  readonly sparsity: number;
  /** Default 1: one shot. */
  readonly rounds?: number | undefined;
  /** Default global. */
  readonly density?: Density | undefined;
  /** Of the order in which equal scores go. Default 1. */
  readonly seed?: number | undefined;
}

/**
 * Rounds, one at least, that pruning the same fraction of what is left (0.2) takes to reach a sparsity, as nearly as
 * can be. Both are numbers between 0 and 1, not checked; a sparsity of 1 takes Infinity. O(1).
 */
export const roundsFor = (sparsity: number, fraction: number): number =>
  Math.max(1, Math.round(Math.log1p(-sparsity) / Math.log1p(-fraction)));

/**
 * Prunes in rounds on an exponential schedule: n (1 - sparsity)^(k / rounds) of the n weights outlive round k, rounded,
 * which is the same fraction of what is left every time; the last leaves the sparsity exactly. What a round has pruned
 * stays pruned: where a layer's share by `density` would exceed what it has left, the other layers keep more.
 *
 * Cost: `score` and O(weights log weights) a round.
 *
 * @param score called at the beginning of each round (from 0) with the mask so far; returns [weights], higher = keep longer
 * @returns one byte a weight, 0 prunes
 * @throws LegcnetError ERR_OPTION, ERR_ARGUMENT for scores of another length or NaN, and what `score` throws
 */
export async function pruneInRounds(
  layers: readonly LayerShape[],
  options: RoundOptions,
  score: (mask: Uint8Array, round: number) => Promise<Float64Array> | Float64Array,
): Promise<Uint8Array> {
  const sparsity = checkOption('sparsity', options.sparsity);
  const rounds = checkOption('rounds', options.rounds ?? 1);
  const density = checkOption('density', options.density ?? 'global');
  const weights = layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const tieBreak = new RandomState(options.seed ?? 1).permutation(weights);
  let mask: Uint8Array = new Uint8Array(weights).fill(1);
  for (let round = 0; round < rounds; round++) {
    const scores = await score(mask.slice(), round);
    if (!(scores instanceof Float64Array && scores.length === weights)) {
      throw unexpected('ERR_ARGUMENT', 'scores', `a Float64Array of ${weights}`, scores);
    }
    const before = mask;
    const masked = scores.map((value, i) => (before[i] === 0 ? Number.NEGATIVE_INFINITY : aboveNothing(value)));
    const kept = keptAfter(weights, sparsity, round + 1, rounds);
    mask =
      density === 'global'
        ? selectBySparsity(masked, layers, kept, density, tieBreak)
        : selectByCounts(masked, layers, countsWithin(layers, before, kept, density), tieBreak);
  }
  return mask;
}

/** A weight still there goes after all that are gone, even if its score is the lowest there is. */
const aboveNothing = (score: number): number => (score === Number.NEGATIVE_INFINITY ? -Number.MAX_VALUE : score);

const keptAfter = (weights: number, sparsity: number, round: number, rounds: number): number =>
  round === rounds ? keptAt(weights, sparsity) : Math.round(weights * (1 - sparsity) ** (round / rounds));

/** `layerCounts`, but no layer keeps more than `mask` has left of it. */
function countsWithin(
  layers: readonly LayerShape[],
  mask: Uint8Array,
  kept: number,
  density: Exclude<Density, 'global'>,
): number[] {
  const left = layers.map(({ offset, inputs, outputs }) =>
    mask.subarray(offset, offset + inputs * outputs).reduce((sum, bit) => sum + bit, 0),
  );
  const counts = layerCounts(layers, kept, density).map((count, l) => Math.min(count, left[l] as number));
  let missing = kept - counts.reduce((sum, count) => sum + count, 0);
  for (let l = 0; missing > 0 && l < counts.length; l++) {
    const more = Math.min(missing, (left[l] as number) - (counts[l] as number));
    counts[l] = (counts[l] as number) + more;
    missing -= more;
  }
  return counts;
}

/** Where one training of a lottery begins. */
export interface RoundStart {
  /** 0 trains the dense network. */
  readonly round: number;
  /** Epochs that `parameters` have behind them: 0 in round 0, else the epoch rewound to. */
  readonly epoch: number;
  /** Where to begin; pruned weights are 0. */
  readonly parameters: Float64Array;
  /** One byte a weight, 0 prunes. */
  readonly mask: Uint8Array;
}

/**
 * Trains to the end. In round 0 it also returns the parameters after the epoch that is rewound to, unless that is 0.
 * `roundTrainer` makes one.
 */
export type TrainRound = (
  start: RoundStart,
) => Promise<{ readonly parameters: Float64Array; readonly rewindTo?: Float64Array | undefined }>;

export interface LotteryOptions extends RoundOptions {
  /** The epoch whose weights each round begins from. Default 0: the initial weights. */
  readonly rewind?: number | undefined;
  /** Scores a round by its trained parameters; default: their magnitude. */
  readonly score?: ((trained: Float64Array, start: RoundStart) => Promise<Float64Array> | Float64Array) | undefined;
}

/**
 * Finds a lottery ticket by iterative magnitude pruning: train, prune a fraction of what is left, set the rest back to
 * where it was, again (Frankle, Carbin 2019, *The lottery ticket hypothesis*); set back not to the initial weights but to
 * those of an early epoch (Frankle, Dziugaite, Roy, Carbin 2020, *Linear mode connectivity and the lottery ticket
 * hypothesis*) with `rewind`. Cost: `rounds` trainings; the ticket is not trained.
 *
 * @param network before training
 * @param train trains a round; see `roundTrainer`
 * @returns where the ticket's training begins: mask, rewound parameters, epoch; `train` takes it
 * @throws LegcnetError as `pruneInRounds`; ERR_ARGUMENT for parameters of another length from `train`, or none to
 *   rewind to; what `train` and `options.score` throw
 */
export async function lotteryTicket(network: Mlp, train: TrainRound, options: LotteryOptions): Promise<RoundStart> {
  const { weights, layers } = network;
  const { score = (trained) => magnitudeScores(trained, weights) } = options;
  const epoch = checkOption('rewind', options.rewind ?? 0);
  let point = network.parameters;
  let rounds = 0;
  const mask = await pruneInRounds(layers, options, async (left, round) => {
    rounds = round + 1;
    const begun = { round, epoch: round === 0 ? 0 : epoch, parameters: applyMask(point, left, weights), mask: left };
    const { parameters, rewindTo } = await train(begun);
    if (round === 0 && epoch > 0) point = sameLength('rewindTo', rewindTo, network);
    return score(sameLength('parameters', parameters, network), begun);
  });
  return { round: rounds, epoch, parameters: applyMask(point, mask, weights), mask };
}

function sameLength(name: string, parameters: Float64Array | undefined, { parameters: { length } }: Mlp): Float64Array {
  if (parameters instanceof Float64Array && parameters.length === length) return parameters;
  throw unexpected('ERR_ARGUMENT', `${name} of the trained round`, `a Float64Array of ${length}`, parameters);
}

/**
 * Trains the rounds of a lottery: the dense network once, noting the state after epoch `rewind`; every later round goes
 * on from that state with the weights that are left, so that it sees the same batches as the dense network did.
 *
 * Cost: nothing by itself; a round costs a training, from epoch `rewind` on after the first.
 *
 * @param options of the dense training; no mask, watch or checkpoints
 * @throws LegcnetError, by the function returned: ERR_OPTION when training ends at epoch `rewind` or before,
 *   ERR_ARGUMENT for a later round before round 0 where it rewinds; else as `train`
 */
export function roundTrainer(network: Mlp, parts: TrainingParts, options: TrainOptions, rewind = 0): TrainRound {
  let state: TrainerState | undefined;
  return async ({ round, parameters, mask }) => {
    if (rewind === 0) {
      return trainRecord(network.withParameters(parameters), parts, { ...options, mask });
    }
    if (round > 0) {
      if (!state) throw unexpected('ERR_ARGUMENT', 'round', 'round 0 first', round);
      return trainRecord(network, parts, { ...options, mask, resumeFrom: { ...state, parameters } });
    }
    state = await stateAfter(network, parts, options, rewind);
    const { parameters: trained } = await trainRecord(network, parts, { ...options, resumeFrom: state });
    return { parameters: trained, rewindTo: state.parameters };
  };
}

/**
 * Where a training is after so many epochs. Its history goes on from there when it is resumed.
 *
 * @param options of the whole training; no watch or checkpoints
 * @throws LegcnetError ERR_OPTION when training ends at that epoch or before; else as `trainRecord`
 */
export async function stateAfter(
  network: Mlp,
  parts: TrainingParts,
  options: TrainOptions,
  epoch: number,
): Promise<TrainerState> {
  let state: TrainerState | undefined;
  const { epochs, stoppedBy } = await trainRecord(network, parts, {
    ...options,
    epochs: epoch,
    checkpointSeconds: 0,
    onCheckpoint: async (now) => {
      state = now;
    },
  });
  if (epoch >= options.epochs || stoppedBy === 'accuracy') {
    throw unexpected('ERR_OPTION', 'rewind', `an epoch before training ends (it ended at ${epochs})`, epoch);
  }
  return state as unknown as TrainerState;
}
