/** The paper's seven data sets, and the settings of the authors' code for those that no preset knows. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Dataset, loadDataset } from '../data/datasets.js';
import { LegcnetError } from '../errors.js';
import type { OptionValues } from '../options.js';
import type { ReproducedSet } from './published.js';
import { maskChainOf } from './reproduce-masks.js';

export type Preset = 'authors' | 'paper' | 'strict';

/** Sets that come with legcnet, or as a package. */
const LOADED: Partial<Record<ReproducedSet, string>> = {
  cancer: 'cancer',
  titanic: 'titanic',
  iris: 'iris',
  iris3f: 'iris',
  mnist: 'mnist',
};

/** Where anyone finds the others. */
const SOURCES: Partial<Record<ReproducedSet, string>> = {
  banknote:
    'the UCI repository has it (banknote authentication, https://archive.ics.uci.edu/dataset/267, ' +
    'data_banknote_authentication.txt: variance, skewness, curtosis, entropy, class)',
  vowel:
    "the LEGCNet authors' repository has it (https://github.com/RAJAN13-blip/chaotic-pruning; the vowels of S. K. Pal and " +
    'D. Dutta Majumder 1977, 871 rows of F1, F2, F3 and class)',
};

interface Settings {
  readonly training: OptionValues;
  /** Of the published chains only: they stop at an accuracy, `strict` does not. */
  readonly published: OptionValues;
  /** Of `authors` only. */
  readonly authors: OptionValues;
}

/** Rates, caps, benchmarks, windows and scalings of the authors' code where `presetDefaults` does not have them. */
const SETTINGS: Partial<Record<ReproducedSet, Settings>> = {
  banknote: {
    training: { layers: [8], learningRate: 0.5, epochs: 150 },
    published: { untilAccuracy: 0.91 },
    authors: { window: 250, scaling: 'per-sample' },
  },
  iris3f: {
    training: { layers: [6], learningRate: 0.05, epochs: 250 },
    published: { untilAccuracy: 0.95 },
    authors: { window: 160, scaling: 'standard', refitScaling: true },
  },
  // PyTorch's initial weights and a new order every epoch
  mnist: { training: {}, published: { epochs: 50, init: 'uniform', shuffle: true }, authors: {} },
  vowel: {
    training: { layers: [4], learningRate: 0.5, epochs: 100 },
    published: { untilAccuracy: 0.8, divideByOutputs: false },
    authors: { window: 200, scaling: 'min-max', refitScaling: true },
  },
};

/**
 * @param dataDir folder with `<set>.csv`, or `<set>/raw.csv`, of the sets that legcnet cannot ship: the label column last
 * @throws LegcnetError ERR_DATA, which says where the set is to be had
 */
export async function loadReproduced(set: ReproducedSet, dataDir?: string): Promise<Dataset> {
  const known = LOADED[set];
  if (known !== undefined) {
    const dataset = await loadDataset(known);
    return set === 'iris3f' ? withoutFeature(dataset, 1, set) : dataset;
  }
  const files = dataDir === undefined ? [] : [path.join(dataDir, `${set}.csv`), path.join(dataDir, set, 'raw.csv')];
  const file = files.find((name) => existsSync(name));
  if (file === undefined) {
    const missing = dataDir === undefined ? 'no --data-dir was given' : `neither ${files.join(' nor ')} is there`;
    throw new LegcnetError(
      'ERR_DATA',
      `${set} cannot be shipped with legcnet, and ${missing}: ${SOURCES[set]}. Save it as ${set}.csv in a folder and ` +
        'name that by --data-dir',
      { subject: set, expected: `${set}.csv in --data-dir`, received: dataDir },
    );
  }
  return { ...(await loadDataset(file)), name: set };
}

/** The options of `prune` with which the paper's run of a set is repeated. */
export function reproducedOptions(set: ReproducedSet, preset: Preset, method: 'ft' | 'pt'): OptionValues {
  const settings = SETTINGS[set];
  const published = preset !== 'strict';
  const authors = preset === 'authors';
  const { window, epochs, max_lag: maxLag } = maskChainOf(set);
  return {
    ...settings?.training,
    ...(published && settings?.published),
    ...(authors && settings?.authors),
    ...(published && method === 'pt' && { partial: { epochs } }),
    ...(authors && method === 'pt' && { window, maxLag }),
    preset,
    method,
  };
}

/** The paper's iris with 3 features has no sepal width. */
function withoutFeature(dataset: Dataset, left: number, name: string): Dataset {
  const { data, shape } = dataset.features;
  const columns = shape[1] as number;
  const kept = Float64Array.from(data as Float64Array).filter((_, i) => i % columns !== left);
  return {
    ...dataset,
    name,
    features: { data: kept, shape: [shape[0] as number, columns - 1] },
    featureNames: dataset.featureNames.filter((_, j) => j !== left),
  };
}
