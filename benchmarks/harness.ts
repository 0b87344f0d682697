/** Times contenders in turn, after each has shown that its result is right, and prints medians with their spread. */
import { setTimeout } from 'node:timers/promises';
import type { Peak } from './limits/limits.js';
import { collectGarbage } from './memory.js';

/** Seconds a unit; with the process's peak memory where the work had one of its own. */
export type Run = number | { readonly seconds: number; readonly peakMemoryBytes: number };

export interface Contender {
  readonly name: string;
  /** Does the work once. */
  readonly run: () => Promise<Run> | Run;
  /** Why this contender cannot run here; it is reported as absent. */
  readonly absent?: string | undefined;
  /** Throws if its result disagrees with ours. Runs before any timing. */
  readonly verify?: (() => Promise<void> | void) | undefined;
  /** What one unit computes, so that it can be set against the machine's limit. */
  readonly work?: { readonly flops: number; readonly scalar: 'float64' | 'float32'; readonly threads: number };
}

type Lookup = (contender: string) => number;

/** What is aimed at: a quotient of times that should be at least, or at most, a number. Nothing fails when it is not. */
export interface Reach {
  readonly name: string;
  /** From the seconds a unit, and the peak memory in bytes, of each contender in one round; NaN when one is absent. */
  readonly quotient: (seconds: Lookup, peakMemoryBytes: Lookup) => number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit?: string;
}

export interface Benchmark {
  readonly name: string;
  /** What one unit is: a step, a window, a pair. */
  readonly unit: string;
  readonly rounds: number;
  /** The first is the one that the others are compared with. */
  readonly contenders: readonly Contender[];
  readonly reaches?: readonly Reach[];
  /** Sentences a reader of the figures needs; asked for when all has run. */
  readonly notes?: () => readonly string[];
}

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface Timing {
  readonly name: string;
  /** Seconds a unit; undefined when absent. */
  readonly seconds: Spread | undefined;
  /** Over the first contender's of the same round. */
  readonly ratio: Spread | undefined;
  readonly peakMemoryBytes?: Spread | undefined;
  readonly flopsPerSecond?: number;
  /** Of what the machine can do at best, with as many threads. */
  readonly shareOfPeak?: number;
  readonly absent?: string | undefined;
}

export interface ReachReport extends Omit<Reach, 'quotient'> {
  readonly value: Spread | undefined;
  readonly reached: boolean | undefined;
}

export interface Report {
  readonly name: string;
  readonly unit: string;
  readonly rounds: number;
  readonly timings: readonly Timing[];
  readonly reaches: readonly ReachReport[];
  readonly notes: readonly string[];
}

/**
 * Each round runs every contender once, so that a slow moment of the machine meets all of them; ratios are formed within
 * a round.
 */
export async function measure(benchmark: Benchmark, { rounds = benchmark.rounds, peak }: MeasureOptions = {}) {
  const { contenders, reaches = [], notes } = benchmark;
  const present = contenders.filter((contender) => contender.absent === undefined);
  for (const contender of present) await contender.verify?.();
  const seconds = new Map<string, number[]>();
  const memory = new Map<string, number[]>();
  const add = (to: Map<string, number[]>, name: string, value: number) =>
    to.set(name, [...(to.get(name) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of present) {
      await settle();
      const measured = await run();
      if (typeof measured === 'number') add(seconds, name, measured);
      else {
        add(seconds, name, measured.seconds);
        add(memory, name, measured.peakMemoryBytes);
      }
    }
  }
  const eachRound = (quotient: Reach['quotient']): Spread | undefined => {
    const rows = Array.from({ length: rounds }, (_, round) => {
      const at = (of: Map<string, number[]>) => (name: string) => of.get(name)?.[round] ?? Number.NaN;
      return quotient(at(seconds), at(memory));
    });
    return spread(rows);
  };
  const first = contenders[0]?.name ?? '';
  const report: Report = {
    name: benchmark.name,
    unit: benchmark.unit,
    rounds,
    timings: contenders.map(({ name, absent, work }) => {
      const time = spread(seconds.get(name) ?? []);
      return {
        name,
        seconds: time,
        ratio: eachRound((of) => of(name) / of(first)),
        ...(memory.has(name) && { peakMemoryBytes: spread(memory.get(name) ?? []) }),
        ...(time && work && shares(time.median, work, peak)),
        absent,
      };
    }),
    reaches: reaches.map(({ quotient, ...reach }) => {
      const value = eachRound(quotient);
      return { ...reach, value, reached: value && isReached(value.median, reach) };
    }),
    notes: notes?.() ?? [],
  };
  return report;
}

/** What another contender left is not the next one's to clear away; what is collected is swept by threads for a while. */
async function settle(): Promise<void> {
  collectGarbage();
  await setTimeout(20);
}

export interface MeasureOptions {
  readonly rounds?: number | undefined;
  readonly peak?: Peak | undefined;
}

function shares(seconds: number, { flops, scalar, threads }: NonNullable<Contender['work']>, peak: Peak | undefined) {
  const flopsPerSecond = flops / seconds;
  return { flopsPerSecond, ...(peak && { shareOfPeak: flopsPerSecond / peak(scalar, threads) }) };
}

const isReached = (value: number, { atLeast, atMost }: Pick<Reach, 'atLeast' | 'atMost'>): boolean =>
  value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);

/** The time of one contender over that of another. */
export const quotient = (of: string, over: string): Pick<Reach, 'name' | 'quotient'> => ({
  name: `${of} / ${over}`,
  quotient: (seconds) => seconds(of) / seconds(over),
});

/** Quartiles and median; undefined when a value is missing. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0 || values.some(Number.isNaN)) return undefined;
  return { low: quantile(values, 0.25), median: quantile(values, 0.5), high: quantile(values, 0.75) };
}

/** By linear interpolation between the order statistics, as numpy's default. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (at - Math.floor(at)) * (above - below);
}

export function printReport({ name, unit, rounds, timings, reaches, notes }: Report): void {
  console.log(
    `\n${name}, time a ${unit}: median [quartiles] of ${rounds} round${rounds > 1 ? 's' : ''}, ratio to the first`,
  );
  const width = Math.max(...timings.map((timing) => timing.name.length)) + 2;
  for (const { name: contender, seconds, ratio, peakMemoryBytes, flopsPerSecond, shareOfPeak, absent } of timings) {
    if (!seconds) {
      console.log(`  ${contender.padEnd(width)}absent: ${absent}`);
      continue;
    }
    const time = `${duration(seconds.median)} [${duration(seconds.low)}, ${duration(seconds.high)}]`.padEnd(32);
    const rate = flopsPerSecond === undefined ? '' : `  ${(flopsPerSecond / 1e9).toPrecision(3)} GFLOP/s`;
    const share = shareOfPeak === undefined ? '' : ` = ${(shareOfPeak * 100).toFixed(0)} % of the limit`;
    const memory = peakMemoryBytes ? `  peak memory ${(peakMemoryBytes.median / 1e6).toFixed(0)} MB` : '';
    console.log(
      `  ${contender.padEnd(width)}${time}${ratio ? showRatio(ratio.median, 'x') : ''}${rate}${share}${memory}`,
    );
  }
  for (const reach of reaches) console.log(`  ${showReach(reach)}`);
  for (const note of notes) console.log(`  ${note}`);
}

function showReach({ name, value, reached, atLeast, atMost, unit = 'x' }: ReachReport): string {
  const aim = atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}${unit}`;
  if (!value) return `reach: ${name}: not measured, aim ${aim}`;
  const [low, high] = [value.low, value.high].map((end) => showRatio(end, unit));
  const verdict = reached ? 'reached' : 'NOT REACHED';
  return `reach: ${name}: ${showRatio(value.median, unit)} [${low}, ${high}], aim ${aim}: ${verdict}`;
}

const showRatio = (value: number, unit: string): string =>
  `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)}${unit}`;

/** Seconds with a unit that suits. */
export function duration(seconds: number): string {
  if (seconds < 1e-3) return `${(seconds * 1e6).toPrecision(3)} us`;
  return seconds < 1 ? `${(seconds * 1e3).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}

/** Wall seconds of `work`, divided by the number of units in it. */
export async function timed(units: number, work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000 / units;
}

/** Throws unless both have the same length and differ by at most `tolerance`, relative where values exceed 1. */
export function assertAgree(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${name} returns ${actual.length} numbers, expected ${expected.length}`);
  }
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(difference <= tolerance * Math.max(1, Math.abs(expected[i] as number)))) {
      throw new Error(`${name} disagrees at ${i}: ${actual[i]}, expected ${expected[i]}`);
    }
  }
}

/** Deterministic numbers in [0, 1): a linear congruential generator is random enough to time with. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
