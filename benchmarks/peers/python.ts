/** Other people's software in Python, timed inside its own process. */
import { spawnSync } from 'node:child_process';
import { native } from '../../lib/native.js';
import { fileURLToPath } from 'node:url';

const interpreters = [process.env.PYTHON, '/usr/bin/python3', 'python3'].filter((name) => name !== undefined);

/** Variables that change which kernels OpenBLAS runs: peers run as their authors made them, unless told otherwise. */
const OPENBLAS_VARIABLES = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'];

function peerEnvironment(over: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !OPENBLAS_VARIABLES.includes(name));
  return { ...Object.fromEntries(kept), ...over };
}

/** The first interpreter that has the module, or why there is none. */
export function pythonWith(module: string): { python: string } | { absent: string } {
  for (const python of interpreters) {
    if (spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0) return { python };
  }
  return { absent: `no python3 with ${module}; PYTHON names another interpreter` };
}

/** Runs benchmarks/peers/<script> and returns the JSON it prints last. */
export function runPeer<T>(python: string, script: string, args: readonly string[], over?: Record<string, string>): T {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [file, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: peerEnvironment(over),
  });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T;
}

export type PythonFacts = Readonly<Record<string, string>>;

let known: PythonFacts | undefined;

/** Versions and BLAS of the interpreter that has torch, else of any. Looked up once. */
export function pythonFacts(): PythonFacts {
  if (known) return known;
  const found = [pythonWith('torch'), pythonWith('sys')].find((answer) => 'python' in answer);
  known = found && 'python' in found ? runPeer<PythonFacts>(found.python, 'facts.py', []) : { python: 'absent' };
  return known;
}

/** OpenBLAS's kernels that use what a processor with AVX2 or AVX-512 has. */
const WIDE_KERNELS = ['Haswell', 'Zen', 'SkylakeX', 'Cooperlake', 'SapphireRapids'];

/**
 * OpenBLAS takes its oldest kernels on a processor that is newer than itself. Then the peer deserves a second run, with
 * the kernels named that suit: what to set for that, or undefined where OpenBLAS chose well by itself.
 */
export function betterBlas(facts: PythonFacts = pythonFacts()): Record<string, string> | undefined {
  const { openblasKernel } = facts;
  if (openblasKernel === undefined || WIDE_KERNELS.includes(openblasKernel)) return undefined;
  const { features } = native.info();
  if (features.includes('avx512f')) return { OPENBLAS_CORETYPE: 'SkylakeX' };
  return features.includes('avx2') ? { OPENBLAS_CORETYPE: 'Haswell' } : undefined;
}
