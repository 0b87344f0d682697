import { copyFile, readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { approximationBound } from '../../lib/diagnostics/approximation.js';
import { readModels, toNetwork } from '../../lib/diagnostics/models.js';
import { writeSafetensors } from '../../lib/interchange/safetensors.js';
import type { NdArray } from '../../lib/data/ndarray.js';
import type { NetworkOptions } from '../../lib/network/mlp.js';
import { renderReport } from '../../lib/report/report.js';
import { runCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const array = (...shape: number[]): NdArray<Float64Array> => ({
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * i)),
  shape,
});

async function prune(folder: string, ...flags: string[]): Promise<void> {
  const { code, stderr } = await runCli(
    'prune',
    'iris',
    '--epochs',
    '25',
    '--sparsity',
    '0.3',
    '--out',
    folder,
    ...flags,
  );
  assert.is(code, 0, stderr);
}

test('a run: spectra, Shapley values of both networks, consistency and its null', async () => {
  await withTempFolder(async (folder) => {
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    await Promise.all([prune(a, '--layers', '12,11'), prune(b, '--layers', '12,11', '--seed', '2')]);
    const plain = await runCli('diagnose', a);
    assert.is(plain.code, 0, plain.stderr);
    for (const text of ['dense', 'ticket', 'alpha', '12 x 11', 'too-small']) assert.match(plain.stdout, text);
    assert.not.match(plain.stdout, 'phi');

    const out = `${folder}/all.json`;
    const both = await runCli('diagnose', a, '--spectrum', '--shapley', 'iris', '--null', b, '--out', out, '--json');
    assert.is(both.code, 0, both.stderr);
    const facts = JSON.parse(both.stdout);
    assert.equal(
      facts.spectrum.map(({ network }: { network: string }) => network),
      ['dense', 'ticket'],
    );
    assert.equal(
      facts.spectrum[0].layers.map(({ status }: { status: string }) => status),
      ['too-small', 'ok', 'too-small'],
    );
    assert.not.ok('eigenvalues' in facts.spectrum[0].layers[1]);
    assert.equal([facts.shapley.estimator, facts.shapley.importance.length], ['exact', 4]);
    assert.is(typeof facts.shapley.consistency.spearman.maintained, 'boolean');
    assert.is(Object.keys(facts.shapley.importance[0].features).length, 4);
    const all = JSON.parse(await readFile(out, 'utf8'));
    assert.is(all.spectrum[0].layers[1].eigenvalues.length, 11);
    assert.is(all.shapley.networks[0].values.values.data.length, facts.shapley.samples * 4 * 3);

    const printed = await runCli('diagnose', a, '--shapley', 'iris', '--estimator', 'deeplift');
    assert.is(printed.code, 0, printed.stderr);
    for (const text of ['mean |phi| of the logits', 'petal', 'Spearman'])
      assert.ok(printed.stdout.includes(text), text);
    assert.match(printed.stderr, '--null');
    const again = await runCli('diagnose', a, '--shapley', 'cancer', '--quiet');
    assert.is(again.code, 2);
    assert.match(again.stderr, 'background');
  });
});

test('a run on a CSV file is explained on a shipped set, which has no label column to be named', async () => {
  await withTempFolder(async (folder) => {
    await copyFile(new URL('../../datasets/iris.csv', import.meta.url), `${folder}/mine.csv`);
    const flags = ['--label', 'species', '--epochs', '25', '--layers', '6', '--quiet'];
    const run = await runCli('prune', `${folder}/mine.csv`, ...flags, '--out', `${folder}/run`);
    assert.is(run.code, 0, run.stderr);
    const [own, shipped] = await Promise.all(
      [`${folder}/mine.csv`, 'iris'].map((data) => runCli('diagnose', `${folder}/run`, '--shapley', data)),
    );
    assert.is(shipped?.code, 0, shipped?.stderr);
    assert.is(shipped?.stdout, own?.stdout);
    const wrong = await runCli('diagnose', `${folder}/run`, '--shapley', 'iris', '--label', 'species');
    assert.is(wrong.code, 2);
    const { html } = await renderReport(`${folder}/run`, { data: 'iris' });
    assert.match(html, 'petal_width');
  });
});

test('how far apart the outputs of dense network and ticket can be', async () => {
  await withTempFolder(async (folder) => {
    const run = `${folder}/run`;
    await prune(run);
    const out = `${folder}/all.json`;
    const { code, stdout, stderr } = await runCli('diagnose', run, '--approximation', '--json', '--out', out);
    assert.is(code, 0, stderr);
    const { source, ...facts } = JSON.parse(stdout);
    assert.is(source, run);
    const { models, config } = await readModels(run);
    const { activation, outputActivation } = config as NetworkOptions;
    const [dense, ticket] = models.map((model) => toNetwork(model, { activation, outputActivation }));
    const { at, ...wanted } = await approximationBound(dense!, ticket!);
    assert.equal(facts, { approximation: wanted });
    assert.equal(JSON.parse(await readFile(out, 'utf8')).approximation.at, [...at]);

    const printed = await runCli('diagnose', run, '--approximation', '--radius', '2');
    assert.match(printed.stdout, /\|x\| <= 2\n {2}at least [\d.]+ .*\n {2}at most +[\d.]+ /);
    const refused: [string[], RegExp][] = [
      [[run, '--radius', '2'], /--approximation/],
      [[run, '--approximation', '--radius', '0'], /positive number for --radius/],
      [[`${run}/dense.safetensors`, '--approximation'], /dense network and ticket/],
    ];
    for (const [args, message] of refused) {
      const result = await runCli('diagnose', ...args);
      assert.is(result.code, 2);
      assert.match(result.stderr, message);
    }
  });
});

test('a file of weights', async () => {
  await withTempFolder(async (folder) => {
    const file = `${folder}/model.safetensors`;
    const torch = { 'layer10.weight': array(3, 12), 'layer9.weight': array(12, 11), 'layer2.weight': array(11, 4) };
    const biases = { 'layer2.bias': array(11), 'layer9.bias': array(12), 'layer10.bias': array(3) };
    await writeSafetensors(file, new Map(Object.entries({ ...torch, ...biases })));
    const { models } = await readModels(file);
    assert.equal(
      models[0]!.matrices.map(({ name }) => name),
      ['layer2.weight', 'layer9.weight', 'layer10.weight'],
    );
    const network = toNetwork(models[0]!, { outputActivation: 'softmax' });
    assert.equal(network.sizes, [4, 11, 12, 3]);
    assert.equal(network.parameters.subarray(-3), biases['layer10.bias'].data);
    const { code, stdout, stderr } = await runCli(
      'diagnose',
      file,
      '--shapley',
      'iris',
      '--output-activation',
      'softmax',
    );
    assert.is(code, 0, stderr);
    assert.match(stdout, 'dense');
    const spectra = await runCli('diagnose', file, '--json', '--no-randomise');
    assert.equal(
      JSON.parse(spectra.stdout).spectrum[0].layers.map(({ status }: { status: string }) => status),
      ['too-small', 'ok', 'too-small'],
    );
  });
});

test('a matrix of a name of its own has no bias', async () => {
  await withTempFolder(async (folder) => {
    const file = `${folder}/model.safetensors`;
    await writeSafetensors(file, new Map(Object.entries({ kernel: array(3, 1) })));
    const network = toNetwork((await readModels(file)).models[0]!, {});
    assert.equal(network.sizes, [1, 3]);
    assert.is(network.parameters.length, 3);
  });
});

test('what is no model is refused', async () => {
  await withTempFolder(async (folder) => {
    const file = `${folder}/m.safetensors`;
    const read = async (tensors: Record<string, NdArray>) => {
      await writeSafetensors(file, new Map(Object.entries(tensors)));
      return toNetwork((await readModels(file)).models[0]!, {});
    };
    await assertLegcnetError(() => readModels(`${folder}/nowhere`), 'ERR_FILE', /nowhere/);
    await assertLegcnetError(() => readModels(folder), 'ERR_FILE', /run.json/);
    await assertLegcnetError(() => read({ b1: array(3) }), 'ERR_DATA', /at least one matrix/);
    await assertLegcnetError(() => read({ W1: array(3, 2), W2: array(2, 4) }), 'ERR_DATA', /3 inputs/);
    await assertLegcnetError(() => read({ W1: array(3, 2), W2: array(2, 3), b1: array(3) }), 'ERR_DATA', /1 of 2/);
    await assertLegcnetError(() => read({ W1: array(3, 2), b1: array(4) }), 'ERR_DATA', /b1/);
    const wrong = await runCli('diagnose', file, '--null', folder);
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, '--shapley');
  });
});

test.run();
