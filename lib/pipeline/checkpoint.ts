/** Finished trainings, and the state of unfinished ones, in a folder, so that a killed run can be resumed. */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { LegcnetError, unexpected } from '../errors.js';
import type { NdArray, TypedArray } from '../data/ndarray.js';
import { makeFolder, writeFileAtomic } from '../data/files.js';
import { readSafetensors, writeSafetensors } from '../interchange/safetensors.js';
import { type Mlp } from '../network/mlp.js';
import {
  type TrainOptions,
  type TrainRecord,
  type TrainerState,
  type TrainingParts,
  trainRecord,
} from '../network/train.js';

/** Nested records of typed arrays, numbers and strings; all that a checkpoint holds. */
type Plain = { readonly [key: string]: TypedArray | number | string | Plain | undefined };

/** Trains, or takes what an earlier run has left of the same training. */
export class Checkpoints {
  private constructor(private readonly folder: string | undefined) {}

  /** Nothing is stored. */
  static none(): Checkpoints {
    return new Checkpoints(undefined);
  }

  /**
   * @param hash names the configuration that the folder's contents belong to
   * @param resume whether contents may be there already
   * @throws LegcnetError ERR_OPTION when they are there but not to be resumed, or belong to another configuration
   */
  static async open(folder: string, hash: string, resume: boolean): Promise<Checkpoints> {
    await makeFolder(folder);
    const stamp = path.join(folder, 'config-hash');
    const found = (await readdir(folder)).includes('config-hash') ? (await readFile(stamp, 'utf8')).trim() : undefined;
    if (found !== undefined && !resume) {
      throw new LegcnetError('ERR_OPTION', `${folder} holds an unfinished run: resume it, or choose another folder`, {
        subject: 'out',
        expected: 'resume, or a folder without a checkpoint',
        received: folder,
      });
    }
    if (found !== undefined && found !== hash) {
      throw new LegcnetError('ERR_OPTION', `the unfinished run in ${folder} has another configuration or version`, {
        subject: 'resume',
        expected: `the configuration ${found}`,
        received: hash,
      });
    }
    await writeFileAtomic(stamp, `${hash}\n`);
    return new Checkpoints(folder);
  }

  /** `trainRecord`, remembered under `name`; `options.resumeFrom` is where it begins when nothing is remembered. */
  async train(name: string, network: Mlp, parts: TrainingParts, options: TrainOptions): Promise<TrainRecord> {
    if (this.folder === undefined) return trainRecord(network, parts, options);
    const done = path.join(this.folder, `${name}.safetensors`);
    const unfinished = path.join(this.folder, `${name}.state.safetensors`);
    const finished = await load(done);
    if (finished) return finished as unknown as TrainRecord;
    const state = await load(unfinished);
    const record = await trainRecord(network, parts, {
      ...options,
      resumeFrom: (state as unknown as TrainerState | undefined) ?? options.resumeFrom,
      onCheckpoint: (now) => save(unfinished, now as unknown as Plain),
    });
    await save(done, record as unknown as Plain);
    await rm(unfinished, { force: true });
    return record;
  }

  /** Removes all that was stored. */
  async clear(): Promise<void> {
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }
}

async function save(file: string, values: Plain): Promise<void> {
  const tensors = new Map<string, NdArray>();
  const metadata: Record<string, string> = {};
  const collect = (prefix: string, plain: Plain): void => {
    for (const [key, value] of Object.entries(plain)) {
      const name = prefix + key;
      if (ArrayBuffer.isView(value))
        tensors.set(name, { data: value as TypedArray, shape: [(value as TypedArray).length] });
      else if (typeof value === 'object') collect(`${name}.`, value as Plain);
      else if (value !== undefined) metadata[name] = JSON.stringify(value);
    }
  };
  collect('', values);
  await writeSafetensors(file, tensors, metadata);
}

async function load(file: string): Promise<Plain | undefined> {
  if (!(await readdir(path.dirname(file))).includes(path.basename(file))) return undefined;
  const { tensors, metadata } = await readSafetensors(file);
  const root: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    const keys = name.split('.');
    const last = keys.pop() as string;
    const parent = keys.reduce((node, key) => (node[key] ??= {}) as Record<string, unknown>, root);
    parent[last] = value;
  };
  for (const [name, { data }] of tensors) put(name, data);
  for (const [name, value] of Object.entries(metadata)) {
    try {
      put(name, JSON.parse(value));
    } catch (cause) {
      throw unexpected('ERR_DATA', `${name} of ${file}`, 'a value as JSON, as in a checkpoint', value, cause);
    }
  }
  return root as Plain;
}
