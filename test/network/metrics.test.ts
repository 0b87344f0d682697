import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { macroScores } from '../../lib/network/metrics.js';
import { assertClose } from '../helpers/close.js';

test('macro scores of a confusion matrix worked out by hand', () => {
  // true 0: 3 right, 1 taken for 1; true 1: 2 taken for 0, 4 right
  const { precision, recall, f1 } = macroScores([3, 1, 2, 4], 2);
  assertClose(precision, (3 / 5 + 4 / 5) / 2, { absolute: 1e-15 });
  assertClose(recall, (3 / 4 + 4 / 6) / 2, { absolute: 1e-15 });
  assertClose(f1, ((2 * 3) / (4 + 5) + (2 * 4) / (6 + 5)) / 2, { absolute: 1e-15 });
});

test('a class that is never predicted has precision 0; one that does not occur is left out', () => {
  // class 1 occurs and is never predicted; class 2 neither occurs nor is predicted
  const { precision, recall, f1 } = macroScores([5, 0, 0, 2, 0, 0, 0, 0, 0], 3);
  assertClose(precision, 5 / 7 / 2, { absolute: 1e-15 });
  assertClose(recall, 0.5, { absolute: 0 });
  assertClose(f1, 10 / 12 / 2, { absolute: 1e-15 });
  assert.equal(macroScores([0, 0, 0, 0], 2), { precision: 0, recall: 0, f1: 0 });
});

test.run();
