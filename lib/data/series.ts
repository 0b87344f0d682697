import { unexpected } from '../errors.js';
import type { NdArray } from './ndarray.js';

/** Time series to analyse: one, [n], or many of equal length, row-major [rows, n]. */
export type SeriesInput = Float64Array | Float32Array | NdArray<Float64Array | Float32Array>;

export interface Series {
  readonly data: Float64Array | Float32Array;
  readonly rows: number;
  readonly samples: number;
  /** Whether the caller gave a single series, [n]. */
  readonly single: boolean;
}

/** Checks an argument and tells its shape. @throws LegcnetError ERR_ARGUMENT */
export function readSeries(name: string, input: SeriesInput): Series {
  if (isFloats(input)) return { data: input, rows: 1, samples: input.length, single: true };
  const { data, shape } = (input ?? {}) as Partial<NdArray>;
  if (!isFloats(data) || !Array.isArray(shape)) {
    throw unexpected('ERR_ARGUMENT', name, 'a Float64Array, a Float32Array or {data, shape} with one of them', input);
  }
  const extents = shape as readonly number[];
  if (extents.length !== 1 && extents.length !== 2) {
    throw unexpected('ERR_ARGUMENT', `${name}.shape`, '[n] or [rows, n]', extents);
  }
  const samples = extents[extents.length - 1]!;
  const rows = extents.length === 2 ? extents[0]! : 1;
  if (!isExtent(rows) || !isExtent(samples) || rows * samples !== data.length) {
    throw unexpected('ERR_ARGUMENT', `${name}.shape`, `whole numbers with the product ${data.length}`, extents);
  }
  return { data, rows, samples, single: extents.length === 1 };
}

const isFloats = (value: unknown): value is Float64Array | Float32Array =>
  value instanceof Float64Array || value instanceof Float32Array;

const isExtent = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
