/** Small random networks and data for tests of scores, and their loss by the public `Mlp.predict`. */
import fc from 'fast-check';
import { Mlp, type NetworkOptions } from '../../lib/network/mlp.js';
import { type NativeSamples, type Part, toNativeSamples } from '../../lib/network/samples.js';

/** Random but repeatable numbers in [0, 1). */
export function stream(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Shape extends NetworkOptions {
  readonly seed: number;
  readonly hidden: readonly number[];
  readonly columns: number;
  readonly outputs: number;
  readonly rows: number;
  readonly zeros: number;
}

/** Every activation, output and loss that goes together. */
export const shapes: fc.Arbitrary<Shape> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    hidden: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 0, maxLength: 3 }),
    columns: fc.integer({ min: 1, max: 8 }),
    outputs: fc.integer({ min: 1, max: 4 }),
    rows: fc.integer({ min: 1, max: 12 }),
    zeros: fc.constantFrom(0, 0.85),
    activation: fc.constantFrom('sigmoid', 'tanh', 'relu', 'linear'),
    outputActivation: fc.constantFrom('sigmoid', 'softmax', 'linear'),
    loss: fc.constantFrom('squared-error', 'cross-entropy'),
    squaredErrorFactor: fc.constantFrom(1, 2),
    divideByOutputs: fc.boolean(),
    biases: fc.boolean(),
  })
  .filter(({ outputs, outputActivation, loss }) => {
    if (outputs === 1 && outputActivation === 'softmax') return false;
    return !(outputActivation === 'linear' && loss === 'cross-entropy');
  }) as fc.Arbitrary<Shape>;

export interface Problem {
  readonly network: Mlp;
  readonly part: Part;
  readonly samples: NativeSamples;
  /** Mean loss of the network with other parameters, as `predict` says. */
  readonly loss: (parameters: Float64Array) => Promise<number>;
}

export async function problemOf(shape: Shape): Promise<Problem> {
  const { seed, hidden, columns, outputs, rows, zeros, ...options } = shape;
  const random = stream(seed);
  const inputs = Float64Array.from({ length: rows * columns }, () => (random() < zeros ? 0 : 4 * random() - 2));
  const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * Math.max(2, outputs)));
  const part = { features: { data: inputs, shape: [rows, columns] }, labels };
  const network = await Mlp.random([columns, ...hidden, outputs], { ...options, init: 'uniform', seed });
  return {
    network,
    part,
    samples: await toNativeSamples('train', part, outputs, network.options.scalar),
    loss: async (parameters) => (await network.withParameters(parameters).predict(part)).metrics?.loss as number,
  };
}

/** f'(0) along each coordinate by central differences of the fourth order, error O(h^4). */
export async function differences<T extends number | Float64Array>(
  f: (parameters: Float64Array) => Promise<T>,
  at: Float64Array,
  h = 1e-3,
): Promise<T[]> {
  const slopes: T[] = [];
  for (let i = 0; i < at.length; i++) {
    slopes.push(
      await slopeAlong(
        f,
        at,
        Float64Array.from(at, (_, k) => (k === i ? 1 : 0)),
        h,
      ),
    );
  }
  return slopes;
}

export async function slopeAlong<T extends number | Float64Array>(
  f: (parameters: Float64Array) => Promise<T>,
  at: Float64Array,
  direction: Float64Array,
  h = 1e-3,
): Promise<T> {
  const step = (k: number) => f(at.map((x, i) => x + k * h * (direction[i] as number)));
  const [a, b, c, d] = [await step(-2), await step(-1), await step(1), await step(2)];
  const slope = (p: number, q: number, r: number, s: number): number => (p - 8 * q + 8 * r - s) / (12 * h);
  if (typeof a === 'number') return slope(a, b as number, c as number, d as number) as T;
  const [va, vb, vc, vd] = [a, b, c, d] as Float64Array[] as [Float64Array, Float64Array, Float64Array, Float64Array];
  return va.map((p, i) => slope(p, vb[i] as number, vc[i] as number, vd[i] as number)) as T;
}

/** Whether relu has a kink so near the parameters that differences would straddle it: their error is then not small. */
export async function smooth({ network, loss }: Problem, gradientNorm: number): Promise<boolean> {
  if (network.options.activation !== 'relu') return true;
  const wide = await differences(loss, network.parameters, 1e-3);
  const narrow = await differences(loss, network.parameters, 1e-5);
  return wide.every((slope, i) => Math.abs(slope - (narrow[i] as number)) <= 1e-7 * (1 + gradientNorm));
}
