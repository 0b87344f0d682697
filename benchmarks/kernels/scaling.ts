/** How the cost grows with the work: ours only, one thread, median of a few runs. */
import { grangerTest } from '../../lib/granger/granger.js';
import { lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { Mlp } from '../../lib/network/mlp.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { train } from '../../lib/network/train.js';
import { duration, noise, quantile, timed } from '../harness.js';
import type { Table } from '../table.js';
import { walks } from './lyapunov.js';
import { mnist } from './network.js';

const RUNS = 3;

interface Row {
  readonly size: number;
  /** Seconds a unit. */
  readonly cost: number;
}

/** Beside each cost, with which power of the size it grew since the row before. */
function table(name: string, size: string, unit: string, rows: readonly Row[]): Table {
  return {
    name: `${name}, 1 thread`,
    columns: [size, `time a ${unit}`, 'grows with the power'],
    rows: rows.map(({ size, cost }, i) => {
      const before = rows[i - 1];
      const power = before ? (Math.log(cost / before.cost) / Math.log(size / before.size)).toFixed(2) : '';
      return [size, duration(cost), power];
    }),
  };
}

/** The processor's clock and the caches are where they will be after this, seconds. */
const WARM_UP = 0.2;

/** The median of a few runs, after some that are not counted. */
async function cost(units: number, work: () => Promise<unknown>): Promise<number> {
  for (let spent = 0; spent < WARM_UP; ) spent += await timed(1, work);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await timed(units, work));
  return quantile(times, 0.5);
}

async function rowsOf(sizes: readonly number[], measureOne: (size: number) => Promise<number>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push({ size, cost: await measureOne(size) });
  return rows;
}

const exponents = async (rows: number, length: number): Promise<number> => {
  const data = walks(rows, length, 0.1);
  return cost(rows, () => lyapunovExponents({ data, shape: [rows, length] }, { horizon: 3, threads: 1 }));
};

const tests = async (rows: number, n: number, maxLag: number): Promise<number> => {
  const random = noise(n);
  const data = Float64Array.from({ length: rows * n }, random);
  const target = Float64Array.from({ length: n }, random);
  return cost(rows, () => grangerTest({ data, shape: [rows, n] }, target, { maxLag, threads: 1 }));
};

async function steps(hidden: number): Promise<number> {
  const { part, rows } = await mnist(2_560);
  const network = await Mlp.random([784, hidden, 30, 10], { outputActivation: 'softmax', loss: 'cross-entropy' });
  const samples = await toNativeSamples('train', part, 10, 'float64');
  const options = { batchSize: 128, learningRate: 0.1, shuffle: false, evaluateEveryEpoch: false, threads: 1 };
  // Enough epochs for the evaluation at the end not to count.
  const epochs = 16;
  return cost((epochs * rows) / 128, () => train(network, { train: samples }, { ...options, epochs }));
}

const LENGTHS = [50, 100, 200, 500, 1000, 2000, 5000];
const WEIGHTS = [1e3, 1e4, 1e5, 1e6];
const LAGS = [1, 2, 5, 10, 15, 20, 30];
const UNITS = [50, 100, 200, 500, 1000];

export async function* scalingTables(): AsyncGenerator<Table> {
  const length = (n: number) => exponents(Math.max(8, Math.round(400_000 / n ** 1.5)), n);
  yield table('exponents, smooth series, by length', 'N', 'window', await rowsOf(LENGTHS, length));
  yield table(
    'exponents, N = 50, by weights',
    'weights',
    'window',
    await rowsOf(WEIGHTS, (rows) => exponents(rows, 50)),
  );
  const lags = (maxLag: number) => tests(4_000, 150, maxLag);
  yield table('Granger tests, n = 150, all lags up to', 'lags', 'weight', await rowsOf(LAGS, lags));
  yield table(
    'Granger tests, n = 50, 6 lags, by weights',
    'weights',
    'weight',
    await rowsOf(WEIGHTS, (rows) => tests(rows, 50, 6)),
  );
  yield table('training 784-H-30-10, batch 128, float64, by units', 'H', 'step', await rowsOf(UNITS, steps));
}
