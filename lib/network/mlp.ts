import type { NdArray } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { type JobOptions, defaultThreads, native, runTask } from '../native.js';
import { type ResolvedOptions, checkJobOptions, resolveOptions } from '../options.js';
import { type Metrics, type NativeEvaluations, metricsAt } from './metrics.js';
import { type NativeSamples, type Part, toNativeSamples } from './samples.js';

const NETWORK_OPTIONS = [
  'activation',
  'outputActivation',
  'loss',
  'squaredErrorFactor',
  'divideByOutputs',
  'biases',
  'accuracyRule',
  'scalar',
] as const;

/** How a network computes; every field has a default (see `options`). */
export type NetworkOptions = Partial<ResolvedOptions<(typeof NETWORK_OPTIONS)[number]>>;

interface NativeNetwork extends Omit<Required<NetworkOptions>, 'scalar'> {
  readonly sizes: Uint32Array;
}

declare module '../native.js' {
  interface NativeModule {
    initialise(options: { network: NativeNetwork; init: string; seed: number }): NativeTask<Float64Array>;
    predict(options: {
      network: NativeNetwork;
      parameters: Float64Array;
      samples: NativeSamples;
      threads: number;
    }): NativeTask<NativeEvaluations & { outputs: Float64Array | Float32Array }>;
  }
}

/** Where a layer's weights are in `Mlp.parameters`. */
export interface LayerShape {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Index of the layer's first weight; the rest follow row-major [outputs, inputs]. */
  readonly offset: number;
}

/**
 * A multilayer perceptron: sizes, how it computes, and its parameters. Immutable.
 *
 * `parameters` holds W1 [outputs, inputs] row-major, W2, ..., then b1, b2, ... (no b when `biases` is false), as float64
 * whatever the precision of training. Weight k of the network is parameters[k].
 */
export class Mlp {
  readonly sizes: readonly number[];
  readonly options: Readonly<Required<NetworkOptions>>;
  readonly parameters: Float64Array;

  /**
   * Cost: O(layers).
   *
   * @param sizes inputs, hidden layers, outputs; at least two
   * @param parameters kept, not copied: leave them alone
   * @throws LegcnetError ERR_OPTION, or ERR_ARGUMENT for bad sizes and when the parameters do not fit them
   */
  constructor(sizes: readonly number[], options: NetworkOptions, parameters: Float64Array) {
    checkSizes(sizes);
    this.sizes = [...sizes];
    this.options = resolveNetwork(options, sizes);
    const expected = parameterCount(sizes, this.options.biases);
    if (!(parameters instanceof Float64Array) || parameters.length !== expected) {
      throw unexpected('ERR_ARGUMENT', 'parameters', `a Float64Array of ${expected}`, parameters);
    }
    this.parameters = parameters;
  }

  /**
   * A network with random parameters. `init`: `gaussian` N(0, 0.1^2) for weights and biases, like the authors';
   * `uniform` U(-1/sqrt(inputs), 1/sqrt(inputs)) for both, as in the paper's Theorem 3.1; `glorot` U(+-sqrt(6/(inputs + outputs)))
   * and `he` N(0, 2/inputs), biases 0. Default `glorot`, seed 1. Cost: O(parameters).
   *
   * @param sizes inputs, hidden layers, outputs; at least two
   * @throws LegcnetError ERR_ARGUMENT for bad sizes, ERR_OPTION; `signal.reason` when aborted before it begins
   */
  static async random(
    sizes: readonly number[],
    options: NetworkOptions & { init?: 'gaussian' | 'uniform' | 'glorot' | 'he'; seed?: number } = {},
    job: JobOptions = {},
  ): Promise<Mlp> {
    checkSizes(sizes);
    const { init, seed, ...network } = options;
    const drawn = resolveOptions(['init', 'seed'], { init, seed });
    const resolved = resolveNetwork(network, sizes);
    const parameters = await runTask(
      () => native.initialise({ network: nativeNetwork(sizes, resolved), ...drawn }),
      job,
    );
    return new Mlp(sizes, resolved, parameters);
  }

  /**
   * The same network with other parameters, which are kept, not copied. Cost: O(layers).
   *
   * @throws LegcnetError ERR_ARGUMENT for another number of them
   */
  withParameters(parameters: Float64Array): Mlp {
    return new Mlp(this.sizes, this.options, parameters);
  }

  /** Number of weights, biases not counted. Cost: O(layers), at every call. */
  get weights(): number {
    return weightCount(this.sizes);
  }

  /** Where each layer's weights are, W1 first. Cost: O(layers), a new list at every call. */
  get layers(): LayerShape[] {
    let offset = 0;
    return this.sizes.slice(1).map((outputs, l) => {
      const inputs = this.sizes[l] as number;
      const layer = { name: `W${l + 1}`, inputs, outputs, offset };
      offset += inputs * outputs;
      return layer;
    });
  }

  /** What the addon calls this network. */
  get native(): NativeNetwork {
    return nativeNetwork(this.sizes, this.options);
  }

  /**
   * Outputs [rows, outputs], row-major, in the network's precision, and the scores if targets or labels are given.
   *
   * Cost: O(rows x weights), and a native copy of the part. Progress counts rows.
   *
   * @throws LegcnetError ERR_ARGUMENT as `toNativeSamples`, ERR_OPTION; `signal.reason` when aborted
   */
  async predict(
    part: Part,
    job: JobOptions = {},
  ): Promise<{ outputs: NdArray<Float64Array | Float32Array>; metrics: Metrics | undefined }> {
    checkJobOptions(job);
    const outputs = this.sizes.at(-1) as number;
    const rows = part.features.shape[0] ?? 0;
    const judged = part.labels !== undefined || part.targets !== undefined;
    const targets = judged ? part.targets : { data: new Float64Array(rows * outputs), shape: [rows, outputs] };
    const samples = await toNativeSamples('part', { ...part, targets }, outputs, this.options.scalar);
    const result = await runTask(
      () =>
        native.predict({
          network: this.native,
          parameters: this.parameters,
          samples,
          threads: job.threads ?? defaultThreads(),
        }),
      job,
    );
    return {
      outputs: { data: result.outputs, shape: [rows, outputs] },
      metrics: judged ? metricsAt(result, 0) : undefined,
    };
  }
}

export const weightCount = (sizes: readonly number[]): number =>
  sizes.slice(1).reduce((sum, size, l) => sum + size * (sizes[l] as number), 0);

const parameterCount = (sizes: readonly number[], biases: boolean): number =>
  weightCount(sizes) + (biases ? sizes.slice(1).reduce((sum, size) => sum + size, 0) : 0);

function nativeNetwork(sizes: readonly number[], options: Required<NetworkOptions>): NativeNetwork {
  const { scalar: _, ...rest } = options;
  return { sizes: Uint32Array.from(sizes), ...rest };
}

function checkSizes(sizes: readonly number[]): void {
  const fits =
    Array.isArray(sizes) && sizes.length >= 2 && sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= 1e6);
  if (!fits || weightCount(sizes) > 2 ** 31) {
    throw unexpected('ERR_ARGUMENT', 'sizes', 'inputs, hidden layers and outputs, integers of at least 1', sizes);
  }
}

function resolveNetwork(given: NetworkOptions, sizes: readonly number[]): Required<NetworkOptions> {
  const options = resolveOptions(NETWORK_OPTIONS, given);
  if (options.loss === 'cross-entropy' && options.outputActivation === 'linear') {
    throw unexpected('ERR_OPTION', 'outputActivation', 'sigmoid or softmax with the cross-entropy loss', 'linear');
  }
  if (options.outputActivation === 'softmax' && sizes.at(-1) === 1) {
    throw unexpected('ERR_OPTION', 'outputActivation', 'sigmoid or linear for a single output', 'softmax');
  }
  return options;
}
