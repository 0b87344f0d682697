/** What the figures were measured on. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { native, nativePath, packageRoot } from '../lib/native.js';
import { version } from '../lib/pipeline/version.js';
import { type PythonFacts, pythonFacts } from './peers/python.js';

export type Facts = Readonly<Record<string, string | number>>;

/** @param peers whether to look for the Python peers too, which takes seconds */
export function environment(peers: boolean): Facts {
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
    binary: path.basename(nativePath),
    date: new Date().toISOString().slice(0, 10),
    ...(peers ? { tfjs: tfjsVersion(), ...peerFacts(pythonFacts()) } : {}),
  };
}

const peerFacts = (facts: PythonFacts): Facts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name === 'blas' ? 'blas (of numpy, torch)' : name, fact]),
  );

function tfjsVersion(): string {
  try {
    const file = path.join(packageRoot, 'node_modules/@tensorflow/tfjs-core/package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return 'absent';
  }
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', cwd: packageRoot }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes';
    return git('rev-parse', '--short', 'HEAD') + changed;
  } catch {
    return 'unknown';
  }
}
