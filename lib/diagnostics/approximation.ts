/** How far a pruned network's outputs can be from the dense one's over a ball of inputs: measured, and bounded by norms. */
import { setImmediate } from 'node:timers/promises';
import { RandomState } from '../data/numpy-random.js';
import { unexpected } from '../errors.js';
import { keptAt, magnitudeScores, selectBySparsity } from '../mask/select.js';
import { applyMask } from '../mask/gradients.js';
import { Mlp, type NetworkOptions } from '../network/mlp.js';
import { type JobOptions } from '../native.js';
import { checkJobOptions, checkNames, checkOption, options as table } from '../options.js';

export interface ApproximationOptions extends Pick<JobOptions, 'signal'> {
  /** Of the ball of inputs around 0, Euclidean. Default 1. */
  readonly radius?: number;
  /** Points drawn from the ball. Default 512. */
  readonly points?: number;
  /** The best of them that are refined by gradient ascent, and its steps. Default 8 and 100. */
  readonly refined?: number;
  readonly steps?: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface Approximation {
  readonly radius: number;
  /** The largest |f(x) - g(x)|, Euclidean, that was found: a lower bound of the supremum over the ball. */
  readonly measured: number;
  /** Where. [inputs] */
  readonly at: Float64Array;
  /** The same before refinement. */
  readonly sampled: number;
  /** An upper bound of the supremum. */
  readonly bound: number;
}

/**
 * |f(x) - g(x)| over the ball |x| <= radius, f and g being two networks of the same sizes and activations.
 *
 * Measured: points drawn uniformly from directions, half of them on the sphere; the best are moved by projected gradient
 * ascent with a step that halves where it does not help. Bound: with L the Lipschitz constant of a layer's activation
 * (sigmoid 1/4, softmax 1/2, else 1), e the difference of the layers' outputs and B the largest output of f's,
 *   e_l = L (|W'_l| e_(l-1) + |W_l - W'_l| B_(l-1) + |b_l - b'_l|),  B_l = |a(0)| + L (|W_l| B_(l-1) + |b_l|),
 * |W| the spectral norm, both cut at what the activation's range allows. In double precision.
 *
 * Cost: O((points + refined x steps) x weights) and O(N M^2) a layer.
 *
 * @throws LegcnetError ERR_ARGUMENT for networks that do not match, ERR_OPTION; `signal.reason`
 */
export async function approximationBound(
  dense: Mlp,
  pruned: Mlp,
  options: ApproximationOptions = {},
): Promise<Approximation> {
  checkNames(['radius', 'points', 'refined', 'steps', 'seed'], options);
  checkJobOptions(options);
  const { radius = 1, points = 512, refined = 8, steps = 100, seed = 1, signal } = options;
  if (!(radius > 0 && Number.isFinite(radius))) throw unexpected('ERR_OPTION', 'radius', 'a positive number', radius);
  for (const [name, value, least] of [
    ['points', points, 1],
    ['refined', refined, 0],
    ['steps', steps, 0],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least)) {
      throw unexpected('ERR_OPTION', name, `an integer of at least ${least}`, value);
    }
  }
  checkOption('seed', seed);
  if (JSON.stringify([dense.sizes, kind(dense)]) !== JSON.stringify([pruned.sizes, kind(pruned)])) {
    throw unexpected('ERR_ARGUMENT', 'pruned', 'a network of the same sizes and activations', pruned.sizes);
  }
  const [f, g] = [new Network(dense), new Network(pruned)];
  const inputs = dense.sizes[0] as number;
  const random = new RandomState(seed);
  const found: { x: Float64Array; value: number }[] = [];
  for (let p = 0; p < points; p++) {
    const x = drawPoint(random, inputs, radius, p % 2 === 0);
    found.push({ x, value: distance(f.outputs(x), g.outputs(x)) });
    await breathe(p, dense.weights, signal);
  }
  found.sort((a, b) => b.value - a.value);
  const sampled = found[0] as { x: Float64Array; value: number };
  let best = sampled;
  for (const start of found.slice(0, refined)) {
    const end = await ascend(f, g, start.x, radius, steps, signal);
    if (end.value > best.value) best = end;
  }
  return {
    radius,
    measured: best.value,
    at: best.x,
    sampled: sampled.value,
    bound: await boundOf(dense, pruned, radius, signal),
  };
}

const kind = ({ options: { activation, outputActivation, biases } }: Mlp) => [activation, outputActivation, biases];

/** Lets the event loop turn about once a millisecond of work. */
async function breathe(i: number, work: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (i % Math.max(1, Math.floor(200_000 / work)) === 0) await setImmediate();
}

/** A point in a random direction, on the sphere or within. */
function drawPoint(random: RandomState, inputs: number, radius: number, onSphere: boolean): Float64Array {
  const uniform = (): number => (random.interval(0xffffffff) + 0.5) / 2 ** 32;
  const x = new Float64Array(inputs).map(
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()), // normal: no direction is favoured
  );
  const length = Math.hypot(...x);
  const scale = (radius * (onSphere ? 1 : uniform() ** (1 / inputs))) / length;
  return x.map((value) => value * scale);
}

const distance = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0));

async function ascend(
  f: Network,
  g: Network,
  start: Float64Array,
  radius: number,
  steps: number,
  signal: AbortSignal | undefined,
): Promise<{ x: Float64Array; value: number }> {
  let x = start;
  let value = distance(f.outputs(x), g.outputs(x));
  let size = radius / 4;
  for (let step = 0; step < steps && size > 1e-9 * radius; step++) {
    await breathe(step, 4 * f.mlp.weights, signal);
    const difference = f.outputs(x).map((a, i) => a - (g.outputs(x)[i] as number));
    const [up, down] = [f.pullBack(x, difference), g.pullBack(x, difference)];
    const direction = up.map((a, i) => a - (down[i] as number));
    const length = Math.hypot(...direction);
    if (!(length > 0)) break;
    const moved = x.map((a, i) => a + (size * (direction[i] as number)) / length);
    const norm = Math.hypot(...moved);
    const next = norm > radius ? moved.map((a) => (a * radius) / norm) : moved;
    const reached = distance(f.outputs(next), g.outputs(next));
    if (reached > value) [x, value, size] = [next, reached, size * 1.2];
    else size /= 2;
  }
  return { x, value };
}

/** A network evaluated one input at a time, with the derivative by the input. */
class Network {
  private readonly biases: Float64Array[] = [];

  constructor(readonly mlp: Mlp) {
    let at = mlp.weights;
    for (const { outputs } of mlp.layers) {
      const there = mlp.options.biases;
      this.biases.push(there ? mlp.parameters.subarray(at, at + outputs) : new Float64Array(outputs));
      if (there) at += outputs;
    }
  }

  outputs(x: Float64Array): Float64Array {
    return this.forward(x).at(-1) as Float64Array;
  }

  /** Outputs of every layer, the input first. */
  private forward(x: Float64Array): Float64Array[] {
    const all = [x];
    this.mlp.layers.forEach(({ inputs, outputs, offset }, l) => {
      const below = all[l] as Float64Array;
      const z = (this.biases[l] as Float64Array).slice();
      for (let o = 0; o < outputs; o++) {
        let sum = z[o] as number;
        for (let i = 0; i < inputs; i++) {
          sum += (this.mlp.parameters[offset + o * inputs + i] as number) * (below[i] as number);
        }
        z[o] = sum;
      }
      all.push(activate(this.activation(l), z));
    });
    return all;
  }

  /** J(x)' v, J being the derivative of the outputs by the inputs. */
  pullBack(x: Float64Array, v: Float64Array): Float64Array {
    const all = this.forward(x);
    let delta = v;
    for (let l = this.mlp.layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, offset } = this.mlp.layers[l] as Mlp['layers'][number];
      const a = all[l + 1] as Float64Array;
      const inner = delta.reduce((sum, value, o) => sum + value * (a[o] as number), 0);
      const z = delta.map((value, o) => value * slope(this.activation(l), a[o] as number, value, inner));
      delta = new Float64Array(inputs);
      for (let o = 0; o < outputs; o++) {
        for (let i = 0; i < inputs; i++) {
          delta[i] = (delta[i] as number) + (z[o] as number) * (this.mlp.parameters[offset + o * inputs + i] as number);
        }
      }
    }
    return delta;
  }

  private activation(layer: number): Activation {
    const { activation, outputActivation } = this.mlp.options;
    return layer === this.mlp.layers.length - 1 ? outputActivation : activation;
  }
}

type Activation = Mlp['options']['activation'] | Mlp['options']['outputActivation'];

function activate(activation: Activation, z: Float64Array): Float64Array {
  switch (activation) {
    case 'sigmoid':
      return z.map((value) => 1 / (1 + Math.exp(-value)));
    case 'tanh':
      return z.map(Math.tanh);
    case 'relu':
      return z.map((value) => Math.max(0, value));
    case 'linear':
      return z;
    case 'softmax': {
      const most = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const powers = z.map((value) => Math.exp(value - most));
      const total = powers.reduce((sum, value) => sum + value, 0);
      return powers.map((value) => value / total);
    }
  }
}

/** What `value`, the derivative by an output `a`, is to be multiplied by; softmax: `inner` is the sum of value x a. */
function slope(activation: Activation, a: number, value: number, inner: number): number {
  switch (activation) {
    case 'sigmoid':
      return a * (1 - a);
    case 'tanh':
      return 1 - a * a;
    case 'relu':
      return a > 0 ? 1 : 0;
    case 'linear':
      return 1;
    case 'softmax':
      return value === 0 ? 0 : (a * (value - inner)) / value;
  }
}

/** Lipschitz constant, output at 0, and the most that an output, and a difference of outputs, of n units can be. */
function limits(activation: Activation, n: number): { lipschitz: number; atZero: number; most: number; apart: number } {
  switch (activation) {
    case 'sigmoid':
      return { lipschitz: 0.25, atZero: Math.sqrt(n) / 2, most: Math.sqrt(n), apart: Math.sqrt(n) };
    case 'tanh':
      return { lipschitz: 1, atZero: 0, most: Math.sqrt(n), apart: 2 * Math.sqrt(n) };
    case 'softmax':
      return { lipschitz: 0.5, atZero: 1 / Math.sqrt(n), most: 1, apart: Math.SQRT2 };
    case 'relu':
    case 'linear':
      return { lipschitz: 1, atZero: 0, most: Number.POSITIVE_INFINITY, apart: Number.POSITIVE_INFINITY };
  }
}

async function boundOf(dense: Mlp, pruned: Mlp, radius: number, signal: AbortSignal | undefined): Promise<number> {
  const { layers, weights } = dense;
  let [size, error, bias] = [radius, 0, weights];
  for (const [l, { inputs, outputs, offset }] of layers.entries()) {
    signal?.throwIfAborted();
    const of = ({ parameters }: Mlp): Float64Array => parameters.subarray(offset, offset + inputs * outputs);
    const [w, v] = [of(dense), of(pruned)];
    const norm = (matrix: Float64Array): Promise<number> => spectralNormBound(matrix, outputs, inputs);
    const gap = await norm(w.map((value, i) => value - (v[i] as number)));
    const [ofDense, ofPruned] = [await norm(w), await norm(v)];
    const [b, c] = dense.options.biases
      ? [dense, pruned].map(({ parameters }) => parameters.subarray(bias, bias + outputs))
      : [new Float64Array(outputs), new Float64Array(outputs)];
    bias += outputs;
    const { activation, outputActivation } = dense.options;
    const { lipschitz, atZero, most, apart } = limits(l === layers.length - 1 ? outputActivation : activation, outputs);
    const between = distance(b as Float64Array, c as Float64Array);
    error = Math.min(apart, lipschitz * (ofPruned * error + gap * size + between));
    size = Math.min(most, atZero + lipschitz * (ofDense * size + Math.hypot(...(b as Float64Array))));
  }
  return error;
}

/** Squarings of the Gram matrix: the bound is then within M^(1 / 8192) of the norm. */
const SQUARINGS = 12;

/**
 * The spectral norm of a row-major [rows, columns] matrix, or a little more, never less: the 2^k-th root of the
 * Frobenius norm of G^(2^k), G the Gram matrix of its smaller side M, by k squarings (Gelfand 1941). O(N M^2 + k M^3).
 */
export async function spectralNormBound(matrix: Float64Array, rows: number, columns: number): Promise<number> {
  const [m, n] = [Math.min(rows, columns), Math.max(rows, columns)];
  const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return 0;
  const entry = (i: number, k: number): number =>
    (matrix[rows <= columns ? i * columns + k : k * columns + i] as number) / largest;
  let gram: Float64Array = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += entry(i, k) * entry(j, k);
      gram[i * m + j] = gram[j * m + i] = sum;
    }
    await setImmediate();
  }
  // G = exp(log) * gram, gram of Frobenius norm 1, so that powers neither vanish nor overflow
  let log = 0;
  for (let k = 0; ; k++) {
    const norm = Math.sqrt(gram.reduce((sum, value) => sum + value * value, 0));
    log += Math.log(norm);
    if (k === SQUARINGS || m === 1) return largest * Math.exp(log / 2 ** (k + 1));
    gram = gram.map((value) => value / norm);
    const square = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let l = 0; l < m; l++) {
        const factor = gram[i * m + l] as number;
        for (let j = 0; j < m; j++)
          square[i * m + j] = (square[i * m + j] as number) + factor * (gram[l * m + j] as number);
      }
      if (m > 64) await setImmediate();
    }
    gram = square;
    log *= 2;
  }
}

export interface WidthOptions extends ApproximationOptions, Pick<JobOptions, 'onProgress'> {
  /** Units of the one hidden layer, two different values at least. Default 16, 64, 256, 1024. */
  readonly widths?: readonly number[];
  /** Default 8 and 2. */
  readonly inputs?: number;
  readonly outputs?: number;
  /** Share of each layer's weights that is pruned; or, with `power`, n^power of its n weights. Default 0.5. */
  readonly sparsity?: number;
  readonly power?: number;
  /** The smallest weights go, or any. Default magnitude. */
  readonly prune?: 'magnitude' | 'random';
  /** Networks a width. Default 5. */
  readonly networks?: number;
  readonly network?: NetworkOptions;
}

export interface WidthRow {
  readonly width: number;
  /** Weights of a network, and those pruned. */
  readonly weights: number;
  readonly pruned: number;
  /** Means over the networks. */
  readonly measured: number;
  readonly bound: number;
}

export interface WidthExperiment {
  readonly rows: readonly WidthRow[];
  /** Slopes of ln(mean) over ln(width): below 0, it shrinks as the hidden layer widens. NaN where a mean is 0. */
  readonly measuredSlope: number;
  readonly boundSlope: number;
}

/**
 * What Theorem 3.1 claims, by experiment: networks with one hidden layer, weights drawn from U(-1/sqrt(fan in),
 * 1/sqrt(fan in)), pruned and not trained; how the difference over the ball, and its bound, change with the width. The
 * output layer is linear unless `network` says otherwise: a squashed output would hide differences.
 *
 * Cost: that of `approximationBound` for each network of each width; progress counts networks.
 *
 * @throws LegcnetError ERR_OPTION; ERR_ARGUMENT for networks of more than 2^31 weights; `signal.reason` when aborted
 */
export async function approximationByWidth(options: WidthOptions = {}): Promise<WidthExperiment> {
  const { widths: given, inputs: features, outputs: classes, power, onProgress, ...rest } = options;
  const { sparsity = 0.5, prune = 'magnitude', networks = 5, network = {}, seed = 1, ...measuring } = rest;
  const widths = checkOption('widths', (given as number[] | undefined) ?? table.widths.default);
  const inputs = checkOption('inputs', features ?? table.inputs.default);
  const outputs = checkOption('outputs', classes ?? table.outputs.default);
  checkOption('sparsity', sparsity);
  if (power !== undefined) checkOption('power', power);
  if (prune !== 'magnitude' && prune !== 'random')
    throw unexpected('ERR_OPTION', 'prune', 'magnitude or random', prune);
  if (!(Number.isInteger(networks) && networks > 0)) {
    throw unexpected('ERR_OPTION', 'networks', 'an integer of at least 1', networks);
  }
  const rows: WidthRow[] = [];
  for (const width of widths) {
    let [weights, pruned, measured, bound] = [0, 0, 0, 0];
    for (let k = 0; k < networks; k++) {
      const settings: NetworkOptions = { outputActivation: 'linear', ...network };
      const dense = await Mlp.random([inputs, width, outputs], { ...settings, init: 'uniform', seed: seed + k });
      const { layers, parameters } = dense;
      weights = dense.weights;
      const random = new RandomState(seed + k);
      const order = random.permutation(weights);
      const scores =
        prune === 'random' ? Float64Array.from(random.permutation(weights)) : magnitudeScores(parameters, weights);
      const share = power === undefined ? sparsity : weights ** (power - 1);
      const mask = selectBySparsity(scores, layers, keptAt(weights, share), 'per-layer', order);
      const sparse = dense.withParameters(applyMask(parameters, mask, weights));
      const found = await approximationBound(dense, sparse, { ...measuring, seed: seed + k });
      pruned = mask.length - mask.reduce((sum, bit) => sum + bit, 0);
      measured += found.measured / networks;
      bound += found.bound / networks;
      onProgress?.({ done: rows.length * networks + k + 1, total: widths.length * networks });
    }
    rows.push({ width, weights, pruned, measured, bound });
  }
  const slopeOf = (key: 'measured' | 'bound'): number => {
    const points = rows.map((row) => [Math.log(row.width), Math.log(row[key])] as const);
    const [x, y] = [0, 1].map(
      (axis) => points.reduce((sum, point) => sum + (point[axis] as number), 0) / points.length,
    );
    const over = points.reduce((sum, [a, b]) => sum + (a - (x as number)) * (b - (y as number)), 0);
    return over / points.reduce((sum, [a]) => sum + (a - (x as number)) ** 2, 0);
  };
  return { rows, measuredSlope: slopeOf('measured'), boundSlope: slopeOf('bound') };
}
