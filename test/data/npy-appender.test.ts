import { spawn } from 'node:child_process';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NpyAppender } from '../../lib/data/npy-appender.js';
import { encodeNpy, readNpy, writeNpy } from '../../lib/data/npy.js';
import { haveNumpy, python } from '../helpers/python.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const pairs = { dtype: 'f8', rowShape: [2] } as const;

test("rows appended in pieces of any size are the file's rows", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 9 }), fc.boolean()), { maxLength: 20 }), async (pieces) => {
        const appender = await NpyAppender.create(path, { dtype: 'i4', rowShape: [2, 1] });
        let next = 0;
        for (const [rows, flush] of pieces) {
          await appender.append(Int32Array.from({ length: rows * 2 }, () => next++));
          if (flush) {
            await appender.flush();
            assert.equal((await readNpy(path)).shape, [next / 2, 2, 1]);
          }
        }
        await appender.close();
        assert.is(appender.rows, next / 2);
        const data = Int32Array.from({ length: next }, (_, i) => i);
        assert.equal(await readNpy(path), { data, shape: [next / 2, 2, 1] });
      }),
      { numRuns: 30 },
    );
  });
});

test('rows beyond the buffer, without waiting, with the array reused', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const appender = await NpyAppender.create(path, { dtype: 'f4', rowShape: [] });
    const row = new Float32Array(300_000); // 1.2 MB, more than the buffer holds
    const waiting = [];
    for (let i = 0; i < 5; i++) {
      row.fill(i);
      waiting.push(appender.append(row), appender.append(Float32Array.of(-i)));
    }
    await Promise.all(waiting);
    await appender.close();
    const { data, shape } = await readNpy(path);
    assert.equal(shape, [5 * 300_001]);
    for (let i = 0; i < 5; i++) {
      assert.is(data[i * 300_001], i);
      assert.is(data[i * 300_001 + 299_999], i);
      assert.is(data[i * 300_001 + 300_000], -i);
    }
  });
});

test('rows on disk that are not counted yet are ignored', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const appender = await NpyAppender.create(path, pairs);
    assert.equal((await readNpy(path)).shape, [0, 2]);
    await appender.append(Float64Array.of(1, 2));
    await appender.flush();
    await appendFile(path, Buffer.alloc(21)); // one row and a piece, as a killed writer leaves them
    assert.equal(await readNpy(path), { data: Float64Array.of(1, 2), shape: [1, 2] });
    await appender.close();
  });
});

test('the header keeps its length from no row to very many', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const wide = { dtype: 'u1', rowShape: [1] } as const;
    const appender = await NpyAppender.create(path, wide);
    const empty = (await stat(path)).size;
    await appender.append(new Uint8Array(3_000_000));
    await appender.close();
    assert.is((await stat(path)).size, empty + 3_000_000);
    assert.is(empty % 64, 0);
  });
});

test('resume cuts off what follows and goes on', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const first = await NpyAppender.create(path, pairs);
    await first.append(Float64Array.of(1, 2, 3, 4, 5, 6));
    await first.close();
    const straight = await readFile(path);
    const second = await NpyAppender.resume(path, pairs, 1);
    assert.is(second.rows, 1);
    assert.equal((await readNpy(path)).shape, [1, 2]);
    await second.append(Float64Array.of(3, 4, 5, 6));
    await second.close();
    assert.equal(await readFile(path), straight);
    const third = await NpyAppender.resume(path, pairs);
    assert.is(third.rows, 3);
    await third.close();
  });
});

test('resume refuses another file', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    await (await NpyAppender.create(path, pairs)).close();
    await assertLegcnetError(
      () => NpyAppender.resume(path, { ...pairs, dtype: 'f4' }),
      'ERR_DATA',
      /f4 of shape \[rows, 2\]/,
    );
    await assertLegcnetError(() => NpyAppender.resume(path, { ...pairs, rowShape: [3] }), 'ERR_DATA');
    await assertLegcnetError(() => NpyAppender.resume(path, pairs, 1), 'ERR_DATA', /at least 1 .* received 0/);
    await assertLegcnetError(() => NpyAppender.resume(join(folder, 'b.npy'), pairs), 'ERR_FILE', /b\.npy/);
    await writeNpy(path, { data: Float64Array.of(1), shape: [] });
    await assertLegcnetError(() => NpyAppender.resume(path, pairs), 'ERR_DATA', /f8 of shape \[\]/);
  });
});

test('wrong rows, wrong types and calls after close are refused', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const appender = await NpyAppender.create(path, pairs);
    await assertLegcnetError(() => appender.append(Float64Array.of(1)), 'ERR_ARGUMENT', /multiple of 2 elements/);
    const wrongType = Float32Array.of(1, 2) as unknown as Float64Array;
    await assertLegcnetError(() => appender.append(wrongType), 'ERR_ARGUMENT', /type f8/);
    await appender.close();
    await appender.close();
    await assertLegcnetError(() => appender.append(Float64Array.of(1, 2)), 'ERR_FILE', /is closed/);
    await assertLegcnetError(() => appender.flush(), 'ERR_FILE', /is closed/);
    assert.equal((await readNpy(path)).shape, [0, 2]);
    const noRow = { dtype: 'f8', rowShape: [0] } as const;
    await assertLegcnetError(() => NpyAppender.create(path, noRow), 'ERR_OPTION', /rowShape/);
    await assertLegcnetError(() => NpyAppender.create(join(folder, 'no/a.npy'), pairs), 'ERR_FILE', /cannot write/);
  });
});

test('a writer killed at any moment leaves a valid file', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.npy');
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', endlessWriter(path)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const { data, shape } = await readNpy(path);
    assert.ok(shape[0]! > 0);
    data.forEach((value, i) => assert.is(value, i));
  });
});

function endlessWriter(path: string): string {
  const module = new URL('../../lib/data/npy-appender.ts', import.meta.url);
  return `
    import { NpyAppender } from ${JSON.stringify(module.href)};
    const appender = await NpyAppender.create(${JSON.stringify(path)}, { dtype: 'f8', rowShape: [1000] });
    for (let i = 0; ; i++) {
      await appender.append(Float64Array.from({ length: 1000 }, (_, k) => i * 1000 + k));
      await appender.flush();
      if (i === 10) console.log('writing');
    }`;
}

if (haveNumpy) {
  test('numpy memory-maps the file while it is being written', async () => {
    await withTempFolder(async (folder) => {
      const path = join(folder, 'a.npy');
      const appender = await NpyAppender.create(path, pairs);
      await appender.append(Float64Array.of(1, 2, 3, 4));
      await appender.flush();
      await appender.append(Float64Array.of(5, 6));
      const program = "import numpy, sys; print(numpy.load(sys.argv[1], mmap_mode='r').tolist())";
      assert.is(python(program, path), '[[1.0, 2.0], [3.0, 4.0]]');
      await appender.close();
      assert.is(python(program, path), '[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]');
      assert.ok(encodeNpy(await readNpy(path)).byteLength > 0);
    });
  });
}

test.run();
