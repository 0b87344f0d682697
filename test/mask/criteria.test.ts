import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomState } from '../../lib/data/numpy-random.js';
import { type ScoreContext, criterion, scoreWeights } from '../../lib/mask/criteria.js';
import { meanRanks, ranks } from '../../lib/mask/ranks.js';
import { selectBySparsity } from '../../lib/mask/select.js';
import { trainPartly, trajectoryOf } from '../../lib/mask/trajectory.js';
import { Mlp } from '../../lib/network/mlp.js';
import { train } from '../../lib/network/train.js';
import { native, runTask } from '../../lib/native.js';
import { type CriterionSpec, criterionNames } from '../../lib/options.js';
import type { Verdict } from '../../lib/pipeline/causality.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { type Problem, differences, problemOf, shapes, smooth, stream } from './networks.js';

const other = await Mlp.random([2, 2]);
const RUNS = { numRuns: 60, seed: 20260101 };
const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs), 0);
const VERDICTS: readonly Verdict[] = ['non-causal', 'undecided', 'causal', 'static'];
const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/** A problem with everything that any criterion may ask for. */
async function full(seed = 3, rows = 40): Promise<Problem & { context: ScoreContext }> {
  const problem = await problemOf({ seed, hidden: [6, 5], columns: 4, outputs: 3, rows, zeros: 0 });
  const { network, samples } = problem;
  const parts = { train: samples };
  const options = { learningRate: 0.3, epochs: 8, batchSize: 4, seed: 5 };
  const { network: trained } = await train(network, parts, options);
  const random = stream(seed);
  const judged = () => {
    const score = Float64Array.from({ length: network.weights }, () => random() - 0.5);
    return { score, verdict: (w: number) => VERDICTS[w % 3] as Verdict };
  };
  const context = {
    ...{ network, samples, trained },
    partlyTrained: await trainPartly(network, parts, options),
    trajectory: trajectoryOf(network, parts, options),
    ...{ judgement: judged(), partialJudgement: judged() },
  };
  return { ...problem, context };
}

test('snip and taylor are |g w|, by central differences of the public loss', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const problem = await problemOf(shape);
      const { network, samples, loss } = problem;
      const slopes = await differences(loss, network.parameters);
      fc.pre(await smooth(problem, largest(slopes)));
      const expected = slopes.slice(0, network.weights).map((g, i) => Math.abs(g * (network.parameters[i] as number)));
      const tolerance = { absolute: 1e-9 * (1 + largest(slopes)) };
      assertClose(await scoreWeights('snip', { network, samples }), expected, tolerance, 'snip');
      const start = network.withParameters(network.parameters.map(() => 0.1));
      const trained = network;
      assertClose(await scoreWeights('taylor', { network: start, samples, trained }), expected, tolerance, 'taylor');
    }),
    RUNS,
  );
});

test('grasp is half of what removing a little of the weight takes from the squared norm of the gradient', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes.filter(({ activation }) => activation !== 'relu'),
      async (shape) => {
        const { network, samples, loss } = await problemOf(shape);
        const { weights, parameters } = network;
        // sum over the weights of the squared slope of the loss, all of it from the public loss
        const norm = async (at: Float64Array): Promise<number> =>
          sum((await differences(loss, at, 1e-2)).slice(0, weights).map((g) => g * g));
        const chosen = [0, Math.floor(weights / 2), weights - 1];
        const scores = await scoreWeights('grasp', { network, samples });
        for (const q of chosen) {
          const moved = (h: number) => parameters.map((w, i) => (i === q ? w + h : w));
          const h = 1e-3;
          const slope = ((await norm(moved(h))) - (await norm(moved(-h)))) / (2 * h);
          assertClose(scores[q] as number, ((parameters[q] as number) * slope) / 2, {
            absolute: 1e-5 * (1 + largest(scores)),
          });
        }
      },
    ),
    { ...RUNS, numRuns: 25 },
  );
});

/** |W_l| ... |W_1| as plain arrays: [outputs][inputs]. */
function product(matrices: number[][][]): number[][] {
  return matrices.reduce((below, above) =>
    above.map((row) =>
      (below[0] as number[]).map((_, i) => sum(row.map((w, k) => w * ((below[k] as number[])[i] as number)))),
    ),
  );
}
const absoluteLayers = ({ layers, parameters }: Mlp): number[][][] =>
  layers.map(({ offset, inputs, outputs }) =>
    Array.from({ length: outputs }, (_, o) =>
      Array.from({ length: inputs }, (_, i) => Math.abs(parameters[offset + o * inputs + i] as number)),
    ),
  );

test('synaptic flow is w dR/dw of the product of matrices, and every layer holds all of it', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const { network } = await problemOf(shape);
      const point = { network: network.native, parameters: network.parameters };
      const scores = await runTask(() => native.synflowScores(point));
      const matrices = absoluteLayers(network);
      const flow = (of: number[][][]): number => sum(product(of).flat());
      const total = flow(matrices);
      network.layers.forEach(({ offset, inputs, outputs }, l) => {
        assertClose(sum(scores.subarray(offset, offset + inputs * outputs)), total, { relative: 1e-12 }, 'layer');
        for (const [o, i] of [
          [0, 0],
          [outputs - 1, inputs - 1],
        ] as const) {
          // R is linear in each weight: what goes with it is its score
          const without = matrices.map((matrix) => matrix.map((row) => [...row]));
          (without[l]?.[o] as number[])[i] = 0;
          assertClose(scores[offset + o * inputs + i] as number, total - flow(without), { absolute: 1e-12 * total });
        }
      });
    }),
    RUNS,
  );
});

test("synflow's order is that of rounds in plain JavaScript", async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      fc.integer({ min: 1, max: 12 }),
      fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      async (shape, rounds, sparsity) => {
        const { network } = await problemOf(shape);
        const { weights, parameters } = network;
        const seed = 9;
        const options = { seed, sparsity, synflowRounds: rounds };
        const places = await scoreWeights('synflow', { network }, options);
        const tieBreak = new RandomState(seed).permutation(weights);
        const kept = weights - Math.round(weights * sparsity);
        const now = parameters.slice();
        const left = Array.from({ length: weights }, (_, i) => i);
        const order: number[] = [];
        for (let round = 1; round <= rounds; round++) {
          const scores = await runTask(() => native.synflowScores({ network: network.native, parameters: now }));
          left.sort(
            (a, b) =>
              (scores[a] as number) - (scores[b] as number) || (tieBreak[a] as number) - (tieBreak[b] as number),
          );
          const remain = round === rounds ? kept : Math.round(weights * (kept / weights) ** (round / rounds));
          for (const gone of left.splice(0, Math.max(0, left.length - remain))) {
            order.push(gone);
            now[gone] = 0;
          }
        }
        order.push(...left);
        const expected = new Float64Array(weights);
        order.forEach((weight, place) => (expected[weight] = place));
        assert.equal(places, expected);
      },
    ),
    RUNS,
  );
});

test('synflow keeps every layer alive where one shot of magnitude would not', async () => {
  const network = await Mlp.random([30, 20, 20, 5], { seed: 2 });
  const parameters = network.parameters.slice();
  for (let i = 600; i < 1000; i++) parameters[i] = (parameters[i] as number) * 1e-3; // the second layer is tiny
  const thin = network.withParameters(parameters);
  const kept = 22; // of 1100
  const order = Array.from({ length: 1100 }, (_, i) => i);
  const flow = await scoreWeights('synflow', { network: thin }, { sparsity: 0.98 });
  const alive = (scores: Float64Array): number[] => {
    const mask = selectBySparsity(scores, thin.layers, kept, 'global', order);
    return thin.layers.map(({ offset, inputs, outputs }) => sum(mask.subarray(offset, offset + inputs * outputs)));
  };
  assert.ok(alive(flow).every((count) => count > 0));
  assert.is(alive(await scoreWeights('magnitude', { network: thin, trained: thin }))[1], 0);
});

test('magnitudes, displacement, random and causal scores read what they say', async () => {
  const { context } = await full();
  const { network, trained, partlyTrained, judgement, partialJudgement } = context as Required<ScoreContext>;
  const weights = (of: Mlp): Float64Array => of.parameters.slice(0, network.weights);
  const magnitude = weights(trained).map(Math.abs);
  assert.equal(await scoreWeights('magnitude', context), magnitude);
  assert.equal(await scoreWeights('magnitude-layer', context), magnitude);
  assert.equal(await scoreWeights('magnitude-partial', context), weights(partlyTrained).map(Math.abs));
  assert.is.not(partlyTrained.parameters[0], trained.parameters[0]);
  assert.equal(
    await scoreWeights('displacement', context),
    weights(trained).map((w, i) => Math.abs(w - (network.parameters[i] as number))),
  );
  assert.equal(await scoreWeights('ft', context), judgement.score);
  assert.equal(await scoreWeights('pt', context), partialJudgement.score);
  const random = await scoreWeights('random', { network }, { seed: 4 });
  assert.equal(random, await scoreWeights('random-erk', { network }, { seed: 4 }));
  assert.is.not(random.join(), (await scoreWeights('random', { network }, { seed: 5 })).join());
  assert.equal(
    [...random].sort((a, b) => a - b),
    Array.from(random.keys()),
  );
  assert.equal(criterionNames.filter((name) => criterion(name).density !== 'global').sort(), [
    ...['ft', 'magnitude-layer', 'pt', 'random', 'random-erk', 'random-moved'],
  ]);
});

test("random-moved: static weights, then undecided ones, then the tested; in random's order within each", async () => {
  const classes = ['static', 'undecided', 'tested'];
  const classOf = (verdict: Verdict): number => classes.indexOf(verdict.includes('causal') ? 'tested' : verdict);
  const { network } = await full();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...VERDICTS), { minLength: network.weights, maxLength: network.weights }),
      fc.nat(2 ** 32 - 1),
      async (verdicts, seed) => {
        // scores as `judge` has them would say the same, but for a tested weight with 0
        const judgement = { score: new Float64Array(network.weights), verdict: (w: number) => verdicts[w] as Verdict };
        const scores = await scoreWeights('random-moved', { network, judgement }, { seed });
        const random = await scoreWeights('random', { network }, { seed });
        const found = verdicts.map((verdict, w) => ({ w, of: classOf(verdict), place: random[w] as number }));
        const expected = found.sort((a, b) => a.of - b.of || a.place - b.place).filter(({ of }) => of > 0);
        const order = [...scores.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
        const still = order.filter((w) => scores[w] === Number.NEGATIVE_INFINITY);
        assert.equal(
          still,
          [...verdicts.keys()].filter((w) => verdicts[w] === 'static'),
        );
        assert.equal(
          order.slice(still.length),
          expected.map(({ w }) => w),
        );
        assert.equal(await scoreWeights('random-moved', { network, judgement }, { seed }), scores);
      },
    ),
    RUNS,
  );
  const judgement = { score: new Float64Array(network.weights) };
  await assertLegcnetError(
    () => scoreWeights('random-moved', { network, judgement }),
    'ERR_ARGUMENT',
    /context.judgement.verdict/,
  );
});

test('ranks: ties share the mean place; combinations are weighted means of ranks', async () => {
  assert.equal([...ranks(Float64Array.of(5, -Infinity, 5, 2, -Infinity))], [3.5, 0.5, 3.5, 2, 0.5]);
  assert.equal(ranks(new Float64Array()), new Float64Array());
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 40 }), (values) => {
      const expected = values.map((v) => {
        const below = values.filter((w) => w < v).length;
        return below + (values.filter((w) => w === v).length - 1) / 2;
      });
      assert.equal([...ranks(Float64Array.from(values))], expected);
    }),
  );
  const { context } = await full();
  const [a, b] = [ranks(await scoreWeights('magnitude', context)), ranks(await scoreWeights('ft', context))];
  assertClose(
    await scoreWeights('rank(3*magnitude, ft)', context),
    a.map((rank, i) => (3 * rank + (b[i] as number)) / 4),
    { absolute: 1e-12 },
  );
  assert.equal(await scoreWeights('rank(magnitude,magnitude)', context), meanRanks([a], [1]));
  assert.equal(criterion('rank(snip,taylor)').needs, ['samples', 'trained']);
});

test('every criterion: one number a weight, the same for any number of threads, -Infinity where pruned', async () => {
  const { context } = await full(4, 700);
  const { weights } = context.network;
  const mask = Uint8Array.from({ length: weights }, (_, i) => (i % 4 === 0 ? 0 : 1));
  for (const name of [...criterionNames, 'rank(snip,random)'] as CriterionSpec[]) {
    const one = await scoreWeights(name, context, { threads: 1, seed: 2 });
    assert.is(one.length, weights, name);
    assert.ok(
      one.every((score) => !Number.isNaN(score)),
      name,
    );
    assert.equal(one, await scoreWeights(name, context, { threads: 3, seed: 2 }), name);
    const masked = await scoreWeights(name, { ...context, mask }, { seed: 2 });
    masked.forEach((score, i) => assert.is(score === Number.NEGATIVE_INFINITY, mask[i] === 0, name));
  }
});

test('every criterion lives with all-zero weights, one layer, one row, a layer that is pruned whole', async () => {
  for (const hidden of [[], [5]]) {
    const { network: drawn, samples } = await problemOf({ seed: 3, hidden, columns: 4, outputs: 3, rows: 1, zeros: 0 });
    const zero = drawn.withParameters(new Float64Array(drawn.parameters.length));
    const first = drawn.layers[0] as Mlp['layers'][number];
    const mask = Uint8Array.from({ length: drawn.weights }, (_, i) => (i < first.inputs * first.outputs ? 0 : 1));
    for (const network of [drawn, zero]) {
      for (const pruned of [undefined, mask]) {
        const options = { learningRate: 0.1, epochs: 2, mask: pruned };
        const context = {
          ...{ network, samples, trained: network, partlyTrained: network, mask: pruned },
          trajectory: trajectoryOf(network, { train: samples }, options),
          judgement: { score: new Float64Array(network.weights), verdict: () => 'undecided' as const },
          partialJudgement: { score: new Float64Array(network.weights) },
        };
        for (const name of criterionNames) {
          const scores = await scoreWeights(name, context);
          assert.ok(
            scores.every((score, i) => (pruned?.[i] === 0 ? score === -Infinity : Number.isFinite(score))),
            name,
          );
        }
      }
    }
  }
});

test('drawn rows: as many as asked for, by the seed', async () => {
  const { context } = await full(6, 60);
  const score = (options: object) => scoreWeights('snip', context, options);
  assert.equal(await score({ scoreRows: 60 }), await score({}));
  assert.equal(await score({ scoreRows: 10, seed: 1 }), await score({ scoreRows: 10, seed: 1 }));
  assert.is.not((await score({ scoreRows: 10, seed: 1 })).join(), (await score({ scoreRows: 10, seed: 2 })).join());
});

test('docs/criteria.md has a row for each, with its needs', async () => {
  const text = await readFile(new URL('../../docs/criteria.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const needs = rows.map((row) => {
    const [, name, , needed] = row.replaceAll('\\|', '').split('|') as [string, string, string, string];
    return [name.trim(), needed.trim()];
  });
  assert.equal(
    needs.slice(0, -1),
    criterionNames.map((name) => [
      `\`${name}\``,
      criterion(name)
        .needs.map((one) => `\`${one}\``)
        .join(', '),
    ]),
  );
});

test('what is missing, unknown or not finite is refused', async () => {
  const { context, network } = await full();
  const bad = (over: object, name: CriterionSpec = 'magnitude') => scoreWeights(name, { ...context, ...over });
  for (const name of criterionNames) {
    for (const needed of criterion(name).needs) {
      await assertLegcnetError(
        () => bad({ [needed]: undefined }, name),
        'ERR_ARGUMENT',
        new RegExp(`context.${needed}`),
      );
    }
    const nan = network.parameters.slice();
    nan[1] = Number.NaN;
    await assertLegcnetError(
      () => bad({ network: network.withParameters(nan) }, name),
      'ERR_ARGUMENT',
      /parameters\[1\]/,
    );
  }
  const huge = network.withParameters(network.parameters.map(() => 1e200));
  await assertLegcnetError(() => bad({ network: huge }, 'synflow'), 'ERR_ARGUMENT', /too large/);
  await assertLegcnetError(() => bad({ mask: new Uint8Array(3) }), 'ERR_ARGUMENT', /mask/);
  await assertLegcnetError(() => bad({ samples: {} }, 'snip'), 'ERR_ARGUMENT', /samples/);
  await assertLegcnetError(
    () => bad({ judgement: { score: new Float64Array(2) } }, 'ft'),
    'ERR_ARGUMENT',
    /scores by ft/,
  );
  const variant: CriterionSpec = 'ft(series=weights)';
  await assertLegcnetError(() => bad({}, variant), 'ERR_ARGUMENT', /context.judgements/);
  await assertLegcnetError(
    () => bad({ judgements: {} }, variant),
    'ERR_ARGUMENT',
    /judgements of ft\(series=weights\)/,
  );
  const judgements = { [variant]: { score: Float64Array.from({ length: network.weights }, (_, i) => i) } };
  assert.equal(await bad({ judgements }, variant), judgements[variant]?.score);
  await assertLegcnetError(() => bad({ trained: other }), 'ERR_ARGUMENT', /context.trained/);
  for (const [name, message] of [
    ['magnitud', /did you mean magnitude/],
    ['nonsense', /rank\(a,b\)/],
    ['rank(magnitude)', /two or more/],
    ['rank(magnitude,nix)', /nix/],
    ['rank(0*magnitude,ft)', /positive factor/],
    ['rank(*magnitude,ft)', /positive factor/],
    ['toString', /one of|did you mean/],
  ] as const) {
    await assertLegcnetError(() => bad({}, name as CriterionSpec), 'ERR_OPTION', message);
  }
  await assertLegcnetError(
    () => scoreWeights('random', context, { rounds: 3 } as never),
    'ERR_OPTION',
    /there is no option rounds/,
  );
});

test.run();
