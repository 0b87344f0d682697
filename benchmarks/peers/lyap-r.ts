/** TISEAN's lyap_r the published way: the window goes into a text file, one process a window, its curve is read back. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FastSettings } from '../pure-js/lyapunov-fast.js';
import { scratchFolder } from '../scratch.js';

export function lyapRAbsent(): string | undefined {
  const { error } = spawnSync('lyap_r', ['-h'], { stdio: 'ignore' });
  return error && 'no lyap_r on the path (TISEAN 3.0; neither Debian nor npm has it)';
}

let folder: string | undefined;

/**
 * Least-squares slopes of lyap_r's S(k) over the fit range. S(k) is printed with seven digits. The processes are started
 * by a shell: from a large program like this one it would take several times as long.
 */
export function lyapR(windows: readonly Float64Array[], { theilerWindow, horizon, fit }: FastSettings): number[] {
  folder ??= scratchFolder();
  const files = windows.map((x, i) => {
    const file = path.join(folder as string, `${i}.txt`);
    writeFileSync(file, `${x.join('\n')}\n`);
    return file;
  });
  // A first radius above every range finds the nearest of all pairs.
  const settings = `-m2 -d1 -t${theilerWindow} -s${horizon} -r1e9 -V0`;
  const loop = `for file; do lyap_r "$file" ${settings} -o "$file.ros" || exit 1; done`;
  execFileSync('sh', ['-c', loop, 'sh', ...files], { stdio: 'ignore' });
  return files.map((file) => slope(readFileSync(`${file}.ros`, 'utf8'), fit));
}

/** @param curve lines of k and S(k) */
function slope(curve: string, [from, to]: FastSettings['fit']): number {
  const steps = new Map(
    curve
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).map(Number) as [number, number]),
  );
  const middle = (from + to) / 2;
  let [product, squares] = [0, 0];
  for (let k = from; k <= to; k++) {
    product += (k - middle) * (steps.get(k) ?? Number.NaN);
    squares += (k - middle) ** 2;
  }
  return product / squares;
}
