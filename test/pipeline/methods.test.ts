import { readFile, readdir } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy } from '../../lib/data/npy.js';
import { compare } from '../../lib/experiment/compare.js';
import { criterion } from '../../lib/mask/criteria.js';
import { lotteryTicket, roundTrainer } from '../../lib/mask/rounds.js';
import { type CriterionSpec, criterionNames } from '../../lib/options.js';
import { configHash, resolveConfig } from '../../lib/pipeline/config.js';
import { type PruneOptions, type PruneResult, prune, trainOptions } from '../../lib/pipeline/prune.js';
import { toRecord } from '../../lib/pipeline/record.js';
import { pruneCommand } from '../../lib/pipeline/referee-verdict.js';
import { writeRunFolder } from '../../lib/pipeline/run-folder.js';
import { planWatch } from '../../lib/pipeline/watch.js';
import { runCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const METHODS: CriterionSpec[] = [
  ...criterionNames,
  ...(['rank(ft,magnitude)', 'rank(ft,pt)', 'rank(2*snip,pt)', 'rank(synflow,movement)'] as const),
];
const NAMES = METHODS.join();
const quick: PruneOptions = { epochs: 60, sparsity: 0.5, seed: 4 };

/** What a run has come to, without its times. */
const outcome = ({ ticket, scores, dense, baselines }: PruneResult) => ({
  ...{ mask: ticket.mask, scores, dense: dense.network.parameters, ticket: ticket.training.network.parameters },
  baselines: baselines && Object.values(baselines).map(({ mask, training }) => [mask, training.network.parameters]),
});

test('every method has the masks and tickets that a comparison has for the same seed', async () => {
  await withTempFolder(async (out) => {
    const settings = { epochs: 60, seed: 4, synflowRounds: 7 };
    const methods = NAMES.split(/,(?![^(]*\))/);
    const record = await compare('iris', {
      ...settings,
      methods,
      sparsities: [0.5, 0.8],
      seeds: 1,
      controls: 'none',
      out,
    });
    const { data } = await readNpy(`${out}/seed-4.masks.npy`, { dtype: 'u1' });
    for (const [m, method] of METHODS.entries()) {
      const takes = method.includes('synflow') ? { synflowRounds: 7 } : {};
      for (const [s, sparsity] of [0.5, 0.8].entries()) {
        const one = await prune('iris', { epochs: 60, seed: 4, ...takes, method, sparsity, baselines: false });
        assert.equal(one.ticket.mask, data.slice((2 * m + s) * 42, (2 * m + s + 1) * 42), `${method} ${sparsity}`);
        const accuracy = record.curves[m]?.points[s]?.accuracy.mean;
        assert.is(one.ticket.training.scores.test?.accuracy, accuracy, `${method} ${sparsity}`);
      }
    }
  });
});

test('what a method does not watch is not paid for and not in the run folder, which says so', async () => {
  await withTempFolder(async (folder) => {
    for (const method of METHODS) {
      const watches = /\b(ft|pt)\b|random-moved/.test(method);
      const result = await prune('iris', { ...quick, method });
      assert.is(result.dense.series !== undefined, watches, method);
      const record = toRecord(result);
      assert.is(record.windows !== null, watches);
      assert.is(record.verdicts !== null, watches);
      assert.is('window' in record.config, watches);
      const out = `${folder}/${method}`;
      await writeRunFolder(out, result, record);
      const files = await readdir(out);
      for (const name of ['exponents.npy', 'pvalues.npy', 'misclassification.npy', 'series.npy', 'explained.json']) {
        assert.is(files.includes(name), watches, `${method} ${name}`);
      }
      assert.equal((await readNpy(`${out}/scores.npy`)).shape, [42]);
      const mask = JSON.parse(await readFile(`${out}/mask.json`, 'utf8'));
      assert.is(mask.method, method === 'ft' || method === 'pt' ? `legcnet-${method}` : method);
      assert.is(record.ticket.pruned, 21);
      assert.equal(record.baselines?.random.perLayer, record.ticket.perLayer);
    }
  });
});

test('the same bits for any number of threads, for every way to select and to go in rounds', async () => {
  const ways: PruneOptions[] = [
    { method: 'snip', within: 0.05 },
    { method: 'movement', sparsity: 0.6, rounds: 2 },
    { method: 'magnitude', within: 0.05, rounds: 3, rewind: 2 },
    { method: 'rank(taylor,random)', sparsity: 0.7, rounds: 2, rewind: 1 },
    { method: 'pt', sparsity: 0.5, rounds: 2 },
  ];
  for (const way of ways) {
    const one = outcome(await prune('iris', { epochs: 40, ...way, threads: 1 }));
    assert.equal(outcome(await prune('iris', { epochs: 40, ...way, threads: 3 })), one, JSON.stringify(way));
  }
});

test('magnitude in rounds, rewound, is the lottery ticket', async () => {
  for (const rewind of [0, 3]) {
    const options: PruneOptions = { ...quick, method: 'magnitude', sparsity: 0.8, rounds: 3, rewind };
    const { config, data, initial, ticket } = await prune('iris', options);
    const train = roundTrainer(initial, data.parts, trainOptions(config), rewind);
    const lottery = await lotteryTicket(initial, train, { sparsity: 0.8, rounds: 3, rewind, seed: 4 });
    assert.equal(ticket.mask, lottery.mask);
    assert.equal(ticket.training.network.parameters, (await train(lottery)).parameters);
    assert.is(ticket.training.history.length, 60);
  }
});

test('rounds before training score again what is left, without a training', async () => {
  const stages = new Set<string>();
  const onProgress = ({ stage, detail }: { stage: string; detail: string }) => stages.add(`${stage} ${detail}`);
  const { scores, ticket } = await prune('iris', { ...quick, method: 'snip', rounds: 3, onProgress });
  assert.not([...stages].some((stage) => stage.startsWith('score round')));
  const gone = scores.filter((score) => score === Number.NEGATIVE_INFINITY).length;
  assert.ok(gone > 0 && gone < 21, `${gone}`);
  scores.forEach((score, w) => assert.ok(score > Number.NEGATIVE_INFINITY || ticket.mask[w] === 0));
});

test('a watched round moves a weight of the twin that is left, and what is gone is static', async () => {
  for (const series of ['difference', 'weights'] as const) {
    const { scores, config, data, initial } = await prune('iris', { ...quick, series, rounds: 2, sparsity: 0.8 });
    assert.ok(scores.some((score) => score > 0));
    const all = planWatch(config, data, initial).perturbedWeight;
    const mask = new Uint8Array(42).fill(1);
    mask[all] = 0;
    assert.is(planWatch(config, data, initial, mask).perturbedWeight, all + 4);
    for (let w = all; w < 24; w += 4) mask[w] = 0;
    assert.is(planWatch(config, data, initial, mask).perturbedWeight, mask.indexOf(1));
    assert.is(planWatch(config, data, initial, new Uint8Array(42)).perturbedWeight, all);
  }
});

test('a run in rounds that was stopped resumes to the same bits', async () => {
  for (const way of [
    { method: 'magnitude', rounds: 3, rewind: 2 },
    { method: 'movement', rounds: 2 },
    { method: 'rank(ft,pt)', rounds: 2 },
  ] as PruneOptions[]) {
    const options = { ...quick, ...way };
    const whole = outcome(await prune('iris', options));
    for (const last of ['train', 'score', 'retrain']) {
      await withTempFolder(async (checkpoint) => {
        const stop = new AbortController();
        const reason = new Error('enough');
        const onProgress = ({ stage }: { stage: string }) => stage === last && stop.abort(reason);
        const stopped = prune('iris', { ...options, checkpoint, signal: stop.signal, onProgress });
        assert.is(await stopped.catch((error: unknown) => error), reason);
        assert.equal(
          outcome(await prune('iris', { ...options, checkpoint, resume: true })),
          whole,
          `${way.method} ${last}`,
        );
      });
    }
  }
});

test('what a method has no use for or cannot do is refused', async () => {
  const refuse = (given: object, message: RegExp) =>
    assertLegcnetError(() => resolveConfig('iris', given), 'ERR_OPTION', message);
  await refuse({ method: 'magnitud', sparsity: 0.5 }, /one of ft, pt, random, .* or rank\(a,b\)/);
  await refuse({ method: 'rank(ft,magnitud)', sparsity: 0.5 }, /did you mean magnitude\?/);
  await refuse({ method: 'snip', window: 50 }, /nothing: snip has no use for it/);
  await refuse({ method: 'snip', referee: true, sparsity: 0.5 }, /verdicts of ft and pt/);
  await refuse({ method: 'rank(ft,snip)', referee: true, sparsity: 0.5 }, /verdicts of ft and pt/);
  await refuse({ method: 'snip', preset: 'authors' }, /sparsity or within with snip/);
  await refuse({ method: 'snip', selection: 'threshold' }, /gives no verdicts/);
  await refuse({ method: 'magnitude', scoreRows: 5 }, /no use/);
  await refuse({ rounds: 2, prune: 'non-causal' }, /rounds/);
  await refuse({ rounds: 2, referee: true }, /rounds/);
  await refuse({ method: 'snip', rewind: 1 }, /no use/);
  await refuse({ method: 'movement', rewind: 1, rounds: 2 }, /scores begin with the training/);
  await refuse({ method: 'magnitude', rewind: 30, epochs: 30 }, /epoch before the last/);
  await assertLegcnetError(
    () => prune('iris', { ...quick, method: 'magnitude', rewind: 50, untilAccuracy: 0.4 }),
    'ERR_OPTION',
    /before training ends/,
  );
  const { density, window } = resolveConfig('iris', { method: 'snip', density: 'per-layer' });
  assert.equal([density, window], ['per-layer', 50]);
  assert.is(resolveConfig('iris', { method: 'magnitude' }).density, 'global');
  assert.is(resolveConfig('iris', { method: 'snip', referee: false }).referee, false);
  assert.is(resolveConfig('iris', { method: 'snip', split: [0.2], target: undefined, sparsity: 0.1 }).split.length, 1);
});

test('only what a method looks at is in its hash', () => {
  const hash = (given: PruneOptions) => configHash(resolveConfig('iris', given));
  assert.is(hash({}), hash({ rounds: 1, rewind: 0, selection: 'within' }));
  assert.is.not(hash({}), hash({ rounds: 2 }));
  assert.is.not(hash({ method: 'snip' }), hash({ method: 'snip', scoreRows: 5 }));
  assert.is.not(hash({ method: 'magnitude' }), hash({ method: 'displacement' }));
});

test('the command that a comparison recommends makes the ticket that it compared', () => {
  const given = { ...{ epochs: 60, window: 40, keepTickets: true, seeds: 3, seed: 7 }, scoreRows: 5, biases: false };
  const of = (method: CriterionSpec) => pruneCommand('my data.csv', criterion(method), 0.9, given);
  const common = "legcnet prune 'my data.csv' --method";
  assert.is(of('magnitude'), `${common} magnitude --sparsity 0.9 --epochs 60 --no-biases`);
  assert.is(of('snip'), `${common} snip --sparsity 0.9 --epochs 60 --score-rows 5 --no-biases`);
  assert.is(of('rank(ft,lca)'), `${common} 'rank(ft,lca)' --sparsity 0.9 --epochs 60 --window 40 --no-biases`);
});

test('the command line takes every method, in rounds too', async () => {
  const run = (...args: string[]) => runCli('prune', 'iris', '--epochs', '30', '--quiet', ...args);
  const lottery = await run('--method', 'magnitude', '--sparsity', '0.8', '--rounds', '2', '--rewind', '1');
  assert.is(lottery.code, 0);
  assert.match(lottery.stdout, 'magnitude, preset strict, seed 1, 2 rounds, begun from epoch 1\n');
  assert.match(lottery.stdout, 'does not watch the training');
  const ranked = await run('--method', 'rank(ft,2*snip)', '--sparsity', '0.5', '--json');
  const record = JSON.parse(ranked.stdout);
  assert.is(record.config.method, 'rank(ft,2*snip)');
  assert.ok(record.windows > 10);
  const wrong = await run('--method', 'snip', '--referee');
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, 'verdicts of ft and pt');
});

test.run();
