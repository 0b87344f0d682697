import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adjustPValues } from '../../lib/granger/adjust.js';
import type { WatchedSeries } from '../../lib/network/train.js';
import { resolveConfig } from '../../lib/pipeline/config.js';
import {
  type PlaceboColumn,
  type SeedSeries,
  firstWindows,
  maskOverlap,
  placeboColumn,
  plainPValues,
  plant,
  power,
  shuffleWithinLayers,
  summarisePlacebo,
} from '../../lib/pipeline/referee.js';
import { Resampler, normals } from '../../lib/pipeline/referee-statistics.js';
import { contestSentences, placeboSentence, powerSentence } from '../../lib/pipeline/referee-verdict.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { longestTurn } from '../helpers/turns.js';

const strict = resolveConfig('iris');
const authors = resolveConfig('iris', { preset: 'authors' });

/** Ends of the 99 % binomial interval of a share: what scipy.stats.binom.interval(0.99, n, p) / n gives, by summation. */
function binomialInterval(n: number, p: number): [number, number] {
  let [term, cumulated, low] = [(1 - p) ** n, 0, -1];
  for (let k = 0; k <= n; k++) {
    cumulated += term;
    if (low < 0 && cumulated >= 0.005) low = k;
    if (cumulated >= 0.995) return [low / n, k / n];
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return [low / n, 1];
}

const within = (share: number, [low, high]: [number, number], label: string): void =>
  assert.ok(share >= low && share <= high, `${label}: ${share} is not within ${low} to ${high}`);

/** Seeds whose exponents are noise; a share of the weights of each causes its own misclassification, one window later. */
function simulate(seeds: number, weights: number, windows: number, planted: number, strength: number): SeedSeries[] {
  const summed = strict.stationarity === 'difference';
  return Array.from({ length: seeds }, (_, i) => {
    const normal = normals(100 + i);
    const common = Float64Array.from({ length: windows }, normal);
    const exponents = new Float64Array(weights * windows);
    for (let w = 0; w < weights; w++) {
      let total = 0;
      for (let t = 0; t < windows; t++) {
        const value = normal() + (w < planted ? strength * (common[t] as number) : 0);
        total = value + (summed ? total : 0);
        exponents[w * windows + t] = total;
      }
    }
    let total = 0;
    const misclassification = Float64Array.from({ length: windows }, (_, t) => {
      total = normal() + (common[t - 1] ?? 0) + (summed ? total : 0);
      return total;
    });
    const series: WatchedSeries = { exponents, missing: new Int32Array(weights), misclassification, seconds: 0 };
    return { seed: i + 1, series };
  });
}

async function matrixOf(series: readonly SeedSeries[], config = strict): Promise<PlaceboColumn[]> {
  const columns: PlaceboColumn[] = [];
  for (const own of series) {
    columns.push(
      await placeboColumn(
        own,
        series.filter((other) => other !== own),
        config,
      ),
    );
  }
  return columns;
}

/** [rows, n] of walks whose steps are autoregressive of order 1. */
function autoregressiveWalks(rows: number, n: number, coefficient: number, seed: number): Float64Array {
  const normal = normals(seed);
  const data = new Float64Array(rows * n);
  for (let row = 0; row < rows; row++) {
    let [step, total] = [normal() / Math.sqrt(1 - coefficient ** 2), 0];
    for (let t = 0; t < n; t++) {
      total += step;
      data[row * n + t] = total;
      step = coefficient * step + normal();
    }
  }
  return data;
}

/** Share of independent sources, one target each, that a configuration calls causal without correction. */
async function falseAlarms(sources: Float64Array, targets: Float64Array, windows: number, config = strict) {
  const p = await plainPValues({ data: sources, shape: [sources.length / windows, windows] }, targets, config);
  return p.filter((value) => value < config.alpha).length / p.length;
}

test('independent noise is called causal at alpha, within its binomial interval, under strict', async () => {
  const [windows, tests] = [200, 2000];
  const { sources, targets } = await plant(windows, tests, 0, true, 5);
  within(await falseAlarms(sources, targets, windows), binomialInterval(tests, strict.alpha), 'share');
});

test('so are independent autoregressive sources, of autoregressive targets too; not so at the BIC lag of both', async () => {
  const [windows, tests] = [200, 2000];
  const ends = binomialInterval(tests, strict.alpha);
  for (const [source, target] of [
    [0.5, 0],
    [0, 0.5],
    [0.5, 0.5],
    [-0.5, 0.5],
    [0.8, -0.5],
  ] as const) {
    const sources = autoregressiveWalks(tests, windows, source, 40);
    const targets = autoregressiveWalks(tests, windows, target, 41);
    within(await falseAlarms(sources, targets, windows), ends, `${source}, ${target}`);
  }
  const noise = await plant(60, tests, 0, true, 5);
  const bic = await falseAlarms(noise.sources, noise.targets, 60, { ...strict, lagOrder: 'bic' });
  assert.ok(bic > ends[1], `${bic}`);
});

test('with strict’s correction a network of noise has any causal weight at alpha, and planted causes are found', async () => {
  const [windows, weights, networks] = [100, 40, 500];
  const { sources, targets } = await plant(windows, weights * networks, 0, true, 6);
  const planted = await plant(windows, networks, 0.3, true, 7);
  for (let n = 0; n < networks; n++) {
    // a network's last weight is the planted one's
    const at = ((n + 1) * weights - 1) * windows;
    sources.set(planted.sources.subarray(n * windows, (n + 1) * windows), at);
    targets.set(planted.targets.subarray(n * windows, (n + 1) * windows), at);
  }
  const p = await plainPValues({ data: sources, shape: [weights * networks, windows] }, targets, strict);
  let [any, found] = [0, 0];
  for (let n = 0; n < networks; n++) {
    const end = (n + 1) * weights;
    const noise = adjustPValues(p.subarray(end - weights, end - 1), strict.correction);
    if (noise.some((value) => value < strict.alpha)) any++;
    const all = adjustPValues(p.subarray(end - weights, end), strict.correction);
    if ((all[weights - 1] as number) < strict.alpha) found++;
  }
  within(any / networks, binomialInterval(networks, strict.alpha), 'networks');
  assert.ok(found / networks > 0.95, `${found}`);
});

test('power: grows with the effect and the windows, finds strong causes, and is no more than alpha without one', async () => {
  const family = new Float64Array(50).map((_, i) => (i + 0.5) / 50);
  const [short, long] = [await power(60, family, strict), await power(200, family, strict)];
  const shares = ({ found }: typeof short): number[] => found.map(({ share }) => share);
  assert.equal(
    long.found.map(({ rSquared }) => rSquared),
    [0, 0.05, 0.1, 0.2],
  );
  assert.ok((shares(long)[0] as number) <= strict.alpha, `${shares(long)}`);
  assert.equal([...shares(long)].sort(), shares(long));
  shares(short)
    .slice(1)
    .forEach((share, k) => assert.ok(share < (shares(long)[k + 1] as number)));
  const strong = await power(200, family, strict, { effects: [0.5] });
  assert.is(strong.found[0]?.share, 1);
  assert.equal(await power(60, family, strict), short);
  assert.match(powerSentence(long), /With 200 windows .* at r2 = 0, .* at r2 = 0.2\./);
});

test('power corrects a large family without holding up the event loop', async () => {
  const family = new Float64Array(1_000_000).map((_, i) => ((i * 7919) % 1_000_003) / 1_000_003);
  const alone = performance.now();
  adjustPValues(family, strict.correction);
  const correction = performance.now() - alone;
  const [turn] = await longestTurn(() => power(100, family, strict, { effects: [0.1], replicates: 100 }));
  assert.ok(turn < Math.max(50, correction), `${turn} ms, and a correction takes ${correction} ms`);
});

test('power takes any seed, can be aborted, and refuses what it cannot simulate', async () => {
  const few = { effects: [0, 0.1], replicates: 10 };
  const last = await power(60, new Float64Array(0), strict, { ...few, seed: 2 ** 32 - 1 });
  assert.is(last.found.length, 2);
  const reason = new Error('enough');
  await power(60, new Float64Array(0), strict, { signal: AbortSignal.abort(reason) }).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, reason),
  );
  const run = (windows: number, more: object, family = [0.5]) =>
    power(windows, Float64Array.from(family), strict, more);
  await assertLegcnetError(() => run(60.5, {}), 'ERR_ARGUMENT', /windows/);
  await assertLegcnetError(() => run(60, { replicates: 0 }), 'ERR_OPTION', /replicates/);
  await assertLegcnetError(() => run(60, { effects: [1.5] }), 'ERR_OPTION', /effects/);
  await assertLegcnetError(() => run(60, { seed: -1 }), 'ERR_OPTION', /seed/);
  await assertLegcnetError(() => run(60, {}, [0.5, 1.5]), 'ERR_ARGUMENT', /family\[1\]/);
});

test('the published rule calls independent noise causal far above alpha', async () => {
  const { found } = await power(100, new Float64Array(0), authors, { effects: [0] });
  assert.ok((found[0]?.share as number) > 0.3, `${found[0]?.share}`);
});

test('a planted source is found and told apart from another seed’s', async () => {
  const columns = await matrixOf(simulate(6, 60, 150, 30, 2));
  const placebo = summarisePlacebo(columns, new Resampler(500));
  assert.ok(placebo.own > 0.45, `${placebo.own}`);
  assert.ok(placebo.other < 0.05, `${placebo.other}`);
  assert.ok(placebo.tellsApart && placebo.auc.mean > 0.7, `${placebo.auc.mean}`);
  assert.match(placeboSentence(placebo), /: this rule tells them apart\.$/);
});

test('noise is not told apart: own and placebo shares agree', async () => {
  for (const config of [strict, { ...strict, correction: 'none' as const }, authors]) {
    const columns = await matrixOf(simulate(6, 60, 150, 0, 0), config);
    const placebo = summarisePlacebo(columns, new Resampler(500));
    assert.not(placebo.tellsApart);
    assertClose(placebo.auc.mean, 0.5, { absolute: 0.05 });
    if (config === authors) assert.match(placeboSentence(placebo), /this rule does not tell them apart/);
  }
});

test('a trend that all seeds share is no knowledge: own and other alike, though the shifted target says otherwise', async () => {
  const windows = 120;
  const series = simulate(5, 40, windows, 0, 0).map(({ seed, series: one }) => {
    const decay = (t: number): number => 40 * Math.exp(-t / 15);
    const exponents = one.exponents.map((_, i) => decay(i % windows) + 0.3 * Math.sin(i * i * seed));
    const misclassification = one.misclassification.map((_, t) => decay(t) + 0.3 * Math.cos(t * t * seed));
    return { seed, series: { ...one, exponents, misclassification } as WatchedSeries };
  });
  const config = { ...authors, maxLag: 4 };
  const placebo = summarisePlacebo(await matrixOf(series, config), new Resampler(500));
  assert.ok(placebo.own > 0.5 && placebo.other > 0.5, `${placebo.own} ${placebo.other}`);
  assert.not(placebo.tellsApart);
});

test('the placebo’s numbers, on a matrix small enough to do by hand', () => {
  const column = (target: number, share: number[], auc: number[]): PlaceboColumn => ({
    target,
    sources: [target, ...[1, 2, 3].filter((seed) => seed !== target)],
    moved: share.map(() => 1000),
    share,
    auc,
    shifted: 0.1 * target,
  });
  const columns = [
    column(1, [0.6, 0.2, 0.4], [0.5, 0.7, 0.9]),
    column(2, [0.5, 0.5, 0.3], [0.5, 0.5, 0.5]),
    column(3, [0.4, 0.1, 0.5], [0.5, 0.6, 0.8]),
  ];
  const placebo = summarisePlacebo(columns, new Resampler(200));
  assert.equal(placebo.matrix, [
    [0.6, 0.5, 0.1],
    [0.2, 0.5, 0.5],
    [0.4, 0.3, 0.4],
  ]);
  assertClose([placebo.own, placebo.other], [0.5, (0.3 + 0.4 + 0.3) / 3], { absolute: 1e-15 });
  assertClose(placebo.difference.mean, (0.3 + 0.1 + 0.1) / 3, { absolute: 1e-15 });
  assertClose(placebo.ratio as number, 1.5, { relative: 1e-12 });
  assertClose([placebo.auc.mean, placebo.shifted], [2 / 3, 0.2], { absolute: 1e-15 });
  const none = columns.map((one) => ({ ...one, share: [0, 0, 0] }));
  const nothing = summarisePlacebo(none, new Resampler(200));
  assert.is(nothing.ratio, null);
  assert.match(placeboSentence(nothing), /calls nothing causal/);
});

test('seeds that agree by chance prove nothing', () => {
  // one weight of a thousand in each of two seeds: no deviation at all, and no evidence
  const once = (target: number): PlaceboColumn => ({
    target,
    sources: target === 1 ? [1, 2] : [2, 1],
    moved: [1000, 1000],
    share: [0.001, 0],
    auc: [0.5, 0.5],
    shifted: 0,
  });
  const chance = summarisePlacebo([once(1), once(2)], new Resampler(200));
  assert.is(chance.difference.deviation, 0);
  assert.not(chance.tellsApart);
  const always = (target: number): PlaceboColumn => ({ ...once(target), share: [1, 0] });
  assert.ok(summarisePlacebo([always(1), always(2)], new Resampler(200)).tellsApart);
});

test('series are cut to their first windows', () => {
  const series: WatchedSeries = {
    exponents: Float64Array.of(1, 2, 0, 0, 0, 0, 0, 7, 8),
    missing: Int32Array.of(1, 3, 1),
    misclassification: Float64Array.of(0.3, 0.2, 0.1),
    seconds: 0,
  };
  const cut = firstWindows(series, 2);
  assert.equal([...cut.exponents], [1, 2, 0, 0, 0, 7]);
  assert.equal([...cut.missing], [0, 2, 1]);
  assert.equal([...cut.misclassification], [0.3, 0.2]);
  assert.is(firstWindows(series, 3), series);
});

test('masks: overlap beside chance, and shuffles that keep each layer’s count', () => {
  const layers = [
    { name: 'W1', inputs: 100, outputs: 30, offset: 0 },
    { name: 'W2', inputs: 30, outputs: 10, offset: 3000 },
  ];
  const mask = new Uint8Array(3300);
  mask.fill(1, 0, 300).fill(1, 3000, 3150);
  const shuffled = [1, 2, 3, 4, 5, 6].map((seed) => shuffleWithinLayers(mask, layers, seed));
  for (const one of shuffled) {
    assert.is(
      one.subarray(0, 3000).reduce((n, bit) => n + bit, 0),
      300,
    );
    assert.is(
      one.subarray(3000).reduce((n, bit) => n + bit, 0),
      150,
    );
    assert.not.equal(one, mask);
  }
  const { overlap, chance } = maskOverlap(shuffled, layers);
  assertClose(chance, (30 + 75) / (900 - 105), { relative: 1e-12 });
  assertClose(overlap, chance, { relative: 0.1 });
  assert.equal(maskOverlap([mask, mask], layers).overlap, 1);
  assert.ok(Number.isNaN(maskOverlap([mask], layers).overlap));
});

test('the verdict names who serves better, and by which command', () => {
  const estimate = (mean: number, half: number) => ({
    ...{ n: 10, mean, deviation: half, method: 't' as const, bootstrap: null },
    interval: [mean - half, mean + half] as const,
  });
  const sentences = contestSentences({
    sparsity: 0.9,
    ranking: 0.937,
    rivals: [
      { name: 'magnitude', accuracy: 0.965, difference: estimate(-0.028, 0.005), command: 'legcnet compare mnist' },
      { name: 'snip', accuracy: 0.95, difference: estimate(-0.013, 0.005), command: 'no' },
      { name: 'random', accuracy: 0.938, difference: estimate(-0.001, 0.004) },
    ],
  });
  assert.is(sentences[0], 'At 90 % sparsity this ranking keeps 93.7 %, magnitude 96.5 %, snip 95.0 %, random 93.8 %.');
  assert.match(sentences[1] as string, 'It cannot be told from random (-0.10 points, 95 % t interval -0.50 to +0.30).');
  assert.is(
    sentences[2],
    'magnitude serves better here (+2.80 points, 95 % t interval +2.30 to +3.30): legcnet compare mnist',
  );
  assert.is(sentences.length, 3);
});

test.run();
