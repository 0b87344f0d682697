/** Other people's software in Python, timed inside its own process. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const interpreters = [process.env.PYTHON, '/usr/bin/python3', 'python3'].filter((name) => name !== undefined);

/** The first interpreter that has the module, or why there is none. */
export function pythonWith(module: string): { python: string } | { absent: string } {
  for (const python of interpreters) {
    if (spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0) return { python };
  }
  return { absent: `no python3 with ${module} (Debian: python3-${module}); PYTHON names another interpreter` };
}

/** Runs benchmarks/peers/<script> and returns the JSON it prints last. */
export function runPeer<T>(python: string, script: string, ...args: string[]): T {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [file, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T;
}
