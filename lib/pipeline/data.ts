/** From a data set to the parts that training reads: loaded, split, scaled, in native memory. */
import { type Dataset, type Features, loadDataset } from '../data/datasets.js';
import { tellingNames } from '../data/dataset.js';
import { applyScaler, fitScaler } from '../data/scale.js';
import { split } from '../data/split.js';
import { unexpected } from '../errors.js';
import { type Part, toNativeSamples } from '../network/samples.js';
import { PARTS, type PartName, type TrainingParts } from '../network/train.js';
import type { PruneConfig } from './config.js';
import { methodOf, variantsOf } from './method.js';
import type { OptionValues } from '../options.js';
import { presetDefaults } from './presets.js';
import { type VaryingFeatures, findVarying } from './varying.js';

export interface PreparedData {
  readonly name: string;
  readonly classes: readonly string[];
  readonly rows: Readonly<Record<PartName, number>>;
  /** The option `split` by which these parts come about whatever the preset: shares that fell away are not in it. */
  readonly split: readonly number[];
  readonly features: number;
  /** [features], or null where they only number. */
  readonly featureNames: readonly string[] | null;
  /** Output units: one for two classes, unless the outputs are softmax; else one a class. */
  readonly outputs: number;
  readonly parts: TrainingParts;
  /** Features of the training part that vary. */
  readonly varying: VaryingFeatures;
}

/** Rows of one of the two sources that a part is taken from. */
interface Portion {
  readonly features: Features;
  readonly labels: Int32Array;
  readonly rows: Int32Array;
}

/**
 * @param options that the configuration was made of: a `split` among them counts even where it is the preset's
 * @throws LegcnetError as `loadDataset`, and ERR_OPTION when the configuration needs a part that the data does not give
 */
export async function prepareData(
  given: Dataset | string,
  config: PruneConfig,
  options: OptionValues = {},
): Promise<PreparedData> {
  const dataset = typeof given === 'string' ? await load(given, config) : given;
  const shares = sharesOf(config, dataset.test !== undefined, options);
  const portions = divide(dataset, config, shares);
  const watches = variantsOf(methodOf(config)).length > 0;
  for (const [option, part] of [
    ...(watches ? [['target', config.target] as const] : []),
    ['stopPart', config.stopPart] as const,
  ]) {
    if (!portions[part]) throw unexpected('ERR_OPTION', option, `a part of the data (see split, testData)`, part);
  }
  if (config.selection === 'within' && !portions.validation) {
    throw unexpected('ERR_OPTION', 'selection', 'a validation part (see split) for "within"', 'none');
  }
  const outputs = dataset.classes.length === 2 && config.outputActivation !== 'softmax' ? 1 : dataset.classes.length;
  const parts: { [P in PartName]?: Awaited<ReturnType<typeof toNativeSamples>> } = {};
  const train = portions.train as Portion;
  let varying: VaryingFeatures | undefined;
  for (const name of PARTS) {
    const portion = portions[name];
    if (!portion) continue;
    const part = await scale(train, portion, config);
    parts[name] = await toNativeSamples(name, part, outputs, config.scalar);
    if (name === 'train') varying = await findVarying(part);
  }
  return {
    name: dataset.name,
    classes: dataset.classes,
    rows: { train: 0, validation: 0, test: 0, ...mapRows(portions) },
    split: dataset.test === undefined ? config.split : shares.validation > 0 ? [shares.validation] : [],
    features: dataset.features.shape[1] as number,
    featureNames: tellingNames(dataset.featureNames),
    outputs,
    parts: parts as TrainingParts,
    varying: varying as VaryingFeatures,
  };
}

/**
 * The same parts as `prepareData`'s, as arrays: for whoever looks at a network with the data it was trained on.
 * @throws LegcnetError as `loadDataset`, and ERR_OPTION for shares that leave no training part
 */
export async function scaledParts(
  given: Dataset | string,
  config: PruneConfig,
  options: OptionValues = {},
): Promise<{ readonly dataset: Dataset; readonly parts: { readonly [P in PartName]?: Part } }> {
  const dataset = typeof given === 'string' ? await load(given, config) : given;
  const portions = divide(dataset, config, sharesOf(config, dataset.test !== undefined, options));
  const parts: { [P in PartName]?: Part } = {};
  for (const name of PARTS) {
    if (portions[name]) parts[name] = await scale(portions.train as Portion, portions[name], config);
  }
  return { dataset, parts };
}

function load(source: string, config: PruneConfig): Promise<Dataset> {
  const { label, missing, testData } = config;
  const named = { label, testData, missing: missing === 'refuse' ? undefined : missing };
  return loadDataset(source, Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)));
}

/** Which rows of which source each part has. */
function divide(dataset: Dataset, config: PruneConfig, shares: Shares): { [P in PartName]?: Portion } {
  const { features, labels, test } = dataset;
  const { shuffleSplit: shuffle, splitSeed: seed, stratify } = config;
  const rows = split(labels, { ...shares, seed, shuffle, stratify });
  const portions: { [P in PartName]?: Portion } = {};
  for (const name of PARTS) {
    if (rows[name].length > 0) portions[name] = { features, labels, rows: rows[name] };
  }
  if (test) portions.test = { ...test, rows: Int32Array.from({ length: test.labels.length }, (_, i) => i) };
  if (!portions.train) throw unexpected('ERR_OPTION', 'split', 'shares that leave rows for training', config.split);
  return portions;
}

interface Shares {
  readonly validation: number;
  readonly test: number;
}

/**
 * One share of `split` is the test part, or validation if there is test data. Of shares that nobody gave, the preset's, the
 * test part's falls away where the data has one of its own.
 */
function sharesOf(config: PruneConfig, ownTest: boolean, options: OptionValues): Shares {
  const [first = 0, second] = config.split;
  if (!ownTest) return { validation: second === undefined ? 0 : first, test: second ?? first };
  const byDefault =
    options.split === undefined &&
    presetDefaults(config.preset, 'ft', config.dataset).split?.join() === config.split.join();
  if (byDefault && config.preset !== 'strict') return { validation: 0, test: 0 };
  if (second !== undefined && !byDefault) {
    const expected = 'one share, of validation, for data with a test part of its own';
    throw unexpected('ERR_OPTION', 'split', expected, config.split);
  }
  return { validation: first, test: 0 };
}

/** Pixels stay bytes where the scaling is a mere factor; anything else is computed in double precision first. */
async function scale(train: Portion, portion: Portion, config: PruneConfig): Promise<Part> {
  const { scaling, refitScaling } = config;
  if (portion.features.data instanceof Uint8Array && (scaling === 'pixel' || scaling === 'none')) {
    return { ...portion, factor: scaling === 'pixel' ? 1 / 255 : 1 };
  }
  const scaler = await fitScaler(scaling, refitScaling ? portion : train);
  const features = await applyScaler(scaler, portion, 'float64');
  return { features, labels: Int32Array.from(portion.rows, (row) => portion.labels[row] as number) };
}

function mapRows(portions: { [P in PartName]?: Portion }): { [P in PartName]?: number } {
  return Object.fromEntries(Object.entries(portions).map(([name, { rows }]) => [name, rows.length]));
}
