/**
 * Whether a causal rule knows anything: placebo by other seeds' exponents, power, and the overlap of masks with chance.
 * METHOD, section "The referee", in docs/method.md.
 */
import { RandomState } from '../data/numpy-random.js';
import { type LegcnetErrorCode, unexpected } from '../errors.js';
import { adjustPValuesApart, checkPValues } from '../granger/adjust.js';
import { grangerTest } from '../granger/granger.js';
import { inTurns } from '../turns.js';
import type { LayerShape } from '../network/mlp.js';
import type { WatchedSeries } from '../network/train.js';
import type { JobOptions } from '../native.js';
import { type Judgement, judge, testOptions } from './causality.js';
import type { PruneConfig } from './config.js';
import {
  type Estimate,
  LEVEL,
  type Resampler,
  areaUnderCurve,
  mean,
  normals,
  studentQuantile,
} from './referee-statistics.js';

/** The series of one seed's dense training. */
export interface SeedSeries {
  readonly seed: number;
  readonly series: WatchedSeries;
}

/** One target's misclassification, explained by the exponents of every seed. */
export interface PlaceboColumn {
  /** Seed whose misclassification is explained. */
  readonly target: number;
  /** Seeds whose exponents explain it, the target's own among them. */
  readonly sources: readonly number[];
  /** By source: weights that moved, and the share of them called causal. */
  readonly moved: readonly number[];
  readonly share: readonly number[];
  /** By source: share of pairs of a weight's own score and a weight's score with this source where the own is higher. */
  readonly auc: readonly number[];
  /** Share called causal with the seed's own exponents when the target is shifted by half its length, in a circle. */
  readonly shifted: number;
}

/**
 * The first windows of a series. Which of the dropped windows lacked an exponent is not known any more: those left with
 * the exponent 0 count as lacking it.
 */
export function firstWindows(series: WatchedSeries, windows: number): WatchedSeries {
  const { exponents, missing, misclassification, seconds } = series;
  const all = misclassification.length;
  if (windows >= all) return series;
  const weights = missing.length;
  const kept =
    exponents instanceof Float32Array ? new Float32Array(weights * windows) : new Float64Array(weights * windows);
  const lacking = new Int32Array(weights);
  for (let w = 0; w < weights; w++) {
    const row = exponents.subarray(w * all, w * all + windows);
    kept.set(row, w * windows);
    let zeros = 0;
    for (const value of row) if (value === 0) zeros++;
    lacking[w] = Math.min(missing[w] as number, zeros);
  }
  return { exponents: kept, missing: lacking, misclassification: misclassification.slice(0, windows), seconds };
}

/** Share of the weights that moved which a judgement calls causal; 0 where none moved. */
export function causalShare({ counts }: Judgement): number {
  return counts.causal / Math.max(1, movedCount(counts));
}

const movedCount = ({ causal, nonCausal, undecided }: Judgement['counts']): number => causal + nonCausal + undecided;

/**
 * Judges one target with the exponents of every seed. Series may differ in length: pass them cut to a common one
 * (`firstWindows`), since a longer series has more power.
 *
 * Cost: a `judge` for each seed and one for the shifted target, and O(weights log weights) a seed for `auc`.
 *
 * @param own the target's series
 * @param others the other seeds', one at a time, so that not all need be in memory
 * @param onJudgement sees each judgement, the own one first
 * @throws LegcnetError as `judge`, also ERR_ARGUMENT for series of different lengths; what `others` and `onJudgement`
 *   throw
 */
export async function placeboColumn(
  own: SeedSeries,
  others: Iterable<SeedSeries> | AsyncIterable<SeedSeries>,
  config: PruneConfig,
  job: JobOptions = {},
  onJudgement: (source: number, judgement: Judgement) => void = () => {},
): Promise<PlaceboColumn> {
  const target = own.series.misclassification;
  const judged = await judge(own.series, config, job);
  onJudgement(own.seed, judged);
  const half = Math.floor(target.length / 2);
  const circle = Float64Array.from(target, (_, i) => target[(i + half) % target.length] as number);
  const shifted = causalShare(await judge({ ...own.series, misclassification: circle }, config, job));
  const sources = [own.seed];
  const count = [movedCount(judged.counts)];
  const share = [causalShare(judged)];
  const auc = [0.5];
  const scores = moved(judged);
  for await (const { seed, series } of others) {
    const placebo = await judge({ ...series, misclassification: target }, config, job);
    onJudgement(seed, placebo);
    sources.push(seed);
    count.push(movedCount(placebo.counts));
    share.push(causalShare(placebo));
    const theirs = moved(placebo);
    auc.push(scores.length === 0 || theirs.length === 0 ? 0.5 : await areaUnderCurve(scores, theirs, job.signal));
  }
  return { target: own.seed, sources, moved: count, share, auc, shifted };
}

/** Scores of the weights that moved. */
const moved = ({ score }: Judgement): Float64Array => score.filter((value) => value !== Number.NEGATIVE_INFINITY);

export interface Placebo {
  readonly seeds: readonly number[];
  /** A[a][b]: share called causal with seed a's exponents and seed b's misclassification. */
  readonly matrix: readonly (readonly number[])[];
  /** Mean of A[b][b], and of A[a][b] over a != b. */
  readonly own: number;
  readonly other: number;
  /**
   * A[b][b] - mean of A[a][b] over a != b: over targets b. Its interval is no narrower than if the weights were called
   * causal independently of each other, with the same chance: seeds that agree by chance prove nothing.
   */
  readonly difference: Estimate;
  /** own / other, with a bootstrap over targets; null where nothing is called causal on another's exponents. */
  readonly ratio: number | null;
  readonly ratioInterval: readonly [low: number, high: number] | null;
  /** Share of pairs of scores where the own one is higher, over targets: 0.5 if the rule cannot tell. */
  readonly auc: Estimate;
  /** Of the circular shift. It breaks the trend that all seeds share and flatters the rule: shown, but it does not count. */
  readonly shifted: number;
  /** Whether the interval of `difference` lies above 0. */
  readonly tellsApart: boolean;
}

/**
 * Whether a rule tells a network's own exponents from those of others: shares called causal and scores on the diagonal
 * against the rest, with 95 % intervals over targets. O(seeds^3), and as the resampler's intervals.
 *
 * @param columns one for each target, the sources being the same seeds; two at least, which is not checked
 * @throws LegcnetError as `Resampler.estimate`
 */
export function summarisePlacebo(columns: readonly PlaceboColumn[], resampler: Resampler): Placebo {
  const seeds = columns.map(({ target }) => target);
  const at = <K extends 'share' | 'auc'>(column: PlaceboColumn, of: K, source: number): number =>
    column[of][column.sources.indexOf(source)] as number;
  const otherMean = (column: PlaceboColumn, of: 'share' | 'auc'): number =>
    mean(seeds.filter((seed) => seed !== column.target).map((seed) => at(column, of, seed)));
  const own = columns.map((column) => at(column, 'share', column.target));
  const other = columns.map((column) => otherMean(column, 'share'));
  const [meanOwn, meanOther] = [mean(own), mean(other)];
  const chance = (meanOwn + meanOther) / 2;
  const weights = mean(columns.flatMap(({ moved: count }) => count));
  const least = Math.sqrt(((chance * (1 - chance)) / weights) * (1 + 1 / (columns.length - 1)));
  const difference = noNarrower(resampler.estimate(own.map((share, b) => share - (other[b] as number))), least);
  const pick = (values: readonly number[], replicates: Uint32Array): number =>
    replicates.reduce((total, b) => total + (values[b] as number), 0);
  return {
    seeds,
    matrix: seeds.map((a) => columns.map((column) => at(column, 'share', a))),
    own: meanOwn,
    other: meanOther,
    difference,
    ratio: meanOther > 0 ? meanOwn / meanOther : null,
    ratioInterval:
      meanOther > 0
        ? resampler.interval(seeds.length, (replicates) => {
            const below = pick(other, replicates);
            return below > 0 ? pick(own, replicates) / below : Number.NaN;
          })
        : null,
    auc: resampler.estimate(columns.map((column) => otherMean(column, 'auc'))),
    shifted: mean(columns.map(({ shifted }) => shifted)),
    tellsApart: (difference.interval?.[0] ?? Number.NEGATIVE_INFINITY) > 0,
  };
}

/** An estimate whose replicates deviate by `least`, if theirs is a smaller deviation. */
function noNarrower(estimate: Estimate, least: number): Estimate {
  const { n, mean: centre, deviation } = estimate;
  if (deviation === null || !(deviation < least)) return estimate;
  const half = (studentQuantile((1 + LEVEL) / 2, n - 1) * least) / Math.sqrt(n);
  return { ...estimate, interval: [centre - half, centre + half], method: 't' };
}

export interface Power {
  /** Windows that the simulated series have. */
  readonly windows: number;
  readonly replicates: number;
  /** By effect: the share of planted sources that the rule calls causal; at rSquared 0 that of pure noise. */
  readonly found: readonly { readonly rSquared: number; readonly share: number }[];
}

export const EFFECTS = [0, 0.05, 0.1, 0.2];

/**
 * The share of planted causes that a rule finds at a number of windows. Source x: white noise; target: r x one window
 * earlier + sqrt(1 - r^2) noise, so that the source explains r^2 of the variance that the target's own past leaves;
 * where the rule tests first differences, both are these series' running sums. Each planted source is corrected for
 * multiple testing as one among the p-values of the weights of the run.
 *
 * Cost: for each effect `grangerTest` of `replicates` pairs of series, then some log2(replicates) corrections of the
 * family, O(weights) each; memory 16 bytes x replicates x windows.
 *
 * @param family [weights] p-values of the run's weights, not corrected; NaN for those without a test
 * @param options `replicates` an effect, default 400; `seed` of the first effect, the next ones count up, default 1;
 *   `effects`, the values of r^2, default 0, 0.05, 0.1 and 0.2
 * @throws LegcnetError ERR_OPTION for a bad seed, number of replicates or effect, ERR_ARGUMENT for a number of windows
 *   that is none and a p-value outside [0, 1]; else as `grangerTest`
 */
export async function power(
  windows: number,
  family: Float64Array,
  config: PruneConfig,
  options: JobOptions & {
    readonly replicates?: number;
    readonly seed?: number;
    readonly effects?: readonly number[];
  } = {},
): Promise<Power> {
  const { replicates = 400, seed = 1, effects = EFFECTS, ...job } = options;
  const { signal } = job;
  checkCount('ERR_ARGUMENT', 'windows', windows);
  checkCount('ERR_OPTION', 'replicates', replicates);
  for (const rSquared of effects) {
    if (!(rSquared >= 0 && rSquared <= 1)) {
      throw unexpected('ERR_OPTION', 'effects', 'numbers from 0 to 1', rSquared);
    }
  }
  await inTurns(family.length, signal, (begin, end) => checkPValues('family', family, begin, end));
  const summed = config.stationarity === 'difference';
  const found: { rSquared: number; share: number }[] = [];
  for (const [k, rSquared] of effects.entries()) {
    const { sources, targets } = await plant(windows, replicates, rSquared, summed, (seed + k) % 2 ** 32, signal);
    const pValue = await plainPValues({ data: sources, shape: [replicates, windows] }, targets, config, job);
    found.push({ rSquared, share: (await countFound(pValue, family, config, signal)) / replicates });
  }
  return { windows, replicates, found };
}

function checkCount(code: LegcnetErrorCode, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw unexpected(code, name, 'a whole number of at least 1', value);
}

/** Windows of planted series that are drawn in one turn of the event loop: a few milliseconds. */
const WINDOWS_A_TURN = 2 ** 13;

/** Sources and targets, [replicates, windows] each. */
export async function plant(
  windows: number,
  replicates: number,
  rSquared: number,
  summed: boolean,
  seed: number,
  signal?: AbortSignal,
): Promise<{ sources: Float64Array; targets: Float64Array }> {
  const normal = normals(seed);
  const sources = new Float64Array(replicates * windows);
  const targets = new Float64Array(replicates * windows);
  const [r, rest] = [Math.sqrt(rSquared), Math.sqrt(1 - rSquared)];
  let [x, y, earlier] = [0, 0, 0];
  const draw = (begin: number, end: number): void => {
    for (let i = begin; i < end; i++) {
      if (i % windows === 0) [x, y, earlier] = [0, 0, normal()];
      const [now, noise] = [normal(), normal()];
      x = now + (summed ? x : 0);
      y = r * earlier + rest * noise + (summed ? y : 0);
      sources[i] = x;
      targets[i] = y;
      earlier = now;
    }
  };
  await inTurns(sources.length, signal, draw, WINDOWS_A_TURN);
  return { sources, targets };
}

/** p-values before correction, as the rule takes them; NaN where no test could run. */
export async function plainPValues(
  sources: { data: Float64Array | Float32Array; shape: number[] },
  targets: Float64Array,
  config: PruneConfig,
  job: JobOptions = {},
): Promise<Float64Array> {
  const samples = sources.shape[1] as number;
  const target = targets.length === samples ? targets : { data: targets, shape: [targets.length / samples, samples] };
  return (await grangerTest(sources, target, { ...testOptions(config), ...job })).pValue;
}

/** p-values of the weights that were tested, before correction. */
export async function familyOf(
  { exponents, misclassification, pValue, windows }: Judgement,
  config: PruneConfig,
  job: JobOptions = {},
): Promise<Float64Array> {
  const plain = await plainPValues(
    { data: exponents, shape: [pValue.length, windows] },
    misclassification,
    config,
    job,
  );
  return plain.map((p, w) => (Number.isNaN(pValue[w]) ? Number.NaN : p));
}

/** How many sources would be called causal, each corrected as one among `family`. A smaller p is found if a larger is. */
async function countFound(
  pValue: Float64Array,
  family: Float64Array,
  { correction, alpha }: PruneConfig,
  signal: AbortSignal | undefined,
): Promise<number> {
  const ascending = pValue.filter((p) => !Number.isNaN(p)).sort();
  // in shared memory, so that no correction has to copy it on the event loop
  const together = new Float64Array(new SharedArrayBuffer(8 * (family.length + 1)));
  together.set(family);
  const isFound = async (p: number): Promise<boolean> => {
    together[family.length] = p;
    return ((await adjustPValuesApart(together, correction, signal))[family.length] as number) < alpha;
  };
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (await isFound(ascending[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The weights of one mask, in another order within each layer: knows how many go where, and nothing else. O(weights).
 *
 * @param mask [weights], not changed
 * @throws LegcnetError ERR_OPTION for a seed that is not a whole number in 0..2^32 - 1
 */
export function shuffleWithinLayers(mask: Uint8Array, layers: readonly LayerShape[], seed: number): Uint8Array {
  const shuffled = mask.slice();
  const random = new RandomState(seed);
  for (const { offset, inputs, outputs } of layers)
    random.shuffle(shuffled.subarray(offset, offset + inputs * outputs));
  return shuffled;
}

export interface Overlap {
  /** Mean over pairs of masks of |both keep| / |one keeps|; NaN for fewer than two masks. */
  readonly overlap: number;
  /** What random masks with as many weights in each layer would give: ratio of expectations. */
  readonly chance: number;
}

/** How alike masks, [weights] each and of 0 and 1, are. O(masks^2 x weights). */
export function maskOverlap(masks: readonly Uint8Array[], layers: readonly LayerShape[]): Overlap {
  const kept = masks.map((mask) =>
    layers.map(({ offset, inputs, outputs }) =>
      mask.subarray(offset, offset + inputs * outputs).reduce((total, bit) => total + bit, 0),
    ),
  );
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  const overlaps: number[] = [];
  const chances: number[] = [];
  masks.forEach((a, i) => {
    for (let j = 0; j < i; j++) {
      const b = masks[j] as Uint8Array;
      const [ofA, ofB] = [kept[i] as number[], kept[j] as number[]];
      let both = 0;
      for (let w = 0; w < a.length; w++) both += (a[w] as number) & (b[w] as number);
      const expected = layers.reduce(
        (sum, { inputs, outputs }, l) => sum + ((ofA[l] as number) * (ofB[l] as number)) / (inputs * outputs),
        0,
      );
      const union = total(ofA) + total(ofB);
      overlaps.push(union === both ? 1 : both / (union - both));
      chances.push(union === expected ? 1 : expected / (union - expected));
    }
  });
  return { overlap: mean(overlaps), chance: mean(chances) };
}
