#!/usr/bin/env node
import { CommanderError } from 'commander';
import { LegcnetError } from '../errors.js';
import { createProgram } from './program.js';

/** 0 done, 1 failed, 2 not understood, 130 stopped by Ctrl-C. */
const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

const interrupted = new AbortController();
// The first Ctrl-C stops the work cleanly, the second one at once.
process.once('SIGINT', () => {
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
  interrupted.abort(new Error('interrupted'));
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // e.g. piped into head
  process.stderr.write(`legcnet: cannot write the output: ${error.message}\n`);
  process.exit(EXIT.failed);
});
// Progress that nobody reads must not end the work.
process.stderr.on('error', () => {});

try {
  await createProgram(interrupted.signal).parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (interrupted.signal.aborted) {
    process.stderr.write('legcnet: stopped\n');
    return EXIT.interrupted;
  }
  if (error instanceof LegcnetError) {
    process.stderr.write(`legcnet: ${error.message}\n`);
    return error.code === 'ERR_OPTION' || error.code === 'ERR_ARGUMENT' ? EXIT.usage : EXIT.failed;
  }
  process.stderr.write(`legcnet: this is a defect of legcnet: ${(error as Error)?.stack ?? String(error)}\n`);
  return EXIT.failed;
}
