import { type LegcnetError, unexpected } from '../errors.js';
import { inTurns } from '../turns.js';

// One collector a kind of column. `encode` turns a cell into the number that is kept for it, NaN for a missing one;
// `width` features come of it in the end, and `expand` writes them.

export interface ColumnCollector {
  /** @param fail makes the error for this cell */
  encode(cell: string, fail: (expected: string) => LegcnetError): number;
  /** Names of the features, once all rows are in. */
  featureNames(): string[];
  /** Writes the features of one kept number to `target` from `offset` on; NaN for a missing cell. */
  expand(kept: number, target: Float64Array, offset: number): void;
}

/** One feature: the number itself. */
export class NumericColumn implements ColumnCollector {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  encode(cell: string, fail: (expected: string) => LegcnetError): number {
    if (!isNumber(cell)) throw fail('a number, as above it (or name the column in `categorical` or `ignore`)');
    return Number(cell);
  }

  featureNames(): string[] {
    return [this.#name];
  }

  expand(kept: number, target: Float64Array, offset: number): void {
    target[offset] = kept;
  }
}

/** One feature: the place of the text in a given list. */
export class OrdinalColumn implements ColumnCollector {
  readonly #name: string;
  readonly #order: readonly string[];

  constructor(name: string, order: readonly string[]) {
    this.#name = name;
    this.#order = order;
  }

  encode(cell: string, fail: (expected: string) => LegcnetError): number {
    const place = this.#order.indexOf(cell);
    if (place < 0) throw fail(this.#order.join(' or '));
    return place;
  }

  featureNames(): string[] {
    return [this.#name];
  }

  expand(kept: number, target: Float64Array, offset: number): void {
    target[offset] = kept;
  }
}

/** More different texts in one column are taken for a mistake: names, identifiers, dates. */
const MAX_CATEGORIES = 100;

/** One feature a category, 0 or 1, in the order in which the categories first appear. */
export class OneHotColumn implements ColumnCollector {
  readonly #name: string;
  /** Numbers are refused, because a column of text that holds one is likely a mistake. */
  readonly #textOnly: boolean;
  readonly #categories = new Map<string, number>();

  constructor(name: string, textOnly: boolean) {
    this.#name = name;
    this.#textOnly = textOnly;
  }

  encode(cell: string, fail: (expected: string) => LegcnetError): number {
    if (this.#textOnly && isNumber(cell)) {
      throw fail('text, as above it (or name the column in `categorical` or `ignore`)');
    }
    const known = this.#categories.get(cell);
    if (known !== undefined) return known;
    const category = this.#categories.size;
    if (category === MAX_CATEGORIES) {
      throw fail(`at most ${MAX_CATEGORIES} different texts (name a column of identifiers in \`ignore\`)`);
    }
    this.#categories.set(cell, category);
    return category;
  }

  featureNames(): string[] {
    return [...this.#categories.keys()].map((category) => `${this.#name}=${category}`);
  }

  expand(kept: number, target: Float64Array, offset: number): void {
    const missing = Number.isNaN(kept);
    for (let k = 0; k < this.#categories.size; k++) target[offset + k] = missing ? Number.NaN : Number(k === kept);
  }
}

/** A few milliseconds' work, one column after the other. */
const CELLS_IN_TURN = 2 ** 18;

/**
 * Puts a feature's mean over the training rows where it is NaN, in place. For a one-hot feature that is the
 * category's share. A column, or several short ones, in a turn of the event loop.
 * @param features [n, names.length]; the first `trainRows` rows are for training
 * @throws LegcnetError `ERR_DATA` for a feature without any value in the training rows
 */
export async function fillWithMeans(
  features: Float64Array,
  names: readonly string[],
  trainRows: number,
  file: string,
): Promise<void> {
  const d = names.length;
  const fill = (j: number): void => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < trainRows; i++) {
      const x = features[i * d + j]!;
      if (Number.isNaN(x)) continue;
      sum += x;
      count++;
    }
    if (count === 0) throw unexpected('ERR_DATA', `${file}, column "${names[j]}"`, 'at least one value', 'none');
    for (let at = j; at < features.length; at += d) {
      if (Number.isNaN(features[at]!)) features[at] = sum / count;
    }
  };
  const columns = Math.max(1, Math.floor((CELLS_IN_TURN * d) / features.length));
  const fillAll = (begin: number, end: number): void => {
    for (let j = begin; j < end; j++) fill(j);
  };
  await inTurns(d, undefined, fillAll, columns);
}

/** A decimal number, finite as a double; not hexadecimal, not "Infinity". */
export function isNumber(cell: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell) && Number.isFinite(Number(cell));
}

/** Texts that stand for a value that is not there. */
export function isMissing(cell: string): boolean {
  return cell === '' || cell === '?' || cell === 'NA' || cell === 'NaN' || cell === 'nan' || cell === 'null';
}
