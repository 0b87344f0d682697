import { type NdArray, sizeOf } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { type JobOptions, defaultThreads, native, runTask } from '../native.js';
import { Mlp } from '../network/mlp.js';
import { type ResolvedOptions, checkJobOptions, resolveOptions } from '../options.js';

/** Options of `spectrum`, by their names in the table. */
export const SPECTRUM_OPTIONS = ['randomise', 'fixFingers', 'seed', 'threads'] as const;
type Resolved = ResolvedOptions<(typeof SPECTRUM_OPTIONS)[number]>;

/** Options of `spectrum`; the option table states the defaults. `seed` is that of the shuffles. */
export interface SpectrumOptions extends Partial<Omit<Resolved, 'threads'>>, JobOptions {}

/** A matrix [rows, columns], row-major, and what to call it. */
export interface NamedMatrix {
  readonly name: string;
  readonly matrix: NdArray;
}

/** alpha below 2, alpha above 6, a correlation trap. */
export type SpectrumWarning = 'over-trained' | 'under-trained' | 'correlation-trap';

/** Every candidate for xmin in ascending order, with its alpha and its Kolmogorov-Smirnov distance D. */
export interface PowerLawScan {
  readonly xmin: Float64Array;
  /** Infinite where all eigenvalues from xmin on are equal. */
  readonly alpha: Float64Array;
  readonly distance: Float64Array;
}

/** A fitted tail p(lambda) = (alpha - 1) / xmin (lambda / xmin)^-alpha from xmin on. */
export type PowerLaw = { readonly scan: PowerLawScan } & (
  | {
      readonly status: 'ok';
      readonly alpha: number;
      readonly xmin: number;
      /** Largest eigenvalue that the fit uses. */
      readonly xmax: number;
      /** D, the Kolmogorov-Smirnov distance between the tail and the fit. */
      readonly distance: number;
      /** Standard error of alpha. */
      readonly sigma: number;
      /** Eigenvalues in the tail: num_pl_spikes. */
      readonly spikes: number;
      /** Eigenvalues that `fixFingers: 'clip-xmax'` dropped. */
      readonly fingers: number;
      /** alpha log10 lambda_max. */
      readonly alphaWeighted: number;
      /** log10 sum lambda^alpha. */
      readonly logAlphaNorm: number;
    }
  /** Fewer than two eigenvalues above 1e-5, or no two that differ. */
  | { readonly status: 'no-tail' }
);

/** A bulk of noise and what sticks out of it. `x` is an eigenvalue times scale^2, so that the mean is 1. */
export type MarchenkoPastur = {
  /** The search's grid of sigma, and the summed squared residuals: infinite where sigma is not acceptable. */
  readonly grid: { readonly sigma: Float64Array; readonly residual: Float64Array };
} & (
  | {
      /**
       * `rejected`: whatever sigma, the bulk would end below the mode of the density or beyond its last point, or begin
       * above the mode. Sigma is then the grid's first, as weightwatcher has it, and means nothing.
       */
      readonly status: 'ok' | 'rejected';
      /** Standard deviation of the noise, in units of x. */
      readonly sigma: number;
      /** W_scale. */
      readonly scale: number;
      /** Edges of the bulk, in units of lambda; bulkMax is lambda_plus. */
      readonly bulkMin: number;
      readonly bulkMax: number;
      /** Where spikes begin, bulkMax and a Tracy-Widom margin, in units of lambda. */
      readonly cutoff: number;
      /** mp_softrank: bulkMax / lambda_max. */
      readonly softrank: number;
      /** Eigenvalues above the cut-off: num_spikes. */
      readonly spikes: number;
    }
  /** No eigenvalue above 0. */
  | { readonly status: 'no-fit' }
);

/** The spectrum of the same entries in random places. */
export interface RandomisedSpectrum {
  /** Of five shuffles (one where M >= 100), pooled, ascending. */
  readonly eigenvalues: Float64Array;
  /** max_rand_eval. */
  readonly maxEigenvalue: number;
  readonly marchenkoPastur: MarchenkoPastur;
  /** Whether shuffled entries still have spikes (of a fit that is `ok`): single entries stand out, not correlations. */
  readonly correlationTrap: boolean;
  /** Eigenvalues of one more shuffle, ascending; what follows compares with it. */
  readonly single: Float64Array;
  /** rand_distance: square root of the Jensen-Shannon divergence of the sorted spectra, each scaled to sum 1. */
  readonly distance: number;
  /** ww_softrank: its largest eigenvalue / lambda_max. */
  readonly softrank: number;
  /** ww_maxdist: lambda_max - its largest eigenvalue. */
  readonly maxdist: number;
}

export interface MatrixFacts {
  readonly name: string;
  /** [rows, columns]. */
  readonly shape: readonly [number, number];
  /** Larger side, smaller side, N / M (0 for an empty matrix). */
  readonly N: number;
  readonly M: number;
  readonly Q: number;
}

/** What `spectrum` says of one matrix. Numbers are there only where `status` is `ok`. */
export type LayerSpectrum = MatrixFacts &
  (
    | {
        readonly status: 'ok';
        /** The ESD: lambda = sigma^2 of W, M of them, ascending. */
        readonly eigenvalues: Float64Array;
        /** sum lambda, and log10 of it. */
        readonly norm: number;
        readonly logNorm: number;
        /** lambda_max, and log10 of it. */
        readonly spectralNorm: number;
        readonly logSpectralNorm: number;
        /** sum lambda / lambda_max. */
        readonly stableRank: number;
        /** Singular values above s_max N eps. */
        readonly matrixRank: number;
        /** 0 to 1: -sum p ln p / ln rank; 0 at rank 1. */
        readonly entropy: number;
        readonly powerLaw: PowerLaw;
        readonly marchenkoPastur: MarchenkoPastur;
        /** Absent with `randomise: false`. */
        readonly randomised?: RandomisedSpectrum;
        readonly warnings: readonly SpectrumWarning[];
      }
    /** M < 10; NaN or infinity in float32; nothing but zeros. */
    | { readonly status: 'too-small' | 'non-finite' | 'zero' }
  );

interface NativePowerLaw {
  readonly found: boolean;
  readonly alpha: number;
  readonly xmin: number;
  readonly xmax: number;
  readonly distance: number;
  readonly sigma: number;
  readonly spikes: number;
  readonly fingers: number;
  readonly alphaWeighted: number;
  readonly logAlphaNorm: number;
  readonly scanXmin: Float64Array;
  readonly scanAlpha: Float64Array;
  readonly scanDistance: Float64Array;
}

interface NativeBulk {
  readonly found: boolean;
  readonly accepted: boolean;
  readonly sigma: number;
  readonly scale: number;
  readonly bulkMin: number;
  readonly bulkMax: number;
  readonly cutoff: number;
  readonly softrank: number;
  readonly spikes: number;
  readonly gridSigma: Float64Array;
  readonly gridResidual: Float64Array;
}

interface NativeRandomised
  extends Pick<RandomisedSpectrum, 'eigenvalues' | 'single' | 'distance' | 'softrank' | 'maxdist'> {
  readonly bulk: NativeBulk;
}

type Norms = Omit<
  Extract<LayerSpectrum, { status: 'ok' }>,
  keyof MatrixFacts | 'status' | 'powerLaw' | 'marchenkoPastur' | 'randomised' | 'warnings'
>;

type NativeSpectrum =
  | { readonly status: 1 | 2 | 3 }
  | (Norms & {
      readonly status: 0;
      readonly powerLaw: NativePowerLaw;
      readonly bulk: NativeBulk;
      readonly randomised?: NativeRandomised;
    });

declare module '../native.js' {
  interface NativeModule {
    spectrum(options: {
      entries: Float64Array;
      rows: Uint32Array;
      columns: Uint32Array;
      fixFingers: Resolved['fixFingers'];
      randomise: boolean;
      seed: number;
      threads: number;
    }): NativeTask<NativeSpectrum[]>;
    fitEigenvalues(options: {
      eigenvalues: Float64Array;
      larger: number;
      smaller: number;
      fixFingers: Resolved['fixFingers'];
    }): NativeTask<{ powerLaw: NativePowerLaw; bulk: NativeBulk }>;
  }
}

const STATUSES = ['ok', 'too-small', 'non-finite', 'zero'] as const;
/** Outside these a layer is called over- or under-trained. */
const ALPHA = { low: 2, high: 6 };

/**
 * WeightWatcher's quantities of weight matrices (Martin, Peng, Mahoney, Nature Communications 12, 4122, 2021): the power
 * law in the tail of the spectrum, norms, the Marchenko-Pastur bulk and its spikes, and the same for shuffled entries.
 * Agrees with weightwatcher 0.7 to 1e-9. Each matrix is cast to float32 first, as there.
 *
 * A pruned network is a network: its zeros are entries like others. The result for a matrix depends on the seed and on its
 * place in the list, not on `threads`. Progress counts decompositions. Cost: O(N M^2) a matrix and shuffle (seven in
 * all, three where M >= 100).
 *
 * @param input a network (its W1, W2, ..., biases left out), a matrix [rows, columns], or matrices with names
 * @throws LegcnetError ERR_ARGUMENT for what is no matrix, ERR_OPTION; `signal.reason` when aborted
 */
export async function spectrum(
  input: Mlp | NdArray | readonly NamedMatrix[],
  options: SpectrumOptions = {},
): Promise<LayerSpectrum[]> {
  const { threads, ...resolved } = resolveOptions(SPECTRUM_OPTIONS, options);
  checkJobOptions(options);
  const matrices = matricesOf(input);
  const entries = new Float64Array(matrices.reduce((sum, { matrix }) => sum + matrix.data.length, 0));
  let end = 0;
  for (const { matrix } of matrices) {
    entries.set(matrix.data, end);
    end += matrix.data.length;
  }
  const extents = (axis: 0 | 1): Uint32Array => Uint32Array.from(matrices, ({ matrix }) => matrix.shape[axis]!);
  const results = await runTask(
    () =>
      native.spectrum({
        entries,
        rows: extents(0),
        columns: extents(1),
        ...resolved,
        threads: threads ?? defaultThreads(),
      }),
    options,
  );
  return results.map((result, i) => toLayer(matrices[i]!, result));
}

/**
 * The two fits alone, for eigenvalues from elsewhere. Cost, with n eigenvalues: O(n^2), with `fixFingers: 'clip-xmax'`
 * up to eleven times that, and 1000 n at most for the bulk.
 *
 * @param eigenvalues of W'W, in any order; those of several matrices of one shape may be pooled
 * @param shape of the matrix: only its sides' ratio and its smaller side count
 * @throws LegcnetError ERR_ARGUMENT for eigenvalues that are negative or not finite or an empty shape, ERR_OPTION;
 *   `signal.reason` when aborted
 */
export async function fitEigenvalues(
  eigenvalues: Float64Array,
  shape: readonly [number, number],
  options: Pick<SpectrumOptions, 'fixFingers' | 'signal' | 'onProgress'> = {},
): Promise<{ powerLaw: PowerLaw; marchenkoPastur: MarchenkoPastur }> {
  const { fixFingers } = resolveOptions(['fixFingers'], options);
  checkJobOptions(options);
  if (!(eigenvalues instanceof Float64Array) || !eigenvalues.every((value) => Number.isFinite(value) && value >= 0)) {
    throw unexpected('ERR_ARGUMENT', 'eigenvalues', 'a Float64Array of finite numbers of at least 0', eigenvalues);
  }
  if (!isShape(shape) || shape.includes(0)) {
    throw unexpected('ERR_ARGUMENT', 'shape', '[rows, columns], whole numbers of at least 1', shape);
  }
  const { powerLaw, bulk } = await runTask(
    () => native.fitEigenvalues({ eigenvalues, larger: Math.max(...shape), smaller: Math.min(...shape), fixFingers }),
    options,
  );
  return { powerLaw: toPowerLaw(powerLaw), marchenkoPastur: toMarchenkoPastur(bulk) };
}

/**
 * The density that a Marchenko-Pastur fit draws, in units of x = scale^2 lambda; for a square matrix (Q = 1) that of
 * sqrt x, the quarter circle. 0 outside the bulk. O(1).
 *
 * @param Q N / M of the matrix, at least 1
 * @param sigma standard deviation of the noise, in units of x
 */
export function marchenkoPasturDensity(x: number, Q: number, sigma: number): number {
  if (Q === 1) return x >= 0 && x <= 2 ? Math.sqrt(4 - x * x) / (Math.PI * sigma ** 2) : 0;
  const low = (sigma * (1 - 1 / Math.sqrt(Q))) ** 2;
  const high = (sigma * (1 + 1 / Math.sqrt(Q))) ** 2;
  return x > low && x < high ? (Q / (2 * Math.PI * sigma ** 2 * x)) * Math.sqrt((high - x) * (x - low)) : 0;
}

const isShape = (shape: unknown): shape is readonly [number, number] =>
  Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32);

function matricesOf(input: Mlp | NdArray | readonly NamedMatrix[]): NamedMatrix[] {
  if (input instanceof Mlp) {
    return input.layers.map(({ name, inputs, outputs, offset }) => ({
      name,
      matrix: { data: input.parameters.subarray(offset, offset + inputs * outputs), shape: [outputs, inputs] },
    }));
  }
  const list = Array.isArray(input) ? (input as readonly NamedMatrix[]) : [{ name: 'W', matrix: input as NdArray }];
  return list.map((entry, i) => {
    const { name, matrix } = (entry ?? {}) as Partial<NamedMatrix>;
    const { data, shape } = matrix ?? {};
    const fits = ArrayBuffer.isView(data) && isShape(shape) && sizeOf(shape) === data.length;
    if (!fits || typeof name !== 'string') {
      throw unexpected(
        'ERR_ARGUMENT',
        name ?? `matrices[${i}]`,
        'a network, or a matrix [rows, columns]',
        shape ?? entry,
      );
    }
    return { name, matrix: matrix! };
  });
}

function toLayer({ name, matrix }: NamedMatrix, result: NativeSpectrum): LayerSpectrum {
  const [rows = 0, columns = 0] = matrix.shape;
  const [N, M] = [Math.max(rows, columns), Math.min(rows, columns)];
  const facts: MatrixFacts = { name, shape: [rows, columns], N, M, Q: M === 0 ? 0 : N / M };
  if (result.status !== 0) return { ...facts, status: STATUSES[result.status] as 'too-small' | 'non-finite' | 'zero' };
  const { powerLaw: tail, bulk, randomised: shuffled, status: _, ...norms } = result;
  const powerLaw = toPowerLaw(tail);
  const randomised = shuffled && toRandomised(shuffled);
  const warnings: SpectrumWarning[] = [];
  if (powerLaw.status === 'ok' && powerLaw.alpha < ALPHA.low) warnings.push('over-trained');
  if (powerLaw.status === 'ok' && powerLaw.alpha > ALPHA.high) warnings.push('under-trained');
  if (randomised?.correlationTrap) warnings.push('correlation-trap');
  const marchenkoPastur = toMarchenkoPastur(bulk);
  return { ...facts, status: 'ok', ...norms, powerLaw, marchenkoPastur, ...(randomised && { randomised }), warnings };
}

function toPowerLaw({ found, scanXmin, scanAlpha, scanDistance, ...fit }: NativePowerLaw): PowerLaw {
  const scan = { xmin: scanXmin, alpha: scanAlpha, distance: scanDistance };
  return found ? { status: 'ok', ...fit, scan } : { status: 'no-tail', scan };
}

function toMarchenkoPastur({ found, accepted, gridSigma, gridResidual, ...fit }: NativeBulk): MarchenkoPastur {
  const grid = { sigma: gridSigma, residual: gridResidual };
  return found ? { status: accepted ? 'ok' : 'rejected', ...fit, grid } : { status: 'no-fit', grid };
}

function toRandomised({ bulk, ...shuffled }: NativeRandomised): RandomisedSpectrum {
  const marchenkoPastur = toMarchenkoPastur(bulk);
  return {
    ...shuffled,
    maxEigenvalue: shuffled.eigenvalues.at(-1)!,
    marchenkoPastur,
    correlationTrap: marchenkoPastur.status === 'ok' && marchenkoPastur.spikes > 0,
  };
}
