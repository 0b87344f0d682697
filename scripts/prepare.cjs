'use strict';
// Builds a clone: the addon into build/Release, the TypeScript into dist. npm runs it (`prepare`) on `npm ci` and
// `npm install` in the clone itself, never for those who install the package.
const cp = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const run = (...args) => {
  const { status } = cp.spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

/** The TypeScript compiler; a clone without its development dependencies has none. */
function compiler() {
  try {
    return require.resolve('typescript/lib/tsc.js', { paths: [root] });
  } catch {
    return undefined;
  }
}

// npm runs `prepare` once more after `prepack`, which has just built everything.
const packing = ['pack', 'publish'].includes(process.env.npm_command);
if (process.env.npm_lifecycle_event === 'prepare' && packing) process.exit(0);

run(path.join(__dirname, 'compile.cjs'));
const tsc = compiler();
if (tsc) {
  // What is no longer in lib/ must not stay in the package.
  fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  run(tsc, '-p', 'tsconfig.build.json');
} else {
  console.error('legcnet: dist is not built, TypeScript is not installed (npm ci without --omit=dev installs it)');
}
