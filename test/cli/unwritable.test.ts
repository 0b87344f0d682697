import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';

/** Long enough for a start, too short for the work. */
const SOON_MS = 30_000;

async function isRefusedSoon(line: string, place: string): Promise<void> {
  const { child, finished } = startCli(line.split(' '));
  const timer = setTimeout(() => child.kill('SIGKILL'), SOON_MS);
  const { code, stdout, stderr } = await finished;
  clearTimeout(timer);
  assert.is(code, 1, `${line}: ${stderr}`);
  assert.is(stdout, '');
  assert.ok(stderr.includes(`legcnet: cannot write ${place}`), `${line}: ${stderr}`);
  assert.not.match(stderr, /training|replicates|dense network|series|sources|drawing|decompositions/);
}

// anyone may ask for it, nobody can write there, and it is the one place where Node's own mkdir never ends
if (existsSync('/proc/self')) {
  test('what cannot be written is found before the work', async () => {
    await withTempFolder(async (folder) => {
      await writeFile(`${folder}/s.csv`, `${Array.from({ length: 300 }, (_, i) => Math.sin(i * i)).join('\n')}\n`);
      const ever = '--epochs 1000000 --no-baselines';
      const cases = [
        [`prune iris ${ever} --out /proc/x`, '/proc/x'],
        [`prune iris ${ever} --report /proc/x/page.html`, '/proc/x'],
        [`compare iris --epochs 1000000 --out /proc/x`, '/proc/x'],
        [`compare iris --epochs 1000000 --out ${folder}/s.csv`, `${folder}/s.csv`],
        [`reproduce --dataset mnist --out /proc/x/y`, '/proc/x/y'],
        [`lyapunov ${folder}/s.csv --curve /proc/S.npy`, '/proc/S.npy'],
        [`lyapunov ${folder}/s.csv --counts ${folder}/no/C.npy`, `${folder}/no/C.npy`],
        [`granger ${folder}/s.csv ${folder}/s.csv --stats /proc/stats.npy`, '/proc/stats.npy'],
      ];
      for (const [line = '', place = ''] of cases) await isRefusedSoon(line, place);
      const run = `${folder}/run`;
      const made = await startCli(['prune', 'iris', '--epochs', '30', '--no-baselines', '--out', run]).finished;
      assert.is(made.code, 0, made.stderr);
      await isRefusedSoon(`report ${run} --html /proc/x/page.html`, '/proc/x');
      await isRefusedSoon(`report ${run} --svg /proc/x`, '/proc/x');
      await isRefusedSoon(`diagnose ${run} --out /proc/x.json`, '/proc/x.json');
      assert.equal((await readdir(folder)).sort(), ['run', 's.csv']);
    });
  });
}

test.run();
