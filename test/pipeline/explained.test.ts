import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Mlp } from '../../lib/network/mlp.js';
import { explainedWeights } from '../../lib/pipeline/explained.js';

test('48 weights, as many of each layer as can be, all of them where there are fewer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 }), async (sizes) => {
      const { layers, weights } = new Mlp(sizes, {}, new Float64Array(parameterCount(sizes)));
      const chosen = explainedWeights(layers);
      assert.is(chosen.length, Math.min(48, weights));
      assert.ok(chosen.every((w, i) => w < weights && (i === 0 || w > (chosen[i - 1] as number))));
      const counts = layers.map(
        ({ offset, inputs, outputs }) => chosen.filter((w) => w >= offset && w < offset + inputs * outputs).length,
      );
      const most = Math.max(...counts);
      layers.forEach(({ inputs, outputs }, l) => {
        assert.ok(counts[l] === inputs * outputs || (counts[l] as number) >= most - 1, `${counts} of ${sizes}`);
      });
    }),
    { seed: 3 },
  );
});

test('of a large layer, weights of all parts of its rows and columns', () => {
  const sizes = [784, 16, 10];
  const { layers } = new Mlp(sizes, {}, new Float64Array(parameterCount(sizes)));
  const first = [...explainedWeights(layers)].filter((w) => w < 784 * 16);
  assert.is(first.length, 24);
  assert.is(new Set(first.map((w) => Math.floor(w / 784))).size, 16);
  const columns = first.map((w) => w % 784).sort((a, b) => a - b);
  columns.slice(1).forEach((column, i) => assert.ok(column - (columns[i] as number) < 80));
});

const parameterCount = (sizes: readonly number[]): number =>
  sizes.slice(1).reduce((sum, size, l) => sum + size * ((sizes[l] as number) + 1), 0);

test.run();
