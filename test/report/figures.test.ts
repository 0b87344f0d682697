import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { quantile } from '../../lib/pipeline/referee-statistics.js';
import { maskCells } from '../../lib/report/figures/mask.js';
import { swarmOffsets } from '../../lib/report/figures/shapley.js';
import { placeOf } from '../../lib/report/figures/weight.js';
import { type Figure, short, spread, toColumns, toRows } from '../../lib/report/figure.js';
import { escape, prose, scriptJson, table } from '../../lib/report/html.js';
import { toCsv, withData } from '../../lib/report/render.js';
import { standalone } from '../../lib/report/theme.js';
import { pText, percent, wilson } from '../../lib/report/words.js';

test('spread keeps both ends, ascends, and never repeats', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 2, max: 400 }), (length, count) => {
      const at = spread(length, count);
      assert.is(at.length, Math.min(length, count));
      if (length > 0) assert.equal([at[0], at.at(-1)], [0, length - 1]);
      assert.ok(at.every((i, k) => k === 0 || i > at[k - 1]!));
    }),
  );
});

test('quantile interpolates', () => {
  assert.is(quantile([1, 2, 4], 0.5), 2);
  assert.is(quantile([1, 2, 4], 0.75), 3);
  assert.is(quantile([5], 0.95), 5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('columns and rows are the same data', () => {
  const rows = [
    { a: 1, b: 'x' },
    { a: 2, b: null },
  ];
  assert.equal(toRows(toColumns(rows)), rows);
  assert.equal(toRows({}), []);
});

test('short keeps what JSON cannot hold out', () => {
  assert.equal(
    [short(Math.PI), short(Number.NaN), short(Number.POSITIVE_INFINITY), short(undefined)],
    [3.142, null, null, null],
  );
});

test('Wilson: the textbook value, within 0 and 1, around the share', () => {
  const [low, high] = wilson(0.9, 100);
  assert.ok(Math.abs(low - 0.825634) < 1e-5 && Math.abs(high - 0.944774) < 1e-5, `${low} ${high}`);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 300 }), (k, n) => {
      const share = Math.min(k, n) / n;
      const [from, to] = wilson(share, n);
      assert.ok(from >= -1e-12 && from <= share + 1e-12 && to >= share - 1e-12 && to <= 1 + 1e-12);
    }),
  );
});

test('cells of a mask count what is kept, the last block included', () => {
  const mask = Uint8Array.from([1, 0, 1, 1, 1, 0, 0, 0, 0, 1]);
  const layer = { name: 'W1', outputs: 2, inputs: 5, offset: 0 };
  const cells = maskCells({ mask }, layer, 2);
  assert.equal(
    cells.map(({ kept, of }) => [kept, of]),
    [
      [1, 2],
      [2, 2],
      [1, 1],
      [0, 2],
      [0, 2],
      [1, 1],
    ],
  );
  assert.equal(
    maskCells({ mask }, layer, 1).map(({ weight }) => weight),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('a weight has its place', () => {
  const layers = [
    { name: 'W1', outputs: 2, inputs: 5, offset: 0 },
    { name: 'W2', outputs: 3, inputs: 2, offset: 10 },
  ];
  assert.equal(placeOf({ layers }, 9), { layer: 'W1', output: 1, input: 4 });
  assert.equal(placeOf({ layers }, 13), { layer: 'W2', output: 1, input: 1 });
});

test('points of a swarm keep to their band and do not cover each other while there is room', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (values) => {
      const offsets = swarmOffsets(values);
      assert.is(offsets.length, values.length);
      assert.ok(offsets.every((offset) => Math.abs(offset) <= 1));
    }),
  );
  assert.equal(swarmOffsets([0.1, 0.5, 0.9]).map(Math.abs), [0, 0, 0]);
  assert.is(new Set(swarmOffsets([0.5, 0.5, 0.5, 0.5])).size, 4);
  const pile = swarmOffsets(new Array<number>(41).fill(0.5));
  assert.is(new Set(pile).size, 41);
  assert.ok(Math.abs(Math.max(...pile) + Math.min(...pile)) < 0.01, 'as far above as below');
});

test('text cannot become markup', () => {
  const evil = '<img src=x onerror=alert(1)>"\'&';
  for (const html of [escape(evil), prose(evil), table({ caption: evil, columns: [{ name: evil }], rows: [[evil]] })]) {
    assert.not.match(html, '<img');
  }
  assert.not.match(scriptJson({ evil: '</script>' }), '</');
  assert.equal(JSON.parse(scriptJson({ evil: '</script>' })), { evil: '</script>' });
});

test('terms become links, unknown ones stay words', () => {
  assert.is(prose('a [[ticket]]'), 'a <a class="term" href="#term-ticket">ticket</a>');
  assert.is(prose('[[fdr|the cut]]'), '<a class="term" href="#term-fdr">the cut</a>');
  assert.is(prose('[[nothing]]'), 'nothing');
});

test('CSV has all choices, and quotes what needs it', () => {
  const draw = (): object => ({});
  const figure: Figure = {
    ...{ id: 'f', title: '', caption: '', alt: '', draw },
    data: {},
    picks: {
      label: 'x',
      options: [
        { value: 'a,b', label: 'A', data: { rows: { x: [1, null] } } },
        { value: 'c', label: 'C', data: { rows: { x: [3] } } },
      ],
    },
  };
  assert.is(toCsv(figure), 'choice,x\n"a,b",1\n"a,b",\nc,3\n');
});

test('data are filled into a spec by name', () => {
  const filled = withData({ data: [{ name: 'rows' }, { name: 'other', source: 'rows' }] }, { rows: { x: [1] } });
  assert.equal(filled, {
    data: [
      { name: 'rows', values: [{ x: 1 }] },
      { name: 'other', source: 'rows' },
    ],
  });
});

test('a drawing by itself has colours of its own', () => {
  assert.is(standalone('<a fill="var(--ticket)"/>'), '<a fill="#0a67ab"/>');
});

test('numbers in words', () => {
  assert.equal(
    [percent(0.9567), percent(undefined), pText(0), pText(0.03), pText(Number.NaN)],
    ['95.67\u00a0%', '–', '0', '0.0300', '–'],
  );
});

test.run();
