/** The rows that Shapley values need, prepared as the network's training data was. */
import { type Dataset, isCsv, isDatasetName } from '../data/datasets.js';
import { type NdArray, takeRows } from '../data/ndarray.js';
import { RandomState } from '../data/numpy-random.js';
import { unexpected } from '../errors.js';
import type { Part } from '../network/samples.js';
import type { OptionValues } from '../options.js';
import { resolveConfig } from '../pipeline/config.js';
import { scaledParts } from '../pipeline/data.js';

/** Options that say how a data set becomes features. */
export const DATA_OPTIONS = [
  'preset',
  'label',
  'testData',
  'missing',
  'split',
  'splitSeed',
  'shuffleSplit',
  'stratify',
  'scaling',
  'refitScaling',
] as const;

/**
 * Of a run's options those that hold for `source` too: only CSV files have a label column, and data sets by name no other
 * test data.
 */
export function optionsOfRun(config: OptionValues, source: string): OptionValues {
  const { label, testData, ...rest } = config;
  if (isDatasetName(source)) return rest;
  return isCsv(source) ? { ...rest, label, testData } : { ...rest, testData };
}

export interface ExplainedData {
  readonly featureNames: readonly string[];
  /** [rows, features], drawn from the training part without replacement. */
  readonly background: NdArray<Float64Array>;
  /** [rows, features], the first ones of the test part, or of the last part there is. */
  readonly samples: NdArray<Float64Array>;
}

/**
 * Background and samples for `shapley`: a data set loaded, split and scaled as a run does it, so that a network sees what
 * it was trained on. Cost: that of `loadDataset`, and of scaling every part.
 *
 * @param source as `loadDataset` takes it, or a data set
 * @param options of DATA_OPTIONS, others are not looked at; defaults are the preset's
 * @param rows `background` at most, drawn by `seed`; `samples` at most, all if undefined
 * @throws LegcnetError as `resolveConfig`, `loadDataset` and `split`; ERR_OPTION for a bad `rows.seed`
 */
export async function explainedData(
  source: string | Dataset,
  options: OptionValues,
  rows: { readonly background: number; readonly samples: number | undefined; readonly seed: number },
): Promise<ExplainedData> {
  const name = typeof source === 'string' ? source : source.name;
  const chosen = Object.fromEntries(DATA_OPTIONS.map((option) => [option, options[option]]));
  const { dataset, parts } = await scaledParts(source, resolveConfig(name, chosen), chosen);
  const explained = parts.test ?? parts.validation ?? parts.train;
  if (!parts.train || !explained) throw unexpected('ERR_OPTION', 'split', 'a training part', options.split);
  const order = new RandomState(rows.seed).permutation(rowsOf(parts.train));
  const count = Math.min(rows.samples ?? Number.POSITIVE_INFINITY, rowsOf(explained));
  return {
    featureNames: dataset.featureNames,
    background: take(parts.train, order.slice(0, rows.background)),
    samples: take(
      explained,
      Int32Array.from({ length: count }, (_, i) => i),
    ),
  };
}

const rowsOf = ({ rows, features }: Part): number => rows?.length ?? features.shape[0] ?? 0;

/** Rows of a part, by their number in it. */
function take({ features, rows, factor = 1 }: Part, chosen: Int32Array): NdArray<Float64Array> {
  const { data, shape } = takeRows(features, rows ? chosen.map((i) => rows[i]!) : chosen);
  return { data: Float64Array.from(data, (value) => value * factor), shape };
}
