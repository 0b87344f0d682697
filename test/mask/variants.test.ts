import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { criterion } from '../../lib/mask/criteria.js';
import { RULE_OPTIONS, SERIES_OPTIONS, parseVariant } from '../../lib/mask/variants.js';
import { TRAINING_OPTIONS } from '../../lib/network/train.js';
import { type CriterionSpec, options, splitNested } from '../../lib/options.js';
import { resolveConfig } from '../../lib/pipeline/config.js';
import { assertLegcnetError } from '../helpers/throws.js';

test('lists are divided at the commas outside parentheses, however deep', () => {
  assert.equal(splitNested('ft, rank(2*a,ft(fit=0,4)) ,b'), ['ft', 'rank(2*a,ft(fit=0,4))', 'b']);
  assert.equal(splitNested('rank(magnitude,ft(a=1,b=2)),c'), ['rank(magnitude,ft(a=1,b=2))', 'c']);
  assert.equal(splitNested(''), ['']);
  assert.equal(splitNested('a,(b'), ['a', '(b']);
  const tree = fc.letrec<{ term: string }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 4 },
      fc.stringMatching(/^[a-z]{1,5}$/),
      fc.array(tie('term'), { minLength: 1, maxLength: 3 }).map((terms) => `f(${terms.join(',')})`),
    ),
  })).term;
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1 }), (terms) => assert.equal(splitNested(terms.join(' , ')), terms)),
  );
});

test('values are read as on the command line, and the name is without spaces', () => {
  assert.equal(parseVariant('ft( series = weights, fit = 0, 4 ,lagOrder=2,meanChange=true)'), {
    name: 'ft(series=weights,fit=0,4,lagOrder=2,meanChange=true)',
    method: 'ft',
    given: { series: 'weights', fit: [0, 4], lagOrder: 2, meanChange: true },
  });
  assert.equal(parseVariant('pt(partial=25%)')?.given, { partial: { percent: 25 } });
  assert.equal(parseVariant('ft(preset=paper)')?.given, { preset: 'paper' });
  for (const other of ['ft', 'rank(ft,pt)', 'snip(maxLag=3)', 'ft(maxLag=3', 'xft(maxLag=3)']) {
    assert.is(parseVariant(other), undefined, other);
  }
});

test('no option of a rule is one of the training; every one of series, exponent and test is among them', () => {
  for (const name of RULE_OPTIONS) assert.ok(['series', 'exponent', 'test'].includes(options[name].group), name);
  const both = RULE_OPTIONS.filter((name) => (TRAINING_OPTIONS as readonly string[]).includes(name));
  assert.equal(both, ['exponentScalar']); // of the series kept, not of the weights
  assert.ok(SERIES_OPTIONS.every((name) => RULE_OPTIONS.includes(name)));
});

test('what a rule cannot have of its own is refused', async () => {
  const cases: [string, RegExp][] = [
    ['ft()', /options with values/],
    ['ft(weights)', /options with values/],
    ['ft(maxLag=3,,series=weights)', /options with values/],
    ['ft(=3)', /options with values/],
    ['ft(maxLag=)', /for maxLag of ft/],
    ['ft(maxLag=2,maxLag=3)', /maxLag once/],
    ['ft(series=weight)', /one of weights, difference for series of ft/],
    ['ft(epochs=3)', /share one training/],
    ['ft(weightLog=a.npy)', /share one training/],
    ['ft(partial=10%)', /watches the whole/],
    ['pt(serie=weights)', /did you mean series/],
    ['ft(theiler-window=2)', /did you mean theilerWindow/],
    ['ft(toString=1)', /there is no option toString/],
    ['ft(__proto__=1)', /there is no option __proto__/],
    ['snip(maxLag=3)', /one of/],
    ['rank(ft(maxLag=x),snip)', /maxLag of ft/],
    ['rank(rank(ft,pt),snip)', /one of/],
  ];
  for (const [spec, message] of cases) {
    await assertLegcnetError(() => criterion(spec as CriterionSpec), 'ERR_OPTION', message);
  }
});

test('a run has one rule: its options are those of the run', async () => {
  for (const method of ['rank(ft(maxLag=3),magnitude)', 'rank(pt(maxLag=3),ft)'] as CriterionSpec[]) {
    await assertLegcnetError(() => resolveConfig('iris', { method }), 'ERR_OPTION', /without options of their own/);
  }
  await assertLegcnetError(() => resolveConfig('iris', { method: 'ft(maxLag=3)' }), 'ERR_OPTION', /for method/);
});

test('a criterion knows the rules it rests on', () => {
  assert.equal(criterion('magnitude').rules, []);
  assert.equal(criterion('pt').rules, ['pt']);
  const variant = criterion('ft( maxLag = 3)');
  assert.is(variant.name, 'ft(maxLag=3)');
  assert.equal(variant.rules, ['ft(maxLag=3)']);
  assert.is(variant.density, criterion('ft').density);
  assert.equal(criterion('rank(2*ft(maxLag=3),snip,ft)').rules, ['ft(maxLag=3)', 'ft']);
});

test.run();
