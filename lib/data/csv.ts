import { unexpected } from '../errors.js';
import { isNumber } from './csv-columns.js';
import { nameOf, readRecords } from './csv-records.js';
import { CsvTableReader } from './csv-table.js';
import type { NdArray } from './ndarray.js';
import { plural } from '../plural.js';

/** A column by its name in the header, or by its place, the first being 0 (or '0', where no column has that name). */
export type Column = string | number;

export interface CsvOptions {
  /** The column of the labels; default 'last'. */
  readonly label?: Column;
  /** Whether the first line names the columns. Default: it does unless one of its cells is a number. */
  readonly header?: boolean;
  /** Default ','. */
  readonly delimiter?: string;
  /** Columns that are neither features nor label. */
  readonly ignore?: readonly Column[];
  /** Columns that are categories although they hold numbers. Columns of text always are. */
  readonly categorical?: readonly Column[];
  /** Columns of text with an order: each becomes one feature, the place of its text in the list. By name. */
  readonly ordinal?: Readonly<Record<string, readonly string[]>>;
  /** What stands for a missing cell of a column, before `missing` is looked at. By name. */
  readonly fill?: Readonly<Record<string, string>>;
  /**
   * What to do about missing cells ('', NA, NaN, nan, null, ?): refuse the file (default), drop the row, or put the
   * feature's mean over all rows of the file. If that file is split later, the mean has seen the rows tested on.
   */
  readonly missing?: 'refuse' | 'drop' | 'mean';
  /** A second file with the same columns: a test part. Encoded as the first; means are the first's. */
  readonly testData?: string | Uint8Array;
}

export interface CsvPart {
  /** [n, d], row-major. */
  readonly features: NdArray<Float64Array>;
  /** Class of each row, [n] in 0..classes.length - 1. */
  readonly labels: Int32Array;
  /** Rows left out by `missing: 'drop'`. */
  readonly dropped: number;
}

export interface CsvTable extends CsvPart {
  /** Names of the classes of both parts: ascending if all are whole numbers, else by code unit ("B" before "a"). */
  readonly classes: readonly string[];
  /** [d]; a category's is "column=category", a column without a name is "x" and its place. */
  readonly featureNames: readonly string[];
  /** What `testData` held. */
  readonly test?: CsvPart;
}

/**
 * Reads a table of features and labels. A column of numbers is one feature. A column of text becomes one feature of 0
 * and 1 per category, in the order in which the categories first appear. Labels are text or whole numbers; the classes
 * are sorted, by value if all are numbers, else by code unit. Streams the file: memory is 8 bytes a cell and the result.
 * @param input a path, or the bytes of a file (UTF-8)
 * @throws LegcnetError `ERR_DATA`, with file, line and column, for a file that is empty or not CSV, for missing
 * cells, for columns that mix numbers and text or hold more than 100 categories; `ERR_OPTION` for columns that are
 * not there; `ERR_FILE`
 */
export async function readCsv(input: string | Uint8Array, options: CsvOptions = {}): Promise<CsvTable> {
  const table = await readRows(input, options);
  const { rows: trainRows, dropped } = table;
  if (options.testData !== undefined) await readRows(options.testData, options, table);
  const { data, labels, classes, featureNames } = await table.finish(trainRows);
  const part = (from: number, to: number, left: number): CsvPart => ({
    features: {
      data: data.subarray(from * featureNames.length, to * featureNames.length),
      shape: [to - from, featureNames.length],
    },
    labels: labels.subarray(from, to),
    dropped: left,
  });
  const train = { ...part(0, trainRows, dropped), classes, featureNames };
  return options.testData === undefined
    ? train
    : { ...train, test: part(trainRows, table.rows, table.dropped - dropped) };
}

/** Adds the rows of a file to a table, or starts one with them. */
async function readRows(
  input: string | Uint8Array,
  options: CsvOptions,
  existing?: CsvTableReader,
): Promise<CsvTableReader> {
  const missing = options.missing ?? 'refuse';
  if (!['refuse', 'drop', 'mean'].includes(missing)) {
    throw unexpected('ERR_OPTION', 'missing', 'refuse, drop or mean', missing);
  }
  const file = nameOf(input);
  const rowsBefore = existing?.rows ?? 0;
  let table: CsvTableReader | undefined;
  for await (const { cells, line } of readRecords(input, options.delimiter ?? ',')) {
    if (!table) {
      const header = options.header ?? !cells.some(isNumber);
      const names = header ? cells : cells.map((_, place) => `x${place}`);
      existing?.checkNames(file, names);
      table = existing ?? new CsvTableReader(file, names, missing, options);
      if (header) continue;
    }
    table.addRow({ file, line, cells });
  }
  if (!table) throw unexpected('ERR_DATA', file, 'a header and rows of data', 'an empty file');
  if (table.rows === rowsBefore) {
    throw unexpected('ERR_DATA', file, 'at least one row of data', `none, and ${plural(table.dropped, 'row')} dropped`);
  }
  return table;
}
