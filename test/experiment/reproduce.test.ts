import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { METHODS, PUBLISHED_SPECTRA, PUBLISHED_TABLES, REPRODUCED } from '../../lib/experiment/published.js';
import { type Preset, loadReproduced, reproducedOptions } from '../../lib/experiment/reproduce-data.js';
import { maskChainOf } from '../../lib/experiment/reproduce-masks.js';
import { Footnotes } from '../../lib/experiment/reproduce-notes.js';
import type { MethodResult, Replicate } from '../../lib/experiment/reproduce-replicate.js';
import { spectrumTable, tableOf } from '../../lib/experiment/reproduce-tables.js';
import { reproduce } from '../../lib/experiment/reproduce.js';
import { resolveConfig } from '../../lib/pipeline/config.js';
import { prepareData } from '../../lib/pipeline/data.js';
import { runCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const result = (given: Partial<MethodResult>): MethodResult => ({
  ...{ flops: 40, pruned: 2, epochs: 166, reached: true, accuracy: 0.9, f1: 0.9 },
  ...given,
});
const replicate = (id: number, ft: Partial<MethodResult>): Replicate => ({
  ...{ legcnet: '0', hash: '', dataset: 'iris', preset: 'authors', notes: [] },
  id,
  results: { ft: result(ft) },
});

test('every published row has a number for every column, and what can be checked within the tables agrees', () => {
  for (const table of [1, 2, 3] as const) {
    const { columns, rows } = PUBLISHED_TABLES[table];
    for (const set of REPRODUCED) assert.is(rows[set].values.length, columns.length, `table ${table}, ${set}`);
  }
  for (const set of REPRODUCED) {
    const [dense, ft, nonCausal, , , , , , , percent] = PUBLISHED_TABLES[1].rows[set].values as number[];
    const [again, pt, , , , , , , percentPt] = PUBLISHED_TABLES[2].rows[set].values as number[];
    assert.is(dense! - ft!, nonCausal, set);
    assert.is(again, ft, set);
    assert.is(((100 * nonCausal!) / dense!).toFixed(2), percent!.toFixed(2), set);
    assert.is(((100 * (dense! - pt!)) / dense!).toFixed(2), percentPt!.toFixed(2), set);
    assert.match(PUBLISHED_TABLES[2].rows[set].row, `(${maskChainOf(set).epochs})`);
  }
  for (const method of METHODS) assert.is(PUBLISHED_SPECTRA[method].length, 3);
});

test('a cell has the mean, its interval, the differences, and the best run', () => {
  const replicates = [
    replicate(1, { accuracy: 0.9, epochs: 150 }),
    replicate(2, { accuracy: 0.95, epochs: 190, pruned: 4, flops: 38 }),
    replicate(3, { accuracy: 0.95, epochs: 180, reached: false }),
  ];
  const { cells, row, single } = tableOf(1, 'iris', replicates);
  assert.is(row, 'Iris (6)');
  assert.is(single, 'best');
  const cell = (metric: string) => cells.find((each) => each.method === 'ft' && each.metric === metric)!;
  assert.is(cell('epochs').published, 166);
  assert.is(cell('epochs').ours?.mean, 520 / 3);
  assert.is(cell('epochs').unreached, 1);
  // the highest accuracy, then the fewest epochs
  assert.equal(cell('epochs').single, { id: 3, value: 180, difference: 14 });
  assert.equal(cell('percentPruned').single?.value, (100 * 2) / 42);
  assert.ok(Math.abs(cell('accuracy').difference! - (2.8 / 3 - 0.9)) < 1e-12);
  assert.is(cells.find((each) => each.method === 'dense')?.ours, undefined);
  assert.is(tableOf(1, 'iris', replicates, 2).cells[1]?.single?.id, 2);
});

test('table 4 has what a spectrum gives, and published figures only without', () => {
  const spectrum = [1, 2, 3].map((alpha) => ({ alpha, alphaWeighted: alpha + 0.5 }));
  const with4 = { ...replicate(1, {}), results: { ft: result({ spectrum }) } };
  const cells = spectrumTable([with4]);
  assert.is(cells.length, 30);
  const found = cells.find((cell) => cell.method === 'ft' && cell.layer === 3 && cell.quantity === 'alphaWeighted')!;
  assert.is(found.published, 3.2);
  assert.is(found.ours?.mean, 3.5);
  assert.ok(spectrumTable([]).every((cell) => cell.ours === undefined && cell.published > 0));
});

test('footnotes are numbered as they come, and stand where they belong', () => {
  const notes = new Footnotes('authors');
  const table = tableOf(2, 'banknote', []);
  const pt = table.cells.find((cell) => cell.method === 'pt' && cell.metric === 'epochs')!;
  const ids = (numbers: readonly number[]) => numbers.map((n) => notes.list[n - 1]?.id);
  assert.equal(ids(notes.onTable(table)), ['target', 'best-of-five']);
  assert.equal(ids(notes.on(pt, table)), ['epochs-from-0', 'banknote-pt']);
  const cancer = tableOf(2, 'cancer', []);
  const f1 = cancer.cells.find((cell) => cell.method === 'ft' && cell.metric === 'f1')!;
  assert.equal(ids(notes.on(f1, cancer)), ['f1-of-ft']);
  const strict = new Footnotes('strict');
  strict.onTable(table);
  assert.ok(strict.list.every(({ id }) => id !== 'target'));
});

test('the presets know every set of the paper', () => {
  const config = (set: string, preset: Preset, method: 'ft' | 'pt') => resolveConfig(set, { preset, method });
  for (const set of REPRODUCED) {
    for (const method of ['ft', 'pt'] as const) {
      for (const preset of ['authors', 'paper'] as const) {
        const { untilAccuracy, partial } = config(set, preset, method);
        assert.ok(untilAccuracy);
        assert.equal(partial, method === 'pt' ? { epochs: maskChainOf(set).epochs } : { percent: 10 });
      }
      assert.is(config(set, 'strict', method).untilAccuracy, undefined);
      assert.equal(config(set, 'strict', method).partial, { percent: 10 });
    }
  }
  const banknote = config('banknote', 'authors', 'pt');
  assert.equal([banknote.window, banknote.partial, banknote.maxLag], [50, { epochs: 2 }, 5]);
  assert.equal([banknote.layers, banknote.learningRate, banknote.untilAccuracy], [[8], 0.5, 0.91]);
  assert.is(config('banknote', 'paper', 'pt').maxLag, 14);
  const vowel = config('vowel', 'authors', 'ft');
  assert.equal([vowel.window, vowel.divideByOutputs, vowel.scaling], [200, false, 'min-max']);
  assert.is(config('vowel', 'strict', 'ft').divideByOutputs, true);
  for (const preset of ['authors', 'paper'] as const) {
    const { init, shuffle, epochs, untilAccuracy } = config('mnist', preset, 'ft');
    assert.equal([init, shuffle, epochs, untilAccuracy], ['uniform', true, 50, 0.92]);
  }
  assert.equal([config('mnist', 'strict', 'ft').epochs, config('mnist', 'strict', 'ft').init], [12, 'glorot']);
});

test("the titanic's own parts are taken where the data folder has them, and are not split again", async () => {
  await withTempFolder(async (folder) => {
    const row = (i: number, part: string) => `${i % 3},${i % 2},${i},${(i * 7) % 5 > 2 ? 1 : 0},${part}`;
    const rows = Array.from({ length: 40 }, (_, i) => row(i, i % 4 === 3 ? 'test' : 'train'));
    await writeFile(`${folder}/titanic.csv`, `Pclass,Sex,Fare,Survived,split\n${rows.join('\n')}\n`);
    const titanic = await loadReproduced('titanic', folder);
    assert.equal(
      [titanic.features.shape, titanic.test?.features.shape],
      [
        [30, 3],
        [10, 3],
      ],
    );
    assert.equal([...(titanic.test?.features.data as Float64Array)].slice(0, 6), [0, 1, 3, 1, 1, 7]);
    assert.equal([...titanic.labels].slice(0, 4), [0, 0, 1, 1]);
    assert.equal(reproducedOptions(titanic, 'authors', 'ft').split, []);
    const prepared = (preset: Preset) =>
      prepareData(titanic, resolveConfig('titanic', reproducedOptions(titanic, preset, 'ft')));
    assert.equal((await prepared('authors')).rows, { train: 30, validation: 0, test: 10 });
    assert.equal((await prepared('strict')).rows, { train: 24, validation: 6, test: 10 });
    await writeFile(`${folder}/titanic.csv`, 'Fare,Survived,split\n1,1,a\n2,0,b\n');
    await assertLegcnetError(() => loadReproduced('titanic', folder), 'ERR_DATA', /train and test/);
    assert.is((await loadReproduced('titanic')).test, undefined);
  });
});

test('iris with 3 features has no sepal width', async () => {
  const [all, three] = await Promise.all([loadReproduced('iris'), loadReproduced('iris3f')]);
  assert.equal(three.features.shape, [150, 3]);
  const row = (data: ArrayLike<number>, i: number, columns: number) =>
    Array.from({ length: columns }, (_, j) => data[i * columns + j]);
  const [a, , c, d] = row(all.features.data, 77, 4);
  assert.equal(row(three.features.data, 77, 3), [a, c, d]);
});

test('a set that cannot be shipped is read from the data folder; without it the message says where it is', async () => {
  await assertLegcnetError(() => loadReproduced('banknote'), 'ERR_DATA', /archive\.ics\.uci\.edu.*--data-dir/);
  await withTempFolder(async (folder) => {
    await assertLegcnetError(() => loadReproduced('vowel', folder), 'ERR_DATA', /neither .*vowel\.csv nor .*raw\.csv/);
    await writeFile(`${folder}/banknote.csv`, 'a,b,c,d,class\n1,2,3,4,0\n5,6,7,8,1\n');
    assert.equal((await loadReproduced('banknote', folder)).features.shape, [2, 4]);
  });
  const { code, stderr } = await runCli('reproduce', '--dataset', 'banknote', '--quiet');
  assert.is(code, 1);
  assert.match(stderr, 'banknote cannot be shipped');
});

test('replicates are saved one by one and taken up again; another configuration is refused', async () => {
  await withTempFolder(async (out) => {
    const options = { tables: [1] as const, datasets: ['iris3f'] as const, seeds: 2, out };
    const first = await reproduce(options);
    assert.is(first.replicates.length, 2);
    assert.equal(Object.keys(first.replicates[0]!.results).sort(), ['dense', 'ft', 'magnitude', 'random']);
    const file = `${out}/iris3f-authors-ft-seed-1.json`;
    assert.equal((await readdir(out)).sort(), ['iris3f-authors-ft-seed-1.json', 'iris3f-authors-ft-seed-2.json']);

    const saved = JSON.parse(await readFile(file, 'utf8'));
    saved.results.ft.epochs = 1; // were the run repeated, this would be gone
    await writeFile(file, JSON.stringify(saved));
    await rm(`${out}/iris3f-authors-ft-seed-2.json`);
    const second = await reproduce(options);
    assert.is(second.replicates[0]?.results.ft?.epochs, 1);
    assert.equal(second.replicates[1], first.replicates[1]);

    await writeFile(file, JSON.stringify({ ...saved, hash: 'other' }));
    await assertLegcnetError(() => reproduce(options), 'ERR_OPTION', /another configuration/);
    await writeFile(file, '{"results":');
    await assertLegcnetError(() => reproduce(options), 'ERR_DATA', /seed-1\.json/);
  });
});

test('where no run is long enough to be judged the tables are empty, and the exit code is 1', async () => {
  await withTempFolder(async (folder) => {
    const rows = Array.from({ length: 20 }, (_, i) => `${i},${-i},${i % 3},${i % 5},${Number(i > 9)}`);
    await writeFile(`${folder}/banknote.csv`, ['a,b,c,d,class', ...rows].join('\n'));
    const args = ['--dataset', 'banknote', '--data-dir', folder, '--table', '1', '--seeds', '1'];
    const { code, stdout, stderr } = await runCli('reproduce', ...args);
    assert.is(code, 1, stdout);
    assert.match(stdout, /Table 1, row .* 0 replicates/);
    assert.match(stderr, 'no run was long enough to be judged');
  });
});

test('an aborted reproduction stops', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  try {
    await reproduce({ datasets: ['iris'], tables: [1], signal });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test('bad options are usage errors', async () => {
  const cases: [string[], RegExp][] = [
    [['--table', '5'], /some of 1, 2, 3, 4 for --table but received "5"/],
    [['--dataset', 'irs'], /--dataset but received "irs"/],
    [['--preset', 'careful'], /one of authors, paper, strict for --preset/],
    [['--seeds', '0'], /--seeds/],
    [['--threads', 'x'], /--threads/],
    [['--masks', 'a', '--seeds', '3'], /nothing with --masks for --seeds/],
    [['--table', '4', '--dataset', 'iris'], /mnist, which table 4 is about/],
  ];
  const results = await Promise.all(cases.map(([args]) => runCli('reproduce', ...args)));
  cases.forEach(([args, message], i) => {
    assert.is(results[i]?.code, 2, `${args.join(' ')}: ${results[i]?.stderr}`);
    assert.match(results[i]?.stderr ?? '', message);
  });
  await assertLegcnetError(() => reproduce({ seeds: 1.5 }), 'ERR_OPTION', /seeds/);
  await assertLegcnetError(() => reproduce({ tables: [] }), 'ERR_OPTION', /at least one table/);
});

test('the command prints published, ours and difference, and as JSON all of it', async () => {
  const args = ['reproduce', '--dataset', 'iris', '--table', '1,3', '--seeds', '2'];
  const { code, stdout, stderr } = await runCli(...args);
  assert.is(code, 0, stderr);
  for (const text of ['Table 1, row "Iris (6)", 2 replicates', 'epochs, LEGCNet-FT', 'best run', '[1]', 'magnitude']) {
    assert.match(stdout, text);
  }
  assert.match(stderr, 'interval over 2');
  const json = JSON.parse((await runCli(...args, '--json', '--quiet')).stdout);
  assert.is(json.tables.length, 2);
  assert.is(json.replicates.length, 2);
  assert.ok(json.footnotes.length > 3);
});

test.run();
