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

/** Least-squares slope of lyap_r's S(k) over the fit range. S(k) is printed with seven digits. */
export function lyapR(x: Float64Array, { theilerWindow, horizon, fit: [from, to] }: FastSettings): number {
  folder ??= scratchFolder();
  const [input, output] = [path.join(folder, 'window.txt'), path.join(folder, 'window.ros')];
  writeFileSync(input, x.join('\n') + '\n');
  // A first radius above the range finds the nearest of all pairs.
  const radius = 10 * (Math.max(...x) - Math.min(...x));
  const settings = ['-m2', '-d1', `-t${theilerWindow}`, `-s${horizon}`, `-r${radius}`, '-V0'];
  execFileSync('lyap_r', [input, ...settings, '-o', output], { stdio: 'ignore' });
  const curve = new Map(
    readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).map(Number) as [number, number]),
  );
  const middle = (from + to) / 2;
  let [product, squares] = [0, 0];
  for (let k = from; k <= to; k++) {
    product += (k - middle) * (curve.get(k) ?? Number.NaN);
    squares += (k - middle) ** 2;
  }
  return product / squares;
}
