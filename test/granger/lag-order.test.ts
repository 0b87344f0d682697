import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LagCandidates, type LagOrder, chooseLag } from '../../lib/granger/lag-order.js';

const choose = (order: LagOrder, over: { status?: number[]; pValue?: number[]; commonRss?: number[] }): number => {
  const { status = [0, 0, 0], pValue = [0.5, 0.1, 0.1], commonRss = [10, 5, 4.9] } = over;
  const candidates: LagCandidates = {
    status: Uint8Array.from(status),
    pValue: Float64Array.from(pValue),
    commonRss: Float64Array.from(commonRss),
    commonSamples: 50,
  };
  return chooseLag(order, candidates);
};

test('min-p takes the least p, the shorter lag of equals', () => {
  assert.is(choose('min-p', {}), 1);
  assert.is(choose('min-p', { pValue: [0, 0, 0] }), 0);
});

test('lags that could not be tested do not count, rank-deficient ones do', () => {
  for (const untested of [1, 2, 3, 5]) assert.is(choose('min-p', { status: [0, untested, 0] }), 2);
  assert.is(choose('min-p', { status: [0, 4, 0] }), 1);
  assert.is(choose('min-p', { status: [1, 2, 3] }), -1);
  assert.is(choose(3, { status: [2], pValue: [Number.NaN] }), -1);
});

test('bic asks more of a parameter than aic', () => {
  // Two more parameters for one part in 12: worth 50 ln(12/11) = 4.35, aic asks 4, bic 2 ln 50 = 7.8.
  assert.is(choose('aic', { commonRss: [12, 11], status: [0, 0], pValue: [1, 1] }), 1);
  assert.is(choose('bic', { commonRss: [12, 11], status: [0, 0], pValue: [1, 1] }), 0);
});

test('a common sample on which nothing is left compares with nothing', () => {
  assert.is(choose('bic', { commonRss: [3, 0, 2.9] }), 0);
  assert.is(choose('bic', { commonRss: [0, 0, 0] }), -1);
});

test.run();
