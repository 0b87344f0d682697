/** Recomputes published PT masks by the authors' chain, from a folder of arrays and initial weights. */
import { unexpected } from '../errors.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../lyapunov/options.js';
import { windowStride } from '../lyapunov/windows.js';
import type { JobOptions } from '../native.js';
import { train } from '../network/train.js';
import { type Judgement, judge } from '../pipeline/causality.js';
import { type PruneConfig, resolveConfig } from '../pipeline/config.js';
import { AUTHORS_NAMES, type ReproducedSet } from './published.js';
import { type MaskChain, type PublishedFolder, initialNetwork, openPublished, trainOptions } from './replay.js';

/**
 * How the authors made the PT masks of a data set, where its folder does not say: as the preset `authors` does, with windows
 * of 50, as their notebook and notes on the code have it (and as iris needs), and the epochs of Table 2.
 */
export function maskChainOf(set: ReproducedSet): MaskChain {
  const { window, overlap, partial, maxLag, alpha } = resolveConfig(set, { preset: 'authors', method: 'pt' });
  const { epochs } = partial as { epochs: number };
  return { window, overlap, epochs, target: 'test', max_lag: maxLag, statistic: 'ssr_chi2test', alpha };
}

export interface RecomputedMask {
  readonly trial: number;
  readonly windows: number;
  /** Pruned weights by flat index, in order of p as the authors list them; undefined where none are published. */
  readonly published: readonly number[] | undefined;
  readonly computed: readonly number[];
  /** Published but not computed, with our p. */
  readonly missing: readonly PrunedWeight[];
  /** Computed but not published. */
  readonly extra: readonly PrunedWeight[];
  /** Undefined where there is nothing to compare with. */
  readonly same: boolean | undefined;
  /** Whether the order of the list is the same too. */
  readonly sameOrder: boolean | undefined;
}

export interface PrunedWeight {
  readonly index: number;
  readonly pValue: number;
}

export interface MaskComparison {
  readonly dataset: string;
  readonly chain: MaskChain;
  /** Whether the chain is the folder's own, or the one we have for data sets of that name. */
  readonly chainFrom: 'config.json' | 'legcnet';
  readonly masks: readonly RecomputedMask[];
  /** Whether every published mask is recomputed, as a set. */
  readonly agrees: boolean;
}

/**
 * For every trial of a folder: trains the dense network for the chain's epochs, takes the exponents of all windows,
 * tests them at all lags, and compares the weights that are not causal with the published PT mask.
 * Cost: a training of a few epochs and one exponent per weight and window, a trial.
 *
 * @param onMask called after each trial
 * @throws LegcnetError as `replay`; ERR_DATA where the folder names no chain and its data set is not known; ERR_OPTION
 *   for settings of a chain that do not go together; ERR_TOO_SHORT for fewer than 10 windows
 */
export async function compareMasks(
  folder: string,
  options: JobOptions & { onMask?: (mask: RecomputedMask) => void } = {},
): Promise<MaskComparison> {
  const { onMask, ...job } = options;
  const published = await openPublished(folder);
  const { dataset, mask_chain: given, masks: lists } = published.config;
  const set = AUTHORS_NAMES[dataset];
  const chain = given?.PT ?? (set && maskChainOf(set));
  if (!chain) {
    throw unexpected('ERR_DATA', 'mask_chain', `settings for PT, as the data set ${dataset} is not known`, 'none');
  }
  const masks: RecomputedMask[] = [];
  for (let trial = 1; trial <= published.trials; trial++) {
    const judgement = await judgeTrial(published, trial, chain, job);
    const mask = compareMask(trial, judgement, lists.PT?.[trial - 1] ?? undefined);
    masks.push(mask);
    onMask?.(mask);
  }
  return {
    dataset,
    chain,
    chainFrom: given?.PT ? 'config.json' : 'legcnet',
    masks,
    agrees: masks.every((mask) => mask.same !== false),
  };
}

async function judgeTrial(
  published: PublishedFolder,
  trial: number,
  chain: MaskChain,
  job: JobOptions,
): Promise<Judgement> {
  const config = chainConfig(chain);
  const { series } = await train(await initialNetwork(published, trial), published.parts, {
    ...trainOptions(published.config),
    untilAccuracy: undefined,
    epochs: chain.epochs,
    ...job,
    watch: {
      series: config.series,
      perturbedWeight: 0,
      perturbation: 0,
      window: chain.window,
      stride: windowStride(chain.window, chain.overlap),
      target: chain.target,
      lyapunov: resolveExponent(Object.fromEntries(EXPONENT_OPTIONS.map((name) => [name, config[name]]))),
    },
  });
  if (!series) throw new Error('a watched training leaves a series');
  return judge(series, config, job);
}

function chainConfig({ window, overlap, epochs, target, max_lag: maxLag, alpha }: MaskChain): PruneConfig {
  const given = { window, overlap, target, maxLag, alpha, partial: { epochs } };
  return resolveConfig('iris', { preset: 'authors', method: 'pt', ...given });
}

function compareMask(trial: number, judgement: Judgement, published: readonly number[] | undefined): RecomputedMask {
  const p = (index: number): number => judgement.pValue[index] as number;
  const computed = Array.from(judgement.pValue.keys())
    .filter((index) => judgement.verdict(index) === 'non-causal')
    .sort((a, b) => p(a) - p(b));
  const without = (list: readonly number[], other: readonly number[]): PrunedWeight[] =>
    list.filter((index) => !other.includes(index)).map((index) => ({ index, pValue: p(index) }));
  const missing = published ? without(published, computed) : [];
  const extra = published ? without(computed, published) : [];
  const same = published && missing.length + extra.length === 0;
  return {
    trial,
    windows: judgement.windows,
    published,
    computed,
    missing,
    extra,
    same,
    sameOrder: published && (same ?? false) && computed.every((index, i) => index === published[i]),
  };
}
