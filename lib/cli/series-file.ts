/** Series from a file: .npy, or CSV with one series a line (or one series down a single column). */
import { parse } from 'csv-parse/sync';
import type { NdArray } from '../data/ndarray.js';
import { readText } from '../data/files.js';
import { readNpy } from '../data/npy.js';
import { LegcnetError, unexpected } from '../errors.js';

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
  const text = await readText(file);
  let lines: { record: string[]; info: { lines: number } }[];
  try {
    const parsed: unknown = parse(text, { trim: true, skip_empty_lines: true, comment: '#', info: true });
    lines = parsed as typeof lines;
  } catch (cause) {
    throw new LegcnetError('ERR_DATA', `${file}: ${(cause as Error).message}`, { subject: file, cause });
  }
  const width = lines[0]?.record.length ?? 0;
  if (width === 0) throw unexpected('ERR_DATA', file, 'numbers', 'an empty file');
  const data = new Float64Array(lines.length * width);
  lines.forEach(({ record, info }, row) => {
    record.forEach((cell, column) => {
      const value = cell === '' ? Number.NaN : Number(cell);
      if (Number.isNaN(value) && !/^nan$/i.test(cell)) {
        throw unexpected('ERR_DATA', `${file}, line ${info.lines}, column ${column + 1}`, 'a number', cell);
      }
      data[row * width + column] = value;
    });
  });
  return { data, shape: width === 1 ? [lines.length] : [lines.length, width] };
}
