import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isUnicode, rangeOf, sparkline } from '../../lib/cli/sparkline.js';

test('one character a value, from the lowest level to the highest', () => {
  assert.is(sparkline([0, 1, 2, 3, 4, 5, 6, 7], true), '▁▂▃▄▅▆▇█');
  assert.is(sparkline([7, null, 0], true), '█ ▁');
  assert.is(sparkline([0, 1, 2, 3, 4, 5, 6, 7], false), '.:-=+*#@');
  assert.is(sparkline([1, 2], true, [0, 4]), '▃▅');
  assert.is(sparkline([-5, 9], true, [0, 1]), '▁█');
  assert.is(sparkline([3, 3], true), '▅▅');
  assert.is(sparkline([], true), '');
  assert.is(sparkline([null], true), ' ');
});

test('a larger value is never drawn lower', () => {
  const values = fc.array(fc.option(fc.double({ noNaN: true, min: -1e300, max: 1e300 })), {
    minLength: 1,
    maxLength: 50,
  });
  fc.assert(
    fc.property(values, (all) => {
      const there = all.filter((value) => value !== null).sort((a, b) => a - b);
      assert.is(sparkline(all, true).length, all.length);
      const levels = [...sparkline(there, true)];
      assert.equal(levels, [...levels].sort());
      if (there.length > 0) assert.equal(rangeOf(all), [there[0], there.at(-1)]);
    }),
    { seed: 5 },
  );
});

test('block characters only where the character set is UTF-8', () => {
  assert.ok(isUnicode({ LANG: 'de_DE.UTF-8', TERM: 'xterm' }, 'linux'));
  assert.ok(isUnicode({ LC_ALL: '', LC_CTYPE: 'C.utf8' }, 'darwin'));
  assert.not.ok(isUnicode({ LC_ALL: 'C', LANG: 'en_GB.UTF-8' }, 'linux'));
  assert.not.ok(isUnicode({ LANG: 'en_GB.UTF-8', TERM: 'linux' }, 'linux'));
  assert.not.ok(isUnicode({}, 'linux'));
  assert.ok(isUnicode({ WT_SESSION: '1' }, 'win32'));
  assert.not.ok(isUnicode({}, 'win32'));
});

test.run();
