/** Sentences about one comparison; the numbers choose them. */
import { mean } from '../../lib/pipeline/referee-statistics.js';
import { code, interval, list, points, share } from './markdown.js';
import type { Difference, Verdict } from './statistics.js';
import { type Named, type Study, best, bySeed, isTested, overall } from './study.js';

/** More names than these are counted, not listed. */
const MOST_NAMES = 4;
const VERBS: Readonly<Record<Verdict, readonly [one: string, several: string, link: string]>> = {
  better: ['does better', 'do better', 'than'],
  worse: ['does worse', 'do worse', 'than'],
  same: ['trains the very tickets', 'train the very tickets', 'of'],
  unclear: ['cannot be told', 'cannot be told', 'from'],
};

/** How methods stand to another: who does better, who worse, who cannot be told apart. */
export function standing(all: readonly Named[], other: string): string {
  const parts = (['better', 'worse', 'same', 'unclear'] as const).flatMap((verdict) => {
    const some = all.filter(({ difference }) => difference.verdict === verdict);
    if (some.length === 0) return [];
    const means = some.map(({ difference }) => difference.mean);
    const [low, high] = [points(Math.min(...means)), points(Math.max(...means))];
    const numbers = verdict === 'same' ? '' : low === high ? ` (${low} points)` : ` (${low} to ${high} points)`;
    const [one, several, link] = VERBS[verdict];
    if (verdict === 'unclear' && some.length === all.length && all.length > 1) {
      return [`none of the ${all.length} can be told from ${other}${numbers}`];
    }
    const who =
      some.length <= MOST_NAMES
        ? list(some.map(({ name }) => code(name)))
        : some.length === all.length
          ? `all ${all.length}`
          : `${some.length} of ${all.length}`;
    return [`${who} ${some.length === 1 ? one : several} ${link} ${other}${numbers}`];
  });
  return `${parts.join('; ')}.`;
}

/** How many differ if each is looked at by itself, beside what chance gives. */
export function oneByOne(differences: readonly Difference[], other: string): string {
  const sure = (verdict: Verdict): number => differences.filter(({ single }) => single === verdict).length;
  return (
    `of ${differences.length} differences from ${other}, ${sure('better')} lie above 0 and ${sure('worse')} below by their own 95 % ` +
    `intervals, where chance gives about ${(0.025 * differences.length).toFixed(0)} of either`
  );
}

const sparsities = (all: readonly number[]): string => list(all.map((sparsity) => `${share(sparsity, 0)} %`));

/** All that is said about one data set, but for its tables. */
export function sentencesOn(one: Study): string[] {
  const { summary, rivals, against, cells, shuffled, placebo } = one;
  const at = sparsities(summary.controls);
  return [
    levels(one),
    `Beside a random order: ${standing(against.random, 'random')}`,
    ...(rivals.includes('random-moved')
      ? [`Beside a random order of the weights that move: ${standing(against['random-moved'], 'random-moved')}`]
      : []),
    `Beside magnitude: ${standing(against.magnitude, 'magnitude')}`,
    `Sparsity by sparsity, ${rivals.map((rival) => oneByOne(cells[rival].flat(), rival)).join('; ')}.`,
    ...(shuffled.length > 0
      ? [`Beside the ranking's own masks shuffled within layers, at ${at}: ${standing(shuffled, 'the shuffled masks')}`]
      : []),
    ...(placebo.length > 0
      ? [`Beside tickets by another seed's exponents, at ${at}: ${standing(placebo, "another seed's")}`]
      : []),
    ...motionless(one),
    ...untested(one),
  ];
}

function levels({ summary }: Study): string {
  const { dense, part, rows, mostFrequent, methods } = summary;
  const silent = summary.sparsities.filter((_, s) =>
    methods.every((method) => mean(bySeed(method, s)) < mostFrequent + SAYS_SOMETHING),
  );
  const caution =
    silent.length === 0
      ? ''
      : ` At ${sparsities(silent)} sparsity no method gets ${share(SAYS_SOMETHING, 0)} points above ` +
        'that: nothing can be told there.';
  return (
    `Dense networks reach ${share(mean(dense))} % on the ${part} part (${rows[part]} rows); who always answers the most frequent class has ` +
    `${share(mostFrequent)} %.${caution}`
  );
}

const SAYS_SOMETHING = 0.05;

/** What pruning the weights that seldom move is worth, and what `ft` and the best causal ranking know beyond it. */
export function fromMoved({ summary, moved, alone, against, placebo }: Study): string {
  const number = ({ mean: centre, interval: ends }: Difference): string => `${points(centre)} points ${interval(ends)}`;
  const of = (all: readonly Named[], name: string): Difference | undefined =>
    all.find((one) => one.name === name)?.difference;
  const ahead = (name: string): Difference => of(against['random-moved'], name) as Difference;
  const clause = (who: string, name: string): string =>
    `${who} is ${number(ahead(name))}, ${BEYOND[beyond(ahead(name))]}`;
  const top = best(alone, overall).name;
  const names = [...new Set(['ft', top])];
  const placebos = names
    .filter((name) => beyond(ahead(name)).startsWith('better'))
    .flatMap((name) => {
      const difference = of(placebo, name);
      return difference && difference.single !== 'better' ? [`${code(name)} is ${number(difference)}`] : [];
    });
  return [
    'pruning the weights that `ft` cannot test first, and the others in a random order (`random-moved`), is ' +
      `${number(moved as Difference)} beside random.`,
    `Beside that ${clause('`ft`', 'ft')}${top === 'ft' ? '' : `; ${clause(`the best causal ranking, ${code(top)},`, top)}`}.`,
    ...(placebos.length === 0
      ? []
      : [
          `But beside tickets by another seed's exponents, at ${sparsities(summary.controls)}, ${list(placebos)}: nothing shows that ` +
            'what the order knows has to do with its own network.',
        ]),
  ].join(' ');
}

/** The verdict for the whole family, or else what only the difference's own interval says. */
const beyond = ({ verdict, single }: Difference): keyof typeof BEYOND =>
  verdict !== 'unclear' || single === 'unclear' ? verdict : (`${single} alone` as keyof typeof BEYOND);

const BEYOND = {
  better: 'so that it knows more than which weights move',
  'better alone': 'better by this interval alone, not for all comparisons together',
  unclear: 'so that nothing shows that it knows more than which weights move',
  same: 'the very tickets',
  'worse alone': 'worse by this interval alone, not for all comparisons together',
  worse: 'so that it orders the weights that move worse than chance does',
} as const;

/** A causal ranking knows which weights move; that is no causality. */
function motionless({ summary, placebo, against }: Study): string[] {
  const ft = summary.referee.find(({ name }) => name === 'ft');
  const first = ft ? ft.verdicts.static + ft.verdicts.undecided : 0;
  if (!ft || first < 0.01) return [];
  const minusPlacebo = placebo.find(({ name }) => name === 'ft')?.difference;
  const minusRandom = against.random.find(({ name }) => name === 'ft')?.difference;
  const same = minusPlacebo && minusPlacebo.single !== 'better';
  return [
    `${share(ft.verdicts.static)} % of the weights never move, and ${share(ft.verdicts.undecided)} % have too few exponents to be tested: \`ft\` ` +
      'prunes both first, and a random order does not.' +
      (minusPlacebo
        ? ` Another seed's exponents tell which these are as well: \`ft\` less tickets by those is ${points(minusPlacebo.mean)} points ` +
          `${interval(minusPlacebo.interval)}` +
          (same && minusRandom?.single === 'better'
            ? ', so that nothing shows that what `ft` gains over random has to do with its own network.'
            : '.')
        : ''),
  ];
}

function untested({ summary }: Study): string[] {
  return summary.referee
    .filter((rule) => !isTested(rule))
    .map(
      ({ name, windows, verdicts }) =>
        `${code(name)} could test no weight (${windows} windows, ${share(verdicts.static, 0)} % of the weights static, ` +
        `${share(verdicts.undecided, 0)} % undecided): its order is chance.`,
    );
}
