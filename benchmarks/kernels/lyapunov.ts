/** Exponents of windows: synthetic ones, and those of MNIST's weights in training. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { readNpy, writeNpy } from '../../lib/data/npy.js';
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { train } from '../../lib/network/train.js';
import { native } from '../../lib/native.js';
import { type Benchmark, type Contender, type Reach, assertAgree, noise, quotient, timed } from '../harness.js';
import { inSharedMemory } from '../memory.js';
import { lyapR, lyapRAbsent } from '../peers/lyap-r.js';
import { pythonWith, runPeer } from '../peers/python.js';
import { type FastSettings, ONE_STEP, bruteForce, sortedScan } from '../pure-js/lyapunov-fast.js';
import { scratchFolder } from '../scratch.js';
import { mnist } from './network.js';

/** What `strict` measures: the slope of S(0..6) with a Theiler window. */
const STRICT: FastSettings = { theilerWindow: 3, horizon: 6, fit: [0, 6] };

const ROWS = 4000;
/** Windows that the slower contenders do. */
const FEW = 200;
const FEWEST = 20;

interface Windows {
  readonly name: string;
  readonly smooth: boolean;
  /** [rows, length] */
  readonly data: Float64Array;
  readonly length: number;
  readonly settings: FastSettings;
}

export async function lyapunovBenchmarks(): Promise<Benchmark[]> {
  const logged = await weightDifferences(400);
  return [
    benchmark(synthetic(200, 0.1)),
    benchmark(synthetic(200, 1)),
    benchmark({ ...logged(200), name: "MNIST's weight differences", smooth: false, settings: ONE_STEP }),
    benchmark(synthetic(50, 0.1)),
    benchmark(synthetic(50, 1)),
    benchmark({ ...logged(50), name: "MNIST's weight differences, slope of S(0..6)", smooth: false, settings: STRICT }),
  ];
}

function synthetic(length: number, roughness: number): Windows {
  return {
    name: roughness === 1 ? 'random walks' : 'smooth series',
    smooth: roughness < 1,
    data: walks(ROWS, length, roughness),
    length,
    settings: ONE_STEP,
  };
}

/** Sums of small, correlated steps, as weights under SGD are. */
export function walks(rows: number, length: number, roughness: number): Float64Array {
  const random = noise(7);
  const data = new Float64Array(rows * length);
  for (let row = 0; row < rows; row++) {
    let [x, drift] = [0, 0];
    for (let i = 0; i < length; i++) {
      drift = (1 - roughness) * drift + random() - 0.5;
      x += drift;
      data[row * length + i] = x;
    }
  }
  return data;
}

/**
 * Trains on MNIST (batch 128) beside a twin and logs the difference.
 * @returns the last iterates of some of the weights that move
 */
async function weightDifferences(iterates: number): Promise<(length: number) => Pick<Windows, 'data' | 'length'>> {
  const { networks, samples } = await mnist(12_800);
  const log = path.join(scratchFolder(), 'log.npy');
  await train(
    networks.float64,
    { train: samples.float64 },
    {
      ...{ batchSize: 128, learningRate: 0.5, epochs: Math.ceil(iterates / 100), evaluateEveryEpoch: false },
      watch: {
        series: 'difference',
        perturbedWeight: 28 * 14 + 14, // the pixel in the middle
        perturbation: 1e-8,
        window: iterates,
        stride: iterates,
        lastIterate: iterates - 1,
        target: 'train',
        lyapunov: resolveExponent({ minRange: 1e300 }), // the exponents are of no interest here
        log,
      },
    },
  );
  const { data, shape } = await readNpy(log, { dtype: 'f8', rank: 2 });
  rmSync(log);
  const weights = shape[1] as number;
  const series = (weight: number, length: number): Float64Array =>
    Float64Array.from({ length }, (_, i) => data[(iterates - length + i) * weights + weight] as number);
  const moving = Array.from({ length: weights }, (_, w) => w).filter((w) => new Set(series(w, 50)).size > 25);
  const chosen = Array.from({ length: ROWS }, (_, i) => moving[Math.floor((i * moving.length) / ROWS)] as number);
  return (length) => ({ length, data: Float64Array.from(chosen.flatMap((weight) => [...series(weight, length)])) });
}

function benchmark(windows: Windows): Benchmark {
  const { name, smooth, data, length, settings } = windows;
  const row = (r: number): Float64Array => data.subarray(r * length, (r + 1) * length);
  const shared = inSharedMemory(data);
  const single = inSharedMemory(Float32Array.from(data));
  const ours = (x: Float64Array | Float32Array, count: number, threads: number) =>
    lyapunovExponents(
      { data: x.subarray(0, count * length) as Float64Array, shape: [count, length] }, // or of Float32Array: either will do
      {
        ...{ theilerWindow: settings.theilerWindow, horizon: settings.horizon, minRange: 0, threads },
        ...{ exponent: 'fit' as const, fit: [...settings.fit] as [number, number] },
      },
    );
  const expected = async (count: number): Promise<Float64Array> => (await ours(data, count, 1)).exponent;
  /** Whoever takes windows in this process, one by one or a few at once. */
  const peer = (
    contender: string,
    count: number,
    tolerance: number,
    exponentsOf: (windows: Float64Array[]) => ArrayLike<number>,
  ): Contender => {
    const few = Array.from({ length: count }, (_, r) => row(r));
    return {
      name: contender,
      verify: async () => assertAgree(contender, exponentsOf(few), await expected(count), tolerance),
      run: () => timed(count, () => exponentsOf(few)),
    };
  };
  const legcnet = (scalar: string, x: Float64Array | Float32Array, threads: number): Contender => ({
    name: `legcnet, ${scalar}, ${threads} thread${threads > 1 ? 's' : ''}${x === data ? ', series copied' : ''}`,
    run: () => timed(ROWS, () => ours(x, ROWS, threads)),
  });
  const lyapRName = "TISEAN's lyap_r, a process each";
  return {
    name: `exponents, N = ${length}, ${name}`,
    unit: 'window',
    rounds: 9,
    contenders: [
      legcnet('float64', shared, 1),
      legcnet('float64', shared, 2),
      legcnet('float64', data, 1),
      legcnet('float64', data, 2),
      legcnet('float32', single, 1),
      peer('JavaScript, sorted scan', FEW, 1e-9, (few) => few.map((x) => sortedScan(x, settings))),
      peer('JavaScript, brute force', FEW, 1e-9, (few) => few.map((x) => bruteForce(x, settings))),
      { ...peer(lyapRName, FEWEST, 2e-5, (few) => lyapR(few, settings)), absent: lyapRAbsent() },
      nolds(data.slice(0, FEWEST * length), length, settings, () => expected(FEWEST)),
    ],
    reaches: [
      ...(length === 200 ? reachesAt200(smooth, lyapRName) : []),
      { ...quotient('legcnet, float64, 1 thread', 'legcnet, float64, 2 threads'), atLeast: 1.8 },
    ],
  };
}

function reachesAt200(smooth: boolean, lyapRName: string): Reach[] {
  const ours = 'legcnet, float64, 1 thread';
  const wide = native.info().variant === 'x86-64-v4';
  return [
    { ...quotient('JavaScript, sorted scan', ours), atLeast: wide ? 10 : 5 },
    { ...quotient('JavaScript, brute force', ours), atLeast: wide ? 40 : 20 },
    { ...quotient(lyapRName, ours), atLeast: smooth ? 500 : 200 },
  ];
}

function nolds(
  data: Float64Array,
  length: number,
  { theilerWindow, horizon, fit }: FastSettings,
  expected: () => Promise<Float64Array>,
): Contender {
  const python = pythonWith('nolds');
  const work = async () => {
    const file = path.join(scratchFolder(), 'windows.npy');
    await writeNpy(file, { data, shape: [data.length / length, length] });
    const peer = 'python' in python ? python.python : '';
    const args = [file, ...[theilerWindow, horizon, ...fit].map(String)];
    return runPeer<{ seconds: number; exponents: number[] }>(peer, 'lyapunov_nolds.py', args);
  };
  return {
    name: "nolds' lyap_r",
    absent:
      theilerWindow > 0
        ? 'with a Theiler window it follows other points than lyap_r'
        : 'absent' in python
          ? python.absent
          : undefined,
    // The same to rounding where no two points coincide and every point has a neighbour nearer than the range.
    verify: async () => assertAgree('nolds', (await work()).exponents, await expected(), 1e-6),
    run: async () => (await work()).seconds,
  };
}
