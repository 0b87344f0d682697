import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NdArray } from '../../lib/data/ndarray.js';
import {
  type Estimator,
  type ShapleyOptions,
  type ShapleyValues,
  importance,
  meanAbsolute,
  shapley,
} from '../../lib/diagnostics/shapley.js';
import { Mlp, type NetworkOptions } from '../../lib/network/mlp.js';
import { normals } from '../granger/series.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';

const ESTIMATORS: Estimator[] = ['exact', 'kernel', 'permutation', 'expected-gradients', 'deeplift'];
const EXACT = { absolute: 1e-12 };

function rows(count: number, features: number, seed: number): NdArray<Float64Array> {
  const normal = normals(seed);
  return { data: Float64Array.from({ length: count * features }, normal), shape: [count, features] };
}

function random(sizes: number[], options: NetworkOptions, seed: number): Mlp {
  const weights = sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l]!, 0);
  const biases = options.biases === false ? 0 : sizes.slice(1).reduce((sum, size) => sum + size, 0);
  return new Mlp(sizes, options, Float64Array.from({ length: weights + biases }, normals(seed)));
}

/** The definition, by the network's own predictions: [samples, features, outputs]. */
async function oracle(network: Mlp, background: NdArray<Float64Array>, samples: NdArray<Float64Array>) {
  const [features, outputs] = [network.sizes[0]!, network.sizes.at(-1)!];
  const [b, s] = [background.shape[0]!, samples.shape[0]!];
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const phi = new Float64Array(s * features * outputs);
  for (let i = 0; i < s; i++) {
    const value: Float64Array[] = [];
    for (let coalition = 0; coalition < 2 ** features; coalition++) {
      const mixed = background.data.map((x, k) =>
        (coalition >> (k % features)) & 1 ? samples.data[i * features + (k % features)]! : x,
      );
      const { outputs: f } = await network.predict({ features: { data: mixed, shape: background.shape } });
      value.push(
        Float64Array.from({ length: outputs }, (_, o) => {
          let sum = 0;
          for (let row = 0; row < b; row++) sum += f.data[row * outputs + o]!;
          return sum / b;
        }),
      );
    }
    for (let coalition = 0; coalition < 2 ** features; coalition++) {
      const size = coalition.toString(2).replaceAll('0', '').length;
      for (let j = 0; j < features; j++) {
        if ((coalition >> j) & 1) continue;
        const weight = (factorial(size) * factorial(features - size - 1)) / factorial(features);
        for (let o = 0; o < outputs; o++) {
          phi[(i * features + j) * outputs + o]! += weight * (value[coalition | (1 << j)]![o]! - value[coalition]![o]!);
        }
      }
    }
  }
  return phi;
}

test('exact values are those of the definition, for all activations, depths and sizes', async () => {
  const kind = fc.record({
    features: fc.integer({ min: 1, max: 5 }),
    hidden: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
    outputs: fc.integer({ min: 2, max: 5 }),
    activation: fc.constantFrom('sigmoid' as const, 'tanh' as const, 'relu' as const, 'linear' as const),
    outputActivation: fc.constantFrom('sigmoid' as const, 'softmax' as const, 'linear' as const),
    biases: fc.boolean(),
    background: fc.constantFrom(1, 3, 8),
    samples: fc.constantFrom(1, 2, 17),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });
  await fc.assert(
    fc.asyncProperty(kind, async ({ features, hidden, outputs, seed, background, samples, ...options }) => {
      const network = random([features, ...hidden, outputs], options, seed);
      const [b, x] = [rows(background, features, seed + 1), rows(samples, features, seed + 2)];
      const expected = await oracle(network, b, x);
      const exact = await shapley(network, b, x, { estimator: 'exact' });
      assertClose(exact.values.data, expected, EXACT, 'exact');
      assertClose(exact.additivityGap, 0, EXACT);
      const kernel = await shapley(network, b, x, { estimator: 'kernel' });
      assertClose(kernel.values.data, expected, { absolute: 1e-10 }, 'kernel');
    }),
    { numRuns: 40 },
  );
});

test('of a linear network every estimator gives w (x - mean b)', async () => {
  const [features, outputs] = [6, 3];
  const network = random([features, outputs], { outputActivation: 'linear' }, 5);
  const deep = random([features, 7, outputs], { activation: 'linear', outputActivation: 'linear' }, 6);
  const [b, x] = [rows(70, features, 7), rows(5, features, 8)];
  const mean = Float64Array.from({ length: features }, (_, j) => {
    let sum = 0;
    for (let row = 0; row < 70; row++) sum += b.data[row * features + j]!;
    return sum / 70;
  });
  const product = (o: number, j: number): number => {
    let sum = 0;
    for (let h = 0; h < 7; h++) sum += deep.parameters[features * 7 + o * 7 + h]! * deep.parameters[h * features + j]!;
    return sum;
  };
  for (const estimator of ESTIMATORS) {
    for (const [net, w] of [
      [network, (o: number, j: number) => network.parameters[o * features + j]!],
      [deep, product],
    ] as const) {
      const result = await shapley(net, b, x, { estimator });
      const expected = result.values.data.map((_, k) => {
        const [i, j, o] = [Math.floor(k / (features * outputs)), Math.floor(k / outputs) % features, k % outputs];
        return w(o, j) * (x.data[i * features + j]! - mean[j]!);
      });
      assertClose(result.values.data, expected, EXACT, estimator);
      if (result.standardError) assertClose(Math.max(...result.standardError.data), 0, EXACT, 'no spread');
    }
  }
});

test('the kernel estimator of many features: a linear network needs few coalitions', async () => {
  const features = 150; // more than one panel of the factorisation
  const network = random([features, 2], { outputActivation: 'linear' }, 9);
  const [b, x] = [rows(3, features, 10), rows(2, features, 11)];
  const kernel = await shapley(network, b, x, { estimator: 'kernel', coalitions: 400 });
  const exact = await shapley(network, b, x, { estimator: 'permutation', permutations: 1 });
  assertClose(kernel.values.data, exact.values.data, { absolute: 1e-10 });
});

test('base and values sum to the output, for every estimator; what changes nothing gets nothing', async () => {
  const network = random([9, 8, 4, 3], { outputActivation: 'softmax' }, 11);
  const dead = network.withParameters(network.parameters.map((w, k) => (k < 72 && k % 9 === 4 ? 0 : w)));
  const [b, x] = [rows(100, 9, 12), rows(4, 9, 13)];
  x.data[2] = 0;
  for (let row = 0; row < 100; row++) b.data[row * 9 + 2] = 0; // sample 0 has the background's value
  for (const estimator of ESTIMATORS) {
    for (const explain of ['output', 'logits'] as const) {
      const result = await shapley(dead, b, x, { estimator, explain, steps: 2000 });
      const limit = estimator === 'expected-gradients' ? 1e-6 : 1e-12;
      assert.ok(result.additivityGap <= limit, `${estimator} ${explain} ${result.additivityGap}`);
      for (let o = 0; o < 3; o++) {
        for (let i = 0; i < 4; i++) assertClose(result.values.data[(i * 9 + 4) * 3 + o]!, 0, EXACT, estimator);
        assertClose(result.values.data[2 * 3 + o]!, 0, EXACT, estimator);
      }
      const { outputs } = await dead.predict({ features: x });
      if (explain === 'output') assertClose(result.outputs.data, outputs.data, EXACT);
    }
  }
});

test('features that the network treats alike, with like values, get like values', async () => {
  const network = random([5, 6, 2], {}, 21);
  const symmetric = network.withParameters(
    network.parameters.map((w, k) => (k < 30 && k % 5 === 3 ? network.parameters[k - 2]! : w)),
  );
  const [b, x] = [rows(10, 5, 22), rows(3, 5, 23)];
  for (const { data } of [b, x]) for (let k = 3; k < data.length; k += 5) data[k] = data[k - 2]!;
  for (const estimator of ['exact', 'kernel', 'expected-gradients', 'deeplift'] as const) {
    const { values } = await shapley(symmetric, b, x, { estimator });
    for (let i = 0; i < 3; i++) {
      for (let o = 0; o < 2; o++) {
        assertClose(values.data[(i * 5 + 1) * 2 + o]!, values.data[(i * 5 + 3) * 2 + o]!, EXACT, estimator);
      }
    }
  }
});

test('permutations: all orders give the exact values; random ones lie within their standard errors', async () => {
  const network = random([4, 6, 2], { activation: 'tanh', outputActivation: 'linear' }, 31);
  const [b, x] = [rows(66, 4, 32), rows(2, 4, 33)];
  const exact = await shapley(network, b, x);
  const orders = [0, 1, 2, 3].flatMap((i) =>
    [0, 1, 2, 3].flatMap((j) =>
      [0, 1, 2, 3].flatMap((k) => (new Set([i, j, k]).size === 3 ? [i, j, k, 6 - i - j - k] : [])),
    ),
  );
  const all = { data: Uint32Array.from(orders), shape: [24, 4] };
  const every = await shapley(network, b, x, { estimator: 'permutation', orders: all });
  assertClose(every.values.data, exact.values.data, EXACT);
  const drawn = await shapley(network, b, x, { estimator: 'permutation', permutations: 400 });
  drawn.values.data.forEach((value, k) => {
    assertClose(value, exact.values.data[k]!, { absolute: 5 * drawn.standardError!.data[k]! + 1e-12 });
  });
  const single = await shapley(network, b, x, { estimator: 'permutation', permutations: 1 });
  assert.ok(single.standardError!.data.every((error) => error === 0));
  const other = await shapley(network, b, x, { estimator: 'permutation', permutations: 1, seed: 9 });
  assert.not.equal(other.values.data, single.values.data);
});

test('the kernel estimator with some of the coalitions comes near, and still adds up', async () => {
  const features = 14;
  const network = random([features, 10, 2], {}, 41);
  const [b, x] = [rows(20, features, 42), rows(3, features, 43)];
  const exact = await shapley(network, b, x, { estimator: 'exact' });
  const error = async (coalitions: number): Promise<number> => {
    const kernel = await shapley(network, b, x, { estimator: 'kernel', coalitions });
    assertClose(kernel.additivityGap, 0, EXACT);
    return Math.max(...kernel.values.data.map((value, k) => Math.abs(value - exact.values.data[k]!)));
  };
  const largest = Math.max(...exact.values.data.map(Math.abs));
  const errors = [await error(28), await error(400), await error(8000), await error(2 ** 14)];
  assert.ok(errors[1]! < 0.2 * largest && errors[2]! < 0.05 * largest, String(errors));
  assert.ok(errors[3]! < 1e-10, String(errors));
});

test('expected gradients come nearer with more steps; the gradient is that of finite differences', async () => {
  const network = random([3, 5, 2], { activation: 'tanh', outputActivation: 'softmax' }, 51);
  const x = rows(1, 3, 52);
  const b = { data: x.data.map((value) => value - 1e-4), shape: [1, 3] }; // so near that one gradient will do
  const result = await shapley(network, b, x, { estimator: 'expected-gradients', steps: 1 });
  const middle = x.data.map((value) => value - 0.5e-4);
  for (let j = 0; j < 3; j++) {
    const at = async (step: number) => {
      const moved = middle.map((value, k) => (k === j ? value + step : value));
      return (await network.predict({ features: { data: moved, shape: [1, 3] } })).outputs.data;
    };
    const [up, down] = [await at(1e-5), await at(-1e-5)];
    for (let o = 0; o < 2; o++) {
      const slope = (up[o]! - down[o]!) / 2e-5;
      assertClose(result.values.data[j * 2 + o]!, slope * 1e-4, { absolute: 1e-12 });
    }
  }
  const far = rows(4, 3, 53);
  const gap = async (steps: number) =>
    (await shapley(network, far, x, { estimator: 'expected-gradients', steps })).additivityGap;
  assert.ok((await gap(1000)) < (await gap(4)));
});

test('DeepLIFT takes the gradient where nothing changes', async () => {
  const network = random([3, 4, 2], { outputActivation: 'softmax' }, 61);
  const x = rows(1, 3, 62);
  for (const explain of ['logits', 'output'] as const) {
    const same = await shapley(network, x, x, { estimator: 'deeplift', explain });
    assert.ok(same.values.data.every((value) => value === 0));
  }
});

test('mean |phi| and importance', () => {
  const values = { data: Float64Array.of(1, -2, 3, 0, -3, 4, 1, 0), shape: [2, 2, 2] };
  assert.equal(meanAbsolute({ values }), { data: Float64Array.of(2, 3, 2, 0), shape: [2, 2] });
  assert.equal(importance({ values }), Float64Array.of(5, 2));
  const none = { data: new Float64Array(0), shape: [0, 3, 2] };
  assert.equal(importance({ values: none }), new Float64Array(3));
});

test('no samples, no result; the inputs may be bytes or floats', async () => {
  const network = random([3, 4, 2], {}, 71);
  const b = rows(4, 3, 72);
  for (const estimator of ESTIMATORS) {
    const none = await shapley(network, b, { data: new Float64Array(0), shape: [0, 3] }, { estimator });
    assert.equal(
      [none.values.shape, none.outputs.shape],
      [
        [0, 3, 2],
        [0, 2],
      ],
    );
  }
  const bytes = { data: Uint8Array.of(1, 2, 3), shape: [1, 3] };
  const floats = { data: Float32Array.of(1, 2, 3), shape: [1, 3] };
  assert.equal(await shapley(network, bytes, floats), await shapley(network, floats, bytes));
});

const bits = (result: ShapleyValues): Buffer =>
  Buffer.concat(
    [result.values.data, result.base, result.outputs.data, result.standardError?.data ?? new Float64Array(0)].map(
      (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength),
    ),
  );

test('the same bits for any number of threads', async () => {
  const network = random([10, 12, 3], { outputActivation: 'softmax' }, 81);
  const [b, x] = [rows(90, 10, 82), rows(35, 10, 83)];
  for (const estimator of ESTIMATORS) {
    const single = bits(await shapley(network, b, x, { estimator, threads: 1 }));
    for (const threads of [2, 5]) {
      assert.ok(bits(await shapley(network, b, x, { estimator, threads })).equals(single), estimator);
    }
  }
});

test('progress reaches its end; aborting stops every estimator and gives the reason', async () => {
  const small = random([5, 4, 2], {}, 91);
  const [b, x] = [rows(20, 5, 92), rows(20, 5, 93)];
  const large = random([16, 60, 60, 10], {}, 94);
  const [many, samples] = [rows(2000, 16, 95), rows(400, 16, 96)];
  for (const estimator of ESTIMATORS) {
    const seen: [number, number][] = [];
    await shapley(small, b, x, { estimator, onProgress: ({ done, total }) => seen.push([done, total]) });
    const [done, total] = seen.at(-1)!;
    assert.ok(total > 0 && done === total, `${estimator} ${done} of ${total}`);
    const controller = new AbortController();
    const reason = new Error('enough');
    const options: ShapleyOptions = { estimator, steps: 10_000, permutations: 10_000, signal: controller.signal };
    setTimeout(() => controller.abort(reason), 20);
    try {
      await shapley(large, many, samples, options);
      assert.unreachable(estimator);
    } catch (error) {
      assert.is(error, reason, String(error));
    }
  }
});

test('arguments and options that do not fit are refused', async () => {
  const network = random([3, 4, 2], {}, 1);
  const b = rows(4, 3, 2);
  const refused = (args: any[], code: 'ERR_ARGUMENT' | 'ERR_OPTION', message: RegExp) =>
    assertLegcnetError(() => (shapley as any)(...args), code, message);
  await refused([{}, b, b], 'ERR_ARGUMENT', /network/);
  await refused([network, rows(0, 3, 1), b], 'ERR_ARGUMENT', /background/);
  await refused([network, rows(4, 2, 1), b], 'ERR_ARGUMENT', /background/);
  await refused([network, b, undefined], 'ERR_ARGUMENT', /samples/);
  await refused(
    [network, b, { data: Float64Array.of(1, Number.NaN, 1), shape: [1, 3] }],
    'ERR_ARGUMENT',
    /samples\[1\]/,
  );
  const broken = network.withParameters(network.parameters.map((w, i) => (i === 2 ? Number.POSITIVE_INFINITY : w)));
  await refused([broken, b, b], 'ERR_ARGUMENT', /parameters\[2\]/);
  await refused([network, b, b, { estimator: 'guess' }], 'ERR_OPTION', /estimator/);
  await refused([network, b, b, { estimator: 'kernel', coalitions: 5 }], 'ERR_OPTION', /at least 6/);
  await refused(
    [random([17, 2], {}, 1), rows(1, 17, 1), rows(1, 17, 1), { estimator: 'exact' }],
    'ERR_OPTION',
    /17 features/,
  );
  const orders = { data: Uint32Array.of(0, 1, 1), shape: [1, 3] };
  await refused([network, b, b, { estimator: 'permutation', orders }], 'ERR_OPTION', /each once/);
  await refused([network, b, b, { orders }], 'ERR_OPTION', /permutation/);
});

test.run();
