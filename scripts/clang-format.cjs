'use strict';
// Formats the C++ of native/core, native/binding and native/test, or with --check reports what is not formatted.
const cp = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const VERSION = '14'; // Debian 12's; others break lines elsewhere
const root = path.resolve(__dirname, '..');
const remedy = `install clang-format ${VERSION} (Debian 12: apt-get install clang-format-${VERSION})`;

/** The command whose version is the pinned one, if any. */
function find() {
  for (const command of [`clang-format-${VERSION}`, 'clang-format']) {
    const { stdout } = cp.spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (stdout?.includes(`version ${VERSION}.`)) return command;
  }
  return undefined;
}

const command = find();
if (command) {
  const files = ['core', 'binding', 'test'].flatMap((room) => {
    const dir = path.join('native', room);
    if (!fs.existsSync(path.join(root, dir))) return [];
    const names = fs.readdirSync(path.join(root, dir), { recursive: true });
    return names.filter((name) => /\.(cc|h)$/.test(name)).map((name) => path.join(dir, name));
  });
  const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
  const { status } = cp.spawnSync(command, [...mode, ...files], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else if (process.env.CI) {
  console.error(`clang-format: not found; ${remedy}`);
  process.exitCode = 1;
} else {
  console.error(`clang-format: not found, the C++ files are left unchecked; ${remedy}`);
}
