/** The result in a sentence or two, in plain words. */
import type { ComparisonRecord } from '../experiment/summary.js';
import type { VerdictCounts } from '../pipeline/causality.js';
import type { PartName } from '../network/train.js';
import type { RunRecord } from '../pipeline/record.js';
import { count, counted, decimal, percent, percentShort, wilson } from './words.js';

/** The part whose accuracy is quoted: test, or what there is instead. */
export const quotedPart = ({ dense }: RunRecord): PartName =>
  (['test', 'validation', 'train'] as const).find((part) => dense.accuracy[part] !== undefined) ?? 'train';

export function runAnswer(record: RunRecord): string[] {
  const { ticket, dense, baselines, referee, verdicts, data } = record;
  const part = quotedPart(record);
  const [own, all] = [ticket.accuracy[part] ?? Number.NaN, dense.accuracy[part] ?? Number.NaN];
  const sentences = [
    `The [[ticket]] keeps ${count(ticket.weights)} of ${counted(ticket.prunable, 'weight')} (${percentShort(ticket.sparsity)} ` +
      `pruned) and classifies ${percent(own)} of the ${part} rows correctly, the [[dense]] network ${percent(all)}` +
      (baselines
        ? `; as many weights chosen at random reach ${percent(baselines.random.accuracy[part])}, the largest ` +
          `${percent(baselines.magnitude.accuracy[part])}.`
        : '.'),
  ];
  const rows = data.parts[part];
  const [low, high] = wilson(own, rows);
  const rivals = baselines
    ? Object.entries(baselines).map(([name, { accuracy }]) => ({ name, accuracy: accuracy[part] ?? Number.NaN }))
    : [];
  const better = rivals.filter(({ accuracy }) => accuracy > high).map(({ name }) => name);
  const worse = rivals.filter(({ accuracy }) => accuracy < low).map(({ name }) => name);
  const same = rivals.length - better.length - worse.length;
  if (rivals.length > 0) {
    const parts = [
      ...(better.length > 0 ? [`${better.join(' and ')} did better`] : []),
      ...(worse.length > 0 ? [`${worse.join(' and ')} did worse`] : []),
      ...(same > 0
        ? [
            `${same === rivals.length ? 'no baseline' : 'the other'} can${same === rivals.length ? '' : 'not'} be told from it`,
          ]
        : []),
    ];
    sentences.push(
      `With ${counted(rows, `${part} row`)} the ticket’s accuracy is known to within ${percent(low, 1)} to ${percent(high, 1)}; ` +
        `by that measure ${parts.join(', ')}. It is one run of one [[seed]].`,
    );
  }
  if (verdicts) sentences.push(causesSentence(verdicts));
  if (referee?.placebo) {
    sentences.push(
      referee.placebo.tellsApart
        ? 'The [[placebo]] finds fewer: the rule tells this network’s exponents from another’s.'
        : 'The [[placebo]] finds no fewer: the rule does not tell this network’s exponents from another’s.',
    );
  }
  return sentences;
}

function causesSentence({ causal, nonCausal }: VerdictCounts): string {
  const tested = causal + nonCausal;
  return causal === 0
    ? `Of ${counted(tested, 'weight')} that could be tested none was found to [[granger|Granger-cause]] the errors: a ` +
        'ranking by strength rests on effects that are not significant.'
    : `${count(causal)} of ${counted(tested, 'tested weight')} (${percentShort(causal / tested)}) ${causal === 1 ? 'was' : 'were'} found to ` +
        '[[granger|Granger-cause]] the errors.';
}

export function comparisonAnswer(record: ComparisonRecord): string[] {
  const { curves, dense, seeds, part, referee } = record;
  const points = curves[0]?.points ?? [];
  const at = points.findIndex(({ sparsity }) => sparsity >= 0.9);
  const s = at < 0 ? points.length - 1 : at;
  // a method that failed with every seed has no mean
  const there = curves.filter((curve) => curve.points[s]!.accuracy.n > 0);
  const best = [...there].sort((a, b) => b.points[s]!.accuracy.mean - a.points[s]!.accuracy.mean)[0];
  if (!best) return [`At ${percentShort(points[s]!.sparsity)} [[sparsity]] no ticket could be trained.`];
  const sentences = [
    `At ${percentShort(points[s]!.sparsity)} [[sparsity]] (${counted(points[s]!.kept, 'weight')}) the best tickets are those of ` +
      `${best.method}, with ${percent(best.points[s]!.accuracy.mean)} ${part} accuracy over ${seeds.length} ` +
      `${seeds.length === 1 ? '[[seed]]' : '[[seed|seeds]]'}; the [[dense]] network reaches ${percent(dense.accuracy.mean)}.`,
  ];
  const [own, random] = ['ft', 'random'].map((name) => there.find(({ method }) => method === name));
  if (own && random && best.method !== 'ft') {
    const gap = 100 * (own.points[s]!.accuracy.mean - random.points[s]!.accuracy.mean);
    sentences.push(
      `LEGCNet-FT reaches ${percent(own.points[s]!.accuracy.mean)} there, ${decimal(gap, 2)} points from random weights.`,
    );
  }
  for (const { method, placebo } of referee) {
    if (!placebo) continue;
    sentences.push(
      `The rule of ${method} ${placebo.tellsApart ? 'tells' : 'does not tell'} a network’s own exponents from another seed’s ([[placebo]]).`,
    );
  }
  return sentences;
}
