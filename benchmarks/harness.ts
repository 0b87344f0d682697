/** Times contenders in turn, after each has shown that its result is right; prints medians with their spread, and ratios. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { native, nativePath } from '../lib/native.js';
import { version } from '../lib/pipeline/version.js';

export interface Contender {
  readonly name: string;
  /** Does the work once and returns how many seconds a unit of it took. */
  readonly run: () => Promise<number> | number;
  /** Why this contender cannot run here; it is reported as absent. */
  readonly absent?: string | undefined;
  /** Throws if its result disagrees with ours. Runs before any timing. */
  readonly verify?: (() => Promise<void> | void) | undefined;
}

export interface Benchmark {
  readonly name: string;
  /** What one unit is: a step, a window, a pair. */
  readonly unit: string;
  readonly rounds: number;
  /** The first is the one that the others are compared with. */
  readonly contenders: readonly Contender[];
}

export interface Timing {
  readonly name: string;
  /** Seconds a unit; undefined when absent. */
  readonly median: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Its median over the first contender's. */
  readonly ratio: number | undefined;
  readonly absent?: string | undefined;
}

export interface Report {
  readonly name: string;
  readonly unit: string;
  readonly timings: readonly Timing[];
}

/** Each round runs every contender once, so that a slow moment of the machine meets all of them. */
export async function measure({ name, unit, rounds, contenders }: Benchmark): Promise<Report> {
  const present = contenders.filter((contender) => contender.absent === undefined);
  for (const contender of present) await contender.verify?.();
  const seconds = new Map(present.map((contender) => [contender.name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of present) seconds.get(contender.name)?.push(await contender.run());
  }
  const medianOf = (contender: string): number | undefined => quantile(seconds.get(contender), 0.5);
  const first = medianOf(contenders[0]?.name ?? '');
  const timings = contenders.map((contender): Timing => {
    const median = medianOf(contender.name);
    return {
      name: contender.name,
      median,
      low: quantile(seconds.get(contender.name), 0.25),
      high: quantile(seconds.get(contender.name), 0.75),
      ratio: median !== undefined && first !== undefined ? median / first : undefined,
      absent: contender.absent,
    };
  });
  return { name, unit, timings };
}

function quantile(values: readonly number[] | undefined, q: number): number | undefined {
  if (!values || values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export function printReport({ name, unit, timings }: Report): void {
  console.log(`\n${name}, time a ${unit}: median [quartiles], ratio to the first`);
  for (const { name: contender, median, low, high, ratio, absent } of timings) {
    const time =
      median === undefined
        ? `absent: ${absent}`
        : `${show(median)} [${show(low)}, ${show(high)}]  ${ratio?.toFixed(2)}x`;
    console.log(`  ${contender.padEnd(34)} ${time}`);
  }
}

function show(seconds = Number.NaN): string {
  if (seconds < 1e-3) return `${(seconds * 1e6).toPrecision(3)} us`;
  return seconds < 1 ? `${(seconds * 1e3).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}

/** Wall seconds of `work`, divided by the number of units in it. */
export async function timed(units: number, work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000 / units;
}

export function assertAgree(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(difference <= tolerance * Math.max(1, Math.abs(expected[i] as number)))) {
      throw new Error(`${name} disagrees at ${i}: ${actual[i]}, expected ${expected[i]}`);
    }
  }
}

/** What the figures were measured on. */
export function environment(): Record<string, string | number> {
  const { variant, compiler } = native.info();
  return {
    legcnet: version,
    commit: commit(),
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    compiler: `GCC ${compiler}`,
    flags: `-O3 -ffp-contract=off -march=${variant}`,
    binary: nativePath.split('/').slice(-1)[0] ?? '',
    date: new Date().toISOString().slice(0, 10),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Deterministic numbers: a linear congruential generator is random enough to time with. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
