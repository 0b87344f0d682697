/** Parity with TISEAN's lyap_r in a plain clone, which has no goldens: a part of them, see test/fixtures/README.md. */
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy } from '../../lib/data/npy.js';
import { checkAgainstLyapR } from '../helpers/lyap-r.js';

const folder = fileURLToPath(new URL('../fixtures/series/', import.meta.url));

test("lyap_r's S(k), counts and outcomes, N = 50, 1,260 runs", async () => {
  assert.is(await checkAgainstLyapR(50, (name) => readNpy(`${folder}${name}`, { dtype: 'f8' })), 1260);
});

test.run();
