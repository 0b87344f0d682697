'use strict';
// Prints the entries of a list for binding.gyp, one a line: node scripts/listed.cjs FILE
const fs = require('node:fs');
const path = require('node:path');

const list = fs.readFileSync(path.join(__dirname, '..', process.argv[2]), 'utf8');
const entries = list
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'));
console.log(entries.join('\n'));
