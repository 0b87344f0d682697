import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Resampler,
  areaUnderCurve,
  deviation,
  mean,
  normals,
  quantile,
  studentInterval,
  studentQuantile,
} from '../../lib/pipeline/referee-statistics.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';

test("Student's quantiles are scipy's", () => {
  // scipy.stats.t.ppf(p, freedom)
  const known: [number, number, number][] = [
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 3, 3.1824463052837078],
    [0.975, 9, 2.262157162798205],
    [0.975, 10, 2.228138851986274],
    [0.9, 29, 1.311433647301551],
    [0.999, 7, 4.785289628638333],
  ];
  for (const [p, freedom, t] of known) {
    assertClose(studentQuantile(p, freedom), t, { relative: 1e-12 }, `t(${p}, ${freedom})`);
    assert.is(studentQuantile(1 - (1 - p), freedom), studentQuantile(p, freedom));
    assertClose(studentQuantile(1 - p, freedom), -t, { relative: 1e-12 });
  }
  assertClose(studentQuantile(0.5, 4), 0, { absolute: 1e-12 });
});

test('arguments that no distribution has are refused', async () => {
  for (const freedom of [0, 1.5, -1, Number.NaN]) {
    await assertLegcnetError(() => studentQuantile(0.9, freedom), 'ERR_ARGUMENT', /freedom/);
  }
  for (const p of [0, 1, Number.NaN]) {
    await assertLegcnetError(() => studentQuantile(p, 3), 'ERR_ARGUMENT', /probability/);
  }
});

test('means, deviations and quantiles; what one value or none can say', () => {
  assert.is(mean([1, 2, 6]), 3);
  assertClose(deviation([1, 2, 6]) as number, Math.sqrt(7), { relative: 1e-15 });
  assert.ok(Number.isNaN(mean([])));
  assert.is(deviation([4]), null);
  assert.is(studentInterval([4]), null);
  assert.is(quantile([1, 2, 4], 0.5), 2);
  assert.is(quantile([1, 2, 4], 0.75), 3);
  assert.is(quantile([7], 0.3), 7);
  const one = new Resampler(100).estimate([4]);
  assert.equal(one, { n: 1, mean: 4, deviation: null, interval: null, method: null, bootstrap: null });
});

test('the interval quoted is Student’s below 20 replicates, the bootstrap’s above', () => {
  const normal = normals(4);
  const resampler = new Resampler(500);
  const few = resampler.estimate(Array.from({ length: 19 }, normal));
  assert.is(few.method, 't');
  const many = resampler.estimate(Array.from({ length: 20 }, normal));
  assert.is(many.method, 'bootstrap');
  assert.is(many.interval, many.bootstrap);
  assert.equal(new Resampler(500).estimate([1, 2, 3]), new Resampler(500).estimate([1, 2, 3]));
  assert.equal(resampler.estimate([2, 2, 2]).bootstrap, [2, 2]);
});

test('95 of 100 intervals hold the mean they are for', () => {
  const normal = normals(9);
  const resampler = new Resampler(200);
  for (const [n, runs, low, high] of [
    [5, 1000, 0.93, 0.97],
    // the bootstrap is a little narrow at 30
    [30, 1000, 0.91, 0.97],
  ] as const) {
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const [from, to] = resampler.estimate(Array.from({ length: n }, normal)).interval as [number, number];
      if (from <= 0 && 0 <= to) held++;
    }
    assert.ok(held / runs >= low && held / runs <= high, `n = ${n}: ${held / runs}`);
  }
});

test('area under the curve: as counted pair by pair', async () => {
  const scores = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(scores, scores, async (a, b) => {
      let wins = 0;
      for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0;
      assertClose(await areaUnderCurve(a, b), wins / (a.length * b.length), { absolute: 1e-12 });
    }),
  );
  assert.ok(Number.isNaN(await areaUnderCurve([], [1])));
});

test('normal numbers have the moments of their distribution, and a seed repeats them', () => {
  const normal = normals(2);
  const x = Array.from({ length: 40_000 }, normal);
  const moment = (k: number): number => mean(x.map((value) => value ** k));
  assertClose([moment(1), moment(2), moment(3), moment(4)], [0, 1, 0, 3], { absolute: 0.08 });
  const again = normals(2);
  assert.is(again(), x[0]);
});

test.run();
