import { type Command, Option } from 'commander';
import { LegcnetError, unexpected } from '../errors.js';
import { checkOption } from '../options.js';
import { type Method, type Metric, REPRODUCED, type ReproducedSet } from '../experiment/published.js';
import type { Interval } from '../experiment/reproduce-interval.js';
import { type MaskComparison, type PrunedWeight, compareMasks } from '../experiment/reproduce-masks.js';
import { type Footnote, Footnotes, SPECTRUM_NOTES } from '../experiment/reproduce-notes.js';
import { type ReproducedTable, type Reproduction, reproduce } from '../experiment/reproduce.js';
import type { Cell, SpectrumCell, Table } from '../experiment/reproduce-tables.js';
import { refuseIdle } from './idle.js';
import { Printer } from './printer.js';
import { plural } from '../plural.js';

interface Parsed {
  readonly table?: string;
  readonly dataset?: string;
  readonly preset?: string;
  readonly seeds?: string;
  readonly threads?: string;
  readonly dataDir?: string;
  readonly initDir?: string;
  readonly masks?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Flags of the tables, which `--masks` has no use for. */
const TABLE_FLAGS = ['table', 'dataset', 'preset', 'seeds', 'dataDir', 'initDir', 'out'] as const;

export function addReproduce(program: Command, signal: AbortSignal): void {
  program
    .command('reproduce')
    .summary("repeat the paper's experiments and set the results beside its tables")
    .description(
      'Prints, for every column of the four tables of the LEGCNet paper, what was published, our mean over seeds with its ' +
        '95 % interval, and the difference; beside it the best run, which is what the paper reports. With --masks it ' +
        'recomputes published masks instead. Exit code 1 where a folder with expected results or masks disagrees, and where ' +
        'no run could be judged.',
    )
    .option('--table <numbers>', 'tables, e.g. 1,3 (default: all four)')
    .option('--dataset <names>', `some of ${REPRODUCED.join(',')} (default: all that are there)`)
    .option('--preset <authors|paper|strict>', 'how the experiments are run (default: authors)')
    .option('--seeds <n>', 'replicates of our own, seeds 1 to n (default: 10)')
    .option(
      '--data-dir <dir>',
      'folder with banknote.csv, vowel.csv, titanic.csv (its parts), or banknote/raw.csv and so on',
    )
    .option('--init-dir <dir>', "the authors' initial weights: config.json, arrays, init_*.npy, or a folder of such")
    .option('--masks <folder>', 'recompute the PT masks of such a folder and compare them with its config.json')
    .option('--out <dir>', 'write each run there when it is done, and go on from those that are there')
    .addOption(new Option('--threads <n>', 'threads at most (default: all cores)'))
    .option('--json', 'print the results as JSON')
    .option('--quiet', 'no progress and no remarks')
    .addHelpText('after', EXAMPLES)
    .action(async (parsed: Parsed) => {
      if (parsed.masks === undefined) await printTables(parsed, signal);
      else await printMasks(parsed.masks, parsed, signal);
    });
}

const EXAMPLES = `
Examples:
  legcnet reproduce --table 1 --dataset iris,cancer    ten seeds of ours beside Table 1
  legcnet reproduce --init-dir authors/iris            the authors' initial weights and masks
  legcnet reproduce --masks authors/iris               are those masks what their chain gives?`;

async function printTables(parsed: Parsed, signal: AbortSignal): Promise<void> {
  const printer = new Printer(Boolean(parsed.quiet));
  const preset = parsed.preset === undefined ? 'authors' : checkFlag('preset', parsed.preset);
  const chosen = readTablesAndSets(parsed);
  refuseIdle('reproduce', { ...parsed }, { preset, initDir: parsed.initDir, datasets: chosen.datasets });
  const footnotes = new Footnotes(preset);
  const one = parsed.initDir === undefined ? 'seed' : 'trial';
  let result: Reproduction;
  try {
    result = await reproduce({
      ...chosen,
      ...threadsOf(parsed),
      preset,
      seeds: parsed.seeds === undefined ? undefined : readCount('--seeds', parsed.seeds),
      dataDir: parsed.dataDir,
      initDir: parsed.initDir,
      out: parsed.out,
      signal,
      onReplicate: (set, done, total) => printer.progress({ label: `${set}, preset ${preset}`, done, total }),
      onTables: (tables) => {
        printer.endProgress();
        if (!parsed.json) for (const table of tables) printTable(printer, table, footnotes, one);
      },
    });
  } finally {
    printer.endProgress();
  }
  if (parsed.json) {
    for (const table of result.tables) {
      footnotes.onTable(table);
      for (const cell of table.cells) footnotes.on(cell, table);
    }
    printer.json({ ...result, footnotes: footnotes.list, spectrumNotes: result.spectra.length ? SPECTRUM_NOTES : [] });
  } else {
    if (result.spectra.length > 0) printSpectra(printer, result.spectra);
    printFootnotes(printer, footnotes.list);
    for (const text of result.disagreements) printer.out(`disagrees: ${text}`);
    for (const note of result.notes) printer.note(`note: ${note}`);
  }
  if (result.disagreements.length > 0) process.exitCode = 1;
  if (result.replicates.every(({ results }) => Object.keys(results).length === 0)) {
    throw new LegcnetError('ERR_TOO_SHORT', 'no run was long enough to be judged: the tables have nothing of ours');
  }
}

function readTablesAndSets({ table, dataset }: Parsed): { tables?: ReproducedTable[]; datasets?: ReproducedSet[] } {
  const split = (text: string): string[] => text.split(',').map((part) => part.trim());
  const tables = table === undefined ? undefined : split(table);
  const datasets = dataset === undefined ? undefined : split(dataset);
  const badTable = tables?.find((text) => !/^[1-4]$/.test(text));
  if (badTable !== undefined) throw unexpected('ERR_OPTION', '--table', 'some of 1, 2, 3, 4', badTable);
  const badSet = datasets?.find((name) => !(REPRODUCED as readonly string[]).includes(name));
  if (badSet !== undefined) throw unexpected('ERR_OPTION', '--dataset', `some of ${REPRODUCED.join(', ')}`, badSet);
  return {
    ...(tables && { tables: tables.map(Number) as ReproducedTable[] }),
    ...(datasets && { datasets: datasets as ReproducedSet[] }),
  };
}

/** The message names the flag, which is what the user typed. */
function checkFlag(name: 'preset', text: string): 'authors' | 'paper' | 'strict' {
  try {
    return checkOption(name, text);
  } catch (error) {
    throw unexpected('ERR_OPTION', `--${name}`, 'one of authors, paper, strict', text, error);
  }
}

function readCount(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 10_000) {
    throw unexpected('ERR_OPTION', flag, 'an integer from 1 to 10000', text);
  }
  return value;
}

const threadsOf = ({ threads }: Parsed): { threads?: number } =>
  threads === undefined ? {} : { threads: checkOption('threads', readCount('--threads', threads)) };

const METHOD_NAMES: Record<Method, string> = {
  dense: 'dense',
  ft: 'LEGCNet-FT',
  pt: 'LEGCNet-PT',
  random: 'random',
  magnitude: 'magnitude',
};
const METRIC_NAMES: Record<Metric, string> = {
  flops: 'Flops',
  nonCausal: 'non-causal weights',
  percentPruned: '% pruned',
  epochs: 'epochs',
  accuracy: 'accuracy',
  f1: 'F1',
};
const DECIMALS: Record<Metric, number> = {
  flops: 0,
  nonCausal: 0,
  percentPruned: 2,
  epochs: 0,
  accuracy: 4,
  f1: 4,
};

/** @param one what a replicate is called */
function printTable(printer: Printer, table: Table, footnotes: Footnotes, one: 'seed' | 'trial'): void {
  const marks = (numbers: readonly number[]): string => (numbers.length > 0 ? ` [${numbers.join(',')}]` : '');
  const replicates = Math.max(...table.cells.map(({ ours }) => ours?.n ?? 0));
  const trial = table.cells.find((cell) => cell.single)?.single?.id;
  const beside = table.single === 'best' ? 'best run (as in the paper)' : `trial ${trial ?? '-'} (the paper's row)`;
  printer.out(
    `\nTable ${table.table}, row "${table.row}", ${plural(replicates, 'replicate')}${marks(footnotes.onTable(table))}`,
  );
  printer.table(
    ['column', 'published', 'ours', '+-95 %', 'difference', beside, 'difference'],
    table.cells.map((cell) => cellRow(cell, table, marks(footnotes.on(cell, table)), one)),
  );
  const unreached = table.cells.filter((cell) => cell.unreached > 0);
  for (const { method, unreached: count, ours } of unreached) {
    printer.out(`${METHOD_NAMES[method]}: ${count} of ${ours?.n} never stopped early; their epochs are the cap.`);
  }
}

function cellRow(cell: Cell, { single }: Table, marks: string, one: 'seed' | 'trial'): string[] {
  const digits = DECIMALS[cell.metric];
  const chosen = cell.single;
  const id = chosen && single === 'best' ? ` (${one} ${chosen.id})` : '';
  return [
    `${METRIC_NAMES[cell.metric]}, ${METHOD_NAMES[cell.method]}${marks}`,
    number(cell.published, digits),
    number(cell.ours?.mean, meanDigits(digits)),
    number(halfWidth(cell.ours), meanDigits(digits)),
    signed(cell.difference, meanDigits(digits)),
    chosen ? `${number(chosen.value, digits)}${id}` : '-',
    signed(chosen?.difference, digits),
  ];
}

/** Means of whole numbers are not whole. */
const meanDigits = (digits: number): number => Math.max(digits, 1);

const halfWidth = (interval: Interval | undefined): number | undefined =>
  interval && (interval.high - interval.low) / 2;

const number = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);

/** With its sign, and none where it rounds to nothing. */
function signed(value: number | undefined, digits: number): string {
  const text = number(value, digits);
  if (text === '-' || Number(text) === 0) return text.replace(/^-(?=\d)/, '');
  return Number(text) > 0 ? `+${text}` : text;
}

function printSpectra(printer: Printer, spectra: readonly SpectrumCell[]): void {
  printer.out('\nTable 4, MNIST');
  printer.table(
    ['column', 'published', 'ours', '+-95 %', 'difference'],
    spectra.map(({ method, layer, quantity, published, ours, difference }) => [
      `${quantity === 'alpha' ? 'alpha' : 'alpha_w'}, layer ${layer}, ${METHOD_NAMES[method]}`,
      number(published, 2),
      number(ours?.mean, 2),
      number(halfWidth(ours), 2),
      signed(difference, 2),
    ]),
  );
  for (const note of SPECTRUM_NOTES) printer.out(note);
}

function printFootnotes(printer: Printer, footnotes: readonly Footnote[]): void {
  if (footnotes.length > 0) printer.out('');
  footnotes.forEach(({ text }, i) => printer.out(`[${i + 1}] ${text}`));
}

async function printMasks(folder: string, parsed: Parsed, signal: AbortSignal): Promise<void> {
  const other = TABLE_FLAGS.find((name) => parsed[name] !== undefined);
  if (other !== undefined) {
    const flag = `--${other.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    throw unexpected('ERR_OPTION', flag, 'nothing with --masks', parsed[other]);
  }
  const printer = new Printer(Boolean(parsed.quiet));
  let done = 0;
  const result = await compareMasks(folder, {
    ...threadsOf(parsed),
    signal,
    onMask: () => printer.progress({ label: 'masks', done: ++done, total: 0 }),
  }).finally(() => printer.endProgress());
  if (parsed.json) printer.json(result);
  else printComparison(printer, result);
  if (!result.agrees) process.exitCode = 1;
}

function printComparison(printer: Printer, { dataset, chain, chainFrom, masks }: MaskComparison): void {
  const { window, overlap, epochs, target, max_lag: lags, statistic, alpha } = chain;
  printer.out(
    `${dataset}, PT masks; chain by ${chainFrom}: window ${window}, overlap ${overlap}, ${plural(epochs, 'epoch')}, ${target} part, ` +
      `least p of ${statistic} over ${plural(lags, 'lag')}, alpha ${alpha}`,
  );
  const list = (weights: readonly PrunedWeight[]): string =>
    weights.map(({ index, pValue }) => `${index} (p ${pValue.toFixed(4)})`).join(', ') || '-';
  printer.table(
    ['trial', 'windows', 'published', 'computed', 'missing', 'extra', 'same', 'same order'],
    masks.map((mask) => [
      String(mask.trial),
      String(mask.windows),
      mask.published ? String(mask.published.length) : '-',
      String(mask.computed.length),
      mask.missing.length > 3 ? `${mask.missing.length} weights` : list(mask.missing),
      mask.extra.length > 3 ? `${mask.extra.length} weights` : list(mask.extra),
      yesNo(mask.same),
      yesNo(mask.sameOrder),
    ]),
  );
}

const yesNo = (value: boolean | undefined): string => (value === undefined ? '-' : value ? 'yes' : 'NO');
