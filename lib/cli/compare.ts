import { type Command, Option } from 'commander';
import { type CompareProgress, compare } from '../experiment/compare.js';
import { COMPARE_OPTIONS, type ComparePlan, planComparison } from '../experiment/plan.js';
import { isOrdered } from '../experiment/replicate.js';
import type { ComparisonRecord, Curve, RefereeRecord } from '../experiment/summary.js';
import type { Estimate } from '../pipeline/referee-statistics.js';
import { parseVariant } from '../mask/variants.js';
import { unmet } from '../pipeline/needs.js';
import { NEEDS, idle, refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { BY_PRESET, printPlacebo } from './prune.js';
import { Printer, percent } from './printer.js';
import { rangeOf, sparkline } from './sparkline.js';
import { plural } from '../plural.js';

export function addCompare(program: Command, signal: AbortSignal): void {
  const command = program
    .command('compare')
    .argument('<data>', 'iris, cancer, titanic, mnist; a .csv file; a folder of IDX or .npy files; or x.npy,y.npy')
    .summary('compare pruning methods at matched counts of weights, over seeds')
    .description(
      'For each seed, trains one dense network, scores its weights by every method, and trains the tickets of every ' +
        'sparsity from the same initial weights by the same stopping rule. Prints accuracy over sparsity with paired ' +
        'differences, and what placebos and controls say about the causal methods. With --out, results are stored ' +
        'after every seed; the same command goes on with what is missing, also with more --seeds.',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, COMPARE_OPTIONS, { ...BY_PRESET, density: 'by method' });
  command
    .addOption(
      new Option('--config <file.json>', 'options by name, as the API takes them; flags win').helpGroup('Run options:'),
    )
    .addOption(new Option('--json', 'print the record of the comparison as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress, no remarks, no plots').helpGroup('Run options:'))
    .action(async (data: string, parsed: Record<string, unknown>) => {
      const options = await readOptions(parsed, COMPARE_OPTIONS);
      refuseIdleOptions(parsed, planComparison(data, options));
      const printer = new Printer(Boolean(parsed.quiet));
      const onProgress = ({ stage, done, total }: CompareProgress): void =>
        printer.progress({ label: stage === 'replicates' ? 'trainings' : 'placebos', done, total });
      const record = await compare(data, { ...options, signal, onProgress }).finally(() => printer.endProgress());
      if (options.out !== undefined) printer.note(`written to ${options.out as string}`);
      if (parsed.json) printer.json(record);
      else printComparison(printer, record);
    });
}

const EXAMPLES = `
Examples:
  legcnet compare iris --seeds 5
  legcnet compare mnist --methods ft,pt,magnitude,snip --sparsities 0.9,0.95 --out mnist-comparison
  legcnet compare iris --methods 'ft,ft(series=weights),ft(preset=paper)'   variants of a rule, on one training
  legcnet compare data.csv --label species --methods 'ft,rank(ft,magnitude)' --density erdos-renyi`;

/** Flags, and options of single rules, that make no difference. */
function refuseIdleOptions(parsed: Record<string, unknown>, plan: ComparePlan): void {
  const { methods: criteria, rules, config } = plan;
  const shared = { criteria, seeds: plan.seeds.length, ordered: criteria.some(isOrdered) };
  const settings = rules.map((rule) => ({ ...rule.config, ...shared }));
  refuseIdle('compare', parsed, ...(settings.length > 0 ? settings : [{ ...config, ...shared }]));
  for (const [i, { name }] of rules.entries()) {
    for (const [option, value] of Object.entries(parseVariant(name)?.given ?? {})) {
      const need = unmet(option, NEEDS.compare, settings.slice(i, i + 1));
      if (need) throw idle(`${option} of ${name}`, need, value);
    }
  }
}

/** A comparison as people read it. */
export function printComparison(printer: Printer, record: ComparisonRecord): void {
  const { data, network, seeds, part, dense, curves } = record;
  printer.out(
    `${data.name}: ${network.sizes.join('-')}, ${plural(network.weights, 'weight')}; ` +
      `${plural(seeds.length, 'seed')} (${seeds[0]}${seeds.length > 1 ? ` to ${seeds.at(-1)}` : ''}); ${part} accuracy, %`,
  );
  const counted = (estimate: Estimate): string => withSpread(estimate, seeds.length, printer.unicode);
  printer.out(`dense ${counted(dense.accuracy)}, converged after ${dense.converged.mean.toFixed(1)} epochs\n`);
  const points = (curves[0] as Curve).points;
  const head = points.map(
    ({ sparsity }) => `${percent(sparsity, sparsity * 100 === Math.round(sparsity * 100) ? 0 : 1)} %`,
  );
  const courseOf = (curve: Curve): (number | null)[] =>
    [dense.accuracy, ...curve.points.map(({ accuracy }) => accuracy)].map(({ n, mean }) => (n > 0 ? mean : null));
  const range = rangeOf(curves.flatMap(courseOf));
  const plot = (text: string): string[] => (printer.quiet ? [] : [text]);
  printer.table(
    ['accuracy at sparsity', ...plot(''), ...head],
    curves.map((curve) => [
      curve.method,
      ...plot(sparkline(courseOf(curve), printer.unicode, range)),
      ...curve.points.map(({ accuracy }) => counted(accuracy)),
    ]),
  );
  printer.table(
    ['at that sparsity', ...plot(''), ...points.map(() => '')],
    [
      ['weights kept', ...points.map(({ kept }) => String(kept))],
      ['compression, biases included', ...points.map(({ compression }) => `${compression.toFixed(1)}x`)],
      ['theoretical speed-up', ...points.map(({ speedup }) => `${speedup.toFixed(1)}x`)],
    ].map(([name = '', ...cells]) => [name, ...plot(''), ...cells]),
  );
  printer.out('');
  const perMethod = (title: string, show: (point: Curve['points'][number]) => string): void =>
    printer.table(
      [title, ...head],
      curves.map((curve) => [curve.method, ...curve.points.map(show)]),
    );
  perMethod('minus dense, points', ({ againstDense }) => difference(againstDense));
  perMethod('epochs to converge', ({ converged: { n, mean } }) => (n > 0 ? mean.toFixed(1) : '-'));
  perMethod('winning tickets, % of seeds', ({ lottery }) =>
    lottery.seeds.length > 0 ? percent(lottery.share, 0) : '-',
  );
  if (seeds.length > 1) {
    perMethod('mask overlap between seeds (chance), %', ({ overlap }) =>
      overlap ? `${percent(overlap.overlap, 0)} (${percent(overlap.chance, 0)})` : '-',
    );
  }
  if (record.controls.length > 0) {
    printer.table(
      ['ticket minus control, points', 'sparsity', 'control', 'control %', 'difference'],
      record.controls.map(({ method, sparsity, kind, accuracy, difference: d }) => [
        method,
        `${percent(sparsity, 0)} %`,
        kind === 'shuffled' ? 'mask shuffled in layers' : 're-initialised',
        counted(accuracy),
        difference(d),
      ]),
    );
  }
  for (const one of record.referee) printReferee(printer, one);
  for (const note of record.notes) printer.note(`note: ${note}`);
}

function printReferee(printer: Printer, { method, placebo, verdict }: RefereeRecord): void {
  printer.out(`\nreferee on ${method}:`);
  if (placebo) printPlacebo(printer, placebo);
  for (const sentence of verdict) printer.out(`  ${sentence}`);
}

/** Mean and half the width of its interval; and of how many seeds, where some have failed. */
function withSpread({ n, mean, interval }: Estimate, seeds: number, unicode: boolean): string {
  if (n === 0) return '-';
  const half = interval ? ` ${unicode ? '±' : '+-'}${percent((interval[1] - interval[0]) / 2, 1)}` : '';
  return `${percent(mean, 1)}${half}${n < seeds ? ` (${n} of ${plural(seeds, 'seed')})` : ''}`;
}

/** Mean in points; marked where the interval leaves out 0. */
function difference({ n, mean, interval }: Estimate): string {
  if (n === 0) return '-';
  const sure = interval && (interval[0] > 0 || interval[1] < 0);
  return `${mean >= 0 ? '+' : ''}${percent(mean, 2)}${sure ? '*' : ' '}`;
}
