/** Where the windows of a run lie. */
import { LegcnetError } from '../errors.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../lyapunov/options.js';
import { windowStarts, windowStride } from '../lyapunov/windows.js';
import type { Mlp } from '../network/mlp.js';
import type { WatchOptions } from '../network/train.js';
import type { PruneConfig } from './config.js';
import type { PreparedData } from './data.js';
import { plural } from '../plural.js';

/** Below this there is no score at all. */
export const LEAST_WINDOWS = 10;

/**
 * Iterates between the starts of two windows: window (1 - overlap), rounded, at least 1; smaller, but not below a sixth
 * of the window, where fewer than `minWindows` would fit into `iterates`.
 */
export function strideFor(iterates: number, window: number, overlap: number, minWindows: number): number {
  const stride = windowStride(window, overlap);
  if (windowCount(iterates, window, stride) >= minWindows || minWindows < 2) return stride;
  const wanted = Math.floor((iterates - window) / (minWindows - 1));
  return Math.min(stride, Math.max(wanted, Math.ceil(window / 6), 1));
}

const windowCount = (iterates: number, window: number, stride: number): number =>
  windowStarts(iterates, window, stride).length;

/**
 * @param config of `ft` or `pt`
 * @param mask of the training; the twin's moved weight is then one that is left
 * @throws LegcnetError ERR_TOO_SHORT when fewer than 10 windows fit into the longest possible training
 */
export function planWatch(config: PruneConfig, data: PreparedData, network: Mlp, mask?: Uint8Array): WatchOptions {
  const stepsPerEpoch = Math.ceil(data.rows.train / config.batchSize);
  const lastIterate = Math.ceil(stepsPerEpoch * watchedEpochs(config));
  const stride = strideFor(lastIterate + 1, config.window, config.overlap, config.minWindows);
  const windows = windowCount(lastIterate + 1, config.window, stride);
  if (windows < LEAST_WINDOWS) throw tooFewWindows(windows, config);
  return {
    series: config.series,
    perturbedWeight: leftWeight(perturbedWeight(config, data, network), network, mask),
    perturbation: config.perturbation,
    window: config.window,
    stride,
    lastIterate,
    target: config.target,
    lyapunov: resolveExponent(Object.fromEntries(EXPONENT_OPTIONS.map((name) => [name, config[name]]))),
    ...(config.weightLog === undefined ? {} : { log: config.weightLog }),
  };
}

export const tooFewWindows = (windows: number, { window, method }: PruneConfig): LegcnetError =>
  new LegcnetError(
    'ERR_TOO_SHORT',
    `only ${plural(windows, 'window')} of ${plural(window, 'iterate')} ${windows === 1 ? 'fits' : 'fit'} into the watched part of training; at least ${LEAST_WINDOWS} are ` +
      `needed to score weights. Train for more epochs, ${method === 'pt' ? 'watch a larger part (partial), ' : ''}` +
      'or use shorter windows or more overlap',
    { subject: 'window', expected: `at least ${LEAST_WINDOWS} windows`, received: windows },
  );

/** Whole epochs that a training has to have for what is watched. */
export function epochsToWatch({ lastIterate = 0 }: WatchOptions, config: PruneConfig, data: PreparedData): number {
  return Math.min(config.epochs, Math.ceil(lastIterate / Math.ceil(data.rows.train / config.batchSize)));
}

/** Epochs that the watched part covers at most; a fraction for a percentage. */
function watchedEpochs({ method, partial, epochs }: PruneConfig): number {
  if (method === 'ft') return epochs;
  return 'percent' in partial ? (epochs * partial.percent) / 100 : Math.min(epochs, partial.epochs);
}

/** Weight [0, j] of the first layer hangs on feature j. */
function perturbedWeight({ perturbedWeight: chosen }: PruneConfig, data: PreparedData, network: Mlp): number {
  if (chosen === 'first') return 0;
  if (chosen === 'first-varying') return data.varying.first;
  if (chosen === 'most-varying') return data.varying.most;
  if (chosen >= network.weights) {
    throw new LegcnetError('ERR_OPTION', `there is no weight ${chosen}: the network has ${network.weights}`, {
      subject: 'perturbedWeight',
      expected: `an index below ${network.weights}`,
      received: chosen,
    });
  }
  return chosen;
}

/** The weight, or where it is pruned the first one left on its input, or else the first one left in its layer. */
function leftWeight(weight: number, { layers }: Mlp, mask: Uint8Array | undefined): number {
  if (!mask || mask[weight] === 1) return weight;
  const layer = layers.findLast(({ offset }) => offset <= weight) as Mlp['layers'][number];
  const { offset, inputs, outputs } = layer;
  for (let w = offset + ((weight - offset) % inputs); w < offset + inputs * outputs; w += inputs) {
    if (mask[w] === 1) return w;
  }
  const first = mask.subarray(offset, offset + inputs * outputs).indexOf(1);
  return first < 0 ? weight : offset + first;
}
