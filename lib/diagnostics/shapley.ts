import type { NdArray } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { type JobOptions, defaultThreads, native, runTask } from '../native.js';
import { Mlp } from '../network/mlp.js';
import type { Features } from '../network/samples.js';
import { type ResolvedOptions, checkJobOptions, resolveOptions } from '../options.js';

/** Options of `shapley`, by their names in the table. */
export const SHAPLEY_OPTIONS = [
  'estimator',
  'explain',
  'coalitions',
  'permutations',
  'steps',
  'seed',
  'threads',
] as const;
type Resolved = ResolvedOptions<(typeof SHAPLEY_OPTIONS)[number]>;

export type Estimator = NonNullable<Resolved['estimator']>;
export type Explained = NonNullable<Resolved['explain']>;

/** Options of `shapley`; the option table states the defaults. `seed` draws orders and coalitions. */
export interface ShapleyOptions extends Partial<Omit<Resolved, 'threads'>>, JobOptions {
  /** For `permutation`: these orders [n, features] instead of random ones; each row has 0..features-1 once. */
  readonly orders?: NdArray<Uint32Array | Int32Array | Uint16Array>;
}

/** S samples, M features, O outputs; arrays row-major. */
export interface ShapleyValues {
  readonly estimator: Estimator;
  readonly explain: Explained;
  /** [S, M, O] phi: what each feature adds to an output, in the output's units. */
  readonly values: NdArray<Float64Array>;
  /** [S, M, O] standard errors; `permutation` only, 0 with a single order. */
  readonly standardError?: NdArray<Float64Array>;
  /** [O] mean output over the background. */
  readonly base: Float64Array;
  /** [S, O] outputs for the samples. */
  readonly outputs: NdArray<Float64Array>;
  /** Largest |base + sum of phi - output|: rounding, but for `expected-gradients` the error of its quadrature too. */
  readonly additivityGap: number;
}

interface NativeShapley {
  readonly values: Float64Array;
  readonly standardError: Float64Array;
  readonly base: Float64Array;
  readonly outputs: Float64Array;
}

declare module '../native.js' {
  interface NativeModule {
    shapley(options: {
      network: Mlp['native'];
      parameters: Float64Array;
      logits: boolean;
      background: Float64Array;
      samples: Float64Array;
      estimator: Estimator;
      coalitions: number;
      permutations: number;
      orders: Uint32Array | undefined;
      steps: number;
      seed: number;
      threads: number;
    }): NativeTask<NativeShapley>;
  }
}

/** 2^16 coalitions. */
export const MOST_EXACT_FEATURES = 16;
/** Up to here `exact` is the default. */
const EXACT_BY_DEFAULT = 12;
/** As in shap's KernelExplainer. */
const COALITIONS_BEYOND_TWO_A_FEATURE = 2048;

/** The estimator that `shapley` takes when it is not told. */
export const defaultEstimator = (features: number): Estimator =>
  features <= EXACT_BY_DEFAULT ? 'exact' : 'permutation';

/**
 * Shapley values of a network's outputs for samples (Lundberg, Lee, NIPS 30, 2017): features outside a coalition take
 * their values from the rows of the background, v(S) = mean over b of f(x_S, b_rest). base + sum of phi = f(x).
 *
 * - `exact`: all 2^M coalitions, M <= 16; the others' yardstick
 * - `kernel`: weighted least squares over `coalitions`; exact when it has all 2^M - 2
 * - `permutation`: `permutations` random orders, forwards and backwards, with standard errors; the practical choice for
 *   images. The same orders for every sample and network of one seed, so that networks compare
 * - `expected-gradients`: gradients along `steps` points of each line from background to sample; cheap, smooth networks
 * - `deeplift`: DeepLIFT's rescale rule (Deep SHAP), one pass; explains logits unless told otherwise, because treating
 *   softmax element by element follows the permutation values badly
 *
 * Computed in float64. The same bits for any number of `threads`. Progress counts blocks of work. Cost, with K weights,
 * of them K1 in the first layer, B background rows and S samples: exact 2^M (B S (K - K1) + (B + S) K1), kernel the same
 * with its coalitions for 2^M; permutation 2 n M B (K - K1 + K1 / M) a sample; expected gradients B O steps K, DeepLIFT
 * B O K a sample.
 *
 * @param background [B, features], at least one row, scaled as in training
 * @param samples [S, features], the same
 * @throws LegcnetError ERR_ARGUMENT for shapes that do not fit and numbers that are not finite, ERR_OPTION;
 *   `signal.reason` when aborted
 */
export async function shapley(
  network: Mlp,
  background: Features,
  samples: Features,
  options: ShapleyOptions = {},
): Promise<ShapleyValues> {
  const { orders: given, ...rest } = options ?? {};
  const resolved = resolveOptions(SHAPLEY_OPTIONS, rest);
  checkJobOptions(options);
  if (!(network instanceof Mlp)) throw unexpected('ERR_ARGUMENT', 'network', 'an Mlp', network);
  const features = network.sizes[0]!;
  const outputs = network.sizes.at(-1)!;
  const { estimator = defaultEstimator(features), permutations, steps, seed, threads } = resolved;
  const { explain = estimator === 'deeplift' ? 'logits' : 'output' } = resolved;
  const { coalitions = 2 * features + COALITIONS_BEYOND_TWO_A_FEATURE } = resolved;
  if (estimator === 'exact' && features > MOST_EXACT_FEATURES) {
    const expected = `an estimator other than exact for more than ${MOST_EXACT_FEATURES} features`;
    throw unexpected('ERR_OPTION', 'estimator', expected, `exact, with ${features} features`);
  }
  if (estimator === 'kernel' && coalitions < 2 * features) {
    throw unexpected('ERR_OPTION', 'coalitions', `at least ${2 * features}, two a feature`, coalitions);
  }
  if (given !== undefined && estimator !== 'permutation') {
    throw unexpected('ERR_OPTION', 'orders', 'the estimator permutation with orders', estimator);
  }
  const call = {
    network: network.native,
    parameters: finite('network.parameters', network.parameters),
    logits: explain === 'logits',
    background: readRows('background', background, features, 1),
    samples: readRows('samples', samples, features, 0),
    estimator,
    coalitions,
    permutations,
    orders: given && readOrders(given, features),
    steps,
    seed,
    threads: threads ?? defaultThreads(),
  };
  const result = await runTask(() => native.shapley(call), options);
  const rows = result.outputs.length / outputs;
  const shape = [rows, features, outputs];
  return {
    estimator,
    explain,
    values: { data: result.values, shape },
    ...(estimator === 'permutation' && { standardError: { data: result.standardError, shape } }),
    base: result.base,
    outputs: { data: result.outputs, shape: [rows, outputs] },
    additivityGap: additivityGap(result, features, outputs),
  };
}

/** [M, O] mean over the samples of |phi|: the lengths of the usual bars. Zeros where there are no samples. O(S M O). */
export function meanAbsolute({ values: { data, shape } }: Pick<ShapleyValues, 'values'>): NdArray<Float64Array> {
  const [samples = 0, features = 0, outputs = 0] = shape;
  const size = features * outputs;
  const mean = new Float64Array(size);
  for (let i = 0; i < data.length; i++) mean[i % size]! += Math.abs(data[i]!) / samples;
  return { data: mean, shape: [features, outputs] };
}

/** [M] importance of the features: mean |phi|, summed over the outputs. O(S M O). */
export function importance(values: Pick<ShapleyValues, 'values'>): Float64Array {
  const { data, shape } = meanAbsolute(values);
  const [features = 0, outputs = 0] = shape;
  return Float64Array.from({ length: features }, (_, j) =>
    data.subarray(j * outputs, (j + 1) * outputs).reduce((sum, value) => sum + value, 0),
  );
}

function additivityGap({ values, base, outputs: f }: NativeShapley, features: number, outputs: number): number {
  let gap = 0;
  for (let i = 0; i < f.length; i++) {
    const [row, o] = [Math.floor(i / outputs), i % outputs];
    let sum = base[o]!;
    for (let j = 0; j < features; j++) sum += values[(row * features + j) * outputs + o]!;
    gap = Math.max(gap, Math.abs(sum - f[i]!));
  }
  return gap;
}

function readRows(name: string, rows: Features, features: number, least: number): Float64Array {
  const { data, shape } = rows ?? {};
  const [count = -1, columns] = Array.isArray(shape) && shape.length === 2 ? (shape as number[]) : [];
  const fits = Number.isInteger(count) && count >= least && columns === features;
  if (!fits || !ArrayBuffer.isView(data) || data.length !== count * features) {
    const expected = `a [rows, ${features}] array${least > 0 ? ' with at least one row' : ''}`;
    throw unexpected('ERR_ARGUMENT', name, expected, shape ?? rows);
  }
  return finite(name, Float64Array.from(data));
}

function finite(name: string, data: Float64Array): Float64Array {
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw unexpected('ERR_ARGUMENT', `${name}[${wrong}]`, 'a finite number', data[wrong]);
  return data;
}

function readOrders({ data, shape }: NonNullable<ShapleyOptions['orders']>, features: number): Uint32Array {
  const fits = shape?.length === 2 && shape[0]! >= 1 && shape[1] === features && data?.length === shape[0]! * features;
  if (!fits) throw unexpected('ERR_OPTION', 'orders', `a [n, ${features}] array with at least one row`, shape);
  for (let row = 0; row < data.length; row += features) {
    const order = data.subarray(row, row + features);
    if (new Set(order).size !== features || order.some((j) => j < 0 || j >= features)) {
      throw unexpected('ERR_OPTION', `orders, row ${row / features}`, `0 to ${features - 1}, each once`, order);
    }
  }
  return Uint32Array.from(data);
}
