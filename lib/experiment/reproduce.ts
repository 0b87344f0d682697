/** The paper's experiments, repeated: with our own seeds, or from the authors' initial weights. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../data/datasets.js';
import { checkFolder, fileError } from '../data/files.js';
import { LegcnetError, unexpected } from '../errors.js';
import type { JobOptions } from '../native.js';
import { checkOption } from '../options.js';
import { AUTHORS_NAMES, PUBLISHED_TRIAL, REPRODUCED, type ReproducedSet } from './published.js';
import { type Preset, loadReproduced } from './reproduce-data.js';
import { type Replicate, replicateOfTrial, runSeed } from './reproduce-replicate.js';
import { type SpectrumCell, type Table, spectrumTable, tableOf } from './reproduce-tables.js';
import { type PublishedFolder, initialNetwork, openPublished, replay } from './replay.js';
import { plural } from '../plural.js';

export type ReproducedTable = 1 | 2 | 3 | 4;

export interface ReproduceOptions extends JobOptions {
  /** Default: all four. */
  readonly tables?: readonly ReproducedTable[] | undefined;
  /** Default: all seven, less those that are not to be had; a set that is named here must be. */
  readonly datasets?: readonly ReproducedSet[] | undefined;
  /** Default `authors`. */
  readonly preset?: Preset | undefined;
  /** Replicates with seeds 1 to this; with `initDir` the first so many trials at most. Default 10. */
  readonly seeds?: number | undefined;
  /** Where the sets are that legcnet cannot ship; see `loadReproduced`. */
  readonly dataDir?: string | undefined;
  /**
   * Given initial weights: a folder as `replay` takes it, or a folder of such. With the preset `authors` the folder's own
   * arrays and masks are used too, and results compared with its `expected.json`.
   */
  readonly initDir?: string | undefined;
  /** One JSON file a run goes there when it is done; those that are there are not run again. */
  readonly out?: string | undefined;
  /** Called before each replicate. */
  readonly onReplicate?: ((set: ReproducedSet, done: number, total: number) => void) | undefined;
  /** Called with each set's tables when they are there. */
  readonly onTables?: ((tables: readonly Table[]) => void) | undefined;
}

export interface Reproduction {
  readonly preset: Preset;
  readonly tables: readonly Table[];
  /** Table 4; empty unless it was asked for and MNIST is among the sets. */
  readonly spectra: readonly SpectrumCell[];
  readonly replicates: readonly Replicate[];
  /** What disagrees with a folder's `expected.json` and final weights, in sentences. */
  readonly disagreements: readonly string[];
  /** What a reader should know about this run, in sentences. */
  readonly notes: readonly string[];
}

const DEFAULT_SEEDS = 10;
/** With fewer replicates than this the interval gets a remark; the paper has as many initial weights. */
const FEWEST_SEEDS = 5;

/** What came of one data set. */
interface SetResult {
  readonly replicates: readonly Replicate[];
  readonly disagreements: readonly string[];
  readonly notes: readonly string[];
  /** The trial that the paper's row is, where the replicates are the authors' trials. */
  readonly trial?: number | undefined;
}

/**
 * Runs the paper's experiments set by set and sets them beside its tables.
 * Cost: for each replicate, FT and PT of `prune`, and two baselines; seconds for the small sets, minutes for MNIST.
 *
 * @throws LegcnetError ERR_OPTION, also when `out` holds a run of another configuration; ERR_DATA where a set that was
 *   named, or every set, is not to be had; ERR_FILE; with `initDir` as `replay`; ERR_DIVERGED; `signal.reason` when
 *   aborted
 */
export async function reproduce(options: ReproduceOptions = {}): Promise<Reproduction> {
  const { preset = 'authors', tables = [1, 2, 3, 4], onTables } = options;
  checkOptions(options);
  const folders = options.initDir === undefined ? undefined : await openFolders(options.initDir);
  const sets = REPRODUCED.filter((set) => (options.datasets ?? [...(folders?.keys() ?? REPRODUCED)]).includes(set));
  const lacking = folders && sets.find((set) => !folders.has(set));
  if (folders && lacking) {
    throw unexpected('ERR_OPTION', 'datasets', `sets that initDir has: ${[...folders.keys()].join(', ')}`, lacking);
  }
  const onlySpectra = tables.every((table) => table === 4);
  if (onlySpectra && !sets.includes('mnist'))
    throw unexpected('ERR_OPTION', 'datasets', 'mnist, which table 4 is about,', sets);
  if (options.out !== undefined) await checkFolder(options.out);
  const results: SetResult[] = [];
  const found: Table[] = [];
  for (const set of sets) {
    if (onlySpectra && set !== 'mnist') continue;
    const result = await runSet(set, options, folders);
    results.push(result);
    const made = tables.flatMap((table) => (table === 4 ? [] : tableOf(table, set, result.replicates, result.trial)));
    found.push(...made);
    onTables?.(made);
  }
  const replicates = results.flatMap((result) => result.replicates);
  const notes = results.flatMap((result) => result.notes);
  if (replicates.length === 0 && notes.length > 0) throw nothingToRun(notes);
  const onMnist = replicates.filter(({ dataset }) => dataset === 'mnist');
  const spectra = tables.includes(4) && sets.includes('mnist') ? spectrumTable(onMnist) : [];
  const disagreements = results.flatMap((result) => result.disagreements);
  return { preset, tables: found, spectra, replicates, disagreements, notes };
}

async function runSet(
  set: ReproducedSet,
  options: ReproduceOptions,
  folders: ReadonlyMap<ReproducedSet, PublishedFolder> | undefined,
): Promise<SetResult> {
  const folder = folders?.get(set);
  const result =
    folder && (options.preset ?? 'authors') === 'authors'
      ? await replayTrials(set, folder, options)
      : await runSeeds(set, folder, options);
  const { length } = result.replicates;
  const few = `${set}: an interval over ${plural(length, 'replicate')} says little; it takes ${FEWEST_SEEDS} or more.`;
  return length > 0 && length < FEWEST_SEEDS ? { ...result, notes: [...result.notes, few] } : result;
}

/** The authors' arrays, initial weights and masks. */
async function replayTrials(
  set: ReproducedSet,
  folder: PublishedFolder,
  options: ReproduceOptions,
): Promise<SetResult> {
  const { seeds = DEFAULT_SEEDS, onReplicate } = options;
  const job = jobOf(options);
  const trials = Math.min(seeds, folder.trials);
  const replicates: Replicate[] = [];
  const disagreements: string[] = [];
  onReplicate?.(set, 0, trials);
  const { runs } = await replay(folder.path, { ...job, trials });
  for (let trial = 1; trial <= trials; trial++) {
    onReplicate?.(set, trial - 1, trials);
    const own = runs.filter((run) => run.trial === trial);
    replicates.push(await replicateOfTrial(folder, set, trial, own, job));
    disagreements.push(
      ...own.flatMap((run) =>
        (run.disagreements ?? []).map((text) => `${set}, trial ${trial} ${run.variant}: ${text}`),
      ),
    );
  }
  onReplicate?.(set, trials, trials);
  return { replicates, disagreements, notes: [], trial: PUBLISHED_TRIAL[set] };
}

/** Our own chain, with seeds or (with a folder) given initial weights. */
async function runSeeds(
  set: ReproducedSet,
  folder: PublishedFolder | undefined,
  options: ReproduceOptions,
): Promise<SetResult> {
  const { preset = 'authors', tables = [1, 2, 3, 4], seeds = DEFAULT_SEEDS, onReplicate, out } = options;
  let dataset: Dataset;
  try {
    dataset = await loadReproduced(set, options.dataDir);
  } catch (error) {
    if (options.datasets || !(error instanceof LegcnetError) || error.code !== 'ERR_DATA') throw error;
    return { replicates: [], disagreements: [], notes: [error.message] };
  }
  const count = folder ? Math.min(seeds, folder.trials) : seeds;
  const parts = (['ft', 'pt'] as const).filter((part) => part === 'ft' || tables.some((t) => t === 2 || t === 4));
  const replicates: Replicate[] = [];
  for (let id = 1; id <= count; id++) {
    onReplicate?.(set, id - 1, count);
    const initial = folder && (await initialNetwork(folder, id)).parameters;
    replicates.push(await runSeed({ set, preset, parts, id, initial }, dataset, { ...jobOf(options), out }));
  }
  onReplicate?.(set, count, count);
  return { replicates, disagreements: [], notes: counted(replicates) };
}

/** The notes of the replicates, each once, with how many have it. */
function counted(replicates: readonly Replicate[]): string[] {
  const counts = new Map<string, number>();
  for (const note of replicates.flatMap((replicate) => replicate.notes)) counts.set(note, (counts.get(note) ?? 0) + 1);
  return [...counts].map(([note, count]) => `${note} (${count} of ${plural(replicates.length, 'replicate')})`);
}

const jobOf = ({ threads, signal }: ReproduceOptions): JobOptions => ({
  ...(threads !== undefined && { threads }),
  ...(signal && { signal }),
});

function checkOptions({ datasets, tables, seeds, preset }: ReproduceOptions): void {
  if (seeds !== undefined && !(Number.isInteger(seeds) && seeds >= 1 && seeds <= 0xffffffff)) {
    throw unexpected('ERR_OPTION', 'seeds', 'an integer of at least 1', seeds);
  }
  if (preset !== undefined) checkOption('preset', preset);
  for (const set of datasets ?? []) {
    if (!REPRODUCED.includes(set)) throw unexpected('ERR_OPTION', 'datasets', `some of ${REPRODUCED.join(', ')}`, set);
  }
  for (const table of tables ?? []) {
    if (![1, 2, 3, 4].includes(table)) throw unexpected('ERR_OPTION', 'tables', 'some of 1, 2, 3, 4', table);
  }
  if (datasets?.length === 0) throw unexpected('ERR_OPTION', 'datasets', 'at least one set', datasets);
  if (tables?.length === 0) throw unexpected('ERR_OPTION', 'tables', 'at least one table', tables);
}

/** The folder, or the folders in it, by the data set that their `config.json` names. */
async function openFolders(initDir: string): Promise<Map<ReproducedSet, PublishedFolder>> {
  const paths = existsSync(path.join(initDir, 'config.json')) ? [initDir] : await foldersIn(initDir);
  const folders = new Map<ReproducedSet, PublishedFolder>();
  for (const each of paths) {
    const folder = await openPublished(each);
    const set = AUTHORS_NAMES[folder.config.dataset];
    if (set === undefined) {
      const known = Object.keys(AUTHORS_NAMES).join(', ');
      throw unexpected('ERR_DATA', `dataset in ${path.join(each, 'config.json')}`, known, folder.config.dataset);
    }
    folders.set(set, folder);
  }
  if (folders.size === 0) {
    throw unexpected('ERR_DATA', 'initDir', 'a folder with config.json, or of such folders', initDir);
  }
  return folders;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).sort();
    return names.map((name) => path.join(folder, name)).filter((each) => existsSync(path.join(each, 'config.json')));
  } catch (error) {
    throw fileError('read', folder, error);
  }
}

const nothingToRun = (reasons: readonly string[]): LegcnetError =>
  new LegcnetError('ERR_DATA', `there is nothing to run. ${reasons.join('\n')}`, { subject: 'datasets' });
