import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFile, checkFolder, makeFolder, readJson, readText, writeFileAtomic } from '../../lib/data/files.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('text, bytes and pieces of bytes are written', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a');
    await writeFileAtomic(path, 'señor');
    assert.is(await readFile(path, 'utf8'), 'señor');
    await writeFileAtomic(path, Uint8Array.of(1, 2));
    await writeFileAtomic(join(folder, 'b'), [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
    assert.equal([...(await readFile(path))], [1, 2]);
    assert.equal([...(await readFile(join(folder, 'b')))], [1, 2, 3]);
    await writeFileAtomic(path, '');
    assert.is((await readFile(path)).length, 0);
    assert.equal((await readdir(folder)).sort(), ['a', 'b']);
  });
});

test('whether files can be written is known without writing them', async () => {
  await withTempFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    await writeFile(at('old'), 'old');
    await checkFile(at('new'));
    await checkFile(at('old'));
    await checkFolder(at('a/b'));
    await checkFolder(at('a/b'));
    assert.equal((await readdir(folder)).sort(), ['a', 'old']);
    assert.equal(await readdir(at('a/b')), []);
    assert.is(await readFile(at('old'), 'utf8'), 'old');
    await assertLegcnetError(() => checkFile(at('a')), 'ERR_FILE', /expected a file for .*a folder/);
    await assertLegcnetError(() => checkFile(at('no/new')), 'ERR_FILE', /cannot write .*new: ENOENT/);
    await assertLegcnetError(() => checkFolder(at('old')), 'ERR_FILE', /cannot write .*old: EEXIST/);
    await assertLegcnetError(() => checkFolder(at('old/a')), 'ERR_FILE', /cannot write .*: ENOTDIR/);
    await symlink(at('gone'), at('link'));
    await assertLegcnetError(() => makeFolder(at('link/a')), 'ERR_FILE', /EEXIST/);
    await symlink(at('a'), at('to-a'));
    await makeFolder(at('to-a/c/d'));
    for (let i = 0; i < 100; i++) {
      await Promise.all(Array.from({ length: 8 }, () => makeFolder(at(`e${i}/f/g`))));
    }
    assert.equal([await readdir(at('a')), await readdir(at('e99/f'))], [['b', 'c'], ['g']]);
  });
});

test('text and JSON are read without a byte order mark', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.json');
    for (const mark of ['', '\uFEFF']) {
      await writeFile(path, `${mark}{"a":"\uFEFF1"}`);
      assert.is(await readText(path), '{"a":"\uFEFF1"}');
      assert.equal(await readJson(path), { a: '\uFEFF1' });
    }
    await writeFile(path, '{"a":');
    const error = await assertLegcnetError(() => readJson(path), 'ERR_DATA', /a\.json is not JSON/);
    assert.instance(error.cause, SyntaxError);
    await assertLegcnetError(() => readJson(join(folder, 'b.json')), 'ERR_FILE', /cannot read .*b\.json/);
  });
});

test('a failed write leaves the old file and nothing else', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    function* failing(): Generator<Uint8Array> {
      yield Uint8Array.of(1);
      throw new Error('out of data');
    }
    const error = await assertLegcnetError(
      () => writeFileAtomic(path, failing()),
      'ERR_FILE',
      /cannot write .*: out of data/,
    );
    assert.is((error.cause as Error).message, 'out of data');
    assert.is(await readFile(path, 'utf8'), 'old');
    await mkdir(join(folder, 'taken'));
    await assertLegcnetError(() => writeFileAtomic(join(folder, 'taken'), 'x'), 'ERR_FILE');
    await assertLegcnetError(() => writeFileAtomic(join(folder, 'no', 'a'), 'x'), 'ERR_FILE', /ENOENT/);
    assert.equal((await readdir(folder)).sort(), ['a', 'taken']);
  });
});

test('a folder is made with those that it is in; where a file is in the way, that is an ERR_FILE', async () => {
  await withTempFolder(async (folder) => {
    await makeFolder(join(folder, 'a', 'b'));
    await makeFolder(join(folder, 'a', 'b'));
    await writeFileAtomic(join(folder, 'a', 'b', 'file'), 'x');
    await assertLegcnetError(() => makeFolder(join(folder, 'a', 'b', 'file', 'c')), 'ERR_FILE', /ENOTDIR/);
  });
});

test('writers at the same time do not mix: the file is one of the two', async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a');
    const contents = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
    await Promise.all(contents.map((text) => writeFileAtomic(path, text)));
    assert.ok(contents.includes(await readFile(path, 'utf8')));
    assert.equal(await readdir(folder), ['a']);
  });
});

test.run();
