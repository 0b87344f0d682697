/** The referee's findings in plain words, with their numbers. */
import { type Criterion, criterion } from '../mask/criteria.js';
import { type CriterionSpec, type OptionName, type OptionValues, flagOf, splitNested } from '../options.js';
import { resolveConfig } from './config.js';
import { unusedOptions } from './method.js';
import { RUN_NEEDS, unmet } from './needs.js';
import type { Overlap, Placebo, Power } from './referee.js';
import type { Estimate } from './referee-statistics.js';
import { plural } from '../plural.js';

/** A share too small to be seen is not called 0. */
export const percentage = (share: number, digits = 1): string =>
  share > 0 && share < 0.0005 ? 'less than 0.1 %' : `${(100 * share).toFixed(digits)} %`;

/** Accuracy points, with their sign. */
const points = (difference: number): string => {
  const text = (100 * difference).toFixed(2);
  return text === '-0.00' ? '+0.00' : difference >= 0 ? `+${text}` : text;
};

/** Interval of a difference, in points. */
export const interval = ({ interval: ends, method }: Estimate): string =>
  ends
    ? `95 % ${method === 't' ? 't' : 'bootstrap'} interval ${points(ends[0])} to ${points(ends[1])}`
    : 'one replicate, no interval';

/** What the placebo says about a rule. */
export function placeboSentence({ own, other, difference, tellsApart, seeds }: Placebo): string {
  const shares =
    `${percentage(own)} of the weights that moved are called causal on their own exponents, ` +
    `${percentage(other)} on another seed's (difference ${points(difference.mean)} points over ${plural(seeds.length, 'seed')}, ` +
    `${interval(difference)})`;
  if (own === 0 && other === 0) return `${shares}: this rule calls nothing causal, so there is nothing to tell apart.`;
  return `${shares}: this rule ${tellsApart ? 'tells' : 'does not tell'} them apart.`;
}

/** What the rule could have found, had it been there. */
export function powerSentence({ windows, found }: Power): string {
  const shares = found.map(({ rSquared, share }) => `${percentage(share)} at r2 = ${rSquared}`);
  return `With ${plural(windows, 'window')} the rule finds, of planted causes, ${shares.join(', ')}.`;
}

/** How alike the masks of different seeds are. */
export const stabilitySentence = ({ overlap, chance }: Overlap): string =>
  `Masks of different seeds share ${percentage(overlap)} of their weights; random ones would ${percentage(chance)}.`;

/** A ranking and what it is compared with, at the same count of weights. */
export interface Contest {
  readonly sparsity: number;
  /** Seeds in all, and those that have the ranking's ticket; the same where not given. */
  readonly seeds?: number;
  readonly had?: number;
  /** Mean accuracies over the seeds that have the ticket; NaN where none has. */
  readonly ranking: number;
  readonly rivals: readonly {
    readonly name: string;
    readonly accuracy: number;
    /** The ranking's accuracy minus the rival's, paired over seeds. */
    readonly difference: Estimate;
    /** How to get the rival's ticket; undefined for controls and random orders. */
    readonly command?: string | undefined;
  }[];
}

/** Who keeps how much, whom the ranking beats, and whether another method serves better. */
export function contestSentences({ sparsity, ranking, rivals: all, seeds = 0, had = seeds }: Contest): string[] {
  const at = `At ${percentage(sparsity, 0)} sparsity`;
  if (Number.isNaN(ranking)) return [`${at} no seed has a ticket of this ranking.`];
  const rivals = all.filter(({ difference }) => difference.n > 0);
  const kept = rivals.map(({ name, accuracy }) => `${name} ${percentage(accuracy)}`);
  const sentences = [`${[`${at} this ranking keeps ${percentage(ranking)}`, ...kept].join(', ')}.`];
  const fewer = all.filter(({ difference }) => difference.n < seeds);
  if (had < seeds)
    sentences.push(`It has tickets of ${had} of ${plural(seeds, 'seed')}: the others' trainings failed.`);
  else if (fewer.length > 0) {
    const counts = fewer.map(({ name, difference }) => `${name} of ${difference.n}`);
    sentences.push(`Of the ${plural(seeds, 'seed')}, not all have a ticket to compare it with: ${counts.join(', ')}.`);
  }
  // of one run nothing can be told apart
  if (rivals.every(({ difference }) => difference.n < 2)) return sentences;
  for (const { name, difference, command } of rivals) {
    if (command !== undefined) continue;
    const beats = isAbove(difference);
    sentences.push(
      `It ${beats === undefined ? 'cannot be told from' : beats ? 'beats' : 'loses to'} ${name} ` +
        `(${points(difference.mean)} points, ${interval(difference)}).`,
    );
  }
  const better = rivals
    .filter(({ command, difference }) => command !== undefined && isAbove(difference) === false)
    .sort((a, b) => b.accuracy - a.accuracy)[0];
  if (better) {
    const gain = negated(better.difference);
    sentences.push(
      `${better.name} serves better here (${points(gain.mean)} points, ${interval(gain)}): ` + `${better.command}`,
    );
  }
  return sentences;
}

/** true: above 0; false: below; undefined: the interval holds 0, or there is none. */
export function isAbove({ interval: ends }: Estimate): boolean | undefined {
  if (!ends) return undefined;
  return ends[0] > 0 ? true : ends[1] < 0 ? false : undefined;
}

const negated = (estimate: Estimate): Estimate => ({
  ...estimate,
  mean: -estimate.mean,
  interval: estimate.interval && [-estimate.interval[1], -estimate.interval[0]],
});

/** What a comparison decides itself, or has no use for. */
export const NOT_COMPARED = [
  ...(['method', 'selection', 'prune', 'sparsity', 'within', 'referee', 'refereeSeeds', 'weightLog'] as const),
  ...(['rounds', 'rewind'] as const),
] as const satisfies readonly OptionName[];

/** The command that compares methods on the same data with the same options; a shell reads it as it stands. */
export function compareCommand(dataset: string, methods: string, sparsity: number, given: OptionValues): string {
  const command = `legcnet compare ${quote(dataset)} --methods ${quote(methods)} --sparsities ${sparsity}`;
  const criteria = splitNested(methods).map((name) => criterion(name as CriterionSpec));
  return [command, ...flagsOf(dataset, criteria, sparsity, given, [...NOT_COMPARED, ...NOT_PASSED_ON])].join(' ');
}

/** The command that makes a method's ticket on the same data with the same options. */
export function pruneCommand(dataset: string, method: Criterion, sparsity: number, given: OptionValues): string {
  const command = `legcnet prune ${quote(dataset)} --method ${quote(method.name)} --sparsity ${sparsity}`;
  const left = [...NOT_COMPARED, ...NOT_PASSED_ON, ...unusedOptions(method)];
  return [command, ...flagsOf(dataset, [method], sparsity, given, left)].join(' ');
}

/** What a command that is recommended decides itself, or leaves to whoever gives it. */
const NOT_PASSED_ON = [
  ...(['methods', 'sparsities', 'seeds', 'seed', 'controls', 'resamples', 'keepTickets', 'out', 'threads'] as const),
] as const satisfies readonly OptionName[];

/** The options given as flags, less those `left` out, and those that make no difference, which a command would refuse. */
function flagsOf(
  dataset: string,
  criteria: readonly Criterion[],
  sparsity: number,
  given: OptionValues,
  left: readonly OptionName[],
): string[] {
  const passedOn = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !left.includes(name as OptionName),
  );
  const method = (criteria[0] as Criterion).name;
  const config = resolveConfig(dataset, { ...Object.fromEntries(passedOn), method, sparsity });
  return passedOn
    .filter(([name]) => !unmet(name, RUN_NEEDS, [{ ...config, criteria }]))
    .map(([name, value]) => {
      if (typeof value === 'boolean') return value ? flagOf(name) : flagOf(name).replace('--', '--no-');
      return `${flagOf(name)} ${quote(asText(value))}`;
    });
}

const quote = (text: string): string => (/^[\w./,%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function asText(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    if ('percent' in value) return `${value.percent}%`;
    if ('epochs' in value) return `${value.epochs}`;
  }
  return String(value);
}
