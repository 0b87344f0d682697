import type { NdArray } from '../data/ndarray.js';
import { unexpected } from '../errors.js';

/** Series to analyse: one, [N], or many of equal length, row-major [rows, N]. */
export type SeriesInput = Float64Array | Float32Array | NdArray<Float64Array> | NdArray<Float32Array>;

/** Values that a series can have at most: the native core keeps indices in floats. */
export const MAX_SERIES_LENGTH = 2 ** 24;

export interface SeriesBatch {
  readonly series: Float64Array | Float32Array;
  readonly rows: number;
  readonly samples: number;
}

/** Checks an argument and tells its shape. @throws LegcnetError ERR_ARGUMENT */
export function readSeriesBatch(input: SeriesInput): SeriesBatch {
  const batch = isFloats(input) ? { series: input, rows: 1, samples: input.length } : readNdArray(input);
  if (batch.samples > MAX_SERIES_LENGTH) {
    throw unexpected('ERR_ARGUMENT', 'series', `series of at most ${MAX_SERIES_LENGTH} values`, batch.samples);
  }
  return batch;
}

function readNdArray(input: NdArray<Float64Array> | NdArray<Float32Array>): SeriesBatch {
  const { data, shape } = (input ?? {}) as Partial<NdArray>;
  if (!isFloats(data) || !Array.isArray(shape)) {
    throw unexpected(
      'ERR_ARGUMENT',
      'series',
      'a Float64Array, a Float32Array or {data, shape} with one of them',
      input,
    );
  }
  const extents = shape as readonly number[];
  if (extents.length !== 1 && extents.length !== 2) {
    throw unexpected('ERR_ARGUMENT', 'series.shape', '[N] or [rows, N]', extents);
  }
  const samples = extents[extents.length - 1]!;
  const rows = extents.length === 2 ? extents[0]! : 1;
  if (!isExtent(rows) || !isExtent(samples) || rows * samples !== data.length) {
    throw unexpected('ERR_ARGUMENT', 'series.shape', `whole numbers with the product ${data.length}`, extents);
  }
  return { series: data, rows, samples };
}

function isFloats(value: unknown): value is Float64Array | Float32Array {
  return value instanceof Float64Array || value instanceof Float32Array;
}

function isExtent(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
