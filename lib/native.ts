/**
 * The only place that loads the binary, and the typed face of what it exports. Which of several binaries is taken is
 * decided in `wanted()` and nowhere else.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LegcnetError, unexpected } from './errors.js';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What every long native function returns; see native/binding/task.h. */
export interface NativeTask<T> {
  readonly promise: Promise<T>;
  cancel(): void;
  /** [units done, units in all] */
  progress(): [number, number];
}

export interface NativeInfo {
  /** Instruction set the binary was compiled for. */
  readonly variant: string;
  /** Features of this processor, as the compiler's run-time library names them. */
  readonly features: readonly string[];
  readonly compiler: string;
}

/** Everything the addon exports. Each module's own types stand beside the code that calls it and are merged here. */
export interface NativeModule {
  info(): NativeInfo;
  /** Makes what is thrown for an argument that native code finds wrong. Gone as soon as it has been told. */
  setArgumentError?(make: (subject: string, expected: string) => Error): void;
}

interface Loaded {
  readonly module: NativeModule;
  readonly path: string;
}

/** Finds the file of a binary by its name; throws where there is none. */
type Finder = (name: string) => string;

/** Where binaries may be, best first. */
function places(): { name: string; find: Finder }[] {
  const prebuilds = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const list: { name: string; find: Finder }[] = [
    { name: prebuilds, find: (name) => path.join(prebuilds, `${name}.node`) },
    {
      name: 'binaries compiled here (build/Release, out/Release)',
      find: (name) => {
        const find = require('bindings') as (options: object) => string; // with `path: true` it returns the path
        return find({ bindings: `${name}.node`, module_root: root, path: true });
      },
    },
  ];
  // A developer who has just compiled wants that binary, not yesterday's prebuilt one.
  return process.env.LEGCNET_FROM_SOURCE ? list.reverse() : list;
}

/** Binaries by the level of x86-64 they need, best first. The one without a level runs wherever it was compiled for. */
const VARIANTS = [
  { variant: 'v4', binary: 'legcnet_v4', level: 4 },
  { variant: 'v3', binary: 'legcnet_v3', level: 3 },
  { variant: 'v2', binary: 'legcnet', level: 0 },
];

/** Names of the binaries to try here, best first; LEGCNET_VARIANT names one and leaves no choice. */
function wanted(find: Finder): string[] {
  const chosen = process.env.LEGCNET_VARIANT || undefined;
  const named = VARIANTS.find(({ variant }) => variant === chosen);
  if (named?.level === 0) return [named.binary];
  const { level } = require(find('legcnet_cpu')) as { level: () => number };
  const able = VARIANTS.filter((candidate) => candidate.level <= level());
  if (chosen === undefined) return able.map(({ binary }) => binary);
  // One that is too high would load, and end the process at its first unknown instruction.
  if (named && able.includes(named)) return [named.binary];
  const names = able.map(({ variant }) => variant).join(', ');
  throw unexpected('ERR_OPTION', 'LEGCNET_VARIANT', `one that this processor can run, ${names}`, chosen);
}

function load(): Loaded {
  const tried: string[] = [];
  for (const { name: place, find } of places()) {
    try {
      for (const binary of wanted(find)) {
        try {
          const file = find(binary);
          return { module: require(file) as NativeModule, path: file };
        } catch (error) {
          tried.push(`  ${binary} in ${place}: ${firstLine(error)}`);
        }
      }
    } catch (error) {
      if (error instanceof LegcnetError) throw error;
      tried.push(`  ${place}: ${firstLine(error)}`);
    }
  }
  throw new LegcnetError(
    'ERR_NATIVE_LOAD',
    `legcnet's native addon could not be loaded on ${process.platform}-${process.arch}, Node ${process.version}.\n` +
      `Tried:\n${tried.join('\n')}\n` +
      'To compile it here, with python3, make and g++ installed, run:\n' +
      `  node "${path.join(root, 'scripts/compile.cjs')}"`,
  );
}

const firstLine = (error: unknown): string => String((error as Error).message).split('\n')[0] as string;

const loaded = load();
loaded.module.setArgumentError?.(
  (subject, expected) => new LegcnetError('ERR_ARGUMENT', `expected ${expected} for ${subject}`, { subject, expected }),
);
delete loaded.module.setArgumentError; // nobody else's

/** The addon. */
export const native: NativeModule = loaded.module;
/** The file the addon was loaded from. */
export const nativePath: string = loaded.path;
/** The project's or package's folder: where datasets and prebuilt binaries are. */
export const packageRoot: string = root;

/** How many threads a job uses when it is not told: the cores this process may run on. */
export const defaultThreads = (): number => availableParallelism();

export interface Progress {
  /** Units of work finished; what a unit is, each function says. */
  readonly done: number;
  readonly total: number;
}

/** Options that every long function takes. */
export interface JobOptions {
  /** Threads at most; results do not depend on it. Default: the cores this process may run on. */
  readonly threads?: number;
  /** Aborting stops native work within 50 ms; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called about ten times a second, and once at the end. If it throws, the job stops and rejects with that error. */
  readonly onProgress?: (progress: Progress) => void;
}

const PROGRESS_INTERVAL_MS = 100;

/** Runs a native task to its end under an AbortSignal and a progress callback. */
export async function runTask<T>(start: () => NativeTask<T>, options: JobOptions = {}): Promise<T> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const task = started(start);
  let thrown: { error: unknown } | undefined;
  const report = (): void => {
    if (!onProgress || thrown) return;
    const [done, total] = task.progress();
    try {
      onProgress({ done, total });
    } catch (error) {
      thrown = { error };
      task.cancel();
    }
  };
  const timer = onProgress && setInterval(report, PROGRESS_INTERVAL_MS);
  const cancel = (): void => task.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const value = await task.promise;
    report(); // the end, however short the job was
    if (thrown) throw thrown.error;
    return value;
  } catch (error) {
    if (thrown) throw (thrown as { error: unknown }).error;
    if ((error as { code?: string }).code === 'ABORT_ERR' && signal?.aborted) throw signal.reason;
    throw wrapNative(error);
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

/** Native code throws at once where there is no memory for a task's inputs, or no thread. */
function started<T>(start: () => NativeTask<T>): NativeTask<T> {
  try {
    return start();
  } catch (error) {
    if (error instanceof LegcnetError) throw error;
    throw new LegcnetError('ERR_NATIVE', `native code failed: ${(error as Error).message}`, { cause: error });
  }
}

function wrapNative(error: unknown): unknown {
  if (error instanceof LegcnetError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_FILE') return new LegcnetError('ERR_FILE', String(message), { cause: error });
  if (code !== 'ERR_NATIVE') return error;
  return new LegcnetError('ERR_NATIVE', `native code failed: ${message}`, { cause: error });
}
