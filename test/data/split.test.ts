import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomState } from '../../lib/data/numpy-random.js';
import { type Split, split } from '../../lib/data/split.js';
import { golden, goldenTest, sharedData } from '../helpers/golden.js';
import { assertLegcnetError } from '../helpers/throws.js';

// numpy 2.4.6: numpy.random.RandomState(seed).permutation(12)
const numpyPermutations: Record<number, number[]> = {
  0: [6, 11, 4, 10, 2, 8, 1, 7, 9, 3, 0, 5],
  1: [2, 3, 4, 10, 1, 6, 0, 7, 11, 9, 8, 5],
  42: [10, 9, 0, 8, 5, 2, 1, 11, 4, 7, 3, 6],
  4294967295: [11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3],
};

for (const [seed, expected] of Object.entries(numpyPermutations)) {
  test(`permutation of seed ${seed} is numpy's`, () => {
    assert.equal([...new RandomState(Number(seed)).permutation(12)], expected);
  });
}

test("a long permutation, which rejects draws and renews the state, is numpy's", () => {
  const order = new RandomState(7).permutation(100_000);
  let hash = 0;
  order.forEach((row, i) => {
    hash = (hash * 31 + row * (i + 1)) % 1_000_003;
  });
  // The same loop over numpy.random.RandomState(7).permutation(100000).
  assert.is(hash, 605767);
});

for (const folder of ['training/iris', 'training/cancer']) goldenSplit(folder, golden(folder));
for (const set of ['banknote', 'iris3f', 'vowel']) goldenSplit(set, sharedData(`training/${set}`));

function goldenSplit(name: string, folder: string): void {
  goldenTest(test, `the authors' split of ${name}`, async () => {
    const order = JSON.parse(await readFile(`${folder}/order.json`, 'utf8')) as { train: number[]; test: number[] };
    const n = order.train.length + order.test.length;
    // The published vowel split rounds its share of .15 down, the others round .2 up.
    const result = split(n, { test: name === 'vowel' ? 130 : 0.2, seed: 42 });
    assert.equal([...result.train], order.train);
    assert.equal([...result.test], order.test);
    assert.is(result.validation.length, 0);
  });
}

goldenTest(test, "the authors' split of titanic permutes the predefined training part alone", async () => {
  const text = await readFile(sharedData('training/titanic/order.json'), 'utf8');
  const order = JSON.parse(text) as { train: number[]; test: number[] };
  assert.equal([...split(891, { test: 0, seed: 42 }).train], order.train);
  assert.equal(
    order.test,
    Array.from({ length: 418 }, (_, i) => 891 + i),
  );
});

test('without shuffling the rows are cut as they are', () => {
  const parts = split(10, { train: 0.5, validation: 2, test: 0.3, seed: 0, shuffle: false });
  assert.equal([...parts.train], [0, 1, 2, 3, 4]);
  assert.equal([...parts.validation], [5, 6]);
  assert.equal([...parts.test], [7, 8, 9]);
});

test('shares that add up to 1 are rounded without losing or inventing rows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 3000 }), fc.integer({ min: 0, max: 0xffffffff }), (n, seed) => {
      const parts = split(n, { train: 0.7, validation: 0.1, test: 0.2, seed });
      checkPartition(parts, n);
      assert.is(parts.test.length, Math.ceil(0.2 * n - 1e-9));
      assert.is(parts.validation.length, Math.ceil(0.1 * n - 1e-9));
    }),
    { numRuns: 50 },
  );
});

test('a share less than the rest leaves rows out, between training and the others', () => {
  const parts = split(100, { train: 0.25, test: 0.25, seed: 3 });
  const order = [...new RandomState(3).permutation(100)];
  assert.equal([...parts.train], order.slice(0, 25));
  assert.equal([...parts.test], order.slice(75));
});

test('stratified parts have the proportions of the whole', () => {
  const label = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(label, { minLength: 20, maxLength: 400 }), fc.nat(), (list, seed) => {
      const labels = Int32Array.from([...list, ...[0, 1, 2, 3].flatMap((c) => [c, c, c])]);
      const parts = split(labels, { validation: 0.25, test: 0.2, seed: seed >>> 0, stratify: true });
      checkPartition(parts, labels.length);
      for (const c of [0, 1, 2, 3]) {
        const inAll = count(labels, c) / labels.length;
        assert.ok(Math.abs(countRows(parts.test, labels, c) - inAll * parts.test.length) < 1 + 1e-9);
        assert.ok(Math.abs(countRows(parts.validation, labels, c) - inAll * parts.validation.length) < 2);
      }
    }),
    { numRuns: 50 },
  );
});

test('a stratified split keeps the permuted order and differs between seeds', () => {
  const labels = Int32Array.from({ length: 90 }, (_, i) => i % 3);
  const order = [...new RandomState(5).permutation(90)];
  const parts = split(labels, { test: 30, seed: 5, stratify: true });
  const places = [...parts.test].map((row) => order.indexOf(row));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.not.equal([...parts.test], [...split(labels, { test: 30, seed: 6, stratify: true }).test]);
  assert.equal(
    [0, 1, 2].map((c) => countRows(parts.test, labels, c)),
    [10, 10, 10],
  );
});

test('options that do not fit are refused', async () => {
  const refused = [
    { test: 1.5, seed: 0 },
    { test: -1, seed: 0 },
    { test: Number.NaN, seed: 0 },
    { test: 11, seed: 0 },
    { test: 10, seed: 0 },
    { test: 0.5, validation: 0.6, seed: 0 },
    { train: 0.9, test: 0.2, seed: 0 },
    { train: 9, test: 2, seed: 0 },
    { train: 0.01, seed: 0 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { seed: 0.5 },
    { seed: 0, stratify: true },
  ];
  for (const options of refused) await assertLegcnetError(() => split(10, options), 'ERR_OPTION');
  await assertLegcnetError(() => split(0, { seed: 0 }), 'ERR_OPTION', /at least one training row of 0/);
  await assertLegcnetError(() => split(2.5, { seed: 0 }), 'ERR_ARGUMENT', /how many rows/);
  const negative = Int32Array.of(0, 0, 1, 1, -1, -1);
  await assertLegcnetError(() => split(negative, { seed: 0, stratify: true }), 'ERR_ARGUMENT', /classes/);
  const oneOfClass1 = Int32Array.of(0, 0, 0, 1);
  await assertLegcnetError(() => split(oneOfClass1, { test: 1, seed: 0, stratify: true }), 'ERR_DATA', /class 1/);
});

test('one row can only be trained on', () => {
  assert.equal([...split(1, { test: 0, seed: 9 }).train], [0]);
});

function checkPartition(parts: Split, n: number): void {
  const all = [...parts.train, ...parts.validation, ...parts.test].sort((a, b) => a - b);
  assert.equal(
    all,
    Array.from({ length: n }, (_, i) => i),
  );
}

function count(labels: ArrayLike<number>, label: number): number {
  return Array.from(labels).filter((l) => l === label).length;
}

function countRows(rows: Int32Array, labels: Int32Array, label: number): number {
  return count(
    rows.map((row) => labels[row]!),
    label,
  );
}

test.run();
