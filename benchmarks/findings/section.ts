/** What is shown of one data set. */
import { mean } from '../../lib/pipeline/referee-statistics.js';
import { bullets, cell, code, details, interval, list, points, share, table } from './markdown.js';
import { sentencesOn } from './sentences.js';
import { type Named, type Rival, type Study, bySeed, overall } from './study.js';
import type { MethodSummary, Summary } from './summary.js';

/** @param whole the comparison in which every method has its own densities, if there is one */
export function section(one: Study, whole: Summary | undefined): string[] {
  const { data } = one.summary;
  const minusRival = (rival: Rival): string =>
    details(`Minus ${rival}, by sparsity, with 95 % intervals (${data})`, bySparsity(one, rival));
  return [
    `## ${data}`,
    bullets(sentencesOn(one)),
    accuracies(one),
    ...(['random', 'random-moved', 'magnitude'] as const).filter((rival) => one.rivals.includes(rival)).map(minusRival),
    refereeTable(one),
    ...(whole ? [wholeTable(whole)] : []),
  ];
}

const heads = ({ sparsities }: Summary): string[] => sparsities.map((sparsity) => `${share(sparsity, 0)} %`);

const show = (all: readonly Named[], name: string): string => {
  const found = all.find((one) => one.name === name);
  return found ? cell(found.difference) : '';
};

/** The sparsity at which masks are compared. */
const OVERLAP_AT = 0.9;

function accuracies({ summary, against, rivals }: Study): string {
  const { sparsities, methods } = summary;
  const at = Math.max(0, sparsities.indexOf(OVERLAP_AT));
  const rows = [...methods]
    .sort((a, b) => overall(b) - overall(a))
    .map((method) => {
      const { overlap, chance } = method.overlap[at] as MethodSummary['overlap'][number];
      return [
        code(method.name),
        ...sparsities.map((_, s) => share(mean(bySeed(method, s)))),
        share(overall(method)),
        ...rivals.map((rival) => show(against[rival], method.name)),
        `${share(overlap, 0)} (${share(chance, 0)})`,
      ];
    });
  const head = ['accuracy, %, at sparsity', ...heads(summary), 'mean', ...rivals.map((rival) => `mean - ${rival}`)];
  return table([...head, `overlap of seeds' masks at ${heads(summary)[at]} (chance), %`], rows);
}

const bySparsity = ({ summary, causal, cells }: Study, rival: Rival): string =>
  table(
    [`points minus ${rival}`, ...heads(summary)],
    causal.map(({ name }, m) => [code(name), ...(cells[rival][m] ?? []).map((one) => cell(one, true))]),
  );

function refereeTable({ summary, shuffled, placebo }: Study): string {
  const rows = summary.referee.map(({ name, windows, verdicts, placebo: found, power }) => [
    code(name),
    String(windows),
    `${share(verdicts.static)} / ${share(verdicts.undecided)}`,
    share(found.own),
    share(found.other),
    `${points(found.difference.mean)} ${interval(found.difference.interval as [number, number])}${found.tellsApart ? '\\*' : ''}`,
    found.auc.toFixed(3),
    ...power.found.map((effect) => share(effect.share)),
    show(shuffled, name),
    show(placebo, name),
  ]);
  const effects = (summary.referee[0]?.power.found ?? []).map(({ rSquared }) =>
    rSquared === 0 ? 'noise called causal, %' : `found at r2 = ${rSquared}, %`,
  );
  const head = [
    'rule',
    'windows',
    'static / undecided, %',
    'causal, own %',
    "causal, another seed's %",
    'own - another',
  ];
  const at = list(summary.controls.map((sparsity) => `${share(sparsity, 0)} %`));
  const caption = `The referee on ${summary.data}${at ? `; tickets at ${at} sparsity` : ''}:`;
  return `${caption}\n\n${table([...head, 'AUC(own > other)', ...effects, 'ticket - shuffled', 'ticket - placebo'], rows)}`;
}

function wholeTable(whole: Summary): string {
  const rows = whole.methods.map((method) => [
    code(method.name),
    ...whole.sparsities.map((_, s) => `${share(mean(bySeed(method, s)))} (${share(method.winning[s] as number, 0)})`),
  ]);
  return (
    `Every method at the layer densities it is used with: accuracy, %, and in parentheses the share of the ${whole.seeds.length} seeds with a ` +
    `winning ticket (the dense accuracy in no more epochs), %:\n\n${table(['method', ...heads(whole)], rows)}`
  );
}
