import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Printer } from '../../lib/cli/printer.js';

/** What a printer writes of a table. */
function written(rows: readonly (readonly string[])[]): string {
  const lines: string[] = [];
  const printer = new Printer(true);
  printer.out = (text) => lines.push(text);
  printer.table(['source', 'p', 'verdict'], rows);
  // eslint-disable-next-line no-control-regex -- the bold of the head
  return lines.join('\n').replaceAll(/\u001b\[\d+m/g, '');
}

const row = (i: number): string[] => [String(i), (i / 7).toPrecision(6), i % 3 ? 'causal' : 'non-causal'];

test('a long table is one table: its columns are as wide everywhere, and every row is there once', () => {
  const rows = Array.from({ length: 1001 }, (_, i) => row(i));
  const lines = written(rows).split('\n');
  assert.is(lines.length, 1002);
  assert.is(new Set(lines.map((line) => line.length)).size, 1);
  assert.equal(
    lines.slice(1).map((line) => line.trim().split(/\s+/)),
    rows,
  );
  const short = written(rows.slice(801));
  assert.equal(short.split('\n').slice(1), written(rows.slice(800)).split('\n').slice(2));
});

test('a table of 40,000 rows takes seconds at most', () => {
  const begun = performance.now();
  const lines = written(Array.from({ length: 40_000 }, (_, i) => row(i))).split('\n');
  assert.is(lines.length, 40_001);
  assert.ok(performance.now() - begun < 20_000);
});

test('no rows, no trouble', () => {
  assert.match(written([]), 'source');
});

test.run();
