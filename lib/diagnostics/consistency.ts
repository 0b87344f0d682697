/** Does pruning keep what a network looks at? Rank agreement of feature importance, beside what another seed gives. */
import { unexpected } from '../errors.js';
import { ranks } from '../mask/ranks.js';
import type { Mlp } from '../network/mlp.js';
import type { Features } from '../network/samples.js';
import { checkOption, options as table } from '../options.js';
import { type ShapleyOptions, type ShapleyValues, importance, shapley } from './shapley.js';
import { plural } from '../plural.js';

/** How far two networks agree on which features matter. */
export interface Agreement {
  /** Rank correlation of the importances, ties at their mean rank; undefined where one network's are all equal. */
  readonly spearman: number | undefined;
  /** Share of the `top` most important features that the two have in common. */
  readonly topOverlap: number;
  /** Features compared by topOverlap: `top`, or all if there are fewer. */
  readonly top: number;
}

/** Two networks' names and their agreement. */
export interface NamedAgreement extends Agreement {
  readonly networks: readonly [string, string];
}

/** A figure of agreement before and after pruning, beside the same figure between seeds. */
export interface Comparison {
  /** Means over the pairs; undefined where there is no pair that has the figure. */
  readonly observed: number | undefined;
  readonly null: number | undefined;
  /** Whether the first is no worse than the second; undefined where one is missing. */
  readonly maintained: boolean | undefined;
}

export interface Consistency {
  /** Each dense network and what it was pruned to. */
  readonly pruning: readonly NamedAgreement[];
  /** Every two dense networks: they differ in their seed alone. */
  readonly seeds: readonly NamedAgreement[];
  readonly spearman: Comparison;
  readonly topOverlap: Comparison;
}

/** A dense network, its values, and those of what it was pruned to. Dense networks differ in nothing but the seed. */
export interface ExplainedRun<V = Pick<ShapleyValues, 'values'>> {
  readonly name: string;
  readonly dense: V;
  readonly pruned?: V;
}

/**
 * Agreement of two networks' feature importance (mean |phi| over samples, summed over outputs). Cost: one pass over the
 * values, and O(M log M), M features.
 * @param top of how many of the most important features the overlap is taken; ties go to the lower index
 * @throws LegcnetError ERR_ARGUMENT for different numbers of features, ERR_OPTION
 */
export function agreement(
  a: Pick<ShapleyValues, 'values'>,
  b: Pick<ShapleyValues, 'values'>,
  { top = table.top.default }: { readonly top?: number } = {},
): Agreement {
  checkOption('top', top);
  const [x, y] = [importance(a), importance(b)];
  if (x.length !== y.length)
    throw unexpected('ERR_ARGUMENT', 'b', `${plural(x.length, 'feature')}, as a has`, y.length);
  const count = Math.min(top, x.length);
  const first = new Set(order(x).slice(0, count));
  const shared = order(y)
    .slice(0, count)
    .filter((feature) => first.has(feature)).length;
  return { spearman: correlation(ranks(x), ranks(y)), topOverlap: count === 0 ? 1 : shared / count, top: count };
}

/**
 * The paper's claim (section 5.1) and its null. "Explanations are maintained" can be said only where dense and pruned
 * networks agree no worse than two dense networks that differ only in their seed. Cost: an `agreement` for each pruned
 * network and for every two runs.
 * @param runs one with `pruned` for a claim, two for a null; all explained on the same samples and background, alike
 * @throws LegcnetError as `agreement`
 */
export function consistency(runs: readonly ExplainedRun[], { top }: { readonly top?: number } = {}): Consistency {
  const chosen = top === undefined ? {} : { top };
  const pruning = runs.flatMap(({ name, dense, pruned }) =>
    pruned ? [{ networks: [name, `${name} pruned`] as const, ...agreement(dense, pruned, chosen) }] : [],
  );
  const seeds = runs.flatMap((a, i) =>
    runs.slice(i + 1).map((b) => ({ networks: [a.name, b.name] as const, ...agreement(a.dense, b.dense, chosen) })),
  );
  return {
    pruning,
    seeds,
    spearman: compare(pruning, seeds, ({ spearman }) => spearman),
    topOverlap: compare(pruning, seeds, ({ topOverlap }) => topOverlap),
  };
}

/**
 * Explains dense and pruned networks alike and compares them. Cost: as `shapley`, for every network.
 * @throws LegcnetError as `shapley` and `agreement`
 */
export async function shapleyConsistency(
  runs: readonly { readonly name: string; readonly dense: Mlp; readonly pruned?: Mlp }[],
  background: Features,
  samples: Features,
  { top, ...options }: ShapleyOptions & { readonly top?: number } = {},
): Promise<Consistency & { readonly runs: readonly ExplainedRun<ShapleyValues>[] }> {
  const explained: ExplainedRun<ShapleyValues>[] = [];
  for (const { name, dense, pruned } of runs) {
    explained.push({
      name,
      dense: await shapley(dense, background, samples, options),
      ...(pruned && { pruned: await shapley(pruned, background, samples, options) }),
    });
  }
  return { runs: explained, ...consistency(explained, top === undefined ? {} : { top }) };
}

function compare(
  pruning: readonly Agreement[],
  seeds: readonly Agreement[],
  figure: (agreement: Agreement) => number | undefined,
): Comparison {
  const [observed, chance] = [mean(pruning.map(figure)), mean(seeds.map(figure))];
  const maintained = observed === undefined || chance === undefined ? undefined : observed >= chance;
  return { observed, null: chance, maintained };
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Indices by descending value; ties by index. */
const order = (values: Float64Array): number[] =>
  Array.from(values.keys()).sort((i, j) => values[j]! - values[i]! || i - j);

/** Pearson's, of ranks; undefined where one of the two does not vary. */
function correlation(x: Float64Array, y: Float64Array): number | undefined {
  const average = (x.length - 1) / 2; // of ranks
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - average, y[i]! - average];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined;
}
