import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CsvOptions, readCsv } from '../../lib/data/csv.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const read = (text: string, options?: CsvOptions) => readCsv(Buffer.from(text), options);
const dataOf = async (text: string, options?: CsvOptions) => [...(await read(text, options)).features.data];

test('numbers are features, the last column is the label, text labels are sorted', async () => {
  const table = await read('a,b,class\n1,-2.5,pear\n3e2,.5,apple\n+4.,0,pear\n');
  assert.equal(table.features, { data: Float64Array.of(1, -2.5, 300, 0.5, 4, 0), shape: [3, 2] });
  assert.equal(table.labels, Int32Array.of(1, 0, 1));
  assert.equal(table.classes, ['apple', 'pear']);
  assert.equal(table.featureNames, ['a', 'b']);
  assert.is(table.dropped, 0);
  assert.is(table.test, undefined);
});

test('a first line with a number in it is data, unless said otherwise', async () => {
  const bare = await read('5.1,3.5,setosa\n4.9,3,virginica\n');
  assert.equal(bare.features.shape, [2, 2]);
  assert.equal(bare.featureNames, ['x0', 'x1']);
  const named = await read('2019,2020,class\n1,2,0\n', { header: true });
  assert.equal(named.featureNames, ['2019', '2020']);
  const text = await read('red,yes\nblue,no\n', { header: false });
  assert.equal(text.featureNames, ['x0=red', 'x0=blue']);
});

test('the label column goes by name, place or last', async () => {
  const text = 'y,a,last\n1,10,0\n0,20,0\n';
  for (const label of ['y', 0, '0']) {
    const table = await read(text, { label });
    assert.equal(table.labels, Int32Array.of(1, 0));
    assert.equal(table.featureNames, ['a', 'last']);
  }
  assert.equal((await read('last,y\n1,2\n0,2\n', { label: 'last' })).featureNames, ['y']);
  for (const label of ['z', 3, -1, 0.5]) {
    await assertLegcnetError(() => read(text, { label }), 'ERR_OPTION', /label .*|y, a, last/);
  }
});

test('numeric labels are ordered by value and written canonically', async () => {
  const table = await read('a,y\n1,10\n1,9\n1,+10\n1,-0\n1,9.0\n');
  assert.equal(table.classes, ['0', '9', '10']);
  assert.equal(table.labels, Int32Array.of(2, 1, 2, 0, 1));
  assert.equal((await read('a,y\n1,10\n1,9\n1,x\n')).classes, ['10', '9', 'x'], 'mixed labels are text');
  await assertLegcnetError(() => read('a,y\n1,0.5\n1,1\n'), 'ERR_DATA', /column "y" .*"0\.5"/);
});

test('text becomes one feature a category, in the order of appearance', async () => {
  const table = await read('n,colour,y\n1,red,0\n2,blue,1\n3,red,0\n');
  assert.equal(table.featureNames, ['n', 'colour=red', 'colour=blue']);
  assert.equal([...table.features.data], [1, 1, 0, 2, 0, 1, 3, 1, 0]);
  const byNumber = await read('month,y\n12,0\n1,1\n', { categorical: ['month'] });
  assert.equal(byNumber.featureNames, ['month=12', 'month=1']);
});

test('ordered text is its place in the given list', async () => {
  const options = { ordinal: { size: ['S', 'M', 'L'] } };
  assert.equal(await dataOf('size,y\nL,0\nS,1\nM,0\n', options), [2, 0, 1]);
  await assertLegcnetError(
    () => read('size,y\nXL,0\n', options),
    'ERR_DATA',
    /S or M or L for .*, line 2, column "size" .*"XL"/,
  );
  await assertLegcnetError(() => read('a,y\n1,0\n', options), 'ERR_OPTION', /ordinal/);
});

test('columns can be left out', async () => {
  const table = await read('name,a,y\nBob,1,0\nAnn,2,1\n', { ignore: ['name'] });
  assert.equal(table.featureNames, ['a']);
  await assertLegcnetError(() => read('a,y\n1,0\n', { ignore: ['b'] }), 'ERR_OPTION', /ignore/);
  await assertLegcnetError(() => read('a,y\n1,0\n', { ignore: ['a'] }), 'ERR_DATA', /a column of features/);
});

test('columns that mix numbers and text, or hold identifiers, are refused with line and column', async () => {
  await assertLegcnetError(() => read('a,y\n1,0\n\nx,0\n'), 'ERR_DATA', /the buffer, line 4, column "a" .*"x"/);
  await assertLegcnetError(() => read('a,y\nx,0\n1,0\n'), 'ERR_DATA', /line 3, column "a" but received "1"/);
  for (const odd of ['0x10', 'Infinity', '1e999', '1_000', '1,5']) {
    await assertLegcnetError(() => read(`a,y\n1,0\n"${odd}",0\n`), 'ERR_DATA', /line 3/);
  }
  const names = Array.from({ length: 101 }, (_, i) => `name${i},0\n`).join('');
  await assertLegcnetError(() => read(`id,y\n${names}`), 'ERR_DATA', /line 102, column "id" .*"name100"/);
});

test('missing cells are refused, dropped or replaced', async () => {
  for (const cell of ['', 'NA', 'NaN', 'nan', '?', 'null', '  ']) {
    const text = `a,c,y\n1,u,0\n${cell},v,1\n3,u,1\n`;
    await assertLegcnetError(() => read(text), 'ERR_DATA', /line 3, column "a"/);
    const dropped = await read(text, { missing: 'drop' });
    assert.equal([dropped.dropped, [...dropped.features.data]], [1, [1, 1, 3, 1]], 'v never appears');
    assert.equal(await dataOf(text, { missing: 'mean' }), [1, 1, 0, 2, 0, 1, 3, 1, 0]);
    assert.equal(await dataOf(text, { fill: { a: '9' } }), [1, 1, 0, 9, 0, 1, 3, 1, 0]);
  }
  assert.equal(await dataOf('c,y\nu,0\n?,0\nv,1\nv,1\n', { missing: 'mean' }), [1, 0, 1 / 3, 2 / 3, 0, 1, 0, 1]);
});

test('missing cells that nothing can stand for are refused', async () => {
  await assertLegcnetError(() => read('a,y\n1,?\n', { missing: 'mean' }), 'ERR_DATA', /column "y".*|a label/);
  await assertLegcnetError(() => read('a,y\n?,1\n', { missing: 'mean' }), 'ERR_DATA', /column "a" .* "none"/);
  await assertLegcnetError(
    () => read('a,y\n?,1\n', { missing: 'drop' }),
    'ERR_DATA',
    /at least one row .*1 row dropped/,
  );
  const guess = { missing: 'guess' as 'drop' };
  await assertLegcnetError(() => read('a,y\n1,1\n', guess), 'ERR_OPTION', /refuse, drop or mean .* "guess"/);
  await assertLegcnetError(() => read('a,y\n1,1\n', { fill: { b: '1' } }), 'ERR_OPTION', /fill/);
});

test('a test file is encoded as the first file', async () => {
  const testData = Buffer.from('a,c,y\n?,w,2\n8,u,0\n');
  const table = await read('a,c,y\n1,u,0\n3,v,1\n', { testData, missing: 'mean' });
  assert.equal(table.featureNames, ['a', 'c=u', 'c=v', 'c=w']);
  assert.equal(table.classes, ['0', '1', '2']);
  assert.equal(table.features, { data: Float64Array.of(1, 1, 0, 0, 3, 0, 1, 0), shape: [2, 4] });
  assert.equal(table.test?.features, { data: Float64Array.of(2, 0, 0, 1, 8, 1, 0, 0), shape: [2, 4] });
  assert.equal(table.test?.labels, Int32Array.of(2, 0));
  const otherColumns = Buffer.from('a,d,y\n1,u,0\n');
  await assertLegcnetError(() => read('a,c,y\n1,u,0\n', { testData: otherColumns }), 'ERR_DATA', /a, c, y .*"a, d, y"/);
  const noRows = Buffer.from('a,c,y\n');
  await assertLegcnetError(() => read('a,c,y\n1,u,0\n', { testData: noRows }), 'ERR_DATA', /at least one row/);
});

test('quotes, byte-order marks, Windows line ends, blanks and other delimiters', async () => {
  const table = await read('\ufeff"a, b" ; y\r\n 1 ; "so ""so""" \r\n\r\n2;x\r\n', { delimiter: ';' });
  assert.equal(table.featureNames, ['a, b']);
  assert.equal(table.classes, ['so "so"', 'x']);
  assert.equal([...table.features.data], [1, 2]);
  assert.equal(await dataOf('a,y\n1,0'), [1], 'no newline at the end');
});

test('what is not a table is refused with file and line', async () => {
  await assertLegcnetError(() => read(''), 'ERR_DATA', /an empty file/);
  await assertLegcnetError(() => read('\n\n'), 'ERR_DATA', /an empty file/);
  await assertLegcnetError(() => read('a,y\n'), 'ERR_DATA', /at least one row of data/);
  await assertLegcnetError(() => read('a;y\n1;0\n'), 'ERR_DATA', /is the delimiter right/);
  await assertLegcnetError(() => read('a,b,y\n1,2,0\n1,0\n'), 'ERR_DATA', /line 3 but received 2/);
  await assertLegcnetError(() => read('a,y\n"1,0\n'), 'ERR_DATA', /is not CSV/);
  await assertLegcnetError(() => readCsv('/no/such.csv'), 'ERR_FILE', /cannot read \/no\/such\.csv: ENOENT/);
  await withTempFolder(async (folder) => {
    const path = join(folder, 'a.csv');
    await writeFile(path, 'a,y\n1,0\nb,0\n');
    await assertLegcnetError(() => readCsv(path), 'ERR_DATA', new RegExp(`${path}, line 3, column "a"`));
  });
});

test('any table of numbers survives a round trip', async () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const rows = fc.array(fc.tuple(finite, finite, fc.integer({ min: -5, max: 5 })), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(rows, async (table) => {
      const text = table.map(([a, b, y]) => `${Object.is(a, -0) ? '-0' : a},${b},${y}\n`).join('');
      const { features, labels, classes } = await read(`a,b,y\n${text}`);
      assert.equal(
        [...features.data],
        table.flatMap(([a, b]) => [a, b === 0 ? 0 : b]),
      );
      assert.equal(
        [...labels].map((label) => Number(classes[label])),
        table.map(([, , y]) => y),
      );
      assert.equal(
        classes.map(Number),
        [...new Set(table.map(([, , y]) => y))].sort((p, q) => p - q),
      );
    }),
  );
});

test('many rows: lines are counted to the end', async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 3}\n`).join('');
  const { features, labels } = await read(`a,y\n${rows}`);
  assert.is(features.data[19_999], 19_999);
  assert.is(labels[19_999], 19_999 % 3);
  await assertLegcnetError(() => read(`a,y\n${rows}x,0\n`), 'ERR_DATA', /line 20002,/);
});

test.run();
