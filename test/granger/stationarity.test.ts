import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grangerTest } from '../../lib/granger/granger.js';
import { stationarityTest } from '../../lib/granger/stationarity.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { noise, randomSeries, stack } from './series.js';

interface Expected {
  readonly statistic: number;
  readonly pValue: number;
  readonly lags: number;
}
interface Case {
  readonly kind: string;
  readonly series: number[];
  readonly adf: Expected;
  readonly kpss: Expected;
}

const fixture = new URL('../fixtures/stationarity/statsmodels.json', import.meta.url);
const { cases } = JSON.parse(await readFile(fixture, 'utf8')) as { cases: Case[] };

for (const kind of ['adf', 'kpss'] as const) {
  test(`${kind}: statistics, p and lags are those of statsmodels`, async () => {
    assert.is(cases.length, 30);
    for (const entry of cases) {
      const label = `${entry.kind}, n = ${entry.series.length}`;
      const { statistic, pValue, lags } = await stationarityTest(Float64Array.from(entry.series), { test: kind });
      assert.is(lags[0], entry[kind].lags, label);
      assertClose(statistic, [entry[kind].statistic], { relative: 1e-8 }, label);
      assertClose(pValue, [entry[kind].pValue], { relative: 1e-8 }, label);
    }
  });
}

test('noise is rarely, a random walk mostly taken for one with a unit root', async () => {
  const rows = 400;
  const walks = stack(Array.from({ length: rows }, (_, i) => randomSeries('walk', 100, i + 1)));
  const count = (values: Float64Array, holds: (p: number) => boolean): number => values.filter(holds).length;
  const adf = { walk: await stationarityTest(walks), noise: await stationarityTest(noise(rows, 100, 5)) };
  // Under its null hypothesis a test rejects at its level; AIC and the asymptotic p cost it a little.
  assert.ok(count(adf.walk.pValue, (p) => p < 0.05) < 0.1 * rows);
  assert.ok(count(adf.noise.pValue, (p) => p < 0.05) > 0.8 * rows);
  const kpss = {
    walk: await stationarityTest(walks, { test: 'kpss' }),
    noise: await stationarityTest(noise(rows, 100, 5), { test: 'kpss' }),
  };
  assert.ok(count(kpss.walk.pValue, (p) => p <= 0.05) > 0.7 * rows);
  assert.ok(count(kpss.noise.pValue, (p) => p <= 0.05) < 0.1 * rows);
});

test('nothing to say: empty, short, constant, not finite, a recurrence', async () => {
  const x = randomSeries('noise', 60, 1);
  const ramp = x.map((_, t) => t);
  for (const series of [
    x.slice(0, 0),
    x.slice(0, 1),
    x.slice(0, 3),
    x.map(() => 2),
    x.map((v, t) => (t === 5 ? NaN : v)),
    x.map((v, t) => (t === 5 ? 1e200 : v)),
  ]) {
    for (const kind of ['adf', 'kpss'] as const) {
      const found = await stationarityTest(series, { test: kind });
      if (kind === 'kpss' && series.length === 3) continue;
      assert.ok(Number.isNaN(found.statistic[0]) && Number.isNaN(found.pValue[0]), `${kind}, ${series.length}`);
      assert.is(found.lags[0], 0);
    }
  }
  assert.ok(Number.isNaN((await stationarityTest(ramp)).pValue[0]));
  const none = await stationarityTest({ data: new Float64Array(0), shape: [0, 60] });
  assert.is(none.pValue.length, 0);
});

test('any number of threads, rows of one chunk or many, either precision: the same numbers', async () => {
  const { data, shape } = noise(3000, 60, 2);
  const all = await stationarityTest({ data, shape }, { threads: 1 });
  const more = await stationarityTest({ data, shape }, { threads: 5 });
  assert.equal(more, all);
  for (const row of [0, 2184, 2999]) {
    const alone = await stationarityTest(data.slice(row * 60, (row + 1) * 60));
    assert.is(alone.statistic[0], all.statistic[row]);
  }
  const narrow = Float32Array.from(data.subarray(0, 60));
  assert.equal(await stationarityTest(narrow), await stationarityTest(Float64Array.from(narrow)));
});

test('grangerTest takes differences of those series, target and source, that have a unit root', async () => {
  const n = 80;
  const difference = (x: Float64Array): Float64Array => x.slice(1).map((v, t) => v - x[t]!);
  const sources = Array.from({ length: 30 }, (_, i) => randomSeries(i % 2 ? 'walk' : 'noise', n, i + 1));
  sources.push(new Float64Array(n).fill(1), randomSeries('noise', n, 99).fill(NaN, 70));
  for (const kind of ['adf', 'kpss'] as const) {
    for (const target of [randomSeries('walk', n, 50), randomSeries('noise', n, 51)]) {
      const all = await stationarityTest(stack([...sources, target]), { test: kind });
      const wanders = Array.from(all.pValue, (p) => (kind === 'adf' ? p >= 0.05 : p <= 0.05));
      const prepare = (x: Float64Array, i: number): Float64Array => (wanders[i] ? difference(x) : x.slice(1));
      const inside = await grangerTest(stack(sources), target, { maxLag: 4, stationarity: kind });
      const outside = await grangerTest(stack(sources.map(prepare)), prepare(target, sources.length), { maxLag: 4 });
      for (let row = 0; row < sources.length; row++) {
        assert.ok(Object.is(inside.pValue[row], outside.pValue[row]), `row ${row}`);
        assert.is(inside.differenced[row] === 1, wanders[row]);
        assert.is(outside.differenced[row], 0);
      }
      assert.equal(inside.perLag.status.data, outside.perLag.status.data);
    }
  }
});

test('aborted, and wrong arguments', async () => {
  const reason = new Error('enough');
  const thrown = await stationarityTest(noise(5, 60, 1), { signal: AbortSignal.abort(reason) }).catch(
    (e: unknown) => e,
  );
  assert.is(thrown, reason);
  await assertLegcnetError(() => stationarityTest([1, 2] as any), 'ERR_ARGUMENT', /series/);
  await assertLegcnetError(() => stationarityTest(noise(2, 9, 1), { test: 'pp' as any }), 'ERR_OPTION', /test/);
  await assertLegcnetError(() => stationarityTest(noise(2, 9, 1), { threads: 0 }), 'ERR_OPTION', /threads/);
  await assertLegcnetError(() => stationarityTest(noise(2, 9, 1), { tests: 'adf' } as any), 'ERR_OPTION', /mean test/);
  await assertLegcnetError(() => stationarityTest(noise(2, 9, 1), null as any), 'ERR_OPTION', /object/);
});

test('one thread means one, however large the input', async () => {
  const threads = (): number => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0);
  const [rows, n] = [2 ** 14, 64]; // 8 MiB, several chunks
  const data = Float64Array.from({ length: rows * n }, (_, i) => Math.sin(i * i));
  const before = threads();
  let [most, over] = [0, false];
  const look = (): void => {
    most = Math.max(most, threads());
    if (!over) setImmediate(look);
  };
  look();
  await stationarityTest({ data, shape: [rows, n] }, { threads: 1 });
  over = true;
  assert.ok(most <= before + 1, `${most - before} threads more`);
});

test.run();
