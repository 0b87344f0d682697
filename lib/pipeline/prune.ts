/** LEGCNet-FT and -PT: from data to the retrained ticket. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/datasets.js';
import { RandomState } from '../data/numpy-random.js';
import { type JobOptions, type Progress, defaultThreads } from '../native.js';
import { Mlp } from '../network/mlp.js';
import { type TrainOptions, type TrainResult, type WatchOptions, toTrainResult } from '../network/train.js';
import { type OptionValues, checkJobOptions } from '../options.js';
import { magnitudeScores, selectByCounts } from '../mask/select.js';
import { type MaskSummary, summarise } from '../mask/mask.js';
import { type Judgement, judge } from './causality.js';
import { Checkpoints } from './checkpoint.js';
import { type PruneConfig, configHash, resolveConfig } from './config.js';
import { type PreparedData, prepareData } from './data.js';
import { explainedWeights } from './explained.js';
import { type RunReferee, refereeRun } from './referee-run.js';
import { type Retrain, selectMask } from './selection.js';
import { version } from './version.js';
import { planWatch } from './watch.js';

export type Stage = 'data' | 'train' | 'granger' | 'retrain' | 'baselines' | 'referee';

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
  /** How the weights were watched; `sample` are the weights whose series are kept. */
  readonly watch: WatchOptions & { readonly sample: Uint32Array };
  readonly dense: TrainResult;
  readonly judgement: Judgement;
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
 * Prunes a network by LEGCNet: trains it dense while watching its weights, computes an exponent per weight and window,
 * tests which exponents Granger-cause the misclassification, prunes, and retrains what is left from the same initial
 * weights by the same stopping rule. Defaults come from `preset`; every option of the table can be given.
 *
 * The same configuration and data give the same bits, for any number of threads, and when resumed.
 * Cost: the dense training (twice that with the difference series), one exponent per weight and window, one test per
 * weight, and one training per ticket (`within`: about nine);
 * with `referee`, another watched training for each of `refereeSeeds`, and two tickets. Memory: the data, one window of iterates, and 9 bytes per
 * weight and window.
 *
 * @param data name or path as `loadDataset` takes it, or a Dataset, whose name then chooses the defaults
 * @throws LegcnetError ERR_OPTION, ERR_DATA, ERR_TOO_SHORT (fewer than 10 windows), ERR_DIVERGED; `signal.reason`
 */
export async function prune(data: Dataset | string, options: PruneOptions = {}): Promise<PruneResult> {
  const { signal, onProgress, checkpoint, resume = false, initial: given, ...values } = options;
  checkJobOptions(options);
  const started = performance.now();
  const config = resolveConfig(typeof data === 'string' ? data : data.name, values);
  const { threads } = config;
  const hash = runHash(config, given);
  const checkpoints = checkpoint === undefined ? Checkpoints.none() : await Checkpoints.open(checkpoint, hash, resume);
  const seconds: Record<Stage, number> = { data: 0, train: 0, granger: 0, retrain: 0, baselines: 0, referee: 0 };
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

  const prepared = await timed('data', () => prepareData(data, config));
  const sizes = [prepared.features, ...config.layers, prepared.outputs];
  const initial = given
    ? new Mlp(sizes, networkOptions(config), given)
    : await Mlp.random(sizes, { ...networkOptions(config), init: config.init, seed: config.seed });
  const watch = { ...planWatch(config, prepared, initial), sample: explainedWeights(initial.layers) };
  const dense = await timed('train', async () => {
    const options = { ...trainOptions(config), ...job('train', 'dense network'), watch };
    return toTrainResult(initial, await checkpoints.train('dense', initial, prepared.parts, options));
  });
  const series = dense.series as NonNullable<TrainResult['series']>;
  const judgement = await timed('granger', () => judge(series, config, job('granger', 'tests')));

  const retrainAs =
    (stage: Stage, used = threads): Retrain =>
    async (name, mask, detail, { scoresAtEndOnly = false } = {}) => {
      const options: TrainOptions = {
        ...trainOptions(config),
        ...job(stage, detail, used),
        mask,
        evaluateEveryEpoch: !scoresAtEndOnly || config.untilAccuracy !== undefined,
      };
      return toTrainResult(initial, await checkpoints.train(name, initial, prepared.parts, options));
    };
  const tieBreak = new RandomState(config.seed).permutation(initial.weights);
  const ticket = await timed('retrain', async () => {
    const mask = await selectMask(config, initial, dense, judgement, tieBreak, retrainAs('retrain'));
    return toTicket(initial, mask, await retrainAs('retrain')('ticket', mask, 'ticket'));
  });
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
    const train = retrainAs('baselines', Math.max(1, Math.floor(available / 2)));
    const first = train('random', masks.random, 'random and magnitude ticket');
    if (available === 1) await first;
    const [random, magnitude] = await both(first, train('magnitude', masks.magnitude, ''));
    return {
      random: toTicket(initial, masks.random, random),
      magnitude: toTicket(initial, masks.magnitude, magnitude),
    };
  });

  const referee = await timed('referee', async () => {
    if (!config.referee) return undefined;
    return refereeRun(
      { config, given: values, data: prepared, initial, series, judgement, ticket, baselines },
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

  const total = (performance.now() - started) / 1000;
  return {
    config,
    data: prepared,
    initial,
    watch,
    dense,
    judgement,
    ticket,
    baselines,
    referee,
    checkpoints,
    seconds: { ...seconds, train: Math.max(0, seconds.train - series.seconds), lyapunov: series.seconds, total },
  };
}

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
