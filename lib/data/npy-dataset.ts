import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { unexpected } from '../errors.js';
import type { Features, RawPart } from './dataset.js';
import { type NdArray, sizeOf } from './ndarray.js';
import { readNpy } from './npy.js';
import { inTurns } from '../turns.js';

/** Elements checked before other work of the event loop gets its turn; well below a millisecond. */
const BLOCK_ELEMENTS = 2 ** 18;

/** Paths of features and labels. */
export interface NpyPair {
  readonly x: string;
  readonly y: string;
}

/** "x.npy,y.npy" as two paths; undefined if it is not of that form. The second is taken to be beside the first if it has no folder. */
export function parseNpyPair(text: string): NpyPair | undefined {
  const match = /^(.+\.npy),(.+\.npy)$/.exec(text);
  if (!match) return undefined;
  const [, x, y] = match as unknown as [string, string, string];
  return { x, y: basename(y) === y ? join(dirname(x), y) : y };
}

/**
 * The pairs in a folder: x.npy and y.npy, or x_train.npy and y_train.npy; beside them x_test.npy and y_test.npy.
 * An upper-case X is the same. Undefined if the folder holds no features.
 * @throws LegcnetError `ERR_DATA` for features without labels
 */
export function findNpyPairs(folder: string, names: readonly string[]): { train: NpyPair; test?: NpyPair } | undefined {
  const find = (suffix: string): NpyPair | undefined => {
    const x = [`x${suffix}.npy`, `X${suffix}.npy`].find((name) => names.includes(name));
    if (x === undefined) return undefined;
    const y = `y${suffix}.npy`;
    if (!names.includes(y)) throw unexpected('ERR_DATA', folder, `${y} beside ${x}`, names.slice(0, 20).join(', '));
    return { x: join(folder, x), y: join(folder, y) };
  };
  const train = find('_train') ?? find('');
  if (!train) return undefined;
  const test = find('_test');
  return test ? { train, test } : { train };
}

/**
 * Reads features [n, ...] (further axes are flattened) and labels: whole numbers [n] or [n, 1], or one-hot [n, k].
 * Features of f8, f4 and u1 keep their type, others become float64.
 * @throws LegcnetError `ERR_DATA` for features that are not finite, another number of labels, or other labels; `ERR_FILE`
 */
export async function readNpyPair({ x, y }: NpyPair): Promise<RawPart> {
  const [array, labels] = await Promise.all([readNpy(x), readNpy(y)]);
  const [n, ...rest] = array.shape;
  if (n === undefined || rest.length === 0) {
    throw unexpected('ERR_DATA', `${x}, shape`, '[samples, features]', array.shape);
  }
  if (labels.shape[0] !== n || labels.shape.length > 2) {
    throw unexpected('ERR_DATA', `${y}, shape`, `[${n}], [${n}, 1] or one-hot [${n}, classes]`, labels.shape);
  }
  const features = { data: await asFeatures(array), shape: [n, sizeOf(rest)] } as Features;
  await checkFinite(features, x);
  const k = labels.shape[1] ?? 1;
  return { features, labels: k === 1 ? labels.data : await fromOneHot(labels.data, k, y) };
}

async function asFeatures({ data }: NdArray): Promise<Float64Array | Float32Array | Uint8Array> {
  if (data instanceof Float32Array || data instanceof Uint8Array || data instanceof Float64Array) return data;
  const doubles = new Float64Array(data.length);
  await inTurns(data.length, undefined, (begin, end) => doubles.set(data.subarray(begin, end), begin));
  return doubles;
}

async function checkFinite({ data, shape }: Features, file: string): Promise<void> {
  if (data instanceof Uint8Array) return;
  const d = shape[1]!;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw unexpected('ERR_DATA', `${file}, row ${Math.floor(i / d)}, column ${i % d}`, 'a finite number', data[i]);
    }
    if (i % BLOCK_ELEMENTS === BLOCK_ELEMENTS - 1) await setImmediate();
  }
}

async function fromOneHot(data: ArrayLike<number>, k: number, file: string): Promise<Int32Array> {
  const labels = new Int32Array(data.length / k);
  const read = (i: number): void => {
    let ones = 0;
    for (let c = 0; c < k; c++) {
      const value = data[i * k + c]!;
      if (value !== 0 && value !== 1) throw unexpected('ERR_DATA', `${file}, row ${i}, column ${c}`, '0 or 1', value);
      if (value === 1) labels[i] = c;
      ones += value;
    }
    if (ones !== 1) throw unexpected('ERR_DATA', `${file}, row ${i}`, 'exactly one 1', `${ones} of them`);
  };
  const readRows = (begin: number, end: number): void => {
    for (let i = begin; i < end; i++) read(i);
  };
  await inTurns(labels.length, undefined, readRows, Math.max(1, Math.floor(BLOCK_ELEMENTS / k)));
  return labels;
}
