import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../lib/data/npy.js';
import { prune, toRecord } from '../../lib/index.js';
import { options } from '../../lib/options.js';
import { compareCommand, pruneCommand } from '../../lib/pipeline/referee-verdict.js';
import { criterion } from '../../lib/mask/criteria.js';
import { NEEDS } from '../../lib/cli/idle.js';
import { createProgram } from '../../lib/cli/program.js';
import { LegcnetError } from '../../lib/errors.js';
import { runCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';

/** What a command line is refused with. In this process: a new one each time would take most of the time. */
async function refusal(line: string): Promise<unknown> {
  try {
    await createProgram(new AbortController().signal).parseAsync(line.split(' '), { from: 'user' });
  } catch (error) {
    return error;
  }
  return undefined;
}

test('a flag that can make no difference is a usage error that says what it needs', async () => {
  await withTempFolder(async (folder) => {
    const [x, y] = [`${folder}/x.npy`, `${folder}/y.npy`];
    await writeNpy(x, { data: new Float64Array(40).map((_, i) => Math.sin(i * i)), shape: [40] });
    await writeNpy(y, { data: new Float64Array(40).map((_, i) => Math.cos(i * i)), shape: [40] });
    await mkdir(`${folder}/run`);
    const run = `${folder}/run`;
    const made = await runCli('prune', 'iris', '--epochs', '30', '--no-baselines', '--out', run);
    assert.is(made.code, 0, made.stderr);
    const cases: [string, string][] = [
      [`granger ${x} ${y} --shifts 50`, '--shifts has no effect without --lag-correction circular-shift'],
      [`granger ${x} ${y} --seed 3`, '--seed has no effect without --lag-correction circular-shift'],
      [`granger ${x} ${y} --lag-order 2 --max-lag 3`, '--max-lag has no effect without a --lag-order that chooses'],
      [`lyapunov ${x} --min-neighbours 3`, '--min-neighbours has no effect without --divergence kantz'],
      [`lyapunov ${x} --exponent one-step --fit 0,2`, '--fit has no effect without --exponent fit'],
      [`lyapunov ${x} --embedding-dimension 1 --delay 2`, '--delay has no effect without --embedding-dimension'],
      ['prune iris --shifts 50', '--shifts has no effect without --lag-correction'],
      ['prune iris --referee-seeds 2', '--referee-seeds has no effect without --referee'],
      ['prune iris --stop-part validation', '--stop-part has no effect without --until-accuracy'],
      ['prune iris --partial 20%', '--partial has no effect without the method pt'],
      ['prune iris --series weights --perturbation 1e-6', '--perturbation has no effect without --series difference'],
      ['prune iris --selection threshold --sparsity 0.5', '--sparsity has no effect without --selection sparsity'],
      [
        'prune iris --selection sparsity --sparsity 0.5 --within 0.1',
        '--within has no effect without --selection within',
      ],
      ['prune iris --selection threshold --density global', '--density has no effect without --selection sparsity or'],
      ['prune iris --prune causal --selection within', '--prune has no effect without --selection threshold'],
      ['prune mnist --preset paper --split-seed 3', '--split-seed has no effect without --split'],
      ['prune iris --no-shuffle-split --split-seed 3', '--split-seed has no effect without --shuffle-split'],
      [
        'prune iris --scaling none --refit-scaling',
        '--refit-scaling has no effect without --scaling standard or min-max',
      ],
      [
        'prune iris --loss cross-entropy --no-divide-by-outputs',
        '--no-divide-by-outputs has no effect without --loss squared-error',
      ],
      ['prune iris --resume', '--resume has no effect without --out'],
      ['prune iris --method magnitude --sparsity 0.5 --alpha 0.1', 'magnitude has no use for it'],
      ['compare iris --methods magnitude,snip --alpha 0.1', '--alpha has no effect without a method that watches'],
      ['compare iris --methods ft,magnitude --score-rows 5', '--score-rows has no effect without the method snip'],
      ['compare iris --methods ft --synflow-rounds 5', '--synflow-rounds has no effect without the method synflow'],
      ['compare iris --methods ft --keep-tickets', '--keep-tickets has no effect without --out'],
      ['compare iris --methods ft --seeds 1 --resamples 500', '--resamples has no effect without two --seeds or more'],
      ['compare iris --methods random --controls 0.9', '--controls has no effect without a method that is no random'],
      ['compare iris --methods ft(shifts=9),pt', 'shifts of ft(shifts=9) has no effect without --lag-correction'],
      ['sensitivity iris --min-neighbours 3', '--min-neighbours has no effect without --divergence kantz'],
      [`diagnose ${run} --split 0.3`, '--split has no effect without --shapley'],
      [`diagnose ${run} --null ${run}`, '--null has no effect without --shapley'],
      [`diagnose ${run} --radius 2`, '--radius has no effect without --approximation'],
      [`diagnose ${run} --activation relu`, '--activation has no effect without --shapley or --approximation'],
      [`diagnose ${run} --no-randomise --seed 4`, '--seed has no effect without something to draw'],
      [`diagnose ${run} --shapley iris --no-randomise`, '--no-randomise has no effect without --spectrum'],
      [`diagnose ${run} --shapley iris --coalitions 64`, '--coalitions has no effect without --estimator kernel'],
      [
        `diagnose ${run} --shapley iris --permutations 5`,
        '--permutations has no effect without --estimator permutation',
      ],
      [`diagnose ${run}/dense.safetensors --shapley iris --top 3`, '--top has no effect without a ticket or --null'],
      ['reproduce --dataset iris --data-dir .', '--data-dir has no effect without banknote, vowel or titanic'],
      ['reproduce --init-dir a --out b', '--out has no effect without --preset paper or strict'],
    ];
    for (const [line, message] of cases) {
      const error = await refusal(line);
      assert.ok(error instanceof LegcnetError && error.code === 'ERR_OPTION', `${line}: ${String(error)}`);
      assert.ok(error.message.includes(message), `${line}: ${error.message}`);
    }
    const { code, stderr } = await runCli('prune', 'iris', '--shifts', '50');
    assert.equal([code, stderr], [2, 'legcnet: --shifts has no effect without --lag-correction circular-shift\n']);
  });
});

test('what it needs may come from a preset, a configuration file or one rule of several; off is off anyway', async () => {
  await withTempFolder(async (folder) => {
    const config = `${folder}/c.json`;
    await writeFile(config, JSON.stringify({ lagCorrection: 'circular-shift', lagOrder: 'min-p', epochs: 30 }));
    const quick = '--epochs 30 --no-baselines';
    const lines = [
      `prune iris --preset authors --stop-part train --partial 40 --method pt --prune non-causal`,
      `prune iris --config ${config} --shifts 9 --no-baselines`,
      `prune iris ${quick} --no-refit-scaling --scaling none --no-referee --no-text-rounding`,
      `prune iris ${quick} --method magnitude-partial --partial 20% --sparsity 0.5`,
      `prune iris ${quick} --method rank(ft,pt) --partial 50% --sparsity 0.5`,
      `compare iris --epochs 30 --seeds 1 --methods ft,ft(lagCorrection=circular-shift) --shifts 9 --sparsities 0.5`,
      `compare iris --epochs 30 --seeds 1 --methods magnitude --no-keep-tickets --density global --sparsities 0.5`,
    ];
    for (const line of lines) {
      const { code, stderr } = await runCli(...line.split(' '), '--quiet');
      assert.is(code, 0, `${line}: ${stderr}`);
    }
  });
});

test('a whole configuration, as a run saves it, is taken by file and by the API; commands recommended leave out what is idle', async () => {
  await withTempFolder(async (folder) => {
    const { config, configHash } = toRecord(await prune('iris', { epochs: 30, baselines: false }));
    const { dataset, ...whole } = config;
    assert.is(whole.shifts, options.shifts.default);
    assert.is(toRecord(await prune('iris', whole)).configHash, configHash);
    await writeFile(`${folder}/c.json`, JSON.stringify({ dataset, ...whole }));
    const { code, stderr } = await runCli('prune', 'iris', '--config', `${folder}/c.json`, '--quiet');
    assert.is(code, 0, stderr);
    for (const command of [
      compareCommand('iris', 'ft,magnitude', 0.5, whole),
      pruneCommand('iris', criterion('magnitude'), 0.5, whole),
    ]) {
      assert.match(command, '--epochs 30');
      for (const flag of ['--shifts', '--min-neighbours', '--referee-seeds', '--stop-part', '--partial']) {
        assert.not.match(command, flag);
      }
    }
  });
});

test('every option that the table of needs names is an option or a flag of its command', () => {
  const flags: Record<string, string[]> = {
    prune: ['resume'],
    diagnose: ['null', 'radius'],
    reproduce: ['out', 'dataDir'],
  };
  for (const [command, needs] of Object.entries(NEEDS)) {
    for (const name of needs.flatMap(({ options: names }) => names as readonly string[])) {
      assert.ok(name in options || flags[command]?.includes(name), `${command}: ${name}`);
    }
  }
});

test.run();
