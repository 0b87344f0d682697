/** The referee's findings in plain words, with their numbers. */
import type { Placebo, Power } from './referee.js';
import type { Estimate } from './referee-statistics.js';

export const percentage = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** Accuracy points, with their sign. */
const points = (difference: number): string => `${difference >= 0 ? '+' : '-'}${Math.abs(100 * difference).toFixed(2)}`;

/** Interval of a difference, in points. */
export const interval = ({ interval: ends, method }: Estimate): string =>
  ends
    ? `95 % ${method === 't' ? 't' : 'bootstrap'} interval ${points(ends[0])} to ${points(ends[1])}`
    : 'one replicate, no interval';

/** What the placebo says about a rule. */
export function placeboSentence({ own, other, difference, tellsApart, seeds }: Placebo): string {
  if (Number.isNaN(own) || Number.isNaN(other)) return 'No weight moved, so nothing can be said of the rule.';
  const shares =
    `${percentage(own)} of the weights that moved are called causal on their own exponents, ` +
    `${percentage(other)} on another seed's (difference ${points(difference.mean)} points over ${seeds.length} seeds, ` +
    `${interval(difference)})`;
  if (own === 0 && other === 0) return `${shares}: this rule calls nothing causal, so there is nothing to tell apart.`;
  return `${shares}: this rule ${tellsApart ? 'tells' : 'does not tell'} them apart.`;
}

/** What the rule could have found, had it been there. */
export function powerSentence({ windows, found }: Power): string {
  const shares = found.map(({ rSquared, share }) => `${percentage(share)} at r2 = ${rSquared}`);
  return `With ${windows} windows the rule finds, of planted causes, ${shares.join(', ')}.`;
}

/** A ranking and what it is compared with, at the same count of weights. */
export interface Contest {
  readonly sparsity: number;
  /** Mean accuracies. */
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
export function contestSentences({ sparsity, ranking, rivals }: Contest): string[] {
  const kept = rivals.map(({ name, accuracy }) => `${name} ${percentage(accuracy)}`);
  const sentences = [
    `At ${percentage(sparsity, 0)} sparsity this ranking keeps ${percentage(ranking)}, ${kept.join(', ')}.`,
  ];
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
