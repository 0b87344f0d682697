import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../lib/data/datasets.js';
import { prune } from '../../lib/pipeline/prune.js';
import { toRecord } from '../../lib/pipeline/record.js';
import { writeRunFolder } from '../../lib/pipeline/run-folder.js';
import { compare } from '../../lib/experiment/compare.js';
import { comparisonAnswer } from '../../lib/report/answer.js';
import { renderReport, writeReport } from '../../lib/report/report.js';
import { openPage, startBrowser } from '../helpers/browser.js';
import { runCli, startCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

/** One run for all tests: iris, with a layer that is large enough for a spectrum. */
interface Context {
  folder: string;
  run: string;
  html: string;
  browser: Browser | undefined;
}
const pages = suite<Context>('the page');

const FIGURES = [
  ...['accuracy', 'curves-accuracy', 'curves-loss', 'mask-W1', 'mask-W2', 'mask-W3', 'exponents', 'pvalues'],
  ...['placebo', 'power', 'weight', 'spectra', 'shapley-importance', 'shapley-swarm', 'timings'],
];

pages.before(async (context) => {
  context.folder = await mkdtemp(path.join(tmpdir(), 'legcnet-report-'));
  context.run = path.join(context.folder, 'run');
  context.html = path.join(context.folder, 'report.html');
  const result = await prune('iris', { epochs: 25, layers: [12, 11], sparsity: 0.3, referee: true, refereeSeeds: 2 });
  await writeRunFolder(context.run, result, toRecord(result));
  await writeReport(context.run, { html: context.html });
  context.browser = await startBrowser();
});

pages.after(async ({ browser, folder }) => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

pages('holds every figure, with caption, alternative text, drawing and data', async ({ html }) => {
  const text = await readFile(html, 'utf8');
  for (const name of FIGURES) {
    const [, figure] = text.match(new RegExp(`<figure id="figure-${name}"(.*?)</figure>`, 's')) ?? [];
    assert.ok(figure, name);
    assert.is(figure.match(/<svg/g)?.length, 2, name);
    assert.ok((figure.match(/<path/g)?.length ?? 0) > 3, `${name} is empty`);
    assert.match(figure, /role="img" aria-label="[^"]{10,}"/);
    assert.match(figure, /<figcaption>.{40,}<\/figcaption>/s);
    const [, csv] = figure.match(/text\/csv;charset=utf-8;base64,([^"]*)"/) ?? [];
    const lines = Buffer.from(csv ?? '', 'base64')
      .toString()
      .trim()
      .split('\n');
    assert.ok(lines.length > 1 && !lines.some((line) => line.includes('undefined')), name);
  }
  assert.not.match(text, /<(p|dd|td|figcaption|li)[^>]*>[^<]*(\[\[|undefined|NaN)/);
  for (const [, term] of text.matchAll(/href="#(term-\w+)"/g)) assert.ok(text.includes(`id="${term}"`), term);
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.is(new Set(ids).size, ids.length, 'ids are not unique');
});

pages('features have their names: on the mask, in its CSV, and where a weight is explained', async ({ html }) => {
  const text = await readFile(html, 'utf8');
  const part = (from: string): string => text.match(new RegExp(`<figure id="figure-${from}"(.*?)</figure>`, 's'))![1]!;
  for (const name of ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']) {
    assert.is(part('mask-W1').match(new RegExp(`>${name}</text>`, 'g'))?.length, 2, name);
    assert.match(part('weight'), new RegExp(`W1 \\[\\d+, ${name}\\]`));
    assert.not.match(part('mask-W2'), name);
  }
  const [, csv] = part('mask-W1').match(/base64,([^"]*)"/)!;
  const head = Buffer.from(csv!, 'base64').toString().split('\n')[0];
  assert.is(head, 'neuron,sepal_length,sepal_width,petal_length,petal_width');
});

pages('the same folder gives the same bytes', async ({ run, html }) => {
  assert.ok((await renderReport(run)).html === (await readFile(html, 'utf8')));
});

pages(
  'in a browser: nothing is complained of or asked for, figures come alive, weights can be picked',
  async (context) => {
    const { browser, html } = context;
    if (!browser) return;
    const { page, complaints, requests } = await openPage(browser, pathToFileURL(html).href);
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
    for (const name of FIGURES) {
      const chart = page.locator(`#figure-${name} .chart`);
      await chart.scrollIntoViewIfNeeded();
      await page.waitForSelector(`#figure-${name} .chart.is-live .live svg`);
      const box = await chart.locator('.live svg').boundingBox();
      assert.ok(box && box.width > 100 && box.height > 40, name);
      assert.is(await chart.locator('.live svg path').count(), await chart.locator('.wide svg path').count(), name);
    }
    const figure = page.locator('#figure-weight');
    const select = figure.locator('select');
    const picked = "document.querySelector('#figure-weight .picked').innerText";
    const drawn = (): Promise<string> => figure.locator('.live svg').innerHTML();
    const first = { text: await figure.locator('.picked').innerText(), drawn: await drawn() };
    await figure.locator('button.next').click();
    await page.waitForFunction(`${picked} !== ${JSON.stringify(first.text)}`);
    await page.waitForSelector('#figure-weight[data-shown]');
    const second = { text: await figure.locator('.picked').innerText(), drawn: await drawn() };
    assert.is.not(second.drawn, first.drawn);
    await select.focus();
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction(`${picked} !== ${JSON.stringify(second.text)}`);
    // a click on a weight of a mask explains it
    const weights = await page.evaluate<number[]>(
      "JSON.parse(document.getElementById('figures').textContent)['figure-mask-W3'].data.rows.weight",
    );
    const explained = await select.locator('option').evaluateAll((all) => all.map((one) => one.getAttribute('value')));
    const at = weights.findIndex((weight) => explained.includes(String(weight)));
    assert.ok(at >= 0, 'some weight of W3 is explained');
    const cell = page.locator('#figure-mask-W3 .live .mark-rect path').nth(at);
    await cell.scrollIntoViewIfNeeded();
    await cell.click();
    assert.is(await select.inputValue(), String(weights[at]));
    assert.equal(complaints, []);
    assert.equal(requests, []);
    await page.context().close();
  },
);

pages(
  'axe finds nothing that keeps anyone out: names, headings, contrast, light and dark',
  async ({ browser, html }) => {
    if (!browser) return;
    const rules = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    for (const colorScheme of ['light', 'dark'] as const) {
      const options = { colorScheme, bypassCSP: true }; // to bring axe into the page
      const { page } = await openPage(browser, pathToFileURL(html).href, options);
      await page.waitForSelector('html[data-ready]', { state: 'attached' });
      await page.evaluate(rules);
      const found = await page.evaluate<string[][]>(
        'axe.run().then(({ passes, violations }) => [passes, violations].map((all) => all.map(({ id }) => id)))',
      );
      assert.ok(found[0]!.includes('color-contrast'), 'it has looked');
      assert.equal(found[1], [], colorScheme);
      await page.context().close();
    }
  },
);

pages(
  'without JavaScript all is there but the choosing; nothing is wider than a telephone',
  async ({ browser, html }) => {
    if (!browser) return;
    const url = pathToFileURL(html).href;
    const { page, requests } = await openPage(browser, url, {
      javaScriptEnabled: false,
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    });
    for (const name of FIGURES) {
      assert.ok(await page.locator(`#figure-${name} .narrow svg`).isVisible(), name);
      assert.not.ok(await page.locator(`#figure-${name} .wide`).isVisible(), name);
    }
    assert.is(await page.locator('.picker:visible').count(), 0);
    assert.equal(requests, []);
    await page.context().close();
    for (const width of [360, 820, 1440]) {
      const sized = await openPage(browser, url, { viewport: { width, height: 900 } });
      const root = 'document.documentElement';
      const over = await sized.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
      assert.is(over, 0, `${width}`);
      await sized.page.context().close();
    }
  },
);

pages('a folder of runs and comparisons: a table of all, each in full; figures as files', async ({ folder }) => {
  const record = await compare('iris', {
    ...{
      seeds: 2,
      methods: ['ft', 'ft(series=weights)', 'magnitude'],
      sparsities: [0.5, 0.9],
      epochs: 20,
      resamples: 100,
    },
    out: path.join(folder, 'comparison'),
  });
  const out = path.join(folder, 'files');
  const { html, figures } = await writeReport(folder, { svg: out, png: out });
  assert.match(html, 'All 2 runs');
  for (const { method } of record.curves) assert.match(html, method);
  assert.match(html, 'winning tickets');
  for (const name of [
    'r1-sparsity',
    'r1-sparsity-difference',
    'r1-placebo-ft',
    'r1-placebo-ft-series-weights',
    'r2-weight',
  ]) {
    assert.ok(figures.has(name), `${name} of ${[...figures.keys()].join()}`);
  }
  const failed = { n: 0, mean: Number.NaN, interval: null };
  const without = (method: string) => ({
    ...record,
    curves: record.curves.map((curve) =>
      curve.method === method
        ? { ...curve, points: curve.points.map((point) => ({ ...point, accuracy: { ...point.accuracy, ...failed } })) }
        : curve,
    ),
  });
  for (const { method } of record.curves) {
    const answer = comparisonAnswer(without(method)).join(' ');
    assert.not.match(answer, '–');
    assert.not.match(answer, `those of ${method},`);
  }
  const files = await readdir(out);
  for (const [name, svg] of figures) {
    assert.ok(files.includes(`${name}.svg`) && files.includes(`${name}.png`), name);
    assert.not.match(svg, 'var(--');
  }
  const png = await readFile(path.join(out, 'r2-accuracy.png'));
  assert.is(png.readUInt32BE(16), 1600);
  assert.ok(png.length > 10_000, 'text and marks are in it');
});

pages.run();

test('prune --report writes the page, with and without a run folder', async () => {
  await withTempFolder(async (folder) => {
    const args = ['prune', 'iris', '--epochs', '25', '--no-baselines'];
    const [a, b] = await Promise.all([
      runCli(...args, '--out', `${folder}/run`, '--report'),
      runCli(...args, '--report', `${folder}/page.html`),
    ]);
    assert.is(a.code, 0, a.stderr);
    assert.is(b.code, 0, b.stderr);
    assert.match(await readFile(`${folder}/run/report.html`, 'utf8'), '</html>');
    assert.match(await readFile(`${folder}/page.html`, 'utf8'), 'without a referee');
    const c = await runCli(...args, '--report', `${folder}/page.html/no-folder.html`);
    assert.equal([c.code, c.stdout], [1, '']); // found before the work
    const { finished } = startCli([...args.with(3, '2000'), '--report', `${folder}/gone/page.html`]);
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
    while (!existsSync(`${folder}/gone`)) await wait();
    await wait(); // until it has been found that files can be written there
    await rename(`${folder}/gone`, `${folder}/elsewhere`);
    await writeFile(`${folder}/gone`, '');
    const d = await finished;
    assert.is(d.code, 1);
    assert.match(d.stdout, 'verdicts:'); // the results are not lost with the page
  });
});

test('a method that does not watch the training has no exponents, and all else', async () => {
  await withTempFolder(async (folder) => {
    const result = await prune('iris', { epochs: 5, method: 'magnitude', sparsity: 0.5 });
    await writeRunFolder(folder, result, toRecord(result));
    const { html, figures } = await renderReport(folder);
    assert.match(html, 'does not watch the training');
    assert.ok(figures.has('mask-W1') && figures.has('shapley-swarm') && !figures.has('weight'));
  });
});

test('the page of a run on images, deep and long enough to reach every limit, is below 5 MB', async () => {
  const { features, labels, test: part, ...rest } = await loadDataset('mnist');
  const rows = 300;
  const few = {
    ...{ ...rest, labels: labels.slice(0, rows) },
    features: { data: (features.data as Uint8Array).slice(0, rows * 784), shape: [rows, 784] },
    test: {
      features: { data: (part!.features.data as Uint8Array).slice(0, 7840), shape: [10, 784] },
      labels: part!.labels.slice(0, 10),
    },
  };
  await withTempFolder(async (folder) => {
    const result = await prune(few, {
      ...{ layers: [50, 50, 50, 50, 50, 50, 50], epochs: 30, batchSize: 3, sparsity: 0.5, window: 20, overlap: 0.5 },
      ...{ exponent: 'one-step', horizon: 1 },
    });
    assert.ok(result.judgement!.windows >= 240, `${result.judgement!.windows} windows`);
    await writeRunFolder(folder, result, toRecord(result));
    const { html, figures } = await renderReport(folder);
    assert.ok(figures.has('mask-W8') && figures.has('shapley-pixels'));
    assert.ok(Buffer.byteLength(html) < 5e6, `${Buffer.byteLength(html)} bytes`);
  });
});

test('a damaged file of a run is an error that names it', async () => {
  await withTempFolder(async (folder) => {
    const result = await prune('iris', { epochs: 30 });
    await writeRunFolder(folder, result, toRecord(result));
    await writeFile(`${folder}/explained.json`, 'null');
    await assertLegcnetError(() => renderReport(folder), 'ERR_DATA', /explained.json/);
  });
});

test('what is no run is refused', async () => {
  await withTempFolder(async (folder) => {
    await assertLegcnetError(() => renderReport(folder), 'ERR_DATA', /run.json or comparison.json/);
    await assertLegcnetError(() => renderReport(`${folder}/nowhere`), 'ERR_FILE', /nowhere/);
    await assertLegcnetError(() => writeReport(folder, {}), 'ERR_OPTION', /html/);
    await writeFile(`${folder}/comparison.json`, 'null');
    await assertLegcnetError(() => renderReport(folder), 'ERR_DATA', /comparison.json/);
  });
});

test.run();
