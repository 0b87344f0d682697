import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hessianProduct, lossGradient } from '../../lib/mask/gradients.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { native } from '../../lib/native.js';
import { train } from '../../lib/network/train.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { differences, problemOf, shapes, slopeAlong, smooth, stream } from './networks.js';

const RUNS = { numRuns: 150, seed: 20260101 };
const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

test('the gradient is that of the public loss, by central differences', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const problem = await problemOf(shape);
      const { network, samples, loss } = problem;
      const { gradient, loss: mean } = await lossGradient(network, samples);
      assertClose(mean, await loss(network.parameters), { relative: 1e-13, absolute: 1e-15 }, 'loss');
      fc.pre(await smooth(problem, largest(gradient)));
      assertClose(gradient, await differences(loss, network.parameters), { absolute: 1e-9 * (1 + largest(gradient)) });
    }),
    RUNS,
  );
});

test('the Hessian-vector product is the change of the gradient along the direction', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const problem = await problemOf(shape);
      const { network, samples } = problem;
      const random = stream(shape.seed + 1);
      const direction = network.parameters.map(() => 2 * random() - 1);
      const product = await hessianProduct(network, samples, direction);
      const gradient = async (parameters: Float64Array) =>
        (await lossGradient(network.withParameters(parameters), samples)).gradient;
      if (shape.activation === 'relu') fc.pre(await smoothAlong(gradient, network.parameters, direction));
      const slope = await slopeAlong(gradient, network.parameters, direction);
      assertClose(product, slope, { absolute: 1e-8 * (1 + largest(slope)) });
    }),
    RUNS,
  );
});

/** relu: no kink within the steps of the differences. */
async function smoothAlong(
  gradient: (parameters: Float64Array) => Promise<Float64Array>,
  at: Float64Array,
  direction: Float64Array,
): Promise<boolean> {
  const [wide, narrow] = [await slopeAlong(gradient, at, direction), await slopeAlong(gradient, at, direction, 1e-4)];
  return wide.every((slope, i) => Math.abs(slope - (narrow[i] as number)) <= 1e-8 * (1 + largest(narrow)));
}

test('the Hessian is symmetric', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const { network, samples } = await problemOf(shape);
      const random = stream(shape.seed + 2);
      const [u, v] = [network.parameters.map(() => random() - 0.5), network.parameters.map(() => random() - 0.5)];
      const [hu, hv] = [await hessianProduct(network, samples, u), await hessianProduct(network, samples, v)];
      const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
      assertClose(dot(u, hv), dot(v, hu), { absolute: 1e-12 * (1 + largest(hu) + largest(hv)) });
    }),
    RUNS,
  );
});

test('one step of SGD on the whole part goes against the gradient', async () => {
  const shape = { seed: 3, hidden: [7, 5], columns: 6, outputs: 3, rows: 40, zeros: 0 };
  const { network, samples } = await problemOf({ ...shape, activation: 'tanh', outputActivation: 'softmax' });
  const { gradient } = await lossGradient(network, samples);
  const { network: after } = await train(network, { train: samples }, { learningRate: 0.5, batchSize: 40, epochs: 1 });
  assertClose(
    after.parameters,
    network.parameters.map((w, i) => w - 0.5 * (gradient[i] as number)),
    { absolute: 1e-15 },
  );
});

test('the mean over chosen rows, repeats included, and over rows that fill many blocks', async () => {
  const shape = { seed: 4, hidden: [5], columns: 6, outputs: 3, rows: 3000, zeros: 0.85 };
  const { network, samples, part } = await problemOf(shape);
  const rows = Uint32Array.from({ length: 2000 }, (_, i) => (i * 7919) % 1500);
  const chosen = await toNativeSamples('train', { ...part, rows: Int32Array.from(rows) }, 3, 'float64');
  const [direct, copied] = [await lossGradient(network, samples, { rows }), await lossGradient(network, chosen)];
  assertClose(direct.gradient, copied.gradient, { absolute: 0 });
  const halves = await Promise.all(
    [0, 1500].map((first) =>
      lossGradient(network, samples, { rows: Uint32Array.from({ length: 1500 }, (_, i) => first + i) }),
    ),
  );
  const whole = await lossGradient(network, samples);
  assertClose(
    whole.gradient,
    whole.gradient.map((_, i) => ((halves[0]?.gradient[i] as number) + (halves[1]?.gradient[i] as number)) / 2),
    { absolute: 1e-15 },
  );
});

test('the same bits for any number of threads, and in float32 the derivatives at the stored numbers', async () => {
  const shape = { seed: 5, hidden: [9, 4], columns: 11, outputs: 2, rows: 2500, zeros: 0 };
  const { network, samples } = await problemOf(shape);
  const direction = network.parameters.map((_, i) => Math.sin(i));
  const [one, three] = [
    await lossGradient(network, samples, { threads: 1 }),
    await lossGradient(network, samples, { threads: 3 }),
  ];
  assert.equal(one, three);
  assert.equal(
    await hessianProduct(network, samples, direction, { threads: 1 }),
    await hessianProduct(network, samples, direction, { threads: 3 }),
  );
  const single = await problemOf({ ...shape, scalar: 'float32' });
  const { gradient } = await lossGradient(single.network, single.samples);
  assertClose(gradient, one.gradient, { absolute: 1e-7 });
});

test('bytes stand for what their factor makes of them', async () => {
  const [rows, columns] = [19, 6];
  const bytes = Uint8Array.from({ length: rows * columns }, (_, i) => (i * 7919) % 256);
  const labels = Int32Array.from({ length: rows }, (_, i) => i % 3);
  const features = { data: bytes, shape: [rows, columns] };
  const numbers = { data: Float64Array.from(bytes, (byte) => byte * (1 / 255)), shape: [rows, columns] };
  const { network } = await problemOf({ seed: 5, hidden: [4], columns, outputs: 3, rows, zeros: 0 });
  const pixels = await toNativeSamples('train', { features, labels, factor: 1 / 255 }, 3, 'float64');
  const same = await toNativeSamples('train', { features: numbers, labels }, 3, 'float64');
  assert.equal(await lossGradient(network, pixels), await lossGradient(network, same));
});

test('a mask is the network without those weights', async () => {
  const { network, samples } = await problemOf({ seed: 6, hidden: [5], columns: 4, outputs: 3, rows: 9, zeros: 0 });
  const mask = Uint8Array.from({ length: network.weights }, (_, i) => (i % 3 === 0 ? 0 : 1));
  const without = network.withParameters(network.parameters.map((w, i) => (mask[i] === 0 ? 0 : w)));
  assert.equal(await lossGradient(network, samples, { mask }), await lossGradient(without, samples));
  const none = await lossGradient(network, samples, { mask: new Uint8Array(network.weights) });
  assert.ok(none.gradient.every(Number.isFinite));
});

test('what does not fit is refused, aborting works', async () => {
  const { network, samples } = await problemOf({ seed: 7, hidden: [5], columns: 4, outputs: 3, rows: 9, zeros: 0 });
  const nan = network.parameters.slice();
  nan[3] = Number.NaN;
  const direction = new Float64Array(3);
  await assertLegcnetError(() => lossGradient(network.withParameters(nan), samples), 'ERR_ARGUMENT', /parameters\[3\]/);
  await assertLegcnetError(() => lossGradient(network, {} as never), 'ERR_ARGUMENT', /samples/);
  const other = await problemOf({ seed: 7, hidden: [5], columns: 3, outputs: 3, rows: 9, zeros: 0 });
  await assertLegcnetError(() => lossGradient(network, other.samples), 'ERR_ARGUMENT', /4 inputs and 3 outputs/);
  const empty = new native.Samples('float64', 4, 3, 1);
  await assertLegcnetError(() => lossGradient(network, empty), 'ERR_ARGUMENT', /at least one row/);
  await assertLegcnetError(() => lossGradient(network, samples, { rows: Uint32Array.of(9) }), 'ERR_ARGUMENT', /rows/);
  await assertLegcnetError(() => lossGradient(network, samples, { rows: new Uint32Array() }), 'ERR_ARGUMENT', /rows/);
  await assertLegcnetError(() => lossGradient(network, samples, { mask: new Uint8Array(2) }), 'ERR_ARGUMENT', /mask/);
  await assertLegcnetError(() => lossGradient(network, samples, { threads: 0 }), 'ERR_OPTION', /threads/);
  await assertLegcnetError(() => hessianProduct(network, samples, direction), 'ERR_ARGUMENT', /direction/);

  const large = await problemOf({ seed: 8, hidden: [300, 300], columns: 300, outputs: 9, rows: 20000, zeros: 0 });
  const controller = new AbortController();
  const job = lossGradient(large.network, large.samples, { signal: controller.signal, threads: 1 });
  setTimeout(() => controller.abort(new Error('enough')), 20);
  let reason: unknown;
  await job.catch((error: unknown) => (reason = error));
  assert.is((reason as Error | undefined)?.message, 'enough');
});

test.run();
