import { existsSync } from 'node:fs';
import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'uvu';
import type { Dtype, DtypeArrays } from '../../lib/data/dtype.js';
import type { NdArray } from '../../lib/data/ndarray.js';
import { readNpy } from '../../lib/data/npy.js';
import { withTempFolder } from './temp.js';

const sharedFolder = fileURLToPath(new URL('../../../shared/', import.meta.url));
let noticePrinted = false;

/** The absolute path of a file of results by other people's software, e.g. `golden('training/iris/raw.csv')`. */
export function golden(path: string): string {
  return `${sharedFolder}golden/${path}`;
}

/** The absolute path of data that the project does not ship, e.g. `sharedData('training/titanic/raw.csv')`. */
export function sharedData(path: string): string {
  return `${sharedFolder}data/${path}`;
}

/** Whether the goldens and the data are on this machine. */
export function haveGolden(): boolean {
  return existsSync(golden('README.md')) && existsSync(sharedData('README.md'));
}

/**
 * Registers a test that reads goldens or shared data. Without them it fails in CI and is skipped, with a notice, elsewhere.
 * @param test the `test` of uvu, or a suite
 */
export function goldenTest(test: Test, name: string, run: () => void | Promise<void>): void {
  if (haveGolden()) {
    test(name, run);
  } else if (process.env['CI']) {
    test(name, () => {
      throw new Error(`the goldens are missing: expected them in ${golden('')}`);
    });
  } else {
    if (!noticePrinted) process.stderr.write(`no goldens in ${golden('')}: the tests that need them are skipped\n`);
    noticePrinted = true;
    test.skip(name, run);
  }
}

/** Hands over a copy of the published iris training with one of its JSON files changed. */
export function withChangedIris(
  name: string,
  change: (content: ReturnType<typeof JSON.parse>) => void,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  return withTempFolder(async (folder) => {
    await cp(golden('training/iris'), folder, { recursive: true });
    const file = `${folder}/${name}`;
    await chmod(file, 0o644);
    const content = JSON.parse(await readFile(file, 'utf8'));
    change(content);
    await writeFile(file, JSON.stringify(content));
    await work(folder);
  });
}

/** Of `expected.json`: says that the first run stopped an epoch later than it did. */
export function laterByOne(expected: ReturnType<typeof JSON.parse>): void {
  expected.runs[0].epochs += 1;
}

/** Reads a golden array; `dtype` and `rank` are checked where given. */
export function readGoldenNpy<D extends Dtype = Dtype>(
  path: string,
  expected: { dtype?: D | readonly D[]; rank?: number } = {},
): Promise<NdArray<DtypeArrays[D]>> {
  return readNpy(golden(path), expected);
}
