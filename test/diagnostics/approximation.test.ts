import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { approximationBound, approximationByWidth, spectralNormBound } from '../../lib/diagnostics/approximation.js';
import { applyMask } from '../../lib/mask/gradients.js';
import type { Progress } from '../../lib/native.js';
import { Mlp, type NetworkOptions } from '../../lib/network/mlp.js';
import { runCli } from '../helpers/cli.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { stream } from '../mask/networks.js';

test('the spectral norm is never below what any vector shows, nor much above', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      async (rows, columns, seed) => {
        const random = stream(Math.abs(seed) + 1);
        const matrix = Float64Array.from({ length: rows * columns }, () => 2 * random() - 1);
        const bound = await spectralNormBound(matrix, rows, columns);
        let x = Float64Array.from({ length: columns }, () => random() + 0.1);
        let reached = 0;
        for (let k = 0; k < 3000; k++) {
          const length = Math.hypot(...x);
          const y = Float64Array.from({ length: rows }, (_, o) =>
            x.reduce((sum, value, i) => sum + ((matrix[o * columns + i] as number) * value) / length, 0),
          );
          reached = Math.max(reached, Math.hypot(...y));
          x = x.map((_, i) => y.reduce((sum, value, o) => sum + (matrix[o * columns + i] as number) * value, 0));
        }
        assert.ok(bound >= reached * (1 - 1e-13), `${bound} < ${reached}`);
        assertClose(bound, reached, { relative: 1e-3 });
      },
    ),
    { numRuns: 30 },
  );
  assert.is(await spectralNormBound(new Float64Array(6), 2, 3), 0);
  assertClose(await spectralNormBound(Float64Array.of(3, 0, 0, 0, 4, 0), 2, 3), 4, { relative: 1e-12 });
  assertClose(await spectralNormBound(Float64Array.of(1e200), 1, 1), 1e200, { relative: 1e-12 });
});

test('measured never exceeds the bound; refinement never loses; outputs are those of predict', async () => {
  const activations = ['sigmoid', 'tanh', 'relu', 'linear'] as const;
  const outputs = ['sigmoid', 'softmax', 'linear'] as const;
  for (const activation of activations) {
    for (const outputActivation of outputs) {
      for (const biases of [true, false]) {
        const options: NetworkOptions = { activation, outputActivation, biases };
        const dense = await Mlp.random([5, 7, 6, 3], { ...options, init: 'he', seed: 3 });
        const mask = new Uint8Array(dense.weights).map((_, w) => (w % 3 === 0 ? 0 : 1));
        const moved = applyMask(dense.parameters, mask, dense.weights).map((p, i) =>
          i < dense.weights ? p : p + 0.01,
        );
        const pruned = dense.withParameters(moved);
        const found = await approximationBound(dense, pruned, { radius: 2, points: 60, refined: 4, steps: 60 });
        const label = `${activation} ${outputActivation} ${biases}`;
        assert.ok(found.measured <= found.bound * (1 + 1e-12), `${label}: ${found.measured} > ${found.bound}`);
        assert.ok(found.measured >= found.sampled && found.sampled > 0, label);
        assert.ok(Math.hypot(...found.at) <= 2 * (1 + 1e-12), label);
        const features = { data: found.at, shape: [1, 5] };
        const [a, b] = await Promise.all(
          [dense, pruned].map(async (one) => (await one.predict({ features })).outputs.data),
        );
        const difference = Math.hypot(...[0, 1, 2].map((o) => (a?.[o] as number) - (b?.[o] as number)));
        assertClose(found.measured, difference, { relative: 1e-9 }, label);
      }
    }
  }
});

test('linear networks: the supremum is the spectral norm of the difference, and ascent finds it', async () => {
  const options: NetworkOptions = { activation: 'linear', outputActivation: 'linear', biases: false };
  const dense = await Mlp.random([6, 4], { ...options, init: 'he', seed: 5 });
  const pruned = dense.withParameters(dense.parameters.map((p, i) => (i % 2 === 0 ? 0 : p)));
  const gap = dense.parameters.map((p, i) => p - (pruned.parameters[i] as number));
  const found = await approximationBound(dense, pruned, { radius: 3, steps: 400 });
  const norm = 3 * (await spectralNormBound(gap, 4, 6));
  assertClose([found.measured, found.bound], [norm, norm], { relative: 1e-3 });
  assert.ok(found.measured > found.sampled);
  const same = await approximationBound(dense, dense);
  assert.equal([same.measured, same.bound], [0, 0]);
});

test('by width: a power of the weights pruned shrinks the difference, as the theorem claims; a fixed share does not', async () => {
  const quick = { widths: [16, 64, 256], networks: 3, points: 64, refined: 3, steps: 30, inputs: 4, outputs: 1 };
  const few = await approximationByWidth({ ...quick, power: 0.5 });
  assert.equal(
    few.rows.map(({ pruned }) => pruned),
    [9, 18, 36],
  );
  assert.ok(few.measuredSlope < -0.5, `${few.measuredSlope}`);
  const half = await approximationByWidth({ ...quick, sparsity: 0.5, prune: 'random' });
  assert.ok(half.measuredSlope > -0.3, `${half.measuredSlope}`);
  for (const { measured, bound } of [...few.rows, ...half.rows]) assert.ok(measured <= bound);
  const counts: number[] = [];
  const onProgress = ({ done, total }: Progress): void => void counts.push(done / total);
  assert.equal(await approximationByWidth({ ...quick, power: 0.5, onProgress }), few);
  assert.equal(
    counts,
    Array.from({ length: 9 }, (_, i) => (i + 1) / 9),
  );
});

test('the command: a table and a sentence, or JSON; wrong arguments', async () => {
  const args = ['approximation', '--widths', '5,20', '--seeds', '2', '--inputs', '3', '--seed', '7'];
  const json = await runCli(...args, '--power', '0.5', '--radius', '2', '--json', '--quiet');
  assert.is(json.code, 0, json.stderr);
  assert.is(json.stderr, '');
  const options = { widths: [5, 20], networks: 2, inputs: 3, seed: 7, power: 0.5, radius: 2 };
  const { rows, measuredSlope, boundSlope, ...settings } = JSON.parse(json.stdout);
  assert.equal({ rows, measuredSlope, boundSlope }, await approximationByWidth(options));
  assert.equal(settings, {
    ...options,
    prune: 'magnitude',
    network: { activation: 'sigmoid', outputActivation: 'linear' },
  });
  const { code, stdout } = await runCli(...args, '--method', 'random', '--activation', 'tanh');
  assert.is(code, 0);
  assert.match(stdout, /without 50.0 % of the weights, any, over all inputs with \|x\| <= 1; means of 2/);
  assert.match(stdout, /^ *20 +100 +50 +[\d.]+ +[\d.]+ *$/m);
  assert.match(stdout, /The distance found (shrinks|grows|hardly changes) with the width .*, its bound /);
  for (const [wrong, message] of [
    [['--widths', '5'], /two or more different integers/],
    [['--sparsity', '0.5', '--power', '0.5'], /one of them/],
    [['--method', 'snip'], /magnitude or random/],
    [['--radius', '-1'], /positive number for --radius/],
    [['run1'], /argument/],
  ] as [string[], RegExp][]) {
    const result = await runCli('approximation', ...wrong);
    assert.is(result.code, 2, wrong.join(' '));
    assert.match(result.stderr, message);
  }
});

test('networks that do not match and options that make no sense are refused', async () => {
  const [a, b] = [await Mlp.random([3, 4, 2]), await Mlp.random([3, 5, 2])];
  await assertLegcnetError(() => approximationBound(a, b), 'ERR_ARGUMENT', /same sizes/);
  const other = await Mlp.random([3, 4, 2], { activation: 'tanh' });
  await assertLegcnetError(() => approximationBound(a, other), 'ERR_ARGUMENT', /activations/);
  await assertLegcnetError(() => approximationBound(a, a, { radius: 0 }), 'ERR_OPTION', /radius/);
  await assertLegcnetError(() => approximationBound(a, a, { points: 0 }), 'ERR_OPTION', /points/);
  for (const [bad, message] of [
    [{ widths: [3] }, /widths/],
    [{ widths: [3, 3] }, /widths/],
    [{ widths: [3, 0.5] }, /widths/],
    [{ power: 1 }, /power/],
    [{ sparsity: 2 }, /sparsity/],
    [{ inputs: 0 }, /inputs/],
    [{ outputs: -1 }, /outputs/],
    [{ networks: 0 }, /networks/],
    [{ prune: 'all' as never }, /prune/],
  ] as const) {
    await assertLegcnetError(() => approximationByWidth(bad), 'ERR_OPTION', message);
  }
  const reason = new Error('enough');
  let error: unknown;
  await approximationBound(a, a, { signal: AbortSignal.abort(reason) }).catch((caught: unknown) => (error = caught));
  assert.is(error, reason);
});

test.run();
