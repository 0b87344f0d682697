import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { unexpected } from '../errors.js';
import { PRUNE_OPTIONS, type PruneConfig, resolveConfig, watchConfigs } from '../pipeline/config.js';
import { givesVerdicts, methodOf } from '../pipeline/method.js';
import { type StageProgress, prune } from '../pipeline/prune.js';
import { type NetworkRecord, type RunRecord, type TicketRecord, toRecord } from '../pipeline/record.js';
import { writeRunFolder } from '../pipeline/run-folder.js';
import type { Settings } from '../pipeline/needs.js';
import type { OptionValues } from '../options.js';
import type { Values } from '../pipeline/plots.js';
import type { Placebo } from '../pipeline/referee.js';
import { loadCharts } from '../report/peers.js';
import { checkPage } from '../report/report.js';
import { refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { Printer, duration, mebibytes, percent } from './printer.js';
import { printReport } from './report.js';
import { rangeOf, sparkline } from './sparkline.js';
import { plural } from '../plural.js';

const DEPENDS = 'by preset and data';
/** Options whose defaults are those of preset and data. */
export const BY_PRESET = {
  layers: DEPENDS,
  epochs: DEPENDS,
  learningRate: DEPENDS,
  batchSize: DEPENDS,
  outputActivation: DEPENDS,
  loss: DEPENDS,
  init: DEPENDS,
  accuracyRule: DEPENDS,
  scaling: DEPENDS,
  split: DEPENDS,
  target: DEPENDS,
  window: DEPENDS,
  series: DEPENDS,
  exponent: DEPENDS,
  theilerWindow: DEPENDS,
  horizon: DEPENDS,
  fit: DEPENDS,
  maxLag: DEPENDS,
  lagOrder: DEPENDS,
  statistic: DEPENDS,
  stationarity: DEPENDS,
  correction: DEPENDS,
  failedTest: DEPENDS,
  selection: DEPENDS,
  within: 'by preset; strict: 0.01',
  density: 'by method',
};

export function addPrune(program: Command, signal: AbortSignal): void {
  const command = program
    .command('prune')
    .argument('<data>', 'iris, cancer, titanic, mnist; a .csv file; a folder of IDX or .npy files; or x.npy,y.npy')
    .summary('train a network, prune it by chaos and causality or another method, retrain the ticket')
    .description(
      'Trains a dense network while watching every weight, computes windowed Lyapunov exponents, tests which of them ' +
        'Granger-cause the misclassification, prunes, and retrains the sparse ticket from the same initial weights. ' +
        'With another --method nothing is watched: its scores choose what is pruned. ' +
        'A random and a magnitude ticket of the same size are trained beside it.',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, PRUNE_OPTIONS, BY_PRESET);
  command
    .addOption(
      new Option('--config <file.json>', 'options by name, as the API takes them; flags win').helpGroup('Run options:'),
    )
    .addOption(new Option('--resume', 'go on with the unfinished run in --out').helpGroup('Run options:'))
    .addOption(
      new Option(
        '--report [file.html]',
        'also write a page with figures, see legcnet report (default: report.html in --out, or here)',
      ).helpGroup('Run options:'),
    )
    .addOption(new Option('--json', 'print the record of the run as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress, no remarks, no plots').helpGroup('Run options:'))
    .action(async (data: string, parsed: Record<string, unknown>) => runPrune(data, parsed, signal));
}

const EXAMPLES = `
Examples:
  legcnet prune mnist                                  strict preset, all 70,000 images
  legcnet prune iris --preset authors --method pt      the authors' published chain
  legcnet prune mnist --method magnitude --sparsity 0.95 --rounds 5 --rewind 1   lottery tickets
  legcnet prune data.csv --label species --layers 16 --sparsity 0.8 --out run1`;

async function runPrune(data: string, parsed: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = await readOptions(parsed, PRUNE_OPTIONS);
  const printer = new Printer(Boolean(parsed.quiet));
  const out = options.out as string | undefined;
  const resume = Boolean(parsed.resume);
  refuseIdle('prune', parsed, ...settingsOf(resolveConfig(data, options), options));
  if (out !== undefined && existsSync(path.join(out, 'run.json'))) {
    throw unexpected('ERR_OPTION', '--out', 'a folder without a finished run', out);
  }
  if (out !== undefined && existsSync(path.join(out, 'plan.json'))) {
    throw unexpected('ERR_OPTION', '--out', 'a folder without a comparison', out);
  }
  const report = parsed.report as string | true | undefined;
  const html = report === undefined ? undefined : report === true ? path.join(out ?? '.', 'report.html') : report;
  if (html !== undefined) {
    await loadCharts(); // what cannot be loaded or written should be known before the work
    await checkPage(html);
  }
  const checkpoint = out === undefined ? undefined : path.join(out, 'checkpoint');
  const onProgress = ({ stage, detail, done, total }: StageProgress): void =>
    printer.progress({ label: `${stage}: ${detail}`, done, total });
  let result: Awaited<ReturnType<typeof prune>>;
  try {
    result = await prune(data, { ...options, checkpoint, resume, signal, onProgress });
  } finally {
    printer.endProgress();
  }
  const record = toRecord(result);
  if (out !== undefined && checkpoint !== undefined) {
    await writeRunFolder(out, result, record);
    await result.checkpoints.clear();
    printer.note(`written to ${out}`);
  }
  // before the report: should that fail, the results are there
  if (parsed.json) printer.json(record);
  else printRecord(printer, record);
  if (html !== undefined) {
    const job = { signal, ...(options.threads !== undefined && { threads: options.threads as number }) };
    const write = (folder: string): Promise<void> => printReport(printer, folder, { html, ...job });
    if (out !== undefined) await write(out);
    else
      await withTemporaryFolder(async (folder) => {
        await writeRunFolder(folder, result, record);
        await write(folder);
      });
  }
}

/** One for each way in which the training is watched, or one. */
function settingsOf(config: PruneConfig, given: OptionValues): Settings[] {
  const criteria = [methodOf(config)];
  const watched = Object.values(watchConfigs(config, given));
  return (watched.length > 0 ? watched : [config]).map((one) => ({ ...one, criteria }));
}

async function withTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'legcnet-report-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The result of a run as people read it. */
export function printRecord(printer: Printer, record: RunRecord): void {
  const { data, config, dense, ticket, baselines, referee, verdicts, seconds } = record;
  const { train, validation, test } = data.parts;
  printer.out(
    `${data.name}: ${train} training, ${validation} validation and ${plural(test, 'test row')}, ` +
      `${plural(data.features, 'feature')}, ${plural(data.classes.length, 'class', 'classes')}`,
  );
  const { method = 'ft', preset, seed, rounds, rewind } = config;
  printer.out(
    [
      givesVerdicts(method) ? `LEGCNet-${method.toUpperCase()}` : method,
      ...[`preset ${preset}`, `seed ${seed}`],
      ...(record.windows === null ? [] : [plural(record.windows, 'window')]),
      ...(rounds === undefined ? [] : [plural(rounds, 'round')]),
      ...(rewind === undefined ? [] : [`begun from epoch ${rewind}`]),
    ].join(', ') + '\n',
  );
  const row = (name: string, network: NetworkRecord | TicketRecord): string[] => {
    const pruned = 'pruned' in network ? network.pruned : 0;
    return [
      name,
      String(network.weights),
      String(pruned),
      percent(pruned / (network.weights + pruned), 1),
      String(network.epochs),
      percent(network.accuracy.train),
      percent(network.accuracy.validation),
      percent(network.accuracy.test),
      (network.f1.test ?? network.f1.train ?? Number.NaN).toFixed(4),
    ];
  };
  printer.table(
    ['network', 'weights', 'pruned', 'pruned %', 'epochs', 'train %', 'validation %', 'test %', 'test F1'],
    [
      row('dense', dense),
      row('ticket', ticket),
      ...(baselines ? [row('random', baselines.random), row('magnitude', baselines.magnitude)] : []),
      ...(referee ? [row('shuffled', referee.shuffled)] : []),
      ...(referee?.placeboTicket ? [row('placebo', referee.placeboTicket)] : []),
    ],
  );
  const counts = verdicts
    ? `verdicts: ${verdicts.causal} causal, ${verdicts.nonCausal} non-causal, ${verdicts.undecided} undecided, ` +
      `${verdicts.static} static`
    : `${method} does not watch the training: there are no exponents and no verdicts`;
  printer.out(`\n${counts}`);
  if (!printer.quiet) printPlots(printer, record);
  if (referee) {
    printer.out('\nreferee:');
    if (referee.placebo) printPlacebo(printer, referee.placebo);
    for (const sentence of referee.verdict) printer.out(`  ${sentence}`);
    printer.out('');
  }
  const stages = Object.entries(seconds).map(([stage, time]) => `${stage} ${duration(time)}`);
  printer.out(`time: ${stages.join(', ')}; peak memory ${mebibytes(record.peakMemoryBytes)}`);
  for (const note of record.notes) printer.note(`note: ${note}`);
}

/** How the run went, a line a curve. */
function printPlots(printer: Printer, { plots, config, windows, verdicts, referee }: RunRecord): void {
  const { part, epochs, accuracy, watched } = plots;
  const { unicode } = printer;
  const row = (name: string, plot: string, remark = ''): void =>
    printer.out(`  ${name.padEnd(17)} ${plot}  ${remark}`.trimEnd());
  printer.out('');
  if (epochs.length > 1) {
    const range = rangeOf(Object.values(accuracy).flat());
    printer.out(
      `${part} accuracy over ${plural(epochs.at(-1)!, 'epoch')}, ${percent(range[0], 1)} to ${percent(range[1], 1)} %`,
    );
    for (const [name, values] of Object.entries(accuracy)) row(name, sparkline(values, unicode, range));
  }
  const course = (name: string, values: Values, show: (x: number) => string): void => {
    const [low, high] = rangeOf(values);
    if (low <= high) row(name, sparkline(values, unicode), `${show(low)} to ${show(high)}`);
  };
  if (watched && verdicts) {
    const { exponents, misclassification, pValues } = watched;
    printer.out(`over ${plural(windows!, 'window')}`);
    course('mean exponent', exponents, (x) => x.toFixed(3));
    course('misclassification', misclassification, (x) => `${percent(x, 1)} %`);
    const tested = verdicts.causal + verdicts.nonCausal;
    if (tested > 0) {
      const counts = pValues.counts.map((count) => (count === 0 ? null : count));
      const plot = sparkline(counts, unicode, [0, Math.max(...pValues.counts)]);
      printer.out(`p-values of ${plural(tested, 'weight')}`);
      row('from 0 to 1', plot, `${verdicts.causal} below ${config.alpha}`);
    }
  }
  if (!referee) printer.out('');
}

/** The numbers behind a placebo's sentence. */
export function printPlacebo(printer: Printer, { ratio, ratioInterval, auc, shifted }: Placebo): void {
  const ends = ratioInterval ? ` [${ratioInterval[0].toFixed(2)}, ${ratioInterval[1].toFixed(2)}]` : '';
  printer.out(
    `  own / other ${ratio === null ? '-' : ratio.toFixed(2)}${ends}; AUC(own > other) ${auc.mean.toFixed(3)}; ` +
      `target shifted in a circle ${percent(shifted, 1)} % (does not count: it breaks the trend that all seeds share)`,
  );
}
