/** A comparison of pruning methods at matched counts of weights, over seeds. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Dataset } from '../data/datasets.js';
import { writeFileAtomic } from '../data/files.js';
import { unexpected } from '../errors.js';
import { type Progress, defaultThreads } from '../native.js';
import { type OptionValues, checkJobOptions } from '../options.js';
import { type PreparedData, prepareData } from '../pipeline/data.js';
import { inParallel } from '../pipeline/referee-pool.js';
import { type PlaceboRecord, refereedRules, runPlacebo } from './placebo.js';
import { type ComparePlan, inRule, planComparison } from './plan.js';
import { type ReplicateRecord, initialNetwork, runReplicate, trainingsOf } from './replicate.js';
import { type Shelf, folderShelf, memoryShelf } from './shelf.js';
import { type ComparisonRecord, summarise } from './summary.js';

export interface CompareProgress extends Progress {
  readonly stage: 'replicates' | 'placebo';
}

/** `out` is where results are stored after each seed; a comparison whose folder is there goes on with what is missing. */
export interface CompareOptions extends OptionValues {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CompareProgress) => void) | undefined;
}

/**
 * Compares criteria: for each seed one dense network is trained and shared by all; each criterion scores its weights;
 * for each sparsity the ticket, as many weights for every criterion, is trained from the seed's initial weights by the
 * same stopping rule. Layer densities are each criterion's own unless `density` is given. For LEGCNet's criteria the
 * referee's placebo, power and controls are added, and random and magnitude baselines unless `baselines` is false.
 * `ft(series=weights,target=train)` is LEGCNet-FT with options of its own, of those that leave the training as it is.
 *
 * Seeds run in parallel, on `threads` in all. The same bits whatever the number of threads, and when interrupted and
 * taken up again, also with more seeds. Cost: seeds x (methods x sparsities + 2 controls for each method and control
 * sparsity + the dense trainings, one for each series that is watched).
 *
 * What diverges, or is too short to be judged, of some seeds is left out of the statistics and named in `failures`.
 *
 * @param data name or path as `loadDataset` takes it, or a Dataset
 * @throws LegcnetError ERR_OPTION, also when `out` holds another comparison; ERR_DATA, ERR_FILE; ERR_TOO_SHORT where no
 *   seed can have windows enough; ERR_DIVERGED where no seed has a dense network; `signal.reason`
 */
export async function compare(data: Dataset | string, options: CompareOptions = {}): Promise<ComparisonRecord> {
  const { signal, onProgress, ...given } = options;
  checkJobOptions(options);
  const asked = planComparison(typeof data === 'string' ? data : data.name, given);
  const { out, threads = defaultThreads() } = asked.config;
  const prepared = await prepareData(data, asked.config, given);
  const plan: ComparePlan = { ...asked, config: { ...asked.config, split: [...prepared.split] } };
  for (const { name, config } of plan.rules) {
    if (prepared.parts[config.target]) continue;
    throw inRule(name, unexpected('ERR_OPTION', 'target', 'a part of the data (see split, testData)', config.target));
  }
  const shelf = out === undefined ? memoryShelf() : await folderShelf(out, stampOf(plan, prepared));
  const report = (stage: CompareProgress['stage'], total: number): ((more: number) => void) | undefined => {
    let done = 0;
    return onProgress && ((more) => onProgress({ stage, done: (done += more), total }));
  };

  const missing: number[] = [];
  for (const seed of plan.seeds) if (!(await shelf.replicate(seed))) missing.push(seed);
  const trained = report('replicates', missing.length * trainingsOf(plan));
  await inParallel(missing, threads, signal, async (seed, job) => {
    let before = 0;
    const count = ({ done }: Progress): void => {
      trained?.(done - before);
      before = done;
    };
    const watched = { ...job, ...(trained && { onProgress: count }) };
    const onTicket = plan.keepTickets ? shelf.onTicket(seed) : undefined;
    await shelf.save(await runReplicate(plan, prepared, seed, watched, onTicket));
  });
  const records = await Promise.all(plan.seeds.map(async (seed) => (await shelf.replicate(seed)) as ReplicateRecord));

  const placebos = refereedRules(plan).length === 0 ? [] : await refereeAll(plan, prepared, records, shelf);
  const network = await initialNetwork(plan, prepared, plan.seeds[0] as number);
  const masks = await Promise.all(plan.seeds.map((seed) => shelf.masks(seed)));
  const record = summarise(plan, prepared, network, { records, placebos, masks });
  if (out !== undefined) {
    await writeFileAtomic(path.join(out, 'comparison.json'), `${JSON.stringify(record, undefined, 2)}\n`);
  }
  return record;

  async function refereeAll(
    plan: ComparePlan,
    prepared: PreparedData,
    records: readonly ReplicateRecord[],
    shelf: Shelf,
  ): Promise<PlaceboRecord[]> {
    const placebos = new Map<number, PlaceboRecord>();
    for (const seed of plan.seeds) {
      const stored = await shelf.placebo(seed);
      // with other seeds beside it, its column of the matrix is another
      if (stored && stored.seeds.join() === plan.seeds.join()) placebos.set(seed, stored);
    }
    const missing = plan.seeds.filter((seed) => !placebos.has(seed));
    const refereed = report('placebo', missing.length);
    await inParallel(missing, threads, signal, async (seed, job) => {
      const record = await runPlacebo(plan, prepared, records, seed, shelf, job);
      await shelf.savePlacebo(record);
      placebos.set(seed, record);
      refereed?.(1);
    });
    return plan.seeds.map((seed) => placebos.get(seed) as PlaceboRecord);
  }
}

/** Names what the stored results depend on: the plan, and the size of the data. */
function stampOf({ hash }: ComparePlan, { name, rows, features, classes }: PreparedData): string {
  return createHash('sha256')
    .update(JSON.stringify([hash, name, rows, features, classes]))
    .digest('hex')
    .slice(0, 16);
}
