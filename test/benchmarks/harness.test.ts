import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertAgree, measure, quantile, quotient, spread } from '../../benchmarks/harness.js';

test('quantiles interpolate between order statistics', () => {
  assert.is(quantile([3], 0.25), 3);
  assert.is(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.is(quantile([5, 1, 4, 2, 3], 0.25), 2);
  assert.is(quantile([1, 2], 0.75), 1.75);
  assert.is(spread([]), undefined);
  assert.is(spread([1, Number.NaN]), undefined);
  assert.equal(spread([1, 3, 2]), { low: 1.5, median: 2, high: 2.5 });
});

test('ratios are formed within a round; an absent contender is named and takes no part', async () => {
  const seconds = { ours: [1, 10, 2], theirs: [4, 40, 10] };
  const order: string[] = [];
  const contender = (name: 'ours' | 'theirs') => ({
    name,
    verify: () => void order.push(`check ${name}`),
    run: () => {
      order.push(name);
      return seconds[name].shift() as number;
    },
  });
  const missing = { name: 'missing', absent: 'not here', run: () => assert.unreachable() as never };
  const report = await measure({
    name: 'a benchmark',
    unit: 'unit',
    rounds: 3,
    contenders: [
      { ...contender('ours'), work: { flops: 10, scalar: 'float64', threads: 1 } },
      contender('theirs'),
      missing,
    ],
    reaches: [
      { ...quotient('theirs', 'ours'), atLeast: 4 },
      { ...quotient('theirs', 'ours'), atMost: 3 },
      { ...quotient('missing', 'ours'), atLeast: 1 },
    ],
    notes: () => ['a note'],
  });
  assert.equal(order, ['check ours', 'check theirs', ...Array.from({ length: 3 }, () => ['ours', 'theirs']).flat()]);
  const [ours, theirs, absent] = report.timings;
  assert.equal(ours!.seconds, { low: 1.5, median: 2, high: 6 });
  assert.is(ours!.flopsPerSecond, 5);
  assert.equal(theirs!.ratio, { low: 4, median: 4, high: 4.5 });
  assert.equal([absent!.seconds, absent!.ratio, absent!.absent], [undefined, undefined, 'not here']);
  assert.equal(
    report.reaches.map((reach) => reach.reached),
    [true, false, undefined],
  );
  assert.equal(report.notes, ['a note']);
});

test('a contender that disagrees stops its benchmark before any timing', async () => {
  const verify = () => assertAgree('theirs', [1, 2.1], [1, 2], 1e-3);
  const benchmark = {
    name: 'b',
    unit: 'u',
    rounds: 1,
    contenders: [{ name: 'theirs', verify, run: () => assert.unreachable() as never }],
  };
  let message = '';
  await measure(benchmark).catch((error: Error) => (message = error.message));
  assert.match(message, 'theirs disagrees at 1: 2.1, expected 2');
  assert.throws(() => assertAgree('x', [1], [1, 2], 1), /returns 1 numbers, expected 2/);
  assert.throws(() => assertAgree('x', [Number.NaN], [1], 1), /disagrees at 0/);
  assertAgree('x', [1000.5], [1000], 1e-3);
});

test.run();
