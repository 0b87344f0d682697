import * as assert from 'uvu/assert';
import { bytesOf } from '../../lib/data/files.js';
import type { NdArray } from '../../lib/data/ndarray.js';

/** Asserts that two arrays have the same type, shape and bits: NaN is NaN, -0 is not 0. */
export function assertSameArray(actual: NdArray | undefined, expected: NdArray): void {
  if (!actual) throw new Error('there is no array');
  assert.is(actual.data.constructor, expected.data.constructor);
  assert.equal(actual.shape, expected.shape);
  assert.ok(Buffer.from(bytesOf(actual.data)).equals(bytesOf(expected.data)), `${actual.data} is not ${expected.data}`);
}
