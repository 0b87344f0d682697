import { fileError, withFile } from '../data/files.js';
import { LegcnetError, unexpected } from '../errors.js';
import { type JobOptions, type NativeTask, defaultThreads, native, runTask } from '../native.js';
import type { ExponentOptions } from '../lyapunov/options.js';
import { checkJobOptions, resolveOptions } from '../options.js';
import { type Metrics, type NativeEvaluations, metricsAt } from './metrics.js';
import { type Mlp } from './mlp.js';
import type { NativeSamples } from './samples.js';

/** The parts of a data set, in native memory; see `toNativeSamples`. */
export interface TrainingParts {
  readonly train: NativeSamples;
  readonly validation?: NativeSamples | undefined;
  readonly test?: NativeSamples | undefined;
}
export const PARTS = ['train', 'validation', 'test'] as const;
export type PartName = (typeof PARTS)[number];

/** Which series is watched, and how its windows become exponents; see METHOD "Series" in docs/method.md. */
export interface WatchOptions {
  readonly series: 'weights' | 'difference';
  /** Index of the weight in which the twin starts off (series `difference`). */
  readonly perturbedWeight: number;
  readonly perturbation: number;
  /** Iterates in a window, and between the starts of two. */
  readonly window: number;
  readonly stride: number;
  /** The series ends with this iterate (0 = before the first step); default: it never ends. */
  readonly lastIterate?: number;
  /** The part whose misclassification is noted at each window's end. */
  readonly target: PartName;
  /** Options of the exponent, as the addon takes them. */
  readonly lyapunov: ExponentOptions;
  /** Weights whose series is kept, thinned out; see `WatchedSeries.sample`. */
  readonly sample?: Uint32Array;
  /** Also write every iterate to this .npy file, [iterates, weights]. */
  readonly log?: string;
}

/** Options of the table that a training has. */
export const TRAINING_OPTIONS = [
  'batchSize',
  'learningRate',
  'epochs',
  'untilAccuracy',
  'stopPart',
  'shuffle',
  'seed',
  'evaluationScalar',
  'exponentScalar',
  'threads',
] as const;

export interface TrainOptions extends JobOptions {
  /** Samples a step; the last, short batch of an epoch is kept. Default 1. */
  readonly batchSize?: number;
  readonly learningRate: number;
  /** Epochs at most. */
  readonly epochs: number;
  /** Stop after the first epoch at whose end the accuracy on `stopPart` is at least this. Default: never. */
  readonly untilAccuracy?: number | undefined;
  readonly stopPart?: 'train' | 'validation';
  /** A new order of the samples every epoch, from `seed`. Default true. */
  readonly shuffle?: boolean;
  readonly seed?: number;
  /** One byte a weight, 0 prunes; applied before the first step and after every step. */
  readonly mask?: Uint8Array | undefined;
  readonly watch?: WatchOptions | undefined;
  /** Scores after every epoch, or (false) only at the end; `untilAccuracy` needs the former. Default true. */
  readonly evaluateEveryEpoch?: boolean;
  /** Precision of the evaluations (not of training). Default: the network's. */
  readonly evaluationScalar?: 'float64' | 'float32' | undefined;
  /** Precision in which exponents are kept; `auto`: float64, but float32 where that would take more than 256 MiB. */
  readonly exponentScalar?: 'auto' | 'float64' | 'float32';
  /** Where to go on from, and what to do with the state now and then. */
  readonly resumeFrom?: TrainerState | undefined;
  readonly onCheckpoint?: ((state: TrainerState) => Promise<void>) | undefined;
  /** Seconds of training between checkpoints at least. Default 10. */
  readonly checkpointSeconds?: number;
}

/** Where a training can be taken up again; opaque, but all numbers and typed arrays. See native/core/training.h. */
export interface TrainerState {
  readonly iterate: number;
  readonly stop: number;
  readonly parameters: Float64Array;
  readonly twinParameters: Float64Array;
  readonly exponents: Float64Array | Float32Array;
  readonly missing: Int32Array;
  readonly misclassification: Float64Array;
  readonly history: NativeEvaluations;
  readonly sample: Float32Array;
  readonly sampleEvery: number;
}

/** The watched series, as the Granger test takes it. */
export interface WatchedSeries {
  /** [weights, windows], row-major, nats per step; 0 where a window has no exponent. float32: see `exponentScalar`. */
  readonly exponents: Float64Array | Float32Array;
  /** [weights]: how many of a weight's windows have none (static, mostly). */
  readonly missing: Int32Array;
  /** [windows]: 1 - accuracy on the target part at the window's last iterate. */
  readonly misclassification: Float64Array;
  /** Wall time that computing the exponents took. */
  readonly seconds: number;
  /**
   * [weights of `WatchOptions.sample`, iterates], row-major: their series at iterates 0, sampleEvery, 2 sampleEvery, ...
   * `sampleEvery` is the smallest power of two that leaves at most 2,000.
   */
  readonly sample?: Float32Array;
  readonly sampleEvery?: number;
}

export type Scores = { readonly [P in PartName]?: Metrics };

/** What a training leaves, as plain numbers that can be stored. */
export interface TrainRecord {
  readonly parameters: Float64Array;
  readonly epochs: number;
  readonly stoppedBy: 'epochs' | 'accuracy';
  /** Evaluations of the three parts at the end, and after each epoch (none unless `evaluateEveryEpoch`). */
  readonly final: NativeEvaluations;
  readonly history: NativeEvaluations;
  readonly series: WatchedSeries | undefined;
}

export interface TrainResult {
  readonly network: Mlp;
  /** Epochs run. The 0-based index of the stopping epoch is this less one. */
  readonly epochs: number;
  readonly stoppedBy: 'epochs' | 'accuracy';
  /** Scores on each part at the end, and after every epoch. */
  readonly scores: Scores;
  readonly history: readonly Scores[];
  readonly series: WatchedSeries | undefined;
}

/** A stored training as a result. */
export function toTrainResult(network: Mlp, record: TrainRecord): TrainResult {
  const { parameters, epochs, stoppedBy, final, history, series } = record;
  return {
    network: network.withParameters(parameters),
    epochs,
    stoppedBy,
    scores: scoresAt(final, 0),
    history: Array.from({ length: history.rows.length / PARTS.length }, (_, epoch) => scoresAt(history, epoch)),
    series,
  };
}

interface NativeTrainer {
  run(options: { epochs: number; threads: number }): NativeTask<undefined>;
  evaluate(options: { threads: number }): NativeTask<NativeEvaluations>;
  series(): NativeTask<WatchedSeries>;
  state(): NativeTask<TrainerState>;
  restore(state: TrainerState): void;
  status(): {
    epochs: number;
    stepsPerEpoch: number;
    windows: number;
    stop: 'none' | 'epochs' | 'accuracy' | 'diverged';
  };
  parameters(): Float64Array;
  history(): NativeEvaluations;
}

declare module '../native.js' {
  interface NativeModule {
    Trainer: new (options: object) => NativeTrainer;
  }
}

/** A segment of training between two looks at the clock lasts about this long. */
const SEGMENT_SECONDS = 2;

/**
 * Trains a network by plain SGD on the mean gradient of each batch, from its parameters on, with a mask, a stopping rule
 * and a watch on the weights where `options` ask for them. The network given is not changed; the result holds a new one.
 * Results are the same bits for any number of threads, and for a run resumed from any checkpoint.
 *
 * Cost a step: O(batchSize x weights), less where inputs are sparse; with a watch, also O(weights) for the log and one
 * exponent per weight and window. An epoch ends with an evaluation of every part, unless `evaluateEveryEpoch` is false.
 * Memory: parameters, the parts, and one window of iterates. Progress counts steps.
 *
 * @throws LegcnetError ERR_OPTION; ERR_ARGUMENT for parts or a mask that do not fit the network; ERR_DIVERGED when the
 *   loss is no longer a number, with the epoch; ERR_FILE for a log that cannot be written;
 *   `signal.reason` when aborted
 */
export async function train(network: Mlp, parts: TrainingParts, options: TrainOptions): Promise<TrainResult> {
  return toTrainResult(network, await trainRecord(network, parts, options));
}

/** `train` with the result as a checkpoint holds it. */
export async function trainRecord(network: Mlp, parts: TrainingParts, options: TrainOptions): Promise<TrainRecord> {
  const { mask, watch, resumeFrom, onCheckpoint, signal, onProgress, evaluateEveryEpoch = true, ...rest } = options;
  const { checkpointSeconds = 10, ...given } = rest;
  checkJobOptions(options);
  const resolved = resolveOptions(TRAINING_OPTIONS, given);
  const epochs = required('epochs', resolved.epochs);
  const learningRate = required('learningRate', resolved.learningRate);
  checkCombination(network, parts, options, resolved);
  if (watch?.log !== undefined) await checkWritable(watch.log);
  const threads = resolved.threads ?? defaultThreads();
  const evaluationScalar = resolved.evaluationScalar ?? network.options.scalar;
  const trainer = new native.Trainer({
    network: network.native,
    training: { ...resolved, learningRate, evaluateEveryEpoch, evaluationScalar },
    series: watch && { ...watch, ...exponentTable(network, parts, watch, epochs, resolved) },
    parts: [parts.train, parts.validation, parts.test],
    parameters: network.parameters,
    mask,
  });
  if (resumeFrom) trainer.restore(resumeFrom);

  const steps = trainer.status().stepsPerEpoch;
  let [segment, sinceCheckpoint] = [1, 0];
  for (;;) {
    const { epochs: done, stop } = trainer.status();
    if (stop === 'diverged') throw diverged(done, learningRate);
    if (stop !== 'none' || done >= epochs) break;
    const started = performance.now();
    await runTask(() => trainer.run({ epochs: Math.min(epochs, done + segment), threads }), {
      signal,
      onProgress: onProgress && ((p) => onProgress({ done: done * steps + p.done, total: epochs * steps })),
    });
    const seconds = (performance.now() - started) / 1000;
    sinceCheckpoint += seconds;
    if (onCheckpoint && sinceCheckpoint >= checkpointSeconds) {
      await onCheckpoint(await runTask(() => trainer.state(), { signal }));
      sinceCheckpoint = 0;
    }
    if (seconds < SEGMENT_SECONDS / 2) segment *= 2;
  }
  const { epochs: done, stop } = trainer.status();
  onProgress?.({ done: epochs * steps, total: epochs * steps });
  return {
    parameters: trainer.parameters(),
    epochs: done,
    stoppedBy: stop === 'accuracy' ? 'accuracy' : 'epochs',
    final: await runTask(() => trainer.evaluate({ threads }), { signal }),
    history: trainer.history(),
    series: watch && (await runTask(() => trainer.series(), { signal })),
  };
}

/** More exponents than this are kept in single precision, unless asked otherwise. */
const MOST_DOUBLE_EXPONENTS = 2 ** 25; // 256 MiB

/** How many windows there will be at most, and in which precision their exponents are kept. */
function exponentTable(
  network: Mlp,
  parts: TrainingParts,
  watch: WatchOptions,
  epochs: number,
  { batchSize, exponentScalar }: { batchSize: number; exponentScalar: 'auto' | 'float64' | 'float32' },
): { expectedWindows: number; exponentScalar: 'float64' | 'float32' } {
  const last = Math.min(watch.lastIterate ?? Number.MAX_SAFE_INTEGER, epochs * Math.ceil(parts.train.rows / batchSize));
  const windows = last < watch.window - 1 ? 0 : Math.floor((last + 1 - watch.window) / watch.stride) + 1;
  const large = windows * network.weights > MOST_DOUBLE_EXPONENTS;
  return {
    expectedWindows: Math.min(windows, 2 ** 20), // beyond that, room is made as it is needed
    exponentScalar: exponentScalar === 'auto' ? (large ? 'float32' : 'float64') : exponentScalar,
  };
}

function scoresAt(evaluations: NativeEvaluations, epoch: number): Scores {
  const scores: { [P in PartName]?: Metrics } = {};
  PARTS.forEach((part, i) => {
    const metrics = metricsAt(evaluations, epoch * PARTS.length + i);
    if (metrics) scores[part] = metrics;
  });
  return scores;
}

/** Before hours of training, not at its first step. @throws LegcnetError ERR_FILE */
async function checkWritable(file: string): Promise<void> {
  try {
    await withFile(file, 'a', async () => {});
  } catch (error) {
    throw fileError('write', file, error);
  }
}

function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw unexpected('ERR_OPTION', name, 'a value', value);
  return value;
}

function checkCombination(
  network: Mlp,
  parts: TrainingParts,
  options: TrainOptions,
  resolved: { stopPart: 'train' | 'validation'; untilAccuracy: number | undefined },
): void {
  const { mask, watch, evaluateEveryEpoch = true } = options;
  if (mask !== undefined && !(mask instanceof Uint8Array && mask.length === network.weights)) {
    throw unexpected('ERR_ARGUMENT', 'mask', `a Uint8Array of ${network.weights}`, mask);
  }
  if (!parts[resolved.stopPart]) {
    throw unexpected('ERR_OPTION', 'stopPart', 'a part that the data has', resolved.stopPart);
  }
  if (resolved.untilAccuracy !== undefined && !evaluateEveryEpoch) {
    throw unexpected('ERR_OPTION', 'untilAccuracy', 'evaluateEveryEpoch', 'evaluateEveryEpoch: false');
  }
  if (watch && !parts[watch.target]) {
    throw unexpected('ERR_OPTION', 'target', 'a part that the data has', watch.target);
  }
  if (watch?.series === 'difference' && network.options.scalar === 'float32') {
    throw unexpected(
      'ERR_OPTION',
      'scalar',
      'float64 for the difference series (in float32 it would be rounding noise)',
      'float32',
    );
  }
}

const diverged = (epochs: number, learningRate: number): LegcnetError =>
  new LegcnetError(
    'ERR_DIVERGED',
    `training diverged in epoch ${epochs}: the loss is not a finite number. Lower the learning rate (it is ${learningRate}), ` +
      'or scale the inputs',
    { subject: 'learningRate', expected: 'a finite loss', received: learningRate },
  );
