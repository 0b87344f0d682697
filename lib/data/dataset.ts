import { unexpected } from '../errors.js';
import { LabelCollector } from './labels.js';
import type { NdArray } from './ndarray.js';
import { plural } from '../plural.js';
import { inTurns } from '../turns.js';

/** The types that features come in; 8-bit pixels are kept as they are, for a quarter of the memory of float32. */
export type Features = NdArray<Float64Array> | NdArray<Float32Array> | NdArray<Uint8Array>;

export interface DatasetPart {
  /** [n, d], row-major, as the source has them: not scaled. */
  readonly features: Features;
  /** Class of each row, [n] in 0..classes.length - 1. */
  readonly labels: Int32Array;
}

/** Features and classes of n rows, and a test part if the source comes with one. */
export interface Dataset extends DatasetPart {
  readonly name: string;
  /** Names of the classes, of both parts: ascending if all are whole numbers, else by code unit. */
  readonly classes: readonly string[];
  /** [d] */
  readonly featureNames: readonly string[];
  /** The test part that the source defines (MNIST's 10,000), with the same features and classes. */
  readonly test?: DatasetPart;
}

/** The names of features if they say more than which one it is; null if all only number, as `x3` and `pixel 1,2` do. */
export function tellingNames(names: readonly string[]): readonly string[] | null {
  return names.every((name, j) => name === `x${j}` || /^pixel \d+,\d+$/.test(name)) ? null : names;
}

/** Features and labels as a source has them: any whole numbers, one for each row. */
export interface RawPart {
  readonly features: Features;
  readonly labels: ArrayLike<number>;
}

/**
 * Numbers the classes of one or two parts together, in turns of the event loop.
 * @param source what messages call it
 * @throws LegcnetError `ERR_DATA` as `checkDataset`, or if the parts differ in their number of features
 */
export async function toDataset(
  name: string,
  source: string,
  parts: { readonly train: RawPart; readonly test?: RawPart | undefined },
  featureNames: readonly string[],
): Promise<Dataset> {
  const { train, test } = parts;
  const collector = new LabelCollector(`the labels of ${source}`);
  for (const part of test ? [train, test] : [train]) {
    await inTurns(part.labels.length, undefined, (begin, end) => {
      for (let i = begin; i < end; i++) collector.add(part.labels[i]!);
    });
  }
  const { labels, classes } = await collector.finish();
  const n = train.labels.length;
  const dataset = { name, classes, featureNames, features: train.features, labels: labels.slice(0, n) };
  if (!test) return checkDataset(dataset, source);
  const [d, testD] = [train.features.shape[1], test.features.shape[1]];
  if (d !== testD) throw unexpected('ERR_DATA', `the test part of ${source}`, plural(d!, 'feature'), testD);
  return checkDataset({ ...dataset, test: { features: test.features, labels: labels.slice(n) } }, source);
}

/**
 * Passes a data set on if something can be learnt from it.
 * @throws LegcnetError `ERR_DATA` for no rows, no features or less than two classes in the training rows
 */
export function checkDataset(dataset: Dataset, source: string): Dataset {
  const [n = 0, d = 0] = dataset.features.shape;
  if (n < 1 || d < 1) throw unexpected('ERR_DATA', source, 'at least one row and one feature', dataset.features.shape);
  if (dataset.labels.every((label) => label === dataset.labels[0])) {
    throw unexpected('ERR_DATA', `the labels of ${source}`, 'at least two classes', dataset.classes);
  }
  return dataset;
}
