/** Derivatives of a network's loss by its parameters; the face of native/core/gradients.h. */
import { unexpected } from '../errors.js';
import { type JobOptions, defaultThreads, native, runTask } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import type { NativeSamples } from '../network/samples.js';
import { checkJobOptions, checkNames } from '../options.js';
import { plural } from '../plural.js';

interface NativePoint {
  readonly network: Mlp['native'];
  readonly parameters: Float64Array;
}
interface NativeMean extends NativePoint {
  readonly samples: NativeSamples;
  readonly rows: Uint32Array | undefined;
  readonly threads: number;
}

declare module '../native.js' {
  interface NativeModule {
    lossGradient(options: NativeMean): NativeTask<LossGradient>;
    hessianProduct(options: NativeMean & { direction: Float64Array }): NativeTask<Float64Array>;
    movement(
      options: NativePoint & {
        mask: Uint8Array | undefined;
        samples: NativeSamples;
        batchSize: number;
        learningRate: number;
        shuffle: boolean;
        seed: number;
        epoch: number;
      },
    ): NativeTask<Float64Array>;
    synflowScores(options: NativePoint): NativeTask<Float64Array>;
    synflowOrder(
      options: NativePoint & { mask: Uint8Array | undefined; kept: number; rounds: number; tieBreak: Int32Array },
    ): NativeTask<Float64Array>;
  }
}

export interface LossGradient {
  /** Mean loss over the rows. */
  readonly loss: number;
  /** [parameters] of the mean loss, in the order of `Mlp.parameters`. */
  readonly gradient: Float64Array;
}

export interface GradientOptions extends JobOptions {
  /** Rows that the mean is taken over, repeats allowed. Default: all. */
  readonly rows?: Uint32Array | undefined;
  /** One byte a weight, 0 prunes: the derivatives are those at the pruned network. Default: nothing is pruned. */
  readonly mask?: Uint8Array | undefined;
}

/**
 * The gradient of the mean loss, in double precision whatever the network trains in, the same bits for any number of
 * threads. A pruned weight has a gradient too: that of the loss by the weight where it is, at 0.
 *
 * Cost O(rows x parameters), memory O(parameters). Progress counts rows.
 *
 * @throws LegcnetError ERR_ARGUMENT for samples, rows or a mask that do not fit, or parameters that are not finite;
 *   ERR_OPTION; `signal.reason` when aborted
 */
export async function lossGradient(
  network: Mlp,
  samples: NativeSamples,
  options: GradientOptions = {},
): Promise<LossGradient> {
  const mean = nativeMean(network, samples, options);
  return runTask(() => native.lossGradient(mean), options);
}

/**
 * The Hessian of the mean loss times a direction, exactly, by the R-operator (Pearlmutter 1994, *Fast exact
 * multiplication by the Hessian*). relu's second derivative is 0, at its kink too. About twice the cost of the gradient.
 *
 * @param direction [parameters]
 * @returns [parameters]
 * @throws LegcnetError ERR_ARGUMENT for a direction of another length; else as `lossGradient`
 */
export async function hessianProduct(
  network: Mlp,
  samples: NativeSamples,
  direction: Float64Array,
  options: GradientOptions = {},
): Promise<Float64Array> {
  const { length } = network.parameters;
  if (!(direction instanceof Float64Array && direction.length === length)) {
    throw unexpected('ERR_ARGUMENT', 'direction', `a Float64Array of ${length}`, direction);
  }
  const mean = nativeMean(network, samples, options);
  return runTask(() => native.hessianProduct({ ...mean, direction }), options);
}

function nativeMean(network: Mlp, samples: NativeSamples, options: GradientOptions): NativeMean {
  checkNames(['rows', 'mask', 'threads'], options);
  checkJobOptions(options);
  const { rows, mask, threads } = options;
  checkSamples('samples', samples, network);
  if (rows !== undefined) {
    const fit = rows instanceof Uint32Array && rows.length > 0 && rows.every((row) => row < samples.rows);
    if (!fit) throw unexpected('ERR_ARGUMENT', 'rows', `a Uint32Array of rows below ${samples.rows}`, rows);
  }
  return {
    network: network.native,
    parameters: checkFinite(applyMask(network.parameters, mask, network.weights)),
    samples,
    rows,
    threads: threads ?? defaultThreads(),
  };
}

/** @throws LegcnetError ERR_ARGUMENT for what is none, is empty, or does not fit the network */
export function checkSamples(name: string, samples: NativeSamples, { sizes }: Mlp): void {
  const [inputs, outputs] = [sizes[0], sizes.at(-1)];
  const fit = samples instanceof native.Samples && samples.columns === inputs && samples.outputs === outputs;
  if (fit && samples.rows > 0) return;
  const expected = `samples of toNativeSamples with at least one row, ${plural(inputs!, 'input')} and ${plural(outputs!, 'output')}`;
  throw unexpected('ERR_ARGUMENT', name, expected, samples);
}

/**
 * Parameters with the pruned weights at 0: a copy, or the array itself when nothing is pruned.
 * @throws LegcnetError ERR_ARGUMENT for a mask of another length
 */
export function applyMask(parameters: Float64Array, mask: Uint8Array | undefined, weights: number): Float64Array {
  if (mask === undefined) return parameters;
  if (!(mask instanceof Uint8Array && mask.length === weights)) {
    throw unexpected('ERR_ARGUMENT', 'mask', `a Uint8Array of ${weights}`, mask);
  }
  const left = parameters.slice();
  for (let i = 0; i < weights; i++) if (mask[i] === 0) left[i] = 0; // a loop, since map takes five times as long
  return left;
}

/** @throws LegcnetError ERR_ARGUMENT */
export function checkFinite(values: Float64Array, name = 'parameters'): Float64Array {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw unexpected('ERR_ARGUMENT', `${name}[${i}]`, 'a finite number', values[i]);
  }
  return values;
}
