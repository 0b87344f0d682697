/** Whole processes of the command line, by hyperfine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../lib/native.js';
import type { Benchmark, Contender } from '../harness.js';
import { scratchFolder } from '../scratch.js';

const COMMANDS: [string, number][] = [
  ['--help', 10],
  ['info', 10],
  ['prune iris --quiet', 3],
  ['prune cancer --quiet', 3],
];

export function cliBenchmarks(): Benchmark[] {
  const program = path.join(packageRoot, 'dist/cli/main.js');
  const absent = !existsSync(program)
    ? 'no dist/: npm run build:ts'
    : spawnSync('hyperfine', ['--version']).error && 'no hyperfine on the path (Debian: hyperfine)';
  const file = path.join(scratchFolder(), 'hyperfine.json');
  return COMMANDS.map(([command, runs]): Benchmark => {
    const contender: Contender = {
      name: `legcnet ${command}`,
      absent: absent || undefined,
      run: () => {
        const line = `"${process.execPath}" "${program}" ${command}`;
        const flags = ['-N', '--warmup=1', `--runs=${runs}`, `--export-json=${file}`, '--style=none'];
        execFileSync('hyperfine', [...flags, line], { stdio: ['ignore', 'ignore', 'pipe'] });
        const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: { median: number }[] };
        return results[0]?.median ?? Number.NaN;
      },
    };
    return {
      name: `legcnet ${command}, the whole process by hyperfine`,
      unit: 'run',
      rounds: 3,
      contenders: [contender],
    };
  });
}
