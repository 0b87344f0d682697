import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertClose } from './close.js';

test('numbers within the tolerance pass', () => {
  assertClose(1, 1, {});
  assertClose([1, 100], [1.5, 101], { absolute: 0.5, relative: 0.01 });
  assertClose([Number.NaN, Number.POSITIVE_INFINITY, -0], [Number.NaN, Number.POSITIVE_INFINITY, 0], {});
  assertClose(Float64Array.of(), [], {});
});

test('the number furthest outside is named', () => {
  assert.throws(
    () => assertClose([1, 2, 3], [1, 2.5, 9], { absolute: 0.1 }, 'weights'),
    /weights: 2 of 3 outside .* worst at index 2: 3, expected 9, difference 6/,
  );
  assert.throws(() => assertClose([1, Number.NaN], [5, 1], { absolute: 1e9 }), /index 1: NaN/);
  assert.throws(() => assertClose(Number.POSITIVE_INFINITY, 1, { absolute: 1 }), /difference Infinity/);
  assert.throws(() => assertClose(1, Number.POSITIVE_INFINITY, { relative: 1 }), /difference Infinity/);
  assert.throws(() => assertClose([1], [1, 2], {}), /1 numbers, expected 2/);
});

test.run();
