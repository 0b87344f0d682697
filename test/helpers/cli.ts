import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line from source; `output` is a file descriptor to write to instead. */
export function startCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  output: 'pipe' | number = 'pipe',
): { child: ChildProcess; finished: Promise<Finished> } {
  const child = spawn(process.execPath, ['--import', 'tsx', 'lib/cli/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', LC_ALL: 'C.UTF-8', TERM: 'xterm', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (data) => {
    stdout += data;
  });
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, finished };
}

export const runCli = (...args: string[]): Promise<Finished> => startCli(args).finished;
