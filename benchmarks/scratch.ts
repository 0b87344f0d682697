import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder for this process's temporary files, removed when it ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'legcnet-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
