import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy } from '../../lib/data/npy.js';
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { lossGradient } from '../../lib/mask/gradients.js';
import {
  lossChangeAllocation,
  movementScores,
  trainByEpoch,
  trainPartly,
  trajectoryOf,
} from '../../lib/mask/trajectory.js';
import { type TrainOptions, type WatchOptions, train, trainRecord } from '../../lib/network/train.js';
import { assertClose } from '../helpers/close.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { problemOf } from './networks.js';

const shape = { seed: 3, hidden: [6, 5], columns: 4, outputs: 3, rows: 37, zeros: 0 };
const options: TrainOptions = { learningRate: 0.3, epochs: 7, batchSize: 4, seed: 5 };

async function snapshotsOf(network: Parameters<typeof trainByEpoch>[0], ...rest: [never, TrainOptions]) {
  const snapshots: Float64Array[] = [];
  const steps = trainByEpoch(network, ...rest);
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return { snapshots, record: value };
    snapshots.push(value);
  }
}

test('epoch by epoch gives the same bits as one run, whatever stops it', async () => {
  const { network, samples } = await problemOf(shape);
  const parts = { train: samples, test: samples };
  const mask = Uint8Array.from({ length: network.weights }, (_, i) => (i % 5 === 0 ? 0 : 1));
  for (const more of [{}, { mask }, { shuffle: false }, { untilAccuracy: 0.5 }, { evaluateEveryEpoch: false }]) {
    const given = { ...options, ...more };
    const whole = await trainRecord(network, parts, given);
    const { snapshots, record } = await snapshotsOf(network, parts as never, given);
    assert.equal(record, whole);
    assert.is(snapshots.length, whole.epochs + 1);
    assert.equal(snapshots.at(-1), whole.parameters);
    const start = 'mask' in more ? network.parameters.map((w, i) => (mask[i] === 0 ? 0 : w)) : network.parameters;
    assert.equal(snapshots[0], start);
    for (let epoch = 1; epoch < whole.epochs; epoch++) {
      const until = await trainRecord(network, parts, { ...given, epochs: epoch });
      assert.equal(snapshots[epoch], until.parameters);
    }
  }
});

test('the first part of a training, in whole epochs', async () => {
  const { network, samples } = await problemOf(shape);
  const parts = { train: samples };
  const after = async (epochs: number) => (await train(network, parts, { ...options, epochs })).network.parameters;
  assert.equal((await trainPartly(network, parts, options)).parameters, await after(1));
  assert.equal((await trainPartly(network, parts, options, { percent: 50 })).parameters, await after(4));
  assert.equal((await trainPartly(network, parts, options, { epochs: 2 })).parameters, await after(2));
  assert.equal((await trainPartly(network, parts, options, { epochs: 99 })).parameters, await after(7));
  await assertLegcnetError(() => trainPartly(network, parts, options, { percent: 0 }), 'ERR_OPTION', /partial/);
});

test('snapshots of another length are refused, the last one too, and so is a job that is none', async () => {
  const { network, samples } = await problemOf(shape);
  const [good, bad] = [network.parameters, network.parameters.slice(1)];
  const job = { signal: 1 } as never;
  for (const list of [[bad], [bad, good], [good, bad]]) {
    const trajectory = { network, parts: { train: samples }, options, snapshots: () => list };
    const expected = new RegExp(`a Float64Array of ${good.length} for snapshots`);
    await assertLegcnetError(() => movementScores(trajectory), 'ERR_ARGUMENT', expected);
    await assertLegcnetError(() => lossChangeAllocation(network, samples, list), 'ERR_ARGUMENT');
    await assertLegcnetError(() => movementScores(trajectory, job), 'ERR_OPTION', /signal/);
    await assertLegcnetError(() => lossChangeAllocation(network, samples, list, job), 'ERR_OPTION', /signal/);
  }
});

test('movement is -sum of gradient times weight over the steps, by a step at a time', async () => {
  const { network, samples } = await problemOf(shape);
  const mask = Uint8Array.from({ length: network.weights }, (_, i) => (i % 5 === 0 ? 0 : 1));
  for (const more of [{}, { mask }, { batchSize: 37 }, { batchSize: 1 }]) {
    const given = { ...options, shuffle: false, epochs: 3, ...more };
    const scores = await movementScores(trajectoryOf(network, { train: samples }, given));
    const batch = given.batchSize as number;
    const expected = new Float64Array(network.weights);
    let now = network.parameters.map((w, i) => ('mask' in more && mask[i] === 0 ? 0 : w));
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let first = 0; first < 37; first += batch) {
        const rows = Uint32Array.from({ length: Math.min(batch, 37 - first) }, (_, i) => first + i);
        const { gradient } = await lossGradient(network.withParameters(now), samples, { rows });
        const at = now;
        expected.forEach((s, i) => (expected[i] = s - (gradient[i] as number) * (at[i] as number)));
        now = at.map((w, i) => ('mask' in more && mask[i] === 0 ? 0 : w - 0.3 * (gradient[i] as number)));
      }
    }
    assertClose(scores, expected, { absolute: 1e-12 });
    const { parameters } = await trainRecord(network, { train: samples }, given);
    assertClose(parameters, now, { absolute: 1e-12 }, 'the oracle trains as train does');
  }
});

test('movement of shuffled training is sum of w_t (w_t+1 - w_t) / rate over the iterates that training logs', async () => {
  const { network, samples } = await problemOf(shape);
  await withTempFolder(async (folder) => {
    const log = path.join(folder, 'iterates.npy');
    const watch: WatchOptions = {
      ...({ series: 'weights', perturbedWeight: 0, perturbation: 0, window: 20, stride: 10, target: 'train' } as const),
      lyapunov: resolveExponent(),
      log,
    };
    await trainRecord(network, { train: samples }, { ...options, watch });
    const { data, shape: size } = await readNpy(log);
    const [iterates = 0, weights = 0] = size;
    assert.equal(size, [7 * 10 + 1, network.weights]);
    const expected = new Float64Array(weights);
    for (let t = 0; t + 1 < iterates; t++) {
      for (let i = 0; i < weights; i++) {
        const [now, next] = [data[t * weights + i] as number, data[(t + 1) * weights + i] as number];
        expected[i] = (expected[i] as number) + (now * (next - now)) / options.learningRate;
      }
    }
    const scores = await movementScores(trajectoryOf(network, { train: samples }, options));
    assertClose(scores, expected, { absolute: 1e-12 });
  });
});

test('allocations sum to the change of the loss, better the shorter the segments', async () => {
  const { network, samples, loss } = await problemOf({ ...shape, activation: 'tanh', outputActivation: 'softmax' });
  const parts = { train: samples };
  const errorAt = async (learningRate: number): Promise<number> => {
    const given = { ...options, epochs: 5, learningRate };
    const { snapshots } = trajectoryOf(network, parts, given);
    const { allocation, loss: losses } = await lossChangeAllocation(network, samples, snapshots());
    assert.is(losses.length, 6);
    const { parameters } = await trainRecord(network, parts, given);
    const [before, after] = [await loss(network.parameters), await loss(parameters)];
    assertClose([losses[0] as number, losses[5] as number], [before, after], { relative: 1e-12 });
    return Math.abs(allocation.reduce((a, b) => a + b, 0) - (after - before));
  };
  const [coarse, fine] = [await errorAt(0.4), await errorAt(0.04)];
  assert.ok(coarse < 1e-3, `${coarse}`);
  assert.ok(fine < coarse / 100, `${fine} against ${coarse}`); // Simpson: fifth power of the segment's length
});

test('allocations of a quadratic loss are exact, however long the segments', async () => {
  const linear = { outputActivation: 'linear', activation: 'linear', hidden: [], divideByOutputs: false } as const;
  const { network, samples, loss } = await problemOf({ ...shape, ...linear });
  const far = network.parameters.map((w, i) => w + 3 * Math.sin(i));
  const further = far.map((w, i) => w - 2 * Math.cos(i));
  const { allocation } = await lossChangeAllocation(network, samples, [network.parameters, far, further]);
  const change = (await loss(further)) - (await loss(network.parameters));
  assertClose(
    allocation.reduce((a, b) => a + b, 0),
    change,
    { relative: 1e-12 },
  );
  // one coordinate moved: all of the change is its own
  const one = network.parameters.map((w, i) => (i === 2 ? w + 1 : w));
  const alone = await lossChangeAllocation(network, samples, [network.parameters, one]);
  assertClose(alone.allocation[2] as number, (await loss(one)) - (await loss(network.parameters)), { absolute: 1e-13 });
  assert.ok(alone.allocation.every((share, i) => i === 2 || share === 0));
});

test('what does not fit is refused, an abort ends the training', async () => {
  const { network, samples } = await problemOf(shape);
  const parts = { train: samples };
  await assertLegcnetError(
    () => trainByEpoch(network, parts, { ...options, onCheckpoint: async () => {} }).next(),
    'ERR_OPTION',
    /onCheckpoint/,
  );
  await assertLegcnetError(
    () => trainByEpoch(network, parts, { ...options, epochs: 0 }).next(),
    'ERR_OPTION',
    /epochs/,
  );
  await assertLegcnetError(() => lossChangeAllocation(network, samples, [network.parameters]), 'ERR_ARGUMENT', /two/);
  const controller = new AbortController();
  const long = trajectoryOf(network, parts, { ...options, epochs: 1e6 });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  for (const run of [movementScores(long, { signal: controller.signal })]) {
    let reason: unknown;
    await run.catch((error: unknown) => (reason = error));
    assert.is((reason as Error | undefined)?.message, 'enough');
  }
});

test.run();
