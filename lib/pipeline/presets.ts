/**
 * Defaults that depend on the preset, the variant and the data set. Later ones win: the option table, the data set's
 * network and training, the preset, what the caller gives.
 */
import type { OptionValues } from '../options.js';

type Preset = 'authors' | 'paper' | 'strict';

/** The networks and rates of the authors' published code, by data set. */
const NETWORKS: Record<string, OptionValues & { readonly cap: number; readonly benchmark: number }> = {
  iris: { layers: [6], learningRate: 0.05, window: 160, cap: 250, benchmark: 0.95 },
  cancer: { layers: [6], learningRate: 0.01, window: 200, cap: 100, benchmark: 0.9 },
  titanic: { layers: [8], learningRate: 0.1, window: 250, cap: 100, benchmark: 0.74 },
  mnist: { layers: [50, 30], learningRate: 0.5, batchSize: 128, window: 200, cap: 30, benchmark: 0.92 },
};
/** For data we know nothing of. */
const ANY = { layers: [8], learningRate: 0.1, window: 200, cap: 100, benchmark: 0.9 };

/** What authors and paper have in common: train to a benchmark, prune by verdict. */
const PUBLISHED: OptionValues = {
  overlap: 0.1,
  exponent: 'one-step',
  embeddingDimension: 2,
  delay: 1,
  theilerWindow: 0,
  horizon: 3,
  maxLag: 14,
  lagOrder: 'min-p',
  statistic: 'ssr-chi2test',
  stationarity: 'none',
  pRounding: 4,
  correction: 'none',
  alpha: 0.05,
  selection: 'threshold',
  prune: 'non-causal',
  init: 'gaussian',
  accuracyRule: 'exact-match',
  shuffle: false,
  split: [0.2],
};

const PRESETS: Record<Preset, OptionValues> = {
  authors: {
    ...PUBLISHED,
    series: 'weights',
    quantise: 6,
    minRange: 1e-5,
    meanChange: true,
    textRounding: true,
    target: 'test',
    failedTest: 'causal',
    maxMissing: 1,
  },
  paper: {
    ...PUBLISHED,
    series: 'difference',
    perturbedWeight: 'first',
    window: 200,
    target: 'train',
    failedTest: 'undecided',
    scaling: 'standard',
  },
  strict: {
    series: 'difference',
    // On MNIST the first input that varies is 0 in nearly every image: what reaches the other weights is rounding noise.
    perturbedWeight: 'most-varying',
    overlap: 0.1,
    minWindows: 100,
    exponent: 'fit',
    embeddingDimension: 2,
    delay: 1,
    target: 'validation',
    maxLag: 6,
    lagOrder: 'target-bic',
    statistic: 'ssr-ftest',
    stationarity: 'difference',
    failedTest: 'skip-lag',
    correction: 'bh',
    alpha: 0.05,
    selection: 'within',
    within: 0.01,
    density: 'erdos-renyi',
    scaling: 'standard',
    split: [0.2, 0.2],
  },
};

/** Windows and exponents of `strict`: long ones for FT, short ones for PT, which sees a tenth of the iterates. */
const STRICT_SERIES: Record<'ft' | 'pt', OptionValues> = {
  ft: { window: 50, theilerWindow: 3, horizon: 6, fit: [0, 6] },
  pt: { window: 24, theilerWindow: 2, horizon: 4, fit: [0, 4] },
};

/** The settings that reproduce the published PT masks of iris. */
const AUTHORS_PARTIAL: OptionValues = { window: 50, partial: { epochs: 20 } };

/** How the authors scale each of their sets. */
const AUTHORS_SCALING: Record<string, OptionValues> = {
  iris: { scaling: 'standard', refitScaling: true },
  cancer: { scaling: 'per-sample' },
  titanic: { scaling: 'per-sample' },
  mnist: { scaling: 'none' },
};

/** The defaults of one run. `dataset`: the name of a built-in set, or anything else for the user's own data. */
export function presetDefaults(preset: Preset, method: 'ft' | 'pt', dataset: string): OptionValues {
  const { cap, benchmark, ...network } = NETWORKS[dataset] ?? ANY;
  const images = dataset === 'mnist';
  return {
    ...network,
    epochs: preset === 'strict' && images ? 12 : cap,
    ...(preset === 'strict' ? {} : { untilAccuracy: benchmark }),
    ...PRESETS[preset],
    ...(preset === 'strict' ? STRICT_SERIES[method] : {}),
    ...(preset === 'authors' && method === 'pt' ? AUTHORS_PARTIAL : {}),
    ...(preset === 'authors' ? { scaling: 'standard', ...AUTHORS_SCALING[dataset] } : {}),
    ...(images ? imageDefaults(preset) : {}),
  };
}

/** MNIST: softmax outputs, its own test part. */
function imageDefaults(preset: Preset): OptionValues {
  const common: OptionValues = { outputActivation: 'softmax', accuracyRule: 'argmax' };
  if (preset === 'authors') return { ...common, split: [] };
  // An image in 10,000 is judged differently in single precision, if at all; it takes half the time.
  const single: OptionValues = { ...common, evaluationScalar: 'float32' };
  if (preset === 'paper') return { ...single, scaling: 'pixel', split: [] };
  return { ...single, loss: 'cross-entropy', scaling: 'pixel', split: [1 / 6] };
}
