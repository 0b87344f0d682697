'use strict';
// Prints the entries of a list for binding.gyp, one a line: node scripts/listed.cjs FILE
// Entries after "GNU:" are left out where the C++ compiler is not GCC.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** Whether the compiler that make will call is GCC, as far as it says. */
function isGnu() {
  const [command, ...args] = (process.env.CXX || 'g++').split(' ').filter(Boolean);
  try {
    return !/clang/i.test(execFileSync(command, [...args, '--version'], { encoding: 'utf8' }));
  } catch {
    return true; // there is none: whoever calls it will say so
  }
}

const list = fs.readFileSync(path.join(__dirname, '..', process.argv[2]), 'utf8');
const entries = list
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'))
  .filter((line) => !line.startsWith('GNU:') || isGnu())
  .map((line) => line.replace(/^GNU:\s*/, ''));
console.log(entries.join('\n'));
