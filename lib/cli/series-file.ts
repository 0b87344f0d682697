/** Series from a file: .npy, or CSV with one series a line (or one series down a single column). */
import type { NdArray } from '../data/ndarray.js';
import { readRecords } from '../data/csv-records.js';
import { GrowingArray } from '../data/growing-array.js';
import { readNpy } from '../data/npy.js';
import { unexpected } from '../errors.js';

/**
 * @returns [N] or [rows, N], float64 or float32
 * @throws LegcnetError ERR_FILE, ERR_DATA naming line and column
 */
export async function readSeriesFile(file: string): Promise<NdArray<Float64Array> | NdArray<Float32Array>> {
  const array = /\.npy$/i.test(file)
    ? await readNpy(file, { dtype: ['f8', 'f4'], shared: true })
    : await readCsvSeries(file);
  if (array.shape.length > 2 || array.shape.length === 0) {
    throw unexpected('ERR_DATA', file, 'an array [N] or [rows, N]', array.shape);
  }
  return array as NdArray<Float64Array> | NdArray<Float32Array>;
}

async function readCsvSeries(file: string): Promise<NdArray<Float64Array>> {
  const data = new GrowingArray();
  let [rows, width] = [0, 0];
  for await (const { cells, line } of readRecords(file, ',', '#')) {
    [rows, width] = [rows + 1, cells.length];
    cells.forEach((cell, column) => {
      const value = cell === '' ? Number.NaN : Number(cell);
      if (Number.isNaN(value) && !/^nan$/i.test(cell)) {
        throw unexpected('ERR_DATA', `${file}, line ${line}, column ${column + 1}`, 'a number', cell);
      }
      data.push(value);
    });
  }
  if (width === 0) throw unexpected('ERR_DATA', file, 'numbers', 'an empty file');
  return { data: data.values.slice(), shape: width === 1 ? [rows] : [rows, width] };
}
