import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCsv } from '../../lib/data/csv.js';
import type { NdArray } from '../../lib/data/ndarray.js';
import { readNpy } from '../../lib/data/npy.js';
import { type Scaling, applyScaler, fitScaler, scaleParts, scalings } from '../../lib/data/scale.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { golden, goldenTest, sharedData } from '../helpers/golden.js';
import { assertLegcnetError } from '../helpers/throws.js';

const matrix = (rows: number[][]): NdArray<Float64Array> => ({
  data: Float64Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});

const published: [name: string, folder: string, scaling: Scaling][] = [
  ['iris', golden('training/iris'), 'standard'],
  ['cancer', golden('training/cancer'), 'per-sample'],
  ['banknote', sharedData('training/banknote'), 'per-sample'],
  ['titanic', sharedData('training/titanic'), 'per-sample'],
  ['iris3f', sharedData('training/iris3f'), 'standard'],
  ['vowel', sharedData('training/vowel'), 'min-max'],
];

for (const [name, folder, scaling] of published) {
  goldenTest(test, `${name} is scaled as published: ${scaling}, refitted on test`, async () => {
    const csv = { label: name === 'titanic' ? 'Survived' : 'last', ignore: name === 'titanic' ? ['split'] : [] };
    const { features } = await readCsv(`${folder}/raw.csv`, csv);
    const order = JSON.parse(await readFile(`${folder}/order.json`, 'utf8')) as { train: number[]; test: number[] };
    const parts = { train: { features, rows: order.train }, test: { features, rows: order.test } };
    const scaled = await scaleParts(parts, { scaling, refit: true, dtype: 'float64' });
    for (const part of ['train', 'test'] as const) {
      const expected = await readNpy(`${folder}/x_${part}.npy`, { dtype: 'f8', rank: 2 });
      assert.equal(scaled[part].shape, expected.shape);
      assertClose(scaled[part].data, expected.data, tolerances.scaledFeatures, `${name} ${part}`);
    }
  });
}

test('standard: mean 0 and standard deviation 1 over the samples fitted to', async () => {
  const features = matrix([
    [1, 7],
    [3, 7],
    [8, 7],
  ]);
  const scaler = await fitScaler('standard', { features, rows: [0, 1] });
  assert.equal(scaler, { scaling: 'standard', shift: Float64Array.of(2, 7), scale: Float64Array.of(1, 1) });
  const { data } = await applyScaler(scaler, { features }, 'float64');
  assert.equal(data, Float64Array.of(-1, 0, 1, 0, 6, 0));
});

test('min-max: 0 to 1 over the samples fitted to', async () => {
  const features = matrix([
    [1, 7],
    [3, 7],
    [8, 9],
  ]);
  const scaler = await fitScaler('min-max', { features, rows: [0, 1] });
  const { data } = await applyScaler(scaler, { features }, 'float64');
  assert.equal(data, Float64Array.of(0, 0, 1, 0, 3.5, 2));
});

test('per-sample: mean 0 and standard deviation 1 over the features of each sample', async () => {
  const features = matrix([
    [1, 3],
    [5, 5],
    [-4, 0],
  ]);
  const scaler = await fitScaler('per-sample', { features });
  const { data } = await applyScaler(scaler, { features, rows: [2, 1, 0] }, 'float64');
  assert.equal(data, Float64Array.of(-1, 1, 0, 0, -1, 1));
});

test('pixel and none need no samples', async () => {
  const features = { data: Uint8Array.of(0, 51, 255, 102), shape: [1, 2, 2] };
  const pixel = await fitScaler('pixel', { features, rows: [] });
  const scaled = await applyScaler(pixel, { features }, 'float32');
  assert.equal(scaled, { data: Float32Array.of(0, 0.2, 1, 0.4), shape: [1, 4] });
  const none = await fitScaler('none', { features });
  assert.equal((await applyScaler(none, { features }, 'float64')).data, Float64Array.of(0, 51, 255, 102));
});

test('a feature that is constant but not exactly representable stays in place', async () => {
  const features = matrix(Array.from({ length: 7 }, () => [0.1]));
  const { data } = await applyScaler(await fitScaler('standard', { features }), { features }, 'float64');
  assert.ok(data.every((x) => Math.abs(x) < 1e-15));
});

test('without refit the test part is scaled by the training part', async () => {
  const parts = { train: { features: matrix([[0], [2]]) }, test: { features: matrix([[5]]) } };
  const strict = await scaleParts(parts, { scaling: 'standard', dtype: 'float64' });
  assert.equal(strict.test.data, Float64Array.of(4));
  const refitted = await scaleParts(parts, { scaling: 'standard', dtype: 'float64', refit: true });
  assert.equal(refitted.test.data, Float64Array.of(0));
});

test('an empty part stays empty, a training part must not be', async () => {
  const features = matrix([
    [1, 2],
    [3, 4],
  ]);
  const parts = { train: { features }, validation: { features, rows: new Int32Array(0) } };
  const scaled = await scaleParts(parts, { scaling: 'standard', dtype: 'float32', refit: true });
  assert.equal(scaled.validation, { data: new Float32Array(0), shape: [0, 2] });
  await assertLegcnetError(() => fitScaler('standard', parts.validation), 'ERR_ARGUMENT', /at least one sample/);
});

test('wrong arguments are refused', async () => {
  const features = matrix([[1, 2]]);
  const scaler = await fitScaler('standard', { features });
  await assertLegcnetError(() => fitScaler('robust' as Scaling, { features }), 'ERR_OPTION', /min-max.*"robust"/);
  await assertLegcnetError(
    () => applyScaler(scaler, { features: matrix([[1]]) }, 'float64'),
    'ERR_ARGUMENT',
    /2 features/,
  );
  await assertLegcnetError(
    () => fitScaler('standard', { features, rows: [1] }),
    'ERR_ARGUMENT',
    /rows\[0\].* 0\.\.0 .* 1$|rows\[0\]/,
  );
  const scalar = { data: Float64Array.of(1), shape: [] };
  await assertLegcnetError(() => fitScaler('none', { features: scalar }), 'ERR_ARGUMENT', /a scalar/);
});

test('every scaling gives finite numbers of the size asked for, over any number of blocks', async () => {
  const widths = fc.constantFrom(1, 3, 200);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...scalings), widths, fc.integer({ min: 1, max: 2000 }), async (scaling, d, n) => {
      const features = { data: Float32Array.from({ length: n * d }, (_, i) => (i * 37) % 101), shape: [n, d] };
      const { data, shape } = await applyScaler(await fitScaler(scaling, { features }), { features }, 'float64');
      assert.equal(shape, [n, d]);
      assert.ok(data.every(Number.isFinite));
      if (scaling === 'min-max') assert.ok(data.every((x) => x >= 0 && x <= 1));
    }),
    { numRuns: 20 },
  );
});

test('scaling MNIST-size data leaves the event loop free', async () => {
  const features = { data: new Uint8Array(20_000 * 784), shape: [20_000, 784] };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await applyScaler(await fitScaler('standard', { features }), { features }, 'float32');
  clearInterval(timer);
  assert.ok(turns >= 10, `${turns} turns`);
});

test.run();
