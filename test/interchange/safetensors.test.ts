import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NdArray, TypedArray } from '../../lib/data/ndarray.js';
import { encodeSafetensors, readSafetensors, writeSafetensors } from '../../lib/interchange/safetensors.js';
import { assertSameArray } from '../helpers/arrays.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

/** A file with this header and so many bytes of data. */
function file(header: unknown, dataBytes = 0): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes, 1)]);
}

const tensor = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test('the bytes are those of the specification', () => {
  const tensors = new Map<string, NdArray>([
    ['b', { data: Float32Array.of(1), shape: [1] }],
    ['W', { data: Float64Array.of(2, 3), shape: [1, 2] }],
  ]);
  const bytes = Buffer.from(encodeSafetensors(tensors, { format: 'pt' }));
  const length = Number(bytes.readBigUInt64LE());
  assert.is(length % 8, 0);
  assert.equal(JSON.parse(bytes.toString('utf8', 8, 8 + length)), {
    __metadata__: { format: 'pt' },
    W: tensor('F64', [1, 2], 0, 16),
    b: tensor('F32', [1], 16, 20),
  });
  const data = bytes.subarray(8 + length);
  assert.equal([data.readDoubleLE(0), data.readDoubleLE(8), data.readFloatLE(16), data.length], [2, 3, 1, 20]);
});

test('any tensors survive a round trip, in memory and on disk, every one aligned', async () => {
  const kinds = [Float64Array, Float32Array, Int32Array, Uint32Array, Int16Array, Uint16Array, Int8Array, Uint8Array];
  const arrays = fc
    .tuple(fc.constantFrom(...kinds), fc.array(fc.nat({ max: 4 }), { maxLength: 3 }), fc.infiniteStream(fc.double()))
    .map(([Kind, shape, numbers]): NdArray => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return { data: Kind.from([...numbers.take(size)]) as TypedArray, shape };
    });
  const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', '0', '10', '', 'constructor'));
  const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true });
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.safetensors');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, arrays), { maxLength: 6 }), metadata, async (entries, notes) => {
        const tensors = new Map(entries);
        const bytes = encodeSafetensors(tensors, notes);
        await writeSafetensors(path, tensors, notes);
        for (const input of [bytes, path]) {
          const read = await readSafetensors(input);
          assert.equal([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
          for (const [name, tensor] of tensors) assertSameArray(read.tensors.get(name), tensor);
          assert.equal(Object.entries(read.metadata), Object.entries(notes));
        }
      }),
    );
    assert.equal(await readdir(folder), ['a.safetensors'], 'no temporary file is left');
  });
});

test('64-bit integers come as doubles, booleans as bytes', async () => {
  const bytes = file({ i: tensor('I64', [1], 0, 8), b: tensor('BOOL', [2], 8, 10) }, 10);
  bytes.writeBigInt64LE(-5n, bytes.length - 10);
  const { tensors, metadata } = await readSafetensors(bytes);
  assert.equal(tensors.get('i'), { data: Float64Array.of(-5), shape: [1] });
  assert.equal(tensors.get('b'), { data: Uint8Array.of(1, 1), shape: [2] });
  assert.equal(metadata, {});
  bytes.writeBigInt64LE(-(2n ** 60n), bytes.length - 10);
  await assertLegcnetError(() => readSafetensors(bytes), 'ERR_DATA', /tensor "i" but received -1152921504606846976n/);
});

test('an empty file of tensors is one', async () => {
  assert.is((await readSafetensors(file({}))).tensors.size, 0);
  assert.is((await readSafetensors(encodeSafetensors(new Map()))).tensors.size, 0);
});

test('a header that is not as specified is refused', async () => {
  const cases: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /at least 8 bytes .* received 0/],
    [Buffer.from('{"a": 1}'), /header length for|header length/],
    [file({}).subarray(0, 9), /at least 10 bytes .* received 9/],
    [file('[]'), /a JSON object as header/],
    [file(''), /a JSON object as header/],
    [file(' {}'), /a JSON object as header/],
    [file('{"a":'), /is not JSON/],
    [file({ __metadata__: { a: 1 } }), /an object of strings/],
    [file({ __metadata__: [] }), /an object of strings/],
    [file({ a: { ...tensor('F32', [1], 0, 4), more: 1 } }, 4), /tensor "a"/],
    [file({ a: tensor('F32', [-1], 0, 4) }, 4), /tensor "a"/],
    [file({ a: tensor('F32', [1.5], 0, 6) }, 6), /tensor "a"/],
    [file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), /two data_offsets/],
    [file({ a: tensor('F16', [1], 0, 2) }, 2), /F64, F32, .*"F16"/],
    [file({ a: tensor('constructor', [1], 0, 2) }, 2), /"constructor"/],
  ];
  for (const [bytes, message] of cases) await assertLegcnetError(() => readSafetensors(bytes), 'ERR_DATA', message);
});

test('tensors that overlap, leave gaps or do not fill the file are refused', async () => {
  const cases: [Buffer, RegExp][] = [
    [file({ a: tensor('F32', [2], 0, 4) }, 4), /8 bytes for shape \[2\]/],
    [file({ a: tensor('F32', [1], 4, 0) }, 4), /received -4/],
    [file({ a: tensor('F32', [1], 0, 4), b: tensor('F32', [1], 0, 4) }, 8), /tensor "b" .*offset 0/],
    [file({ a: tensor('F32', [1], 0, 4), b: tensor('F32', [1], 2, 6) }, 6), /no overlap/],
    [file({ a: tensor('F32', [1], 0, 4), b: tensor('F32', [1], 5, 9) }, 9), /no gap/],
    [file({ a: tensor('F32', [1], 4, 8) }, 8), /no gap/],
    [
      file(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
      ),
      /no gap/,
    ],
    [file({ a: tensor('F32', [1], 0, 4) }, 3), /at least/],
    [file({ a: tensor('F32', [1], 0, 4) }, 5), /as its header says/],
    [file({ a: tensor('F32', [2 ** 50], 0, 2 ** 52) }, 4), /at least/],
  ];
  for (const [bytes, message] of cases) await assertLegcnetError(() => readSafetensors(bytes), 'ERR_DATA', message);
});

test('what cannot be written is refused and leaves nothing behind', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.safetensors');
    const array = { data: Float64Array.of(1), shape: [1] };
    await assertLegcnetError(() => writeSafetensors(path, new Map([['__metadata__', array]])), 'ERR_ARGUMENT');
    await assertLegcnetError(() => writeSafetensors(path, new Map([['a', { ...array, shape: [2] }]])), 'ERR_ARGUMENT');
    await assertLegcnetError(() => writeSafetensors(join(folder, 'b', 'a'), new Map([['a', array]])), 'ERR_FILE');
    assert.equal(await readdir(folder), []);
    await writeFile(path, 'short');
    await assertLegcnetError(() => readSafetensors(path), 'ERR_DATA', /a\.safetensors but received 5/);
  });
});

test.run();
