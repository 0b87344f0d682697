import { spawnSync } from 'node:child_process';

/** Runs a Python program and returns what it prints; throws with its error output if it fails. */
export function python(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return stdout.trim();
}

/** Whether python3 with numpy is on this machine; tests against it are a bonus, not a need. */
export const haveNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
