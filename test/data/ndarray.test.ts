import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ndarray, sizeOf, takeRows } from '../../lib/data/ndarray.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('a shape must hold the data', async () => {
  const data = Float64Array.of(1, 2, 3, 4);
  assert.is(ndarray(data, [2, 2]).data, data);
  assert.is(sizeOf([]), 1);
  for (const shape of [[3], [2, 3], [], [-2, -2], [0.5, 8], [Number.NaN]]) {
    await assertLegcnetError(() => ndarray(data, shape), 'ERR_ARGUMENT', /shape/);
  }
});

test('rows are copied in the order given, of any rank and type', async () => {
  const array = ndarray(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 2, 1]);
  assert.equal(takeRows(array, [2, 0, 2]), { data: Uint8Array.of(5, 6, 1, 2, 5, 6), shape: [3, 2, 1] });
  assert.equal(takeRows(ndarray(Int32Array.of(7, 8), [2]), [1]), { data: Int32Array.of(8), shape: [1] });
  assert.equal(takeRows(array, []), { data: new Uint8Array(0), shape: [0, 2, 1] });
  for (const row of [3, -1, 0.5])
    await assertLegcnetError(() => takeRows(array, [0, row]), 'ERR_ARGUMENT', /rows\[1\]/);
  await assertLegcnetError(() => takeRows(ndarray(Int32Array.of(7), []), [0]), 'ERR_ARGUMENT', /a scalar/);
});

test.run();
