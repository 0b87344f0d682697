'use strict';
// Puts the compiled addon, stripped, where the package looks first: prebuilds/<platform>-<arch>. Run by `npm pack`, which
// runs it with --clean afterwards: in a clone, a prebuilt binary would hide the next one that is compiled.
const cp = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const destination = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);

fs.rmSync(destination, { recursive: true, force: true });
if (!process.argv.includes('--clean')) {
  const source = path.join(root, 'build/Release');
  const binaries = fs.readdirSync(source).filter((name) => name.endsWith('.node'));
  if (binaries.length === 0) throw new Error(`no binary in ${source}: run npm run build`);
  fs.mkdirSync(destination, { recursive: true });
  for (const name of binaries) {
    const file = path.join(destination, name);
    fs.copyFileSync(path.join(source, name), file);
    if (process.platform === 'linux') cp.execFileSync('strip', ['--strip-unneeded', file], { stdio: 'inherit' });
    if (process.platform === 'darwin') cp.execFileSync('strip', ['-x', file], { stdio: 'inherit' });
    console.error(`${path.relative(root, file)}: ${Math.round(fs.statSync(file).size / 1024)} KiB`);
  }
}
