import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy } from '../../lib/data/npy.js';
import { type CompareOptions, type CompareProgress, compare } from '../../lib/experiment/compare.js';
import { planComparison } from '../../lib/experiment/plan.js';
import type { CurvePoint } from '../../lib/experiment/summary.js';
import { readSafetensors } from '../../lib/interchange/safetensors.js';
import { type PruneOptions, prune } from '../../lib/pipeline/prune.js';
import { assertClose } from '../helpers/close.js';
import { runCli, startCli } from '../helpers/cli.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const quick: CompareOptions = {
  methods: ['ft', 'pt', 'snip', 'synflow', 'movement', 'magnitude-partial', 'rank(magnitude,ft(series=weights))'],
  sparsities: [0.5, 0.8],
  seeds: 3,
  epochs: 60,
};

async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const contents = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'base64')));
  return Object.fromEntries(names.map((name, i) => [name, contents[i] as string]));
}

test('the same bits with 1, 2 and 5 threads, in memory, and when seeds and placebos have to be made again', async () => {
  await withTempFolder(async (folder) => {
    const whole = await compare('iris', { ...quick, out: `${folder}/a`, threads: 1 });
    const files = await filesOf(`${folder}/a`);
    assert.equal(await compare('iris', { ...quick, threads: 5 }), whole);
    assert.equal(await compare('iris', { ...quick, out: `${folder}/b`, threads: 2 }), whole);
    assert.equal(await filesOf(`${folder}/b`), files);
    for (const lost of ['seed-2.json', 'placebo-3.json', 'comparison.json']) await rm(`${folder}/b/${lost}`);
    assert.equal(await compare('iris', { ...quick, out: `${folder}/b` }), whole);
    assert.equal(await filesOf(`${folder}/b`), files);
  });
});

test('more seeds go on from those that are there', async () => {
  await withTempFolder(async (folder) => {
    const options = { ...quick, methods: ['ft', 'magnitude'], sparsities: [0.5] };
    await compare('iris', { ...options, seeds: 2, out: `${folder}/a` });
    const first = await filesOf(`${folder}/a`);
    const grown = await compare('iris', { ...options, seeds: 3, out: `${folder}/a` });
    assert.equal(await compare('iris', { ...options, seeds: 3 }), grown);
    assert.is((await filesOf(`${folder}/a`))['seed-1.json'], first['seed-1.json']);
    await assertLegcnetError(
      () => compare('iris', { ...options, epochs: 61, out: `${folder}/a` }),
      'ERR_OPTION',
      /another configuration/,
    );
    await assertLegcnetError(() => compare('cancer', { ...options, out: `${folder}/a` }), 'ERR_OPTION', /another/);
  });
});

test('every method keeps as many weights, and its numbers are those of pruning by itself', async () => {
  const record = await compare('iris', { ...quick, seeds: 2, seed: 4 });
  assert.equal(record.seeds, [4, 5]);
  assert.equal(
    record.curves.map(({ method }) => method),
    [...(quick.methods as string[]), 'random', 'random-erk', 'magnitude'],
  );
  for (const { points } of record.curves) {
    assert.equal(
      points.map(({ kept }) => kept),
      [21, 8],
    );
    const [{ compression, speedup }] = points as [CurvePoint];
    assertClose([compression, speedup], [51 / 30, 2], { relative: 1e-15 });
  }
  const results = await Promise.all(
    [4, 5].map((seed) => prune('iris', { seed, epochs: 60, sparsity: 0.5, baselines: false })),
  );
  const reached = results.map(({ ticket }) => ticket.training.scores.test?.accuracy as number);
  const ft = record.curves[0]?.points[0] as CurvePoint;
  assert.is(ft.accuracy.mean, ((reached[0] as number) + (reached[1] as number)) / 2);
  const dense = results.map((result) => result.dense.scores.test?.accuracy as number);
  assert.is(record.dense.accuracy.mean, ((dense[0] as number) + (dense[1] as number)) / 2);
  const partly = await prune('iris', { method: 'pt', seed: 4, epochs: 60, sparsity: 0.5, baselines: false });
  const one = await compare('iris', { methods: ['pt'], sparsities: [0.5], seeds: 1, seed: 4, epochs: 60 });
  assert.is(one.curves[0]?.points[0]?.accuracy.mean, partly.ticket.training.scores.test?.accuracy);
  assert.is(one.referee[0]?.placebo, null);
  assert.match(one.notes.join(' '), 'One seed says nothing');
});

test('pairs are paired, controls are there for what has an order, and lottery tickets are counted', async () => {
  const record = await compare('cancer', {
    methods: ['magnitude', 'random'],
    sparsities: [0.3, 0.9],
    seeds: 3,
    epochs: 15,
  });
  assert.equal(record.referee, []);
  assert.equal(
    record.controls.map(({ method, kind, sparsity }) => [method, kind, sparsity]),
    [
      ['magnitude', 'shuffled', 0.9],
      ['magnitude', 're-initialised', 0.9],
    ],
  );
  const [a, b] = record.curves.map(({ points }) => points[1] as CurvePoint) as [CurvePoint, CurvePoint];
  const pair = record.pairs.find(({ sparsity }) => sparsity === 0.9);
  assert.equal([pair?.a, pair?.b], ['magnitude', 'random']);
  assertClose(pair?.difference.mean as number, a.accuracy.mean - b.accuracy.mean, { absolute: 1e-12 });
  for (const { lottery } of [a, b]) {
    assert.is(lottery.seeds.length, 3);
    let won = 0;
    for (const { holds, epoch, denseEpoch } of lottery.seeds) {
      assert.is(holds, epoch !== null && epoch <= denseEpoch);
      if (holds) won++;
    }
    assert.is(lottery.share, won / 3);
  }
  assert.ok(a.overlap && a.overlap.chance < 0.5);
});

test('no controls when none are wanted; the same densities for all when they are given', async () => {
  const given = { methods: ['magnitude', 'snip'], sparsities: [0.5], seeds: 1, epochs: 5 };
  assert.equal((await compare('iris', { ...given, controls: 'none' })).controls, []);
  await withTempFolder(async (folder) => {
    const record = await compare('iris', { ...given, density: 'erdos-renyi', out: `${folder}/c`, keepTickets: true });
    assert.equal(
      record.curves.map(({ density }) => density),
      ['erdos-renyi', 'erdos-renyi'],
    );
    const { methods } = JSON.parse(await readFile(`${folder}/c/seed-1.json`, 'utf8'));
    assert.equal(methods[0].tickets[0].perLayer, methods[1].tickets[0].perLayer);
    const { data, shape } = await readNpy(`${folder}/c/seed-1.masks.npy`);
    assert.equal(shape, [2, 1, 42]);
    const { tensors } = await readSafetensors(`${folder}/c/seed-1.snip.0.5.safetensors`);
    const weights = ['W1', 'W2'].flatMap((name) => [...(tensors.get(name)?.data as Float64Array)]);
    weights.forEach((w, i) => assert.is(w === 0, data[42 + i] === 0));
  });
});

test('rules with options of their own: one dense training, each as if it were pruned by itself', async () => {
  const given = { sparsities: [0.5], seeds: 2, epochs: 60, baselines: false };
  const rules: Record<string, PruneOptions> = {
    ft: {},
    'ft(series=weights)': { series: 'weights' },
    'ft(target=train,lagOrder=min-p)': { target: 'train', lagOrder: 'min-p' },
    'ft(exponent=one-step,horizon=1)': { exponent: 'one-step', horizon: 1 },
    'ft(statistic=lrtest)': { statistic: 'lrtest' },
    'pt(partial=20%)': { method: 'pt', partial: { percent: 20 } },
    'pt(lagOrder=min-p,lagCorrection=circular-shift,shifts=19)': {
      ...{ method: 'pt', lagOrder: 'min-p', lagCorrection: 'circular-shift', shifts: 19 },
    },
  };
  await withTempFolder(async (folder) => {
    const record = await compare('iris', { ...given, methods: Object.keys(rules), out: `${folder}/a` });
    const plain = await compare('iris', { ...given, methods: ['magnitude'] });
    assert.equal(record.dense, plain.dense);
    assert.equal(
      record.referee.map(({ method }) => method),
      Object.keys(rules),
    );
    for (const [i, [name, options]] of Object.entries(rules).entries()) {
      const runs = await Promise.all(
        [1, 2].map((seed) => prune('iris', { seed, epochs: 60, sparsity: 0.5, baselines: false, ...options })),
      );
      const curve = record.curves[i];
      assert.is(curve?.method, name);
      const reached = runs.map(({ ticket }) => ticket.training.scores.test?.accuracy as number);
      assert.is(curve?.points[0]?.accuracy.mean, ((reached[0] as number) + (reached[1] as number)) / 2, name);
      const own = JSON.parse(await readFile(`${folder}/a/seed-2.json`, 'utf8')).causal[name];
      assert.equal(own.verdicts, runs[1]?.judgement?.counts, name);
      assert.is(own.windows, runs[1]?.judgement?.windows, name);
    }
    const watched = (await readdir(`${folder}/a`)).filter((name) => /^seed-1.*exponents/.test(name));
    assert.equal(
      watched,
      Object.keys(rules)
        .filter((name) => name !== 'ft(statistic=lrtest)') // it shares the series of ft
        .map((name) => `seed-1.${name}.exponents.npy`)
        .sort(),
    );
  });
});

test('random-moved is a control of ft, and random where every weight is tested', async () => {
  const given = { sparsities: [0.5, 0.9], seeds: 2, epochs: 60 };
  const record = await compare('iris', { ...given, methods: ['ft', 'random-moved'] });
  const [, moved, , erk] = record.curves;
  assert.equal([moved?.method, erk?.method], ['random-moved', 'random-erk']);
  assert.equal(moved?.points, erk?.points);
  assert.match(
    record.referee[0]?.verdict.join(' ') as string,
    /It (cannot be told from|beats|loses to) random-moved \(/,
  );
  assert.is(record.referee.length, 1);
  // where weights are static it is not, and by itself it has no referee
  const still = await compare('iris', { ...given, methods: ['random-moved'], minRange: 0.05, density: 'erdos-renyi' });
  const [own, random] = still.curves;
  assert.equal([own?.method, random?.method], ['random-moved', 'random']);
  assert.is.not(JSON.stringify(own?.points), JSON.stringify(random?.points));
  assert.equal(still.referee, []);
});

test("a preset of a rule's own: its series, exponents and tests, the comparison's training", () => {
  const { rules, config } = planComparison('iris', {
    methods: ['ft', 'ft(preset=paper)', 'pt(preset=authors,maxLag=3)', 'ft(preset=paper,exponent=fit)'],
    window: 40,
  });
  const [, paper, authors, fitted] = rules.map((rule) => rule.config);
  assert.equal(
    [paper?.window, paper?.minWindows, paper?.exponent, paper?.fit, paper?.target, paper?.lagOrder, paper?.failedTest],
    [40, 0, 'one-step', undefined, 'train', 'min-p', 'undecided'],
  );
  assert.equal(
    [authors?.method, authors?.partial, authors?.quantise, authors?.maxLag, authors?.target],
    ['pt', { epochs: 20 }, 6, 3, 'test'],
  );
  assert.equal([fitted?.exponent, fitted?.fit], ['fit', undefined]);
  for (const rule of [paper, authors, fitted]) {
    for (const name of ['epochs', 'untilAccuracy', 'split', 'scaling', 'init', 'accuracyRule', 'shuffle'] as const) {
      assert.equal(rule?.[name], config[name], name);
    }
  }
});

test('what cannot be compared is refused', async () => {
  const cases: [CompareOptions, RegExp][] = [
    [{ methods: ['ft', 'ft'] }, /methods holds ft twice/],
    [{ methods: ['magnitud' as never] }, /did you mean magnitude/],
    [{ methods: [] }, /methods/],
    [{ methods: ['ft(maxLag=3)', 'ft( maxLag = 3 )'] }, /methods holds ft\(maxLag=3\) twice/],
    [{ methods: ['ft(series=difference)', 'ft'] }, /ft\(series=difference\) and ft are the same rule/],
    [{ methods: ['ft(epochs=5)'] }, /epochs cannot be set for ft/],
    [{ methods: ['ft(horizon=60)'] }, /ft\(horizon=60\): expected enough iterates/],
    [{ methods: ['ft(fit=0,9)'] }, /ft\(fit=0,9\): .*within the horizon/],
    [{ methods: ['ft'], scalar: 'float32' }, /float64 for the difference series/],
    [{ sparsities: [0.5, 1] }, /sparsities/],
    [{ sparsities: [0.5, 0.5] }, /twice/],
    [{ controls: [0.4] }, /controls/],
    [{ seeds: 0 }, /seeds/],
    [{ seed: 0xffffffff, seeds: 2 }, /seeds/],
    [{ method: 'pt' }, /method/],
    [{ sparsity: 0.5 }, /sparsity/],
    [{ resamples: 3 }, /resamples/],
    [{ nothing: 1 } as never, /nothing/],
  ];
  for (const [options, message] of cases) {
    await assertLegcnetError(() => planComparison('iris', options), 'ERR_OPTION', message);
  }
  const short = { methods: ['ft', 'ft(window=5000)'], epochs: 60, seeds: 1 };
  await assertLegcnetError(
    () => compare('iris', short),
    'ERR_TOO_SHORT',
    /^ft\(window=5000\): only 1 window of 5000 iterates fits/,
  );
  const partless: CompareOptions = {
    methods: ['ft', 'ft(target=validation)'],
    split: [0.2],
    target: 'train',
    epochs: 60,
  };
  await assertLegcnetError(() => compare('iris', partless), 'ERR_OPTION', /^ft\(target=validation\): expected a part/);
  await assertLegcnetError(() => compare('iris', { methods: ['ft'], epochs: 1, seeds: 2 }), 'ERR_TOO_SHORT', /windows/);
});

test('an aborted comparison rejects with the reason, and stops', async () => {
  const aborter = new AbortController();
  const running = compare('iris', {
    ...quick,
    signal: aborter.signal,
    onProgress: () => aborter.abort(new Error('enough')),
  });
  let error: unknown;
  await running.catch((reason: unknown) => (error = reason));
  assert.is((error as Error).message, 'enough');
});

test('the command line: tables, a verdict, JSON; killed after a seed it goes on to the same bits', async () => {
  await withTempFolder(async (folder) => {
    const args = ['compare', 'iris', '--methods', 'ft,magnitude', '--sparsities', '0.5,0.9', '--seeds', '3'];
    args.push('--epochs', '120', '--threads', '1');
    const { child, finished } = startCli([...args, '--out', `${folder}/cut`]);
    while (!existsSync(`${folder}/cut/seed-1.json`) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGKILL');
    await finished;
    assert.not(existsSync(`${folder}/cut/comparison.json`));
    const resumed = await runCli(...args, '--out', `${folder}/cut`);
    assert.is(resumed.code, 0, resumed.stderr);
    const whole = await runCli(...args, '--out', `${folder}/whole`, '--json', '--quiet');
    assert.is(whole.code, 0, whole.stderr);
    assert.is(whole.stderr, '');
    const files = await filesOf(`${folder}/cut`);
    for (const name of Object.keys(files)) if (name.endsWith('.tmp')) delete files[name];
    assert.equal(files, await filesOf(`${folder}/whole`));
    assert.equal(JSON.parse(whole.stdout), JSON.parse(await readFile(`${folder}/whole/comparison.json`, 'utf8')));
    for (const part of [
      /magnitude +[▁-█]{3}/,
      /compression/,
      /winning tickets/,
      /overlap/,
      /shuffled/,
      /referee on ft/,
    ]) {
      assert.match(resumed.stdout, part);
    }
    assert.match(resumed.stdout, /on their own exponents, .* on another seed's .*: this rule .*\./);
    const wrong = await runCli('compare', 'iris', '--methods', 'ft,rank(ft,magic)');
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, 'magic');
  });
});

test('what diverges or is too short is left out, counted and named; the same bits when taken up again', async () => {
  const diverging: CompareOptions = {
    ...{ methods: ['ft', 'magnitude', 'random'], sparsities: [0.1, 0.3], controls: [0.1, 0.3], seeds: 5, epochs: 30 },
    ...{ activation: 'relu', outputActivation: 'linear', learningRate: 0.41, baselines: false },
  };
  await withTempFolder(async (folder) => {
    let last = { done: 0, total: 0 };
    const onProgress = ({ stage, done, total }: CompareProgress): void => {
      if (stage !== 'replicates') return;
      assert.ok(done > last.done);
      last = { done, total };
    };
    const whole = await compare('iris', { ...diverging, out: `${folder}/a`, threads: 1, onProgress });
    assert.is(last.done, last.total);
    const [dense, ...others] = whole.failures;
    assert.is(dense?.what, 'dense');
    assert.match(dense?.reason as string, /^[^:]*diverged in epoch \d+/);
    assert.is(whole.dense.accuracy.n, 5 - (dense?.seeds.length as number));
    assert.ok(others.length > 0);
    for (const { method, points } of whole.curves) {
      for (const { sparsity, accuracy, againstDense, lottery, kept } of points) {
        const lost = others.find((failure) => failure.what === method && failure.sparsity === sparsity);
        const n = whole.dense.accuracy.n - (lost?.seeds.length ?? 0);
        assert.equal([accuracy.n, againstDense.n, lottery.seeds.length], [n, n, n], `${method} ${sparsity}`);
        assert.is(kept, sparsity === 0.1 ? 38 : 29);
      }
    }
    for (const { a, b, sparsity, difference } of whole.pairs) {
      const has = (method: string) =>
        whole.seeds.filter(
          (seed) =>
            !whole.failures.some((f) =>
              (f.what === method && f.sparsity === sparsity) || f === dense ? f.seeds.includes(seed) : false,
            ),
        );
      assert.is(difference.n, has(a).filter((seed) => has(b).includes(seed)).length, `${a} ${b} ${sparsity}`);
    }
    const notes = whole.notes.join('\n');
    assert.match(notes, /dense network: 3 of 5 seeds\. Without seeds \d, \d: (?!.*dense network)/);
    assert.match(whole.referee[0]?.verdict.join(' ') as string, /It has tickets of \d of 5 seeds/);

    const files = await filesOf(`${folder}/a`);
    for (const lost of [`seed-${dense?.seeds[0]}.json`, 'comparison.json']) await rm(`${folder}/a/${lost}`);
    assert.equal(await compare('iris', { ...diverging, out: `${folder}/a`, threads: 3 }), whole);
    assert.equal(await filesOf(`${folder}/a`), files);
    const flags = { '--methods': 'ft,magnitude,random', '--sparsities': '0.1,0.3', '--controls': '0.1,0.3' };
    const network = ['--activation', 'relu', '--output-activation', 'linear', '--learning-rate', '0.41'];
    const rest = ['--seeds', '5', '--epochs', '30', '--no-baselines', '--out', `${folder}/a`];
    const { code, stdout, stderr } = await runCli(
      'compare',
      'iris',
      ...Object.entries(flags).flat(),
      ...network,
      ...rest,
    );
    assert.is(code, 0);
    assert.match(stdout, '(3 of 5 seeds)');
    assert.match(stderr, 'dense network: 3 of 5 seeds');
  });
  await assertLegcnetError(
    () => compare('iris', { ...diverging, learningRate: 5, seeds: 2 }),
    'ERR_DIVERGED',
    /no seed has a dense network.*Lower the learning rate/,
  );
});

test('a seed that stops too early to be judged has no part in what the referee says', async () => {
  const short: CompareOptions = {
    ...{ methods: ['ft', 'magnitude', 'rank(ft,magnitude)'], sparsities: [0.5], seeds: 5, epochs: 60 },
    ...{ untilAccuracy: 0.6, learningRate: 0.05, baselines: false },
  };
  const record = await compare('iris', short);
  const lost = record.failures.find(({ what }) => what === 'ft');
  assert.match(lost?.reason as string, /at least 10 are needed/);
  const left = 5 - (lost?.seeds.length as number);
  assert.ok(left > 1 && left < 5, `${left}`);
  const [ft, magnitude, ranked] = record.curves.map(({ points }) => points[0] as CurvePoint);
  assert.equal([ft?.accuracy.n, magnitude?.accuracy.n, ranked?.accuracy.n], [left, 5, left]);
  assert.equal(
    record.referee[0]?.placebo?.seeds,
    record.seeds.filter((seed) => !lost?.seeds.includes(seed)),
  );
  assert.not(record.failures.some(({ what }) => what.startsWith('shuffled')));
  const none = await compare('iris', { ...short, methods: ['ft', 'magnitude'], learningRate: 0.1, seeds: 3 });
  assert.equal([none.referee, none.curves[0]?.points[0]?.accuracy.n], [[], 0]);
  assert.is(none.curves[1]?.points[0]?.accuracy.n, 3);
  // too short for every seed by its configuration is no matter of a seed
  await assertLegcnetError(() => compare('iris', { ...short, epochs: 1 }), 'ERR_TOO_SHORT');
});

test.run();
