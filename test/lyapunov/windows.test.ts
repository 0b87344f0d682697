import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { windowStarts, windowStride } from '../../lib/lyapunov/windows.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('only whole windows', () => {
  assert.equal([...windowStarts(600, 200, 180)], [0, 180, 360]);
  assert.equal([...windowStarts(560, 200, 180)], [0, 180, 360]);
  assert.equal([...windowStarts(559, 200, 180)], [0, 180]);
  assert.equal([...windowStarts(200, 200, 1)], [0]);
  assert.equal([...windowStarts(199, 200, 1)], []);
  assert.equal([...windowStarts(0, 1, 1)], []);
});

test('the last window fits, one more would not', () => {
  const size = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20_000 }), size, size, (rows, window, stride) => {
      const starts = windowStarts(rows, window, stride);
      assert.ok(starts.every((start, i) => start === i * stride && start + window <= rows));
      assert.ok(starts.length * stride + window > rows);
    }),
  );
});

test('the stride follows from the overlap', () => {
  assert.is(windowStride(200, 0.1), 180);
  assert.is(windowStride(160, 0.1), 144);
  assert.is(windowStride(50, 0.1), 45);
  assert.is(windowStride(25, 0.1), 23); // 22.5 is rounded up
  assert.is(windowStride(3, 0.99), 1);
  assert.is(windowStride(7, 0), 7);
});

test('what is no window is refused', async () => {
  await assertLegcnetError(() => windowStarts(-1, 5, 5), 'ERR_ARGUMENT', /rows/);
  await assertLegcnetError(() => windowStarts(9, 0, 5), 'ERR_ARGUMENT', /window/);
  await assertLegcnetError(() => windowStarts(9, 5, 0.5), 'ERR_ARGUMENT', /stride/);
  await assertLegcnetError(() => windowStride(9, 1), 'ERR_ARGUMENT', /overlap/);
});

test.run();
