'use strict';
// Fills native/vendor/eigen (not in git, shipped in the npm tarball) with Eigen's headers. Takes the first of: what is
// there already; EIGEN3_INCLUDE_DIR; a system Eigen; the pinned Debian package, checked and unpacked without root.
//   node scripts/vendor-eigen.cjs [--debian] [DESTINATION]     --debian: the pinned package, whatever else there is
const cp = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const DESTINATION = path.resolve(
  process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? path.join(__dirname, '../native/vendor/eigen'),
);
const PINNED_ONLY = process.argv.includes('--debian');
const PACKAGE = {
  name: 'libeigen3-dev',
  version: '3.4.0-4',
  sha256: '1a167bb381acb90c1d8450a8f3e66a09d216dbc64b33ac8a082a0912513ef939',
};

const LICENCE = 'COPYRIGHT';
const SHORT_NOTICE = `Eigen, https://eigen.tuxfamily.org: a C++ template library for linear algebra.
Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/); some files, 3-clause BSD by Intel Corporation.
Every header carries its own copyright notice. The headers are unchanged: this folder is the source code.
`;

const holdsEigen = (dir) => Boolean(dir) && fs.existsSync(path.join(dir, 'Eigen/Core'));
const run = (command, args, options) =>
  cp.execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });

function fromEnvironment() {
  const dir = process.env.EIGEN3_INCLUDE_DIR;
  if (dir && !holdsEigen(dir)) throw new Error(`EIGEN3_INCLUDE_DIR=${dir} has no Eigen/Core in it`);
  return dir;
}

function fromSystem() {
  const places = ['/usr/include/eigen3', '/usr/local/include/eigen3', '/opt/homebrew/include/eigen3'];
  try {
    const flags = run('pkg-config', ['--cflags-only-I', 'eigen3']).trim().split(/\s+/);
    places.unshift(...flags.map((flag) => flag.replace(/^-I/, '')));
  } catch {
    // no pkg-config, or it does not know Eigen: the usual places remain
  }
  return places.find(holdsEigen);
}

function fromDebian(scratch) {
  const download = () => run('apt-get', ['-q', 'download', `${PACKAGE.name}=${PACKAGE.version}`], { cwd: scratch });
  try {
    download();
  } catch {
    run('apt-get', ['-q', 'update']);
    download();
  }
  const file = path.join(
    scratch,
    fs.readdirSync(scratch).find((name) => name.endsWith('.deb')),
  );
  const sum = crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  if (sum !== PACKAGE.sha256) throw new Error(`${path.basename(file)}: SHA-256 is ${sum}, expected ${PACKAGE.sha256}`);
  run('dpkg-deb', ['-x', file, path.join(scratch, 'root')]);
  return path.join(scratch, 'root/usr/include/eigen3');
}

/** The licences in full, where they stand beside the headers or where Debian's package put them; else a short notice. */
function licence(source) {
  const places = [path.join(source, LICENCE), path.join(source, '../../share/doc', PACKAGE.name, 'copyright')];
  const file = places.find((place) => fs.existsSync(place));
  return file ? fs.readFileSync(file, 'utf8') : SHORT_NOTICE;
}

function main() {
  if (holdsEigen(DESTINATION) && fs.existsSync(path.join(DESTINATION, LICENCE))) return;
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'eigen-'));
  try {
    const source = (!PINNED_ONLY && (fromEnvironment() || fromSystem())) || fromDebian(scratch);
    const partial = `${DESTINATION}.part`;
    fs.rmSync(partial, { recursive: true, force: true });
    fs.mkdirSync(path.join(partial, 'unsupported/Eigen'), { recursive: true });
    fs.cpSync(path.join(source, 'Eigen'), path.join(partial, 'Eigen'), { recursive: true, dereference: true });
    for (const part of ['SpecialFunctions', 'src/SpecialFunctions']) {
      const from = path.join(source, 'unsupported/Eigen', part);
      fs.cpSync(from, path.join(partial, 'unsupported/Eigen', part), { recursive: true, dereference: true });
    }
    fs.writeFileSync(path.join(partial, LICENCE), licence(source));
    fs.rmSync(DESTINATION, { recursive: true, force: true });
    fs.renameSync(partial, DESTINATION);
    console.log(
      `eigen: ${path.relative(process.cwd(), DESTINATION)} filled from ${source.startsWith(scratch) ? PACKAGE.name : source}`,
    );
  } catch (error) {
    console.error(
      `eigen: ${error.message}\nInstall Eigen 3.4 (Debian: apt-get install libeigen3-dev) or set EIGEN3_INCLUDE_DIR ` +
        'to the folder that holds Eigen/Core, then run this again.',
    );
    process.exitCode = 1;
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

main();
