/**
 * The one table of every option: type, range, default, flag and help. The API validates against it, the command line is
 * generated from it, and every message about an option comes from it.
 */
import { z } from 'zod';
import { LegcnetError, unexpected } from './errors.js';

export interface OptionDefinition<T, D extends T | undefined = T | undefined> {
  readonly schema: z.ZodType<T>;
  /** What is accepted, in words: completes "expected ... for NAME". */
  readonly expected: string;
  /** Reads the text given to the flag; what it returns is then validated like a value from code. */
  readonly parse: (text: string) => unknown;
  /** Undefined: none, or one that depends on the data set or the preset. */
  readonly default: D;
  /** The flag's placeholder, e.g. `<n>`; empty for a switch. */
  readonly placeholder: string;
  readonly group: OptionGroup;
  readonly help: string;
  /** A switch: what its --no- form does. */
  readonly helpOff?: string;
}

export type OptionGroup =
  | 'method'
  | 'data'
  | 'network'
  | 'training'
  | 'series'
  | 'exponent'
  | 'test'
  | 'selection'
  | 'criterion'
  | 'diagnostics'
  | 'experiment'
  | 'run';

/**
 * What can score weights, in a line each; lib/mask/criteria.ts says how. Also `ft(option=value)` and `pt(option=value)`, and
 * `rank(a,b)`: two or more of them by the mean of their ranks.
 */
export const criteria = {
  ft: 'LEGCNet-FT: strength of the Granger causation of misclassification, the whole training watched',
  pt: 'LEGCNet-PT: the same, the first part of the training watched (see --partial)',
  random: 'a random order, the same share of every layer',
  'random-erk': 'a random order at Erdos-Renyi(-Kernel) layer densities',
  'random-moved': 'a random order, after the weights that LEGCNet-FT found static, and those it left undecided',
  magnitude: 'size of the trained weight, over all layers',
  'magnitude-layer': 'size of the trained weight, the same share of every layer',
  'magnitude-partial': 'size of the weight after the first part of the training (see --partial)',
  snip: 'SNIP: |gradient x weight| before training',
  grasp: 'GraSP: loss of gradient flow when the weight goes, before training',
  synflow: 'SynFlow: synaptic flow, in rounds, before training and without data',
  taylor: 'first-order Taylor: |gradient x weight| of the trained network',
  movement: 'movement away from zero, summed over the steps of training',
  displacement: 'distance between the initial and the trained weight',
  lca: "loss-change allocation: the weight's share in the fall of the training loss",
} as const;
export type CriterionName = keyof typeof criteria;
export const criterionNames = Object.keys(criteria) as CriterionName[];
/** A criterion's name; `ft(option=value,...)` or `pt(...)`; or `rank(a,b)`, `rank(2*a,b,...)` of these. */
export type CriterionSpec = CriterionName | `${'ft' | 'pt' | 'rank'}(${string})`;

/** How the lag of a Granger test is chosen. */
const lagRules = ['min-p', 'aic', 'bic', 'target-aic', 'target-bic'] as const;
type LagOrder = (typeof lagRules)[number] | number;

const asIs = (text: string): unknown => text;
const asNumber = (text: string): unknown =>
  text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text);
/** 1e6 for a million, but all digits of what is not shorter with an exponent. */
const show = (n: number): string => {
  const [whole, power] = [String(n), n.toExponential().replace('+', '')];
  return Math.abs(n) >= 1e6 && power.length < whole.length ? power : whole;
};

interface Text {
  group: OptionGroup;
  help: string;
  placeholder?: string;
}

function integer<D extends number | undefined>(
  text: Text & { min: number; max?: number; default: D },
): OptionDefinition<number, D> {
  const max = text.max ?? Number.MAX_SAFE_INTEGER;
  return {
    schema: z.int().min(text.min).max(max),
    expected:
      text.max === undefined ? `an integer of at least ${text.min}` : `an integer from ${text.min} to ${show(max)}`,
    parse: asNumber,
    default: text.default,
    placeholder: text.placeholder ?? '<n>',
    group: text.group,
    help: text.help,
  };
}

/** A finite number; the ends are excluded unless `minIncluded` or `maxIncluded`. */
function real<D extends number | undefined>(
  text: Text & { min: number; max: number; minIncluded?: boolean; maxIncluded?: boolean; default: D },
): OptionDefinition<number, D> {
  let schema = z.number();
  schema = text.minIncluded ? schema.min(text.min) : schema.gt(text.min);
  if (Number.isFinite(text.max)) schema = text.maxIncluded ? schema.max(text.max) : schema.lt(text.max);
  const low = text.minIncluded ? `at least ${text.min}` : `greater than ${text.min}`;
  const high = text.maxIncluded ? `at most ${text.max}` : `less than ${text.max}`;
  return {
    schema,
    expected: Number.isFinite(text.max) ? `a number ${low} and ${high}` : `a finite number ${low}`,
    parse: asNumber,
    default: text.default,
    placeholder: text.placeholder ?? '<x>',
    group: text.group,
    help: text.help,
  };
}

function choice<const C extends readonly string[], D extends C[number] | undefined>(
  text: Text & { choices: C; default: D },
): OptionDefinition<C[number], D> {
  return {
    schema: z.enum(text.choices as unknown as [C[number], ...C[number][]]) as unknown as z.ZodType<C[number]>,
    expected: `one of ${text.choices.join(', ')}`,
    parse: asIs,
    default: text.default,
    placeholder: text.placeholder ?? `<${text.choices.join('|')}>`,
    group: text.group,
    help: text.help,
  };
}

function flag(text: Text & { helpOff: string; default: boolean }): OptionDefinition<boolean, boolean> {
  return {
    schema: z.boolean(),
    expected: 'true or false',
    parse: (t) => (t === 'true' ? true : t === 'false' ? false : t),
    default: text.default,
    placeholder: '',
    group: text.group,
    help: text.help,
    helpOff: text.helpOff,
  };
}

function string(text: Text): OptionDefinition<string, undefined> {
  return {
    schema: z.string().min(1),
    expected: 'a non-empty string',
    parse: asIs,
    default: undefined,
    placeholder: text.placeholder ?? '<text>',
    group: text.group,
    help: text.help,
  };
}

/** `custom<T>()({...})`: the value's type is given, the default's is inferred. */
const custom =
  <T>() =>
  <D extends T | undefined>(
    text: Text & { schema: z.ZodType<T>; expected: string; parse: (t: string) => unknown; default: D },
  ): OptionDefinition<T, D> => {
    return { placeholder: '<x>', ...text };
  };

const list = (text: string): unknown => text.split(',').map((part) => asNumber(part.trim()));
/** Parts between the commas that stand outside parentheses: of `ft,rank(ft(fit=0,4),snip)` there are two. Trimmed. */
export function splitNested(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const c of text) {
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${c}`);
  }
  return parts.map((part) => part.trim());
}
const size = z.int().min(1).max(1_000_000);
const fraction = z.number().gt(0).lt(1);

export const options = {
  // method
  method: custom<CriterionSpec>()({
    schema: z.union([
      z.enum(criterionNames as [CriterionName, ...CriterionName[]]),
      z.string().regex(/^rank\(.+\)$/),
    ]) as z.ZodType<CriterionSpec>,
    expected: `one of ${criterionNames.join(', ')}, or rank(a,b)`,
    parse: asIs,
    default: 'ft' as CriterionSpec,
    group: 'method',
    placeholder: '<name>',
    help:
      'what scores weights: ft (LEGCNet-FT) watches the whole training, pt (LEGCNet-PT) its first part; ' +
      `${criterionNames.slice(2).join(', ')}; or several by mean rank: rank(ft,magnitude)`,
  }),
  preset: choice({
    choices: ['authors', 'paper', 'strict'],
    default: 'strict',
    group: 'method',
    help: "defaults of every option below: the authors' published code, the paper's text, or our careful reading",
  }),

  // data
  label: string({
    group: 'data',
    placeholder: '<column>',
    help: 'CSV: name of the label column, or "last" (default: last)',
  }),
  testData: string({ group: 'data', placeholder: '<path>', help: 'a separate file or folder with the test part' }),
  missing: choice({
    choices: ['refuse', 'drop', 'mean'],
    default: 'refuse',
    group: 'data',
    help: 'CSV: what to do with a missing value',
  }),
  split: custom<number[]>()({
    schema: z.array(fraction).max(2) as z.ZodType<number[]>,
    expected: 'up to two fractions between 0 and 1 whose sum is below 1: test, or validation and test',
    parse: list,
    default: undefined,
    group: 'data',
    placeholder: '<fractions>',
    help: 'share of the test part ("0.2"), or of validation and test ("0.2,0.2"); of validation if there is test data',
  }),
  stratify: flag({
    default: false,
    group: 'data',
    helpOff: 'deal rows to the parts whatever their class',
    help: 'keep the shares of the classes equal in all parts',
  }),
  splitSeed: integer({
    min: 0,
    max: 0xffffffff,
    default: 42,
    group: 'data',
    help: "seed of the split, by numpy's legacy RandomState: the parts stay the same whatever --seed is",
  }),
  shuffleSplit: flag({
    default: true,
    group: 'data',
    helpOff: 'deal rows to the parts in file order',
    help: 'deal rows to the parts in random order, not in file order',
  }),
  scaling: choice({
    choices: ['standard', 'min-max', 'per-sample', 'pixel', 'none'],
    default: undefined,
    group: 'data',
    help: 'per feature to zero mean and unit variance, or to [0, 1]; per sample (authors); divided by 255; as it is',
  }),
  refitScaling: flag({
    default: false,
    group: 'data',
    helpOff: 'fit the scaling on the training part only',
    help: 'fit the scaling on each part by itself (authors), not on the training part only',
  }),

  // network
  layers: custom<number[]>()({
    schema: z.array(size).min(1).max(64) as z.ZodType<number[]>,
    expected: 'hidden layer sizes, 1 to 64 integers from 1 to 1e6, e.g. 50,30',
    parse: list,
    default: undefined,
    group: 'network',
    placeholder: '<sizes>',
    help: 'sizes of the hidden layers, e.g. 50,30',
  }),
  activation: choice({
    choices: ['sigmoid', 'tanh', 'relu', 'linear'],
    default: 'sigmoid',
    group: 'network',
    help: 'activation of the hidden layers',
  }),
  outputActivation: choice({
    choices: ['sigmoid', 'softmax', 'linear'],
    default: 'sigmoid',
    group: 'network',
    help: 'activation of the output layer',
  }),
  loss: choice({
    choices: ['squared-error', 'cross-entropy'],
    default: 'squared-error',
    group: 'network',
    help: 'loss function',
  }),
  squaredErrorFactor: custom<1 | 2>()({
    schema: z.union([z.literal(1), z.literal(2)]),
    expected: '1 or 2',
    parse: asNumber,
    default: 2,
    group: 'network',
    placeholder: '<1|2>',
    help: "factor in the squared error's gradient: 2 (a - y), or a - y",
  }),
  divideByOutputs: flag({
    default: true,
    group: 'network',
    helpOff: 'sum the squared error over the outputs instead of taking the mean',
    help: 'divide the loss by the number of outputs (mean squared error proper)',
  }),
  biases: flag({
    default: true,
    group: 'network',
    helpOff: 'layers have no biases',
    help: 'whether layers have biases',
  }),
  init: choice({
    choices: ['gaussian', 'uniform', 'glorot', 'he'],
    default: 'glorot',
    group: 'network',
    help: 'initial weights: N(0, 0.1^2) (authors); U(-1/sqrt(fan in), 1/sqrt(fan in)) as in Theorem 3.1; Glorot uniform; He normal',
  }),
  seed: integer({
    min: 0,
    max: 0xffffffff,
    default: 1,
    group: 'network',
    help: 'makes the run repeatable: initial weights, shuffling, draws and tie-breaks; the split has its own',
  }),
  scalar: choice({
    choices: ['float64', 'float32'],
    default: 'float64',
    group: 'network',
    help: 'precision of training; the difference series needs float64',
  }),

  evaluationScalar: choice({
    choices: ['float64', 'float32'],
    default: undefined,
    group: 'training',
    help: 'precision of evaluations, at windows and epochs (default: that of training; MNIST: float32)',
  }),
  exponentScalar: choice({
    choices: ['auto', 'float64', 'float32'],
    default: 'auto',
    group: 'exponent',
    help: 'precision in which exponents are kept; auto: float32 where float64 would take more than 256 MiB',
  }),

  // training
  epochs: integer({ min: 1, max: 1e6, default: undefined, group: 'training', help: 'epochs at most' }),
  untilAccuracy: real({
    min: 0,
    max: 1,
    maxIncluded: true,
    default: undefined,
    group: 'training',
    help: 'stop after the first epoch whose accuracy reaches this (see --stop-part)',
  }),
  stopPart: choice({
    choices: ['train', 'validation'],
    default: 'train',
    group: 'training',
    help: 'the part whose accuracy --until-accuracy looks at',
  }),
  batchSize: integer({ min: 1, max: 1e6, default: 1, group: 'training', help: 'samples a step' }),
  learningRate: real({ min: 0, max: Infinity, default: undefined, group: 'training', help: 'step size of SGD' }),
  shuffle: flag({
    default: true,
    group: 'training',
    helpOff: 'the same order of the samples in every epoch',
    help: 'new order of the samples every epoch',
  }),
  accuracyRule: choice({
    choices: ['argmax', 'exact-match'],
    default: 'argmax',
    group: 'training',
    help: 'a sample is right when its largest output is, or (authors) when every rounded output is',
  }),

  // series
  series: choice({
    choices: ['weights', 'difference'],
    default: 'difference',
    group: 'series',
    help: "a weight's iterates themselves, or their difference from a twin network's",
  }),
  perturbation: real({
    min: -Infinity,
    max: Infinity,
    default: 1e-8,
    group: 'series',
    help: 'how far the twin starts off, in one weight; 0 gives an identical twin',
  }),
  perturbedWeight: custom<'first' | 'first-varying' | 'most-varying' | number>()({
    schema: z.union([z.enum(['first', 'first-varying', 'most-varying']), z.int().min(0)]) as z.ZodType<
      'first' | 'first-varying' | 'most-varying' | number
    >,
    expected: '"first", "first-varying", "most-varying" or the index of a weight',
    parse: asNumber,
    default: 'most-varying',
    group: 'series',
    placeholder: '<first|first-varying|most-varying|index>',
    help: "the twin's moved weight: the first; the first whose input varies, or whose input varies most; or by index",
  }),
  window: integer({ min: 3, max: 1e6, default: 200, group: 'series', help: 'iterates in a window' }),
  overlap: real({
    min: 0,
    max: 1,
    minIncluded: true,
    default: 0.1,
    group: 'series',
    help: 'shared part of neighbouring windows; the stride is window x (1 - overlap)',
  }),
  minWindows: integer({
    min: 0,
    max: 1e6,
    default: 0,
    group: 'series',
    help: 'shrink the stride, not below window / 6, where fewer windows than this would fit',
  }),
  partial: custom<{ percent: number } | { epochs: number }>()({
    schema: z.union([
      z.strictObject({ percent: z.number().gt(0).max(100) }),
      z.strictObject({ epochs: z.int().min(1) }),
    ]) as z.ZodType<{ percent: number } | { epochs: number }>,
    expected: 'a share of the iterations such as 10%, at most 100%, or a number of epochs',
    parse: (text) => {
      const number = asNumber(text.replace(/%$/, ''));
      return typeof number === 'number' ? (text.endsWith('%') ? { percent: number } : { epochs: number }) : text;
    },
    default: { percent: 10 },
    group: 'series',
    placeholder: '<10%|epochs>',
    help: 'pt: the first part of the training that is watched; magnitude-partial: that is trained',
  }),
  weightLog: string({
    group: 'series',
    placeholder: '<file.npy>',
    help: 'also write every iterate of the series to this .npy, [iterates, weights]',
  }),

  // exponent
  exponent: choice({
    choices: ['one-step', 'fit'],
    default: 'one-step',
    group: 'exponent',
    help: 'S(1) - S(0), or the least-squares slope of S(k) over the fit range',
  }),
  divergence: choice({
    choices: ['rosenstein', 'kantz'],
    default: 'rosenstein',
    group: 'exponent',
    help: 'S(k) of each point and its nearest neighbour, or of each point and all neighbours within a radius',
  }),
  embeddingDimension: integer({ min: 1, max: 64, default: 2, group: 'exponent', help: 'coordinates of a point, m' }),
  delay: integer({ min: 1, max: 1e6, default: 1, group: 'exponent', help: 'iterates between coordinates' }),
  theilerWindow: integer({
    min: 0,
    max: 1e6,
    default: 0,
    group: 'exponent',
    help: 'neighbours within this many iterates do not count',
  }),
  horizon: integer({ min: 1, max: 1e6, default: 3, group: 'exponent', help: 'steps neighbours are followed' }),
  radius: custom<'all' | 'default' | number>()({
    schema: z.union([z.literal('all'), z.literal('default'), z.number().gt(0)]) as z.ZodType<
      'all' | 'default' | number
    >,
    expected: '"all", "default" or a positive number in data units',
    parse: asNumber,
    default: 'all',
    group: 'exponent',
    placeholder: '<all|default|r>',
    help:
      "the exact nearest neighbour; or lyap_r's growing radius, from 1e-3 of the range or from r. " +
      'With --divergence kantz: within 0.05 of the range (default) or within r',
  }),
  minNeighbours: integer({
    min: 1,
    max: 1e6,
    default: 5,
    group: 'exponent',
    help: 'kantz: a point with fewer neighbours within the radius is left out',
  }),
  fit: custom<[number, number]>()({
    schema: z.tuple([z.int().min(0), z.int().min(1)]).refine(([from, to]) => from < to) as z.ZodType<[number, number]>,
    expected: 'two steps from < to of S(k), e.g. 0,6',
    parse: list,
    default: undefined,
    group: 'exponent',
    placeholder: '<from,to>',
    help: 'fit range, ends included; without one it is found from the curve',
  }),
  minRange: custom<'resolution' | number>()({
    schema: z.union([z.literal('resolution'), z.number().min(0)]) as z.ZodType<'resolution' | number>,
    expected: '"resolution" or a number of at least 0',
    parse: asNumber,
    default: 'resolution',
    group: 'exponent',
    placeholder: '<range>',
    help: 'a window whose range is below this is static: absolute, or relative to the precision of its values',
  }),
  quantise: custom<'none' | number>()({
    schema: z.union([z.literal('none'), z.int().min(0).max(15)]) as z.ZodType<'none' | number>,
    expected: '"none" or a number of decimals from 0 to 15',
    parse: asNumber,
    default: 'none',
    group: 'exponent',
    placeholder: '<decimals>',
    help: "round the window's values first, as the authors' text files did (6)",
  }),
  meanChange: flag({
    default: false,
    group: 'exponent',
    helpOff: 'do not look for change-points of the mean',
    help: "the authors' guard: a window with a change-point of its mean is static",
  }),
  textRounding: flag({
    default: false,
    group: 'exponent',
    helpOff: 'keep S(k) and the slope as computed',
    help: 'S(0) and S(1) as printed by lyap_r (%e), the slope rounded to 6 decimals, a failed window 0 (authors)',
  }),

  maxMissing: real({
    min: 0,
    max: 1,
    minIncluded: true,
    maxIncluded: true,
    default: 0.1,
    group: 'exponent',
    help: 'a weight with a greater share of windows without an exponent is undecided',
  }),

  // test
  target: choice({
    choices: ['train', 'validation', 'test'],
    default: undefined,
    group: 'test',
    help: 'the part whose misclassification is to be predicted',
  }),
  maxLag: integer({ min: 1, max: 100, default: 14, group: 'test', help: 'largest lag tried' }),
  lagOrder: custom<LagOrder>()({
    schema: z.union([z.enum(lagRules), z.int().min(1).max(100)]) as z.ZodType<LagOrder>,
    expected: `${lagRules.join(', ')} or a lag from 1 to 100`,
    parse: asNumber,
    default: 'min-p',
    group: 'test',
    placeholder: '<min-p|aic|bic|target-aic|target-bic|n>',
    help:
      'the lag used: the one with the least p, by information criterion of both series (aic, bic) or of the target alone ' +
      '(target-aic, target-bic), or fixed',
  }),
  statistic: choice({
    choices: ['ssr-ftest', 'ssr-chi2test', 'lrtest', 'params-ftest'],
    default: 'ssr-ftest',
    group: 'test',
    help: 'test statistic',
  }),
  stationarity: choice({
    choices: ['none', 'difference', 'adf', 'kpss'],
    default: 'none',
    group: 'test',
    help: 'first differences of both series, or only of one that the ADF or KPSS test says has a unit root',
  }),
  alpha: real({ min: 0, max: 1, default: 0.05, group: 'test', help: 'p below this is causal' }),
  correction: choice({
    choices: ['none', 'bh', 'by'],
    default: 'none',
    group: 'test',
    help: 'multiple testing: none, Benjamini-Hochberg, Benjamini-Yekutieli',
  }),
  lagCorrection: choice({
    choices: ['none', 'circular-shift'],
    default: 'none',
    group: 'test',
    help: "correct p for the choice of the lag: its rank among those of the source's circular shifts, each at its best lag",
  }),
  shifts: integer({
    min: 1,
    max: 10_000,
    default: 199,
    group: 'test',
    help: 'circular shifts at most; p is then at least 1 / (1 + shifts)',
  }),
  pRounding: custom<'none' | number>()({
    schema: z.union([z.literal('none'), z.int().min(0).max(15)]) as z.ZodType<'none' | number>,
    expected: '"none" or a number of decimals from 0 to 15',
    parse: asNumber,
    default: 'none',
    group: 'test',
    placeholder: '<decimals>',
    help: "round p first, as the authors' code did (4)",
  }),
  failedTest: choice({
    choices: ['skip-lag', 'undecided', 'causal'],
    default: 'skip-lag',
    group: 'test',
    help: 'where some lag cannot be tested: test on the others; or the weight is undecided (paper) or causal (authors)',
  }),

  // selection
  selection: choice({
    choices: ['threshold', 'sparsity', 'within'],
    default: 'within',
    group: 'selection',
    help: 'prune by verdict; to an exact sparsity; or as far as validation accuracy allows',
  }),
  prune: choice({
    choices: ['non-causal', 'causal'],
    default: 'non-causal',
    group: 'selection',
    help: 'the verdict that --selection threshold prunes',
  }),
  sparsity: real({
    min: 0,
    max: 1,
    minIncluded: true,
    default: undefined,
    group: 'selection',
    help: 'share of the prunable weights to prune, exactly',
  }),
  within: real({
    min: 0,
    max: 1,
    minIncluded: true,
    default: undefined,
    group: 'selection',
    help: 'largest sparsity whose ticket keeps the dense validation accuracy within this (0.01 = one point)',
  }),
  density: choice({
    choices: ['global', 'per-layer', 'erdos-renyi'],
    default: 'erdos-renyi',
    group: 'selection',
    help: 'how sparsity is spread: one ranking over all layers, equal in each, or Erdos-Renyi densities',
  }),

  baselines: flag({
    default: true,
    group: 'selection',
    helpOff: 'do not train the random and magnitude tickets',
    help: 'also train tickets of as many weights chosen at random and by magnitude',
  }),

  referee: flag({
    default: false,
    group: 'selection',
    helpOff: 'do not check what the rule knows',
    help: "check what the rule knows: placebo by other seeds' exponents, power, shuffled control, stability",
  }),
  refereeSeeds: integer({
    min: 1,
    max: 1000,
    default: 3,
    group: 'selection',
    help: 'other seeds that the referee trains dense networks from',
  }),

  // criterion: what scores and rounds of pruning need
  scoreRows: integer({
    min: 1,
    max: 0xffffffff,
    default: undefined,
    group: 'criterion',
    help: 'snip, grasp, taylor: rows of the training part that gradients are taken over, drawn by the seed (default: all)',
  }),
  synflowRounds: integer({ min: 1, max: 1e6, default: 100, group: 'criterion', help: 'rounds of SynFlow' }),
  rounds: integer({
    min: 1,
    max: 1e4,
    default: 1,
    group: 'criterion',
    help: 'reach the sparsity in so many rounds, each scoring again what the last has left',
  }),
  rewind: integer({
    min: 0,
    max: 1e6,
    default: 0,
    group: 'criterion',
    help: 'the epoch of the dense training whose weights rounds and ticket begin from (0: the initial weights)',
  }),

  // diagnostics
  randomise: flag({
    default: true,
    group: 'diagnostics',
    helpOff: 'no comparison with shuffled entries: no correlation traps',
    help: 'compare each spectrum with that of the same entries in random places',
  }),
  fixFingers: choice({
    choices: ['none', 'xmin-peak', 'clip-xmax'],
    default: 'none',
    group: 'diagnostics',
    help: 'outlying eigenvalues in the power-law fit: keep; keep xmin near the peak; drop the largest while alpha falls',
  }),
  estimator: choice({
    choices: ['exact', 'kernel', 'permutation', 'expected-gradients', 'deeplift'],
    default: undefined,
    group: 'diagnostics',
    help: 'of Shapley values (default: exact up to 12 features, else permutation)',
  }),
  explain: choice({
    choices: ['output', 'logits'],
    default: undefined,
    group: 'diagnostics',
    help: 'what Shapley values add up to: outputs, or what goes into the output activation (default: output; deeplift: logits)',
  }),
  coalitions: integer({
    min: 2,
    max: 1e7,
    default: undefined,
    group: 'diagnostics',
    help: 'kernel: coalitions at most, at least two a feature (default: 2048 and two a feature)',
  }),
  permutations: integer({
    min: 1,
    max: 1e6,
    default: 10,
    group: 'diagnostics',
    help: 'permutation: orders of the features, each walked forwards and backwards',
  }),
  steps: integer({
    min: 1,
    max: 1e6,
    default: 100,
    group: 'diagnostics',
    help: 'expected-gradients: points on each line from background to sample',
  }),
  backgroundRows: integer({
    min: 1,
    max: 1e6,
    default: 100,
    group: 'diagnostics',
    help: 'training rows, drawn by --seed, that stand for a feature being absent',
  }),
  sampleRows: integer({
    min: 1,
    max: 1e6,
    default: undefined,
    group: 'diagnostics',
    help: 'rows of the test part to explain, the first ones (default: all where exact, else 10)',
  }),
  top: integer({
    min: 1,
    max: 1e6,
    default: 5,
    group: 'diagnostics',
    help: 'how many of the most important features two networks are compared on',
  }),

  // experiment: what a comparison runs over
  methods: custom<string[]>()({
    schema: z.array(z.string().min(1)).min(1),
    expected: `criteria separated by commas: ${criterionNames.join(', ')}, ft(option=value), rank(a,b)`,
    parse: splitNested,
    default: [
      ...(['ft', 'pt', 'random', 'random-erk', 'random-moved', 'magnitude', 'magnitude-layer', 'snip'] as const),
      ...(['synflow', 'movement'] as const),
    ],
    group: 'experiment',
    placeholder: '<names>',
    help: 'criteria to compare; ft(series=weights,maxLag=3): LEGCNet-FT with options of its own, on the same training',
  }),
  sparsities: custom<number[]>()({
    schema: z.array(z.number().gt(0).lt(1)).min(1),
    expected: 'numbers between 0 and 1, e.g. 0.5,0.9',
    parse: list,
    default: [0.5, 0.75, 0.9, 0.95, 0.97],
    group: 'experiment',
    placeholder: '<shares>',
    help: 'shares of the weights to prune',
  }),
  controls: custom<'none' | number[]>()({
    schema: z.union([z.literal('none'), z.array(z.number().gt(0).lt(1)).min(1)]) as z.ZodType<'none' | number[]>,
    expected: '"none" or some of the sparsities',
    parse: (text) => (text === 'none' ? text : list(text)),
    default: undefined,
    group: 'experiment',
    placeholder: '<none|shares>',
    help: 'sparsities with shuffled masks, re-initialised tickets and placebo tickets (default: the one nearest to 0.9)',
  }),
  seeds: integer({ min: 1, max: 1e4, default: 10, group: 'experiment', help: 'replicates: seeds from --seed on' }),
  resamples: integer({
    min: 100,
    max: 1e6,
    default: 2000,
    group: 'experiment',
    help: 'bootstrap resamples of the seeds',
  }),
  keepTickets: flag({
    default: false,
    group: 'experiment',
    helpOff: 'keep masks and records only',
    help: 'with --out: also write every trained ticket, seed-<n>.<method>.<sparsity>.safetensors',
  }),

  sampleWeights: integer({
    min: 1,
    max: 1e6,
    default: 100,
    group: 'experiment',
    help: 'sensitivity: weights to perturb at most, drawn by the seed',
  }),

  widths: custom<number[]>()({
    schema: z
      .array(size)
      .min(2)
      .refine((all) => new Set(all).size === all.length) as z.ZodType<number[]>,
    expected: 'two or more different integers from 1 to 1e6, e.g. 16,64,256',
    parse: list,
    default: [16, 64, 256, 1024],
    group: 'experiment',
    placeholder: '<sizes>',
    help: 'approximation: sizes of the hidden layer',
  }),
  inputs: integer({ min: 1, max: 1e5, default: 8, group: 'experiment', help: 'approximation: features' }),
  outputs: integer({ min: 1, max: 1e4, default: 2, group: 'experiment', help: 'approximation: outputs' }),
  power: real({
    min: 0,
    max: 1,
    default: undefined,
    group: 'experiment',
    help: 'approximation: prune n^power of n weights, not a share of them',
  }),

  // run
  threads: integer({
    min: 1,
    max: 1024,
    default: undefined,
    group: 'run',
    help: 'threads at most (default: all cores)',
  }),
  out: string({ group: 'run', placeholder: '<dir>', help: 'write the run folder here' }),
} satisfies Record<string, OptionDefinition<unknown>>;

export type OptionName = keyof typeof options;
type ValueOf<N extends OptionName> = (typeof options)[N] extends { schema: z.ZodType<infer T> } ? T : never;

/** Values of all options, each optional. */
export type OptionValues = { readonly [N in OptionName]?: ValueOf<N> | undefined };
/** Values after defaulting: those that have a default are always there. */
export type ResolvedOptions<N extends OptionName> = {
  readonly [K in N]: (typeof options)[K] extends { default: infer D }
    ? undefined extends D
      ? ValueOf<K> | undefined
      : ValueOf<K>
    : never;
};

/** Options that any long function takes and that are not in the table. */
const JOB_KEYS = new Set(['signal', 'onProgress']);

/** `embeddingDimension` -> `--embedding-dimension`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** Validates one value; throws ERR_OPTION with the table's phrase. */
export function checkOption<N extends OptionName>(name: N, value: unknown): ValueOf<N> {
  const definition = options[name] as OptionDefinition<ValueOf<N>>;
  const result = definition.schema.safeParse(value);
  if (!result.success) throw unexpected('ERR_OPTION', name, definition.expected, value);
  return result.data;
}

/**
 * Validates what a caller gave against the table and fills in defaults.
 *
 * @param names the options the function takes; any other key is refused, with a suggestion
 * @param given the caller's object; a key whose value is undefined counts as not given
 * @param defaults take the place of the table's
 * @throws LegcnetError ERR_OPTION naming the option, what was expected and what came
 */
export function resolveOptions<N extends OptionName>(
  names: readonly N[],
  given: object = {},
  defaults: OptionValues = {},
): ResolvedOptions<N> {
  checkNames(names, given);
  const resolved: Record<string, unknown> = {};
  for (const name of names) {
    const value = (given as Record<string, unknown>)[name];
    resolved[name] = value === undefined ? (defaults[name] ?? options[name].default) : checkOption(name, value);
  }
  return resolved as ResolvedOptions<N>;
}

/** Refuses options of other names, and what holds none. @throws LegcnetError ERR_OPTION */
export function checkNames(names: readonly string[], given: unknown): void {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw unexpected('ERR_OPTION', 'options', 'an object', given);
  }
  for (const key of Object.keys(given)) {
    if (!JOB_KEYS.has(key) && !names.includes(key)) throw unknownOption(key, names);
  }
}

function unknownOption(key: string, names: readonly string[]): LegcnetError {
  const near = suggest(key, names);
  return new LegcnetError('ERR_OPTION', `there is no option ${key}${near ? `; did you mean ${near}?` : ''}`, {
    subject: key,
    expected: near ? `an option such as ${near}` : `one of ${names.join(', ')}`,
    received: key,
  });
}

/** The name nearest to `word`, if it is near at all (edit distance at most a third of its length, or 2; 1 in three letters). */
export function suggest(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, change));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Refuses a JobOptions part that is not one. @throws LegcnetError ERR_OPTION */
export function checkJobOptions(options: { signal?: unknown; onProgress?: unknown; threads?: unknown } = {}): void {
  const given = options ?? {};
  if (given.threads !== undefined) checkOption('threads', given.threads);
  if (given.signal !== undefined && !(given.signal instanceof AbortSignal)) {
    throw unexpected('ERR_OPTION', 'signal', 'an AbortSignal', given.signal);
  }
  if (given.onProgress !== undefined && typeof given.onProgress !== 'function') {
    throw unexpected('ERR_OPTION', 'onProgress', 'a function', given.onProgress);
  }
}
