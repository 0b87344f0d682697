import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { checkFile, checkFolder, fileError, makeFolder, readJson, writeFileAtomic } from '../data/files.js';
import { unexpected } from '../errors.js';
import type { ComparisonRecord } from '../experiment/summary.js';
import type { JobOptions } from '../native.js';
import { checkJobOptions } from '../options.js';
import { version } from '../pipeline/version.js';
import { quotedPart } from './answer.js';
import { comparisonChapter } from './comparison-chapter.js';
import { computeExtras } from './extras.js';
import type { Figure } from './figure.js';
import { table } from './html.js';
import { idIn, page } from './page.js';
import { methodName } from './networks.js';
import { FONT, loadCharts, loadRasteriser, vegaForBrowsers } from './peers.js';
import { type Drawing, drawFigure } from './render.js';
import { runChapter } from './run-chapter.js';
import { type RunData, readRun } from './run-data.js';
import type { Chapter } from './section.js';
import { standalone } from './theme.js';
import { count, counted, percent, percentShort } from './words.js';

/** Options of `renderReport`. */
export interface RenderReportOptions extends Omit<JobOptions, 'onProgress'> {
  /**
   * Data that Shapley values are computed on, as `loadDataset` takes them. Default: the run's own where legcnet ships
   * them (mnist: where its package is installed), none otherwise.
   */
  readonly data?: string | undefined;
  /** Called as the report gets on; a unit is a run to be read or a figure to be drawn. */
  readonly onProgress?: ((progress: ReportProgress) => void) | undefined;
}

export interface ReportProgress {
  readonly stage: 'reading' | 'drawing';
  readonly done: number;
  readonly total: number;
}

/** Where `writeReport` writes. Folders are made. At least one must be named. */
export interface WriteReportOptions extends RenderReportOptions {
  /** The page. */
  readonly html?: string | undefined;
  /** A folder for the figures, one .svg each, light colours. */
  readonly svg?: string | undefined;
  /** A folder for the figures, one .png each, 1600 pixels wide on white, set in a font that comes with the packages. */
  readonly png?: string | undefined;
}

export interface Report {
  /** One file that loads nothing: styles, data, figures and script are in it. */
  readonly html: string;
  /** The figures by name, as they stand in the page to begin with, light colours, self-contained. */
  readonly figures: ReadonlyMap<string, string>;
}

/** Runs of a folder shown in full; the others have their row in the table. */
const MOST_RUNS = 6;
const PNG_WIDTH = 1600;

/**
 * A report on a run, a comparison, or a folder of these, as one self-contained HTML page: what was run, the answer,
 * curves, the mask, exponents and p-values, the placebo, single weights explained, spectra, Shapley values, timings, a
 * glossary. What a folder does not hold the report says. The same folder gives the same bytes (with the same versions of
 * legcnet and Vega).
 *
 * Needs the optional packages vega and vega-lite. Cost: the tests of all weights again, spectra and Shapley values of two
 * networks, two drawings a figure: a second or two, MNIST some ten.
 *
 * @param source a folder with run.json or comparison.json, or with folders that have one; the first 6 are shown in full
 * @throws LegcnetError ERR_FILE naming packages to install, or for files that cannot be read; ERR_DATA for a folder without
 *   runs and files that do not fit together; ERR_OPTION; as `explainedData` where `data` is given; `signal.reason` when
 *   aborted
 */
export async function renderReport(source: string, options: RenderReportOptions = {}): Promise<Report> {
  return (await build(source, options)).report;
}

/**
 * Writes a report (see `renderReport`) as HTML, its figures as SVG, its figures as PNG; each file whole or not at all.
 * PNG also needs the optional packages @resvg/resvg-js and @expo-google-fonts/ibm-plex-sans.
 *
 * Cost: as `renderReport`, and a drawing of each figure for PNG.
 *
 * @throws LegcnetError as `renderReport`; ERR_OPTION when nothing is to be written; ERR_FILE for what cannot be written
 */
export async function writeReport(source: string, options: WriteReportOptions): Promise<Report> {
  const { html, svg, png, ...rest } = options ?? {};
  if (html === undefined && svg === undefined && png === undefined) {
    throw unexpected('ERR_OPTION', 'html', 'a file to write, or a folder for svg or png', html);
  }
  // what cannot be loaded, read or written should be known before the work
  const rasterise = png === undefined ? undefined : await loadRasteriser();
  await findFolders(source);
  if (html !== undefined) await checkPage(html);
  for (const folder of [svg, png]) if (folder !== undefined) await checkFolder(folder);
  const { report } = await build(source, rest);
  if (html !== undefined) await writeFileAtomic(html, report.html);
  for (const [name, drawing] of report.figures) {
    rest.signal?.throwIfAborted();
    if (svg !== undefined) await writeFileAtomic(path.join(svg, `${name}.svg`), drawing);
    if (png !== undefined && rasterise) {
      await writeFileAtomic(path.join(png, `${name}.png`), rasterise(standalone(drawing, FONT), PNG_WIDTH));
    }
  }
  return report;
}

/** What cannot be written should be known before the work. Makes the folder that the page is to be in. @throws LegcnetError ERR_FILE */
export async function checkPage(html: string): Promise<void> {
  await makeFolder(path.dirname(html));
  await checkFile(html);
}

async function build(source: string, options: RenderReportOptions): Promise<{ report: Report }> {
  const { data, onProgress, threads, signal } = options;
  checkJobOptions(options);
  if (data !== undefined && (typeof data !== 'string' || data === '')) {
    throw unexpected('ERR_OPTION', 'data', 'the name or path of data', data);
  }
  const job: JobOptions = { ...(threads !== undefined && { threads }), ...(signal && { signal }) };
  const [charts, vega] = [await loadCharts(), await vegaForBrowsers()];
  const folders = await findFolders(source);
  const chapters: Chapter[] = [];
  const rows: string[][] = [];
  for (const [i, folder] of folders.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'reading', done: i, total: folders.length });
    const id = folders.length === 1 ? '' : `r${i + 1}`;
    const isShown = i < MOST_RUNS;
    if (existsSync(path.join(folder, 'comparison.json'))) {
      const file = path.join(folder, 'comparison.json');
      const record = (await readJson(file)) as ComparisonRecord | null;
      if (record?.command !== 'compare') {
        throw unexpected('ERR_DATA', file, 'the record of a comparison', record?.command);
      }
      if (isShown) chapters.push(comparisonChapter(record, id));
      rows.push(comparisonRow(path.basename(folder), record));
    } else {
      const run = await readRun(folder, job);
      if (isShown) chapters.push(runChapter(run, await computeExtras(run, data, job), id));
      rows.push(runRow(path.basename(folder), run));
    }
  }
  const drawings = new Map<string, Drawing>();
  const figures = new Map<string, string>();
  const all = chapters.flatMap((chapter) =>
    chapter.sections.flatMap(({ blocks }) =>
      blocks.flatMap((block): [Chapter, Figure][] => ('draw' in block ? [[chapter, block]] : [])),
    ),
  );
  for (const [i, [chapter, figure]] of all.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'drawing', done: i, total: all.length });
    const name = idIn(chapter, figure.id);
    const drawing = await drawFigure(figure, name === figure.id ? '' : `${chapter.id}-`, charts);
    drawings.set(`figure-${name}`, drawing);
    figures.set(name, standalone(drawing.svg.wide));
  }
  onProgress?.({ stage: 'drawing', done: all.length, total: all.length });
  const several = folders.length > 1;
  const title = several ? `${folders.length} runs in ${path.basename(path.resolve(source))}` : chapters[0]!.title;
  const index = several ? indexTable(rows, chapters) : undefined;
  return { report: { html: page({ title, version, chapters, drawings, vega, index }), figures } };
}

/** The folder itself, or those in it that hold a run or a comparison, by name. */
async function findFolders(source: string): Promise<string[]> {
  const holds = (folder: string): boolean =>
    ['run.json', 'comparison.json'].some((name) => existsSync(path.join(folder, name)));
  if (holds(source)) return [source];
  let names: string[];
  try {
    names = (await readdir(source, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    throw fileError('read', source, error);
  }
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const found = names.map((name) => path.join(source, name)).filter(holds);
  if (found.length === 0) {
    throw unexpected(
      'ERR_DATA',
      source,
      'a folder with run.json or comparison.json, or one of such folders',
      'neither',
    );
  }
  return found;
}

function runRow(name: string, { record }: RunData): string[] {
  const { data, config, ticket, dense, baselines, verdicts } = record;
  const part = quotedPart(record);
  return [
    name,
    data.name,
    `${methodName(config)}, ${config.preset}`,
    String(record.seeds.network),
    percentShort(ticket.sparsity),
    ...[dense, ticket, baselines?.random, baselines?.magnitude].map((network) => percent(network?.accuracy[part])),
    verdicts ? count(verdicts.causal) : '–',
  ];
}

const comparisonRow = (name: string, { data, curves, seeds, dense }: ComparisonRecord): string[] => [
  name,
  data.name,
  `comparison of ${counted(curves.length, 'method')}`,
  String(seeds.length),
  '–',
  percent(dense.accuracy.mean),
  ...['–', '–', '–', '–'],
];

function indexTable(rows: readonly (readonly string[])[], chapters: readonly Chapter[]): string {
  const inFull = chapters.length < rows.length ? `; the first ${chapters.length} are shown in full below` : '';
  return table({
    caption: `All ${rows.length} runs${inFull}. Accuracies are those of the test part`,
    columns: [
      { name: 'folder' },
      { name: 'data' },
      { name: 'method' },
      ...['[[seed]]', '[[sparsity]]', '[[dense]]', '[[ticket]]', 'random', 'magnitude', 'causal'].map((name) => ({
        name,
        numeric: true,
      })),
    ],
    rows,
  });
}
