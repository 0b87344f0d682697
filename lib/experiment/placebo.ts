/** The part of a comparison that takes all seeds together: one seed's misclassification, other seeds' exponents. */
import { RandomState } from '../data/numpy-random.js';
import { keptAt, selectBySparsity } from '../mask/select.js';
import type { JobOptions } from '../native.js';
import { type Metrics } from '../network/metrics.js';
import { train } from '../network/train.js';
import type { Judgement } from '../pipeline/causality.js';
import type { PreparedData } from '../pipeline/data.js';
import { trainOptions } from '../pipeline/prune.js';
import {
  type PlaceboColumn,
  type Power,
  type SeedSeries,
  familyOf,
  firstWindows,
  placeboColumn,
  power,
} from '../pipeline/referee.js';
import type { CausalRule, ComparePlan } from './plan.js';
import { type ReplicateRecord, attempt, initialNetwork, isFailed, judgedPart } from './replicate.js';
import type { Shelf } from './shelf.js';

/** A ticket chosen by scores that another seed's exponents got for this seed's misclassification. */
export interface PlaceboTicket {
  readonly source: number;
  readonly sparsity: number;
  /** On the judged part; null where the training diverged. */
  readonly accuracy: number | null;
}

export interface TargetRecord {
  /** Windows used: as many as the shortest series has. */
  readonly windows: number;
  readonly column: PlaceboColumn;
  readonly power: Power;
  readonly tickets: readonly PlaceboTicket[];
}

/** All that is found for one seed as target; a method is not there where the seed's series could not be judged. */
export interface PlaceboRecord {
  readonly hash: string;
  readonly target: number;
  /** Seeds that took part. */
  readonly seeds: readonly number[];
  /** By causal rule; none where the seed was not judged. */
  readonly methods: Readonly<Record<string, TargetRecord>>;
}

/** Causal rules of a plan that are methods by themselves. */
export const refereedRules = ({ methods, rules }: ComparePlan): CausalRule[] =>
  rules.filter((rule) => methods.some(({ name }) => name === rule.name));

/**
 * Judges a seed's misclassification by the exponents of all seeds, simulates the rule's power, and trains the tickets of
 * the next seed's exponents (cyclically).
 */
export async function runPlacebo(
  plan: ComparePlan,
  data: PreparedData,
  records: readonly ReplicateRecord[],
  target: number,
  shelf: Shelf,
  job: JobOptions = {},
): Promise<PlaceboRecord> {
  const seeds = records.map(({ seed }) => seed);
  const methods: Record<string, TargetRecord> = {};
  for (const rule of refereedRules(plan)) {
    const config = { ...rule.config, seed: target };
    const judged = records.filter(({ causal }) => causal[rule.name]);
    if (!judged.some(({ seed }) => seed === target)) continue;
    const those = judged.map(({ seed }) => seed);
    const windows = Math.min(...judged.map(({ causal }) => causal[rule.name]?.windows as number));
    const load = async (seed: number): Promise<SeedSeries> => ({
      seed,
      series: firstWindows(await shelf.series(seed, rule.series), windows),
    });
    const next = those[(those.indexOf(target) + 1) % those.length] as number;
    let [own, placebo]: [Judgement | undefined, Judgement | undefined] = [undefined, undefined];
    const others = async function* (): AsyncGenerator<SeedSeries> {
      for (const seed of those) if (seed !== target) yield await load(seed);
    };
    const column = await placeboColumn(await load(target), others(), config, job, (source, judgement) => {
      if (source === target) own = judgement;
      else if (source === next) placebo = judgement;
    });
    methods[rule.name] = {
      windows,
      column,
      power: await power(windows, await familyOf(own as unknown as Judgement, config, job), config, {
        ...job,
        seed: target,
      }),
      tickets: placebo ? await placeboTickets(plan, data, target, next, (placebo as Judgement).score, job) : [],
    };
  }
  return { hash: plan.hash, target, seeds, methods };
}

async function placeboTickets(
  plan: ComparePlan,
  data: PreparedData,
  target: number,
  source: number,
  scores: Float64Array,
  job: JobOptions,
): Promise<PlaceboTicket[]> {
  const config = { ...plan.config, seed: target };
  const network = await initialNetwork(plan, data, target);
  const { weights, layers } = network;
  const tieBreak = new RandomState(target).permutation(weights);
  const tickets: PlaceboTicket[] = [];
  for (const sparsity of plan.controls) {
    const mask = selectBySparsity(scores, layers, keptAt(weights, sparsity), plan.density ?? 'erdos-renyi', tieBreak);
    const options = { ...trainOptions(config), ...job, mask, evaluateEveryEpoch: config.untilAccuracy !== undefined };
    const trained = await attempt(() => train(network, data.parts, options), job);
    const accuracy = isFailed(trained) ? null : (trained.scores[judgedPart(data)] as Metrics).accuracy;
    tickets.push({ source, sparsity, accuracy });
  }
  return tickets;
}
