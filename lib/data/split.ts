import { unexpected } from '../errors.js';
import { RandomState } from './numpy-random.js';
import { plural } from '../plural.js';

export interface SplitOptions {
  /** The share (0 < x < 1) or number (whole) of rows for the test part; 0 for none. Default 0.2. */
  readonly test?: number;
  /** The same for the validation part. Default 0. */
  readonly validation?: number;
  /** The same for the training part. Default: all that the others leave. */
  readonly train?: number;
  /** 0..2^32 - 1; the same seed gives the same parts. */
  readonly seed: number;
  /** false: cut the rows in the order they have; `seed` is not used. Default true. */
  readonly shuffle?: boolean;
  /** Give each part the classes' proportions of the whole, to the nearest row. Needs labels. Default false. */
  readonly stratify?: boolean;
}

/** Row indices of each part; no row is in two of them. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

type Sizes = Record<keyof Split, number>;

/** In rows: what binary fractions add when shares are summed or multiplied (0.1 + 0.2 > 0.3). */
const TINY = 1e-9;

/**
 * Deals rows out to two or three parts. The rows are put in the order of `RandomState(seed).permutation(n)`, which is
 * numpy's, and cut: training rows first, then validation, then test. With `test: 0.2, seed: 42` this is the split of
 * LEGCNet's published code. A share of n rows is rounded up to whole rows for test and validation; training gets
 * the rest, or, if `train` is a share less than the rest, that share rounded down. Each part keeps the permuted order.
 *
 * Stratified, every class is dealt out by itself: a part's rows are shared out over the classes in proportion, left-over
 * rows going to the largest remainders, ties to the lowest class. Cost: O(n), stratified O(n + k log k).
 *
 * @param labels class of each row, [n] in 0..k-1; or only n
 * @throws LegcnetError `ERR_OPTION` for shares or numbers that do not fit n rows or leave no training row, for a
 * bad seed, for `stratify` without labels; `ERR_ARGUMENT` for a number of rows that is none, and negative labels to
 * stratify by; `ERR_DATA` for a class with fewer rows than there are parts
 */
export function split(labels: Int32Array | number, options: SplitOptions): Split {
  const n = typeof labels === 'number' ? labels : labels.length;
  if (!Number.isInteger(n) || n < 0)
    throw unexpected('ERR_ARGUMENT', 'labels', 'labels, or how many rows there are', n);
  const sizes = partSizes(n, options);
  const order = options.shuffle === false ? new Int32Array(n).map((_, i) => i) : shuffled(n, options.seed);
  if (!options.stratify) return cut(order, sizes);
  if (typeof labels === 'number') throw unexpected('ERR_OPTION', 'stratify', 'labels to stratify by', labels);
  return cutByClass(order, labels, sizes);
}

function shuffled(n: number, seed: number): Int32Array {
  return new RandomState(seed).permutation(n);
}

function partSizes(n: number, { test = 0.2, validation = 0, train }: SplitOptions): Sizes {
  const testRows = exactRows('test', test, n);
  const validationRows = exactRows('validation', validation, n);
  const trainRows = train === undefined ? 0 : exactRows('train', train, n);
  if (testRows + validationRows + trainRows > n + TINY) {
    throw unexpected('ERR_OPTION', 'train, validation and test', `at most ${plural(n, 'row')} together`, [
      train,
      validation,
      test,
    ]);
  }
  const sizes = { train: 0, validation: Math.ceil(validationRows - TINY), test: Math.ceil(testRows - TINY) };
  const rest = n - sizes.validation - sizes.test;
  sizes.train = train === undefined ? rest : Math.min(rest, Math.floor(trainRows + TINY));
  if (sizes.train < 1) {
    throw unexpected('ERR_OPTION', 'train, validation and test', `at least one training row of ${n}`, sizes.train);
  }
  return sizes;
}

/** What a share or a number of rows is in rows, before rounding. */
function exactRows(part: keyof Split, share: number, n: number): number {
  if (Number.isInteger(share) && share >= 0 && share <= n) return share;
  if (share > 0 && share < 1) return share * n;
  throw unexpected('ERR_OPTION', part, `a share between 0 and 1 or a number of rows of 0..${n}`, share);
}

function cut(order: Int32Array, sizes: Sizes): Split {
  const testStart = order.length - sizes.test;
  const validationStart = testStart - sizes.validation;
  return {
    train: order.slice(0, sizes.train),
    validation: order.slice(validationStart, testStart),
    test: order.slice(testStart),
  };
}

function cutByClass(order: Int32Array, labels: Int32Array, sizes: Sizes): Split {
  const counts = countClasses(labels);
  const parts = Object.values(sizes).filter((size) => size > 0).length;
  counts.forEach((count, label) => {
    if (count > 0 && count < parts) {
      throw unexpected('ERR_DATA', `class ${label}`, `at least ${parts} rows, one for each part`, count);
    }
  });
  const test = shareOut(sizes.test, counts);
  const withoutTest = counts.map((count, label) => count - test[label]!);
  const validation = shareOut(sizes.validation, withoutTest);
  const rest = withoutTest.map((count, label) => count - validation[label]!);
  const train = shareOut(sizes.train, rest);
  // Within a class the order is the permutation's: training rows first, unused ones after them, test rows last.
  const seen = counts.map(() => 0);
  const result = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  for (const row of order) {
    const label = labels[row]!;
    const rank = seen[label]!++;
    if (rank < train[label]!) result.train.push(row);
    else if (rank >= rest[label]! + validation[label]!) result.test.push(row);
    else if (rank >= rest[label]!) result.validation.push(row);
  }
  return {
    train: Int32Array.from(result.train),
    validation: Int32Array.from(result.validation),
    test: Int32Array.from(result.test),
  };
}

function countClasses(labels: Int32Array): number[] {
  const counts: number[] = [];
  for (const label of labels) {
    if (label < 0) throw unexpected('ERR_ARGUMENT', 'labels', 'classes of 0 and more', label);
    while (counts.length <= label) counts.push(0);
    counts[label]!++;
  }
  return counts;
}

/** `size` things shared out in proportion to `counts`, whole, by largest remainder; none gets more than its count. */
function shareOut(size: number, counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const shares = counts.map((count) => Math.floor((count * size) / total));
  const left = size - shares.reduce((sum, share) => sum + share, 0);
  const remainder = (label: number) => (counts[label]! * size) % total;
  const byRemainder = counts.map((_, label) => label).sort((a, b) => remainder(b) - remainder(a) || a - b);
  for (const label of byRemainder.slice(0, left)) shares[label]!++;
  return shares;
}
