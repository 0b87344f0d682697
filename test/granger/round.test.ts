import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { roundDecimals } from '../../lib/granger/round.js';
import { haveNumpy, python } from '../helpers/python.js';
import { uniforms } from './series.js';

test('halves go to the even neighbour', () => {
  assert.equal(
    [0.5, 1.5, 2.5, -0.5, -1.5].map((x) => roundDecimals(x, 0)),
    [0, 2, 2, -0, -2],
  );
  // 0.00025 times 10^4 is 2.5 exactly, 0.00035 times 10^4 is just above 3.5
  assert.is(roundDecimals(0.00025, 4), 0.0002);
  assert.is(roundDecimals(0.00035, 4), 0.0004);
  assert.is(roundDecimals(0.04995, 4), 0.05);
  assert.is(roundDecimals(1, 4), 1);
  assert.is(roundDecimals(5e-324, 4), 0);
});

if (haveNumpy) {
  test('as numpy rounds', () => {
    const uniform = uniforms(1);
    const values = Array.from({ length: 2000 }, (_, i) => (i % 2 ? uniform() : Math.floor(20000 * uniform()) / 20000));
    const program = 'import json, sys, numpy; print(json.dumps(numpy.round(json.loads(sys.argv[1]), 4).tolist()))';
    assert.equal(
      values.map((x) => roundDecimals(x, 4)),
      JSON.parse(python(program, JSON.stringify(values))),
    );
  });
}

test.run();
