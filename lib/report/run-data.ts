/** A run folder as a report needs it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readJson } from '../data/files.js';
import type { NdArray } from '../data/ndarray.js';
import { readNpy } from '../data/npy.js';
import { unexpected } from '../errors.js';
import type { JobOptions } from '../native.js';
import type { Verdict, VerdictCounts } from '../pipeline/causality.js';
import type { PruneConfig } from '../pipeline/config.js';
import type { RunRecord } from '../pipeline/record.js';
import { plainPValues } from '../pipeline/referee.js';

type ByEpoch = { readonly [part in 'train' | 'validation' | 'test']?: readonly (number | null)[] };

/** `curves.json`: what was measured after each epoch. */
export type Curves = Readonly<
  Record<string, { readonly epochs: readonly number[]; readonly accuracy: ByEpoch; readonly loss: ByEpoch }>
>;

export interface ReportLayer {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  /** Index of its first weight. */
  readonly offset: number;
}

/** Movements of a sample of weights. */
export interface ExplainedSeries {
  readonly weights: readonly number[];
  /** Iterates between two values. */
  readonly every: number;
  /** What they are of. */
  readonly series: 'weights' | 'difference';
  /** [weights, values] */
  readonly values: NdArray;
}

export interface RunData {
  readonly kind: 'run';
  readonly folder: string;
  readonly record: RunRecord;
  readonly layers: readonly ReportLayer[];
  /** [weights], 1 keeps. */
  readonly mask: Uint8Array;
  /** [weights], as the method scored them. */
  readonly score: Float64Array;
  readonly curves: Curves | undefined;
  /** Not there for methods that do not watch the training. */
  readonly watched: Watched | undefined;
}

/** What was seen of the training, and what was concluded from it. */
export interface Watched {
  readonly windows: number;
  /** [weights, windows] */
  readonly exponents: NdArray<Float64Array>;
  /** [windows] */
  readonly misclassification: Float64Array;
  /** [weights], corrected; NaN without a test. */
  readonly pValue: Float64Array;
  /** [weights], before correction; NaN without a test. */
  readonly plainPValue: Float64Array;
  readonly verdict: (weight: number) => Verdict;
  readonly counts: VerdictCounts;
  readonly explained: ExplainedSeries | undefined;
}

export type WatchedRun = RunData & Watched;

/** Names of a layer's inputs: those of the features where the data had any. */
export function inputNames({ record, layers }: Pick<RunData, 'record' | 'layers'>, layer: ReportLayer) {
  // records of older versions have none
  const names = (record.data as Partial<RunRecord['data']>).featureNames ?? undefined;
  return layer.name === layers[0]?.name && names?.length === layer.inputs ? names : undefined;
}

/**
 * Reads what `writeRunFolder` has written. p-values before correction are not among it: they are computed again.
 * @throws LegcnetError ERR_FILE, ERR_DATA
 */
export async function readRun(folder: string, job: JobOptions = {}): Promise<RunData> {
  const at = (name: string): string => path.join(folder, name);
  const record = (await readJson(at('run.json'))) as RunRecord;
  if (record?.command !== 'prune' || !record.ticket?.perLayer) {
    throw unexpected('ERR_DATA', at('run.json'), 'the record of a pruning run', record?.command);
  }
  const layers: ReportLayer[] = [];
  let weights = 0;
  for (const { name, shape } of record.ticket.perLayer) {
    layers.push({ name, outputs: shape[0], inputs: shape[1], offset: weights });
    weights += shape[0] * shape[1];
  }
  const mask = new Uint8Array(weights);
  for (const { name, outputs, inputs, offset } of layers) {
    mask.set((await read(at(`mask.${name}.npy`), 'u1', [outputs, inputs])).data as Uint8Array, offset);
  }
  const score = (await read(at('scores.npy'), 'f8', [weights])).data as Float64Array;
  return {
    ...{ kind: 'run', folder, record, layers, mask, score },
    curves: existsSync(at('curves.json')) ? ((await readJson(at('curves.json'))) as Curves) : undefined,
    watched: await readWatched(at, record, score, job),
  };
}

async function readWatched(
  at: (name: string) => string,
  record: RunRecord,
  score: Float64Array,
  job: JobOptions,
): Promise<Watched | undefined> {
  const { windows, verdicts: counts } = record;
  if (windows === null || counts === null) return undefined;
  const weights = score.length;
  const exponents = (await read(at('exponents.npy'), 'f8', [weights, windows])) as NdArray<Float64Array>;
  const misclassification = (await read(at('misclassification.npy'), 'f8', [windows])).data as Float64Array;
  const pValue = (await read(at('pvalues.npy'), 'f8', [weights])).data as Float64Array;
  const config = configOf(record);
  const plain = await plainPValues({ data: exponents.data, shape: [weights, windows] }, misclassification, config, job);
  return {
    ...{ windows, counts, exponents, misclassification, pValue },
    plainPValue: plain.map((p, w) => (Number.isNaN(pValue[w]) ? Number.NaN : p)),
    verdict: (w) => {
      if (score[w] === Number.NEGATIVE_INFINITY) return 'static';
      const p = pValue[w]!;
      return Number.isNaN(p) ? 'undecided' : p < config.alpha ? 'causal' : 'non-causal';
    },
    explained: await readExplained(at, weights),
  };
}

/** A record holds every option that results depend on. */
export const configOf = ({ config }: RunRecord): PruneConfig => config as PruneConfig;

async function readExplained(at: (name: string) => string, weights: number): Promise<ExplainedSeries | undefined> {
  if (!existsSync(at('explained.json')) || !existsSync(at('series.npy'))) return undefined;
  const description = (await readJson(at('explained.json'))) as Omit<ExplainedSeries, 'values'> | null;
  const chosen = description?.weights;
  const fits = Array.isArray(chosen) && chosen.every((w) => Number.isInteger(w) && w >= 0 && w < weights);
  if (!description || !fits)
    throw unexpected('ERR_DATA', at('explained.json'), `indices of weights below ${weights}`, chosen);
  const values = await readNpy(at('series.npy'), { dtype: ['f4', 'f8'] });
  if (values.shape.length !== 2 || values.shape[0] !== chosen.length) {
    throw unexpected('ERR_DATA', at('series.npy'), `an array [${chosen.length}, values]`, values.shape);
  }
  return { ...description, values };
}

async function read(file: string, dtype: 'f8' | 'u1', shape: readonly number[]): Promise<NdArray> {
  const array = await readNpy(file, { dtype: dtype === 'f8' ? ['f8', 'f4'] : ['u1'] });
  if (array.shape.join() !== shape.join()) {
    throw unexpected('ERR_DATA', file, `an array [${shape.join(', ')}], as run.json says`, array.shape);
  }
  return array.data instanceof Float32Array ? { ...array, data: Float64Array.from(array.data) } : array;
}
