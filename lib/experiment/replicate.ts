/** One replicate of a comparison: everything that one seed's networks are trained and scored for. */
import { RandomState } from '../data/numpy-random.js';
import { type Criterion, type Need, type ScoreContext, scoreWeights } from '../mask/criteria.js';
import { keptAt, selectBySparsity } from '../mask/select.js';
import { type Trajectory, trainByEpoch, trainPartly } from '../mask/trajectory.js';
import type { JobOptions } from '../native.js';
import { type Metrics } from '../network/metrics.js';
import { Mlp } from '../network/mlp.js';
import {
  PARTS,
  type PartName,
  type TrainOptions,
  type TrainRecord,
  type TrainResult,
  type WatchedSeries,
  train,
  trainRecord,
} from '../network/train.js';
import { type Judgement, type VerdictCounts, judge } from '../pipeline/causality.js';
import type { PreparedData } from '../pipeline/data.js';
import { networkOptions, trainOptions } from '../pipeline/prune.js';
import { shuffleWithinLayers } from '../pipeline/referee.js';
import { epochsToWatch, planWatch } from '../pipeline/watch.js';
import { CAUSAL, type CausalMethod, type ComparePlan } from './plan.js';

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

export interface TicketCell extends TrainedRecord {
  readonly sparsity: number;
  /** Weights kept, in all and by layer. */
  readonly kept: number;
  readonly perLayer: readonly number[];
}

/** A ticket that should be worse than the one it is made of, if the mask or the initial weights matter. */
export interface ControlCell extends TrainedRecord {
  readonly method: string;
  readonly sparsity: number;
  readonly kind: 'shuffled' | 're-initialised';
}

/** Takes a trained ticket; what it stands for is in its name. */
export type OnTicket = (name: string, network: Mlp) => Promise<void>;

/** All results of one seed; plain JSON, and the same bits however often it is computed. */
export interface ReplicateRecord {
  readonly hash: string;
  readonly seed: number;
  readonly dense: TrainedRecord;
  readonly methods: readonly { readonly method: string; readonly tickets: readonly TicketCell[] }[];
  readonly controls: readonly ControlCell[];
  readonly causal: { readonly [M in CausalMethod]?: CausalRecord };
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
  readonly series: { readonly [M in CausalMethod]?: WatchedSeries };
}

/** Trainings of one replicate, to tell how far it has come. */
export function trainingsOf({ methods, sparsities, controls }: ComparePlan): number {
  const ordered = methods.filter(isOrdered).length;
  return preparations(methods) + methods.length * sparsities.length + 2 * ordered * controls.length;
}

/** A random order shuffled is a random order: it has no controls. */
export const isOrdered = ({ name }: Criterion): boolean => name !== 'random' && name !== 'random-erk';

const needsOf = (methods: readonly Criterion[]): Set<Need> => new Set(methods.flatMap(({ needs }) => needs));

function preparations(methods: readonly Criterion[]): number {
  const needs = needsOf(methods);
  return 1 + ['trajectory', 'partialJudgement', 'partlyTrained'].filter((need) => needs.has(need as Need)).length;
}

/** The part whose accuracy is compared: test where there is one. */
export const judgedPart = ({ rows }: PreparedData): PartName =>
  rows.test > 0 ? 'test' : rows.validation > 0 ? 'validation' : 'train';

/**
 * Trains the dense network of a seed once, for all methods; scores its weights by each; and trains each method's ticket
 * of each sparsity from the same initial weights by the same stopping rule.
 *
 * @param job progress counts trainings
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
  const counted = async <R>(work: Promise<R>): Promise<R> => {
    const result = await work;
    onProgress?.({ done: ++done, total });
    return result;
  };
  const configs = { ft: { ...plan.configs.ft, seed }, pt: { ...plan.configs.pt, seed } };
  const config = configs.ft;
  const network = await initialNetwork(plan, data, seed);
  const { weights, layers } = network;
  const options: TrainOptions = { ...trainOptions(config), ...quiet };
  const needs = needsOf(plan.methods);

  // the watched training is the dense one; to see it epoch by epoch it has to be repeated, which gives the same bits
  const watch = needs.has('judgement') ? planWatch(config, data, network) : undefined;
  const dense = await counted(train(network, data.parts, { ...options, watch }));
  const trajectory = needs.has('trajectory') ? await counted(seenByEpoch(network, data, options)) : undefined;
  const partlyTrained = needs.has('partlyTrained')
    ? await counted(trainPartly(network, data.parts, options, config.partial))
    : undefined;
  const partial = needs.has('partialJudgement')
    ? await counted(watchPart(plan, data, network, options, seed))
    : undefined;
  const judgement = dense.series && (await judge(dense.series, configs.ft, quiet));
  const partialJudgement = partial && (await judge(partial, configs.pt, quiet));

  const context: ScoreContext = {
    network,
    samples: data.parts.train,
    trained: dense.network,
    ...{ partlyTrained, trajectory, judgement, partialJudgement },
  };
  const recorder = new Recorder(dense, judgedPart(data));
  const tieBreak = new RandomState(seed).permutation(weights);
  const fresh = (seed + 2 ** 31) % 2 ** 32;
  let renewed: Mlp | undefined;
  const masks = new Uint8Array(plan.methods.length * plan.sparsities.length * weights);
  const methods: { method: string; tickets: TicketCell[] }[] = [];
  const controls: ControlCell[] = [];
  let offset = 0;
  for (const method of plan.methods) {
    const tickets: TicketCell[] = [];
    let scores: Float64Array | undefined;
    for (const sparsity of plan.sparsities) {
      if (!scores || method.options.includes('sparsity')) {
        scores = await scoreWeights(method.name, context, { ...plan.scoring, seed, sparsity, ...quiet });
      }
      const mask = selectBySparsity(
        scores,
        layers,
        keptAt(weights, sparsity),
        plan.density ?? method.density,
        tieBreak,
      );
      masks.set(mask, offset);
      offset += weights;
      const trained = await counted(train(network, data.parts, { ...options, mask }));
      await onTicket?.(`${method.name}.${sparsity}`, trained.network);
      const perLayer = layers.map((layer) =>
        count(mask.subarray(layer.offset, layer.offset + layer.inputs * layer.outputs)),
      );
      tickets.push({ sparsity, kept: count(mask), perLayer, ...recorder.record(trained) });
      if (!isOrdered(method) || !plan.controls.includes(sparsity)) continue;
      const shuffled = shuffleWithinLayers(mask, layers, fresh);
      const cell = { method: method.name, sparsity };
      const other = await counted(train(network, data.parts, { ...options, mask: shuffled }));
      controls.push({ ...cell, kind: 'shuffled', ...recorder.record(other) });
      renewed ??= await initialNetwork(plan, data, fresh);
      const again = await counted(train(renewed, data.parts, { ...options, mask }));
      controls.push({ ...cell, kind: 're-initialised', ...recorder.record(again) });
    }
    methods.push({ method: method.name, tickets });
  }
  const series = { ...(dense.series && { ft: dense.series }), ...(partial && { pt: partial }) };
  const judgements = { ft: judgement, pt: partialJudgement };
  const causal = Object.fromEntries(
    CAUSAL.flatMap((method) => (judgements[method] ? [[method, causalRecord(judgements[method])]] : [])),
  );
  return {
    record: { hash: plan.hash, seed, dense: recorder.record(dense), methods, controls, causal },
    masks,
    series,
  };
}

/** The network of a seed before training. */
export function initialNetwork({ configs }: ComparePlan, data: PreparedData, seed: number): Promise<Mlp> {
  const sizes = [data.features, ...configs.ft.layers, data.outputs];
  return Mlp.random(sizes, { ...networkOptions(configs.ft), init: configs.ft.init, seed });
}

const causalRecord = ({ windows, counts, notes }: Judgement): CausalRecord => ({ windows, verdicts: counts, notes });

const count = (mask: Uint8Array): number => mask.reduce((total, bit) => total + bit, 0);

/** The training with its weights after every epoch in memory. */
async function seenByEpoch(network: Mlp, { parts }: PreparedData, options: TrainOptions): Promise<Trajectory> {
  const seen: Float64Array[] = [];
  for await (const parameters of trainByEpoch(network, parts, options)) seen.push(parameters);
  return { network, parts, options, snapshots: () => seen };
}

/** LEGCNet-PT's series: as many epochs as it watches, no more. */
async function watchPart(
  plan: ComparePlan,
  data: PreparedData,
  network: Mlp,
  options: TrainOptions,
  seed: number,
): Promise<WatchedSeries> {
  const config = { ...plan.configs.pt, seed };
  const watch = planWatch(config, data, network);
  const epochs = epochsToWatch(watch, config, data);
  const record: TrainRecord = await trainRecord(network, data.parts, { ...options, epochs, watch });
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
