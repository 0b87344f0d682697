/**
 * `npm run bench`: all benchmarks but the long ones; `npm run bench -- lyapunov training`: those named; `--long`: the long
 * ones too; `--rounds=N`: as many rounds instead of each one's own. Also writes benchmarks/results/last.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { environment } from './environment.js';
import { type Benchmark, type Report, measure, printReport } from './harness.js';
import { cliBenchmarks } from './kernels/cli.js';
import { grangerBenchmarks } from './kernels/granger.js';
import { lyapunovBenchmarks } from './kernels/lyapunov.js';
import { partialBenchmarks, pipelineBenchmarks } from './kernels/pipeline.js';
import { predictionBenchmarks } from './kernels/prediction.js';
import { type Table, printTable } from './table.js';
import { scalingTables } from './kernels/scaling.js';
import { trainingBenchmarks } from './kernels/training.js';
import { limitTables } from './limits/tables.js';
import { machinePeak } from './limits/limits.js';

interface Room {
  readonly benchmarks?: () => Promise<Benchmark[]> | Benchmark[];
  /** Subjects without contenders. */
  readonly tables?: () => AsyncIterable<Table> | Iterable<Table>;
  /** Whether its figures need the versions of the peers, and the machine's limit. */
  readonly peers?: boolean;
  readonly long?: boolean;
}

const rooms: Record<string, Room> = {
  limits: { tables: limitTables },
  training: { benchmarks: trainingBenchmarks, peers: true },
  prediction: { benchmarks: predictionBenchmarks, peers: true },
  lyapunov: { benchmarks: lyapunovBenchmarks, peers: true },
  granger: { benchmarks: grangerBenchmarks, peers: true },
  pipeline: { benchmarks: pipelineBenchmarks, peers: true },
  scaling: { tables: scalingTables },
  cli: { benchmarks: cliBenchmarks },
  partial: { benchmarks: partialBenchmarks, long: true },
};

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const long = flags.includes('--long');
const rounds = flags.flatMap((flag) => /^--rounds=([1-9]\d*)$/.exec(flag)?.[1] ?? []).map(Number)[0];
const unknown = [
  ...named.filter((name) => !(name in rooms)),
  ...flags.filter((flag) => flag !== '--long' && !/^--rounds=[1-9]\d*$/.test(flag)),
];
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(rooms).join(', ')}, --long, --rounds=N`);
  process.exit(2);
}
const chosen = Object.entries(rooms).filter(([name, room]) =>
  named.length > 0 ? named.includes(name) : long || !room.long,
);

const facts = environment(chosen.some(([, room]) => room.peers));
for (const [name, fact] of Object.entries(facts)) console.log(`${name}: ${fact}`);
const peak = chosen.some(([, room]) => room.peers) ? machinePeak() : undefined;

const reports: Report[] = [];
const tables: Table[] = [];
/** After each subject, so that an interrupted run leaves what it has. */
function save(): void {
  const folder = new URL('./results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ environment: facts, reports, tables }, undefined, 2);
  writeFileSync(new URL('last.json', folder), `${text}\n`);
}
for (const [, room] of chosen) {
  for await (const table of room.tables?.() ?? []) {
    printTable(table);
    tables.push(table);
    save();
  }
  for (const benchmark of (await room.benchmarks?.()) ?? []) {
    const report = await measure(benchmark, { rounds, peak });
    printReport(report);
    reports.push(report);
    save();
  }
}
