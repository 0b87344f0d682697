/** Sensitivity of training to its initial weights, and what exponents of it mean beside those of noise. */
import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../data/datasets.js';
import { RandomState } from '../data/numpy-random.js';
import { LegcnetError, unexpected } from '../errors.js';
import { lyapunovExponents } from '../lyapunov/lyapunov.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../lyapunov/options.js';
import { windowStarts, windowStride } from '../lyapunov/windows.js';
import { type JobOptions, type Progress, defaultThreads, native, runTask } from '../native.js';
import { Mlp } from '../network/mlp.js';
import type { NativeSamples } from '../network/samples.js';
import { type OptionName, type OptionValues, checkJobOptions, options as table, resolveOptions } from '../options.js';
import { PRUNE_OPTIONS, type PruneConfig, resolveConfig } from '../pipeline/config.js';
import { prepareData } from '../pipeline/data.js';
import { networkOptions } from '../pipeline/prune.js';
import { mean, normals, quantile } from '../pipeline/referee-statistics.js';
import { version } from '../pipeline/version.js';
import { plural } from '../plural.js';

const OWN_OPTIONS = ['sampleWeights'] as const;
const UNUSED: readonly string[] = [
  ...['method', 'scalar', 'evaluationScalar', 'exponentScalar', 'maxMissing', 'untilAccuracy', 'stopPart', 'series'],
  ...['perturbedWeight', 'minWindows', 'partial', 'weightLog', 'out', 'accuracyRule'],
];

/** Options of `sensitivity`: those that say how the network is made and trained and how exponents are computed. */
export const SENSITIVITY_OPTIONS: readonly OptionName[] = [
  ...OWN_OPTIONS,
  ...PRUNE_OPTIONS.filter(
    (name) => !UNUSED.includes(name) && !['test', 'selection', 'criterion'].includes(table[name].group),
  ),
];

declare module '../native.js' {
  interface NativeModule {
    weightSensitivity(options: {
      network: Mlp['native'];
      parameters: Float64Array;
      samples: NativeSamples;
      perturbed: Uint32Array;
      batchSize: number;
      learningRate: number;
      shuffle: boolean;
      seed: number;
      epochs: number;
      perturbation: number;
      threads: number;
    }): NativeTask<{ iterates: number; difference: Float64Array; distance: Float64Array }>;
  }
}

/** Surrogates of a window: noise with its mean and variance, and noise with its spectrum as well. */
export const SURROGATES = ['white-noise', 'phase-randomised'] as const;
export type Surrogate = (typeof SURROGATES)[number];

export interface WeightSensitivity {
  /** Index, and the layer it is in. */
  readonly weight: number;
  readonly layer: string;
  /** Windows of its difference series that have an exponent. */
  readonly windows: number;
  /** Mean exponent of those windows, nats per step; null where there is none. */
  readonly exponent: number | null;
  readonly surrogates: Readonly<Record<Surrogate, number | null>>;
  /**
   * ln(distance at the end / at the start) / steps, of all weights of the twin from the network's: the finite-time
   * Lyapunov exponent of training in the direction of this weight. Null where the twin ended as the same network.
   */
  readonly growth: number | null;
}

export interface Share {
  /** Weights with an exponent, and the share of them whose exponent is above 0. */
  readonly weights: number;
  readonly positive: number;
  readonly mean: number;
}

export interface SensitivityRecord {
  readonly legcnet: string;
  readonly command: 'sensitivity';
  readonly data: string;
  readonly network: { readonly sizes: readonly number[]; readonly weights: number };
  readonly config: object;
  readonly epochs: number;
  readonly iterates: number;
  readonly window: number;
  readonly stride: number;
  readonly weights: readonly WeightSensitivity[];
  readonly share: Readonly<Record<'series' | Surrogate | 'growth', Share>>;
  /** Median over twins of distance at the end / at the start. */
  readonly spread: number;
  /** In plain words. */
  readonly verdict: readonly string[];
}

export interface SensitivityProgress extends Progress {
  readonly stage: 'training' | 'exponents';
}

export interface SensitivityRunOptions extends OptionValues {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SensitivityProgress) => void) | undefined;
}

/**
 * Perturbs each weight in turn (or `sampleWeights` of them, drawn by the seed), trains all twins together beside the
 * network, and computes the exponents of the difference that the perturbed weight itself shows, window by window, as the
 * paper's section 2.1 does; beside them the same statistic for surrogates of the same windows, white noise and
 * phase-randomised (Theiler et al. 1992), and the growth of the distance between twin and network. In float64.
 *
 * The same bits for any number of threads. Cost O((1 + twins) x training) and O(windows x window^2) a weight for the
 * surrogates; memory 16 bytes x twins x iterates.
 *
 * @param data name or path as `loadDataset` takes it, or a Dataset
 * @throws LegcnetError ERR_OPTION; ERR_DATA, ERR_FILE; ERR_TOO_SHORT when no window fits; ERR_DIVERGED; `signal.reason`
 *   when aborted
 */
export async function sensitivity(
  data: Dataset | string,
  options: SensitivityRunOptions = {},
): Promise<SensitivityRecord> {
  const { signal, onProgress, sampleWeights: sampled, ...given } = options;
  checkJobOptions(options);
  const { sampleWeights } = resolveOptions(OWN_OPTIONS, { sampleWeights: sampled });
  for (const name of Object.keys(given)) {
    if (SENSITIVITY_OPTIONS.includes(name as OptionName)) continue;
    throw unexpected(
      'ERR_OPTION',
      name,
      `one of ${SENSITIVITY_OPTIONS.join(', ')}`,
      (given as OptionValues)[name as OptionName],
    );
  }
  const asked = sensitivityConfig(typeof data === 'string' ? data : data.name, given);
  const prepared = await prepareData(data, asked, given);
  const config = { ...asked, split: [...prepared.split] };
  const sizes = [prepared.features, ...config.layers, prepared.outputs];
  const { init, seed, threads = defaultThreads() } = config;
  const network = await Mlp.random(sizes, { ...networkOptions(config), init, seed });
  const { batchSize, learningRate, shuffle, epochs, perturbation, window, overlap } = config;
  const stride = windowStride(window, overlap);
  const steps = Math.ceil(prepared.rows.train / batchSize);
  const starts = [...windowStarts(epochs * steps + 1, window, stride)];
  if (starts.length === 0) throw tooShort(config, epochs * steps + 1);

  const perturbed = chooseWeights(network.weights, sampleWeights, seed);
  const stage = (name: SensitivityProgress['stage']): JobOptions => ({
    threads,
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress: Progress) => onProgress({ stage: name, ...progress }) }),
  });
  const { iterates, difference, distance } = await runTask(
    () =>
      native.weightSensitivity({
        network: network.native,
        parameters: network.parameters,
        samples: prepared.parts.train,
        ...{ perturbed, batchSize, learningRate, shuffle, seed, epochs, perturbation, threads },
      }),
    stage('training'),
  );
  const diverged = distance.findIndex((d) => !Number.isFinite(d));
  if (diverged >= 0) {
    throw new LegcnetError('ERR_DIVERGED', `training diverged: lower the learning rate (it is ${learningRate})`, {
      subject: 'learningRate',
      expected: 'finite weights',
      received: learningRate,
    });
  }

  const exponent = resolveExponent(Object.fromEntries(EXPONENT_OPTIONS.map((name) => [name, config[name]])));
  const weights: WeightSensitivity[] = [];
  const ratios: number[] = [];
  for (const [t, weight] of perturbed.entries()) {
    const series = difference.subarray(t * iterates, (t + 1) * iterates);
    const found = await exponentsBeside(series, starts, window, exponent, weight, {
      threads,
      ...(signal && { signal }),
    });
    const ratio = (distance[(t + 1) * iterates - 1] as number) / (distance[t * iterates] as number);
    ratios.push(ratio);
    const layer = network.layers.findLast(({ offset }) => offset <= weight)?.name as string;
    weights.push({ weight, layer, ...found, growth: ratio > 0 ? Math.log(ratio) / (iterates - 1) : null });
    onProgress?.({ stage: 'exponents', done: t + 1, total: perturbed.length });
  }
  const share = {
    series: shareOf(weights.map((one) => one.exponent)),
    'white-noise': shareOf(weights.map(({ surrogates }) => surrogates['white-noise'])),
    'phase-randomised': shareOf(weights.map(({ surrogates }) => surrogates['phase-randomised'])),
    growth: shareOf(weights.map(({ growth }) => growth)),
  };
  const spread = quantile(Float64Array.from(ratios).sort(), 0.5);
  const used = Object.entries(config).filter(
    ([name]) => name !== 'threads' && SENSITIVITY_OPTIONS.includes(name as OptionName),
  );
  return {
    legcnet: version,
    command: 'sensitivity',
    data: prepared.name,
    network: { sizes, weights: network.weights },
    config: { ...Object.fromEntries(used), sampleWeights },
    ...{ epochs, iterates, window, stride, weights, share, spread },
    verdict: verdictOn(share, spread),
  };
}

/** All weights, or so many of them by the seed, ascending. */
/** The configuration of the network and its training, of options that have been looked at. @throws LegcnetError ERR_OPTION */
export const sensitivityConfig = (dataset: string, given: OptionValues): PruneConfig =>
  resolveConfig(dataset, {
    ...given,
    ...{ series: 'difference', scalar: 'float64', selection: 'sparsity', sparsity: 0 },
  });

function chooseWeights(weights: number, most: number, seed: number): Uint32Array {
  if (most >= weights) return Uint32Array.from({ length: weights }, (_, w) => w);
  return Uint32Array.from(new RandomState(seed).permutation(weights).subarray(0, most)).sort();
}

/** Mean exponents of a series' windows and of their surrogates. Windows without an exponent have no surrogates. */
async function exponentsBeside(
  series: Float64Array,
  starts: readonly number[],
  window: number,
  options: ReturnType<typeof resolveExponent>,
  seed: number,
  job: JobOptions,
): Promise<Pick<WeightSensitivity, 'windows' | 'exponent' | 'surrogates'>> {
  const rows = starts.map((start) => series.subarray(start, start + window));
  const own = await exponentsOf(rows, options, job);
  const moving = rows.filter((_, i) => own[i] !== null);
  const normal = normals(seed);
  const surrogates: { [S in Surrogate]?: number | null } = {};
  for (const kind of SURROGATES) {
    const made: Float64Array[] = [];
    for (const row of moving) {
      made.push(kind === 'white-noise' ? whiteNoise(row, normal) : randomisePhases(row, normal));
      if (made.length % 8 === 0) await setImmediate();
      job.signal?.throwIfAborted();
    }
    surrogates[kind] = meanOf(await exponentsOf(made, options, job));
  }
  return { windows: moving.length, exponent: meanOf(own), surrogates: surrogates as WeightSensitivity['surrogates'] };
}

async function exponentsOf(
  rows: readonly Float64Array[],
  options: ReturnType<typeof resolveExponent>,
  job: JobOptions,
): Promise<(number | null)[]> {
  if (rows.length === 0) return [];
  const window = (rows[0] as Float64Array).length;
  const data = new Float64Array(rows.length * window);
  rows.forEach((row, i) => data.set(row, i * window));
  const { exponent, status } = await lyapunovExponents({ data, shape: [rows.length, window] }, { ...options, ...job });
  return status.map((one, i) => (one === 'ok' ? (exponent[i] as number) : null));
}

const present = (values: readonly (number | null)[]): number[] =>
  values.filter((value): value is number => value !== null);

function meanOf(values: readonly (number | null)[]): number | null {
  const there = present(values);
  return there.length === 0 ? null : mean(there);
}

function shareOf(values: readonly (number | null)[]): Share {
  const there = present(values);
  const positive = there.filter((value) => value > 0).length;
  return { weights: there.length, positive: positive / there.length, mean: mean(there) };
}

/** Independent normal numbers with the mean and the variance of `row`. */
export function whiteNoise(row: Float64Array, normal: () => number): Float64Array {
  const centre = mean(row);
  const spread = Math.sqrt(mean(row.map((value) => (value - centre) ** 2)));
  return row.map(() => centre + spread * normal());
}

/**
 * A series with the amplitudes of `row`'s Fourier transform and random phases: the same mean and autocorrelation (in a
 * circle), and nothing else of it (Theiler et al. 1992, *Testing for nonlinearity in time series*). O(N^2), any N.
 *
 * @param row [N], finite; not changed
 * @param normal draws a standard normal number at each call
 */
export function randomisePhases(row: Float64Array, normal: () => number): Float64Array {
  const n = row.length;
  const cosine = Float64Array.from({ length: n }, (_, i) => Math.cos((2 * Math.PI * i) / n));
  const sine = Float64Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * i) / n));
  const centre = mean(row);
  const result = new Float64Array(n).fill(centre);
  for (let k = 1; 2 * k <= n; k++) {
    let [re, im] = [0, 0];
    for (let i = 0; i < n; i++) {
      const at = (i * k) % n;
      re += ((row[i] as number) - centre) * (cosine[at] as number);
      im -= ((row[i] as number) - centre) * (sine[at] as number);
    }
    // two normal numbers point in a uniformly random direction; the frequency N/2 is real: its phase is a sign
    const [x, y] = [normal(), normal()];
    const half = 2 * k === n;
    const length = half ? Math.abs(x) : Math.hypot(x, y);
    const [c, s] = [x / length, half ? 0 : y / length];
    const scale = (half ? 1 : 2) / n;
    const [a, b] = [scale * (re * c - im * s), scale * (re * s + im * c)];
    for (let i = 0; i < n; i++) {
      const at = (i * k) % n;
      result[i] = (result[i] as number) + a * (cosine[at] as number) - b * (sine[at] as number);
    }
  }
  return result;
}

function verdictOn(share: SensitivityRecord['share'], spread: number): string[] {
  const percent = ({ positive, weights }: Share): string => (weights === 0 ? '-' : `${(100 * positive).toFixed(1)} %`);
  const { series, growth } = share;
  if (series.weights === 0) return ['No window has an exponent: the differences are below what the guards let pass.'];
  const noise = SURROGATES.map((name) => share[name]);
  const more = noise.every(({ positive }) => series.positive > positive);
  return [
    `${percent(series)} of the ${plural(series.weights, 'perturbed weight')} have a positive exponent, mean ${series.mean.toFixed(3)} nats ` +
      `per step; so have ${percent(share['white-noise'])} of white noise (mean ${share['white-noise'].mean.toFixed(3)}) and ` +
      `${percent(share['phase-randomised'])} of phase-randomised series (mean ${share['phase-randomised'].mean.toFixed(3)})` +
      `${more ? '.' : ': a positive exponent of this kind is no sign of chaos.'}`,
    `${percent(growth)} of the twins end further from the network than they began, the median ${spread.toPrecision(3)} ` +
      `times as far: ${growth.mean.toExponential(1)} nats per step.`,
  ];
}

const tooShort = ({ window }: PruneConfig, iterates: number): LegcnetError =>
  new LegcnetError('ERR_TOO_SHORT', `no window of ${plural(window, 'iterate')} fits into a training of ${iterates}`, {
    subject: 'window',
    expected: `at most ${iterates}`,
    received: window,
  });
