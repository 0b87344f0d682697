// Packs the package, installs the tarball in an empty folder where there is no compiler and no install script may run,
// and uses it as its users would; then compiles it there as the documentation says.
//   node scripts/test-package.mjs [TARBALL]     a tarball that npm pack has made; default: packs one now
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { name, version } = require(path.join(root, 'package.json'));
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'legcnet-package-')));
const consumer = path.join(scratch, 'consumer');
const installed = path.join(consumer, 'node_modules', name);
const prebuilds = path.join('prebuilds', `${process.platform}-${process.arch}`);

/** An environment without what npm tells the scripts that it runs: the consumer starts npm by hand. */
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD$|LEGCNET_)/i.test(key)),
);

/** The same with Node, npm and a shell on its PATH, and nothing else: no compiler, no make, no python. */
function withoutCompilers() {
  const bin = path.join(scratch, 'bin');
  mkdirSync(bin);
  const find = (command) => execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  for (const command of ['node', 'npm', 'npx', 'sh', 'env'])
    symlinkSync(realpathSync(find(command)), path.join(bin, command));
  return { ...plain, PATH: bin };
}
const bare = withoutCompilers();

/** Runs a command in the consumer's folder and returns what it prints; throws with its output if it fails. */
function run(command, args, { env = bare, cwd = consumer } = {}) {
  const options = { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 };
  try {
    return execFileSync(command, args, options);
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
}
const node = (code, env = bare) => run('node', ['--input-type=module', '-e', code], { env }).trim();
const inConsumer = (file, text) => writeFileSync(path.join(consumer, file), text);

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

/** The folder of the binary that is loaded. */
function binaryInUse(env) {
  const info = JSON.parse(run('npx', ['--no-install', name, 'info', '--json'], { env }));
  return path.dirname(realpathSync(info.binary));
}

/** What a build makes: every one of them must be in the tarball. */
const binaries = () => readdirSync(path.join(root, 'build/Release')).filter((file) => file.endsWith('.node'));

const CALL = `
  const { exponent, status } = await lyapunovExponents(Float64Array.from({ length: 300 }, (_, i) => Math.sin(i * i)));
  if (!(exponent instanceof Float64Array) || exponent.length !== 1 || status[0] !== 'ok') throw new Error(String(status));
  if (!Number.isFinite(exponent[0])) throw new Error('exponent ' + exponent[0]);
  console.log(exponent[0]);`;
const USE = `import { lyapunovExponents } from '${name}'; ${CALL}`;
const CONSUMER_TS = `
import { type LyapunovExponents, LegcnetError, lyapunovExponents, version } from '${name}';
const result: LyapunovExponents = await lyapunovExponents(new Float64Array(100), { threads: 1 });
export const first: number | undefined = result.exponent[0];
export const text: string = version;
export const isOurs = (error: unknown): boolean => error instanceof LegcnetError && error.code === 'ERR_OPTION';
// @ts-expect-error a window is not a string
export const wrong = lyapunovExponents(new Float64Array(100), { horizon: 'long' });
`;

/** Each check, in this order; a later one may need what an earlier one left. */
const checks = {
  'the tarball holds what it must, and no tests': () => {
    const packed = run('npm', ['pack', '--dry-run', '--json', tarball], { cwd: scratch });
    const files = JSON.parse(packed)[0].files.map((file) => file.path);
    for (const needed of [
      'LICENSE',
      'README.md',
      'package.json',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      ...binaries().map((file) => `${prebuilds}/${file}`),
      'binding.gyp',
      'CMakeLists.txt',
      'native/sources.txt',
      'native/core/network.cc',
      'native/binding/addon.cc',
      'native/vendor/eigen/Eigen/Core',
      'native/vendor/eigen/COPYRIGHT',
      'scripts/compile.cjs',
      'datasets/iris.csv',
    ]) {
      expect(files.includes(needed), `${needed} is missing`);
    }
    const unwanted = files.filter((file) => /(^|\/)(test|tests|build|out|coverage|\.ci)\/|\.test\.|\.tgz$/.test(file));
    expect(unwanted.length === 0, `should not be there: ${unwanted.join(', ')}`);
  },
  'installs without compiler and install scripts': () => {
    inConsumer('package.json', '{ "name": "consumer", "private": true, "version": "1.0.0" }');
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', tarball]);
    expect(existsSync(path.join(installed, prebuilds)), `${prebuilds} is missing`);
  },
  import: () => {
    expect(Number.isFinite(Number(node(USE))), 'no exponent');
  },
  require: () => {
    inConsumer('use.cjs', `const { lyapunovExponents } = require('${name}'); (async () => {${CALL}})();`);
    run('node', ['use.cjs']);
  },
  'npx legcnet --version': () => {
    const printed = run('npx', ['--no-install', name, '--version']).trim();
    expect(printed === version, printed);
  },
  'npx legcnet info names a prebuilt binary': () => {
    expect(binaryInUse(bare) === path.join(installed, prebuilds), binaryInUse(bare));
  },
  'the binary for the least processor works too': () => {
    const least = { ...bare, LEGCNET_VARIANT: 'v2' };
    expect(binaryInUse(least) === path.join(installed, prebuilds), binaryInUse(least));
    expect(Number.isFinite(Number(node(USE, least))), 'no exponent');
  },
  'types resolve, those of all dependencies included': () => {
    inConsumer('consumer.mts', CONSUMER_TS);
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    };
    inConsumer('tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.mts'] }));
    for (const part of ['@types/node', 'undici-types']) {
      cpSync(path.join(root, 'node_modules', part), path.join(consumer, 'node_modules', part), { recursive: true });
    }
    run('node', [require.resolve('typescript/lib/tsc.js'), '-p', '.']);
  },
  publint: () => {
    const cli = path.join(root, 'node_modules/publint/src/cli.js');
    run('node', [cli, 'run', installed, '--pack', 'false', '--strict']);
  },
  'without any binary the error says what to do': () => {
    const [here, away] = [path.join(installed, 'prebuilds'), path.join(installed, 'away')];
    renameSync(here, away);
    try {
      const said = node(`import('${name}').catch((error) => console.log(error.code, error.message))`);
      expect(said.startsWith('ERR_NATIVE_LOAD') && said.includes(path.join(installed, 'scripts/compile.cjs')), said);
    } finally {
      renameSync(away, here);
    }
  },
  'compiles where it is installed, and LEGCNET_FROM_SOURCE=1 takes that binary': () => {
    // Where the project itself has it: a compiler's cache then knows what it has compiled for us already.
    const headers = path.join('node_modules', 'node-addon-api');
    cpSync(path.join(consumer, headers), path.join(installed, headers), { recursive: true });
    run('node', [path.join(installed, 'scripts/compile.cjs')], { env: plain });
    const fromSource = { ...bare, LEGCNET_FROM_SOURCE: '1' };
    expect(binaryInUse(fromSource) === path.join(installed, 'build/Release'), binaryInUse(fromSource));
    expect(node(USE, fromSource) === node(USE), 'the two binaries disagree');
  },
};

function pack() {
  const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', scratch], {
    cwd: root,
    env: plain,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  // What prepack prints comes first.
  const [{ filename, size, unpackedSize, files }] = JSON.parse(printed.slice(printed.search(/^\[/m)));
  console.log(
    `${filename}: ${files.length} files, ${(size / 1e6).toFixed(1)} MB, ${(unpackedSize / 1e6).toFixed(1)} MB unpacked`,
  );
  return path.join(scratch, filename);
}

let tarball;
let [passed, failed] = [0, 0];
try {
  mkdirSync(consumer);
  tarball = process.argv[2] ? path.resolve(process.argv[2]) : pack();
  for (const [title, check] of Object.entries(checks)) {
    const started = performance.now();
    try {
      check();
      passed++;
      console.log(`ok    ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${title}\n${error.message}\n`);
    }
  }
} catch (error) {
  failed++;
  console.log(`the package could not be made: ${error.message}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
