import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readIdx, readIdxFolder, readIdxImages } from '../../lib/data/idx.js';
import { encodeIdx } from '../helpers/idx.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const images = (n: number) =>
  encodeIdx(
    Array.from({ length: n * 6 }, (_, i) => i % 256),
    [n, 2, 3],
  );
const labels = (n: number) =>
  encodeIdx(
    Array.from({ length: n }, (_, i) => i % 10),
    [n],
  );

test('any array of bytes is read, plain and compressed', async () => {
  await withTempFolder(async (folder) => {
    const shapes = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.boolean(), async (shape, compressed) => {
        const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 255 - i);
        const path = join(folder, compressed ? 'a.gz' : 'a');
        const bytes = encodeIdx(data, shape);
        await writeFile(path, compressed ? gzipSync(bytes) : bytes);
        const array = await readIdx(path, shape.length);
        assert.equal([[...array.data], array.shape], [[...data], shape]);
      }),
      { numRuns: 40 },
    );
  });
});

test('a folder is read whatever the joint and the compression', async () => {
  await withTempFolder(async (folder) => {
    await writeFile(join(folder, 'train-images.idx3-ubyte'), images(4));
    await writeFile(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(labels(4)));
    const { train, test: none } = await readIdxFolder(folder);
    assert.equal(train.images.shape, [4, 2, 3]);
    assert.equal([...train.labels], [0, 1, 2, 3]);
    assert.is(none, undefined);
    await writeFile(join(folder, 't10k-images.idx3-ubyte.gz'), gzipSync(images(2)));
    await assertLegcnetError(() => readIdxFolder(folder), 'ERR_DATA', /t10k-labels-idx1-ubyte or .*train-images/);
    await writeFile(join(folder, 't10k-labels.idx1-ubyte'), labels(2));
    assert.equal((await readIdxFolder(folder)).test?.images.shape, [2, 2, 3]);
    const single = await readIdxImages(join(folder, 'train-images.idx3-ubyte')).catch((error: unknown) => error);
    assert.match((single as Error).message, /train-labels\.idx1-ubyte/, 'its labels must have the same form of name');
  });
});

test('a file of images finds its labels beside it', async () => {
  await withTempFolder(async (folder) => {
    await writeFile(join(folder, 'my-images-idx3-ubyte'), images(3));
    await writeFile(join(folder, 'my-labels-idx1-ubyte'), labels(3));
    assert.is((await readIdxImages(join(folder, 'my-images-idx3-ubyte'))).labels.length, 3);
    await assertLegcnetError(() => readIdxImages(join(folder, 'my-labels-idx1-ubyte')), 'ERR_DATA', /"images" in it/);
    await writeFile(join(folder, 'my-labels-idx1-ubyte'), labels(2));
    await assertLegcnetError(
      () => readIdxImages(join(folder, 'my-images-idx3-ubyte')),
      'ERR_DATA',
      /3 labels.* received 2$/,
    );
  });
});

test('broken files are refused with what is wrong', async () => {
  const good = images(2);
  const changed = (at: number, value: number) => Buffer.from(good).fill(value, at, at + 1);
  const cases: [Uint8Array, RegExp][] = [
    [Buffer.alloc(0), /at least 4 bytes .* received 0/],
    [good.subarray(0, 10), /at least 16 bytes .* received 10/],
    [good.subarray(0, good.length - 1), /\[2, 2, 3\] but received 27/],
    [Buffer.concat([good, Buffer.alloc(1)]), /expected 28 bytes .* received 29/],
    [changed(0, 1), /two zero bytes\) .* "bytes 01000803"/],
    [changed(2, 0x0d), /element type but received "0x0d"/],
    [changed(3, 1), /number of axes but received 1/],
    [changed(4, 0xff), /at least \d+ bytes/],
  ];
  await withTempFolder(async (folder) => {
    for (const [bytes, message] of cases) {
      for (const path of [join(folder, 'a'), join(folder, 'a.gz')]) {
        await writeFile(path, path.endsWith('.gz') ? gzipSync(bytes) : bytes);
        await assertLegcnetError(() => readIdx(path, 3), 'ERR_DATA', message);
      }
    }
    const path = join(folder, 'b.gz');
    await writeFile(path, gzipSync(good).subarray(0, 20));
    await assertLegcnetError(() => readIdx(path), 'ERR_DATA', /b\.gz is not a whole gzip file/);
    await writeFile(path, good);
    await assertLegcnetError(() => readIdx(path), 'ERR_DATA', /b\.gz is not a whole gzip file/);
    await assertLegcnetError(() => readIdx(join(folder, 'c.gz')), 'ERR_FILE', /c\.gz/);
    await assertLegcnetError(() => readIdxFolder(join(folder, 'd')), 'ERR_FILE', /ENOENT/);
    await assertLegcnetError(() => readIdxFolder(folder), 'ERR_DATA', /train-images-idx3-ubyte or/);
  });
});

test.run();
