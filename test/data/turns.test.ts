import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomState } from '../../lib/data/numpy-random.js';
import { readCsv } from '../../lib/data/csv.js';
import { encodeNpy, readNpy } from '../../lib/data/npy.js';
import { meanRanks, meanRanksInTurns, ranks, ranksInTurns } from '../../lib/mask/ranks.js';
import type { TypedArray } from '../../lib/data/ndarray.js';
import { longestTurn } from '../helpers/turns.js';

/** All bits. */
function assertSame(a: TypedArray, b: TypedArray): void {
  assert.is(a.constructor, b.constructor);
  assert.ok(Buffer.from(a.slice().buffer).equals(Buffer.from(b.slice().buffer)));
}

/** Of other types or order, with a header of the same length. */
function relabelled(npy: Uint8Array, from: string, to: string): Uint8Array {
  const bytes = Buffer.from(npy);
  const at = bytes.indexOf(from);
  assert.ok(at > 0 && from.length === to.length);
  bytes.write(to, at);
  return bytes;
}

/** A share of the time, because the machine may be busy: at once it would be all of it. */
async function assertInTurns<T>(job: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const [turn, result] = await longestTurn(job);
  const whole = performance.now() - begun;
  assert.ok(turn < 0.5 * whole, `${turn.toFixed(0)} of ${whole.toFixed(0)} ms in one turn`);
  return result;
}

const n = 2_000_000;

test('64-bit integers are read in turns of the event loop', async () => {
  const integers = BigInt64Array.from({ length: n }, (_, i) => BigInt(i - 7));
  const npy = encodeNpy({ data: new Float64Array(integers.buffer), shape: [n] });
  const { data } = await assertInTurns(() => readNpy(relabelled(npy, "'<f8'", "'<i8'")));
  assertSame(
    data,
    new Float64Array(n).map((_, i) => i - 7),
  );
});

test('Fortran order is turned into C order in turns of the event loop, over shared memory too', async () => {
  const [rows, columns] = [1000, 2000];
  const npy = encodeNpy({ data: new Float32Array(n).map((_, i) => i), shape: [rows, columns] });
  const fortran = relabelled(npy, "'fortran_order': False", "'fortran_order': True ");
  const expected = new Float32Array(n).map((_, i) => (i % columns) * rows + Math.floor(i / columns));
  for (const shared of [false, true]) {
    const { data } = await assertInTurns(() => readNpy(fortran, { shared }));
    assert.is(data.buffer instanceof SharedArrayBuffer, shared);
    assertSame(data, expected);
  }
});

test('a CSV table is read in turns of the event loop, from a buffer too', async () => {
  const rows = 40_000;
  const lines = Array.from({ length: rows }, (_, i) => `${i},${i % 11 === 0 ? '' : i % 7},${i % 3}`);
  const csv = Buffer.from(['a,b,label', ...lines].join('\n'));
  const { features, labels, classes } = await assertInTurns(() => readCsv(csv, { missing: 'mean' }));
  assert.equal(
    [features.shape, classes],
    [
      [rows, 2],
      ['0', '1', '2'],
    ],
  );
  assert.ok(labels.every((label, i) => label === i % 3 && features.data[2 * i] === i));
});

test('ranks are averaged in turns of the event loop, with the same bits as at once', async () => {
  for (const length of [0, 1, 2, 32_768, 32_769, 300_000]) {
    const random = Float64Array.from(new RandomState(length).permutation(length));
    const ties = random.map((value) => (value % 97) - 48);
    const one = random.map((value, i) => (i % 5 === 0 ? Number.NEGATIVE_INFINITY : i % 5 === 1 ? -0 : value));
    const scores = [random, ties, one];
    for (const each of scores) assertSame(await ranksInTurns(each), ranks(each));
    const factors = [1, 2, 0.3];
    const job = (): Promise<Float64Array> => meanRanksInTurns(scores, factors);
    assertSame(await (length > 100_000 ? assertInTurns(job) : job()), meanRanks(scores, factors));
  }
  const signal = AbortSignal.abort(new Error('enough'));
  try {
    await meanRanksInTurns([new Float64Array(10)], [1], signal);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test.run();
