/** One replicate of a comparison: everything that one seed's networks are trained and scored for. */
import { RandomState } from '../data/numpy-random.js';
import { type Criterion, type Need, type ScoreContext, scoreWeights } from '../mask/criteria.js';
import { keptAt, selectBySparsity } from '../mask/select.js';
import { type Trajectory, trainByEpoch, trainPartly } from '../mask/trajectory.js';
import type { JobOptions } from '../native.js';
import { LegcnetError, type LegcnetErrorCode } from '../errors.js';
import { type Metrics } from '../network/metrics.js';
import { Mlp } from '../network/mlp.js';
import {
  PARTS,
  type PartName,
  type TrainOptions,
  type TrainRecord,
  type TrainResult,
  type WatchOptions,
  type WatchedSeries,
  train,
  trainRecord,
} from '../network/train.js';
import { type Judgement, type VerdictCounts, judge } from '../pipeline/causality.js';
import type { PreparedData } from '../pipeline/data.js';
import { networkOptions, trainOptions } from '../pipeline/prune.js';
import { shuffleWithinLayers } from '../pipeline/referee.js';
import { epochsToWatch, planWatch } from '../pipeline/watch.js';
import { type CausalRule, type ComparePlan, inRule } from './plan.js';

type ByPart = { readonly [P in PartName]?: number };

/** A trained network, dense or sparse. */
export interface TrainedRecord {
  readonly epochs: number;
  readonly stoppedBy: 'epochs' | 'accuracy';
  readonly accuracy: ByPart;
  readonly f1: ByPart;
  readonly loss: ByPart;
  /** Epochs to converge: up to the least loss on the validation part (training part if there is none). */
  readonly converged: number;
  /**
   * The first epoch with the accuracy that the dense network has when it has converged, on the judged part; null when
   * there is none. For the dense network itself: the first epoch with that accuracy.
   */
  readonly reachesDense: number | null;
}

/** What could not be had of one seed, and why; comparisons go on without it. */
export interface Failed {
  readonly failed: string;
}

/** Begins the reason of a ticket that there was no mask for. */
export const NO_SCORES = 'no scores: ';

export const isFailed = (one: object): one is Failed => 'failed' in one;

/** Of one seed, and no fault of the configuration as such: other seeds may be without it. */
const FAILURES: readonly LegcnetErrorCode[] = ['ERR_DIVERGED', 'ERR_TOO_SHORT'];
/** Trained weights may be too large for a score. */
const SCORE_FAILURES: readonly LegcnetErrorCode[] = [...FAILURES, 'ERR_ARGUMENT'];

/** The work's result, or why it has none. What stops a comparison (an abort, a full disk, our own mistakes) is thrown. */
export async function attempt<R extends object>(
  work: () => Promise<R>,
  { signal }: JobOptions = {},
  failures = FAILURES,
): Promise<R | Failed> {
  try {
    return await work();
  } catch (error) {
    // when all is being stopped, the reason may be another seed's error
    if (signal?.aborted || !(error instanceof LegcnetError) || !failures.includes(error.code)) throw error;
    return { failed: error.message };
  }
}

export interface TicketCell extends TrainedRecord {
  readonly sparsity: number;
  /** Weights kept, in all and by layer. */
  readonly kept: number;
  readonly perLayer: readonly number[];
}

export interface FailedTicket extends Failed {
  readonly sparsity: number;
}

interface ControlName {
  readonly method: string;
  readonly sparsity: number;
  readonly kind: 'shuffled' | 're-initialised';
}
/** A ticket that should be worse than the one it is made of, if the mask or the initial weights matter. */
export type ControlCell = ControlName & TrainedRecord;
export type FailedControl = ControlName & Failed;

/** Takes a trained ticket; what it stands for is in its name. */
export type OnTicket = (name: string, network: Mlp) => Promise<void>;

/** All results of one seed; plain JSON, and the same bits however often it is computed. */
export interface ReplicateRecord {
  readonly hash: string;
  readonly seed: number;
  /** Where it failed, so has all else. */
  readonly dense: TrainedRecord | Failed;
  readonly methods: readonly {
    readonly method: string;
    readonly tickets: readonly (TicketCell | FailedTicket)[];
  }[];
  readonly controls: readonly (ControlCell | FailedControl)[];
  /** By causal rule; not there where the series was too short to be judged. */
  readonly causal: Readonly<Record<string, CausalRecord>>;
}

export interface CausalRecord {
  readonly windows: number;
  readonly verdicts: VerdictCounts;
  readonly notes: readonly string[];
}

export interface Replicate {
  readonly record: ReplicateRecord;
  /** [methods, sparsities, weights]: 1 keeps. */
  readonly masks: Uint8Array;
  /** By the first rule of those that share one. */
  readonly series: Readonly<Record<string, WatchedSeries>>;
}

/** Trainings of one replicate, to tell how far it has come. */
export function trainingsOf(plan: ComparePlan): number {
  const { methods, sparsities, controls } = plan;
  const ordered = methods.filter(isOrdered).length;
  return preparations(plan) + methods.length * sparsities.length + 2 * ordered * controls.length;
}

/** A random order shuffled is a random order: it has no controls. */
export const isOrdered = ({ name }: Criterion): boolean => name !== 'random' && name !== 'random-erk';

const needsOf = (methods: readonly Criterion[]): Set<Need> => new Set(methods.flatMap(({ needs }) => needs));

function preparations(plan: ComparePlan): number {
  const needs = needsOf(plan.methods);
  const repeated = watchedRules(plan).filter((rule) => rule !== watchedAlong(plan)).length;
  return 1 + repeated + (['trajectory', 'partlyTrained'] as const).filter((need) => needs.has(need)).length;
}

/** One rule for each series. */
const watchedRules = ({ rules }: ComparePlan): CausalRule[] => rules.filter(({ name, series }) => name === series);

/** The rule whose series is watched in the dense training itself, which has to see all of it; others repeat it. */
const watchedAlong = (plan: ComparePlan): CausalRule | undefined =>
  watchedRules(plan).find(({ config }) => config.method === 'ft');

/** The part whose accuracy is compared: test where there is one. */
export const judgedPart = ({ rows }: PreparedData): PartName =>
  rows.test > 0 ? 'test' : rows.validation > 0 ? 'validation' : 'train';

/**
 * Trains the dense network of a seed once, for all methods; scores its weights by each; and trains each method's ticket
 * of each sparsity from the same initial weights by the same stopping rule.
 *
 * @param job progress counts trainings; those that a failure leaves out count at the end
 */
export async function runReplicate(
  plan: ComparePlan,
  data: PreparedData,
  seed: number,
  job: JobOptions = {},
  onTicket?: OnTicket,
): Promise<Replicate> {
  const { onProgress, ...quiet } = job;
  const total = trainingsOf(plan);
  let done = 0;
  const counted = async <R extends object>(work: () => Promise<R>): Promise<R | Failed> => {
    const result = await attempt(work, job);
    onProgress?.({ done: ++done, total });
    return result;
  };
  const finish = (): void => {
    if (done < total) onProgress?.({ done: total, total });
  };
  const config = { ...plan.config, seed };
  const network = await initialNetwork(plan, data, seed);
  const { weights, layers } = network;
  const options: TrainOptions = { ...trainOptions(config), ...quiet };
  const needs = needsOf(plan.methods);

  // one series can be watched in the dense training; for others, and to see it epoch by epoch, it has to be repeated,
  // which gives the same bits
  const along = watchedAlong(plan);
  const watches = watchedRules(plan).map((rule) => ({ rule, watch: watchOf(rule, data, network) }));
  const masks = new Uint8Array(plan.methods.length * plan.sparsities.length * weights);
  const methods: { method: string; tickets: (TicketCell | FailedTicket)[] }[] = [];
  const controls: (ControlCell | FailedControl)[] = [];
  const without = (method: Criterion, sparsities: readonly number[], why: Failed): FailedTicket[] =>
    sparsities.map((sparsity) => {
      if (isOrdered(method) && plan.controls.includes(sparsity)) {
        for (const kind of CONTROLS) controls.push({ method: method.name, sparsity, kind, ...why });
      }
      return { sparsity, ...why };
    });

  const denseWatch = watches.find(({ rule }) => rule === along);
  const dense = await counted(() => train(network, data.parts, { ...options, ...denseWatch?.watch }));
  if (isFailed(dense)) {
    const why = { failed: `the dense network: ${dense.failed}` };
    finish();
    for (const method of plan.methods) {
      methods.push({ method: method.name, tickets: without(method, plan.sparsities, why) });
    }
    return { record: { hash: plan.hash, seed, dense, methods, controls, causal: {} }, masks, series: {} };
  }
  const trajectory = needs.has('trajectory') ? await counted(() => seenByEpoch(network, data, options)) : undefined;
  const partlyTrained = needs.has('partlyTrained')
    ? await counted(() => trainPartly(network, data.parts, options, config.partial))
    : undefined;
  const series: Record<string, WatchedSeries | Failed> = {};
  for (const { rule, watch } of watches) {
    series[rule.name] =
      rule === along
        ? (dense.series as WatchedSeries)
        : await counted(() => watchAgain(rule, data, network, { ...options, ...watch }));
  }
  const judged: Record<string, Judgement | Failed> = {};
  for (const rule of plan.rules) {
    const of = series[rule.series] as WatchedSeries | Failed;
    judged[rule.name] = isFailed(of) ? of : await attempt(() => judge(of, { ...rule.config, seed }, quiet), job);
  }
  const judgements = Object.fromEntries(
    Object.entries(judged).flatMap(([rule, one]) => (isFailed(one) ? [] : [[rule, one]])),
  );

  const lacking = ({ needs: needed, rules }: Criterion): Failed | undefined =>
    [
      needed.includes('trajectory') ? trajectory : undefined,
      needed.includes('partlyTrained') ? partlyTrained : undefined,
      ...rules.map((rule) => judged[rule]),
    ].find((one): one is Failed => one !== undefined && isFailed(one));
  const present = <T extends object>(one: T | Failed | undefined): T | undefined =>
    one === undefined || isFailed(one) ? undefined : one;
  const context: ScoreContext = {
    network,
    samples: data.parts.train,
    trained: dense.network,
    partlyTrained: present(partlyTrained),
    trajectory: present(trajectory),
    judgements,
    judgement: judgements.ft,
    partialJudgement: judgements.pt,
  };
  const recorder = new Recorder(dense, judgedPart(data));
  const tieBreak = new RandomState(seed).permutation(weights);
  const fresh = (seed + 2 ** 31) % 2 ** 32;
  let renewed: Mlp | undefined;
  const trainTicket = (from: Mlp, mask: Uint8Array): Promise<TrainResult | Failed> =>
    counted(() => train(from, data.parts, { ...options, mask }));
  // methods that agree on a mask share its ticket
  const trained = new Map<string, TrainResult | Failed>();
  const ticketOf = async (mask: Uint8Array): Promise<TrainResult | Failed> => {
    const key = Buffer.from(mask).toString('latin1');
    const known = trained.get(key);
    const ticket = await (known ? counted(async () => known) : trainTicket(network, mask));
    trained.set(key, ticket);
    return ticket;
  };
  for (const [m, method] of plan.methods.entries()) {
    const tickets: (TicketCell | FailedTicket)[] = [];
    methods.push({ method: method.name, tickets });
    const missing = lacking(method);
    let scores: Float64Array | Failed | undefined = missing;
    for (const [s, sparsity] of plan.sparsities.entries()) {
      if (!missing && (!scores || method.options.includes('sparsity'))) {
        const scoring = { ...plan.scoring, seed, sparsity, ...quiet };
        scores = await attempt(() => scoreWeights(method.name, context, scoring), job, SCORE_FAILURES);
      }
      if (!scores || isFailed(scores)) {
        tickets.push(...without(method, [sparsity], { failed: `${NO_SCORES}${(scores as Failed).failed}` }));
        continue;
      }
      const mask = selectBySparsity(
        scores,
        layers,
        keptAt(weights, sparsity),
        plan.density ?? method.density,
        tieBreak,
      );
      masks.set(mask, (m * plan.sparsities.length + s) * weights);
      const ticket = await ticketOf(mask);
      if (isFailed(ticket)) tickets.push({ sparsity, ...ticket });
      else {
        await onTicket?.(`${method.name}.${sparsity}`, ticket.network);
        const perLayer = layers.map((layer) =>
          count(mask.subarray(layer.offset, layer.offset + layer.inputs * layer.outputs)),
        );
        tickets.push({ sparsity, kept: count(mask), perLayer, ...recorder.record(ticket) });
      }
      if (!isOrdered(method) || !plan.controls.includes(sparsity)) continue;
      renewed ??= await initialNetwork(plan, data, fresh);
      for (const kind of CONTROLS) {
        const other = await (kind === 'shuffled'
          ? ticketOf(shuffleWithinLayers(mask, layers, fresh))
          : trainTicket(renewed, mask));
        const cell = { method: method.name, sparsity, kind };
        controls.push(isFailed(other) ? { ...cell, ...other } : { ...cell, ...recorder.record(other) });
      }
    }
  }
  finish();
  const causal = Object.fromEntries(Object.entries(judgements).map(([rule, one]) => [rule, causalRecord(one)]));
  // of no use to the placebo where no rule could judge it
  const used = plan.rules.filter(({ name }) => judgements[name]).map(({ series: of }) => [of, series[of]]);
  return {
    record: { hash: plan.hash, seed, dense: recorder.record(dense), methods, controls, causal },
    masks,
    series: Object.fromEntries(used) as Replicate['series'],
  };
}

const CONTROLS = ['shuffled', 're-initialised'] as const;

/** The network of a seed before training. */
export function initialNetwork({ config }: ComparePlan, data: PreparedData, seed: number): Promise<Mlp> {
  const sizes = [data.features, ...config.layers, data.outputs];
  return Mlp.random(sizes, { ...networkOptions(config), init: config.init, seed });
}

const causalRecord = ({ windows, counts, notes }: Judgement): CausalRecord => ({ windows, verdicts: counts, notes });

const count = (mask: Uint8Array): number => mask.reduce((total, bit) => total + bit, 0);

/** The training with its weights after every epoch in memory. */
async function seenByEpoch(network: Mlp, { parts }: PreparedData, options: TrainOptions): Promise<Trajectory> {
  const seen: Float64Array[] = [];
  for await (const parameters of trainByEpoch(network, parts, options)) seen.push(parameters);
  return { network, parts, options, snapshots: () => seen };
}

/** What a training needs for a rule's series to be watched in it. */
function watchOf({ name, config }: CausalRule, data: PreparedData, network: Mlp) {
  try {
    return { watch: planWatch(config, data, network), exponentScalar: config.exponentScalar };
  } catch (error) {
    throw inRule(name, error);
  }
}

/** The dense training again, for its series only: as many epochs as the rule watches, no more. */
async function watchAgain(
  { config }: CausalRule,
  data: PreparedData,
  network: Mlp,
  options: TrainOptions & { readonly watch: WatchOptions },
): Promise<WatchedSeries> {
  const epochs = epochsToWatch(options.watch, config, data);
  const evaluateEveryEpoch = config.untilAccuracy !== undefined;
  const record: TrainRecord = await trainRecord(network, data.parts, { ...options, epochs, evaluateEveryEpoch });
  return record.series as WatchedSeries;
}

/** Records trainings of one seed, measured by the dense one. */
class Recorder {
  private readonly accuracy: number;

  constructor(
    dense: TrainResult,
    private readonly judged: PartName,
  ) {
    this.accuracy = this.accuracies(dense)[converged(dense) - 1] as number;
  }

  record(result: TrainResult): TrainedRecord {
    const by = (pick: (metrics: Metrics) => number): ByPart =>
      Object.fromEntries(PARTS.flatMap((part) => (result.scores[part] ? [[part, pick(result.scores[part])]] : [])));
    const reached = this.accuracies(result).findIndex((accuracy) => accuracy >= this.accuracy);
    return {
      epochs: result.epochs,
      stoppedBy: result.stoppedBy,
      accuracy: by((metrics) => metrics.accuracy),
      f1: by((metrics) => metrics.f1),
      loss: by((metrics) => metrics.loss),
      converged: converged(result),
      reachesDense: reached < 0 ? null : reached + 1,
    };
  }

  private accuracies({ history }: TrainResult): number[] {
    return history.map((scores) => (scores[this.judged] as Metrics).accuracy);
  }
}

/** 1-based epoch of the least loss, the first of equals, on the validation part or else the training part. */
function converged({ history }: TrainResult): number {
  const part = history[0]?.validation ? 'validation' : 'train';
  const losses = history.map((scores) => (scores[part] as Metrics).loss);
  return losses.indexOf(Math.min(...losses)) + 1;
}
