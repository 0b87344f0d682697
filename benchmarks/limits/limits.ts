/** What this machine can do at best, measured by the C++ programs beside this file. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../lib/native.js';

/** [with one thread, with two] */
type Pair = readonly [number, number];

export interface Limits {
  readonly vectorBytes: number;
  /** Floating-point operations per second, a multiply-add counted as two. */
  readonly float32: Pair;
  readonly float64: Pair;
  /** Bytes read per second: from the first-level cache, the second, and beyond the caches. */
  readonly level1: Pair;
  readonly level2: Pair;
  readonly memory: Pair;
}

/** The most floating-point operations per second. */
export type Peak = (scalar: 'float64' | 'float32', threads: number) => number;

export interface GemmRow {
  readonly name: string;
  readonly shape: readonly [number, number, number];
  readonly scalar: 'float64' | 'float32';
  /** Operations per second of Eigen's product, and of a plain loop over vector lanes. */
  readonly eigen: number;
  readonly loops: number;
}

const FLAGS = ['-O3', '-march=native', '-std=c++17', '-pthread', '-DNDEBUG', '-DEIGEN_MPL2_ONLY'];

/** Compiles and runs a program of this folder; undefined without g++. */
function run<T>(program: string): T | undefined {
  if (spawnSync('g++', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'legcnet-limits-'));
  try {
    const binary = path.join(folder, program);
    const source = fileURLToPath(new URL(`${program}.cc`, import.meta.url));
    const eigen = path.join(packageRoot, 'native/vendor/eigen');
    execFileSync('g++', [...FLAGS, '-isystem', eigen, source, '-o', binary], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return JSON.parse(execFileSync(binary, { encoding: 'utf8' })) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let measured: { limits: Limits | undefined } | undefined;

/** Measured once a process; undefined where there is no g++. */
export function machineLimits(): Limits | undefined {
  measured ??= { limits: run<Limits>('limits') };
  return measured.limits;
}

export function machinePeak(): Peak | undefined {
  const limits = machineLimits();
  return limits && ((scalar, threads) => limits[scalar][threads > 1 ? 1 : 0]);
}

/** Eigen's products at the shapes that training 784-50-30-10 with batch 128 has. */
export const gemmTable = (): readonly GemmRow[] | undefined => run<GemmRow[]>('gemm');
