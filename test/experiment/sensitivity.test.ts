import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy } from '../../lib/data/npy.js';
import { randomisePhases, sensitivity, whiteNoise } from '../../lib/experiment/sensitivity.js';
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { native, runTask } from '../../lib/native.js';
import { Mlp } from '../../lib/network/mlp.js';
import { train } from '../../lib/network/train.js';
import { resolveConfig } from '../../lib/pipeline/config.js';
import { prepareData } from '../../lib/pipeline/data.js';
import { networkOptions } from '../../lib/pipeline/prune.js';
import { normals } from '../../lib/pipeline/referee-statistics.js';
import { assertClose } from '../helpers/close.js';
import { runCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('all twins together take the steps that each takes by itself, to the bit', async () => {
  for (const [dataset, batchSize] of [
    ['iris', 1],
    ['cancer', 7],
  ] as const) {
    const config = resolveConfig(dataset);
    const { parts, features, outputs } = await prepareData(dataset, config);
    const network = await Mlp.random([features, 5, outputs], { ...networkOptions(config), seed: 3 });
    const training = { batchSize, learningRate: 0.05, shuffle: true, seed: 4, epochs: 3 };
    const perturbed = Uint32Array.of(0, 7, network.weights - 1);
    const run = (threads: number) =>
      runTask(() =>
        native.weightSensitivity({
          network: network.native,
          parameters: network.parameters,
          samples: parts.train,
          ...{ perturbed, ...training, perturbation: 1e-4, threads },
        }),
      );
    const { iterates, difference, distance } = await run(1);
    assert.equal(await run(3), { iterates, difference, distance });
    await withTempFolder(async (folder) => {
      for (const [t, weight] of perturbed.entries()) {
        const log = `${folder}/${t}.npy`;
        await train(network, parts, {
          ...training,
          watch: {
            series: 'difference',
            perturbedWeight: weight,
            perturbation: 1e-4,
            window: 50,
            stride: 50,
            target: 'train',
            lyapunov: resolveExponent(),
            log,
          },
        });
        const { data, shape } = await readNpy(log);
        assert.equal(shape, [iterates, network.weights]);
        for (let i = 0; i < iterates; i++) {
          const row = data.subarray(i * network.weights, (i + 1) * network.weights);
          assert.is(difference[t * iterates + i], row[weight]);
          assertClose(distance[t * iterates + i] as number, Math.hypot(...row), { relative: 1e-12 });
        }
      }
    });
  }
});

test('a large network shares twins between threads and gives the same bits', async () => {
  const config = resolveConfig('cancer');
  const { parts, features } = await prepareData('cancer', config);
  const network = await Mlp.random([features, 150, 1], { ...networkOptions(config), seed: 3 });
  const options = { batchSize: 64, learningRate: 0.05, shuffle: true, seed: 4, epochs: 2, perturbation: 1e-6 };
  const run = (threads: number) =>
    runTask(() =>
      native.weightSensitivity({
        network: network.native,
        parameters: network.parameters,
        samples: parts.train,
        perturbed: Uint32Array.from({ length: 6 }, (_, t) => 11 * t),
        ...{ ...options, threads },
      }),
    );
  assert.equal(await run(4), await run(1));
});

/** |X(k)|^2 of the discrete Fourier transform, k = 0 .. N / 2. */
function periodogram(x: Float64Array): number[] {
  return Array.from({ length: Math.floor(x.length / 2) + 1 }, (_, k) => {
    let [re, im] = [0, 0];
    x.forEach((value, i) => {
      re += value * Math.cos((2 * Math.PI * i * k) / x.length);
      im -= value * Math.sin((2 * Math.PI * i * k) / x.length);
    });
    return re ** 2 + im ** 2;
  });
}

test('phase-randomised series keep the spectrum and nothing else; white noise keeps mean and variance', () => {
  const normal = normals(3);
  for (const n of [2, 3, 50, 51]) {
    let at = 0;
    const row = Float64Array.from({ length: n }, () => (at = 0.8 * at + normal()) + 5);
    const other = randomisePhases(row, normal);
    assertClose(periodogram(other), periodogram(row), { absolute: 1e-9, relative: 1e-9 }, `N = ${n}`);
    assert.not.equal(other, row);
  }
  const row = Float64Array.from({ length: 20_000 }, (_, i) => 3 + Math.sin(i));
  const noise = whiteNoise(row, normal);
  const mean = noise.reduce((sum, x) => sum + x, 0) / noise.length;
  const variance = noise.reduce((sum, x) => sum + (x - mean) ** 2, 0) / noise.length;
  assertClose([mean, variance], [3, 0.5], { absolute: 0.03 });
});

test('a record of every weight, the same for any number of threads; white noise shows the exponent known for it', async () => {
  const options = { epochs: 20, exponent: 'one-step', window: 200, theilerWindow: 0, horizon: 3 } as const;
  const record = await sensitivity('iris', { ...options, threads: 1 });
  assert.equal(await sensitivity('iris', { ...options, threads: 3 }), record);
  assert.is(record.weights.length, 42);
  assert.equal(
    record.weights.map(({ weight }) => weight),
    Array.from({ length: 42 }, (_, w) => w),
  );
  assert.is(record.weights[24]?.layer, 'W2');
  assert.is(record.weights[23]?.layer, 'W1');
  assertClose(record.share['white-noise'].mean, 1.89, { absolute: 0.02 });
  assert.is(record.share['white-noise'].positive, 1);
  for (const { growth } of record.weights) assert.ok(growth !== null && Math.abs(growth) < 0.01);
  assert.match(record.verdict[0] as string, 'no sign of chaos');
  const some = await sensitivity('iris', { ...options, sampleWeights: 5 });
  assert.is(some.weights.length, 5);
  for (const one of some.weights) assert.equal({ ...one }, record.weights[one.weight]);
});

test('series that the guards hold static are said to be', async () => {
  // the authors round to six decimals; differences of 1e-8 are nothing then
  const record = await sensitivity('iris', { preset: 'authors', epochs: 10, sampleWeights: 3 });
  assert.match(record.verdict[0] as string, 'No window has an exponent');
  assert.equal(
    record.weights.map(({ exponent, windows }) => [exponent, windows]),
    [
      [null, 0],
      [null, 0],
      [null, 0],
    ],
  );
});

test('what cannot be measured is refused, and aborting stops', async () => {
  await assertLegcnetError(() => sensitivity('iris', { alpha: 0.1 }), 'ERR_OPTION', /alpha/);
  await assertLegcnetError(() => sensitivity('iris', { sampleWeights: 0 }), 'ERR_OPTION', /sampleWeights/);
  await assertLegcnetError(() => sensitivity('iris', { epochs: 1, window: 200 }), 'ERR_TOO_SHORT', /window of 200/);
  await assertLegcnetError(
    () => sensitivity('cancer', { epochs: 3, learningRate: 1e300, outputActivation: 'linear', activation: 'linear' }),
    'ERR_DIVERGED',
  );
  const aborter = new AbortController();
  const reason = new Error('enough');
  const running = sensitivity('cancer', { signal: aborter.signal, onProgress: () => aborter.abort(reason) });
  let error: unknown;
  await running.catch((caught: unknown) => (error = caught));
  assert.is(error, reason);
});

test('what no weight has is a dash on the command line', async () => {
  const { code, stdout } = await runCli('sensitivity', 'iris', '--epochs', '5', '--perturbation', '0');
  assert.is(code, 0);
  assert.match(stdout, /difference series +0 +- +-/);
  assert.not.match(stdout, 'NaN');
});

test('the command line', async () => {
  const { code, stdout, stderr } = await runCli('sensitivity', 'iris', '--epochs', '10', '--sample-weights', '4');
  assert.is(code, 0, stderr);
  for (const part of [/4 of 42 weights perturbed/, /phase-randomised/, /distance of the twins/, /nats per step/]) {
    assert.match(stdout, part);
  }
  const wrong = await runCli('sensitivity', 'iris', '--alpha', '0.1');
  assert.is(wrong.code, 2);
});

test.run();
