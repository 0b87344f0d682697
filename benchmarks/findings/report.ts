/** docs/findings.md: tables and sentences made of the summaries; only what is no result is written by hand. */
import { mean } from '../../lib/pipeline/referee-statistics.js';
import { bullets, cell, code, list, range, share, table } from './markdown.js';
import { RIVALS, VARIANTS } from './plan.js';
import { HEAD, LIMITS, METHODS, MOVED } from './prose.js';
import { section } from './section.js';
import { fromMoved, standing } from './sentences.js';
import type { Verdict } from './statistics.js';
import { type Named, type Rival, type Study, best, isCombined, isTested, methodOf, overall, study } from './study.js';
import type { RuleSummary, Summary } from './summary.js';

/** A rule that calls more of planted noise causal, where 5 % are promised, raises false alarms. */
const FALSE_ALARMS = 0.1;

/** The page. The same summaries give the same text. */
export function findings(summaries: readonly Summary[]): string {
  const studies = summaries.filter(({ kind }) => kind === 'ranking').map(study);
  const whole = new Map(summaries.filter(({ kind }) => kind === 'whole').map((summary) => [summary.data, summary]));
  return [
    HEAD,
    '## In short',
    bullets(inShort(studies)),
    overview(studies),
    '## What was run',
    whatWasRun(studies),
    METHODS,
    ...(studies.some(({ moved }) => moved) ? [MOVED] : []),
    '## Which variant ranks best',
    variants(studies),
    ...studies.flatMap((one) => section(one, whole.get(one.summary.data))),
    LIMITS,
  ].join('\n\n');
}

function inShort(studies: readonly Study[]): string[] {
  return [
    beats(studies, 'magnitude'),
    beats(studies, 'random'),
    ...beyondMoving(studies.filter(({ moved }) => moved)),
    placebos(studies),
    tickets(studies, 'placebo', "tickets chosen by another seed's exponents"),
    tickets(studies, 'shuffled', 'their own masks shuffled within layers'),
    falseAlarms(studies),
    fromFt(studies),
    ...combinations(studies),
  ];
}

/** `iris (3 of 13)` for each data set on which some have this verdict. */
function places(studies: readonly Study[], pick: (one: Study) => readonly Named[], verdict: Verdict): string[] {
  return studies.flatMap((one) => {
    const all = pick(one).filter(({ name }) => !isCombined(name));
    const some = all.filter(({ difference }) => difference.verdict === verdict);
    return some.length === 0 ? [] : [`${one.summary.data} (${some.length} of ${all.length})`];
  });
}

function beats(studies: readonly Study[], rival: Rival): string {
  const pick = (one: Study): readonly Named[] => one.against[rival];
  const [better, worse] = [places(studies, pick, 'better'), places(studies, pick, 'worse')];
  const first =
    better.length === 0
      ? `**No causal ranking is shown to beat ${rival}** ${studies.length === 1 ? `on ${studies[0]?.summary.data}` : `on any of the ${studies.length} data sets`}`
      : `**Causal rankings beat ${rival}** on ${list(better)}`;
  return worse.length === 0 ? `${first}; none is shown to be worse.` : `${first}; they lose to it on ${list(worse)}.`;
}

/** What knowing which weights move is worth, and what causal rankings know beyond it. */
function beyondMoving(studies: readonly Study[]): string[] {
  const apart = studies.filter(({ rivals }) => rivals.includes('random-moved'));
  const alike = studies.filter((one) => !apart.includes(one)).map(({ summary }) => summary.data);
  const title = '**Weights that seldom move**';
  return [
    ...(apart.length === 0 ? [] : [beats(apart, 'random-moved')]),
    ...apart.map((one) => `${title}: on ${one.summary.data} ${fromMoved(one)}`),
    ...(alike.length === 0 ? [] : [`${title}: none on ${list(alike)}, where \`random-moved\` is \`random\`.`]),
  ];
}

function placebos(studies: readonly Study[]): string {
  const all = studies.flatMap(({ summary }) => summary.referee.map((rule) => ({ data: summary.data, rule })));
  const apart = all.filter(({ rule }) => rule.placebo.tellsApart);
  const which = apart.map(({ data, rule }) => `${code(rule.name)} on ${data}`);
  return (
    `**Placebo**: of ${all.length} rules on all data sets, ${apart.length} call more weights causal on their own network's exponents than on ` +
    `another seed's${which.length === 0 ? '' : ` (${list(which)})`}, each by its own 95 % interval; if none knew anything, about ` +
    `${(0.025 * all.length).toFixed(1)} would.`
  );
}

function tickets(studies: readonly Study[], control: 'placebo' | 'shuffled', what: string): string {
  const all = studies.flatMap((one) => one[control]);
  const pick = (one: Study): readonly Named[] => one[control];
  const [better, worse] = [places(studies, pick, 'better'), places(studies, pick, 'worse')];
  const name = control === 'placebo' ? 'Placebo tickets' : 'Shuffled control';
  if (better.length + worse.length === 0) {
    return `**${name}**: of ${all.length} causal rankings on all data sets, none can be told from ${what}.`;
  }
  const parts = [
    `better than ${what} on ${better.length === 0 ? 'no data set' : list(better)}`,
    `worse on ${worse.length === 0 ? 'none' : list(worse)}`,
  ];
  return `**${name}**: causal rankings are ${parts.join(', ')}.`;
}

function falseAlarms(studies: readonly Study[]): string {
  const tested = studies.flatMap(({ summary }) => summary.referee.filter(isTested));
  const ofNoise = ({ power }: RuleSummary): number => power.found[0]?.share as number;
  const names = [...new Set(tested.filter((rule) => ofNoise(rule) > FALSE_ALARMS).map(({ name }) => name))];
  if (names.length === 0) {
    return `**False alarms**: no rule calls more than ${share(FALSE_ALARMS, 0)} % of pure noise causal (5 % is promised).`;
  }
  const texts = names.map((name) => {
    const rules = tested.filter((rule) => rule.name === name);
    return (
      `${code(name)} calls ${range(rules.map(ofNoise))} of pure noise causal, ${range(rules.map(({ placebo }) => placebo.own))} of the ` +
      `weights on their own network's exponents, and ${range(rules.map(({ placebo }) => placebo.other))} on another seed's`
    );
  });
  return `**False alarms** (5 % is promised): ${texts.join('; ')}.`;
}

function fromFt(studies: readonly Study[]): string {
  const pick = (one: Study): readonly Named[] => one.variants;
  const [better, worse] = [places(studies, pick, 'better'), places(studies, pick, 'worse')];
  if (better.length + worse.length === 0) return '**Variants**: on no data set can any variant be told from `ft`.';
  return (
    `**Variants**: better than \`ft\` on ${better.length === 0 ? 'no data set' : list(better)}, worse on ` +
    `${worse.length === 0 ? 'none' : list(worse)}.`
  );
}

function combinations(studies: readonly Study[]): string[] {
  const names = new Set(studies.flatMap(({ causal }) => causal.map(({ name }) => name).filter(isCombined)));
  return [...names].map((name) => {
    const each = studies.flatMap(({ summary, against }) => {
      const found = against.magnitude.find((one) => one.name === name);
      return found ? [`${summary.data} ${cell(found.difference)}`] : [];
    });
    return `${code(name)} minus magnitude, points: ${each.join(', ')}.`;
  });
}

function overview(studies: readonly Study[]): string {
  const shown = RIVALS.filter((rival) => studies.some(({ rivals }) => rivals.includes(rival)));
  const rows = studies.map((one) => {
    const { summary, against } = one;
    const minusRival = (rival: Rival, name: string): string => {
      const found = against[rival].find((method) => method.name === name);
      return found ? cell(found.difference) : '-';
    };
    const top = best(one.alone, overall);
    const ft = summary.referee.find(({ name }) => name === 'ft') as RuleSummary;
    return [
      summary.data,
      share(mean(summary.dense)),
      ...['magnitude', 'random', 'ft'].map((name) => share(overall(methodOf(summary, name)))),
      ...shown.map((rival) => minusRival(rival, 'ft')),
      `${code(top.name)} ${share(overall(top))}`,
      ...shown.map((rival) => minusRival(rival, top.name)),
      `${share(ft.placebo.own)} / ${share(ft.placebo.other)}`,
    ];
  });
  const head = [
    'data',
    'dense, %',
    'magnitude, %',
    'random, %',
    '`ft`, %',
    ...shown.map((rival) => `\`ft\` - ${rival}`),
  ];
  const more = [
    'best causal ranking, %',
    ...shown.map((rival) => `it - ${rival}`),
    '`ft` calls causal, own / placebo, %',
  ];
  return `${table([...head, ...more], rows)}\n\n${OVERVIEW_NOTE}`;
}

const OVERVIEW_NOTE =
  'Test accuracy averaged over the sparsities, the same share of each layer pruned by every method; differences in points, paired by seed. ' +
  '\\*\\*: not 0 with 95 % for all causal rankings of the data set against all rivals together; \\*: by its own 95 % interval only. The ' +
  'best causal ranking is the best of many in the same data, which flatters it.';

function whatWasRun(studies: readonly Study[]): string {
  const rows = studies.map(({ summary, causal, rivals }) => [
    summary.data,
    `${summary.sizes.join('-')}, ${summary.weights}`,
    `${summary.rows.train} / ${summary.rows.validation} / ${summary.rows.test}`,
    String(summary.epochs),
    `${summary.seeds[0]} to ${summary.seeds.at(-1)}`,
    summary.sparsities.map((sparsity) => share(sparsity, 0)).join(', '),
    `${causal.length} against ${rivals.length} at ${summary.sparsities.length}: ${rivals.length * causal.length * summary.sparsities.length}`,
  ]);
  const head = ['data', 'network, weights', 'rows: train / validation / test', 'epochs', 'seeds', 'sparsities, %'];
  return table([...head, 'causal rankings, rivals, sparsities: comparisons'], rows);
}

/** What one option changes, on every data set. */
function variants(studies: readonly Study[]): string {
  const ft = studies.map(({ summary }) => summary.rules.ft).find(Boolean) ?? {};
  const base =
    `\`ft\` here: series \`${ft.series}\`, windows of ${ft.window}, exponent \`${ft.exponent}\` (fit ${ft.fit}, m ${ft.embeddingDimension}, ` +
    `Theiler window ${ft.theilerWindow}), target \`${ft.target}\`, statistic \`${ft.statistic}\` at lag order \`${ft.lagOrder}\` up to ` +
    `${ft.maxLag}, stationarity \`${ft.stationarity}\`, correction \`${ft.correction}\`. Each variant is that but for what its name says.`;
  const rows = Object.entries(VARIANTS).flatMap(([group, names]) =>
    names.map((name) => [
      group,
      code(name),
      ...studies.map((one) => {
        const found = one.variants.find((variant) => variant.name === name);
        return found ? (found.difference.verdict === 'same' ? 'same tickets' : cell(found.difference)) : '-';
      }),
    ]),
  );
  return [
    base,
    table(['what differs', 'variant minus `ft`, points', ...studies.map(({ summary }) => summary.data)], rows),
    'Averaged over the sparsities; \\*\\*: for all variants of the data set together; -: not run.',
    bullets([
      ...studies.map((one) => `${one.summary.data}: ${standing(one.variants, code('ft'))}`),
      firstPlaces(studies),
    ]),
  ].join('\n\n');
}

function firstPlaces(studies: readonly Study[]): string {
  const tops = studies.map((one) => ({ data: one.summary.data, name: best(one.alone, overall).name }));
  const everywhere = (studies[0]?.alone ?? [])
    .map(({ name }) => name)
    .filter((name) => studies.every(({ alone }) => alone.some((method) => method.name === name)));
  const place = (name: string): number =>
    mean(
      studies.map(({ summary }) => {
        const own = overall(methodOf(summary, name));
        return 1 + everywhere.filter((other) => overall(methodOf(summary, other)) > own).length;
      }),
    );
  const first = best(everywhere, (name) => -place(name));
  return (
    `First comes ${list(tops.map(({ data, name }) => `${code(name)} on ${data}`))}. Of the ${everywhere.length} rules run on all data sets ` +
    `${code(first)} has the best mean place, ${place(first).toFixed(1)} (\`ft\`: ${place('ft').toFixed(1)}; if places were dealt at random, ` +
    `${((everywhere.length + 1) / 2).toFixed(1)}).`
  );
}
