import { open, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStorage } from '../../lib/data/dtype.js';
import type { NdArray, TypedArray } from '../../lib/data/ndarray.js';
import { encodeNpy, readNpy, writeNpy } from '../../lib/data/npy.js';
import { assertSameArray } from '../helpers/arrays.js';
import { goldenTest, readGoldenNpy } from '../helpers/golden.js';
import { haveNumpy, python } from '../helpers/python.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

// Written by numpy 2.4.6: numpy.lib.format.write_array(out, array, version), base64.
const blanks = (triples: number) => 'ICAg'.repeat(triples); // the header's padding, three spaces each
const fromNumpy = {
  // np.asfortranarray(np.arange(6, dtype='<i4').reshape(2, 3)), version 1
  fortran: `k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0g${blanks(19)}IAoAAAAAAwAAAAEAAAAEAAAAAgAAAAUAAAA=`,
  // np.array([[1.5, -2.5]], dtype='<f4'), version 2
  version2: `k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMiksIH0g${blanks(18)}IAoAAMA/AAAgwA==`,
  // np.array([True, False, True]), version 3
  version3: `k05VTVBZAwB0AAAAeydkZXNjcic6ICd8YjEnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywpLCB9${blanks(19)}IAoBAAE=`,
  // np.array([2**40, -3], dtype='<i8'), version 1
  int64: `k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAg${blanks(19)}IAoAAAAAAAEAAP3/////////`,
};

const bytes = (base64: string) => Buffer.from(base64, 'base64');

test('Fortran order is transposed to C order', async () => {
  assert.equal(await readNpy(bytes(fromNumpy.fortran)), { data: Int32Array.of(0, 1, 2, 3, 4, 5), shape: [2, 3] });
});

test('versions 2 and 3 are read', async () => {
  assert.equal(await readNpy(bytes(fromNumpy.version2)), { data: Float32Array.of(1.5, -2.5), shape: [1, 2] });
  assert.equal(await readNpy(bytes(fromNumpy.version3)), { data: Uint8Array.of(1, 0, 1), shape: [3] });
});

test('64-bit integers come as doubles, and are refused where a double is not exact', async () => {
  assert.equal(await readNpy(bytes(fromNumpy.int64)), { data: Float64Array.of(2 ** 40, -3), shape: [2] });
  const huge = bytes(fromNumpy.int64);
  huge.writeBigInt64LE(2n ** 53n, huge.length - 8);
  await assertLegcnetError(() => readNpy(huge), 'ERR_DATA', /element 1 of the buffer but received 9007199254740992n/);
});

test('an array of any type and shape survives a round trip, in memory and on disk', async () => {
  const kinds = [Float64Array, Float32Array, Int32Array, Uint32Array, Int16Array, Uint16Array, Int8Array, Uint8Array];
  const arrays = fc
    .tuple(fc.constantFrom(...kinds), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }), fc.infiniteStream(fc.double()))
    .map(([Kind, shape, numbers]): NdArray => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return { data: Kind.from([...numbers.take(size)]) as TypedArray, shape };
    });
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    await fc.assert(
      fc.asyncProperty(arrays, async (array) => {
        assertSameArray(await readNpy(encodeNpy(array)), array);
        await writeNpy(path, array);
        assertSameArray(await readNpy(path), array);
        assert.equal(await readFile(path), Buffer.from(encodeNpy(array)));
      }),
    );
    assert.equal(await readdir(folder), ['a.npy'], 'no temporary file is left');
  });
});

test('Fortran order of any shape is what C order is after transposing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), async (shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const transposed = encodeNpy({ data: Int32Array.from({ length: size }, (_, i) => i), shape });
      const text = Buffer.from(transposed).toString('latin1').replace("_order': False", "_order': True ");
      const { data } = await readNpy(Buffer.from(text, 'latin1'));
      for (let i = 0; i < size; i++) assert.is(data[i], fortranOffset(i, shape));
    }),
  );
});

/** Where element i of C order is found in Fortran order, by its indices. */
function fortranOffset(i: number, shape: readonly number[]): number {
  const index: number[] = [];
  for (const extent of [...shape].reverse()) {
    index.unshift(i % extent);
    i = Math.floor(i / extent);
  }
  return index.reduceRight((offset, at, axis) => offset * shape[axis]! + at, 0);
}

test('into shared memory: the same elements, whatever the type, order and rows', async () => {
  const expect = async (input: string | Uint8Array, options: object) => {
    const { data, shape } = await readNpy(input, { ...options, shared: true });
    assert.instance(data.buffer, SharedArrayBuffer);
    assertSameArray({ data, shape }, await readNpy(input, options));
  };
  for (const file of Object.values(fromNumpy)) await expect(bytes(file), {});
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    await writeNpy(path, { data: Float64Array.from({ length: 3000 }, (_, i) => i / 7), shape: [300, 10] });
    await expect(path, {});
    await expect(path, { rows: [20, 290] });
  });
});

test('rows can be read without the rest', async () => {
  const array = { data: Float64Array.from({ length: 12 }, (_, i) => i), shape: [4, 3] };
  const file = encodeNpy(array);
  assert.equal(await readNpy(file, { rows: [1, 3] }), { data: Float64Array.of(3, 4, 5, 6, 7, 8), shape: [2, 3] });
  assert.equal((await readNpy(file, { rows: [4, 4] })).shape, [0, 3]);
  for (const rows of [
    [3, 5],
    [2, 1],
    [-1, 2],
    [0, 1.5],
  ] as const) {
    await assertLegcnetError(() => readNpy(file, { rows }), 'ERR_OPTION', /0 <= first <= end <= 4/);
  }
  await assertLegcnetError(() => readNpy(bytes(fromNumpy.fortran), { rows: [0, 1] }), 'ERR_OPTION', /Fortran/);
});

test('dtype and rank are checked where asked for', async () => {
  const file = encodeNpy({ data: Float32Array.of(1, 2), shape: [2] });
  assert.is((await readNpy(file, { dtype: ['f8', 'f4'], rank: 1 })).data.length, 2);
  await assertLegcnetError(() => readNpy(file, { dtype: 'f8' }), 'ERR_DATA', /expected f8 .* received "f4"/);
  await assertLegcnetError(() => readNpy(file, { rank: 2 }), 'ERR_DATA', /expected 2 axes .* received \[2\]/);
});

test('what is not a .npy file of numbers is refused with the reason', async () => {
  const good = Buffer.from(encodeNpy({ data: Float64Array.of(1, 2, 3), shape: [3] }));
  const changed = (from: string, to: string) => Buffer.from(good.toString('latin1').replace(from, to), 'latin1');
  const cases: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /a \.npy file .* received ""/],
    [Buffer.from('\x93NUMPY', 'latin1'), /at least 12 bytes .* received 6/],
    [Buffer.from('PK\x03\x04 an archive'), /a \.npy file/],
    [good.subarray(0, 60), /at least 128 bytes .* received 60/],
    [good.subarray(0, good.length - 1), /shape \[3\] but received 151/],
    [changed('NUMPY\x01', 'NUMPY\x04'), /version but received 4/],
    [changed('<f8', '>f8'), /little-endian .*astype.* received ">f8"/],
    [changed("'<f8'", "'|O' "), /received "\|O"/],
    [changed("'<f8'", "['a']"), /a structured dtype/],
    [changed("'descr'", "'other'"), /a dictionary of descr/],
    [changed('(3,)', '(-3)'), /a dictionary of descr/],
    [changed('(3,), }  ', '(9e9,), }'), /a dictionary of descr/],
    [changed('(3,), }              ', '(9999999999999999,), }'), /2\^53 - 1 elements/],
  ];
  for (const [file, message] of cases) await assertLegcnetError(() => readNpy(file), 'ERR_DATA', message);
  const longHeader = bytes(fromNumpy.version2);
  longHeader.writeUInt32LE(0xffffffff, 8);
  await assertLegcnetError(() => readNpy(longHeader), 'ERR_DATA', /header length/);
});

test('files that cannot be opened or written are named', async () => {
  await assertLegcnetError(() => readNpy('/no/such.npy'), 'ERR_FILE', /cannot read \/no\/such\.npy: ENOENT/);
  const array = { data: Float64Array.of(1), shape: [1] };
  await assertLegcnetError(() => writeNpy('/no/such/a.npy', array), 'ERR_FILE', /cannot write \/no\/such\/a\.npy/);
  await assertLegcnetError(() => writeNpy('/no/a.npy', { ...array, shape: [2] }), 'ERR_ARGUMENT', /1 elements/);
  await withTempFolder(async (folder) => {
    await assertLegcnetError(() => readNpy(folder), 'ERR_FILE', /expected a file/);
    await assertLegcnetError(() => writeNpy(folder, array), 'ERR_FILE', /cannot write/);
    assert.equal(await readdir(folder), []);
  });
});

test('rows beyond 4 GiB of a file are read', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'huge.npy');
    const rows = 2 ** 29 + 2;
    const header = Buffer.from(encodeNpy({ data: new Float64Array(0), shape: [0] }));
    await writeFile(path, header.toString('latin1').replace('(0,), }         ', `(${rows},), }`), 'latin1');
    await truncate(path, header.length + rows * 8); // sparse: takes no room
    const handle = await open(path, 'r+');
    await handle.write(Buffer.from(Float64Array.of(7).buffer), 0, 8, header.length + (rows - 1) * 8);
    await handle.close();
    const { data } = await readNpy(path, { rows: [rows - 2, rows] });
    assert.equal(data, Float64Array.of(0, 7));
  });
});

test('an array that cannot fit in memory is refused before it is allocated', async () => {
  assert.is(createStorage('f4', 3, 'a.npy').length, 3);
  await assertLegcnetError(
    () => createStorage('f8', 2 ** 50, 'a.npy'),
    'ERR_DATA',
    /bytes of memory for a\.npy .*1125899906842624 elements of 8 bytes/,
  );
});

goldenTest(test, 'golden arrays are read, in both float types', async () => {
  const log = await readGoldenNpy('training/iris/weights_log_first_2000.npy', { dtype: 'f8', rank: 2 });
  assert.equal(log.shape, [2001, 42]);
  assert.is(log.data.length, 2001 * 42);
});

if (haveNumpy) {
  test('numpy reads what is written here', async () => {
    await withTempFolder(async (folder) => {
      const path = join(folder, 'a.npy');
      await writeNpy(path, { data: Int16Array.of(1, -2, 3, 4, 5, 6), shape: [3, 1, 2] });
      const program = 'import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype.str, a.shape, a.tolist())';
      assert.is(python(program, path), '<i2 (3, 1, 2) [[[1, -2]], [[3, 4]], [[5, 6]]]');
    });
  });
}

test.run();
