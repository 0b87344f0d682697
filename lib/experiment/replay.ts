/** Repeats a published training run by run from its own arrays, initial weights and masks, and compares the results. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { readJson } from '../data/files.js';
import type { NdArray } from '../data/ndarray.js';
import { readNpy } from '../data/npy.js';
import { LegcnetError, unexpected } from '../errors.js';
import type { Metrics } from '../network/metrics.js';
import { Mlp } from '../network/mlp.js';
import { toNativeSamples } from '../network/samples.js';
import { type TrainResult, type TrainingParts, train } from '../network/train.js';
import type { JobOptions } from '../native.js';
import { resolveExponent } from '../lyapunov/options.js';

const maskChainSchema = z.object({
  window: z.int().min(3),
  overlap: z.number().min(0).lt(1),
  epochs: z.int().min(1),
  target: z.enum(['train', 'test']),
  max_lag: z.int().min(1),
  statistic: z.literal('ssr_chi2test'),
  alpha: z.number(),
});
/** The settings that a mask is made with: windows of iterates, epochs watched, target part, lags tried. */
export type MaskChain = z.infer<typeof maskChainSchema>;

const variantMasks = z.array(z.array(z.int().min(0)).nullable());
const configSchema = z.object({
  dataset: z.string(),
  features: z.int().min(1),
  hidden: z.int().min(1),
  outputs: z.int().min(1),
  lr: z.number().gt(0),
  batch_size: z.int().min(1),
  benchmark: z.number(),
  max_epochs: z.int().min(1),
  gradient_divisor_m: z.int().min(1),
  masks: z.record(z.string(), variantMasks),
  mask_chain: z.record(z.string(), maskChainSchema).optional(),
});
export type PublishedConfig = z.infer<typeof configSchema>;

const scoresSchema = z.object({ precision: z.number(), recall: z.number(), f1: z.number() });
const expectedSchema = z.object({
  runs: z.array(
    z.object({
      trial: z.int(),
      variant: z.string(),
      epochs: z.int().nullable(),
      train_acc: z.number(),
      test_acc: z.number(),
      train: scoresSchema,
      test: scoresSchema,
    }),
  ),
});
type ExpectedRun = z.infer<typeof expectedSchema>['runs'][number];

/** How far a replayed number may be from the published one. */
export const REPLAY_TOLERANCES = { scores: 1e-12, weights: 1e-11, log: 1e-12 } as const;

export interface ReplayedRun {
  readonly trial: number;
  readonly variant: string;
  readonly pruned: number;
  /** 0-based index of the epoch at whose end the benchmark was reached; null when it never was. */
  readonly epochs: number | null;
  readonly train: Metrics;
  readonly test: Metrics;
  /** [W1, W2, b1, b2] at the end. */
  readonly parameters: Float64Array;
  /** What disagrees with the expected results, one sentence each; undefined when there are none to compare with. */
  readonly disagreements: readonly string[] | undefined;
}

export interface Replay {
  readonly dataset: string;
  readonly runs: readonly ReplayedRun[];
  /** Whether every run that could be compared agrees. */
  readonly agrees: boolean;
}

/** The parts of a published training folder. */
export interface PublishedFolder {
  readonly path: string;
  readonly config: PublishedConfig;
  readonly parts: TrainingParts;
  /** Number of trials: there is one set of initial weights for each. */
  readonly trials: number;
}

/**
 * Opens a folder that holds `config.json`, `x_train.npy`, `y_train.npy`, `x_test.npy`, `y_test.npy` ([rows, features],
 * [rows, outputs], float64) and `init_<trial>_{W1,b1,W2,b2}.npy`.
 *
 * @throws LegcnetError ERR_DATA or ERR_FILE, naming the file
 */
export async function openPublished(folder: string): Promise<PublishedFolder> {
  const config = await readRecord(path.join(folder, 'config.json'), configSchema);
  const part = async (name: string) => {
    const read = (file: string) => readNpy(path.join(folder, file), { dtype: 'f8', rank: 2 });
    const given = { features: await read(`x_${name}.npy`), targets: await read(`y_${name}.npy`) };
    return toNativeSamples(name, given, config.outputs, 'float64');
  };
  const parts = { train: await part('train'), test: await part('test') };
  let trials = 0;
  while (existsSync(path.join(folder, `init_${trials + 1}_W1.npy`))) trials++;
  if (trials === 0) throw unexpected('ERR_DATA', folder, 'initial weights such as init_1_W1.npy', 'none');
  return { path: folder, config, parts, trials };
}

/** The network of one trial, with its initial weights. */
export async function initialNetwork({ path: folder, config }: PublishedFolder, trial: number): Promise<Mlp> {
  const arrays = await Promise.all(
    ['W1', 'W2', 'b1', 'b2'].map((name) => readNpy(path.join(folder, `init_${trial}_${name}.npy`), { dtype: 'f8' })),
  );
  const parameters = Float64Array.from(arrays.flatMap((array) => [...array.data]));
  const { outputs, gradient_divisor_m: divisor } = config;
  if (divisor !== 1 && divisor !== outputs) {
    throw unexpected('ERR_DATA', 'gradient_divisor_m', `1 or the number of outputs, ${outputs}`, divisor);
  }
  return new Mlp(
    [config.features, config.hidden, outputs],
    { divideByOutputs: divisor === outputs, accuracyRule: 'exact-match' },
    parameters,
  );
}

/** One byte a weight, 0 where the published list of flat indices prunes. */
export function maskFromIndices(weights: number, indices: readonly number[]): Uint8Array {
  const mask = new Uint8Array(weights).fill(1);
  for (const index of indices) {
    if (index >= weights) throw unexpected('ERR_DATA', 'mask', `weight indices below ${weights}`, index);
    mask[index] = 0;
  }
  return mask;
}

/**
 * Runs every trial as dense network and with each of its published masks, by the folder's stopping rule, in float64.
 * Where the folder has `expected.json`, `final_<trial>_<variant>.npy` or `weights_log_first_2000.npy`, compares: epochs
 * and accuracies exactly, the rest within `REPLAY_TOLERANCES`.
 *
 * Cost: a training for each trial and mask, one more for each trial's dense network, and one to compare the log with.
 * All arrays are read into memory.
 *
 * @param folder config.json, x_train.npy and so on, init_<trial>_W1.npy and so on: docs/reproduction.md
 * @param options.trials the first so many at most; default all
 * @param options.onRun called after each run
 * @throws LegcnetError ERR_FILE; ERR_DATA or ERR_ARGUMENT for files that do not fit together; ERR_OPTION; ERR_DIVERGED;
 *   `signal.reason` when aborted
 */
export async function replay(
  folder: string,
  options: JobOptions & { trials?: number; onRun?: (run: ReplayedRun) => void } = {},
): Promise<Replay> {
  const { trials = Number.POSITIVE_INFINITY, onRun, ...job } = options;
  const published = await openPublished(folder);
  const expectedFile = path.join(folder, 'expected.json');
  const expected = existsSync(expectedFile) ? (await readRecord(expectedFile, expectedSchema)).runs : undefined;
  const runs: ReplayedRun[] = [];
  for (let trial = 1; trial <= Math.min(trials, published.trials); trial++) {
    const network = await initialNetwork(published, trial);
    for (const [variant, indices] of variantsOf(published.config, trial)) {
      const mask = maskFromIndices(network.weights, indices);
      const result = await train(network, published.parts, { ...trainOptions(published.config), ...job, mask });
      const wanted = expected?.find((run) => run.trial === trial && run.variant === variant);
      const disagreements = await compare(published, trial, variant, result, wanted);
      const run: ReplayedRun = {
        trial,
        variant,
        pruned: indices.length,
        epochs: stoppingEpoch(result),
        train: result.scores.train as Metrics,
        test: result.scores.test as Metrics,
        parameters: result.network.parameters,
        disagreements,
      };
      runs.push(run);
      onRun?.(run);
    }
  }
  return { dataset: published.config.dataset, runs, agrees: runs.every((run) => !run.disagreements?.length) };
}

/** What the published training does, whatever is pruned. */
export function trainOptions(config: PublishedConfig) {
  return {
    batchSize: config.batch_size,
    learningRate: config.lr,
    epochs: config.max_epochs,
    untilAccuracy: config.benchmark,
    shuffle: false,
  };
}

function variantsOf(config: PublishedConfig, trial: number): [string, readonly number[]][] {
  const variants: [string, readonly number[]][] = [['dense', []]];
  for (const [name, masks] of Object.entries(config.masks)) {
    const indices = masks[trial - 1];
    if (indices) variants.push([name, indices]);
  }
  return variants;
}

const stoppingEpoch = (result: TrainResult): number | null =>
  result.stoppedBy === 'accuracy' ? result.epochs - 1 : null;

async function compare(
  published: PublishedFolder,
  trial: number,
  variant: string,
  result: TrainResult,
  expected: ExpectedRun | undefined,
): Promise<string[] | undefined> {
  const found: string[] = [];
  const check = (name: string, ours: number | null, theirs: number | null, tolerance: number): void => {
    const agree = ours === theirs || (ours !== null && theirs !== null && Math.abs(ours - theirs) <= tolerance);
    if (!agree) found.push(`${name} is ${ours}, expected ${theirs}${tolerance ? ` within ${tolerance}` : ''}`);
  };
  if (expected) {
    check('stopping epoch', stoppingEpoch(result), expected.epochs, 0);
    for (const part of ['train', 'test'] as const) {
      const ours = result.scores[part] as Metrics;
      check(`${part} accuracy`, ours.accuracy, expected[`${part}_acc`], 0);
      for (const score of ['precision', 'recall', 'f1'] as const) {
        check(`${part} macro ${score}`, ours[score], expected[part][score], REPLAY_TOLERANCES.scores);
      }
    }
  }
  const final = path.join(published.path, `final_${trial}_${variant}.npy`);
  if (existsSync(final)) {
    const wanted = await readNpy(final, { dtype: 'f8' });
    check(
      'largest difference of a final weight',
      maxDifference(result.network.parameters, wanted.data),
      0,
      REPLAY_TOLERANCES.weights,
    );
  }
  const log = path.join(published.path, 'weights_log_first_2000.npy');
  const logged = trial === 1 && variant === 'dense' && existsSync(log);
  if (logged) {
    const wanted = await readNpy(log, { dtype: 'f8', rank: 2 });
    const ours = await firstIterates(published, await initialNetwork(published, 1), wanted.shape[0] as number);
    check('largest difference of an early iterate', maxDifference(ours.data, wanted.data), 0, REPLAY_TOLERANCES.log);
  }
  return expected || existsSync(final) || logged ? found : undefined;
}

/** The weights before the first step and after each of the following, [rows, weights]. */
async function firstIterates(published: PublishedFolder, network: Mlp, rows: number): Promise<NdArray> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'legcnet-replay-'));
  try {
    const log = path.join(scratch, 'log.npy');
    await train(network, published.parts, {
      ...trainOptions(published.config),
      watch: {
        series: 'weights',
        perturbedWeight: 0,
        perturbation: 0,
        window: rows,
        stride: rows,
        lastIterate: rows - 1,
        target: 'train',
        lyapunov: resolveExponent(),
        log,
      },
    });
    return await readNpy(log, { rank: 2 });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/** @throws LegcnetError ERR_FILE, ERR_DATA */
export async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const { data, error: cause } = schema.safeParse(await readJson(file));
  if (!cause) return data;
  const reason = z.prettifyError(cause);
  throw new LegcnetError('ERR_DATA', `${file} is not what it should be: ${reason}`, { subject: file, cause });
}
