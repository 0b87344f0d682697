// scripts/test.mjs must fail wherever uvu alone would call it a success.
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withTempFolder } from '../helpers/temp.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const HEADER = `
  import { suite, test } from ${JSON.stringify(path.join(root, 'node_modules/uvu/dist/index.mjs'))};
  import * as assert from ${JSON.stringify(path.join(root, 'node_modules/uvu/assert/index.mjs'))};
`;
const TWO_GOOD = `${HEADER} test('a', () => {}); test('b', () => {}); test.run();`;

/** Runs the runner on a folder of these files and returns its last line and its exit code. */
function runner(files: Record<string, string>, ...args: string[]): Promise<{ last: string; code: number | null }> {
  return withTempFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    const script = path.join(root, 'scripts/test.mjs');
    const { stdout, status } = spawnSync(process.execPath, [script, `--dir=${folder}`, '--minimum=1', ...args], {
      encoding: 'utf8',
    });
    return { last: stdout.trimEnd().split('\n').at(-1)!, code: status };
  });
}

test('passing tests are counted over all files and suites', async () => {
  const suites = `${HEADER}
    const one = suite('one'); one('a', () => {}); one.run();
    const two = suite('two'); two('b', async () => {}); two.skip('c', () => {}); two.run();`;
  const { last, code } = await runner({ 'a.test.ts': TWO_GOOD, 'deep/er/b.test.ts': suites, 'helper.ts': 'throw 1;' });
  assert.is(last, '4 passed, 0 failed, 1 skipped');
  assert.is(code, 0);
});

const failing: Record<string, [content: string, last: string]> = {
  'a failing test': [`${HEADER} test('a', () => assert.is(1, 2)); test.run();`, '2 passed, 1 failed'],
  'a forgotten run()': [`${HEADER} test('a', () => {});`, '2 passed, 1 failed'],
  'a run() without tests': [`${HEADER} test.run();`, '2 passed, 1 failed'],
  'a throwing before()': [
    `${HEADER} test.before(() => { throw new Error('x'); }); test('a', () => {}); test.run();`,
    '2 passed, 1 failed',
  ],
  'a throwing after.each()': [
    `${HEADER} test.after.each(() => { throw new Error('x'); }); test('a', () => {}); test.run();`,
    '2 passed, 1 failed',
  ],
  'an error outside of the tests': [`${HEADER} throw new Error('x');`, '2 passed, 1 failed'],
  'an exit before the end': [`${HEADER} test('a', () => process.exit(0)); test.run();`, '2 passed, 1 failed'],
  'a crash': [`${HEADER} test('a', () => process.abort()); test.run();`, '2 passed, 1 failed'],
  'an exit code after the tests': [
    `${HEADER} test('a', () => { process.on('exit', () => { process.exitCode = 3; }); }); test.run();`,
    '3 passed, 1 failed',
  ],
};
for (const [name, [content, expected]] of Object.entries(failing)) {
  test(`${name} is a failure`, async () => {
    const { last, code } = await runner({ 'good.test.ts': TWO_GOOD, 'bad.test.ts': content });
    assert.is(last, expected);
    assert.is(code, 1);
  });
}

test('too few tests, no file and no matching file are failures', async () => {
  for (const [files, ...args] of [
    [{ 'a.test.ts': TWO_GOOD }, '--minimum=3'],
    [{ 'a.ts': TWO_GOOD }],
    [{ 'a.test.ts': TWO_GOOD }, 'nothing-like-this'],
    [{ 'a.test.ts': `${HEADER} test.skip('a', () => {}); test.run();` }],
  ] as const) {
    const { last, code } = await runner(files, ...args);
    assert.match(last, /^\d+ passed, 1 failed/);
    assert.is(code, 1);
  }
});

test.run();
