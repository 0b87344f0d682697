'use strict';
// Prints native/sources.txt for binding.gyp, one path a line.
const fs = require('node:fs');
const path = require('node:path');

const list = fs.readFileSync(path.join(__dirname, '../native/sources.txt'), 'utf8');
const sources = list
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'));
console.log(sources.join('\n'));
