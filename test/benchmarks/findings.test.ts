import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXPERIMENTS } from '../../benchmarks/findings/plan.js';
import { findings } from '../../benchmarks/findings/report.js';
import { sentencesOn, standing } from '../../benchmarks/findings/sentences.js';
import { type Difference, difference } from '../../benchmarks/findings/statistics.js';
import { study } from '../../benchmarks/findings/study.js';
import { type MethodSummary, type Summary, readSummaries } from '../../benchmarks/findings/summary.js';
import { planComparison } from '../../lib/experiment/plan.js';
import { studentInterval } from '../../lib/pipeline/referee-statistics.js';
import { assertClose } from '../helpers/close.js';

const at = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const summaries = await readSummaries(at('benchmarks/findings/results'));

test('docs/findings.md is what the summaries give', async () => {
  assert.fixture(findings(summaries), await readFile(at('docs/findings.md'), 'utf8'));
});

test('every comparison of the plan can be planned', () => {
  for (const { data, options } of EXPERIMENTS) {
    const { signal: _, onProgress: __, ...given } = options;
    assert.ok(planComparison(data, given).methods.length > 1);
  }
});

test("a family's verdict is never surer than the difference's own, and neither goes against its mean", () => {
  // differences of shares of 10,000 test rows, not numbers so small that their squares vanish
  const values = fc.array(fc.integer({ min: -1e4, max: 1e4 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 500 }), (seeds, family) => {
      const { mean, interval, single, verdict } = difference(seeds, family);
      assertClose([...interval], [...(studentInterval(seeds) as [number, number])], { relative: 1e-9, absolute: 1e-9 });
      assert.is(difference(seeds, 1).verdict, single);
      if (verdict !== single) assert.is(verdict, 'unclear');
      if (single === 'better') assert.ok(mean > 0 && interval[0] > 0);
      if (single === 'worse') assert.ok(mean < 0 && interval[1] < 0);
      assert.is(
        single === 'same',
        seeds.every((value) => value === 0),
      );
    }),
  );
  // t(1 - .05 / 2 / 10, 2) = 14.089
  const narrow = [0.029, 0.03, 0.031];
  assert.is(difference(narrow, 10).verdict, 'better');
  assert.is(
    difference(
      narrow.map((value) => value - 0.022),
      10,
    ).verdict,
    'unclear',
  );
  assert.is(
    difference(
      narrow.map((value) => value - 0.022),
      1,
    ).verdict,
    'better',
  );
});

test('sentences name few, count many, and say what the verdicts are', () => {
  const of = (verdict: Difference['verdict'], mean: number) => ({
    difference: { mean, interval: [mean, mean] as const, single: verdict, verdict },
  });
  assert.is(
    standing(
      [
        { name: 'a', ...of('better', 0.01) },
        { name: 'b', ...of('same', 0) },
      ],
      'c',
    ),
    '`a` does better than c (+1.00 points); `b` trains the very tickets of c.',
  );
  const five = ['a', 'b', 'c', 'd', 'e'].map((name, i) => ({ name, ...of('worse', -0.01 * i - 0.01) }));
  assert.is(standing(five, 'x'), 'all 5 do worse than x (-5.00 to -1.00 points).');
  assert.is(
    standing([...five, { name: 'f', ...of('unclear', 0.001) }], 'x'),
    '5 of 6 do worse than x (-5.00 to -1.00 points); `f` cannot be told from x (+0.10 points).',
  );
  const unclear = five.map((one) => ({ ...one, ...of('unclear', 0) }));
  assert.is(standing(unclear, 'x'), 'none of the 5 can be told from x (0.00 points).');
});

/** A comparison with other accuracies of one method. */
const withAccuracy = (summary: Summary, name: string, change: (value: number) => number): Summary => ({
  ...summary,
  methods: summary.methods.map(
    (method): MethodSummary =>
      method.name === name ? { ...method, accuracy: method.accuracy.map((row) => row.map(change)) } : method,
  ),
});

test('the words follow the numbers, whichever way these go', () => {
  const iris = summaries.find(({ data, kind }) => data === 'iris' && kind === 'ranking') as Summary;
  const best = withAccuracy(iris, 'ft', (value) => 1 + value / 1000);
  assert.match(findings([best]), /\*\*Causal rankings beat magnitude\*\* on iris \(\d+ of/);
  assert.match(sentencesOn(study(best)).join('\n'), /Beside magnitude: .*`ft`.* better than magnitude/);
  const worst = withAccuracy(iris, 'ft', (value) => value / 1000);
  assert.match(findings([worst]), /No causal ranking is shown to beat magnitude/);
  assert.match(findings([worst]), /they lose to it on iris/);
  const blind = { ...iris, mostFrequent: 1 };
  assert.match(sentencesOn(study(blind)).join('\n'), /At 50 %, .* nothing can be told there/);
  const still = {
    ...iris,
    referee: iris.referee.map((rule) => ({
      ...rule,
      verdicts: { causal: 0, nonCausal: 0, undecided: 0.25, static: 0.75 },
    })),
  };
  assert.match(
    sentencesOn(study(still)).join('\n'),
    /`ft` could test no weight \(\d+ windows, 75 % .* 25 % undecided\)/,
  );
  assert.match(sentencesOn(study(still)).join('\n'), /75.0 % of the weights never move/);
});

/** A comparison in which `random-moved` was run, and reached so many points more than `random`. */
function withMoved(summary: Summary, gain: (value: number, seed: number) => number): Summary {
  const random = summary.methods.find(({ name }) => name === 'random') as MethodSummary;
  const accuracy = random.accuracy.map((row, seed) => row.map((value) => gain(value, seed)));
  const methods = summary.methods.filter(({ name }) => name !== 'random-moved');
  return { ...summary, methods: [...methods, { ...random, name: 'random-moved', accuracy }] };
}

test('what causal rankings know is told from what they know of which weights move', () => {
  const iris = summaries.find(({ data, kind }) => data === 'iris' && kind === 'ranking') as Summary;
  const same = withMoved(iris, (value) => value);
  const rivals = (summary: Summary) => study(summary).rivals;
  assert.equal([rivals(iris).length, rivals(same).length], [2, 2]);
  assert.match(findings([same]), /none on iris, where `random-moved` is `random`/);
  assert.not.match(findings([same]), /- random-moved/);
  const above = (seed: number): number => 0.2 + seed / 1000;
  const ahead = withMoved(iris, (value, seed) => value + above(seed));
  assert.equal(rivals(ahead), ['magnitude', 'random', 'random-moved']);
  const page = findings([ahead]);
  const gain = (100 * iris.seeds.reduce((sum, _, seed) => sum + above(seed), 0)) / iris.seeds.length;
  assert.match(page, `is +${gain.toFixed(2)} points`);
  assert.match(
    page,
    /Beside that `ft` is -\d+\.\d+ points .* so that it orders the weights that move worse than chance does/,
  );
  assert.match(page, /No causal ranking is shown to beat random-moved\*\* on iris; they lose to it on iris/);
  assert.match(page, /mean - random-moved/);
  assert.match(page, /Minus random-moved, by sparsity/);
  const behind = findings([withMoved(iris, (value, seed) => value - above(seed))]);
  assert.match(behind, /Beside that `ft` is \+\d+\.\d+ points .* so that it knows more than which weights move/);
  assert.match(
    behind,
    /But beside tickets by another seed's exponents, at 75 % and 90 %, `ft` is .* nothing shows that what/,
  );
  assert.not.match(page, /But beside tickets/);
  assert.match(behind, /Causal rankings beat random-moved\*\* on iris/);
  const close = findings([withMoved(iris, (value, seed) => value + (seed % 2 === 0 ? 0.1 : -0.1))]);
  assert.match(close, /`ft` is .* so that nothing shows that it knows more than which weights move/);
});

test.run();
