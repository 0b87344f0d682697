import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as lyapunov from '../../benchmarks/pure-js/lyapunov-fast.js';
import * as training from '../../benchmarks/pure-js/training-fast.js';
import { lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { Mlp } from '../../lib/network/mlp.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { train } from '../../lib/network/train.js';
import { assertClose } from '../helpers/close.js';

const series = fc
  .record({
    values: fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 20, maxLength: 120 }),
    walk: fc.boolean(),
  })
  .map(({ values, walk }) => {
    let sum = 0;
    return Float64Array.from(values, (value) => (walk ? (sum += value) : value) / 1000);
  });
const settings = fc.constantFrom(lyapunov.ONE_STEP, { theilerWindow: 3, horizon: 6, fit: [0, 6] as const });

for (const [name, exponentOf] of [
  ['brute force', lyapunov.bruteForce],
  ['sorted scan', lyapunov.sortedScan],
] as const) {
  test(`exponents by ${name} in JavaScript are ours`, async () => {
    await fc.assert(
      fc.asyncProperty(series, settings, async (x, given) => {
        const { theilerWindow, horizon } = given;
        const fit = [...given.fit] as [number, number];
        const ours = await lyapunovExponents(x, { theilerWindow, horizon, exponent: 'fit', fit, minRange: 0 });
        fc.pre(ours.status[0] === 'ok');
        const expected = ours.exponent[0] as number;
        const actual = exponentOf(x, given);
        // A step of S(k) at which no pair is apart is left out of our fit; the contenders meet no such series.
        fc.pre(!Number.isNaN(actual));
        assert.ok(Math.abs(actual - expected) <= 1e-9, `${actual}, expected ${expected}`);
      }),
      { numRuns: 300 },
    );
  });
}

test('a series that never moves has no exponent; one that is too long is refused', () => {
  assert.is(lyapunov.bruteForce(new Float64Array(50)), 0);
  assert.is(lyapunov.sortedScan(new Float64Array(50)), 0);
  assert.throws(() => lyapunov.sortedScan(new Float64Array(5000)), RangeError);
});

for (const sparse of [false, true]) {
  test(`a step in JavaScript, ${sparse ? 'zero inputs skipped' : 'every input'}, is ours`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          sizes: fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 11 })), fc.integer({ min: 2, max: 5 })),
          batch: fc.integer({ min: 1, max: 9 }),
          seed: fc.integer({ min: 1, max: 1e6 }),
          share: fc.constantFrom(0, 0.7, 1),
        }),
        async ({ sizes: drawn, batch, seed, share }) => {
          const sizes = drawn as [number, number, number, number];
          let state = seed;
          const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
          const rows = 2 * batch;
          const inputs = Float64Array.from({ length: rows * sizes[0] }, () => (random() < share ? 0 : random() - 0.5));
          const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * sizes[3]));
          const network = await Mlp.random(sizes, { outputActivation: 'softmax', loss: 'cross-entropy', seed });
          const part = { features: { data: inputs, shape: [rows, sizes[0]] }, labels };
          const { network: trained } = await train(
            network,
            { train: await toNativeSamples('train', part, sizes[3], 'float64') },
            { batchSize: batch, learningRate: 0.3, epochs: 1, shuffle: false },
          );
          const [pure, expected] = [network, trained].map(({ parameters }) =>
            training.fromParameters(sizes, parameters),
          );
          const work = training.workspace(sizes, batch);
          const samples = training.compress(inputs, sizes[0]);
          for (let s = 0; s < rows; s += batch) {
            const some = labels.subarray(s, s + batch);
            if (sparse) training.sparseStep(pure!, samples, s, some, 0.3, work);
            else training.step(pure!, inputs.subarray(s * sizes[0], (s + batch) * sizes[0]), some, 0.3, work);
          }
          for (let l = 0; l < 3; l++) {
            assertClose(pure!.weights[l]!, expected!.weights[l]!, { absolute: 1e-12, relative: 1e-12 }, `W${l + 1}`);
            assertClose(pure!.biases[l]!, expected!.biases[l]!, { absolute: 1e-12, relative: 1e-12 }, `b${l + 1}`);
          }
          assertClose(
            training.firstLayer(pure!),
            trained.parameters.subarray(0, sizes[0] * sizes[1]),
            { absolute: 1e-12, relative: 1e-12 },
            'W1 as ours',
          );
          const { outputs } = await trained.predict(part);
          const p = training.predict(pure!, samples, 0, rows, training.workspace(sizes, rows));
          assertClose(p, outputs.data, { absolute: 1e-11, relative: 1e-11 }, 'probabilities');
        },
      ),
      { numRuns: 60 },
    );
  });
}

test.run();
