import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGarbage } from '../../benchmarks/memory.js';
import { forward, step } from '../../benchmarks/pure-js/training.js';
import { readNpy } from '../../lib/data/npy.js';
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { Mlp, type NetworkOptions } from '../../lib/network/mlp.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { type TrainOptions, type TrainerState, type WatchOptions, train } from '../../lib/network/train.js';
import { assertClose } from '../helpers/close.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

/** Random but repeatable numbers. */
function stream(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function problem(seed: number, rows: number, columns: number, outputs: number, zeros = 0) {
  const random = stream(seed);
  const inputs = Float64Array.from({ length: rows * columns }, () => (random() < zeros ? 0 : 4 * random() - 2));
  const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * Math.max(2, outputs)));
  return { features: { data: inputs, shape: [rows, columns] }, labels };
}

const watching = (over: Partial<WatchOptions> = {}): WatchOptions => ({
  series: 'difference',
  perturbedWeight: 0,
  perturbation: 1e-8,
  window: 20,
  stride: 6,
  target: 'train',
  lyapunov: resolveExponent(),
  ...over,
});

const shapes = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  hidden: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 0, maxLength: 3 }),
  columns: fc.integer({ min: 1, max: 20 }),
  outputs: fc.integer({ min: 1, max: 5 }),
  rows: fc.integer({ min: 1, max: 23 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  zeros: fc.constantFrom(0, 0.85),
  activation: fc.constantFrom('sigmoid', 'tanh', 'relu', 'linear'),
  outputActivation: fc.constantFrom('sigmoid', 'softmax', 'linear'),
  loss: fc.constantFrom('squared-error', 'cross-entropy'),
  squaredErrorFactor: fc.constantFrom(1, 2),
  divideByOutputs: fc.boolean(),
  biases: fc.boolean(),
  pruning: fc.boolean(),
});

test('training agrees with the pure JavaScript oracle on random networks', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const { seed, hidden, columns, outputs, rows, batchSize, zeros, pruning, ...options } = shape;
      fc.pre(!(outputs === 1 && options.outputActivation === 'softmax'));
      fc.pre(!(options.outputActivation === 'linear' && options.loss === 'cross-entropy'));
      const part = problem(seed, rows, columns, outputs, zeros);
      const network = await Mlp.random([columns, ...hidden, outputs], { ...(options as NetworkOptions), seed });
      const mask = pruning ? Uint8Array.from({ length: network.weights }, (_, w) => (w % 3 ? 1 : 0)) : undefined;
      const samples = await toNativeSamples('train', part, outputs, 'float64');
      const training = { learningRate: 0.01, batchSize, epochs: 3, shuffle: false, mask };
      const { network: trained } = await train(network, { train: samples }, training);

      const parameters = network.parameters.slice();
      mask?.forEach((kept, w) => {
        if (!kept) parameters[w] = 0;
      });
      const pure = { ...network.options, sizes: network.sizes, parameters };
      const inputs = Array.from({ length: rows }, (_, r) =>
        part.features.data.subarray(r * columns, (r + 1) * columns),
      );
      const targets = Array.from({ length: rows }, (_, r) => oneHot(part.labels[r] as number, outputs));
      for (let epoch = 0; epoch < 3; epoch++) {
        for (let first = 0; first < rows; first += batchSize) {
          step(pure, inputs.slice(first, first + batchSize), targets.slice(first, first + batchSize), 0.01, mask);
        }
      }
      assertClose(trained.parameters, parameters, { absolute: 1e-11, relative: 1e-10 }, 'parameters');

      const { outputs: predicted } = await trained.predict(part);
      const wanted = inputs.flatMap((input) => [...(forward(pure, input).at(-1) as Float64Array)]);
      assertClose(predicted.data, wanted, { absolute: 1e-10, relative: 1e-10 }, 'outputs');
    }),
    { numRuns: 150, seed: 20260101 },
  );
});

function oneHot(label: number, outputs: number): Float64Array {
  if (outputs === 1) return Float64Array.of(label);
  const target = new Float64Array(outputs);
  target[label] = 1;
  return target;
}

async function setUp(seed = 1) {
  const part = problem(seed, 60, 5, 3);
  const network = await Mlp.random([5, 6, 3], { seed });
  const parts = {
    train: await toNativeSamples('train', part, 3, 'float64'),
    test: await toNativeSamples('test', problem(seed + 1, 20, 5, 3), 3, 'float64'),
  };
  return { part, network, parts };
}

test('a twin that is not perturbed gives a difference of exactly 0 at every step', async () => {
  const { network, parts } = await setUp();
  await withTempFolder(async (folder) => {
    const log = `${folder}/log.npy`;
    const watch = watching({ perturbation: 0, log });
    const { series } = await train(network, parts, { learningRate: 0.5, epochs: 4, watch });
    const { data, shape } = await readNpy(log, { dtype: 'f8' });
    assert.equal(shape, [4 * 60 + 1, network.weights]);
    assert.ok(data.every((x) => x === 0));
    const windows = series?.misclassification.length ?? 0;
    assert.is(windows, Math.floor((4 * 60 + 1 - 20) / 6) + 1);
    assert.ok(
      series?.missing.every((count) => count === windows),
      'every window is static',
    );
  });
});

test('the log of the weights ends at the trained weights, and a perturbed twin differs', async () => {
  const { network, parts } = await setUp();
  await withTempFolder(async (folder) => {
    const log = `${folder}/log.npy`;
    const base = { learningRate: 0.5, epochs: 2, batchSize: 7 };
    const result = await train(network, parts, { ...base, watch: watching({ series: 'weights', log }) });
    const weights = await readNpy(log, { dtype: 'f8' });
    assert.equal(weights.shape, [2 * Math.ceil(60 / 7) + 1, network.weights]);
    assert.equal(weights.data.slice(0, network.weights), network.parameters.slice(0, network.weights));
    assert.equal(weights.data.slice(-network.weights), result.network.parameters.slice(0, network.weights));
    await rm(log);
    await train(network, parts, { ...base, watch: watching({ log, perturbedWeight: 4, perturbation: 1e-3 }) });
    const difference = (await readNpy(log, { dtype: 'f8' })).data;
    assertClose(difference[4] as number, 1e-3, { absolute: 1e-15 });
    assert.is(difference.slice(0, network.weights).filter((x) => x !== 0).length, 1);
    assert.ok(difference.slice(-network.weights).every((x) => x !== 0 && Math.abs(x) < 0.1));
  });
});

test('a resumed training continues its log to the same bytes; a log that cannot be written is an ERR_FILE', async () => {
  const { network, parts } = await setUp();
  await withTempFolder(async (folder) => {
    const base = { learningRate: 0.5, checkpointSeconds: 0 };
    const logTo = (name: string) => ({ watch: watching({ log: `${folder}/${name}` }) });
    await train(network, parts, { ...base, epochs: 6, ...logTo('whole.npy') });
    const states: TrainerState[] = [];
    const onCheckpoint = async (state: TrainerState) => void states.push(state);
    await train(network, parts, { ...base, epochs: 3, ...logTo('resumed.npy'), onCheckpoint });
    assert.ok((states.at(-1)?.iterate ?? 0) > 0);
    await train(network, parts, { ...base, epochs: 6, ...logTo('resumed.npy'), resumeFrom: states.at(-1) });
    collectGarbage(); // what is left of the first three epochs must not touch the log that the others went on with
    await setTimeout(20); // in which Node runs what the collection has put off
    const [whole, resumed] = [await readFile(`${folder}/whole.npy`), await readFile(`${folder}/resumed.npy`)];
    assert.ok(whole.equals(resumed));
    const nowhere = { ...base, epochs: 1, ...logTo('no/such/folder.npy') };
    await assertLegcnetError(() => train(network, parts, nowhere), 'ERR_FILE', /folder\.npy/);
    if (!existsSync('/dev/full')) return; // can be opened, but not written to
    const full = { ...base, epochs: 1, watch: watching({ log: '/dev/full' }) };
    await assertLegcnetError(() => train(network, parts, full), 'ERR_FILE', /\/dev\/full/);
  });
});

test('the series of a sample of weights is the log, thinned out; the same bits for any threads and when resumed', async () => {
  const { network, parts } = await setUp();
  const sample = Uint32Array.of(47, 0, 13, 13);
  for (const { epochs, every, over } of [
    { epochs: 3, every: 1, over: { lastIterate: 100 } },
    { epochs: 33, every: 1, over: {} }, // 1981 iterates
    { epochs: 34, every: 2, over: { series: 'weights' as const } },
    { epochs: 67, every: 4, over: {} },
  ]) {
    await withTempFolder(async (folder) => {
      const log = `${folder}/log.npy`;
      const options = { learningRate: 0.5, epochs, checkpointSeconds: 0 };
      const states: TrainerState[] = [];
      const whole = await train(network, parts, {
        ...{ ...options, threads: 1, watch: watching({ ...over, log, sample }) },
        onCheckpoint: async (state) => void states.push(state),
      });
      const { data, shape } = await readNpy(log, { dtype: 'f8' });
      const iterates = Array.from({ length: Math.ceil((shape[0] as number) / every) }, (_, i) => i * every);
      const wanted = [...sample].flatMap((w) =>
        iterates.map((i) => Math.fround(data[i * network.weights + w] as number)),
      );
      assert.is(whole.series?.sampleEvery, every);
      assert.equal(whole.series?.sample, Float32Array.from(wanted));
      for (const resumeFrom of states) {
        const watch = watching({ ...over, sample });
        const { series } = await train(network, parts, { ...options, threads: 2, watch, resumeFrom });
        assert.equal(series?.sample, whole.series?.sample);
        assert.is(series?.sampleEvery, every);
      }
    });
  }
  const { series } = await train(network, parts, { learningRate: 0.5, epochs: 1, watch: watching() });
  assert.is(series?.sample?.length, 0);
});

test('weights of inputs that are 0 are not written anew: the same exponents as with a log, which is of all', async () => {
  const network = await Mlp.random([30, 5, 3], { seed: 4 });
  const { features, labels } = problem(5, 40, 30, 3, 0.85);
  const bytes = { data: Uint8Array.from(features.data, (x) => Math.abs(60 * x)), shape: features.shape };
  const numbers = { train: await toNativeSamples('train', { features, labels }, 3, 'float64') };
  const pixels = { train: await toNativeSamples('train', { features: bytes, labels, factor: 1 / 255 }, 3, 'float64') };
  assert.ok(numbers.train.sparse && pixels.train.sparse);
  for (const { parts = numbers, batchSize, stride, series } of [
    { parts: pixels, batchSize: 1, stride: 6, series: 'difference' as const },
    { parts: pixels, batchSize: 2, stride: 33, series: 'weights' as const },
    { batchSize: 1, stride: 1, series: 'difference' as const },
    { batchSize: 1, stride: 6, series: 'difference' as const },
    { batchSize: 1, stride: 20, series: 'weights' as const },
    { batchSize: 1, stride: 33, series: 'difference' as const },
    { batchSize: 2, stride: 7, series: 'weights' as const },
    { batchSize: 3, stride: 7, series: 'difference' as const },
  ]) {
    await withTempFolder(async (folder) => {
      const sample = Uint32Array.of(0, 31, 149, 150, 164);
      const options = { batchSize, learningRate: 0.5, epochs: 5, checkpointSeconds: 0, threads: 1 };
      const watch = watching({ series, stride, sample, perturbation: 1e-3 });
      const states: TrainerState[] = [];
      const pieces = await train(network, parts, {
        ...{ ...options, watch },
        onCheckpoint: async (state) => void states.push(state),
      });
      const whole = await train(network, parts, { ...options, watch: { ...watch, log: `${folder}/log.npy` } });
      assert.ok(whole.series?.exponents.some((x) => x !== 0));
      assert.equal(pieces.series, { ...whole.series, seconds: pieces.series?.seconds });
      const resumed = await train(network, parts, { ...options, watch, resumeFrom: states[states.length >> 1] });
      assert.equal(resumed.series, { ...whole.series, seconds: resumed.series?.seconds });
    });
  }
});

test('a watch cannot go on in the middle of a window that another watch has not seen', async () => {
  const network = await Mlp.random([30, 5, 3], { seed: 4 });
  const { features, labels } = problem(5, 8, 30, 3, 0.85);
  const bytes = { data: Uint8Array.from(features.data, (x) => Math.abs(60 * x)), shape: features.shape };
  const parts = { train: await toNativeSamples('train', { features: bytes, labels, factor: 1 / 255 }, 3, 'float64') };
  const options = { batchSize: 2, learningRate: 0.5, epochs: 12, checkpointSeconds: 0, threads: 1 };
  const states: TrainerState[] = [];
  const onCheckpoint = async (state: TrainerState) => void states.push(state);
  const watch = watching({ series: 'weights', stride: 20 });
  await train(network, parts, { ...options, watch, onCheckpoint });
  const resumeFrom = states.find(({ iterate }) => iterate === 20);
  assert.is(resumeFrom?.misclassification.length, 1);
  const other = { ...watch, stride: 3 }; // its second window: iterates 3 to 22
  for (const mask of [undefined, new Uint8Array(network.weights).fill(1)]) {
    const resume = () => train(network, parts, { ...options, watch: other, mask, resumeFrom });
    await assertLegcnetError(resume, 'ERR_ARGUMENT', /state/);
  }
  // where nothing is left to be watched, all has been seen
  const { series } = await train(network, parts, { ...options, watch: { ...other, lastIterate: 20 }, resumeFrom });
  assert.is(series?.misclassification.length, 1);
});

test('the same seed gives the same bits for any number of threads', async () => {
  const { network, parts } = await setUp();
  const options = (threads: number): TrainOptions => ({ learningRate: 0.5, epochs: 5, watch: watching(), threads });
  const [one, two, four] = await Promise.all([1, 2, 4].map((threads) => train(network, parts, options(threads))));
  for (const other of [two, four]) {
    assert.equal(other?.network.parameters, one?.network.parameters);
    assert.equal(other?.series?.exponents, one?.series?.exponents);
    assert.equal(other?.history, one?.history);
  }
});

test('scores of sparse inputs are the same bits however often a part was evaluated before', async () => {
  const random = stream(7);
  const [rows, columns] = [2051, 30];
  const data = Uint8Array.from({ length: rows * columns }, () => (random() < 0.8 ? 0 : 256 * random()));
  const labels = Int32Array.from({ length: rows }, () => 4 * random());
  const part = { features: { data, shape: [rows, columns] }, labels, factor: 1 / 255 };
  for (const scalar of ['float64', 'float32'] as const) {
    const network = await Mlp.random([columns, 9, 4], { seed: 3, scalar });
    const scores = async (epochs: number, threads: number) => {
      const samples = await toNativeSamples('train', part, 4, scalar);
      const options = { learningRate: 0.5, batchSize: 64, epochs, threads, evaluationScalar: 'float32' } as const;
      return train(network, { train: samples }, options);
    };
    const long = await scores(4, 1);
    assert.equal((await scores(4, 2)).history, long.history);
    for (const epochs of [1, 2, 3]) {
      assert.equal((await scores(epochs, 1)).history.at(-1), long.history[epochs - 1]);
    }
    const { scores: final } = await train(
      network,
      { train: await toNativeSamples('train', part, 4, scalar) },
      {
        ...{ learningRate: 0.5, batchSize: 64, epochs: 4, evaluationScalar: 'float32', evaluateEveryEpoch: false },
      },
    );
    assert.equal(final, long.scores);
  }
});

test('float32 training follows float64', async () => {
  const { part, network, parts } = await setUp();
  const single = new Mlp(network.sizes, { ...network.options, scalar: 'float32' }, network.parameters);
  const samples = { train: await toNativeSamples('train', part, 3, 'float32') };
  const options = { learningRate: 0.5, epochs: 5, batchSize: 4 };
  const a = await train(network, { train: parts.train }, options);
  const b = await train(single, samples, options);
  assertClose(b.network.parameters, a.network.parameters, { absolute: 1e-4 });
  assert.not.equal(b.network.parameters, a.network.parameters);
});

test('training stops at the accuracy asked for, and reports every epoch', async () => {
  const { network, parts } = await setUp();
  const long = await train(network, parts, { learningRate: 0.5, epochs: 40 });
  assert.is(long.history.length, 40);
  assert.is(long.stoppedBy, 'epochs');
  assert.equal(long.history.at(-1), long.scores);
  const target = Math.max(...long.history.slice(0, 20).map((scores) => scores.train?.accuracy ?? 0));
  const first = long.history.findIndex((scores) => (scores.train?.accuracy ?? 0) >= target);
  const short = await train(network, parts, { learningRate: 0.5, epochs: 40, untilAccuracy: target });
  assert.is(short.stoppedBy, 'accuracy');
  assert.is(short.epochs, first + 1);
  assert.equal(short.history, long.history.slice(0, first + 1));
});

test('divergence is an error that names the epoch and the learning rate', async () => {
  const part = problem(3, 30, 4, 1);
  const network = await Mlp.random([4, 5, 1], { activation: 'linear', outputActivation: 'linear' });
  const parts = { train: await toNativeSamples('train', part, 1, 'float64') };
  const error = await assertLegcnetError(
    () => train(network, parts, { learningRate: 1e6, epochs: 100 }),
    'ERR_DIVERGED',
    /diverged in epoch \d+.*learning rate/,
  );
  assert.is(error.subject, 'learningRate');
  await assertLegcnetError(
    () => train(network, parts, { learningRate: 1e6, epochs: 100, evaluateEveryEpoch: false }),
    'ERR_DIVERGED',
    /learning rate/,
  );
});

test('what cannot be trained is refused with a reason', async () => {
  const { network, parts, part } = await setUp();
  const base = { learningRate: 0.1, epochs: 1 };
  const refuse = (options: object, message: RegExp, code: 'ERR_OPTION' | 'ERR_ARGUMENT' = 'ERR_OPTION') =>
    assertLegcnetError(() => train(network, parts, { ...base, ...options }), code, message);
  await refuse({ learningRate: 0 }, /learningRate/);
  await refuse({ learningRate: Number.NaN }, /learningRate/);
  await refuse({ epochs: undefined }, /epochs/);
  await refuse({ epochs: 1.5 }, /epochs/);
  await refuse({ batchsize: 3 }, /did you mean batchSize/);
  await refuse({ stopPart: 'validation' }, /stopPart/);
  await refuse({ watch: watching({ target: 'validation' }) }, /target/);
  await refuse({ mask: new Uint8Array(3) }, /mask/, 'ERR_ARGUMENT');
  await refuse({ untilAccuracy: 0.5, evaluateEveryEpoch: false }, /evaluateEveryEpoch/);
  await refuse({ threads: 0 }, /threads/);
  // found by native code
  await refuse({ watch: watching({ perturbedWeight: network.weights }) }, /perturbed/, 'ERR_ARGUMENT');
  const wider = await Mlp.random([network.sizes[0]! + 1, 3]);
  const error = await assertLegcnetError(() => train(wider, parts, base), 'ERR_ARGUMENT', /expected samples that fit/);
  assert.is(error.subject, 'parts');
  await assertLegcnetError(() => wider.predict(part), 'ERR_ARGUMENT');
  await assertLegcnetError(() => network.predict(part, { threads: 0 }), 'ERR_OPTION', /threads/);
  await assertLegcnetError(() => Mlp.random([3]), 'ERR_ARGUMENT', /sizes/);
  await assertLegcnetError(() => Mlp.random([3, 0, 1]), 'ERR_ARGUMENT', /sizes/);
  await assertLegcnetError(
    () => Mlp.random([3, 2], { loss: 'cross-entropy', outputActivation: 'linear' }),
    'ERR_OPTION',
    /outputActivation/,
  );
  await assertLegcnetError(() => network.withParameters(new Float64Array(2)), 'ERR_ARGUMENT', /parameters/);
  const bad = Float64Array.from(part.features.data);
  bad[7] = Number.POSITIVE_INFINITY;
  await assertLegcnetError(
    () => toNativeSamples('train', { ...part, features: { data: bad, shape: [60, 5] } }, 3, 'float64'),
    'ERR_ARGUMENT',
    /row 1, column 2/,
  );
  await assertLegcnetError(
    () => toNativeSamples('train', { ...part, labels: Int32Array.from({ length: 60 }, () => 3) }, 3, 'float64'),
    'ERR_ARGUMENT',
    /label of row 0/,
  );
});

test('one row, one feature, one weight', async () => {
  const part = { features: { data: Float64Array.of(2), shape: [1, 1] }, labels: Int32Array.of(1) };
  const network = new Mlp([1, 1], { biases: false }, Float64Array.of(0.25));
  const samples = await toNativeSamples('train', part, 1, 'float64');
  const { network: trained } = await train(network, { train: samples }, { learningRate: 1, epochs: 1 });
  const a = 1 / (1 + Math.exp(-0.5));
  assertClose(trained.parameters, [0.25 - 2 * (a - 1) * a * (1 - a) * 2], { absolute: 1e-15 });
});

test.run();
