import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs a program of this folder; one that has not ended within a minute is killed, which shows as its signal. */
function run(program: string, ...args: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url));
  const options = { timeout: 60_000, killSignal: 'SIGKILL', env: environment(args) } as const;
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], options);
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  child.stderr.on('data', (text) => (output += String(text)));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, output })));
}

/**
 * Under AddressSanitizer, a process that ends while a job runs is not searched for leaks: the job is one by design, and the
 * search itself now and then crashes on the thread that still runs ("Tracer caught signal 11").
 */
function environment([how, order]: readonly string[]): NodeJS.ProcessEnv {
  const { ASAN_OPTIONS } = process.env;
  const inMidJob = order === undefined && how !== 'wait'; // with an order of ending, only workers end there
  if (ASAN_OPTIONS === undefined || !inMidJob) return process.env;
  return { ...process.env, ASAN_OPTIONS: `${ASAN_OPTIONS}:detect_leaks=0` };
}

for (const how of ['terminate', 'exit', 'throw']) {
  for (const order of ['main-first', 'worker-first']) {
    test(`workers that end in mid-job (${how}, ${order}) leave the process in order`, async () => {
      const { code, signal, output } = await run('terminate', how, order);
      assert.is(signal, null, output);
      assert.is(code, 0, output);
      assert.match(output, /^done$/m);
    });
  }
}

test('process.exit() in mid-job ends the process with its code', async () => {
  const { code, signal, output } = await run('exit', 'exit');
  assert.is(signal, null, output);
  assert.is(code, 7, output);
  assert.match(output, 'started');
});

test('an uncaught error in mid-job ends the process with code 1', async () => {
  const { code, signal, output } = await run('exit', 'throw');
  assert.is(signal, null, output);
  assert.is(code, 1, output);
  assert.match(output, 'an error that nobody catches');
});

test('a job keeps the process alive until it has settled', async () => {
  const { code, signal, output } = await run('exit', 'wait');
  assert.is(signal, null, output);
  assert.is(code, 0, output);
  assert.match(output, 'settled');
});

test.run();
