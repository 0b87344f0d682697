import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { summarise } from '../../lib/mask/mask.js';
import { keptAt, layerCounts, magnitudeScores, selectByCounts, selectBySparsity } from '../../lib/mask/select.js';
import type { LayerShape } from '../../lib/network/mlp.js';
import { assertLegcnetError } from '../helpers/throws.js';

function layersOf(sizes: readonly number[]): LayerShape[] {
  let offset = 0;
  return sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l] as number;
    const layer = { name: `W${l + 1}`, inputs, outputs, offset };
    offset += inputs * outputs;
    return layer;
  });
}
const total = (layers: readonly LayerShape[]): number =>
  layers.reduce((n, { inputs, outputs }) => n + inputs * outputs, 0);
const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 5 });

test('counts add up exactly, fit the layers, and grow with the number kept', () => {
  fc.assert(
    fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (shape, share) => {
      const layers = layersOf(shape);
      const kept = keptAt(total(layers), share);
      for (const density of ['per-layer', 'erdos-renyi'] as const) {
        const counts = layerCounts(layers, kept, density);
        assert.is(
          counts.reduce((a, b) => a + b, 0),
          kept,
        );
        counts.forEach((count, l) => {
          const layer = layers[l] as LayerShape;
          assert.ok(count >= 0 && count <= layer.inputs * layer.outputs);
        });
      }
    }),
  );
});

test('Erdos-Renyi densities of the MNIST network at 90 %', () => {
  const layers = layersOf([784, 50, 30, 10]);
  const counts = layerCounts(layers, 4100, 'erdos-renyi');
  // proportional to inputs + outputs: 834, 80, 40
  const share = 4100 / (834 + 80 + 40);
  assert.equal(counts, [Math.round(834 * share), Math.round(80 * share), Math.round(40 * share)]);
});

test('a layer that would be more than full is full, and the others share the rest', () => {
  const layers = layersOf([100, 20, 2]); // 2000 and 40 weights; shares 120 : 22
  assert.equal(layerCounts(layers, 1000, 'erdos-renyi'), [960, 40]);
});

test('the mask keeps exactly the best, by brute force', () => {
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (shape, seed, share) => {
        const layers = layersOf(shape);
        const n = total(layers);
        const scores = Float64Array.from({ length: n }, (_, i) => ((i * 7919 + seed) % 11) - 5); // many ties
        const tieBreak = Int32Array.from({ length: n }, (_, i) => (i + seed) % n);
        const kept = keptAt(n, share);
        const mask = selectBySparsity(scores, layers, kept, 'global', tieBreak);
        assert.is(
          mask.reduce((a, b) => a + b, 0),
          kept,
        );
        let [worstKept, bestPruned] = [Infinity, -Infinity];
        mask.forEach((m, i) => {
          const key = (scores[i] as number) * n + (tieBreak[i] as number);
          if (m) worstKept = Math.min(worstKept, key);
          else bestPruned = Math.max(bestPruned, key);
        });
        assert.ok(worstKept > bestPruned);
      },
    ),
  );
});

test('minus infinity goes first, ties by the order given, NaN is refused', async () => {
  const layers = layersOf([3, 2]);
  const scores = Float64Array.of(0, Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 5, 0);
  assert.equal([...selectBySparsity(scores, layers, 4, 'global', [0, 1, 2, 3, 4, 5])], [1, 0, 1, 0, 1, 1]);
  assert.equal([...selectBySparsity(scores, layers, 2, 'global', [0, 1, 2, 3, 4, 5])], [0, 0, 0, 0, 1, 1]);
  assert.equal([...selectBySparsity(scores, layers, 2, 'global', [5, 4, 3, 2, 1, 0])], [1, 0, 0, 0, 1, 0]);
  const bad = Float64Array.of(1, Number.NaN, 2, 3, 4, 5);
  await assertLegcnetError(
    () => selectBySparsity(bad, layers, 2, 'global', [0, 1, 2, 3, 4, 5]),
    'ERR_ARGUMENT',
    /scores/,
  );
  await assertLegcnetError(
    () => selectBySparsity(scores, layers, 7, 'global', [0, 1, 2, 3, 4, 5]),
    'ERR_ARGUMENT',
    /kept/,
  );
});

test('magnitude is the absolute value of the weights, biases left out', () => {
  assert.equal([...magnitudeScores(Float64Array.of(-3, 2, 0.5, 9), 3)], [3, 2, 0.5]);
});

test('the summary counts by layer and refuses what is no mask', async () => {
  const layers = layersOf([2, 2, 1]);
  const summary = summarise(Uint8Array.of(1, 0, 0, 1, 0, 1), layers);
  assert.equal(
    { ...summary, perLayer: summary.perLayer.map((layer) => [layer.name, layer.shape, layer.kept, layer.pruned]) },
    {
      pruned: 3,
      prunable: 6,
      sparsity: 0.5,
      flops: 3,
      perLayer: [
        ['W1', [2, 2], 2, 2],
        ['W2', [1, 2], 1, 1],
      ],
    },
  );
  await assertLegcnetError(() => summarise(Uint8Array.of(1, 0), layers), 'ERR_ARGUMENT', /mask/);
  await assertLegcnetError(() => summarise(Uint8Array.of(1, 0, 0, 2, 0, 1), layers), 'ERR_ARGUMENT', /only 0 and 1/);
});

test('scores and orders are those of all weights, counts one whole number for each layer', async () => {
  const layers = layersOf([3, 2, 2]);
  const scores = new Float64Array(10).map((_, i) => i);
  const tieBreak = scores.slice();
  assert.equal([...selectByCounts(scores, layers, [99, 1], tieBreak)], [1, 1, 1, 1, 1, 1, 0, 0, 0, 1]);
  for (const counts of [[1], [1, 1, 1], [1, -1], [1, 0.5], [1, Number.NaN]]) {
    await assertLegcnetError(() => selectByCounts(scores, layers, counts, tieBreak), 'ERR_ARGUMENT', /counts/);
  }
  const short = scores.subarray(1);
  await assertLegcnetError(() => selectByCounts(short, layers, [1, 1], tieBreak), 'ERR_ARGUMENT', /scores/);
  await assertLegcnetError(() => selectByCounts(scores, layers, [1, 1], short), 'ERR_ARGUMENT', /tieBreak/);
  await assertLegcnetError(() => selectBySparsity(short, layers, 3, 'global', tieBreak), 'ERR_ARGUMENT', /scores/);
});

test.run();
