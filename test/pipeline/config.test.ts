import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LegcnetError } from '../../lib/errors.js';
import { type OptionName, criterionNames, options, resolveOptions, suggest } from '../../lib/options.js';
import { PRUNE_OPTIONS, configHash, resolveConfig } from '../../lib/pipeline/config.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('every preset, method and built-in data set resolves to a complete configuration', () => {
  for (const preset of ['authors', 'paper', 'strict'] as const) {
    for (const method of ['ft', 'pt'] as const) {
      for (const dataset of ['iris', 'cancer', 'titanic', 'mnist', 'mine.csv']) {
        const config = resolveConfig(dataset, { preset, method });
        for (const name of ['layers', 'epochs', 'learningRate', 'scaling', 'target', 'split'] as const) {
          assert.is.not(config[name], undefined, `${preset} ${method} ${dataset} ${name}`);
        }
        assert.is(config.preset, preset);
      }
    }
  }
});

test("the presets are METHOD's", () => {
  const authors = resolveConfig('iris', { preset: 'authors', method: 'pt' });
  const { window, overlap, partial, target, maxLag, statistic, alpha, series, pRounding } = authors;
  assert.equal(
    { window, overlap, partial, target, maxLag, statistic, alpha, series, pRounding },
    {
      ...{ window: 50, overlap: 0.1, partial: { epochs: 20 }, target: 'test', maxLag: 14 },
      ...{ statistic: 'ssr-chi2test', alpha: 0.05, series: 'weights', pRounding: 4 },
    },
  );
  const strict = resolveConfig('mnist');
  assert.equal(
    [strict.window, strict.fit, strict.theilerWindow, strict.horizon, strict.within, strict.density, strict.correction],
    [50, [0, 6], 3, 6, 0.01, 'erdos-renyi', 'bh'],
  );
  assert.equal([strict.layers, strict.epochs, strict.batchSize, strict.loss], [[50, 30], 12, 128, 'cross-entropy']);
  const partial24 = resolveConfig('mnist', { method: 'pt' });
  assert.equal([partial24.window, partial24.fit, partial24.theilerWindow], [24, [0, 4], 2]);
  assert.equal(resolveConfig('cancer', { preset: 'paper' }).untilAccuracy, 0.9);
});

test('what is given wins, and implies how to select', () => {
  assert.is(resolveConfig('iris', { epochs: 3 }).epochs, 3);
  assert.is(resolveConfig('iris', { sparsity: 0.5 }).selection, 'sparsity');
  assert.is(resolveConfig('iris', { prune: 'causal' }).selection, 'threshold');
  assert.is(resolveConfig('iris', { preset: 'authors', within: 0.02 }).selection, 'within');
});

test('a bad value of any option is an ERR_OPTION that names it, never a crash or a value let through', () => {
  const names = fc.constantFrom(...(Object.keys(options) as OptionName[]));
  fc.assert(
    fc.property(
      names,
      fc.anything({ withNullPrototype: true, withTypedArray: true, withBigInt: true }),
      (name, value) => {
        const definition = options[name];
        const good = value === undefined || definition.schema.safeParse(value).success;
        try {
          const resolved = resolveOptions([name], { [name]: value });
          assert.ok(good, `${name} accepted ${String(value)}`);
          if (value !== undefined) assert.equal(resolved[name], value);
        } catch (error) {
          if (!(error instanceof LegcnetError)) throw error;
          assert.is(error.code, 'ERR_OPTION');
          assert.is(error.subject, name);
          assert.ok(error.message.includes(definition.expected));
          assert.not(good);
        }
      },
    ),
    { numRuns: 3000, seed: 1 },
  );
});

test('the edges of every numeric range: the least value that is allowed, and the one below', () => {
  const refused: [OptionName, unknown][] = [
    ...(['window', 'epochs', 'batchSize', 'threads', 'maxLag', 'horizon'] as const).map((n): [OptionName, unknown] => [
      n,
      0,
    ]),
    ...(['alpha', 'overlap', 'sparsity', 'learningRate'] as const).map((n): [OptionName, unknown] => [n, -1]),
    ...(['alpha', 'overlap', 'sparsity', 'within'] as const).map((n): [OptionName, unknown] => [n, 1]),
    ...PRUNE_OPTIONS.filter((n) => typeof options[n].default === 'number').flatMap((n): [OptionName, unknown][] => [
      [n, Number.NaN],
      [n, Number.POSITIVE_INFINITY],
    ]),
    ['split', [0.5, 0.2, 0.1]],
    ['split', [1]],
    ['fit', [3, 3]],
    ['fit', [-1, 2]],
    ['partial', { percent: 0 }],
    ['partial', { epochs: 1.5 }],
    ['layers', []],
    ['layers', [0]],
    ['squaredErrorFactor', 3],
    ['radius', 0],
    ['perturbedWeight', -1],
  ];
  for (const [name, value] of refused) {
    assert.throws(
      () => resolveOptions([name], { [name]: value }),
      (error: unknown) => error instanceof LegcnetError && error.code === 'ERR_OPTION' && error.subject === name,
      `${name} = ${String(value)}`,
    );
  }
});

test('values that do not go together are refused', async () => {
  const refuse = (given: object, message: RegExp) =>
    assertLegcnetError(() => resolveConfig('iris', given), 'ERR_OPTION', message);
  await refuse({ split: [0.6, 0.5] }, /split/);
  await refuse({ selection: 'sparsity' }, /sparsity/);
  await refuse({ sparsity: 0.5, within: 0.01 }, /one of sparsity, within and prune/);
  await refuse({ scalar: 'float32' }, /difference series/);
  await refuse({ window: 8, horizon: 6 }, /window/);
  await refuse({ fit: [0, 9] }, /horizon/);
  await refuse({ loss: 'cross-entropy', outputActivation: 'linear' }, /outputActivation/);
  await refuse({ embeddingDimensions: 3 }, /did you mean embeddingDimension\?/);
});

test('the hash of a configuration leaves out what has no influence', () => {
  const hash = (given: object) => configHash(resolveConfig('iris', given));
  assert.is(hash({ threads: 1 }), hash({ threads: 4, out: 'x' }));
  assert.is.not(hash({ seed: 1 }), hash({ seed: 2 }));
  assert.is.not(hash({ alpha: 0.05 }), hash({ alpha: 0.01 }));
});

test('a near miss gets a suggestion, a far one none', () => {
  assert.is(suggest('learningrate', PRUNE_OPTIONS), 'learningRate');
  assert.is(suggest('epoch', PRUNE_OPTIONS), 'epochs');
  assert.is(suggest('qqqqqqqqqq', PRUNE_OPTIONS), undefined);
  assert.is(suggest('ftt', criterionNames), 'ft');
  assert.is(suggest('foo', criterionNames), undefined); // two of three letters changed is another word
});

test.run();
