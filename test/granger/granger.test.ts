import { constants } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGarbage, inSharedMemory } from '../../benchmarks/memory.js';
import { grangerPair, informationCriterion } from '../../benchmarks/pure-js/granger.js';
import { adjustPValues } from '../../lib/granger/adjust.js';
import {
  type GrangerOptions,
  type GrangerResult,
  type GrangerSummary,
  grangerTest,
} from '../../lib/granger/granger.js';
import { GRANGER_STATUSES, type GrangerStatus } from '../../lib/granger/status.js';
import { lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { native } from '../../lib/native.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { SHAPES, noise, normals, randomSeries, stack } from './series.js';

/** Against an oracle that is no more exact than we are. */
const ORACLE = { relative: 1e-8 };

const statusesOf = (result: GrangerResult, row = 0): GrangerStatus[] =>
  Array.from(result.perLag.status.data.subarray(row * result.lags.length, (row + 1) * result.lags.length)).map(
    (code) => GRANGER_STATUSES[code]!,
  );

const bytes = (arrays: readonly (Float64Array | Int32Array | Uint8Array)[]): Buffer =>
  Buffer.concat(arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)));

/** Moves the array's memory to where nobody refers to it, in whatever ways this Node has and does not refuse. */
function giveAway(array: Float64Array): void {
  const buffer = array.buffer as ArrayBuffer & { transfer?(): unknown };
  for (const way of [() => structuredClone(buffer, { transfer: [buffer] }), () => buffer.transfer?.()]) {
    try {
      way();
    } catch {
      // the memory of an addon may be untransferable
    }
  }
}

/** The numbers of a result, for comparing bits. */
const summaryBits = ({ pValue, adjustedPValue, lagOrder, score }: GrangerSummary): Buffer =>
  bytes([pValue, adjustedPValue, lagOrder, score]);
const bitsOf = (result: GrangerResult): Buffer => {
  const { status, pValue, restrictedRss, unrestrictedRss } = result.perLag;
  const byLag = [status.data, pValue.data, restrictedRss.data, unrestrictedRss.data];
  return Buffer.concat([summaryBits(result), bytes(byLag), bytes(result.statistics ? [result.statistics.data] : [])]);
};

const shape = fc.constantFrom(...SHAPES);
const seed = fc.integer({ min: 1, max: 1e9 });

test('statuses, sums of squares, statistics and p-values of random pairs are those of the oracle', async () => {
  const pair = fc.record({
    n: fc.integer({ min: 1, max: 70 }),
    maxLag: fc.integer({ min: 1, max: 12 }),
    x: shape,
    y: shape,
    seed,
  });
  await fc.assert(
    fc.asyncProperty(pair, async ({ n, maxLag, ...kind }) => {
      const [x, y] = [randomSeries(kind.x, n, kind.seed), randomSeries(kind.y, n, kind.seed + 1)];
      const result = await grangerTest(x, y, { maxLag, stats: true });
      const expected = grangerPair(x, y, maxLag);
      assert.equal(
        statusesOf(result),
        expected.map((lag) => lag.status),
      );
      expected.forEach((lag, i) => {
        const { restrictedRss, unrestrictedRss } = result.perLag;
        assertClose(restrictedRss.data[i]!, lag.restrictedRss, ORACLE, 'a');
        assertClose(unrestrictedRss.data[i]!, lag.unrestrictedRss, ORACLE, 'b');
        if (lag.status !== 'ok') return;
        [lag.ssrFtest, lag.ssrChi2test, lag.lrtest, lag.ssrFtest].forEach(([statistic, p], which) => {
          const [ours, oursP] = result.statistics!.data.subarray(16 * i + 4 * which);
          // A source that is orthogonal to what is left of the target has a statistic of nothing but rounding.
          assertClose(ours!, statistic, { ...ORACLE, absolute: 1e-20 }, `lag ${i + 1}`);
          assertClose(oursP!, p, ORACLE, `lag ${i + 1}`);
        });
      });
    }),
    { numRuns: 300 },
  );
});

test('the p of each statistic is its column of stats', async () => {
  const [x, y] = [randomSeries('noise', 40, 1), randomSeries('walk', 40, 2)];
  for (const [which, statistic] of (['ssr-ftest', 'ssr-chi2test', 'lrtest', 'params-ftest'] as const).entries()) {
    const result = await grangerTest(x, y, { maxLag: 5, statistic, stats: true });
    const column = Array.from({ length: 5 }, (_, i) => result.statistics!.data[16 * i + 4 * which + 1]!);
    assert.equal(Array.from(result.perLag.pValue.data), column);
    assert.is(result.pValue[0], Math.min(...column));
  }
});

test('information criteria compare all lags on the rows of the longest that is not too short', async () => {
  const pair = fc.record({
    n: fc.integer({ min: 5, max: 60 }),
    x: shape,
    seed,
    kind: fc.constantFrom('aic' as const, 'bic' as const, 'target-aic' as const, 'target-bic' as const),
  });
  await fc.assert(
    fc.asyncProperty(pair, async ({ n, kind, ...given }) => {
      const x = randomSeries(given.x, n, given.seed);
      const y = randomSeries('autoregressive', n, given.seed + 1);
      for (let t = 2; t < n; t++) y[t]! += 0.7 * x[t - 2]!;
      const maxLag = 6;
      const result = await grangerTest(x, y, { maxLag, lagOrder: kind });
      const longest = Math.min(maxLag, Math.ceil((n - 1) / 3) - 1);
      const testable = statusesOf(result).flatMap((status, i) => (status === 'ok' ? [i + 1] : []));
      if (testable.length !== longest) return; // degenerate: the other tests' business
      const criterion = (lag: number): number => informationCriterion(kind, x, y, lag, longest);
      const best = testable.reduce((a, b) => (criterion(b) < criterion(a) ? b : a));
      assert.is(result.lagOrder[0], best);
      assert.is(result.pValue[0], result.perLag.pValue.data[best - 1]);
    }),
    { numRuns: 200 },
  );
});

test('target-aic and target-bic: one lag for all sources, the next best where a source cannot be tested at it', async () => {
  const n = 80;
  const normal = normals(70);
  const target = Float64Array.from({ length: n }, normal);
  for (let t = 4; t < n; t++) target[t]! += 0.8 * target[t - 4]!;
  const { sources } = mixture(37, n);
  const early = Float64Array.from({ length: n }, (_, t) => (t < 3 ? normal() : 7)); // constant at lags beyond 3
  const all = { data: Float64Array.from([...sources.data, ...early]), shape: [38, n] };
  for (const lagOrder of ['target-aic', 'target-bic'] as const) {
    const result = await grangerTest(all, target, { maxLag: 8, lagOrder });
    const [first] = result.lagOrder;
    assert.ok(first! >= 4);
    result.lagOrder.forEach((lag, row) => {
      const status = statusesOf(result, row)[first! - 1]!;
      assert.is(lag === first, status === 'ok' || status === 'rank-deficient', `row ${row}`);
    });
    assert.ok(result.lagOrder[37]! >= 1 && result.lagOrder[37]! <= 3);
  }
});

test('a fixed lag is tested alone, with the same result', async () => {
  const [x, y] = [noise(20, 50, 3), randomSeries('walk', 50, 4)];
  const all = await grangerTest(x, y, { maxLag: 8 });
  for (const lag of [1, 5, 8]) {
    const one = await grangerTest(x, y, { maxLag: 8, lagOrder: lag });
    assert.equal(one.lags, [lag]);
    assert.equal(one.perLag.pValue.shape, [20, 1]);
    assert.ok(one.lagOrder.every((l) => l === lag));
    const expected = Array.from({ length: 20 }, (_, row) => all.perLag.pValue.data[row * 8 + lag - 1]!);
    assertClose(one.pValue, expected, ORACLE);
  }
});

test('score is ln(a/b), the larger the stronger the cause', async () => {
  const normal = normals(5);
  const x = Float64Array.from({ length: 100 }, normal);
  const target = (strength: number) => x.map((_, t) => strength * (t > 0 ? x[t - 1]! : 0) + normal());
  const y = stack([0, 0.3, 1, 3].map(target));
  const result = await grangerTest(stack([x, x, x, x]), y, { lagOrder: 1 });
  const { restrictedRss, unrestrictedRss } = result.perLag;
  assertClose(
    result.score,
    result.score.map((_, i) => Math.log(restrictedRss.data[i]! / unrestrictedRss.data[i]!)),
    { relative: 1e-9, absolute: 1e-15 },
  );
  assert.equal(
    [...result.score].sort((a, b) => a - b),
    [...result.score],
  );
});

test('a planted cause is found, its effect is not', async () => {
  const normal = normals(6);
  const n = 100;
  const sources = noise(200, n, 7);
  const causes = [3, 77, 150];
  const y = Float64Array.from({ length: n }, normal);
  for (const row of causes) for (let t = 2; t < n; t++) y[t]! += 0.8 * sources.data[row * n + t - 2]!;
  const result = await grangerTest(sources, y, { maxLag: 6, lagOrder: 'bic', correction: 'bh' });
  const found = result.verdict.flatMap((verdict, row) => (verdict === 'causal' ? [row] : []));
  assert.equal(found, causes);
  const backwards = await grangerTest(y, sources.data.slice(3 * n, 4 * n), { lagOrder: 2 });
  assert.equal(backwards.verdict, ['non-causal']);
});

test('independent noise is called causal as often as alpha says, and hardly ever under bh', async () => {
  const rows = 2000;
  const sources = noise(rows, 60, 8);
  for (const statistic of ['ssr-ftest', 'params-ftest'] as const) {
    // One target for all would make the tests dependent: one each.
    const { verdict, pValue } = await grangerTest(sources, noise(rows, 60, 9), { lagOrder: 2, statistic });
    const causal = verdict.filter((v) => v === 'causal').length;
    const spread = 3.3 * Math.sqrt(rows * 0.05 * 0.95); // 99.9 % of the binomial distribution
    assert.ok(Math.abs(causal - rows * 0.05) < spread, `${causal} of ${rows} at 0.05`);
    assert.ok(Math.abs(pValue.filter((p) => p < 0.5).length - rows / 2) < 3.3 * Math.sqrt(rows / 4));
  }
  for (const correction of ['bh', 'by'] as const) {
    const { verdict } = await grangerTest(sources, noise(rows, 60, 9), { lagOrder: 2, correction });
    assert.is(verdict.filter((v) => v === 'causal').length, 0);
  }
});

test('min-p over many lags finds causes in noise: the reason why it is not the strict choice', async () => {
  const sources = noise(500, 60, 10);
  const targets = noise(500, 60, 11);
  const result = await grangerTest(sources, targets, { statistic: 'ssr-chi2test', maxLag: 14 });
  assert.ok(result.verdict.filter((v) => v === 'causal').length > 250);
});

test('corrected by circular shifts, min-p calls noise causal no more often than alpha says, and finds a planted cause', async () => {
  const [rows, n, alpha] = [1000, 80, 0.05];
  const options = { statistic: 'ssr-chi2test', maxLag: 6, alpha, lagCorrection: 'circular-shift', seed: 4 } as const;
  const normal = normals(60);
  const sources = noise(rows, n, 61);
  const targets = noise(rows, n, 62);
  const { pValue, verdict } = await grangerTest(sources, targets, options);
  const causal = verdict.filter((v) => v === 'causal').length;
  // p goes in steps of 1 / 80: 3 of 80 are below 0.05. 99.9 % of the binomial distribution.
  const expected = rows * (3 / n);
  assert.ok(Math.abs(causal - expected) < 3.3 * Math.sqrt(expected), `${causal} of ${rows}`);
  assert.ok(Math.abs(pValue.filter((p) => p <= 0.5).length - rows / 2) < 3.3 * Math.sqrt(rows / 4));
  const plain = await grangerTest(sources, targets, { ...options, lagCorrection: 'none' });
  assert.ok(plain.verdict.filter((v) => v === 'causal').length > 2 * causal);
  assert.equal(plain.lagOrder, (await grangerTest(sources, targets, options)).lagOrder);

  const long = 200; // at least 20 times the lags: under shifts by few samples a cause is seen at another lag
  const cause = noise(20, long, 63);
  const effect = Float64Array.from({ length: long }, normal);
  for (let t = 2; t < long; t++) effect[t]! += cause.data[5 * long + t - 2]!;
  const found = await grangerTest(cause, effect, options);
  assert.is(found.verdict[5], 'causal', `p ${found.pValue[5]}`);
  const again = await grangerTest(cause, effect, { ...options, threads: 1 });
  assert.ok(bitsOf(again).equals(bitsOf(found)));
  assert.ok(!bitsOf(await grangerTest(cause, effect, { ...options, shifts: 30, seed: 5 })).equals(bitsOf(found)));
});

test('the adjusted p is what the verdict goes by', async () => {
  const result = await grangerTest(noise(50, 40, 12), randomSeries('noise', 40, 13), { alpha: 0.3, correction: 'by' });
  assert.equal(result.adjustedPValue, adjustPValues(result.pValue, 'by'));
  result.verdict.forEach((v, i) => assert.is(v, result.adjustedPValue[i]! < 0.3 ? 'causal' : 'non-causal'));
});

test('more rows than are judged in one turn of the event loop', async () => {
  const [rows, n] = [150_000, 9];
  const options = { lagOrder: 1, correction: 'bh', alpha: 0.9, pRounding: 4, perLag: false } as const;
  const { pValue, adjustedPValue, verdict } = await grangerTest(noise(rows, n, 80), noise(1, n, 81).data, options);
  assert.equal(adjustedPValue, adjustPValues(pValue, 'bh'));
  assert.ok(pValue.every((p) => Math.abs(p * 1e4 - Math.round(p * 1e4)) < 1e-9));
  assert.ok(verdict.every((v, row) => v === (adjustedPValue[row]! < 0.9 ? 'causal' : 'non-causal')));
  const controller = new AbortController();
  const aborted = grangerTest(noise(rows, n, 80), noise(1, n, 81).data, { ...options, signal: controller.signal });
  controller.abort(new Error('enough'));
  assert.is(await aborted.catch((error: Error) => error.message), 'enough');
});

test('first differences are taken of both series', async () => {
  const differences = (series: Float64Array): Float64Array => series.slice(1).map((value, t) => value - series[t]!);
  const rows = [1, 2, 3].map((s) => randomSeries('walk', 50, s));
  const y = randomSeries('walk', 50, 4);
  const options = { maxLag: 4, stats: true, lagOrder: 'bic' } as const;
  const inside = await grangerTest(stack(rows), y, { ...options, stationarity: 'difference' });
  const outside = await grangerTest(stack(rows.map(differences)), differences(y), options);
  assert.ok(bitsOf(inside).equals(bitsOf(outside)));
});

test('float32 series are computed with in float64', async () => {
  const x = Float32Array.from(randomSeries('noise', 50, 1));
  const y = Float32Array.from(randomSeries('noise', 50, 2));
  const [narrow, wide] = [await grangerTest(x, y), await grangerTest(Float64Array.from(x), Float64Array.from(y))];
  assert.ok(bitsOf(narrow).equals(bitsOf(wide)));
});

test('one target each gives what one by one gives', async () => {
  const rows = SHAPES.map((s, i) => randomSeries(s, 45, i + 1));
  const targets = SHAPES.map((s, i) => randomSeries(s, 45, i + 50));
  const together = await grangerTest(stack(rows), stack(targets), { maxLag: 14 });
  for (const [i, row] of rows.entries()) {
    const alone = await grangerTest(row, targets[i]!, { maxLag: 14 });
    assert.is(alone.pValue[0], together.pValue[i]);
    assert.is(alone.score[0], together.score[i]);
    assert.equal(statusesOf(alone), statusesOf(together, i));
  }
});

/** Sources of every kind, so that both paths and all statuses come up. */
function mixture(rows: number, n: number) {
  const y = randomSeries('decay', n, 100);
  const kinds = [
    ...SHAPES.map((s) => (i: number) => randomSeries(s, n, i)),
    () => new Float64Array(n).fill(0.1),
    (i: number) => y.map((v) => i * v + 2), // collinear with the target
    (i: number) => randomSeries('noise', n, i).fill(Number.NaN, n - 1),
    (i: number) => randomSeries('noise', n, i).map((v, t) => (t < n - 3 ? 0 : v)),
    (i: number) => randomSeries('decay', n, i).map((v, t) => Math.exp((-5 * t) / n) + 1e-6 * v), // ill-conditioned
  ];
  return { sources: stack(Array.from({ length: rows }, (_, i) => kinds[i % kinds.length]!(i + 1))), target: y };
}

test('the same bits for 1, 2 and 4 threads', async () => {
  const { sources, target } = mixture(300, 50);
  for (const options of [{ stats: true }, { lagOrder: 'bic', maxLag: 6 }, { lagOrder: 'target-bic' }] as const) {
    const [one, ...more] = await Promise.all(
      [1, 2, 4].map((threads) => grangerTest(sources, target, { ...options, threads })),
    );
    for (const other of more) assert.ok(bitsOf(one!).equals(bitsOf(other)));
  }
});

test('more rows than one chunk: the same bits as piece by piece, for any number of threads and chunk', async () => {
  const n = 60;
  const few = mixture(37, n);
  const rows = 9000; // three chunks of float64 with all statistics off, more with them on
  const data = new Float64Array(rows * n);
  for (let row = 0; row < rows; row++)
    data.set(few.sources.data.subarray((row % 37) * n, ((row % 37) + 1) * n), row * n);
  const small = await grangerTest(few.sources, few.target, { maxLag: 5 });
  for (const threads of [1, 5]) {
    const large = await grangerTest({ data, shape: [rows, n] }, few.target, { maxLag: 5, threads });
    for (let row = 0; row < rows; row++) {
      assert.ok(Object.is(large.pValue[row], small.pValue[row % 37]), `row ${row}`);
      assert.ok(Object.is(large.score[row], small.score[row % 37]), `row ${row}`);
    }
    for (const array of ['pValue', 'status', 'restrictedRss', 'unrestrictedRss'] as const) {
      const [all, part] = [large.perLag[array].data, small.perLag[array].data];
      assert.ok(bytes([all.slice(-(rows % 37) * 5)]).equals(bytes([part.slice(0, (rows % 37) * 5)])), array);
    }
  }
  const targets = { data: data.map((v, i) => v + few.target[i % n]!), shape: [rows, n] };
  const pairs = await grangerTest({ data, shape: [rows, n] }, targets, { maxLag: 2 });
  assert.is(pairs.pValue[8999], pairs.pValue[8999 % 37]);
});

test('without perLag: the same summary and nothing else', async () => {
  const { sources, target } = mixture(37, 50);
  for (const lagOrder of ['min-p', 'aic', 'bic', 'target-bic', 3] as const) {
    for (const failedTest of ['skip-lag', 'undecided', 'causal'] as const) {
      const full = await grangerTest(sources, target, { lagOrder, failedTest });
      const lean = await grangerTest(sources, target, { lagOrder, failedTest, perLag: false });
      assert.ok(summaryBits(lean).equals(summaryBits(full)));
      assert.equal([lean.verdict, lean.lags], [full.verdict, full.lags]);
      assert.not('perLag' in lean);
    }
  }
  const both = await grangerTest(sources, target, { perLag: false, stats: true } as GrangerOptions);
  assert.ok(both.statistics && both.perLag);
});

test('sources whose memory is transferred away in mid-test are an error, never a crash', async () => {
  const data = noise(20000, 60, 50).data;
  const promise = grangerTest({ data, shape: [20000, 60] }, y60);
  structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
  await assertLegcnetError(() => promise, 'ERR_ARGUMENT', /sources/);
});

test('sources in shared memory, and exponents as they were returned, give the bits of copied ones', async () => {
  const n = 60;
  for (const Floats of [Float64Array, Float32Array]) {
    const copied = { data: Floats.from(noise(700, n, 51).data), shape: [700, n] };
    const shared = { data: inSharedMemory(copied.data), shape: [700, n] };
    assert.equal([native.isHeld(copied.data), native.isHeld(shared.data)], [false, true]);
    for (const threads of [1, 2]) {
      const [expected, found] = [await grangerTest(copied, y60), await grangerTest(shared, y60, { threads })];
      assert.ok(bitsOf(found).equals(bitsOf(expected)));
      const pairs = { maxLag: 3, threads };
      assert.ok(
        bitsOf(await grangerTest(shared, copied, pairs)).equals(bitsOf(await grangerTest(copied, shared, pairs))),
      );
    }
    const middle = shared.data.subarray(5 * n, 9 * n);
    const one = await grangerTest({ data: middle, shape: [4, n] }, y60);
    assert.ok(bitsOf(one).equals(bitsOf(await grangerTest({ data: middle.slice(), shape: [4, n] }, y60))));
  }
});

test('exponents that are given away in mid-test are tested to the end', async () => {
  const [rows, n] = [4000, 60];
  const { exponent } = await lyapunovExponents({ data: noise(rows * n, 12, 52).data, shape: [rows * n, 12] });
  const copied = { data: exponent.slice(), shape: [rows, n] };
  assert.equal([native.isHeld(exponent), native.isHeld(copied.data)], [true, false]);
  const expected = await grangerTest(copied, y60);
  const pending = grangerTest({ data: exponent, shape: [rows, n] }, y60);
  giveAway(exponent);
  collectGarbage();
  assert.ok(bitsOf(await pending).equals(bitsOf(expected)));
});

test('results that are larger than an array of this Node may be are an error', () => {
  const lags = 14;
  const rows = Math.floor(constants.MAX_LENGTH / (lags * 16 * 8)) + 1;
  if (rows > 2 ** 24) return; // later versions take whatever there is memory for
  const options = {
    target: new Float64Array(60),
    rows,
    samples: 60,
    stationarity: 'none',
    maxLag: lags,
    seed: 1,
  } as const;
  const all = { lagOrder: 'min-p', statistic: 'ssr-ftest', shifts: 0, perLag: true, allStatistics: true } as const;
  const session = new native.GrangerSession({ ...options, ...all }); // nothing of it is touched
  for (let time = 0; time < 3; time++) {
    assert.throws(
      () => session.result(),
      (error: { code?: string }) => error.code === 'ERR_BUFFER_TOO_LARGE',
    );
    collectGarbage();
  }
});

test('more sources than their results by lag have room for are refused before any work', async () => {
  const rows = Math.floor(constants.MAX_LENGTH / (16 * 8)) + 1;
  if (rows > 2 ** 26) return; // later versions take whatever there is memory for
  const sources = { data: new Float32Array(rows * 4), shape: [rows, 4] };
  const wanted = () => grangerTest(sources, new Float64Array(4), { lagOrder: 1, stats: true });
  await assertLegcnetError(wanted, 'ERR_ARGUMENT', /at most 33554432 series/);
});

test('a row does not depend on the rows beside it', async () => {
  const { sources, target } = mixture(37, 50);
  const all = await grangerTest(sources, target);
  for (const row of [0, 8, 36]) {
    const alone = await grangerTest(sources.data.slice(row * 50, (row + 1) * 50), target);
    assert.equal(alone.perLag.pValue.data, all.perLag.pValue.data.slice(row * 14, (row + 1) * 14));
  }
});

test('degenerate sources have a status, never a NaN that nobody asked about', async () => {
  const { sources, target } = mixture(24, 50);
  const { pValue, adjustedPValue, lagOrder, score, verdict, perLag } = await grangerTest(sources, target, {
    correction: 'bh',
  });
  verdict.forEach((v, row) => {
    const undecided = v === 'undecided';
    assert.is(Number.isNaN(pValue[row]), undecided);
    assert.is(Number.isNaN(adjustedPValue[row]), undecided);
    assert.is(lagOrder[row] === 0, undecided);
    assert.ok(score[row]! >= 0 && (!undecided || score[row] === 0));
  });
  perLag.status.data.forEach((code, i) => {
    const none = !['ok', 'rank-deficient'].includes(GRANGER_STATUSES[code]!);
    for (const array of [perLag.pValue, perLag.restrictedRss, perLag.unrestrictedRss]) {
      assert.is(Number.isNaN(array.data[i]), none);
    }
  });
});

const all = (status: GrangerStatus, count: number): GrangerStatus[] => new Array<GrangerStatus>(count).fill(status);
const y60 = randomSeries('autoregressive', 60, 20);
const x60 = randomSeries('noise', 60, 21);

test('too short: a lag L needs more than 3 L + 1 samples', async () => {
  for (const [n, lags] of [
    [0, 0],
    [1, 0],
    [4, 0],
    [5, 1],
    [7, 1],
    [8, 2],
    [43, 13],
    [44, 14],
  ] as const) {
    const result = await grangerTest(x60.slice(0, n), y60.slice(0, n));
    assert.equal(statusesOf(result), [...all('ok', lags), ...all('too-short', 14 - lags)], `${n} samples`);
    assert.is(result.verdict[0] === 'undecided', lags === 0);
  }
});

test('no sources at all', async () => {
  for (const target of [y60, { data: new Float64Array(0), shape: [0, 60] }]) {
    const result = await grangerTest({ data: new Float64Array(0), shape: [0, 60] }, target, { stats: true });
    assert.is(result.pValue.length, 0);
    assert.equal(result.perLag.status.shape, [0, 14]);
    assert.equal(result.statistics!.shape, [0, 14, 4, 4]);
  }
});

test('constant source or target; constant in the rows of some lags only', async () => {
  for (const value of [0, -0, 0.1, 1e10]) {
    const constant = new Float64Array(60).fill(value);
    assert.equal(statusesOf(await grangerTest(constant, y60)), all('constant', 14));
    assert.equal(statusesOf(await grangerTest(x60, constant)), all('constant', 14));
  }
  // Moves only in samples 0..4. The latest column of lag L has samples L-1..58: beyond lag 5 it is constant.
  const early = x60.map((v, t) => (t < 5 ? v : 7));
  assert.equal(statusesOf(await grangerTest(early, y60)), [...all('ok', 5), ...all('constant', 9)]);
  // The last sample is nobody's lag.
  const last = new Float64Array(60).fill(3).fill(4, 59);
  assert.equal(statusesOf(await grangerTest(last, y60)), all('constant', 14));
});

test('not finite, or too large to be squared, comes before all other reasons', async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2e150]) {
    for (const at of [0, 30, 59]) {
      assert.equal(
        statusesOf(
          await grangerTest(
            x60.map((v, t) => (t === at ? bad : v)),
            y60,
          ),
        ),
        all('non-finite', 14),
      );
      assert.equal(
        statusesOf(
          await grangerTest(
            x60,
            y60.map((v, t) => (t === at ? bad : v)),
          ),
        ),
        all('non-finite', 14),
      );
    }
  }
  assert.equal(statusesOf(await grangerTest(Float64Array.of(Number.NaN), Float64Array.of(1))), all('non-finite', 14));
});

test('perfect fit: the target predicts itself, or the source does', async () => {
  const ramp = y60.map((_, t) => t);
  assert.equal(statusesOf(await grangerTest(x60, ramp)), all('perfect-fit', 14));
  const copy = y60.map((_, t) => (t > 0 ? x60[t - 1]! : 0));
  assert.equal(statusesOf(await grangerTest(x60, copy)), all('perfect-fit', 14));
  // constant is looked for first
  assert.equal(statusesOf(await grangerTest(new Float64Array(60), ramp)), all('constant', 14));
});

test('rank-deficient: a source that is the target in other units adds nothing', async () => {
  const result = await grangerTest(
    y60.map((v) => 3 * v - 1),
    y60,
    { stats: true },
  );
  assert.equal(statusesOf(result), all('rank-deficient', 14));
  assertClose(result.perLag.pValue.data, new Float64Array(14).fill(1), { absolute: 1e-9 });
  assert.equal(result.verdict, ['non-causal']);
  assert.ok(result.score[0]! < 1e-12);
  // T - rank: the constant and L lags
  result.lags.forEach((lag, i) => assert.is(result.statistics!.data[16 * i + 2], 60 - lag - (lag + 1)));
});

test('units do not matter, within what the ranks of columns so different in size allow', async () => {
  const plain = await grangerTest(x60, y60, { maxLag: 6, stats: true });
  for (const [a, b] of [
    [1e6, 1e-3],
    [1e-5, 1],
    [1, 1e5],
  ] as const) {
    const other = await grangerTest(
      x60.map((v) => a * v),
      y60.map((v) => b * v - b),
      { maxLag: 6, stats: true },
    );
    assert.equal(statusesOf(other), all('ok', 6));
    assertClose(other.statistics!.data, plain.statistics!.data, ORACLE);
  }
  for (const factor of [1e149, 1e-140]) {
    const far = await grangerTest(
      x60.map((v) => factor * v),
      y60.map((v) => factor * v),
      { maxLag: 6 },
    );
    assert.equal(statusesOf(far), all('rank-deficient', 6)); // beside it the constant is nothing, or everything
    assert.ok(far.perLag.pValue.data.every((p) => p >= 0 && p <= 1));
    assert.ok(Number.isFinite(far.score[0]));
  }
});

test('failedTest: on the lags that can be tested, undecided, or causal with p = 0', async () => {
  const [x, y] = [x60.slice(0, 30), y60.slice(0, 30)]; // ten lags of fourteen too short
  const skip = await grangerTest(x, y, { correction: 'bh' });
  assert.not.equal(skip.verdict, ['undecided']);
  const undecided = await grangerTest(x, y, { failedTest: 'undecided', correction: 'bh' });
  assert.equal(
    [undecided.verdict, undecided.lagOrder, undecided.score],
    [['undecided'], Int32Array.of(0), Float64Array.of(0)],
  );
  assert.ok(Number.isNaN(undecided.pValue[0]) && Number.isNaN(undecided.adjustedPValue[0]));
  const causal = await grangerTest(x, y, { failedTest: 'causal', correction: 'bh' });
  assert.equal(
    [causal.verdict, causal.pValue, causal.adjustedPValue],
    [['causal'], Float64Array.of(0), Float64Array.of(0)],
  );
  const enough = await grangerTest(x, y, { failedTest: 'causal', maxLag: 9 });
  assert.is(enough.pValue[0], (await grangerTest(x, y, { maxLag: 9 })).pValue[0]);
});

test('p is rounded before it is compared with alpha', async () => {
  const exact = await grangerTest(noise(200, 40, 30), y60.slice(0, 40), { lagOrder: 1 });
  const rounded = await grangerTest(noise(200, 40, 30), y60.slice(0, 40), { lagOrder: 1, pRounding: 1 });
  rounded.pValue.forEach((p, i) => {
    assertClose(p, exact.pValue[i]!, { absolute: 0.05 + 1e-15 });
    assert.is(p, Math.round(p * 10) / 10);
    assert.is(rounded.verdict[i], p < 0.05 ? 'causal' : 'non-causal');
  });
  assert.equal(rounded.perLag.pValue, exact.perLag.pValue);
});

test('the caller may change its arrays at once', async () => {
  const [x, y] = [x60.slice(), y60.slice()];
  const promise = grangerTest(x, y);
  x.fill(0);
  y.fill(0);
  assert.equal(await promise, await grangerTest(x60, y60));
});

/** Thousands of sources that take the slow path at every lag: seconds of work. */
function slowWork() {
  const y = randomSeries('autoregressive', 150, 40);
  return { sources: stack(Array.from({ length: 1500 }, (_, i) => y.map((v) => (i + 1) * v))), target: y };
}

test('an aborted test stops at once and rejects with the reason', async () => {
  const { sources, target } = slowWork();
  const reason = new Error('enough');
  for (const threads of [1, 2]) {
    const controller = new AbortController();
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(reason);
    }, 30);
    let caught: unknown;
    await grangerTest(sources, target, { signal: controller.signal, threads }).catch(
      (error: unknown) => (caught = error),
    );
    assert.is(caught, reason);
    assert.ok(performance.now() - aborted < 500, `${performance.now() - aborted} ms`); // 50 on a machine of one's own
  }
  const before = await grangerTest(x60, y60, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error);
  assert.is(before, reason);
});

test('progress counts sources; a callback that throws stops the test', async () => {
  const { sources, target } = slowWork();
  const thrown = new Error('from the callback');
  const totals = new Set<number>();
  const caught = await grangerTest(sources, target, {
    onProgress: ({ done, total }) => {
      assert.ok(done <= total);
      totals.add(total);
      throw thrown;
    },
  }).catch((error: unknown) => error);
  assert.is(caught, thrown);
  assert.equal([...totals], [1500]);
});

test('arrays that do not fit, and options that are none, are refused', async () => {
  const bad = (sources: any, targets: any, options: any, code: 'ERR_ARGUMENT' | 'ERR_OPTION', message: RegExp) =>
    assertLegcnetError(() => grangerTest(sources, targets, options), code, message);
  await bad([1, 2, 3], y60, {}, 'ERR_ARGUMENT', /sources/);
  await bad(null, y60, {}, 'ERR_ARGUMENT', /sources/);
  await bad(new Int32Array(60), y60, {}, 'ERR_ARGUMENT', /sources/);
  await bad({ data: x60, shape: [2, 31] }, y60, {}, 'ERR_ARGUMENT', /sources\.shape/);
  await bad({ data: x60, shape: [-2, -30] }, y60, {}, 'ERR_ARGUMENT', /sources\.shape/);
  await bad({ data: x60, shape: [2, 5, 6] }, y60, {}, 'ERR_ARGUMENT', /sources\.shape/);
  await bad({ data: x60, shape: [1, 60] }, x60.slice(1), {}, 'ERR_ARGUMENT', /targets/);
  await bad(
    { data: x60, shape: [2, 30] },
    { data: new Float64Array(90), shape: [3, 30] },
    {},
    'ERR_ARGUMENT',
    /targets/,
  );
  await bad(x60, y60, { maxLag: 0 }, 'ERR_OPTION', /maxLag/);
  await bad(x60, y60, { lagOrder: 'hqic' }, 'ERR_OPTION', /lagOrder/);
  await bad(x60, y60, { alpha: 1.5 }, 'ERR_OPTION', /alpha/);
  await bad(x60, y60, { stats: 1 }, 'ERR_OPTION', /stats/);
  await bad(x60, y60, { perLag: 0 }, 'ERR_OPTION', /perLag/);
  await bad(x60, y60, { maxlag: 3 }, 'ERR_OPTION', /did you mean maxLag/);
  await bad(x60, y60, { signal: {} }, 'ERR_OPTION', /signal/);
});

test.run();
