/** Networks to diagnose: a run folder's dense network and ticket, or a file of weights. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError, readJson } from '../data/files.js';
import type { NdArray } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { readSafetensors } from '../interchange/safetensors.js';
import { Mlp, type NetworkOptions } from '../network/mlp.js';
import type { NamedMatrix } from './spectrum.js';
import { plural } from '../plural.js';

/** The weights of a file, as they are. */
export interface Model {
  /** `dense`, `ticket`, or the file's name. */
  readonly name: string;
  readonly file: string;
  /** Every tensor with two axes, W1 before W2 before W10. */
  readonly matrices: readonly NamedMatrix[];
  /** By name, all tensors. */
  readonly tensors: ReadonlyMap<string, NdArray>;
}

/** What was found at a path. `config` is a run's, empty for a single file. */
export interface Models {
  readonly models: readonly Model[];
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Reads a run folder (dense.safetensors, ticket.safetensors, run.json) or one .safetensors file. Cost: O(bytes), whole
 * files in memory.
 * @throws LegcnetError ERR_FILE for what cannot be read; ERR_DATA for a folder without networks, a `run.json` that is
 *   no record, a file without a matrix, and as `readSafetensors`
 */
export async function readModels(source: string): Promise<Models> {
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw fileError('read', source, cause);
    },
  );
  if (!isFolder) return { models: [await readModel(path.parse(source).name, source)], config: {} };
  const record = await readRecord(path.join(source, 'run.json'));
  const models: Model[] = [];
  for (const name of ['dense', 'ticket']) {
    const file = path.join(source, `${name}.safetensors`);
    if (existsSync(file)) models.push(await readModel(name, file));
  }
  if (models.length === 0) {
    throw unexpected('ERR_DATA', source, 'a run folder, with dense.safetensors or ticket.safetensors', 'neither');
  }
  return { models, config: record };
}

async function readRecord(file: string): Promise<Record<string, unknown>> {
  const record = await readJson(file);
  const config = (record as { config?: unknown } | null)?.config;
  if (typeof config !== 'object' || config === null) {
    throw unexpected('ERR_DATA', file, 'the record of a run, with its config', config);
  }
  return config as Record<string, unknown>;
}

async function readModel(name: string, file: string): Promise<Model> {
  const { tensors } = await readSafetensors(file);
  const matrices = [...tensors]
    .filter(([, { shape }]) => shape.length === 2)
    .map(([tensor, matrix]) => ({ name: tensor, matrix }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  if (matrices.length === 0) throw unexpected('ERR_DATA', file, 'at least one matrix (a tensor with two axes)', 'none');
  return { name, file, matrices, tensors };
}

/**
 * The multilayer perceptron that a model's matrices [outputs, inputs] are, in their order, each with its bias: b1 for W1,
 * `layer.bias` for `layer.weight`. Cost: O(parameters), a copy in float64.
 * @param options whether there are biases the model says
 * @throws LegcnetError ERR_DATA where layers do not fit on one another, or some have a bias and others not;
 *   ERR_ARGUMENT for a layer without inputs or outputs; ERR_OPTION
 */
export function toNetwork({ file, matrices, tensors }: Model, options: NetworkOptions): Mlp {
  const sizes = [matrices[0]!.matrix.shape[1]!];
  const biases: NdArray[] = [];
  for (const { name, matrix } of matrices) {
    const [outputs = 0, inputs = 0] = matrix.shape;
    if (inputs !== sizes.at(-1)) {
      throw unexpected(
        'ERR_DATA',
        `${file}, ${name}`,
        `${plural(sizes.at(-1)!, 'input')}, as the layer below has outputs`,
        inputs,
      );
    }
    sizes.push(outputs);
    const biasName = biasOf(name);
    const bias = biasName === undefined ? undefined : tensors.get(biasName);
    if (bias && bias.data.length !== outputs) {
      throw unexpected('ERR_DATA', `${file}, ${biasName}`, plural(outputs!, 'number'), bias.data.length);
    }
    if (bias) biases.push(bias);
  }
  if (biases.length !== 0 && biases.length !== matrices.length) {
    throw unexpected('ERR_DATA', file, 'a bias for every layer, or for none', `${biases.length} of ${matrices.length}`);
  }
  const parts = [...matrices.map(({ matrix }) => matrix), ...biases];
  const parameters = new Float64Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  let end = 0;
  for (const { data } of parts) {
    parameters.set(data, end);
    end += data.length;
  }
  return new Mlp(sizes, { ...options, biases: biases.length > 0 }, parameters);
}

/** A matrix of another name than these has none. */
function biasOf(weight: string): string | undefined {
  if (/^W\d+$/.test(weight)) return `b${weight.slice(1)}`;
  return weight.endsWith('weight') ? weight.replace(/weight$/, 'bias') : undefined;
}
