/** Where a comparison keeps what is finished: a folder, or memory. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { checkFolder, readJson, writeFileAtomic } from '../data/files.js';
import { readNpy, writeNpy } from '../data/npy.js';
import { LegcnetError } from '../errors.js';
import { writeSafetensors } from '../interchange/safetensors.js';
import type { WatchedSeries } from '../network/train.js';
import { tensorsOf } from '../pipeline/run-folder.js';
import { version } from '../pipeline/version.js';
import type { PlaceboRecord } from './placebo.js';
import type { OnTicket, Replicate, ReplicateRecord } from './replicate.js';

export interface Shelf {
  readonly replicate: (seed: number) => Promise<ReplicateRecord | undefined>;
  /** [methods, sparsities, weights] */
  readonly masks: (seed: number) => Promise<Uint8Array>;
  /** @param rule the first that it was watched for */
  readonly series: (seed: number, rule: string) => Promise<WatchedSeries>;
  readonly save: (replicate: Replicate) => Promise<void>;
  readonly placebo: (seed: number) => Promise<PlaceboRecord | undefined>;
  readonly savePlacebo: (record: PlaceboRecord) => Promise<void>;
  /** Undefined where trained tickets have no place. */
  readonly onTicket: (seed: number) => OnTicket | undefined;
}

export function memoryShelf(): Shelf {
  const replicates = new Map<number, Replicate>();
  const placebos = new Map<number, PlaceboRecord>();
  return {
    replicate: async (seed) => replicates.get(seed)?.record,
    masks: async (seed) => (replicates.get(seed) as Replicate).masks,
    series: async (seed, rule) => (replicates.get(seed) as Replicate).series[rule] as WatchedSeries,
    save: async (replicate) => void replicates.set(replicate.record.seed, replicate),
    placebo: async (seed) => placebos.get(seed),
    savePlacebo: async (record) => void placebos.set(record.target, record),
    onTicket: () => undefined,
  };
}

/**
 * `seed-<n>.json` appears last of a seed's files and says that the seed is done; docs/compare.md lists them all.
 *
 * @param hash of the plan, and of the data's size
 * @throws LegcnetError ERR_OPTION when the folder holds another comparison; ERR_FILE
 */
export async function folderShelf(folder: string, hash: string): Promise<Shelf> {
  const at = (name: string): string => path.join(folder, name);
  await checkFolder(folder);
  const stamp = await readIfThere<{ hash: string }>(at('plan.json'));
  if (stamp && stamp.hash !== hash) {
    throw new LegcnetError('ERR_OPTION', `${folder} holds a comparison with another configuration or version`, {
      subject: 'out',
      expected: `the configuration ${stamp.hash}, or another folder`,
      received: hash,
    });
  }
  if (!stamp) {
    if ((await readdir(folder)).some((name) => /^(run|seed-\d+)\.json$/.test(name))) {
      throw new LegcnetError('ERR_OPTION', `${folder} holds something else`, {
        subject: 'out',
        expected: 'an empty folder, or that of an unfinished comparison',
        received: folder,
      });
    }
    await writeFileAtomic(at('plan.json'), json({ legcnet: version, hash }));
  }
  const arrays = (seed: number, rule: string): Record<'exponents' | 'missing' | 'misclassification', string> => ({
    exponents: at(`seed-${seed}.${rule}.exponents.npy`),
    missing: at(`seed-${seed}.${rule}.missing.npy`),
    misclassification: at(`seed-${seed}.${rule}.misclassification.npy`),
  });
  return {
    replicate: (seed) => readIfThere<ReplicateRecord>(at(`seed-${seed}.json`)),
    masks: async (seed) => (await readNpy(at(`seed-${seed}.masks.npy`), { dtype: 'u1' })).data,
    series: async (seed, rule) => {
      const files = arrays(seed, rule);
      const [exponents, missing, misclassification] = await Promise.all([
        readNpy(files.exponents, { dtype: ['f8', 'f4'], rank: 2 }),
        readNpy(files.missing, { dtype: 'i4', rank: 1 }),
        readNpy(files.misclassification, { dtype: 'f8', rank: 1 }),
      ]);
      return {
        exponents: exponents.data,
        missing: missing.data,
        misclassification: misclassification.data,
        seconds: 0,
      };
    },
    save: async ({ record, masks, series }) => {
      const { methods, seed } = record;
      const sparsities = methods[0]?.tickets.length ?? 0;
      const weights = masks.length / (methods.length * sparsities);
      await writeNpy(at(`seed-${seed}.masks.npy`), { data: masks, shape: [methods.length, sparsities, weights] });
      for (const [rule, one] of Object.entries(series)) {
        const files = arrays(seed, rule);
        const windows = one.misclassification.length;
        await writeNpy(files.exponents, { data: one.exponents, shape: [one.missing.length, windows] });
        await writeNpy(files.missing, { data: one.missing, shape: [one.missing.length] });
        await writeNpy(files.misclassification, { data: one.misclassification, shape: [windows] });
      }
      await writeFileAtomic(at(`seed-${seed}.json`), json(record));
    },
    placebo: (seed) => readIfThere<PlaceboRecord>(at(`placebo-${seed}.json`)),
    savePlacebo: (record) => writeFileAtomic(at(`placebo-${record.target}.json`), json(record)),
    onTicket: (seed) => (name, network) =>
      writeSafetensors(at(`seed-${seed}.${name}.safetensors`), tensorsOf(network), { format: 'pt', legcnet: version }),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Undefined when there is no such file. */
async function readIfThere<T>(file: string): Promise<T | undefined> {
  try {
    return (await readJson(file)) as T;
  } catch (error) {
    if (((error as LegcnetError).cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
