'use strict';
// Compiles the addon with node-gyp into build/Release, only what has changed since the last time. Headers come from
// where this Node itself lives if they are there, so that no network is needed; otherwise node-gyp fetches its own.
const cp = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');

/** The folder whose include/node holds the headers of exactly this Node, if any. */
function nodeDirectory() {
  if (process.env.npm_config_nodedir) return process.env.npm_config_nodedir;
  const executable = fs.realpathSync(process.execPath);
  for (const dir of [path.resolve(executable, '../..'), path.resolve(executable, '..'), '/usr', '/usr/local']) {
    try {
      const header = fs.readFileSync(path.join(dir, 'include/node/node_version.h'), 'utf8');
      const part = (name) => header.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))[1];
      const version = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.');
      if (version === process.versions.node && fs.existsSync(path.join(dir, 'include/node/common.gypi'))) return dir;
    } catch {
      // no headers here
    }
  }
  return undefined;
}

/** node-gyp's script: npm's own copy when npm runs us, else the one installed beside us. */
function nodeGyp() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js', { paths: [root] });
  } catch {
    if (process.env.npm_config_node_gyp) return process.env.npm_config_node_gyp;
    const npm = path.join(path.dirname(fs.realpathSync(process.execPath)), '../lib/node_modules/npm');
    return require.resolve('node-gyp/bin/node-gyp.js', {
      paths: [npm, '/usr/share/nodejs', '/usr/lib/node_modules/npm'],
    });
  }
}

cp.execFileSync(process.execPath, [path.join(__dirname, 'vendor-eigen.cjs')], { stdio: 'inherit' });
const dir = nodeDirectory();
const args = [nodeGyp(), 'configure', 'build', '-j', process.env.JOBS || '2', '--loglevel=warn'];
if (dir) args.push(`--nodedir=${dir}`);
// npm passes its own nodedir on in the environment, which newer npm warns about: the flag alone is enough
const result = cp.spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
if (result.status !== 0) {
  console.error(
    'legcnet: the addon did not compile. It needs python3, make and a C++17 compiler ' +
      '(Debian: apt-get install python3 make g++), and the headers of this Node.',
  );
}
process.exit(result.status ?? 1);
