// Runs the TypeScript tests, each file in a process of its own, and closes with the line "N passed, N failed".
//   node scripts/test.mjs [--jobs=N] [PATTERN...]    PATTERN: regular expressions; a file runs if its path matches one
//                         [--dir=DIR] [--minimum=N]  another folder than test/, another MINIMUM
// uvu alone exits 0 when a file forgot `.run()`, when a `before` throws and when it finds no file: here a file must
// end with totals, run at least one test, and pass all; and a whole run must not shrink below MINIMUM.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Tests that a whole run has at least. Raise it as tests are added; lower it only when tests were removed on purpose. */
const MINIMUM = 570;
const MINUTES_PER_FILE = 10;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const patterns = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const option = (name) => process.argv.findLast((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const jobs = Number(option('jobs') ?? availableParallelism());
const minimum = Number(option('minimum') ?? MINIMUM);
const dir = option('dir') ?? 'test';

/** Compiles the addon if there is none, and says so if it is older than its sources. The tests need no dist/. */
function ensureAddon() {
  const binary = ['build/Release', 'out/Release']
    .map((folder) => path.join(root, folder, 'legcnet.node'))
    .find((file) => existsSync(file));
  if (!binary) {
    const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/compile.cjs')], { stdio: 'inherit' });
    if (status !== 0) fail('the addon could not be compiled, no test was run');
    return;
  }
  const built = statSync(binary).mtimeMs;
  const newer = ['core', 'binding']
    .filter((room) => existsSync(path.join(root, 'native', room)))
    .flatMap((room) => readdirSync(path.join(root, 'native', room)).map((name) => path.join('native', room, name)))
    .filter((file) => statSync(path.join(root, file)).mtimeMs > built);
  if (newer.length > 0) console.log(`note: ${newer[0]} is newer than the addon; npm run compile brings it up to date`);
}

function fail(reason) {
  console.log(`${reason}\n0 passed, 1 failed`);
  process.exit(1);
}

/** Sum of what uvu says after `label`, over the totals it printed; undefined if it printed none. */
function sumOf(label, output) {
  const numbers = [...output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)`, 'gm'))].map((match) => Number(match[1]));
  return numbers.length === 0 ? undefined : numbers.reduce((sum, number) => sum + number, 0);
}

/** Runs one file; resolves with its counts. What is wrong with the file beyond its failed tests counts as one failure. */
function runFile(file) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A binary that was just compiled, not one left over in prebuilds/; no colours in what is parsed.
      env: { LEGCNET_FROM_SOURCE: '1', ...process.env, FORCE_COLOR: '0' },
      timeout: MINUTES_PER_FILE * 60_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (code, signal) => {
      const [total, passed, skipped] = ['Total', 'Passed', 'Skipped'].map((label) => sumOf(label, output));
      const counts = { passed: passed ?? 0, failed: (total ?? 0) - (passed ?? 0), skipped: skipped ?? 0 };
      let wrong;
      if (signal) wrong = `ended by ${signal}`;
      else if (total === undefined) wrong = `ended with exit code ${code} and no totals: is .run() missing?`;
      else if (total + counts.skipped === 0) wrong = 'holds no test: is .run() missing?';
      else if (code !== 0 && counts.failed === 0) wrong = `ended with exit code ${code}`;
      if (wrong) counts.failed++;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const summary = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s`;
      console.log(`${file}  ${summary}`);
      if (counts.failed > 0) console.log(`${output.trimEnd()}${wrong ? `\n${file} ${wrong}` : ''}\n`);
      resolve(counts);
    });
  });
}

ensureAddon();
const files = readdirSync(path.resolve(root, dir), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => path.join(dir, name))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => new RegExp(pattern).test(file)))
  .sort();
if (files.length === 0) fail('no test file matches');

const sum = { passed: 0, failed: 0, skipped: 0 };
const queue = [...files];
const worker = async () => {
  for (let file = queue.shift(); file; file = queue.shift()) {
    const counts = await runFile(file);
    for (const key of Object.keys(sum)) sum[key] += counts[key];
  }
};
await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));

const count = sum.passed + sum.failed + sum.skipped;
if (patterns.length === 0 && count < minimum) {
  console.log(`only ${count} tests in ${files.length} files; there should be at least ${minimum}`);
  sum.failed++;
}
if (sum.passed === 0 && sum.failed === 0) sum.failed++; // all skipped is not a success
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed === 0 ? 0 : 1;
