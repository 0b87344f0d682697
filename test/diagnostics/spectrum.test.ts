import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NdArray } from '../../lib/data/ndarray.js';
import {
  type LayerSpectrum,
  type MarchenkoPastur,
  type PowerLaw,
  fitEigenvalues,
  marchenkoPasturDensity,
  spectrum,
} from '../../lib/diagnostics/spectrum.js';
import { table4 } from '../../lib/diagnostics/table4.js';
import { Mlp } from '../../lib/network/mlp.js';
import { normals } from '../granger/series.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';

type Ok = Extract<LayerSpectrum, { status: 'ok' }>;
type Tail = Extract<PowerLaw, { status: 'ok' }>;
type Bulk = Extract<MarchenkoPastur, { sigma: number }>;

const matrix = (rows: number, columns: number, at: (i: number, j: number) => number): NdArray<Float64Array> => ({
  data: Float64Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns)),
  shape: [rows, columns],
});

function gaussian(rows: number, columns: number, seed: number): NdArray<Float64Array> {
  const normal = normals(seed);
  return matrix(rows, columns, () => Math.fround(normal()));
}

const transposed = ({ data, shape }: NdArray): NdArray<Float64Array> =>
  matrix(shape[1]!, shape[0]!, (i, j) => data[j * shape[1]! + i]!);

async function one(input: NdArray, options: Parameters<typeof spectrum>[1] = { randomise: false }): Promise<Ok> {
  const [layer] = await spectrum(input, options);
  assert.is(layer!.status, 'ok');
  return layer as Ok;
}

/** Eigenvalues by Jacobi's rotations of the smaller Gram matrix: slow, independent. */
function eigenvaluesOf(w: NdArray): Float64Array {
  const [rows = 0, columns = 0] = w.shape;
  if (rows < columns) return eigenvaluesOf(transposed(w));
  const a = Array.from({ length: columns }, (_, i) =>
    Array.from({ length: columns }, (__, j) => {
      let sum = 0;
      for (let k = 0; k < rows; k++) sum += w.data[k * columns + i]! * w.data[k * columns + j]!;
      return sum;
    }),
  );
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < columns; p++) {
      for (let q = p + 1; q < columns; q++) {
        if (a[p]![q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < columns; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          [a[k]![p], a[k]![q]] = [c * x - s * y, s * x + c * y];
        }
        for (let k = 0; k < columns; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          [a[p]![k], a[q]![k]] = [c * x - s * y, s * x + c * y];
        }
      }
    }
  }
  return Float64Array.from(a, (row, i) => row[i]!).sort();
}

test('eigenvalues are those of an independent method, for tall, wide and square matrices, sparse ones too', async () => {
  const shapes = fc.record({
    rows: fc.integer({ min: 10, max: 45 }),
    columns: fc.integer({ min: 10, max: 45 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    kept: fc.constantFrom(1, 0.3, 0.05),
    scale: fc.constantFrom(1, 1e-15, 1e15),
  });
  await fc.assert(
    fc.asyncProperty(shapes, async ({ rows, columns, seed, kept, scale }) => {
      const normal = normals(seed);
      const chosen = normals(seed + 1);
      const w = matrix(rows, columns, () => Math.fround(normal() * (Math.abs(chosen()) < 2 * kept ? scale : 0)));
      const [layer] = await spectrum(w, { randomise: false });
      if (layer!.status === 'zero') return;
      const { eigenvalues, norm, matrixRank } = layer as Ok;
      const expected = eigenvaluesOf(w);
      assertClose(eigenvalues, expected, { absolute: 1e-13 * expected.at(-1)! });
      assertClose(
        norm,
        w.data.reduce((sum, x) => sum + x * x, 0),
        { relative: 1e-13 },
      );
      assert.ok(matrixRank >= 1 && matrixRank <= Math.min(rows, columns));
      const other = await one(transposed(w));
      assertClose(other.eigenvalues, eigenvalues, { absolute: 1e-13 * expected.at(-1)! });
    }),
    { numRuns: 60 },
  );
});

test('a diagonal matrix has its squared entries as eigenvalues, and its rank', async () => {
  const w = matrix(30, 12, (i, j) => (i === j && j < 9 ? j + 1 : 0));
  const layer = await one(w);
  assertClose(layer.eigenvalues, [0, 0, 0, 1, 4, 9, 16, 25, 36, 49, 64, 81], { absolute: 1e-13 });
  assert.is(layer.matrixRank, 9);
  assertClose(layer.stableRank, 285 / 81, { relative: 1e-14 });
  assertClose(layer.logSpectralNorm, Math.log10(81), { relative: 1e-14 });
});

test('the tail of Pareto samples is found', async () => {
  for (const alpha of [2.2, 3, 5]) {
    const random = normals(Math.round(alpha * 10));
    const uniform = (): number => Math.abs(random() * 1e6) % 1 || 0.5;
    const eigenvalues = Float64Array.from({ length: 2000 }, () => 0.7 * (1 - uniform()) ** (-1 / (alpha - 1)));
    const { powerLaw } = await fitEigenvalues(eigenvalues, [4000, 2000]);
    const fit = powerLaw as Tail;
    assert.is(fit.status, 'ok');
    assertClose(fit.alpha, alpha, { absolute: 4 * fit.sigma }, `alpha ${alpha}, sigma ${fit.sigma}`);
    assert.ok(fit.spikes > 200 && fit.distance < 0.05);
  }
});

test('a Gaussian matrix is a bulk of sigma 1 without spikes; a strong direction is a spike', async () => {
  const w = gaussian(400, 200, 3);
  const { marchenkoPastur } = await one(w);
  const bulk = marchenkoPastur as Bulk;
  assert.is(bulk.status, 'ok');
  assertClose(bulk.sigma, 1, { absolute: 0.02 });
  assert.is(bulk.spikes, 0);
  const spiked = await one({
    ...w,
    data: w.data.map((x, k) => x + 0.5 * Math.sin(Math.floor(k / 200)) * Math.cos(k % 200)),
  });
  assert.is((spiked.marchenkoPastur as Bulk).spikes, 1);
});

test("the density's area is 1 over the bulk", () => {
  for (const [Q, sigma] of [
    [1.5, 1],
    [4, 0.7],
    [15.68, 1.1],
  ] as const) {
    const [from, to, n] = [0, 6, 200_000];
    let area = 0;
    for (let i = 0; i < n; i++)
      area += marchenkoPasturDensity(from + ((i + 0.5) * (to - from)) / n, Q, sigma) * (to / n);
    assertClose(area, 1, { absolute: 1e-3 });
  }
  assert.is(marchenkoPasturDensity(2.1, 1, 1), 0);
  assertClose(marchenkoPasturDensity(0, 1, 1), 2 / Math.PI, { relative: 1e-15 });
});

test('a huge entry is a trap: its shuffles have a spike as well', async () => {
  const w = gaussian(150, 60, 5);
  assert.equal((await one(w, {})).randomised!.correlationTrap, false);
  w.data[77] = 80;
  const trapped = await one(w, {});
  assert.is(trapped.randomised!.correlationTrap, true);
  assert.ok(trapped.warnings.includes('correlation-trap'));
});

test('where there is nothing to say, a status says why', async () => {
  const of = (value: number) => matrix(12, 10, (i, j) => (i === 3 && j === 4 ? value : 1 + i * j));
  const cases: [NdArray, LayerSpectrum['status']][] = [
    [matrix(0, 0, () => 0), 'too-small'],
    [matrix(0, 20, () => 0), 'too-small'],
    [matrix(1, 1, () => 5), 'too-small'],
    [matrix(1000, 9, () => 1), 'too-small'],
    [of(Number.NaN), 'non-finite'],
    [of(Number.NEGATIVE_INFINITY), 'non-finite'],
    [of(1e39), 'non-finite'],
    [matrix(12, 10, () => 0), 'zero'],
    [matrix(12, 10, () => 1e-60), 'zero'],
    [of(2), 'ok'],
  ];
  const layers = await spectrum(cases.map(([w], i) => ({ name: `m${i}`, matrix: w })));
  assert.equal(
    layers.map(({ status }) => status),
    cases.map(([, status]) => status),
  );
  assert.not.ok('eigenvalues' in layers[0]!);
  assert.is(layers[0]!.Q, 0);
  assert.equal(await spectrum([]), []);
});

test('constant and orthogonal matrices have no tail, and no numbers that are not finite', async () => {
  const finite = (value: unknown): boolean =>
    typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.values(value).every(finite);
  for (const w of [
    matrix(20, 15, () => 0.5),
    matrix(16, 16, (i, j) => (i === j ? 3 : 0)),
    matrix(10, 10, (i, j) => (i === 2 && j === 7 ? 1 : 0)),
  ]) {
    const layer = await one(w, {});
    assert.is(layer.powerLaw.status, 'no-tail');
    assert.ok(finite(layer), JSON.stringify(layer));
    assert.equal(layer.randomised!.correlationTrap && layer.randomised!.marchenkoPastur.status !== 'ok', false);
  }
  const constant = await one(matrix(20, 15, () => 0.5));
  assert.equal([constant.matrixRank, constant.entropy], [1, 0]);
  assertClose(constant.stableRank, 1, { relative: 1e-12 });
  const [row] = await table4({ constant: [{ name: 'W', matrix: matrix(20, 15, () => 1) }] });
  assert.equal(row, { network: 'constant', layer: 'W', status: 'no-tail', alpha: undefined, alphaWeighted: undefined });
});

test('fingers: dropped until alpha falls by more than 1; or xmin kept near the peak', async () => {
  // A short bulk, and a clump far above it that looks like a steep tail.
  const bulk = Array.from({ length: 12 }, (_, i) => 1 + 1.2 * (i / 12) ** 0.3);
  const clump = Array.from({ length: 6 }, (_, i) => 10 + 0.5 * i);
  const eigenvalues = Float64Array.from([...bulk, ...clump]);
  const fit = async (fixFingers: 'none' | 'xmin-peak' | 'clip-xmax', values = eigenvalues) =>
    (await fitEigenvalues(values, [100, 18], { fixFingers })).powerLaw as Tail;
  const plain = await fit('none');
  assert.equal([plain.xmin, plain.fingers, plain.spikes], [10, 0, 6]);
  const clipped = await fit('clip-xmax');
  assert.equal([clipped.fingers, clipped.xmax], [3, 11]);
  assert.ok(clipped.alpha + 1 < plain.alpha);
  const without = await fit('none', eigenvalues.subarray(0, -3));
  assert.equal([clipped.alpha, clipped.xmin, clipped.distance], [without.alpha, without.xmin, without.distance]);
  assert.ok((await fit('none', eigenvalues.subarray(0, -2))).alpha + 1 >= plain.alpha, 'two are not enough');
  assert.equal(clipped.scan, plain.scan);

  const peak = await fit('xmin-peak');
  assert.ok(peak.xmin < 3 && peak.fingers === 0);
  assert.is(peak.distance, peak.scan.distance[peak.scan.xmin.indexOf(peak.xmin)]);
  const straight = Float64Array.from({ length: 40 }, (_, i) => 1.2 ** i);
  assert.equal(await fit('clip-xmax', straight), await fit('none', straight));
});

test('the same bits for any number of threads; the seed matters, other matrices do not', async () => {
  const [a, b] = [gaussian(60, 30, 1), gaussian(40, 40, 2)];
  const named = [a, b].map((w, i) => ({ name: `W${i}`, matrix: w }));
  const single = await spectrum(named, { threads: 1 });
  for (const threads of [2, 3, 8]) assert.equal(await spectrum(named, { threads }), single);
  const [alone] = await spectrum([{ name: 'W0', matrix: a }]);
  assert.equal(alone, single[0]);
  const [other] = await spectrum(named, { seed: 2 });
  assert.not.equal((other as Ok).randomised!.single, (single[0] as Ok).randomised!.single);
  assert.equal((other as Ok).eigenvalues, (single[0] as Ok).eigenvalues);
  const [without] = await spectrum(a, { randomise: false });
  assert.not.ok('randomised' in without!);
});

test("a network's weights, not its biases", async () => {
  const network = await Mlp.random([20, 15, 12], { seed: 4 });
  const layers = await spectrum(network);
  assert.equal(
    layers.map(({ name, shape }) => [name, shape]),
    [
      ['W1', [15, 20]],
      ['W2', [12, 15]],
    ],
  );
  const first = matrix(15, 20, (i, j) => network.parameters[i * 20 + j]!);
  assert.equal((layers[0] as Ok).eigenvalues, (await one(first, {})).eigenvalues);
  const rows = await table4({ dense: network });
  const tail = (layers[0] as Ok).powerLaw as Tail;
  assert.equal([rows[0]!.alpha, rows[0]!.alphaWeighted], [tail.alpha, tail.alphaWeighted]);
});

test('progress counts decompositions; aborting stops and gives the reason', async () => {
  const seen: number[] = [];
  await spectrum(gaussian(50, 20, 1), { onProgress: ({ done, total }) => seen.push(done, total) });
  assert.equal(seen.slice(-2), [7, 7]);
  const controller = new AbortController();
  const reason = new Error('enough');
  const large = spectrum(gaussian(1500, 1000, 1), { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  try {
    await large;
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test('what is no matrix or no option is refused', async () => {
  const call = (input: any, options?: any) => () => spectrum(input, options);
  await assertLegcnetError(call(undefined), 'ERR_ARGUMENT', /matrix/);
  await assertLegcnetError(call({ data: new Float64Array(5), shape: [2, 3] }), 'ERR_ARGUMENT', /matrix/);
  await assertLegcnetError(call({ data: new Float64Array(6), shape: [6] }), 'ERR_ARGUMENT', /matrix/);
  await assertLegcnetError(call([{ matrix: matrix(2, 2, () => 1) }]), 'ERR_ARGUMENT', /matrices\[0\]/);
  await assertLegcnetError(
    call(
      matrix(2, 2, () => 1),
      { fixFingers: 'all' },
    ),
    'ERR_OPTION',
    /fixFingers/,
  );
  await assertLegcnetError(
    call(
      matrix(2, 2, () => 1),
      { randomize: true },
    ),
    'ERR_OPTION',
    /randomise/,
  );
  for (const wrong of [[Number.NaN], [-1], [Number.POSITIVE_INFINITY]]) {
    await assertLegcnetError(() => fitEigenvalues(Float64Array.from(wrong), [10, 10]), 'ERR_ARGUMENT', /finite/);
  }
  await assertLegcnetError(() => fitEigenvalues(new Float64Array(3), [0, 10]), 'ERR_ARGUMENT', /shape/);
});

test('eigenvalues that leave nothing to fit', async () => {
  for (const values of [[], [0, 0], [1e-9, 1e-8]]) {
    const { powerLaw, marchenkoPastur } = await fitEigenvalues(Float64Array.from(values), [10, 10]);
    assert.is(powerLaw.status, 'no-tail');
    assert.is(marchenkoPastur.status, values.some((value) => value > 0) ? 'ok' : 'no-fit');
  }
});

test.run();
