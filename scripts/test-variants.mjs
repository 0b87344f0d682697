// Runs the addon's variants on processors that this machine is not, emulated by qemu-user: whether the loader takes the
// right one by itself, whether it computes what this machine's best one does, whether a variant that is too high for the
// processor is refused. Needs what `npm run build` leaves. v4 needs a processor with AVX-512: qemu has none to offer.
//   node scripts/test-variants.mjs
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROCESSORS = [
  { cpu: 'Nehalem', variant: 'v2', tooHigh: 'v3' },
  { cpu: 'Haswell', variant: 'v3', tooHigh: 'v4' },
];
/** How far a variant's numbers may be from another's, and from lyap_r's: METHOD, "Numbers that must hold". */
const TOLERANCES = {
  'training, float64': { absolute: 1e-11, relative: 0 },
  'training, float32': { absolute: 1e-5, relative: 0 },
  "lyap_r's S(k)": { absolute: 1e-11, relative: 0 },
  'exponents, float64': { absolute: 1e-11, relative: 0 },
  'exponents, float32': { absolute: 1e-5, relative: 0, median: true }, // near ties may fall otherwise
  'Granger tests': { absolute: 1e-12, relative: 1e-8 },
};
const QEMU = 'qemu-x86_64';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const check = path.join(root, 'scripts/variant-check.mjs');
const cli = path.join(root, 'dist/cli/main.js');
const goldens = path.resolve(root, '../shared/golden');
const checkArguments = existsSync(path.join(goldens, 'README.md')) ? [check, goldens] : [check];
const sum = { passed: 0, failed: 0 };

function expect(what, holds, detail = '') {
  sum[holds ? 'passed' : 'failed']++;
  console.log(`${holds ? 'ok' : 'FAILED'}  ${what}${holds || detail === '' ? '' : `: ${detail}`}`);
}

/** Runs Node on this processor, or on an emulated one. */
function node(cpu, args, env = {}) {
  const command = cpu ? [QEMU, '-cpu', cpu, process.execPath, ...args] : [process.execPath, ...args];
  const run = spawnSync(command[0], command.slice(1), {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LEGCNET_VARIANT: '', LEGCNET_FROM_SOURCE: '1', ...env },
  });
  // What qemu says of features that neither it nor we have a use for.
  const said = run.stderr.split('\n').filter((line) => !line.includes("TCG doesn't support requested feature"));
  return { ...run, stderr: said.join('\n').trim() };
}

function json(run, what) {
  if (run.status !== 0) {
    expect(what, false, run.signal ?? run.stderr);
    return undefined;
  }
  return JSON.parse(run.stdout);
}

/** The distance of the furthest number (or the median one), in tolerances. */
function distance(actual, expected, { absolute, relative, median }) {
  if (actual.length !== expected.length || actual.length === 0) return Infinity;
  const distances = actual.map((value, i) => {
    if (value === expected[i]) return 0; // NaN is a string here
    const d = Math.abs(value - expected[i]) / (absolute + relative * Math.abs(expected[i]));
    return Number.isNaN(d) ? Infinity : d;
  });
  distances.sort((a, b) => a - b);
  return distances.at(median ? Math.floor(distances.length / 2) : -1);
}

function compare(label, numbers, expected) {
  for (const [name, tolerance] of Object.entries(TOLERANCES)) {
    const d = distance(numbers[name], expected[name], tolerance);
    expect(`${label}: ${name}`, d <= 1, `${d} times the tolerance away`);
  }
}

function testProcessor({ cpu, variant, tooHigh }, best) {
  const info = json(node(cpu, [cli, 'info', '--json']), `${cpu}: legcnet info`);
  if (info) expect(`${cpu}: the loader takes ${variant}`, info.variant === `x86-64-${variant}`, info.variant);
  const result = json(node(cpu, checkArguments), `${cpu}: results`);
  if (result) {
    expect(`${cpu}: results are of ${variant}`, result.variant === `x86-64-${variant}`, result.variant);
    compare(`${cpu} against this processor's ${best.variant}`, result.numbers, best.numbers);
    if (checkArguments.length > 1) expect(`${cpu}: published trainings of iris`, result.replayed === true);
  }
  expectRefused(cpu, tooHigh);
}

/** An error that says so, not a crash. */
function expectRefused(cpu, variant) {
  const { status, signal, stderr } = node(cpu, [cli, 'info'], { LEGCNET_VARIANT: variant });
  const said = stderr.includes('one that this processor can run') && stderr.includes(`received "${variant}"`);
  const what = `${cpu}: LEGCNET_VARIANT=${variant} is refused`;
  expect(what, status !== 0 && signal === null && said, signal ?? `exit code ${status}, ${stderr}`);
}

/** Why there is nothing to test with, if so. */
function missing() {
  if (process.arch !== 'x64' || process.platform !== 'linux') return 'variants are for x86-64 Linux only';
  if (spawnSync(QEMU, ['--version']).error) return `${QEMU} not found (Debian: apt-get install qemu-user)`;
  return existsSync(cli) ? undefined : 'no dist/: npm run build';
}

const reason = missing();
if (reason) {
  console.log(`variants: ${reason}`);
  if (process.env.CI) sum.failed++;
} else {
  const best = json(node(undefined, checkArguments), 'results on this processor');
  if (best) {
    const reference = { absolute: 1e-11, relative: 0 };
    const d = distance(best.numbers["lyap_r's S(k)"], best.reference, reference);
    expect(`this processor's ${best.variant}: lyap_r's own numbers`, d <= 1, `${d} times the tolerance away`);
    for (const processor of PROCESSORS) testProcessor(processor, best);
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;
