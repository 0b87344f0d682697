import * as assert from 'uvu/assert';
import type { NdArray } from '../../lib/data/ndarray.js';
import { divergenceCurve } from '../../lib/lyapunov/lyapunov.js';
import { assertClose, tolerances } from './close.js';

/** The golden status codes of a run of lyap_r, and ours. */
function assertStatus(code: number, status: string, unmatched: number, label: string): void {
  switch (code) {
    case 0: // finished
      assert.equal([status, unmatched], ['ok', 0], label);
      break;
    case 1: // constant series: lyap_r exits with an error
      assert.is(status, 'static', label);
      break;
    case 2: // some reference has no neighbour: lyap_r would search for ever
      assert.ok(unmatched > 0 && (status === 'ok' || status === 'no-pairs'), label);
      break;
    case 3:
      assert.is(status, 'too-short', label);
      break;
    default: // finished without a pair
      assert.equal([status, unmatched], ['no-pairs', 0], label);
  }
}

/**
 * Compares S(k), counts and outcomes with those of TISEAN's lyap_r: input_N*.npy [kinds, N], conf_N*.npy [runs, 7], S_N*.npy
 * and count_N*.npy [runs, steps]; what they hold: test/fixtures/README.md.
 * @returns the number of runs compared
 */
export async function checkAgainstLyapR(
  length: number,
  read: (name: string) => Promise<NdArray<Float64Array>>,
): Promise<number> {
  const [inputs, runs, curves, counts] = await Promise.all(
    ['input', 'conf', 'S', 'count'].map((name) => read(`${name}_N${length}.npy`)),
  );
  const width = curves!.shape[1]!;
  for (const [key, group] of runsBySettings(runs!)) {
    const [m, d, theilerWindow, horizon, r] = key.split(',').map(Number);
    const radius = r! < 0 ? ('default' as const) : r!;
    const options = { embeddingDimension: m!, delay: d!, theilerWindow: theilerWindow!, horizon: horizon!, radius };
    const kinds = group.map((run) => runs!.data[run * 7]!);
    const data = Float64Array.from(kinds.flatMap((k) => [...inputs!.data.subarray(k * length, (k + 1) * length)]));
    const actual = await divergenceCurve({ data, shape: [group.length, length] }, { ...options, minRange: 0 });
    group.forEach((run, row) => {
      const label = `run ${run}: kind ${kinds[row]}, ${JSON.stringify(options)}`;
      assertStatus(runs!.data[run * 7 + 6]!, actual.status[row]!, actual.unmatched[row]!, label);
      const steps = horizon! + 1;
      const expected = ({ data }: NdArray<Float64Array>) => data.subarray(run * width, run * width + steps);
      const [s, c] = [actual.curve.data, actual.counts.data].map((of) => of.subarray(row * steps, (row + 1) * steps));
      assertClose(c!, expected(counts!), tolerances.divergenceCounts, label);
      assertClose(s!, expected(curves!), tolerances.divergenceFloat64, label);
    });
  }
  return runs!.shape[0]!;
}

/** Numbers of the runs that differ in nothing but the series: columns 1 to 5 of the settings are the same. */
function runsBySettings({ data, shape }: NdArray<Float64Array>): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let run = 0; run < shape[0]!; run++) {
    const key = data.slice(run * 7 + 1, run * 7 + 6).join();
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return groups;
}
