import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agreement, consistency, shapleyConsistency } from '../../lib/diagnostics/consistency.js';
import type { Estimator } from '../../lib/diagnostics/shapley.js';
import { Mlp } from '../../lib/network/mlp.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';

/** Values of one sample and one output. */
const of = (...phi: number[]) => ({ values: { data: Float64Array.from(phi), shape: [1, phi.length, 1] } });

test('rank agreement: equal, reversed, tied, constant', () => {
  const a = of(5, 4, 3, 2, 1);
  assert.equal(agreement(a, of(-50, 40, -30, 20, 10), { top: 2 }), { spearman: 1, topOverlap: 1, top: 2 });
  assert.equal(agreement(a, of(1, 2, 3, 4, 5), { top: 2 }), { spearman: -1, topOverlap: 0, top: 2 });
  assert.equal(agreement(a, of(1, 1, 1, 1, 1)).spearman, undefined);
  assert.is(agreement(a, of(1, 1, 1, 1, 1), { top: 9 }).topOverlap, 1);
  // Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
  assertClose(agreement(of(1, 1, 2, 3), of(1, 2, 3, 4)).spearman!, 4.5 / Math.sqrt(22.5), { absolute: 1e-15 });
  assert.is(agreement(of(3), of(4)).spearman, undefined);
});

test('a claim needs its null', () => {
  const run = (name: string, dense: ReturnType<typeof of>, pruned?: ReturnType<typeof of>) => ({
    name,
    dense,
    ...(pruned && { pruned }),
  });
  const alone = consistency([run('a', of(3, 2, 1), of(3, 2, 1))]);
  assert.equal(alone.spearman, { observed: 1, null: undefined, maintained: undefined });
  const kept = consistency([run('a', of(3, 2, 1), of(3, 2, 1)), run('b', of(3, 1, 2))]);
  assert.equal(kept.spearman, { observed: 1, null: 0.5, maintained: true });
  const lost = consistency([run('a', of(3, 2, 1), of(1, 2, 3)), run('b', of(3, 1, 2), of(3, 1, 2))]);
  assert.equal(lost.spearman, { observed: 0, null: 0.5, maintained: false });
  assert.equal(
    lost.pruning.map(({ networks }) => networks),
    [
      ['a', 'a pruned'],
      ['b', 'b pruned'],
    ],
  );
  assert.equal(consistency([]).topOverlap, { observed: undefined, null: undefined, maintained: undefined });
});

test('by every estimator, a network agrees with itself and with its own ticket that lost nothing', async () => {
  const dense = await Promise.all([1, 2, 3].map((seed) => Mlp.random([6, 5, 2], { seed, init: 'gaussian' })));
  const rows = { data: Float64Array.from({ length: 60 }, (_, i) => Math.sin(i * 1.7)), shape: [10, 6] };
  for (const estimator of ['exact', 'kernel', 'permutation', 'expected-gradients', 'deeplift'] as Estimator[]) {
    const runs = dense.map((network, i) => ({ name: `seed ${i}`, dense: network, pruned: network }));
    const result = await shapleyConsistency(runs, rows, rows, { estimator, top: 3 });
    assert.equal([result.pruning.length, result.seeds.length, result.runs.length], [3, 3, 3]);
    assert.equal([result.spearman.observed, result.topOverlap.observed], [1, 1]);
    assert.ok(result.spearman.maintained && result.spearman.null! <= 1);
  }
});

test('networks of different inputs do not compare', async () => {
  await assertLegcnetError(() => agreement(of(1, 2), of(1, 2, 3)), 'ERR_ARGUMENT', /2 features/);
  await assertLegcnetError(() => agreement(of(1), of(1), { top: 0 }), 'ERR_OPTION', /top/);
});

test.run();
