/** The paper's seven data sets. Their networks and rates are the presets'. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readCsv } from '../data/csv.js';
import { type Dataset, type DatasetPart, loadDataset } from '../data/datasets.js';
import { takeRows } from '../data/ndarray.js';
import { LegcnetError, unexpected } from '../errors.js';
import type { OptionValues } from '../options.js';
import type { ReproducedSet } from './published.js';

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

/**
 * @param dataDir folder with `<set>.csv`, or `<set>/raw.csv`, of the sets that legcnet cannot ship: the label column last.
 *   Also of titanic, with columns `Survived` and `split` (`train`, `test`): the rows that legcnet ships do not say which
 *   of them were Kaggle's 891 for training
 * @throws LegcnetError ERR_DATA, which says where the set is to be had
 */
export async function loadReproduced(set: ReproducedSet, dataDir?: string): Promise<Dataset> {
  const files = dataDir === undefined ? [] : [path.join(dataDir, `${set}.csv`), path.join(dataDir, set, 'raw.csv')];
  const file = files.find((name) => existsSync(name));
  const known = LOADED[set];
  if (set === 'titanic' && file !== undefined) return readTitanic(file);
  if (known !== undefined) {
    const dataset = await loadDataset(known);
    return set === 'iris3f' ? withoutFeature(dataset, 1, set) : dataset;
  }
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

/** The options of `prune` for a set: the preset's, but that a set with a test part of its own is not split again. */
export function reproducedOptions({ test, name }: Dataset, preset: Preset, method: 'ft' | 'pt'): OptionValues {
  const divided = test !== undefined && name !== 'mnist';
  return { preset, method, ...(divided && { split: preset === 'strict' ? [0.2] : [] }) };
}

/**
 * The titanic as the authors have it: numbers only, `Survived`, and `split` with `train` and `test`. Each part keeps the
 * file's order.
 */
async function readTitanic(file: string): Promise<Dataset> {
  const survived = await readCsv(file, { label: 'Survived', ignore: ['split'] });
  const parts = await readCsv(file, { label: 'split', ignore: ['Survived'] });
  if (parts.classes.join() !== 'test,train') {
    throw unexpected('ERR_DATA', `column split of ${file}`, 'train and test', parts.classes.join());
  }
  const { features, labels, classes, featureNames } = survived;
  const part = (wanted: number): DatasetPart => {
    const rows = Int32Array.from(labels.keys()).filter((row) => parts.labels[row] === wanted);
    return { features: takeRows(features, rows), labels: Int32Array.from(rows, (row) => labels[row] as number) };
  };
  return { name: 'titanic', classes, featureNames, ...part(1), test: part(0) };
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
