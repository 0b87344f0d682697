/** From data to the retrained ticket: LEGCNet-FT and -PT, and every other criterion on the same path. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/datasets.js';
import { checkFolder } from '../data/files.js';
import { RandomState } from '../data/numpy-random.js';
import { type JobOptions, type Progress, defaultThreads } from '../native.js';
import { Mlp } from '../network/mlp.js';
import {
  type TrainOptions,
  type TrainResult,
  type WatchOptions,
  type WatchedSeries,
  toTrainResult,
} from '../network/train.js';
import { type OptionValues, checkJobOptions } from '../options.js';
import { applyMask } from '../mask/gradients.js';
import { stateAfter } from '../mask/rounds.js';
import { magnitudeScores, selectByCounts } from '../mask/select.js';
import { type MaskSummary, summarise } from '../mask/mask.js';
import { type Judgement, judge } from './causality.js';
import { Checkpoints } from './checkpoint.js';
import { type PruneConfig, configHash, resolveConfig, watchConfigs } from './config.js';
import { type PreparedData, prepareData } from './data.js';
import { explainedWeights } from './explained.js';
import { type Variant, methodOf } from './method.js';
import { type Observed, Ranking } from './ranking.js';
import { meanExponents } from './plots.js';
import { type RunReferee, refereeRun } from './referee-run.js';
import { type Retrain, selectWeights } from './selection.js';
import { version } from './version.js';
import { epochsToWatch, planWatch } from './watch.js';

export type Stage = 'data' | 'train' | 'granger' | 'score' | 'retrain' | 'baselines' | 'referee';

export interface StageProgress extends Progress {
  readonly stage: Stage;
  /** What is being worked on, e.g. the sparsity that is tried. */
  readonly detail: string;
}

export interface PruneOptions extends OptionValues {
  /** Initial parameters in the order of `Mlp.parameters`; default: drawn by `init` and `seed`. */
  readonly initial?: Float64Array | undefined;
  /** Folder for checkpoints; default: none are written. */
  readonly checkpoint?: string | undefined;
  /** Go on from what `checkpoint` holds. Default false. */
  readonly resume?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: StageProgress) => void) | undefined;
}

/** A retrained sparse network. */
export interface Ticket {
  readonly mask: Uint8Array;
  readonly summary: MaskSummary;
  readonly training: TrainResult;
}

export type Seconds = Readonly<Record<Stage | 'lyapunov' | 'total', number>>;

export interface PruneResult {
  readonly config: PruneConfig;
  readonly data: PreparedData;
  readonly initial: Mlp;
  /** How the dense training was watched, if it was; `sample` are the weights whose series are kept. */
  readonly watch: (WatchOptions & { readonly sample: Uint32Array }) | undefined;
  readonly dense: TrainResult;
  /** What was seen of the dense training; undefined where the method does not watch it. */
  readonly judgement: Judgement | undefined;
  /** [windows] mean exponent of the weights that moved, NaN where none did; undefined as `judgement`. */
  readonly meanExponents: Float64Array | undefined;
  /** [weights] what the method scored; of several rounds the last, with -Infinity for what went before it. */
  readonly scores: Float64Array;
  readonly ticket: Ticket;
  /**
   * Tickets with as many weights in each layer, chosen at random and by the magnitude of the trained weights; none when
   * the option `baselines` is false.
   */
  readonly baselines: { readonly random: Ticket; readonly magnitude: Ticket } | undefined;
  /** What the rule knows; only with the option `referee`. */
  readonly referee: RunReferee | undefined;
  /** Wall time by stage. `train` does not include the exponents, which are computed meanwhile: they are `lyapunov`. */
  readonly seconds: Seconds;
  /** To be cleared when the results are safe elsewhere. */
  readonly checkpoints: Checkpoints;
}

/**
 * Prunes a network: trains it dense, scores its weights by `method` (docs/criteria.md), prunes, and retrains what is left
 * from the same initial weights by the same stopping rule. LEGCNet (`ft`, `pt`) watches the weights while the dense network
 * trains, computes an exponent per weight and window, and tests which exponents Granger-cause the misclassification; no
 * other method pays for that. With `rounds`, the sparsity is reached in so many, each training what the last has left
 * where the method scores trained weights; with `rewind`, rounds and tickets (baselines too) begin from the dense
 * network's weights after that epoch. Defaults come from `preset`; every option of the table can be given.
 *
 * The same configuration and data give the same bits, for any number of threads, and when resumed.
 * Cost: the dense training, the scores (see `scoreWeights`), one training per round after the first and per ticket
 * (`within`: about nine, and as many times the rounds);
 * LEGCNet: twice the dense training with the difference series, one exponent per weight and window, one test per weight;
 * with `referee`, another watched training for each of `refereeSeeds`, and two tickets. Memory: the data; LEGCNet: one
 * window of iterates, and 9 bytes per weight and window.
 *
 * @param data name or path as `loadDataset` takes it, or a Dataset, whose name then chooses the defaults
 * @throws LegcnetError ERR_OPTION, ERR_DATA, ERR_FILE, ERR_TOO_SHORT (fewer than 10 windows), ERR_DIVERGED,
 *   ERR_ARGUMENT (weights too large for the method's scores, `initial` of another length); `signal.reason` when aborted
 */
export async function prune(data: Dataset | string, options: PruneOptions = {}): Promise<PruneResult> {
  const { signal, onProgress, checkpoint, resume = false, initial: given, ...values } = options;
  checkJobOptions(options);
  const started = performance.now();
  const asked = resolveConfig(typeof data === 'string' ? data : data.name, values);
  const { threads } = asked;
  const method = methodOf(asked);
  if (checkpoint !== undefined) await checkFolder(checkpoint); // before data are loaded, which may be long
  const seconds: Record<Stage, number> = {
    ...{ data: 0, train: 0, granger: 0, score: 0, retrain: 0, baselines: 0, referee: 0 },
  };
  const timed = async <R>(stage: Stage, work: () => Promise<R>): Promise<R> => {
    signal?.throwIfAborted();
    const begun = performance.now();
    const result = await work();
    seconds[stage] += (performance.now() - begun) / 1000;
    return result;
  };
  // Without detail there is no progress: of two trainings at once only one reports.
  const job = (stage: Stage, detail: string, used = threads): JobOptions => ({
    ...(used === undefined ? {} : { threads: used }),
    ...(signal && { signal }),
    ...(onProgress && detail && { onProgress: (progress: Progress) => onProgress({ stage, detail, ...progress }) }),
  });

  const prepared = await timed('data', () => prepareData(data, asked, values));
  const config = { ...asked, split: [...prepared.split] };
  const watches = Object.entries(watchConfigs(config, values)) as [Variant, PruneConfig][];
  const hash = runHash(config, given);
  const checkpoints = checkpoint === undefined ? Checkpoints.none() : await Checkpoints.open(checkpoint, hash, resume);
  const sizes = [prepared.features, ...config.layers, prepared.outputs];
  const initial = given
    ? new Mlp(sizes, networkOptions(config), given)
    : await Mlp.random(sizes, { ...networkOptions(config), init: config.init, seed: config.seed });
  const watchOf = (watched: PruneConfig, mask?: Uint8Array) =>
    planWatch(mask ? { ...watched, weightLog: undefined } : watched, prepared, initial, mask);
  // what is too short to be judged is not trained first
  const [watch] = watches.map(([, watched]) => ({ ...watchOf(watched), sample: explainedWeights(initial.layers) }));

  let lyapunov = 0;
  /** Trains, and watches by every variant that the method takes: the first in this training, another in a part of one. */
  const trainWatched = async (stage: Stage, name: string, detail: string, more: Partial<TrainOptions> = {}) => {
    const run = async (as: string, what: string, options: Partial<TrainOptions>): Promise<TrainResult> => {
      const all = { ...trainOptions(config), ...job(stage, what), ...more, ...options };
      const result = toTrainResult(initial, await checkpoints.train(as, initial, prepared.parts, all));
      // exponents are computed while the network trains, and their time is counted apart
      const spent = result.series?.seconds ?? 0;
      seconds[stage] -= spent;
      lyapunov += spent;
      return result;
    };
    const [first, ...others] = watches;
    const trained = await run(name, detail, { watch: more.mask ? first && watchOf(first[1], more.mask) : watch });
    const series = first ? [{ variant: first[0], config: first[1], series: trained.series as WatchedSeries }] : [];
    for (const [variant, watched] of others) {
      const watch = watchOf({ ...watched, weightLog: undefined }, more.mask);
      const options = { watch, epochs: epochsToWatch(watch, watched, prepared) };
      const { series: part } = await run(`${name}-${variant}`, `${detail}, for ${variant}`, options);
      series.push({ variant, config: watched, series: part as WatchedSeries });
    }
    return { trained, series };
  };
  const judgeAll = async (stage: Stage, seen: Awaited<ReturnType<typeof trainWatched>>): Promise<Observed> => {
    const judgements: { [V in Variant]?: Judgement } = {};
    for (const { variant, config: watched, series } of seen.series) {
      judgements[variant] = await judge(series, watched, job(stage, 'tests'));
    }
    return { trained: seen.trained.network, judgements };
  };
  const watched = await timed('train', () => trainWatched('train', 'dense', 'dense network'));
  const dense = watched.trained;
  const observed = await timed('granger', () => judgeAll('granger', watched));
  const judgement = watches[0] && (observed.judgements[watches[0][0]] as Judgement);

  const rewound = await timed('score', async () => {
    if (config.rewind === 0) return undefined;
    const options = { ...trainOptions(config), ...job('score', 'epochs rewound to') };
    return stateAfter(initial, prepared.parts, options, config.rewind);
  });
  const start = rewound ? initial.withParameters(rewound.parameters) : initial;
  /** Where a ticket begins. */
  const from = (mask: Uint8Array): Partial<TrainOptions> => ({
    mask,
    ...(rewound && { resumeFrom: { ...rewound, parameters: applyMask(rewound.parameters, mask, initial.weights) } }),
  });
  const retrainAs =
    (stage: Stage, used = threads): Retrain =>
    async (name, mask, detail, { scoresAtEndOnly = false } = {}) => {
      const options: TrainOptions = {
        ...trainOptions(config),
        ...job(stage, detail, used),
        ...from(mask),
        evaluateEveryEpoch: !scoresAtEndOnly || config.untilAccuracy !== undefined,
      };
      return toTrainResult(initial, await checkpoints.train(name, initial, prepared.parts, options));
    };
  const tieBreak = new RandomState(config.seed).permutation(initial.weights);
  const ranking = new Ranking({
    ...{ config, method, initial, start, parts: prepared.parts, dense: observed, tieBreak },
    training: { ...trainOptions(config), ...job('score', '') },
    job: job('score', `scores by ${method.name}`),
    observe: async (name, mask, detail) => judgeAll('score', await trainWatched('score', name, detail, from(mask))),
  });
  // scores and rounds are timed apart from the tickets that are tried
  const retrain: Retrain = (...ticket) => timed('retrain', () => retrainAs('retrain')(...ticket));
  const { mask, scores } = await timed('score', () =>
    selectWeights(config, initial.weights, dense, judgement, ranking, retrain),
  );
  seconds.score -= seconds.retrain;
  const ticket = toTicket(initial, mask, await retrain('ticket', mask, 'ticket'));
  const baselines = await timed('baselines', async () => {
    if (!config.baselines) return undefined;
    const counts = ticket.summary.perLayer.map((layer) => layer.kept);
    const select = (scores: Float64Array): Uint8Array => selectByCounts(scores, initial.layers, counts, tieBreak);
    const masks = {
      random: select(Float64Array.from(new RandomState((config.seed + 1) % 2 ** 32).permutation(initial.weights))),
      magnitude: select(magnitudeScores(dense.network.parameters, initial.weights)),
    };
    // Two trainings on half the threads each are done sooner than one after the other on all of them.
    const available = threads ?? defaultThreads();
    const retrained = retrainAs('baselines', Math.max(1, Math.floor(available / 2)));
    const train = async (name: 'random' | 'magnitude', detail: string): Promise<TrainResult> =>
      equalBytes(masks[name], mask) ? ticket.training : retrained(name, masks[name], detail);
    const first = train('random', 'random and magnitude ticket');
    if (available === 1) await first;
    const [random, magnitude] = await both(
      first,
      train('magnitude', equalBytes(masks.random, mask) ? 'magnitude ticket' : ''),
    );
    return {
      random: toTicket(initial, masks.random, random),
      magnitude: toTicket(initial, masks.magnitude, magnitude),
    };
  });

  const referee = await timed('referee', async () => {
    if (!config.referee) return undefined;
    return refereeRun(
      {
        ...{ config, given: values, data: prepared, initial, ticket, baselines },
        // the referee is for what has both
        ...{ series: dense.series as WatchedSeries, judgement: judgement as Judgement },
      },
      {
        trainOther: (seed, network, watch, used) => {
          // what other seeds' networks score is of no interest: their series are
          const evaluateEveryEpoch = config.untilAccuracy !== undefined;
          const options = {
            ...trainOptions({ ...config, seed }),
            ...job('referee', '', used),
            watch,
            evaluateEveryEpoch,
          };
          return checkpoints.train(`referee-${seed}`, network, prepared.parts, options);
        },
        retrain: async (name, mask) =>
          toTicket(initial, mask, await retrainAs('referee')(name, mask, `${name} ticket`, { scoresAtEndOnly: true })),
        job: job('referee', 'placebo'),
        threads: threads ?? defaultThreads(),
      },
    );
  });

  const course = judgement && (await meanExponents(judgement));
  const total = (performance.now() - started) / 1000;
  return {
    config,
    data: prepared,
    initial,
    watch,
    dense,
    judgement,
    meanExponents: course,
    scores,
    ticket,
    baselines,
    referee,
    checkpoints,
    // of a training that was resumed, only the exponents' time is known
    seconds: { ...seconds, train: Math.max(0, seconds.train), score: Math.max(0, seconds.score), lyapunov, total },
  };
}

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((value, i) => value === b[i]);

const toTicket = (network: Mlp, mask: Uint8Array, training: TrainResult): Ticket => ({
  mask,
  summary: summarise(mask, network.layers),
  training,
});

/** Waits for two trainings at once. Both have ended when this returns or throws. */
async function both<R>(first: Promise<R>, second: Promise<R>): Promise<[R, R]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

export function networkOptions(config: PruneConfig) {
  const { activation, outputActivation, loss, squaredErrorFactor, divideByOutputs, biases, accuracyRule, scalar } =
    config;
  return { activation, outputActivation, loss, squaredErrorFactor, divideByOutputs, biases, accuracyRule, scalar };
}

export function trainOptions(config: PruneConfig) {
  const { batchSize, learningRate, epochs, untilAccuracy, stopPart, shuffle, seed } = config;
  const { evaluationScalar, exponentScalar } = config;
  return { batchSize, learningRate, epochs, untilAccuracy, stopPart, shuffle, seed, evaluationScalar, exponentScalar };
}

/** Names all that the results depend on, but for the data. */
function runHash(config: PruneConfig, initial: Float64Array | undefined): string {
  const hash = createHash('sha256').update(`${version} ${configHash(config)}`);
  if (initial) hash.update(new Uint8Array(initial.buffer, initial.byteOffset, initial.byteLength));
  return hash.digest('hex').slice(0, 16);
}
