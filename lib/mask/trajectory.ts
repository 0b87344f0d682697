/** A training seen epoch by epoch, and the scores that are sums over it. */
import { unexpected } from '../errors.js';
import { type JobOptions, native, runTask } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import type { NativeSamples } from '../network/samples.js';
import {
  type TrainOptions,
  type TrainRecord,
  type TrainerState,
  type TrainingParts,
  trainRecord,
} from '../network/train.js';
import { type OptionValues, checkJobOptions, checkOption, options as table } from '../options.js';
import { applyMask, lossGradient } from './gradients.js';

/** A training whose weights can be seen after every epoch. */
export interface Trajectory {
  readonly network: Mlp;
  readonly parts: TrainingParts;
  readonly options: TrainOptions;
  /**
   * The parameters before the first epoch, after it, after the second, ... May be called again. `trajectoryOf` trains
   * anew each time, so that memory stays flat; who has stored them gives the stored ones.
   */
  readonly snapshots: (job?: JobOptions) => Iterable<Float64Array> | AsyncIterable<Float64Array>;
}

/**
 * A training as a trajectory. Cost: nothing by itself; each time that `snapshots` is gone through, a training by
 * `trainByEpoch`, whose errors are thrown then.
 *
 * @param options of the training; no `watch`, `resumeFrom` or `onCheckpoint`
 */
export const trajectoryOf = (network: Mlp, parts: TrainingParts, options: TrainOptions): Trajectory => ({
  network,
  parts,
  options,
  snapshots: (job) => trainByEpoch(network, parts, { ...options, ...job }),
});

/**
 * Trains as `train` does, to the same bits, an epoch at a time: yields the parameters before the first epoch and after
 * each, and returns the record. Costs one more evaluation of every part per epoch.
 *
 * @throws LegcnetError as `train`, and ERR_OPTION for `watch`, which goes on from windows and not from epochs, and for
 *   `resumeFrom` and `onCheckpoint`
 */
export async function* trainByEpoch(
  network: Mlp,
  parts: TrainingParts,
  options: TrainOptions,
): AsyncGenerator<Float64Array, TrainRecord | undefined> {
  const { epochs, onProgress } = options;
  for (const name of ['watch', 'resumeFrom', 'onCheckpoint'] as const) {
    if (options[name] !== undefined) throw unexpected('ERR_OPTION', name, 'nothing', options[name]);
  }
  checkOption('epochs', epochs);
  yield applyMask(network.parameters, options.mask, network.weights);
  let [state, record]: [TrainerState | undefined, TrainRecord | undefined] = [undefined, undefined];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    record = await trainRecord(network, parts, {
      ...options,
      epochs: epoch,
      resumeFrom: state,
      checkpointSeconds: 0,
      onCheckpoint: async (now) => {
        state = now;
      },
      ...(onProgress && { onProgress: (p) => onProgress({ done: p.done, total: (p.total / epoch) * epochs }) }),
    });
    yield record.parameters;
    if (record.stoppedBy === 'accuracy') break;
  }
  return record;
}

/**
 * The network after the first part of a training: `percent` of its epochs, rounded up to whole ones, or so many `epochs`;
 * never more than the training has. The same bits as the whole training has at that point. Cost: those epochs.
 *
 * @param partial default 10 %
 * @throws LegcnetError as `train`; ERR_OPTION for a bad `partial`
 */
export async function trainPartly(
  network: Mlp,
  parts: TrainingParts,
  options: TrainOptions,
  partial: NonNullable<OptionValues['partial']> = table.partial.default,
): Promise<Mlp> {
  const part = checkOption('partial', partial);
  const whole = checkOption('epochs', options.epochs);
  const epochs = 'epochs' in part ? part.epochs : Math.ceil((whole * part.percent) / 100);
  const { parameters } = await trainRecord(network, parts, { ...options, epochs: Math.min(whole, epochs) });
  return network.withParameters(parameters);
}

/**
 * Movement (Sanh, Wolf, Rush 2020, *Movement pruning*, equation 5 without its constant): -sum over the steps t of
 * g_t w_t, g_t being the gradient of step t's batch and w_t the weight it is taken at. Positive where training moved the
 * weight away from 0. Each epoch's steps are repeated in double precision from its snapshot, with the training's own
 * batches: its sum is exact but for rounding within the epoch (float32 training: float32's).
 *
 * Cost: that of the training, its steps repeated on one thread, beside what the snapshots cost.
 *
 * @returns [weights]; zeros for a single snapshot
 * @throws LegcnetError ERR_ARGUMENT for a snapshot of another length, ERR_OPTION for a bad `job`; what the trajectory's
 *   `snapshots` throws (see `trainByEpoch`); `signal.reason` when aborted
 */
export async function movementScores(trajectory: Trajectory, job: JobOptions = {}): Promise<Float64Array> {
  checkJobOptions(job);
  const { network, parts, options } = trajectory;
  const { length } = network.parameters;
  const { batchSize = 1, learningRate, shuffle = true, seed = table.seed.default, mask } = options;
  const sum = new Float64Array(network.weights);
  const fixed = { network: network.native, mask, samples: parts.train, batchSize, learningRate, shuffle, seed };
  let [parameters, epoch]: [Float64Array | undefined, number] = [undefined, 0];
  for await (const next of trajectory.snapshots(job)) {
    if (!(next instanceof Float64Array && next.length === length)) {
      throw unexpected('ERR_ARGUMENT', 'snapshots', `arrays that are each a Float64Array of ${length}`, next);
    }
    if (parameters) {
      const point = { ...fixed, parameters, epoch: epoch++ };
      const moved = await runTask(() => native.movement(point), signalOf(job));
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (moved[i] as number);
    }
    parameters = next;
  }
  return sum;
}

export interface LossChangeAllocation {
  /** [parameters] share of each in the change of the training loss; negative where it brought the loss down. */
  readonly allocation: Float64Array;
  /** [snapshots] mean training loss before the first epoch and after each. */
  readonly loss: Float64Array;
}

/**
 * Loss-change allocation (Lan, Liu, Zhou, Yosinski 2019, *LCA: Loss change allocation for neural network training*):
 * the loss's change along the trajectory, divided among the parameters as the path integral of gradient times movement.
 * Here the path goes straight from epoch to epoch, and each segment's integral is taken by Simpson's rule,
 * dw (g(a) + 4 g((a + b) / 2) + g(b)) / 6 with the gradient over the whole training part: exact for losses that are
 * polynomials of degree 4 or less along the segment. The allocations sum to the loss's change up to the rule's error.
 *
 * Cost: two gradients over the samples per epoch, and one; memory O(parameters). There is no progress.
 *
 * @param samples that the loss is taken on
 * @param snapshots parameters, two at least
 * @throws LegcnetError ERR_ARGUMENT for fewer than two snapshots or one of another length, ERR_OPTION for a bad `job`;
 *   else as `lossGradient`, and what `snapshots` throws
 */
export async function lossChangeAllocation(
  network: Mlp,
  samples: NativeSamples,
  snapshots: Iterable<Float64Array> | AsyncIterable<Float64Array>,
  job: JobOptions = {},
): Promise<LossChangeAllocation> {
  checkJobOptions(job);
  const allocation = new Float64Array(network.parameters.length);
  const loss: number[] = [];
  const at = (parameters: Float64Array) =>
    lossGradient(network.withParameters(parameters), samples, { ...threadsOf(job), ...signalOf(job) });
  let last: { parameters: Float64Array; gradient: Float64Array } | undefined;
  for await (const parameters of snapshots) {
    const now = await at(parameters);
    loss.push(now.loss);
    if (last) {
      const { parameters: from, gradient: g0 } = last;
      const { gradient: g1 } = await at(from.map((w, i) => (w + (parameters[i] as number)) / 2));
      for (let i = 0; i < allocation.length; i++) {
        const slope = ((g0[i] as number) + 4 * (g1[i] as number) + (now.gradient[i] as number)) / 6;
        allocation[i] = (allocation[i] as number) + slope * ((parameters[i] as number) - (from[i] as number));
      }
    }
    last = { parameters, gradient: now.gradient };
  }
  if (loss.length < 2) throw unexpected('ERR_ARGUMENT', 'snapshots', 'at least two', loss.length);
  return { allocation, loss: Float64Array.from(loss) };
}

const signalOf = ({ signal }: JobOptions): JobOptions => (signal ? { signal } : {});
const threadsOf = ({ threads }: JobOptions): JobOptions => (threads === undefined ? {} : { threads });
