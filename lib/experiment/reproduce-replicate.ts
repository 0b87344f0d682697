/** One replicate of a reproduction: the networks of one seed, or of one of the authors' initial weights. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Dataset } from '../data/datasets.js';
import { bytesOf, makeFolder, writeFileAtomic } from '../data/files.js';
import { RandomState } from '../data/numpy-random.js';
import { table4 } from '../diagnostics/table4.js';
import { LegcnetError } from '../errors.js';
import { magnitudeScores, selectByCounts } from '../mask/select.js';
import { summarise } from '../mask/mask.js';
import type { JobOptions } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import { type TrainResult, train } from '../network/train.js';
import { configHash, resolveConfig } from '../pipeline/config.js';
import { type PruneOptions, type PruneResult, type Ticket, prune } from '../pipeline/prune.js';
import { version } from '../pipeline/version.js';
import { METHODS, type Method, type ReproducedSet } from './published.js';
import { type Preset, reproducedOptions } from './reproduce-data.js';
import {
  type PublishedFolder,
  type ReplayedRun,
  initialNetwork,
  maskFromIndices,
  readRecord,
  trainOptions,
} from './replay.js';

const methodResultSchema = z.object({
  flops: z.number(),
  pruned: z.number(),
  epochs: z.number(),
  reached: z.boolean(),
  accuracy: z.number(),
  f1: z.number(),
  spectrum: z.array(z.object({ alpha: z.number().nullable(), alphaWeighted: z.number().nullable() })).optional(),
});
/**
 * What the tables say of a network. `epochs`: 0-based index of the epoch at whose end training stopped, as the paper
 * counts; the number of epochs where the benchmark was not `reached` or there is none. Accuracy and macro F1 on the test
 * part. `spectrum`, for MNIST: each layer's exponents, null where nothing could be fitted.
 */
export type MethodResult = z.infer<typeof methodResultSchema>;

const replicateSchema = z.object({
  legcnet: z.string(),
  /** Of the configuration, the data and the given initial weights. */
  hash: z.string(),
  dataset: z.string(),
  preset: z.string(),
  id: z.number(),
  results: z.partialRecord(z.enum(METHODS), methodResultSchema),
  notes: z.array(z.string()),
});
export type Replicate = z.infer<typeof replicateSchema>;

export interface ReplicateOptions extends JobOptions {
  /** Where finished runs are kept, and taken from; default: nowhere. */
  readonly out?: string | undefined;
}

/** What is to be run. */
export interface SeedPlan {
  readonly set: ReproducedSet;
  readonly preset: Preset;
  /** FT gives dense, FT, random and magnitude; PT gives PT. */
  readonly parts: readonly ('ft' | 'pt')[];
  /** The seed; with `initial`, the trial whose weights those are. */
  readonly id: number;
  readonly initial?: Float64Array | undefined;
}

/** Runs `prune` for FT and PT as far as the plan wants them; each is saved when it is done. */
export async function runSeed(plan: SeedPlan, dataset: Dataset, options: ReplicateOptions): Promise<Replicate> {
  const done: Replicate[] = [];
  for (const part of plan.parts) done.push(await runPart(plan, part, dataset, options));
  const [first] = done as [Replicate];
  return {
    ...first,
    results: done.reduce((all, { results }) => ({ ...all, ...results }), {}),
    notes: [...new Set(done.flatMap((replicate) => replicate.notes))],
  };
}

async function runPart(
  { set, preset, id, initial }: SeedPlan,
  part: 'ft' | 'pt',
  dataset: Dataset,
  { out, ...job }: ReplicateOptions,
): Promise<Replicate> {
  const { threads, signal } = job;
  const values = { ...reproducedOptions(dataset, preset, part), seed: id, baselines: part === 'ft' };
  const hash = hashOf(configHash(resolveConfig(dataset.name, values)), dataset, initial);
  const from = initial ? 'trial' : 'seed';
  const file = out === undefined ? undefined : path.join(out, `${set}-${preset}-${part}-${from}-${id}.json`);
  const found = await readReplicate(file, hash);
  if (found) return found;

  const outcome = await pruneOrNote(dataset, { ...values, threads, signal, ...(initial && { initial }) });
  const ours =
    typeof outcome === 'string' ? { results: {}, notes: [outcome] } : await resultsOf(outcome, part, set === 'mnist');
  const notes = ours.notes.map((note) => `${set}, ${part.toUpperCase()}: ${note}`);
  const replicate = { legcnet: version, hash, dataset: set, preset, id, results: ours.results, notes };
  if (file !== undefined) {
    await makeFolder(path.dirname(file));
    await writeFileAtomic(file, `${JSON.stringify(replicate, undefined, 2)}\n`);
  }
  return replicate;
}

/** Names all that the results depend on. */
function hashOf(config: string, { features, labels }: Dataset, initial: Float64Array | undefined): string {
  const hash = createHash('sha256').update(config);
  for (const array of [features.data, labels, ...(initial ? [initial] : [])]) hash.update(bytesOf(array));
  return hash.digest('hex').slice(0, 16);
}

/** A run whose series is too short to judge anything by has no results, only the reason. */
async function pruneOrNote(dataset: Dataset, options: PruneOptions): Promise<PruneResult | string> {
  try {
    return await prune(dataset, options);
  } catch (error) {
    if (error instanceof LegcnetError && error.code === 'ERR_TOO_SHORT') return error.message;
    throw error;
  }
}

async function resultsOf(
  { dense, ticket, baselines, judgement }: PruneResult,
  part: 'ft' | 'pt',
  withSpectrum: boolean,
): Promise<Pick<Replicate, 'results' | 'notes'>> {
  const results: Partial<Record<Method, MethodResult>> = {};
  const put = async (method: Method, { training, summary }: Ticket): Promise<void> => {
    results[method] = await resultOf(training, summary.pruned, withSpectrum);
  };
  if (part === 'ft') results.dense = await resultOf(dense, 0, withSpectrum);
  await put(part, ticket);
  if (baselines) {
    await put('random', baselines.random);
    await put('magnitude', baselines.magnitude);
  }
  return { results, notes: [...(judgement?.notes ?? [])] };
}

/** What an earlier run has left; undefined when there is nothing. */
async function readReplicate(file: string | undefined, hash: string): Promise<Replicate | undefined> {
  if (file === undefined || !existsSync(file)) return undefined;
  const replicate = await readRecord(file, replicateSchema);
  if (replicate.hash !== hash || replicate.legcnet !== version) {
    throw new LegcnetError('ERR_OPTION', `${file} is of another configuration, data or version: choose another --out`, {
      subject: 'out',
      expected: `version ${version}, configuration ${hash}`,
      received: `version ${replicate.legcnet}, configuration ${replicate.hash}`,
    });
  }
  return replicate;
}

async function resultOf(
  { network, epochs, stoppedBy, scores }: TrainResult,
  pruned: number,
  withSpectrum: boolean,
): Promise<MethodResult> {
  const reached = stoppedBy === 'accuracy';
  const test = scores.test;
  if (!test) throw new Error('the paper reports scores on a test part, and there is none');
  return {
    flops: network.weights - pruned,
    pruned,
    epochs: reached ? epochs - 1 : epochs,
    reached,
    accuracy: test.accuracy,
    f1: test.f1,
    ...(withSpectrum && { spectrum: await exponentsOf(network) }),
  };
}

async function exponentsOf(network: Mlp): Promise<NonNullable<MethodResult['spectrum']>> {
  const finite = (value: number | undefined): number | null =>
    value !== undefined && Number.isFinite(value) ? value : null;
  const rows = await table4({ network });
  return rows.map(({ alpha, alphaWeighted }) => ({ alpha: finite(alpha), alphaWeighted: finite(alphaWeighted) }));
}

/**
 * A replicate from a replayed trial: dense, FT and PT with the published masks, as replayed; and random and magnitude
 * tickets of as many weights a layer as the FT mask keeps, trained by the same rule.
 */
export async function replicateOfTrial(
  published: PublishedFolder,
  set: ReproducedSet,
  trial: number,
  runs: readonly ReplayedRun[],
  { signal, threads }: JobOptions,
): Promise<Replicate> {
  const network = await initialNetwork(published, trial);
  const { config, parts } = published;
  const results: Partial<Record<Method, MethodResult>> = {};
  for (const run of runs) {
    const method = run.variant.toLowerCase() as Method;
    if (!METHODS.includes(method)) continue;
    results[method] = {
      flops: network.weights - run.pruned,
      pruned: run.pruned,
      epochs: run.epochs ?? config.max_epochs,
      reached: run.epochs !== null,
      accuracy: run.test.accuracy,
      f1: run.test.f1,
    };
  }
  const dense = runs.find((run) => run.variant === 'dense');
  const indices = config.masks.FT?.[trial - 1];
  if (dense && indices) {
    const { perLayer } = summarise(maskFromIndices(network.weights, indices), network.layers);
    const counts = perLayer.map((layer) => layer.kept);
    const tieBreak = new RandomState(trial).permutation(network.weights);
    const scores = {
      random: Float64Array.from(new RandomState(trial + 1).permutation(network.weights)),
      magnitude: magnitudeScores(dense.parameters, network.weights),
    };
    for (const method of ['random', 'magnitude'] as const) {
      const mask = selectByCounts(scores[method], network.layers, counts, tieBreak);
      const training = await train(network, parts, {
        ...trainOptions(config),
        mask,
        ...(threads !== undefined && { threads }),
        ...(signal && { signal }),
      });
      results[method] = await resultOf(training, indices.length, false);
    }
  }
  return { legcnet: version, hash: '', dataset: set, preset: 'authors', id: trial, results, notes: [] };
}
