import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { meanInterval } from '../../lib/experiment/reproduce-interval.js';
import { studentQuantile } from '../../lib/pipeline/referee-statistics.js';

test("Student's quantiles are those of the tables", () => {
  // t(0.975), as printed by NIST and by R's qt to 6 decimals
  const table: [number, number][] = [
    [1, 12.706205],
    [2, 4.302653],
    [3, 3.182446],
    [4, 2.776445],
    [5, 2.570582],
    [9, 2.262157],
    [10, 2.228139],
    [29, 2.04523],
    [30, 2.042272],
    [100, 1.983972],
    [999, 1.962341],
  ];
  for (const [freedom, t] of table) {
    assert.ok(Math.abs(studentQuantile(0.975, freedom) - t) < 1e-6, `${freedom}: ${studentQuantile(0.975, freedom)}`);
  }
});

test('mean and interval of five numbers, by hand', () => {
  // 1..5: mean 3, standard deviation sqrt(2.5), half width 2.776445 sqrt(2.5 / 5)
  const { n, mean, low, high } = meanInterval([1, 2, 3, 4, 5]);
  assert.is(n, 5);
  assert.is(mean, 3);
  assert.ok(Math.abs(high - 3 - 1.963243) < 1e-6 && Math.abs(3 - low - 1.963243) < 1e-6, `${low} ${high}`);
});

test('equal numbers have an interval of no width, one number has none', () => {
  assert.equal(meanInterval([7, 7, 7]), { n: 3, mean: 7, low: 7, high: 7 });
  assert.equal(meanInterval([7]), { n: 1, mean: 7, low: Number.NaN, high: Number.NaN });
});

test('intervals shift and scale with their numbers, and surround the mean', () => {
  const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(numbers, fc.double({ min: -50, max: 50, noNaN: true }), (values, shift) => {
      const plain = meanInterval(values);
      const moved = meanInterval(values.map((value) => 2 * value + shift));
      assert.ok(plain.low <= plain.mean && plain.mean <= plain.high);
      for (const end of ['low', 'mean', 'high'] as const) {
        assert.ok(Math.abs(moved[end] - (2 * plain[end] + shift)) < 1e-9, end);
      }
    }),
  );
});

test.run();
