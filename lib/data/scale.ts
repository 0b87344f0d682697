import { setImmediate } from 'node:timers/promises';
import { unexpected } from '../errors.js';
import { type NdArray, type TypedArray, sizeOf } from './ndarray.js';
import { plural } from '../plural.js';

/**
 * - `standard`: each feature to mean 0 and standard deviation 1 (ddof 0)
 * - `min-max`: each feature to 0..1
 * - `per-sample`: each sample to mean 0 and standard deviation 1 (ddof 0) over its features; nothing is fitted
 * - `pixel`: divided by 255
 * - `none`: as it is
 *
 * A feature, or sample, that does not vary is divided by 1.
 */
export type Scaling = (typeof scalings)[number];

export const scalings = ['standard', 'min-max', 'none', 'per-sample', 'pixel'] as const;

/** A fitted scaling: x' = (x - shift[j]) / scale[j] for feature j. For `per-sample` the arrays are empty. */
export interface Scaler {
  readonly scaling: Scaling;
  readonly shift: Float64Array;
  readonly scale: Float64Array;
}

/** Samples, by their indices, of features [n, ...]; without `rows` all of them. */
export interface Samples {
  readonly features: NdArray;
  readonly rows?: ArrayLike<number>;
}

export interface FloatArrays {
  float64: Float64Array;
  float32: Float32Array;
}

/** Elements that are worked on before other work of the event loop gets its turn; about a millisecond. */
const BLOCK_ELEMENTS = 2 ** 17;

/**
 * Fits a scaling to samples. Cost: O(samples features), three passes for `standard` and one for `min-max`, in steps of
 * about a millisecond; nothing for the others, which do not look at the samples.
 * @throws LegcnetError `ERR_OPTION` for an unknown scaling, `ERR_ARGUMENT` for a scalar; with `standard` and `min-max`
 * also for no samples or a row out of range
 */
export async function fitScaler(scaling: Scaling, samples: Samples): Promise<Scaler> {
  const { width } = measure(samples);
  const constant = (shift: number, scale: number): Scaler => ({
    scaling,
    shift: new Float64Array(width).fill(shift),
    scale: new Float64Array(width).fill(scale),
  });
  switch (scaling) {
    case 'none':
      return constant(0, 1);
    case 'pixel':
      return constant(0, 255);
    case 'per-sample':
      return { scaling, shift: new Float64Array(0), scale: new Float64Array(0) };
    case 'standard':
      return { scaling, ...(await fitStandard(samples)) };
    case 'min-max':
      return { scaling, ...(await fitMinMax(samples)) };
    default:
      throw unexpected('ERR_OPTION', 'scaling', scalings.join(', '), scaling);
  }
}

/**
 * Scales samples into a new array [samples, features], row-major; features of more than one axis are flattened.
 * Cost: O(samples features), in steps of about a millisecond.
 * @param dtype of the result; the arithmetic is float64
 * @throws LegcnetError `ERR_ARGUMENT` for samples with another number of features than the scaler, or a row out of range
 */
export async function applyScaler<D extends keyof FloatArrays>(
  scaler: Scaler,
  samples: Samples,
  dtype: D,
): Promise<NdArray<FloatArrays[D]>> {
  const { count, width } = measure(samples);
  const { scaling, shift, scale } = scaler;
  if (scaling !== 'per-sample' && width !== shift.length) {
    throw unexpected(
      'ERR_ARGUMENT',
      'features',
      `${plural(shift.length, 'feature')}, as the scaler was fitted to`,
      width,
    );
  }
  const data = dtype === 'float32' ? new Float32Array(count * width) : new Float64Array(count * width);
  await forEachSample(samples, (source, from, i) => {
    const to = i * width;
    if (scaling === 'per-sample') {
      standardise(source, from, data, to, width);
    } else {
      for (let j = 0; j < width; j++) data[to + j] = (source[from + j]! - shift[j]!) / scale[j]!;
    }
  });
  return { data: data as FloatArrays[D], shape: [count, width] };
}

export interface ScalePartsOptions<D extends keyof FloatArrays> {
  readonly scaling: Scaling;
  readonly dtype: D;
  /** Fit every part to itself instead of all to the training part, as LEGCNet's published code does. Default false. */
  readonly refit?: boolean;
}

/**
 * Fits a scaling to the training part and applies it to all parts. An empty part stays empty.
 * Cost: as `fitScaler`, with `refit` once a part, and `applyScaler` for each part.
 * @throws LegcnetError as `fitScaler` and `applyScaler`
 */
export async function scaleParts<P extends string, D extends keyof FloatArrays>(
  parts: Readonly<Record<P | 'train', Samples>>,
  { scaling, dtype, refit = false }: ScalePartsOptions<D>,
): Promise<Record<P | 'train', NdArray<FloatArrays[D]>>> {
  const fitted = await fitScaler(scaling, parts.train);
  const scaled: Partial<Record<P | 'train', NdArray<FloatArrays[D]>>> = {};
  for (const part of Object.keys(parts) as (P | 'train')[]) {
    const own = refit && part !== 'train' && measure(parts[part]).count > 0;
    scaled[part] = await applyScaler(own ? await fitScaler(scaling, parts[part]) : fitted, parts[part], dtype);
  }
  return scaled as Record<P | 'train', NdArray<FloatArrays[D]>>;
}

async function fitStandard(samples: Samples): Promise<Omit<Scaler, 'scaling'>> {
  const { count, width } = measure(samples);
  const shift = new Float64Array(width);
  const scale = new Float64Array(width);
  const { varies } = await extremes(samples);
  await forEachSample(samples, (source, from) => {
    for (let j = 0; j < width; j++) shift[j]! += source[from + j]!;
  });
  for (let j = 0; j < width; j++) shift[j]! /= count;
  await forEachSample(samples, (source, from) => {
    for (let j = 0; j < width; j++) scale[j]! += (source[from + j]! - shift[j]!) ** 2;
  });
  for (let j = 0; j < width; j++) scale[j] = varies(j) ? Math.sqrt(scale[j]! / count) : 1;
  return { shift, scale };
}

async function fitMinMax(samples: Samples): Promise<Omit<Scaler, 'scaling'>> {
  const { low, high, varies } = await extremes(samples);
  return { shift: low, scale: high.map((value, j) => (varies(j) ? value - low[j]! : 1)) };
}

interface Extremes {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** By comparison, not by variance: rounding in the mean cannot make a constant feature vary. */
  readonly varies: (feature: number) => boolean;
}

async function extremes(samples: Samples): Promise<Extremes> {
  const { count, width } = measure(samples);
  if (count === 0) throw unexpected('ERR_ARGUMENT', 'samples', 'at least one sample to fit a scaling to', 'none');
  const low = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  await forEachSample(samples, (source, from) => {
    for (let j = 0; j < width; j++) {
      const x = source[from + j]!;
      if (x < low[j]!) low[j] = x;
      if (x > high[j]!) high[j] = x;
    }
  });
  return { low, high, varies: (j) => high[j]! > low[j]! };
}

function standardise(source: TypedArray, from: number, target: TypedArray, to: number, width: number): void {
  let mean = 0;
  let varies = false;
  for (let j = 0; j < width; j++) {
    mean += source[from + j]!;
    varies ||= source[from + j] !== source[from];
  }
  mean /= width;
  let squares = 0;
  for (let j = 0; j < width; j++) squares += (source[from + j]! - mean) ** 2;
  const scale = varies ? Math.sqrt(squares / width) : 1;
  for (let j = 0; j < width; j++) target[to + j] = (source[from + j]! - mean) / scale;
}

function measure({ features, rows }: Samples): { count: number; width: number } {
  const [n, ...rest] = features.shape;
  if (n === undefined) throw unexpected('ERR_ARGUMENT', 'features', 'an array [samples, features]', 'a scalar');
  return { count: rows ? rows.length : n, width: sizeOf(rest) };
}

/** Calls `visit` with the features' storage, where the sample starts in it, and the sample's number, in order. */
async function forEachSample(
  samples: Samples,
  visit: (source: TypedArray, from: number, i: number) => void,
): Promise<void> {
  const { features, rows } = samples;
  const { count, width } = measure(samples);
  const n = features.shape[0]!;
  const block = Math.max(1, Math.floor(BLOCK_ELEMENTS / Math.max(1, width)));
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % block === 0) await setImmediate();
    const row = rows ? rows[i]! : i;
    if (!(Number.isInteger(row) && row >= 0 && row < n)) {
      throw unexpected('ERR_ARGUMENT', `rows[${i}]`, `a whole number in 0..${n - 1}`, row);
    }
    visit(features.data, row * width, i);
  }
}
