// Against TISEAN's lyap_r and the authors' MATLAB; what each file holds: golden/README.md and golden/manifest.json.
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as oracle from '../../benchmarks/pure-js/lyapunov.js';
import { divergenceCurve, lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { windowStarts, windowStride } from '../../lib/lyapunov/windows.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { golden, goldenTest, readGoldenNpy } from '../helpers/golden.js';
import { checkAgainstLyapR } from '../helpers/lyap-r.js';

const doubles = (path: string) => readGoldenNpy(path, { dtype: 'f8' });

/** The authors' guards and text files. */
const authorsGuards = { minRange: 1e-5, meanChange: true };
const authors = { ...authorsGuards, quantise: 6, textRounding: true };

for (const length of [50, 200, 1000, 5000]) {
  goldenTest(test, `lyap_r's S(k), counts and outcomes, N = ${length}`, async () => {
    assert.ok((await checkAgainstLyapR(length, (name) => doubles(`series/${name}`))) >= 450);
  });
}

goldenTest(test, 'all pairs on the same series: as the oracle, and as one pass of lyap_r', async () => {
  const { data, shape } = await doubles('series/input_N200.npy');
  let covered = 0;
  for (let kind = 0; kind < shape[0]!; kind++) {
    const x = data.slice(kind * 200, kind * 200 + 200) as Float64Array;
    for (const theilerWindow of [0, 5]) {
      for (const embeddingDimension of [1, 2, 3]) {
        const options = { embeddingDimension, delay: 1, theilerWindow, horizon: 3 };
        const expected = oracle.divergenceCurve(x, { ...options, radius: 'all' });
        const actual = await divergenceCurve(x, { ...options, minRange: 0 });
        assertClose(actual.counts.data, expected.counts, tolerances.divergenceCounts, `kind ${kind}`);
        assertClose(actual.curve.data, expected.curve, tolerances.divergenceFloat64, `kind ${kind}`);
        const range = oracle.rescale(x).range;
        if (range === 0 || range > 20) continue;
        const onePass = await divergenceCurve(x, { ...options, minRange: 0, radius: 20 });
        assertClose(onePass.counts.data, actual.counts.data, tolerances.divergenceCounts, `kind ${kind}, one pass`);
        assertClose(onePass.curve.data, actual.curve.data, { absolute: 0 }, `kind ${kind}, one pass`);
        assert.equal([onePass.status, onePass.unmatched], [actual.status, actual.unmatched]);
        covered++;
      }
    }
  }
  assert.ok(covered >= 60);
});

const logs = { cancer2_w200: 200, cancer2_w50: 50, iris_w160: 160, iris_w50: 50 };

for (const [name, window] of Object.entries(logs)) {
  goldenTest(test, `windows of logged weights, ${name}`, async () => {
    const log = await doubles(`weights/${name.split('_')[0]}_log.npy`);
    const part = (suffix: string) => doubles(`weights/${name}_${suffix}.npy`);
    const books = JSON.parse(await readFile(golden('weights/windows.json'), 'utf8'))[name];
    const [rows, weights] = log.shape as [number, number];
    const stride = windowStride(window, 0.1);
    const starts = windowStarts(rows, window, stride);
    assert.equal([rows, stride, starts.length], [books.rows, books.step, books.nw20]);
    const ends = (await part('end_index')).data;
    assert.equal(
      [...starts].map((start) => start + window - 1),
      [...ends],
    );

    // [windows, weights, window], so that rows of the batch are those of the goldens
    const data = new Float64Array(starts.length * weights * window);
    starts.forEach((start, w) => {
      for (let p = 0; p < weights; p++) {
        for (let i = 0; i < window; i++) data[(w * weights + p) * window + i] = log.data[(start + i) * weights + p]!;
      }
    });
    const batch = { data, shape: [starts.length * weights, window] };
    for (const [kind, options] of [
      ['raw', {}],
      ['quant', { quantise: 6 }],
    ] as const) {
      const { curve, counts } = await divergenceCurve(batch, { ...options, minRange: 0 });
      assertClose(counts.data, (await part(`count_${kind}`)).data, tolerances.divergenceCounts, `${kind} counts`);
      assertClose(curve.data, (await part(`S_${kind}`)).data, tolerances.divergenceFloat64, `${kind} S(k)`);
      const { exponent, status } = await lyapunovExponents(batch, { ...options, ...authorsGuards });
      // a difference of two S(k), each within its tolerance
      const difference = { absolute: 2 * tolerances.divergenceFloat64.absolute };
      assertClose(exponent, (await part(`LE_${kind}`)).data, difference, `${kind} exponents`);
      const flags = (await part('flags')).data;
      status.forEach((s, i) => assert.is(s === 'static', (flags[i]! & 3) !== 0));
    }
    const { exponent } = await lyapunovExponents(batch, authors);
    assertClose(exponent, (await part('LE_authors')).data, tolerances.authorsExponents, 'authors');

    // The kernels on the same numbers; rounding the weights to float32 itself moves S(k) by as much as 1e-5.
    const rounded = Float32Array.from(data);
    const single = await divergenceCurve({ data: rounded, shape: batch.shape }, { minRange: 0 });
    const double = await divergenceCurve({ data: Float64Array.from(rounded), shape: batch.shape }, { minRange: 0 });
    const differences = single.curve.data.map((s, i) => Math.abs(s - double.curve.data[i]!)).sort();
    assertClose(differences[differences.length >> 1]!, 0, tolerances.divergenceFloat32Median, 'float32, median');
  });
}

goldenTest(test, "the authors' guards on banknote weights", async () => {
  const [windows, flags, raw, exact, changes] = await Promise.all(
    ['windows', 'flags', 'exponents_raw', 'exponents_authors', 'changes'].map((name) => doubles(`guards/${name}.npy`)),
  );
  const batch = { data: windows!.data as Float64Array, shape: [480, 250] };
  const guarded = await lyapunovExponents(batch, authorsGuards);
  assert.is(guarded.status.filter((s) => s === 'static').length, 117);
  guarded.status.forEach((s, i) => assert.is(s, flags!.data[i] === 0 ? 'ok' : 'static'));
  guarded.status.forEach((s, i) => assert.is(s === 'static', changes!.data[i]! > 0));
  assertClose(guarded.exponent, raw!.data, { absolute: 2 * tolerances.divergenceFloat64.absolute }, 'raw');
  assertClose((await lyapunovExponents(batch, authors)).exponent, exact!.data, tolerances.authorsExponents, 'authors');
});

test.run();
