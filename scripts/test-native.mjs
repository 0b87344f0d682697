// Builds and runs the C++ tests (doctest, CMake): as they are, and under the address and undefined-behaviour
// sanitizers; then the addon, built with the same sanitizers, under some of the TypeScript tests.
//   node scripts/test-native.mjs [plain] [sanitize] [addon]     default: all three
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Which TypeScript tests the sanitized addon runs: those that are all about the boundary. */
const ADDON_TESTS = ['test/binding/'];
const JOBS = process.env.JOBS ?? '2';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = (...parts) => path.join(root, 'out', ...parts);
const asked = process.argv.slice(2);
const sum = { passed: 0, failed: 0 };

const UBSAN_OPTIONS = 'print_stacktrace=1:abort_on_error=1';

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(command)} ${args.join(' ')}: exit code ${status}`);
}

/** Runs a command, shows its output, and returns it with the exit code. */
function capture(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  });
  process.stdout.write(stdout);
  return { status, stdout };
}

function requireTools() {
  for (const tool of ['cmake', 'ctest']) {
    if (spawnSync(tool, ['--version']).status !== 0)
      throw new Error(`${tool} not found (Debian: apt-get install cmake)`);
  }
  const places = ['/usr/include', '/usr/local/include', '/opt/homebrew/include'];
  if (!places.some((dir) => existsSync(path.join(dir, 'doctest/doctest.h')))) {
    throw new Error('doctest/doctest.h not found (Debian: apt-get install doctest-dev)');
  }
}

/** Counts what doctest says of each program's test cases; a run without any, or without a summary, is a failure. */
function testCore(folder) {
  const { status, stdout } = capture('ctest', ['--test-dir', folder, '--verbose'], { UBSAN_OPTIONS });
  const programs = [...stdout.matchAll(/test cases: +(\d+) +\| +(\d+) passed +\| +(\d+) failed/g)];
  const total = (column) => programs.reduce((sum, found) => sum + Number(found[column]), 0);
  const failed = total(3);
  sum.passed += total(2);
  sum.failed += failed;
  const empty = programs.length === 0 || programs.some((found) => Number(found[1]) === 0);
  if (empty) console.log('a program of tests ended without a summary, or holds no test case');
  if (empty || (status !== 0 && failed === 0)) sum.failed++;
}

/** In the folder of `npm run build:cmake`: the core is compiled once. */
function plain() {
  run('cmake', ['-S', '.', '-B', out(), '-DLEGCNET_TESTS=ON', '-DCMAKE_BUILD_TYPE=Release']);
  run('cmake', ['--build', out(), '--target', 'all_tests', '--parallel', JOBS]);
  testCore(out());
}

/** One build for both: the tests of the core, and the addon. */
function buildSanitized() {
  const cmakeJs = require.resolve('cmake-js/bin/cmake-js');
  const options = ['--CDLEGCNET_SANITIZE=ON', '--CDLEGCNET_TESTS=ON', '--parallel', JOBS];
  run(process.execPath, [cmakeJs, 'compile', '-O', out('sanitize'), ...options]);
}

function sanitize() {
  buildSanitized();
  testCore(out('sanitize'));
}

/** The addon is loaded by a copy of the sources whose build folder holds nothing but the sanitized binary. */
function addon() {
  buildSanitized();
  const copy = out('sanitize-tree');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(path.join(copy, 'build/Release'), { recursive: true });
  mkdirSync(path.join(copy, 'reports'));
  for (const part of ['lib', 'test', 'benchmarks', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  }
  cpSync(out('sanitize/Release/legcnet.node'), path.join(copy, 'build/Release/legcnet.node'));
  const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  const { status, stdout } = capture(process.execPath, [path.join(copy, 'scripts/test.mjs'), ...ADDON_TESTS], {
    LEGCNET_VARIANT: 'v2', // the only one that is built with sanitizers
    LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
    ASAN_OPTIONS: `abort_on_error=1:detect_leaks=1:log_path=${path.join(copy, 'reports/asan')}`,
    LSAN_OPTIONS: 'exitcode=0', // Node leaks too when a worker is terminated: foundIn() tells whose leak it is
    UBSAN_OPTIONS,
  });
  const found = stdout.match(/^(\d+) passed, (\d+) failed/m);
  sum.passed += Number(found?.[1] ?? 0);
  sum.failed += Number(found?.[2] ?? 1);
  if (status !== 0 && found?.[2] === '0') sum.failed++;
  for (const name of readdirSync(path.join(copy, 'reports'))) {
    const findings = foundIn(readFileSync(path.join(copy, 'reports', name), 'utf8'));
    if (findings.length === 0) continue;
    console.log(findings.join('\n\n'));
    sum.failed++;
  }
}

/** What an AddressSanitizer report holds against us: any error, and leaks of memory that our own code allocated. */
function foundIn(report) {
  if (report.includes('ERROR: AddressSanitizer')) return [report];
  return report.split('\n\n').filter((block) => {
    if (!/leak of \d+ byte/.test(block)) return false;
    const frames = block.split('\n').filter((line) => /^ +#\d/.test(line));
    const nodes = frames.findIndex((line) => line.includes(`(${realpathSync(process.execPath)}+`));
    const above = nodes === -1 ? frames : frames.slice(0, nodes);
    return above.some((line) => /native\/(binding|core)\/|node-addon-api|legcnet\.node/.test(line));
  });
}

try {
  requireTools();
  run(process.execPath, [path.join(root, 'scripts/vendor-eigen.cjs')]);
  for (const part of [plain, sanitize, addon]) {
    if (asked.length > 0 && !asked.includes(part.name)) continue;
    console.log(`\n== native tests: ${part.name}`);
    part();
  }
} catch (error) {
  console.log(`native tests: ${error.message}`);
  sum.failed++;
}
if (sum.passed + sum.failed === 0) sum.failed++;
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;
