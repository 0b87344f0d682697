import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toCsv } from '../../lib/report/csv.js';
import { quantile } from '../../lib/pipeline/referee-statistics.js';
import { layerFigure, maskCells, maskCsv } from '../../lib/report/figures/mask.js';
import { swarmOffsets } from '../../lib/report/figures/shapley.js';
import { placeOf } from '../../lib/report/figures/weight.js';
import type { RunData } from '../../lib/report/run-data.js';
import { type Figure, short, spread, toColumns, toRows } from '../../lib/report/figure.js';
import { escape, prose, scriptJson, table } from '../../lib/report/html.js';
import { loadCharts } from '../../lib/report/peers.js';
import { compact, drawFigure, withData } from '../../lib/report/render.js';
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

test('a mask as CSV is the whole matrix, under the names of its inputs', () => {
  const mask = Uint8Array.from([9, 1, 0, 1, 1, 1, 0]);
  const layer = { name: 'W1', outputs: 2, inputs: 3, offset: 1 };
  assert.is(maskCsv({ mask }, layer), 'neuron,input 0,input 1,input 2\n0,1,0,1\n1,1,1,0\n');
  assert.is(maskCsv({ mask }, layer, ['2', 'a,b', 'neuron']), 'neuron,2,"a,b",neuron\n0,1,0,1\n1,1,1,0\n');
});

/** As much of a run as a mask's figure looks at; every second weight is kept. */
function madeRun(sizes: readonly number[], featureNames: readonly string[] | null): RunData {
  const layers = sizes.slice(1).map((outputs, k) => {
    const offset = sizes.slice(1, k + 1).reduce((sum, size, i) => sum + size * sizes[i]!, 0);
    return { name: `W${k + 1}`, outputs, inputs: sizes[k]!, offset };
  });
  const last = layers.at(-1)!;
  const mask = Uint8Array.from({ length: last.offset + last.outputs * last.inputs }, (_, w) => w % 2);
  const record = { config: {}, data: { name: 'mine', featureNames }, ticket: { perLayer: [] } };
  return { record, layers, mask } as unknown as RunData;
}
const rowsOfCsv = (figure: Figure): string[] => toCsv(figure).trim().split('\n');

test('inputs of the first layer have the names of the features, those of others numbers', () => {
  const names = ['a', "it's \\ </script>", 'c\u2028'];
  const run = madeRun([3, 4, 2], names);
  const [first, second] = run.layers.map((layer) => layerFigure(run, layer));
  assert.equal(first!.data.rows!.feature!.slice(0, 4), [...names, 'a']);
  assert.is(rowsOfCsv(first!)[0], `neuron,${names.join(',')}`);
  assert.not.ok('feature' in second!.data.rows!);
  assert.is(rowsOfCsv(second!)[0], 'neuron,input 0,input 1,input 2,input 3');
  const long = madeRun(
    [3000, 2],
    Array.from({ length: 3000 }, (_, i) => `f${i}`),
  );
  assert.is(layerFigure(long, long.layers[0]!).data.rows!.feature![0], 'f0 to f2');
  const older = { ...run, record: { ...run.record, data: {} } } as unknown as RunData;
  assert.not.ok('feature' in layerFigure(older, run.layers[0]!).data.rows!);
});

test('any name can stand on an axis', async () => {
  const names = ["it's", '"a\\', '</script>', 'c\u2028d', 'datum.value', ''];
  const run = madeRun([names.length, 2], names);
  const { svg } = await drawFigure(layerFigure(run, run.layers[0]!), '', await loadCharts());
  const texts = [...svg.wide.matchAll(/>([^<]*)<\/text>/g)].map(([, text]) => text);
  for (const name of ["it's", '"a\\', '&lt;/script&gt;', 'c\u2028d', 'datum.value']) {
    assert.ok(texts.includes(name), `${name} of ${texts.join()}`);
  }
});

test('the CSV of a mask in blocks has every weight, or the caption says where they are', () => {
  const run = madeRun([784, 300, 100, 10], null);
  const [first, second] = run.layers.map((layer) => layerFigure(run, layer));
  assert.ok(first!.data.rows!.kept!.length <= 2500);
  assert.equal([rowsOfCsv(first!).length, rowsOfCsv(second!).length], [301, 101]);
  assert.match(first!.caption, 'every weight is in the CSV');
  const large = madeRun([784, 1000, 10], null);
  const figure = layerFigure(large, large.layers[0]!);
  assert.match(figure.caption, 'mask.W1.npy');
  assert.match(rowsOfCsv(figure)[0]!, 'output,input,end,kept,of,share');
});

test('many layers share the cells that few have', () => {
  const run = madeRun([50, 50, 50, 50, 50, 50, 50, 50, 50], null);
  const cells = run.layers.map((layer) => layerFigure(run, layer).data.rows!.kept!.length);
  assert.ok(cells.reduce((a, b) => a + b) <= 6000, String(cells));
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

test('a drawing loses characters, and nothing that can be seen', () => {
  const font = 'system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif';
  const svg = `<svg width="9"><path d="M-2.842170943040401e-14,8.799999999999972h1.25e-7L1.005,-12.3456Z" opacity="1"/><text transform="translate(10,0.5)" font-family="${font}" opacity="0.5">1.23456</text></svg>`;
  assert.is(
    compact(svg),
    `<svg font-family="${font}" width="9"><path d="M0,8.8h0L1,-12.35Z"/><text transform="translate(10,0.5)" opacity="0.5">1.23456</text></svg>`,
  );
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
