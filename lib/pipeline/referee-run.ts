/** The referee on one run: is its causal rule better than a placebo, and its ticket than one of shuffled scores? */
import { RandomState } from '../data/numpy-random.js';
import { selectByCounts } from '../mask/select.js';
import type { JobOptions } from '../native.js';
import { Mlp } from '../network/mlp.js';
import type { TrainRecord, WatchOptions, WatchedSeries } from '../network/train.js';
import type { OptionValues } from '../options.js';
import { type Judgement, judge } from './causality.js';
import type { PruneConfig } from './config.js';
import type { PreparedData } from './data.js';
import { type Ticket, networkOptions } from './prune.js';
import {
  type Overlap,
  type Placebo,
  type PlaceboColumn,
  type Power,
  type SeedSeries,
  familyOf,
  firstWindows,
  maskOverlap,
  placeboColumn,
  power,
  shuffleWithinLayers,
  summarisePlacebo,
} from './referee.js';
import { inParallel } from './referee-pool.js';
import { type Estimate, Resampler } from './referee-statistics.js';
import {
  type Contest,
  compareCommand,
  contestSentences,
  placeboSentence,
  powerSentence,
  stabilitySentence,
} from './referee-verdict.js';
import { LEAST_WINDOWS, planWatch } from './watch.js';

export interface RunReferee {
  /** Seeds that dense networks were watched of, the run's first. */
  readonly seeds: readonly number[];
  /** Null when no other seed had windows enough. */
  readonly placebo: Placebo | null;
  readonly power: Power;
  /** Of masks with as many weights in each layer as the ticket's, by each seed's own scores; null as `placebo`. */
  readonly stability: Overlap | null;
  /** The ticket's mask in another order within each layer, trained. */
  readonly shuffled: Ticket;
  /** A ticket by the scores of another seed's exponents, with as many weights in each layer; null as `placebo`. */
  readonly placeboTicket: { readonly source: number; readonly ticket: Ticket } | null;
  /** In plain words. */
  readonly verdict: readonly string[];
}

/** What the run has come to. */
export interface FinishedRun {
  readonly config: PruneConfig;
  /** The options as they were given. */
  readonly given: OptionValues;
  readonly data: PreparedData;
  readonly initial: Mlp;
  readonly series: WatchedSeries;
  readonly judgement: Judgement;
  readonly ticket: Ticket;
  readonly baselines: { readonly random: Ticket; readonly magnitude: Ticket } | undefined;
}

/** How the run trains. */
export interface RefereeTraining {
  readonly trainOther: (seed: number, network: Mlp, watch: WatchOptions, threads: number) => Promise<TrainRecord>;
  readonly retrain: (name: string, mask: Uint8Array) => Promise<Ticket>;
  readonly job: JobOptions;
  /** Threads in all. */
  readonly threads: number;
}

/**
 * Cost: `refereeSeeds` watched trainings, (refereeSeeds + 1)^2 times the tests of all weights, two tickets.
 *
 * @throws what `trainOther`, `retrain` and `judge` throw
 */
export async function refereeRun(run: FinishedRun, training: RefereeTraining): Promise<RunReferee> {
  const { config, initial, judgement, ticket } = run;
  const { job, threads } = training;
  const { layers, weights } = initial;
  const found = [{ seed: config.seed, series: run.series }, ...(await watchOthers(run, training))];
  const enough = found.filter(({ series }) => series.misclassification.length >= LEAST_WINDOWS);
  const windows = Math.min(...enough.map(({ series }) => series.misclassification.length));
  const seeds = enough.map(({ seed, series }): SeedSeries => ({ seed, series: firstWindows(series, windows) }));
  const counts = ticket.summary.perLayer.map(({ kept }) => kept);
  const keep = (scores: Float64Array, seed: number): Uint8Array =>
    selectByCounts(scores, layers, counts, new RandomState(seed).permutation(weights));

  const columns: PlaceboColumn[] = [];
  const masks: Uint8Array[] = [];
  let placeboScores: { source: number; score: Float64Array } | undefined;
  const quiet = { threads, ...(job.signal && { signal: job.signal }) };
  for (const own of seeds) {
    const others = seeds.filter(({ seed }) => seed !== own.seed);
    columns.push(
      await placeboColumn(own, others, config, quiet, (source, { score }) => {
        if (source === own.seed) masks.push(keep(score, source));
        else if (own.seed === config.seed) placeboScores ??= { source, score };
      }),
    );
    job.onProgress?.({ done: columns.length, total: seeds.length });
  }
  const shuffled = await training.retrain('shuffled', shuffleWithinLayers(ticket.mask, layers, config.seed));
  const placeboTicket = placeboScores && {
    source: placeboScores.source,
    ticket: await training.retrain('placebo', keep(placeboScores.score, config.seed)),
  };
  const resampler = new Resampler(2000);
  const several = seeds.length > 1;
  const placebo = several ? summarisePlacebo(columns, resampler) : null;
  const cut = windows < judgement.windows ? await judge((seeds[0] as SeedSeries).series, config, quiet) : judgement;
  const strength = await power(windows, await familyOf(cut, config, quiet), config, { ...quiet, seed: config.seed });
  const stability = several ? maskOverlap(masks, layers) : null;
  return {
    seeds: seeds.map(({ seed }) => seed),
    ...{ placebo, power: strength, stability, shuffled, placeboTicket: placeboTicket ?? null },
    verdict: [
      placebo
        ? placeboSentence(placebo)
        : `No other seed's training had ${LEAST_WINDOWS} windows, so that there is no placebo.`,
      powerSentence(strength),
      ...(stability ? [stabilitySentence(stability)] : []),
      ...contestSentences(contest(run, shuffled, placeboTicket?.ticket)),
      ...askOthers(run),
    ],
  };
}

async function watchOthers({ config, data }: FinishedRun, training: RefereeTraining): Promise<SeedSeries[]> {
  const seeds = Array.from({ length: config.refereeSeeds }, (_, i) => (config.seed + 1 + i) % 2 ** 32);
  const found = new Map<number, WatchedSeries>();
  await inParallel(seeds, training.threads, training.job.signal, async (seed, { threads = 1 }) => {
    const sizes = [data.features, ...config.layers, data.outputs];
    const network = await Mlp.random(sizes, { ...networkOptions(config), init: config.init, seed });
    const watch = planWatch({ ...config, weightLog: undefined }, data, network);
    const { series } = await training.trainOther(seed, network, watch, threads);
    found.set(seed, series as WatchedSeries);
  });
  return seeds.map((seed) => ({ seed, series: found.get(seed) as WatchedSeries }));
}

const accuracyOf = ({ training: { scores } }: Ticket): number =>
  (scores.test ?? scores.validation ?? scores.train)?.accuracy as number;

function contest({ ticket, baselines }: FinishedRun, shuffled: Ticket, placebo: Ticket | undefined): Contest {
  const own = accuracyOf(ticket);
  const rival = (name: string, other: Ticket) => {
    const once = { n: 1, deviation: null, interval: null, method: null, bootstrap: null };
    const difference: Estimate = { ...once, mean: own - accuracyOf(other) };
    return { name, accuracy: accuracyOf(other), difference };
  };
  return {
    sparsity: ticket.summary.sparsity,
    ranking: own,
    rivals: [
      ...(baselines ? [rival('magnitude', baselines.magnitude), rival('random', baselines.random)] : []),
      rival('its own mask shuffled within layers', shuffled),
      ...(placebo ? [rival("another seed's exponents", placebo)] : []),
    ],
  };
}

/** One run cannot tell whether another method is better: what can, where it looks so. */
function askOthers({ config, given, ticket, baselines }: FinishedRun): string[] {
  if (!baselines || accuracyOf(baselines.magnitude) <= accuracyOf(ticket)) return [];
  const sparsity = Number(ticket.summary.sparsity.toFixed(3));
  return [
    'Magnitude kept more in this run; whether it does for other seeds, this tells: ' +
      compareCommand(config.dataset, `${config.method},magnitude`, sparsity, given),
  ];
}
