/** What scores weights: one table of criteria, and combinations of them by rank. Higher scores are kept longer. */
import { RandomState } from '../data/numpy-random.js';
import { LegcnetError, unexpected } from '../errors.js';
import { type JobOptions, native, runTask } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import type { NativeSamples } from '../network/samples.js';
import {
  type CriterionName,
  type CriterionSpec,
  type ResolvedOptions,
  checkJobOptions,
  criteria as descriptions,
  criterionNames,
  resolveOptions,
  splitNested,
  suggest,
} from '../options.js';
import { applyMask, checkFinite, checkSamples, hessianProduct, lossGradient } from './gradients.js';
import { type Density, keptAt, magnitudeScores } from './select.js';
import { meanRanksInTurns } from './ranks.js';
import { type Trajectory, lossChangeAllocation, movementScores } from './trajectory.js';
import { type Variant, parseVariant } from './variants.js';

/** What LEGCNet's rule made of the weights; `judge` returns it. */
export interface Judged {
  /** [weights] */
  readonly score: Float64Array;
  /** Of each weight. What ranks by score alone does without. */
  readonly verdict?: ((weight: number) => 'causal' | 'non-causal' | 'undecided' | 'static') | undefined;
}

/** What a criterion may look at. Only what it `needs` has to be there; `network` always. */
export interface ScoreContext {
  /** The network before training. */
  readonly network: Mlp;
  /** One byte a weight, 0 for those pruned already: the rest is scored as the network without them, they -Infinity. */
  readonly mask?: Uint8Array | undefined;
  /** The training part, for gradients. */
  readonly samples?: NativeSamples | undefined;
  /** The network after training, and after the first part of it (`trainPartly`). */
  readonly trained?: Mlp | undefined;
  readonly partlyTrained?: Mlp | undefined;
  /** The training itself (`trajectoryOf`). */
  readonly trajectory?: Trajectory | undefined;
  /** What `judge` made of the series of the whole training, and of its first part: LEGCNet-FT's and -PT's. */
  readonly judgement?: Judged | undefined;
  readonly partialJudgement?: Judged | undefined;
  /** The same by rules with options of their own, by name: `ft(series=weights)`. */
  readonly judgements?: Readonly<Record<string, Judged>> | undefined;
}

export type Need = Exclude<keyof ScoreContext, 'network' | 'mask'>;

const SCORE_OPTIONS = ['seed', 'sparsity', 'scoreRows', 'synflowRounds', 'threads'] as const;
type Resolved = ResolvedOptions<(typeof SCORE_OPTIONS)[number]>;

export interface ScoreOptions extends JobOptions {
  /** Of random orders and drawn rows. Default 1. */
  readonly seed?: number | undefined;
  /** What the scores are for, as a share of all weights: SynFlow's rounds end there. Default: at the last weight. */
  readonly sparsity?: number | undefined;
  /** Rows that snip, grasp and taylor take their gradients over, drawn by the seed. Default: all. */
  readonly scoreRows?: number | undefined;
  /** Default 100. */
  readonly synflowRounds?: number | undefined;
}

/** A way to score weights. */
export interface Criterion {
  /** As in the table of options, or `ft(...)`, `pt(...)`, `rank(...)`. */
  readonly name: CriterionSpec;
  readonly help: string;
  /** What the context has to hold besides `network`. */
  readonly needs: readonly Need[];
  /** LEGCNet's rules that it rests on: `ft`, `pt(series=weights)`. */
  readonly rules: readonly string[];
  /** The layer densities that it was published with or is mostly used with; what to take when nobody says otherwise. */
  readonly density: Density;
  /** Options that it looks at, besides the seed. */
  readonly options: readonly ('sparsity' | 'scoreRows' | 'synflowRounds')[];
  /** @returns [weights], higher = keep longer; see `scoreWeights`, which checks what goes in and comes out */
  readonly score: (context: ScoreContext, options: ResolvedScoreOptions) => Promise<Float64Array>;
}

export interface ResolvedScoreOptions extends Resolved {
  /** The options of a native job. */
  readonly job: JobOptions;
}

type Definition = Omit<Criterion, 'name' | 'help' | 'rules' | 'options'> &
  Partial<Pick<Criterion, 'rules' | 'options'>>;

const randomOrder = ({ weights }: Mlp, seed: number): Float64Array =>
  Float64Array.from(new RandomState((seed + 1) % 2 ** 32).permutation(weights));

const random = (density: Density): Definition => ({
  needs: [],
  density,
  score: async ({ network }, { seed }) => randomOrder(network, seed),
});

const magnitude = (density: Density, of: 'trained' | 'partlyTrained' = 'trained'): Definition => ({
  needs: [of],
  density,
  score: async (context) => magnitudeScores(need(context, of).parameters, context.network.weights),
});

const causal = (rule: 'ft' | 'pt', of: 'judgement' | 'partialJudgement'): Definition => ({
  needs: [of],
  rules: [rule],
  density: 'erdos-renyi',
  score: async (context) => need(context, of).score.slice(),
});

const definitions: Record<CriterionName, Definition> = {
  /** ln(a/b) of the Granger test; 0 where undecided, -Infinity where the weight never moved. See METHOD in docs/method.md. */
  ft: causal('ft', 'judgement'),
  pt: causal('pt', 'partialJudgement'),

  random: random('per-layer'),
  /** Evci et al. 2020, *Rigging the lottery*; for dense layers Erdos-Renyi-Kernel densities are Erdos-Renyi's. */
  'random-erk': random('erdos-renyi'),
  /**
   * What `ft` knows without its tests' results: static weights first, then undecided ones, then those that it tested. Within
   * each the order is `random`'s, so that the two differ by nothing else.
   */
  'random-moved': {
    needs: ['judgement'],
    rules: ['ft'],
    density: 'erdos-renyi',
    score: async (context, { seed }) => {
      const { verdict } = need(context, 'judgement');
      if (!verdict) throw unexpected('ERR_ARGUMENT', 'context.judgement.verdict', 'a function', verdict);
      const { weights } = context.network;
      return randomOrder(context.network, seed).map((place, w) => {
        const found = verdict(w);
        return found === 'static' ? Number.NEGATIVE_INFINITY : found === 'undecided' ? place : weights + place;
      });
    },
  },

  /** |w| (Han et al. 2015, *Learning both weights and connections*). */
  magnitude: magnitude('global'),
  'magnitude-layer': magnitude('per-layer'),
  /** |w| early in training (You et al. 2020, *Drawing early-bird tickets*, prune as early but by other scores). */
  'magnitude-partial': magnitude('global', 'partlyTrained'),

  /** |g w|, g the gradient of the mean loss at the initial weights (Lee, Ajanthan, Torr 2019, *SNIP*). */
  snip: {
    needs: ['samples'],
    density: 'global',
    options: ['scoreRows'],
    score: (context, options) => taylor(context.network, context, options),
  },

  /**
   * w (H g) at the initial weights (Wang, Zhang, Grosse 2020, *Picking winning tickets before training*). The paper's score
   * is the negative, -w (H g), the change of the gradient's norm that removing the weight makes, and it removes the
   * highest; here the highest are kept. Gradient and Hessian are those of the weights, biases held; loss without
   * temperature.
   */
  grasp: {
    needs: ['samples'],
    density: 'global',
    options: ['scoreRows'],
    score: async (context, options) => {
      const { network, mask } = context;
      const samples = need(context, 'samples');
      const at = { ...options.job, mask, rows: drawnRows(samples, options) };
      const { gradient } = await lossGradient(network, samples, at);
      gradient.fill(0, network.weights);
      // a pruned weight is no part of the network whose flow of gradients is measured
      const direction = applyMask(gradient, mask, network.weights);
      return times(await hessianProduct(network, samples, direction, at), network, mask);
    },
  },

  /**
   * Place in the order in which SynFlow (Tanaka, Kunin, Yamins, Ganguli 2020) removes weights: `synflowRounds` rounds on
   * an exponential schedule down to `sparsity`, each scoring |w dR/dw| again, R = 1' |W_L| ... |W_1| 1. Ties by the seed.
   */
  synflow: {
    needs: [],
    density: 'global',
    options: ['sparsity', 'synflowRounds'],
    score: async ({ network, mask }, { seed, sparsity, synflowRounds, job }) => {
      const { weights, parameters } = network;
      const point = { network: network.native, parameters, mask };
      const kept = sparsity === undefined ? 1 : keptAt(weights, sparsity);
      const tieBreak = new RandomState(seed).permutation(weights);
      return runTask(() => native.synflowOrder({ ...point, kept, rounds: synflowRounds, tieBreak }), job);
    },
  },

  /**
   * |g w| of the trained network, g the gradient of the mean loss over the training part: the absolute first-order change
   * of the loss when the weight goes (Molchanov et al. 2017; their 2019 score is its square, with the same order).
   */
  taylor: {
    needs: ['samples', 'trained'],
    density: 'global',
    options: ['scoreRows'],
    score: (context, options) => taylor(need(context, 'trained'), context, options),
  },

  movement: {
    needs: ['trajectory'],
    density: 'global',
    score: (context, { job }) => movementScores(need(context, 'trajectory'), job),
  },

  /** |w_trained - w_initial|. */
  displacement: {
    needs: ['trained'],
    density: 'global',
    score: async (context) => {
      const { parameters } = need(context, 'trained');
      const { network, mask } = context;
      const initial = applyMask(network.parameters, mask, network.weights);
      return parameters.slice(0, network.weights).map((w, i) => Math.abs(w - (initial[i] as number)));
    },
  },

  /** The negative of the weight's allocation: what brought the training loss down most is kept. */
  lca: {
    needs: ['trajectory'],
    density: 'global',
    score: async (context, { job }) => {
      const { network, parts, snapshots } = need(context, 'trajectory');
      const { allocation } = await lossChangeAllocation(network, parts.train, snapshots(job), job);
      return allocation.slice(0, network.weights).map((share) => -share);
    },
  },
};

/** One of LEGCNet's rules with options of its own; who makes its judgement knows what they are. */
const variantOf = ({ name, method }: Variant): Criterion => ({
  name,
  help: `${descriptions[method]}; with options of its own`,
  needs: ['judgements'],
  rules: [name],
  options: [],
  density: definitions[method].density,
  score: async (context) => {
    const judgement = need(context, 'judgements')[name];
    if (!judgement) throw unexpected('ERR_ARGUMENT', `context.judgements of ${name}`, 'a value', judgement);
    return judgement.score.slice();
  },
});

/**
 * The criterion of a name, of a variant `ft(option=value,...)`, or of a combination `rank(a,b,...)`, which is the mean
 * of the ranks that each gives the weight among all (equal scores: the mean of their ranks), weighted if factors are
 * given, as in `rank(2*magnitude,ft)`. Cost: that of reading the name; nothing is scored.
 *
 * @throws LegcnetError ERR_OPTION for an unknown name or option, a bad value or factor, and fewer than two in `rank`
 */
export function criterion(spec: CriterionSpec): Criterion {
  const simple = simpleCriterion(spec);
  if (simple) return simple;
  const inner = /^rank\((.*)\)$/.exec(String(spec))?.[1];
  if (inner === undefined) throw unknown(String(spec));
  const terms = splitNested(inner).map((term) => parseTerm(spec, term));
  if (terms.length < 2) throw unexpected('ERR_OPTION', 'method', 'two or more criteria in rank(...)', spec);
  return {
    name: spec,
    help: `mean rank by ${terms.map(({ of }) => of.name).join(', ')}`,
    needs: [...new Set(terms.flatMap(({ of }) => of.needs))],
    rules: [...new Set(terms.flatMap(({ of }) => of.rules))],
    density: (terms[0] as Term).of.density,
    options: [...new Set(terms.flatMap(({ of }) => of.options))],
    score: async (context, options) => {
      const scores: Float64Array[] = [];
      for (const { of } of terms) scores.push(checkScores(of.name, await of.score(context, options), context));
      const factors = terms.map(({ factor }) => factor);
      return meanRanksInTurns(scores, factors, options.job.signal);
    },
  };
}

/** Anything but a combination; undefined if it is that, or nothing. */
function simpleCriterion(spec: string): Criterion | undefined {
  if (!isName(spec)) {
    const variant = typeof spec === 'string' ? parseVariant(spec.trim()) : undefined;
    return variant && variantOf(variant);
  }
  return { name: spec, help: descriptions[spec], rules: [], options: [], ...definitions[spec] };
}

interface Term {
  readonly factor: number;
  readonly of: Criterion;
}

function parseTerm(spec: string, term: string): Term {
  const [, factor = '1', name = ''] = /^(?:([^*]*)\*)?(.*)$/.exec(term) as RegExpExecArray;
  const value = factor.trim() === '' ? Number.NaN : Number(factor);
  if (!(value > 0 && Number.isFinite(value))) {
    throw unexpected('ERR_OPTION', 'method', `a positive factor before * in ${spec}`, factor);
  }
  const of = simpleCriterion(name.trim());
  if (!of) throw unknown(name.trim());
  return { factor: value, of };
}

const isName = (spec: unknown): spec is CriterionName =>
  typeof spec === 'string' && (criterionNames as string[]).includes(spec);

function unknown(spec: string): LegcnetError {
  const near = suggest(spec, criterionNames);
  const expected = `one of ${criterionNames.join(', ')}, ft(option=value), pt(option=value), or rank(a,b)`;
  return near === undefined
    ? unexpected('ERR_OPTION', 'method', expected, spec)
    : new LegcnetError('ERR_OPTION', `there is no criterion ${spec}; did you mean ${near}?`, {
        subject: 'method',
        expected,
        received: spec,
      });
}

/**
 * Scores every weight by a criterion: [weights], in the order of `Mlp.parameters`, higher = keep longer, never NaN;
 * -Infinity goes first, as those do that `context.mask` has pruned already. `selectBySparsity` makes a mask of them.
 *
 * The same bits for the same input and seed, for any number of threads. Cost beside the table's entries: none for what
 * only reads weights; one pass over the training part for snip and taylor, about three for grasp; a training and two
 * passes per epoch for lca; two trainings for movement; O(weights log weights) for rank, and for synflow besides
 * `synflowRounds` passes over the weights.
 *
 * @param method a name of `criteria`, `ft(option=value)`, `pt(option=value)`, or `rank(a,b)`
 * @throws LegcnetError ERR_OPTION for an unknown criterion or option; ERR_ARGUMENT for a context that lacks what the
 *   criterion needs, does not fit together, or holds parameters that are not finite, and for weights too large for the
 *   scores; for movement and lca what the trajectory throws; `signal.reason` when aborted
 */
export async function scoreWeights(
  method: CriterionSpec,
  context: ScoreContext,
  options: ScoreOptions = {},
): Promise<Float64Array> {
  const of = criterion(method);
  checkJobOptions(options);
  const { signal, onProgress, ...given } = options;
  const resolved = resolveOptions(SCORE_OPTIONS, given);
  const { threads } = resolved;
  signal?.throwIfAborted();
  checkContext(of, context);
  const job = {
    ...(threads === undefined ? {} : { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
  const { mask } = context;
  const scores = checkScores(of.name, await of.score(context, { ...resolved, job }), context);
  return mask ? scores.map((score, i) => (mask[i] === 0 ? Number.NEGATIVE_INFINITY : score)) : scores;
}

function checkContext(of: Criterion, context: ScoreContext): void {
  const { network, mask, trained, partlyTrained, samples } = context;
  for (const name of of.needs) need(context, name);
  applyMask(network.parameters, mask, network.weights); // checks its length
  for (const [name, one] of Object.entries({ network, trained, partlyTrained })) {
    if (one === undefined) continue;
    checkFinite(one.parameters, `context.${name}.parameters`);
    if (one.parameters.length !== network.parameters.length || one.weights !== network.weights) {
      throw unexpected('ERR_ARGUMENT', `context.${name}`, 'a network of the same sizes', one.sizes);
    }
  }
  if (samples !== undefined) checkSamples('context.samples', samples, network);
}

function checkScores(name: string, scores: Float64Array, { network }: ScoreContext): Float64Array {
  if (scores.length !== network.weights) {
    throw unexpected('ERR_ARGUMENT', `scores by ${name}`, `${network.weights} numbers`, scores);
  }
  const bad = scores.findIndex((score) => Number.isNaN(score) || score === Number.POSITIVE_INFINITY);
  if (bad >= 0) {
    throw new LegcnetError(
      'ERR_ARGUMENT',
      `the score of weight ${bad} by ${name} is ${scores[bad]}: the weights are too large for it`,
      { subject: `scores by ${name}`, expected: 'finite numbers', received: scores[bad] },
    );
  }
  return scores;
}

function need<N extends Need>(context: ScoreContext, name: N): NonNullable<ScoreContext[N]> {
  const value = context[name];
  if (value === undefined) throw unexpected('ERR_ARGUMENT', `context.${name}`, 'a value', value);
  return value as NonNullable<ScoreContext[N]>;
}

/** The rows that gradients are taken over; undefined: all. */
function drawnRows(samples: NativeSamples, { scoreRows, seed }: ResolvedScoreOptions): Uint32Array | undefined {
  if (scoreRows === undefined || scoreRows >= samples.rows) return undefined;
  return Uint32Array.from(new RandomState(seed).permutation(samples.rows).subarray(0, scoreRows));
}

async function taylor(network: Mlp, context: ScoreContext, options: ResolvedScoreOptions): Promise<Float64Array> {
  const samples = need(context, 'samples');
  const at = { ...options.job, mask: context.mask, rows: drawnRows(samples, options) };
  const { gradient } = await lossGradient(network, samples, at);
  return times(gradient, network, context.mask).map(Math.abs);
}

/** Each weight times its entry of `values`. */
const times = (values: Float64Array, { parameters, weights }: Mlp, mask: Uint8Array | undefined): Float64Array =>
  applyMask(parameters, mask, weights)
    .slice(0, weights)
    .map((w, i) => w * (values[i] as number));
