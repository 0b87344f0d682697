/** `npm run bench -- limits` */
import type { Table } from '../table.js';
import { type GemmRow, type Limits, gemmTable, machineLimits } from './limits.js';

const ABSENT: Table = { name: 'limits of this machine', columns: [], rows: [], notes: ['absent: no g++'] };

export function* limitTables(): Generator<Table> {
  const limits = machineLimits();
  if (!limits) {
    yield ABSENT;
    return;
  }
  yield peaks(limits);
  const products = gemmTable();
  if (products) yield gemm(products, limits);
}

function peaks(limits: Limits): Table {
  const giga = (value: number): string => (value / 1e9).toPrecision(3);
  const row = (name: string, unit: string, pair: readonly [number, number]) => [name, unit, ...pair.map(giga)];
  return {
    name: 'limits of this machine',
    columns: ['', '', '1 thread', '2 threads'],
    rows: [
      row('multiply-adds from registers, float32', 'GFLOP/s', limits.float32),
      row('multiply-adds from registers, float64', 'GFLOP/s', limits.float64),
      row('reading the first-level cache', 'GB/s', limits.level1),
      row('reading the second-level cache', 'GB/s', limits.level2),
      row('reading memory', 'GB/s', limits.memory),
    ],
    notes: [`vectors of ${limits.vectorBytes} bytes; a multiply-add counts as two operations`],
  };
}

const gemm = (products: readonly GemmRow[], limits: Limits): Table => ({
  name: "Eigen's matrix product, 1 thread, at the shapes of 784-50-30-10 with batch 128",
  columns: ['', 'rows x inner x columns', 'type', 'Eigen GFLOP/s', 'of the limit', 'plain loops GFLOP/s'],
  rows: products.map(({ name, shape, scalar, eigen, loops }) => [
    name,
    shape.join(' x '),
    scalar,
    (eigen / 1e9).toPrecision(3),
    `${((100 * eigen) / limits[scalar][0]).toFixed(0)} %`,
    (loops / 1e9).toPrecision(3),
  ]),
});
