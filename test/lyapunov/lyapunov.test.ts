import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inSharedMemory } from '../../benchmarks/memory.js';
import * as oracle from '../../benchmarks/pure-js/lyapunov.js';
import { LegcnetError } from '../../lib/errors.js';
import { divergenceCurve, lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { nativePath } from '../../lib/native.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { longestTurn } from '../helpers/turns.js';

/** Everything but what is not finite or constant is to be measured. */
const noGuards = { minRange: 0 };

function logistic(length: number, x0 = 0.4): Float64Array {
  const x = new Float64Array(length).fill(x0);
  for (let i = 1; i < length; i++) x[i] = 4 * x[i - 1]! * (1 - x[i - 1]!);
  return x;
}

/** Numbers whose differences have squares: smaller ones count as zero in the native core. */
const value = fc.double({ min: -1, max: 1, noNaN: true }).map((v) => (Math.abs(v) < 1e-100 ? 0 : v));

/** Series of every kind a search meets: spread, walking, full of ties, with plateaus and outliers. */
const series: fc.Arbitrary<Float64Array> = fc
  .record({
    values: fc.array(value, { minLength: 2, maxLength: 160 }),
    walk: fc.boolean(),
    levels: fc.constantFrom(0, 0, 2, 5, 50, 1000),
    hold: fc.constantFrom(1, 1, 1, 4),
    outlier: fc.constantFrom(0, 0, 0, 1e6),
  })
  .map(({ values, walk, levels, hold, outlier }) => {
    let sum = 0;
    const x = Float64Array.from(values, (_, i) => {
      const held = values[i - (i % hold)]!;
      return walk ? (sum += held) : held;
    });
    if (levels > 0) for (let i = 0; i < x.length; i++) x[i] = Math.round(x[i]! * levels) / levels;
    if (outlier > 0) x[x.length >> 1] = outlier;
    return x;
  });

const embedding = fc.record({
  embeddingDimension: fc.integer({ min: 1, max: 5 }),
  delay: fc.integer({ min: 1, max: 3 }),
  theilerWindow: fc.constantFrom(0, 0, 1, 3, 20),
  horizon: fc.integer({ min: 1, max: 12 }),
});
const usual = fc.constant({ embeddingDimension: 2, delay: 1, theilerWindow: 0, horizon: 3 });

for (const [name, radius, runs] of [
  ['all pairs', fc.constant<'all'>('all'), 400],
  ['growing radius', fc.oneof(fc.constant<'default'>('default'), fc.double({ min: 1e-4, max: 30, noNaN: true })), 150],
] as const) {
  test(`float64, ${name}: the oracle's pairs, counts and curve`, async () => {
    await fc.assert(
      fc.asyncProperty(series, fc.oneof(embedding, usual), radius, async (x, points, r) => {
        const options = { ...points, radius: r };
        const expected = oracle.divergenceCurve(x, options);
        const actual = await divergenceCurve(x, { ...options, ...noGuards });
        assert.is(actual.status[0], expected.status);
        assert.is(actual.unmatched[0], expected.unmatched);
        assertClose(actual.counts.data, expected.counts, tolerances.divergenceCounts, 'counts');
        assertClose(actual.curve.data, expected.curve, tolerances.divergenceFloat64, 'S(k)');
      }),
      { numRuns: runs },
    );
  });
}

test('long series, where points are sorted first: as the oracle', async () => {
  for (const x of [logistic(3000), logistic(3000).map((v) => Math.round(v * 100) / 100)]) {
    for (const theilerWindow of [0, 7]) {
      const options = { embeddingDimension: 2, delay: 1, theilerWindow, horizon: 5, radius: 'all' } as const;
      const expected = oracle.divergenceCurve(x, options);
      const { curve, counts } = await divergenceCurve(x, options);
      assertClose(counts.data, expected.counts, tolerances.divergenceCounts, 'counts');
      assertClose(curve.data, expected.curve, tolerances.divergenceFloat64, 'S(k)');
    }
  }
});

test('float32: near the oracle on the same numbers', async () => {
  const rows = 64;
  const data = Float32Array.from(
    { length: rows * 200 },
    (_, i) => logistic(200, 0.1 + (i / 200 / rows) * 0.3)[i % 200]!,
  );
  const { curve, status } = await divergenceCurve({ data, shape: [rows, 200] });
  assert.ok(status.every((s) => s === 'ok'));
  const options = { embeddingDimension: 2, delay: 1, theilerWindow: 0, horizon: 3, radius: 'all' } as const;
  const differences: number[] = [];
  for (let row = 0; row < rows; row++) {
    const expected = oracle.divergenceCurve(Float64Array.from(data.subarray(row * 200, row * 200 + 200)), options);
    for (let k = 0; k < 4; k++) differences.push(Math.abs(curve.data[row * 4 + k]! - expected.curve[k]!));
  }
  differences.sort((a, b) => a - b);
  assertClose(differences[differences.length >> 1]!, 0, tolerances.divergenceFloat32Median, 'median difference');
});

test('exponents: one step, fit given, fit found', async () => {
  const x = logistic(2000);
  const points = { embeddingDimension: 2, delay: 1, theilerWindow: 0, horizon: 8 };
  const { curve } = oracle.divergenceCurve(x, { ...points, radius: 'all' });
  const one = await lyapunovExponents(x, points);
  assertClose(one.exponent, [curve[1]! - curve[0]!], tolerances.divergenceFloat64, 'one-step');
  assert.equal(one.fitRange, { data: Int32Array.of(0, 1), shape: [1, 2] });
  const fit = await lyapunovExponents(x, { ...points, exponent: 'fit', fit: [1, 4] });
  assertClose(fit.exponent, [oracle.slope(curve, 1, 4)], tolerances.divergenceFloat64, 'fit');
  assert.equal([...fit.fitRange.data], [1, 4]);
  const found = await lyapunovExponents(x, { ...points, exponent: 'fit' });
  const [from, to] = found.fitRange.data;
  assert.ok(to! - from! >= 2);
  assertClose(found.exponent, [oracle.slope(curve, from!, to!)], tolerances.divergenceFloat64, 'fit found');
});

test('known exponent: the logistic map at r = 4', async () => {
  const { exponent } = await lyapunovExponents(logistic(5000), { exponent: 'fit', fit: [0, 3] });
  assertClose(exponent, [0.693], { absolute: 0.002 });
});

test("kantz: the oracle's curve, counts and points left out", async () => {
  const range = (x: Float64Array) => Math.max(...x) - Math.min(...x);
  await fc.assert(
    fc.asyncProperty(
      series.filter((x) => range(x) > 0),
      fc.oneof(embedding, usual),
      fc.constantFrom(0.01, 0.05, 0.3, 3),
      fc.integer({ min: 1, max: 8 }),
      async (x, points, radius, minNeighbours) => {
        const options = { ...points, minNeighbours };
        const share = radius === 0.05 ? radius : (radius * range(x)) / range(x); // to the last bit
        const expected = oracle.kantzCurve(x, { ...options, radius: share });
        const given = radius === 0.05 ? ('default' as const) : radius * range(x);
        const actual = await divergenceCurve(x, { ...options, divergence: 'kantz', radius: given, ...noGuards });
        assert.is(actual.status[0], expected.status);
        assert.is(actual.unmatched[0], expected.unmatched);
        assertClose(actual.counts.data, expected.counts, tolerances.divergenceCounts, 'counts');
        assertClose(actual.curve.data, expected.curve, tolerances.divergenceFloat64, 'S(k)');
      },
    ),
    { numRuns: 200 },
  );
});

test('kantz: known exponents, the logistic map and the Henon map', async () => {
  const kantz = { divergence: 'kantz', exponent: 'fit' } as const;
  const one = await lyapunovExponents(logistic(5000), { ...kantz, radius: 0.002, horizon: 5, fit: [0, 4] });
  assertClose(one.exponent, [Math.LN2], { absolute: 0.02 });
  const henon = new Float64Array(5000);
  let [x, y] = [0.1, 0.1];
  for (let i = -100; i < henon.length; i++) {
    [x, y] = [1 - 1.4 * x * x + y, 0.3 * x];
    if (i >= 0) henon[i] = x;
  }
  const two = await lyapunovExponents(henon, { ...kantz, radius: 0.02, theilerWindow: 5, horizon: 6, fit: [1, 6] });
  assertClose(two.exponent, [0.42], { absolute: 0.02 });
  const single = await lyapunovExponents(Float32Array.from(henon), {
    ...kantz,
    radius: 0.02,
    theilerWindow: 5,
    horizon: 6,
    fit: [1, 6],
  });
  assertClose(single.exponent, two.exponent, { absolute: 1e-4 });
});

test('kantz: edges', async () => {
  const x = logistic(200);
  const status = async (series: Float64Array, options: object = {}) => {
    const result = await lyapunovExponents(series, { divergence: 'kantz', ...options });
    return [result.status[0], result.unmatched[0], Number.isFinite(result.exponent[0]!)];
  };
  assert.equal(await status(x, { minNeighbours: 1000 }), ['no-pairs', 196, true]);
  assert.equal(await status(x, { radius: 1e-300 }), ['no-pairs', 196, true]);
  assert.equal(await status(x, { radius: 1e300 }), ['ok', 0, true]);
  assert.equal(await status(new Float64Array(50).fill(1)), ['static', 0, true]);
  assert.equal(await status(x.subarray(0, 5)), ['too-short', 0, true]);
  assert.equal(await status(x.map((v, i) => (i === 9 ? NaN : v))), ['non-finite', 0, true]);
  assert.equal(await status(Float64Array.from({ length: 60 }, (_, i) => i % 2)), ['no-pairs', 0, true]); // only duplicates
  await assertLegcnetError(() => lyapunovExponents(x, { divergence: 'kantz', radius: 'all' }), 'ERR_OPTION', /radius/);
  await assertLegcnetError(() => lyapunovExponents(x, { divergence: 'kants' as never }), 'ERR_OPTION', /divergence/);
  await assertLegcnetError(() => divergenceCurve(x, { minNeighbours: 0 }), 'ERR_OPTION', /minNeighbours/);
});

test("the authors' chain of text files", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 20, maxLength: 60 }),
      async (v) => {
        const x = Float64Array.from(v);
        const { exponent } = await lyapunovExponents(x, { quantise: 6, textRounding: true, ...noGuards });
        assert.is(exponent[0], oracle.authorsExponent(x));
      },
    ),
    { numRuns: 100 },
  );
});

test('what a series holds is a status, never an error', async () => {
  const whole = logistic(50);
  const spoilt = (value: number) => whole.map((v, i) => (i === 20 ? value : v));
  const cases: [Float64Array, string][] = [
    [whole, 'ok'],
    [new Float64Array(0), 'too-short'],
    [Float64Array.of(1), 'too-short'],
    [whole.subarray(0, 5), 'too-short'],
    [whole.subarray(0, 6), 'ok'],
    [new Float64Array(50).fill(0.1), 'static'],
    [whole.map((v) => 1e9 + v * 1e-6), 'static'], // the last digits of its type
    [whole.map((v) => v * 1e-310), 'static'], // a subnormal range
    [whole.map((v) => (v - 0.5) * 2 * 1.75e308), 'ok'], // the range itself overflows
    [spoilt(NaN), 'non-finite'],
    [spoilt(Infinity), 'non-finite'],
    [spoilt(-Infinity), 'non-finite'],
    [Float64Array.of(0, 0, 1, 1, 0, 0), 'no-pairs'],
  ];
  for (const [x, expected] of cases) {
    const { exponent, status, fitRange } = await lyapunovExponents(x);
    assert.equal(status, [expected]);
    assert.is(Number.isFinite(exponent[0]!), true);
    if (expected !== 'ok') assert.is(exponent[0], 0);
    assert.is(fitRange.data[0], expected === 'ok' ? 0 : -1);
    const curves = await divergenceCurve(x);
    assert.equal(curves.status, [expected]);
    assert.equal(curves.curve.shape, [1, 4]);
    if (expected !== 'ok') assert.ok(curves.curve.data.every(Number.isNaN) && curves.counts.data.every((c) => c === 0));
  }
});

test('guards', async () => {
  const x = logistic(50).map((v) => 1 + v * 1e-6);
  assert.equal((await lyapunovExponents(x)).status, ['ok']);
  assert.equal((await lyapunovExponents(Float32Array.from(x))).status, ['static']); // a few float32 spacings
  assert.equal((await lyapunovExponents(x, { minRange: 1e-5 })).status, ['static']);
  assert.equal((await lyapunovExponents(x, { quantise: 3 })).status, ['static']);
  const jump = logistic(50).map((v, i) => v * 0.1 + (i < 25 ? 0 : 3));
  assert.equal((await lyapunovExponents(jump)).status, ['ok']);
  assert.equal((await lyapunovExponents(jump, { meanChange: true })).status, ['static']);
});

test('many rows: each as if alone, for any number of threads', async () => {
  const [rows, length] = [3000, 40];
  const data = Float64Array.from({ length: rows * length }, (_, i) => Math.sin(i * i * 0.37) + (i % 7 === 0 ? 0.1 : 0));
  const one = await lyapunovExponents({ data, shape: [rows, length] }, { threads: 1 });
  for (const threads of [2, 5])
    assert.equal(await lyapunovExponents({ data, shape: [rows, length] }, { threads }), one);
  for (const row of [0, 1, 127, 128, 2999]) {
    const alone = await lyapunovExponents(data.subarray(row * length, row * length + length));
    assert.is(alone.exponent[0], one.exponent[row]);
  }
  assert.equal((await lyapunovExponents({ data: new Float64Array(0), shape: [0, 40] })).exponent.length, 0);
  assert.equal((await lyapunovExponents({ data: new Float64Array(0), shape: [3, 0] })).status[2], 'too-short');
});

/** Rows of equal length of every kind, some not to be measured. */
const batch: fc.Arbitrary<Float64Array[]> = fc
  .tuple(fc.constantFrom(12, 40, 60, 75, 110, 230), fc.integer({ min: 1, max: 21 }), fc.infiniteStream(series))
  .map(([length, rows, stream]) =>
    Array.from({ length: rows }, (_, row) => {
      const part = stream.next().value as Float64Array;
      const x = Float64Array.from({ length }, (_, i) => part[i % part.length]! + (i >= part.length ? i / 1024 : 0));
      if (row % 7 === 3) x.fill(part[0]!);
      if (row % 11 === 5) x[row % length] = NaN;
      return x;
    }),
  );

test('batches of any size, of series that have nothing in common: each row as the oracle, and as if alone', async () => {
  await fc.assert(
    fc.asyncProperty(batch, fc.oneof(embedding, usual), async (rows, points) => {
      const length = rows[0]!.length;
      const data = Float64Array.from(
        { length: rows.length * length },
        (_, i) => rows[Math.floor(i / length)]![i % length]!,
      );
      const options = { ...points, ...noGuards };
      const all = await divergenceCurve({ data, shape: [rows.length, length] }, options);
      const steps = points.horizon + 1;
      for (const [row, x] of rows.entries()) {
        const expected = oracle.divergenceCurve(x, { ...points, radius: 'all' });
        const curve = all.curve.data.subarray(row * steps, (row + 1) * steps);
        assert.is(all.status[row], expected.status);
        assert.is(all.unmatched[row], expected.unmatched);
        assertClose(
          all.counts.data.subarray(row * steps, (row + 1) * steps),
          expected.counts,
          tolerances.divergenceCounts,
        );
        assertClose(curve, expected.curve, tolerances.divergenceFloat64, `row ${row}`);
        assertClose((await divergenceCurve(x, options)).curve.data, curve, { absolute: 0 }, `row ${row}, alone`);
      }
    }),
    { numRuns: 150 },
  );
});

test('the caller may change its array at once', async () => {
  const x = logistic(500);
  const expected = await lyapunovExponents(x);
  const pending = lyapunovExponents(x);
  x.fill(0);
  assert.equal(await pending, expected);
});

test('large series are copied in turns of the event loop, and give the bits of those read where they are', async () => {
  const [rows, n] = [2 ** 15, 40]; // 10 MiB
  const data = Float64Array.from({ length: rows * n }, (_, i) => Math.sin(i * i) + (i % 5));
  const shape = [rows, n];
  const shared = { data: inSharedMemory(data), shape };
  for (const threads of [1, 3]) {
    assert.equal(await lyapunovExponents({ data, shape }, { threads }), await lyapunovExponents(shared, { threads }));
    const narrow = { data: Float32Array.from(data), shape };
    const there = { data: inSharedMemory(narrow.data), shape };
    assert.equal(await divergenceCurve(narrow, { threads }), await divergenceCurve(there, { threads }));
  }
});

test('a quarter of a gigabyte of series, be they ever so long, is not copied in one turn', async () => {
  const [rows, n] = [2, 2 ** 24];
  const data = new Float64Array(rows * n).fill(1);
  const copy = performance.now();
  data.slice();
  const atOnce = performance.now() - copy;
  const turns: number[] = []; // several, since the machine may be busy with other things
  for (let k = 0; k < 3; k++) {
    const [turn, { status }] = await longestTurn(() => lyapunovExponents({ data, shape: [rows, n] }));
    assert.ok(status.every((one) => one === 'static'));
    turns.push(turn);
  }
  assert.ok(Math.min(...turns) < atOnce / 2, `${turns} ms, and a copy takes ${atOnce} ms`);
});

test('a job is aborted, and fails, while its series are still being copied', async () => {
  const [rows, n] = [2 ** 15, 64]; // 16 MiB
  const reason = new Error('enough');
  const failure = async (meanwhile: (data: Float64Array, controller: AbortController) => void): Promise<unknown> => {
    const data = Float64Array.from({ length: rows * n }, (_, i) => Math.sin(i * i));
    const controller = new AbortController();
    const pending = lyapunovExponents({ data, shape: [rows, n] }, { signal: controller.signal });
    setImmediate(() => meanwhile(data, controller));
    return pending.then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  assert.is(await failure((_, controller) => controller.abort(reason)), reason);
  const gone = await failure((data) => structuredClone(data, { transfer: [data.buffer as ArrayBuffer] }));
  assert.instance(gone, LegcnetError);
  assert.is((gone as LegcnetError).code, 'ERR_ARGUMENT');
});

test('series in shared memory are read where they are, and give the bits of copied ones', async () => {
  const x = logistic(3000);
  for (const given of [x, Float32Array.from(x)]) {
    for (const shape of [[3000], [60, 50], [15, 200]]) {
      const [copied, shared] = [given, inSharedMemory(given)].map((data) => ({ data, shape }));
      for (const threads of [1, 2]) {
        assert.equal(await lyapunovExponents(shared!, { threads }), await lyapunovExponents(copied!, { threads }));
        assert.equal(await divergenceCurve(shared!, { threads }), await divergenceCurve(copied!, { threads }));
      }
    }
  }
});

test('what is no series or option is refused', async () => {
  const x = logistic(50);
  await assertLegcnetError(() => lyapunovExponents([1, 2, 3] as never), 'ERR_ARGUMENT', /series/);
  await assertLegcnetError(() => lyapunovExponents(undefined as never), 'ERR_ARGUMENT', /series/);
  await assertLegcnetError(() => divergenceCurve({ data: x, shape: [7, 7] }), 'ERR_ARGUMENT', /product 50/);
  await assertLegcnetError(() => divergenceCurve({ data: x, shape: [1, 1, 50] }), 'ERR_ARGUMENT', /\[rows, n\]/);
  await assertLegcnetError(() => divergenceCurve({ data: x, shape: [-1, -50] }), 'ERR_ARGUMENT', /shape/);
  await assertLegcnetError(() => lyapunovExponents(x, { horizon: 0 }), 'ERR_OPTION', /horizon/);
  await assertLegcnetError(() => lyapunovExponents(x, { radius: -1 }), 'ERR_OPTION', /radius/);
  await assertLegcnetError(() => lyapunovExponents(x, { exponent: 'fit', fit: [0, 9] }), 'ERR_OPTION', /fit/);
  await assertLegcnetError(() => lyapunovExponents(x, { horizn: 3 } as never), 'ERR_OPTION', /horizon/);
  await assertLegcnetError(() => divergenceCurve(x, { fit: [0, 1] } as never), 'ERR_OPTION', /fit/);
  await assertLegcnetError(() => lyapunovExponents(x, { signal: 1 } as never), 'ERR_OPTION', /signal/);
});

/** Noise in many dimensions: nothing to prune, about 20 ms a row. */
const slow = (rows: number) => {
  const data = Float64Array.from({ length: rows * 5000 }, (_, i) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1);
  return [
    { data, shape: [rows, 5000] },
    { embeddingDimension: 6, threads: 2 },
  ] as const;
};

test('progress ends at the rows', async () => {
  const seen: { done: number; total: number }[] = [];
  const [batch, options] = slow(20);
  await lyapunovExponents(batch, { ...options, onProgress: (progress) => seen.push(progress) });
  assert.ok(seen.every(({ done, total }) => done <= total && total === 20));
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i]!.done >= seen[i - 1]!.done);
});

test('aborted: rejects with the reason, within 50 ms', async () => {
  const [batch, options] = slow(400);
  const reason = new Error('enough');
  const controller = new AbortController();
  const pending = lyapunovExponents(batch, { ...options, signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const aborted = performance.now();
  controller.abort(reason);
  const outcome = await pending.catch((error: unknown) => error);
  assert.is(outcome, reason);
  const elapsed = performance.now() - aborted;
  assert.ok(elapsed < 500, `took ${elapsed} ms`); // 50 ms on an idle machine; tests share theirs
  await divergenceCurve(batch, { signal: AbortSignal.abort(reason) }).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, reason),
  );
});

test('the search for change-points of a long series, and that of neighbours where there are none, can be aborted', async () => {
  const n = 2 ** 17;
  const calm = Float64Array.from({ length: n }, (_, i) => (2 / Math.sqrt(n)) * Math.sin(i * i)); // no change pays
  const twoValues = Float64Array.from({ length: 8 * n }, (_, i) => ((i * 7919) >> 3) & 1); // no distance but 0 and 1
  for (const [series, meanChange] of [
    [calm, true],
    [twoValues, false],
  ] as const) {
    const reason = new Error('enough');
    const controller = new AbortController();
    const pending = lyapunovExponents(series, { meanChange, signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const aborted = performance.now();
    controller.abort(reason);
    assert.is(await pending.catch((error: unknown) => error), reason);
    const elapsed = performance.now() - aborted;
    assert.ok(elapsed < 500, `took ${elapsed} ms`); // 50 ms on an idle machine; tests share theirs
  }
});

test('works in worker threads', async () => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const native = require(${JSON.stringify(nativePath)});
     const lyapunov = { divergence: 'rosenstein', minNeighbours: 5, embeddingDimension: 2, delay: 1, theilerWindow: 0, horizon: 3, radius: 'all', exponent: 'one-step',
       minRange: 'resolution', quantise: 'none', meanChange: false, textRounding: false };
     const series = Float64Array.from({ length: 50 }, (_, i) => Math.sin(i * i));
     native.lyapunovExponents({ series, rows: 1, samples: 50, lyapunov, threads: 1 }).promise
       .then(({ exponent }) => parentPort.postMessage(exponent[0]));`,
    { eval: true },
  );
  const value = await new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject));
  const { exponent } = await lyapunovExponents(Float64Array.from({ length: 50 }, (_, i) => Math.sin(i * i)));
  assert.is(value, exponent[0]);
});

test('progress is reported at the end of a job however short', async () => {
  const seen: { done: number; total: number }[] = [];
  const data = Float64Array.from({ length: 3 * 60 }, (_, i) => Math.sin(i * i));
  await lyapunovExponents({ data, shape: [3, 60] }, { onProgress: (progress) => seen.push(progress) });
  assert.equal(seen.at(-1), { done: 3, total: 3 });
});

test.run();
