/** Options that make a difference only where another one has a certain value: one table of them. */
import type { Criterion } from '../mask/criteria.js';
import type { PruneConfig } from './config.js';
import { WATCHING } from './method.js';

/** What a command has come to: the run's configuration, the criteria that score weights, what else it was told. */
export interface Settings extends Partial<PruneConfig> {
  /** Undefined where a command is about series alone. */
  readonly criteria?: readonly Criterion[] | undefined;
  readonly [other: string]: unknown;
}

/** `options` make no difference unless it `holds`. */
export interface Need {
  readonly options: readonly string[];
  /** Completes "OPTION has no effect without ...". */
  readonly without: string;
  readonly holds: (settings: Settings) => boolean;
}

const some = ({ criteria }: Settings, is: (criterion: Criterion) => boolean): boolean => criteria?.some(is) ?? true;

/** Of runs, comparisons and whatever else prepares data and watches a training. */
export const RUN_NEEDS: readonly Need[] = [
  {
    options: ['stratify', 'shuffleSplit', 'splitSeed'],
    without: '--split: there is nothing to split',
    holds: ({ split = [] }) => split.length > 0,
  },
  { options: ['splitSeed'], without: '--shuffle-split', holds: ({ shuffleSplit }) => shuffleSplit === true },
  {
    options: ['refitScaling'],
    without: '--scaling standard or min-max, which are fitted',
    holds: ({ scaling }) => scaling === 'standard' || scaling === 'min-max',
  },
  {
    options: ['squaredErrorFactor', 'divideByOutputs'],
    without: '--loss squared-error',
    holds: ({ loss }) => loss === 'squared-error',
  },
  { options: ['stopPart'], without: '--until-accuracy', holds: ({ untilAccuracy }) => untilAccuracy !== undefined },
  {
    options: WATCHING,
    without: 'a method that watches the training, such as ft',
    holds: (settings) => some(settings, ({ rules }) => rules.length > 0),
  },
  {
    options: ['partial'],
    without: 'the method pt or magnitude-partial',
    holds: (settings) =>
      some(settings, ({ needs, rules }) => needs.includes('partlyTrained') || rules.some((rule) => /^pt\b/.test(rule))),
  },
  {
    options: ['perturbation', 'perturbedWeight'],
    without: '--series difference',
    holds: ({ series }) => series === 'difference',
  },
  {
    options: ['delay'],
    without: '--embedding-dimension of 2 or more',
    holds: ({ embeddingDimension = 1 }) => embeddingDimension > 1,
  },
  { options: ['minNeighbours'], without: '--divergence kantz', holds: ({ divergence }) => divergence === 'kantz' },
  { options: ['fit'], without: '--exponent fit', holds: ({ exponent }) => exponent === 'fit' },
  {
    options: ['maxLag'],
    without: 'a --lag-order that chooses among lags',
    holds: ({ lagOrder }) => typeof lagOrder !== 'number',
  },
  {
    options: ['shifts'],
    without: '--lag-correction circular-shift',
    holds: ({ lagCorrection }) => lagCorrection === 'circular-shift',
  },
  { options: ['prune'], without: '--selection threshold', holds: ({ selection }) => selection === 'threshold' },
  { options: ['sparsity'], without: '--selection sparsity', holds: ({ selection }) => selection === 'sparsity' },
  { options: ['within'], without: '--selection within', holds: ({ selection }) => selection === 'within' },
  {
    options: ['density'],
    without: '--selection sparsity or within',
    holds: ({ selection }) => selection !== 'threshold',
  },
  { options: ['refereeSeeds'], without: '--referee', holds: ({ referee }) => referee === true },
  {
    options: ['scoreRows'],
    without: 'the method snip, grasp or taylor',
    holds: (settings) => some(settings, ({ options }) => options.includes('scoreRows')),
  },
  {
    options: ['synflowRounds'],
    without: 'the method synflow',
    holds: (settings) => some(settings, ({ options }) => options.includes('synflowRounds')),
  },
];

/** The first need of `option` that holds in none of the settings; undefined where it makes a difference. */
export const unmet = (option: string, needs: readonly Need[], settings: readonly Settings[]): Need | undefined =>
  needs.find(({ options, holds }) => options.includes(option) && !settings.some(holds));
