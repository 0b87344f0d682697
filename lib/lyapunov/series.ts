import { type SeriesInput, readSeries } from '../data/series.js';
import { unexpected } from '../errors.js';

export type { SeriesInput } from '../data/series.js';

/** Values that a series can have at most: the native core keeps indices in floats. */
export const MAX_SERIES_LENGTH = 2 ** 24;

export interface SeriesBatch {
  readonly series: Float64Array | Float32Array;
  readonly rows: number;
  readonly samples: number;
}

/** Checks an argument and tells its shape. @throws LegcnetError ERR_ARGUMENT */
export function readSeriesBatch(input: SeriesInput): SeriesBatch {
  const { data, rows, samples } = readSeries('series', input);
  if (samples > MAX_SERIES_LENGTH) {
    throw unexpected('ERR_ARGUMENT', 'series', `series of at most ${MAX_SERIES_LENGTH} values`, samples);
  }
  return { series: data, rows, samples };
}
