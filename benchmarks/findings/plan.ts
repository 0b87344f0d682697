/** The comparisons that docs/findings.md rests on. */
import type { CompareOptions } from '../../lib/index.js';

/** Each differs from `ft`, the preset `strict`, in what its group says. */
export const VARIANTS = {
  series: ['ft(series=weights)', 'ft(window=200)'],
  exponent: ['ft(exponent=one-step)', 'ft(theilerWindow=0)', 'ft(embeddingDimension=3)'],
  target: ['ft(target=train)'],
  statistic: ['ft(statistic=lrtest)'],
  'lag rule': ['ft(lagOrder=bic)', 'ft(lagOrder=min-p)', 'ft(lagOrder=1)'],
  stationarity: ['ft(stationarity=none)', 'ft(stationarity=kpss)'],
  'part watched': ['pt'],
  'published rule': ['ft(preset=paper)', 'ft(preset=authors)'],
} as const;

export const CAUSAL = ['ft', ...Object.values(VARIANTS).flat()];
/** A causal ranking beside another, by the mean of the ranks. */
export const COMBINED = ['rank(ft,magnitude)'];
/** What causal rankings are measured by: a good ranking, a random order, and one that knows which weights move. */
export const RIVALS = ['magnitude', 'random', 'random-moved'] as const;
export const OTHERS = [...RIVALS, 'movement', 'snip'];

export interface Experiment {
  readonly data: string;
  /** `ranking`: all methods prune the same share of each layer; `whole`: each as it is used, densities and all. */
  readonly kind: 'ranking' | 'whole';
  readonly options: CompareOptions;
}

const SPARSITIES = [0.5, 0.75, 0.9, 0.95, 0.97];
/** One method of each sort at its own layer densities. */
const WHOLE = ['ft', 'pt', 'magnitude', 'magnitude-layer', 'movement', 'snip', 'random', 'random-erk'];
const RANKING: CompareOptions = {
  methods: [...CAUSAL, ...COMBINED, ...OTHERS],
  baselines: false,
  density: 'erdos-renyi',
};

const small = (data: string): Experiment[] => [
  { data, kind: 'ranking', options: { ...RANKING, sparsities: SPARSITIES, controls: [0.75, 0.9], seeds: 20 } },
  {
    data,
    kind: 'whole',
    options: { methods: WHOLE, baselines: false, sparsities: SPARSITIES, controls: 'none', seeds: 20 },
  },
];

/** MNIST takes minutes a seed: half the epochs of `strict`, fewer sparsities and seeds, and not all of the variants. */
const MNIST: CompareOptions = { epochs: 6, sparsities: [0.75, 0.9, 0.97], seeds: 12 };
const LEFT_OUT: readonly string[] = [
  'ft(window=200)',
  'ft(theilerWindow=0)',
  'ft(embeddingDimension=3)',
  'ft(preset=authors)',
  'ft(stationarity=kpss)',
];

export const EXPERIMENTS: readonly Experiment[] = [
  ...small('iris'),
  ...small('cancer'),
  ...small('titanic'),
  {
    data: 'mnist',
    kind: 'ranking',
    options: {
      ...RANKING,
      ...MNIST,
      controls: [0.9, 0.97],
      methods: RANKING.methods?.filter((name) => !LEFT_OUT.includes(name)),
    },
  },
  {
    data: 'mnist',
    kind: 'whole',
    options: { methods: WHOLE.filter((name) => name !== 'pt'), baselines: false, ...MNIST, controls: 'none' },
  },
];
