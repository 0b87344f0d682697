import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Test } from 'uvu';
import type { Dtype, DtypeArrays } from '../../lib/data/dtype.js';
import type { NdArray } from '../../lib/data/ndarray.js';
import { readNpy } from '../../lib/data/npy.js';

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

/** Reads a golden array; `dtype` and `rank` are checked where given. */
export function readGoldenNpy<D extends Dtype = Dtype>(
  path: string,
  expected: { dtype?: D | readonly D[]; rank?: number } = {},
): Promise<NdArray<DtypeArrays[D]>> {
  return readNpy(golden(path), expected);
}
