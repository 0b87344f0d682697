import { type LegcnetError, unexpected } from '../errors.js';
import {
  type ColumnCollector,
  NumericColumn,
  OneHotColumn,
  OrdinalColumn,
  fillWithMeans,
  isMissing,
  isNumber,
} from './csv-columns.js';
import type { Column, CsvOptions } from './csv.js';
import { GrowingArray } from './growing-array.js';
import { LabelCollector, type Labels } from './labels.js';
import { inTurns } from '../turns.js';

export type Missing = NonNullable<CsvOptions['missing']>;

/** A record and where it is, for messages. */
export interface Row {
  readonly file: string;
  readonly line: number;
  readonly cells: readonly string[];
}

export interface FinishedTable extends Labels {
  /** [rows, featureNames.length] */
  readonly data: Float64Array;
  readonly featureNames: readonly string[];
}

/** Collects the rows of a table as they come and makes features and labels of them in the end. */
export class CsvTableReader {
  readonly #file: string;
  readonly #names: readonly string[];
  readonly #missing: Missing;
  readonly #options: CsvOptions;
  readonly #label: number;
  readonly #categorical: ReadonlySet<number>;
  /** Places of the columns that are features. */
  readonly #places: readonly number[];
  /** One a feature column, undefined until its first cell shows what it is. */
  readonly #columns: (ColumnCollector | undefined)[];
  /** One number a cell, [rows, columns]. */
  readonly #kept = new GrowingArray();
  readonly #labels: LabelCollector;
  #rows = 0;
  #dropped = 0;

  /** @param names of the columns of `file`, all of them */
  constructor(file: string, names: readonly string[], missing: Missing, options: CsvOptions) {
    this.#file = file;
    this.#names = names;
    this.#missing = missing;
    this.#options = options;
    this.#label = this.#find('label', options.label ?? 'last');
    const ignored = new Set((options.ignore ?? []).map((column) => this.#find('ignore', column)));
    this.#categorical = new Set((options.categorical ?? []).map((column) => this.#find('categorical', column)));
    for (const name of Object.keys(options.ordinal ?? {})) this.#find('ordinal', name);
    for (const name of Object.keys(options.fill ?? {})) this.#find('fill', name);
    this.#places = names.map((_, place) => place).filter((place) => place !== this.#label && !ignored.has(place));
    if (this.#places.length === 0) {
      throw unexpected('ERR_DATA', file, 'a column of features beside the label (is the delimiter right?)', names);
    }
    this.#columns = this.#places.map(() => undefined);
    this.#labels = new LabelCollector(`${file}, column "${names[this.#label]}"`);
  }

  /** Rows taken so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows left out so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @throws LegcnetError `ERR_DATA` if the names of another file's columns are not this table's */
  checkNames(file: string, names: readonly string[]): void {
    if (names.length === this.#names.length && names.every((name, place) => name === this.#names[place])) return;
    throw unexpected('ERR_DATA', file, `the columns of ${this.#file}: ${this.#names.join(', ')}`, names.join(', '));
  }

  addRow(row: Row): void {
    const cells = row.cells.map((cell, place) => this.#filled(cell, place));
    if (this.#missing === 'drop' && [this.#label, ...this.#places].some((place) => isMissing(cells[place]!))) {
      this.#dropped++;
      return;
    }
    const label = cells[this.#label]!;
    if (isMissing(label)) throw this.#fail(row, this.#label, 'a label');
    this.#labels.add(label);
    this.#rows++;
    this.#places.forEach((place, k) => {
      this.#kept.push(this.#encode(cells[place]!, place, k, row));
    });
  }

  /** In turns of the event loop. @param trainRows the rows whose means stand for missing cells, counted from the first */
  async finish(trainRows: number): Promise<FinishedTable> {
    const nameLists = this.#columns.map((column, k) => column?.featureNames() ?? [this.#names[this.#places[k]!]!]);
    const featureNames = nameLists.flat();
    const data = new Float64Array(this.#rows * featureNames.length);
    const kept = this.#kept.values;
    let to = 0;
    await inTurns(kept.length, undefined, (begin, end) => {
      for (let from = begin; from < end; from++) {
        const k = from % this.#columns.length;
        const column = this.#columns[k];
        if (column) column.expand(kept[from]!, data, to);
        else data[to] = Number.NaN;
        to += nameLists[k]!.length;
      }
    });
    if (this.#missing === 'mean') await fillWithMeans(data, featureNames, trainRows, this.#file);
    return { ...(await this.#labels.finish()), data, featureNames };
  }

  #encode(cell: string, place: number, k: number, row: Row): number {
    if (isMissing(cell)) {
      if (this.#missing === 'mean') return Number.NaN;
      throw this.#fail(row, place, 'a value (or the option `missing`: drop or mean)');
    }
    const column = (this.#columns[k] ??= this.#columnFor(cell, place));
    return column.encode(cell, (expected) => this.#fail(row, place, expected));
  }

  #columnFor(firstCell: string, place: number): ColumnCollector {
    const name = this.#names[place]!;
    const order = own(this.#options.ordinal, name);
    if (order) return new OrdinalColumn(name, order);
    if (this.#categorical.has(place)) return new OneHotColumn(name, false);
    return isNumber(firstCell) ? new NumericColumn(name) : new OneHotColumn(name, true);
  }

  #filled(cell: string, place: number): string {
    return isMissing(cell) ? (own(this.#options.fill, this.#names[place]!) ?? cell) : cell;
  }

  #find(option: string, column: Column): number {
    const names = this.#names;
    const named = typeof column === 'string' ? names.indexOf(column) : -1;
    const place = named >= 0 ? named : /^\d+$/.test(String(column)) ? Number(column) : -1;
    if (place >= 0 && place < names.length) return place;
    if (option === 'label' && column === 'last') return names.length - 1;
    const few = names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')}, ...`;
    throw unexpected('ERR_OPTION', option, `a column of ${this.#file} (${few}) or its place, from 0`, column);
  }

  #fail({ file, line, cells }: Row, place: number, expected: string): LegcnetError {
    return unexpected('ERR_DATA', `${file}, line ${line}, column "${this.#names[place]}"`, expected, cells[place]);
  }
}

function own<V>(record: Readonly<Record<string, V>> | undefined, name: string): V | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
