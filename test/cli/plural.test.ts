import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveConfig } from '../../lib/pipeline/config.js';
import { powerSentence } from '../../lib/pipeline/referee-verdict.js';
import { tooFewWindows } from '../../lib/pipeline/watch.js';
import { plural } from '../../lib/plural.js';
import { counted } from '../../lib/report/words.js';
import { runCli } from '../helpers/cli.js';

test('one is singular, all else plural', () => {
  assert.equal(
    [0, 1, 2].map((n) => plural(n, 'epoch')),
    ['0 epochs', '1 epoch', '2 epochs'],
  );
  assert.equal([plural(1, 'class', 'classes'), plural(2, 'class', 'classes')], ['1 class', '2 classes']);
  assert.equal([counted(1, 'weight'), counted(41_000, 'weight')], ['1 weight', '41,000 weights']);
});

test('what is printed, sentences of records, and messages have it right', async () => {
  assert.match(powerSentence({ windows: 1, replicates: 1, found: [] }), /^With 1 window the/);
  assert.match(tooFewWindows(1, resolveConfig('iris')).message, /^only 1 window of 50 iterates fits/);
  const flags = ['--epochs', '1', '--window', '60', '--sample-weights', '2'];
  const { code, stdout, stderr } = await runCli('sensitivity', 'iris', ...flags);
  assert.is(code, 0, stderr);
  assert.match(stdout, ' of 42 weights perturbed, 1 epoch, 91 iterates,');
});

test.run();
