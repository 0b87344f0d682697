import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adjustPValues } from '../../lib/granger/adjust.js';
import { assertClose } from '../helpers/close.js';
import { assertLegcnetError } from '../helpers/throws.js';

// Benjamini and Hochberg 1995, section 3.2: fifteen tests, of which four are rejected at 0.05.
const PUBLISHED = [
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
];

test("Benjamini and Hochberg's own example", () => {
  const adjusted = adjustPValues(PUBLISHED, 'bh');
  assert.is(adjusted.filter((p) => p < 0.05).length, 4);
  // R: p.adjust(p, "BH")
  const expected = [
    0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857142857, 0.063857142857, 0.0645, 0.0765, 0.486, 0.58118181818182,
    0.714875, 0.75323076923077, 0.81321428571429, 1,
  ];
  assertClose(adjusted, expected, { relative: 1e-11 });
});

test('Benjamini and Yekutieli is stricter by the harmonic sum', () => {
  const bh = adjustPValues([0.001, 0.01, 0.2], 'bh');
  const by = adjustPValues([0.001, 0.01, 0.2], 'by');
  assertClose(
    by,
    bh.map((p) => Math.min(1, p * (1 + 1 / 2 + 1 / 3))),
    { relative: 1e-14 },
  );
});

/** The definition, one p at a time. */
function byDefinition(pValues: readonly number[], factorOf: (m: number) => number): number[] {
  const sorted = pValues.filter((p) => !Number.isNaN(p)).sort((a, b) => a - b);
  const m = sorted.length;
  return pValues.map((p) => {
    if (Number.isNaN(p)) return p;
    let least = 1;
    sorted.forEach((q, k) => {
      if (q >= p) least = Math.min(least, (q * m * factorOf(m)) / (k + 1));
    });
    return least;
  });
}

test('any p-values, with ties and tests that could not run', () => {
  const pValue = fc.oneof(fc.constantFrom(0, 0.01, 0.05, 1, Number.NaN), fc.double({ min: 0, max: 1, noNaN: true }));
  const harmonic = (m: number): number => Array.from({ length: m }, (_, k) => 1 / (k + 1)).reduce((a, b) => a + b, 0);
  fc.assert(
    fc.property(fc.array(pValue, { maxLength: 40 }), (pValues) => {
      assertClose(
        adjustPValues(pValues, 'bh'),
        byDefinition(pValues, () => 1),
        { relative: 1e-13 },
      );
      assertClose(adjustPValues(pValues, 'by'), byDefinition(pValues, harmonic), { relative: 1e-13, absolute: 1e-300 });
      assertClose(adjustPValues(pValues, 'none'), pValues, {});
    }),
  );
});

test('the input stays as it is', () => {
  const pValues = Float64Array.of(0.3, 0.1);
  adjustPValues(pValues, 'bh');
  adjustPValues(pValues, 'none')[0] = 7;
  assert.equal(pValues, Float64Array.of(0.3, 0.1));
});

test('values that are no probabilities, and unknown methods, are refused', async () => {
  await assertLegcnetError(() => adjustPValues([0.5, 1.1], 'bh'), 'ERR_ARGUMENT', /pValues\[1\]/);
  await assertLegcnetError(() => adjustPValues([-1e-9], 'none'), 'ERR_ARGUMENT', /pValues\[0\]/);
  await assertLegcnetError(() => adjustPValues([0.5], 'holm' as any), 'ERR_OPTION', /correction/);
});

test.run();
