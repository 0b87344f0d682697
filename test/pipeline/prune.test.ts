import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../lib/data/datasets.js';
import { readNpy } from '../../lib/data/npy.js';
import { LegcnetError } from '../../lib/errors.js';
import { type CompareOptions, compare } from '../../lib/experiment/compare.js';
import { readSafetensors, writeSafetensors } from '../../lib/interchange/safetensors.js';
import type { NetworkCurve } from '../../lib/pipeline/curves.js';
import type { Judgement } from '../../lib/pipeline/causality.js';
import { type PruneOptions, type PruneResult, prune } from '../../lib/pipeline/prune.js';
import { firstWindows } from '../../lib/pipeline/referee.js';
import { refereeRun } from '../../lib/pipeline/referee-run.js';
import { toRecord } from '../../lib/pipeline/record.js';
import { writeRunFolder } from '../../lib/pipeline/run-folder.js';
import { strideFor } from '../../lib/pipeline/watch.js';
import { assertClose } from '../helpers/close.js';
import { withTempFolder } from '../helpers/temp.js';
import { assertLegcnetError } from '../helpers/throws.js';

const quick: PruneOptions = { epochs: 30 };

/** The bytes of every file of a run folder, without what may differ between two runs of the same configuration. */
async function bits(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const content = await readFile(`${folder}/${name}`);
    if (name !== 'run.json') {
      files[name] = content.toString('base64');
      continue;
    }
    const { environment, seconds, peakMemoryBytes, ...rest } = JSON.parse(content.toString());
    assert.ok(environment && seconds && peakMemoryBytes);
    files[name] = JSON.stringify(rest);
  }
  return files;
}

async function runInto(folder: string, data: string, options: PruneOptions): Promise<Record<string, string>> {
  const result = await prune(data, options);
  await writeRunFolder(folder, result, toRecord(result));
  return bits(folder);
}

test('the run folder has the same bits with 1, 2 and 4 threads', async () => {
  for (const options of [
    quick,
    { method: 'pt', preset: 'authors', epochs: 30 },
    { preset: 'paper', epochs: 60 },
  ] as PruneOptions[]) {
    await withTempFolder(async (folder) => {
      const one = await runInto(`${folder}/1`, 'iris', { ...options, threads: 1 });
      assert.ok(Object.keys(one).length >= 9);
      assert.equal(await runInto(`${folder}/2`, 'iris', { ...options, threads: 2 }), one);
      assert.equal(await runInto(`${folder}/4`, 'iris', { ...options, threads: 4 }), one);
    });
  }
});

test('the run folder holds what it says', async () => {
  await withTempFolder(async (folder) => {
    const result = await prune('cancer', { epochs: 20, sparsity: 0.5, density: 'global' });
    await writeRunFolder(folder, result, toRecord(result));
    const record = JSON.parse(await readFile(`${folder}/run.json`, 'utf8'));
    assert.is(record.ticket.pruned, 30);
    assert.is(record.ticket.sparsity, 0.5);
    assert.is(record.ticket.weights + record.ticket.pruned, record.dense.weights);
    const { causal, nonCausal, undecided, static: still } = record.verdicts;
    assert.is(causal + nonCausal + undecided + still, 60);
    const exponents = await readNpy(`${folder}/exponents.npy`, { dtype: 'f8' });
    assert.equal(exponents.shape, [60, record.windows]);
    const mask = JSON.parse(await readFile(`${folder}/mask.json`, 'utf8'));
    let kept = 0;
    const { tensors } = await readSafetensors(`${folder}/ticket.safetensors`);
    for (const layer of mask.layers) {
      const { data, shape } = await readNpy(`${folder}/${layer.file}`);
      assert.equal(shape, layer.shape);
      for (const entry of data) kept += entry;
      const weights = tensors.get(layer.name)?.data as Float64Array;
      weights.forEach((w, i) => assert.is(w === 0, data[i] === 0, `${layer.name}[${i}]`));
    }
    assert.is(kept, 30);
    const curves = JSON.parse(await readFile(`${folder}/curves.json`, 'utf8'));
    assert.equal(Object.keys(curves), ['dense', 'ticket', 'random', 'magnitude']);
    for (const [name, { epochs, accuracy, loss }] of Object.entries<NetworkCurve>(curves)) {
      assert.equal(
        epochs,
        [...Array(20).keys()].map((i) => i + 1),
      );
      const network = record[name] ?? record.baselines[name];
      for (const part of ['train', 'validation', 'test'] as const) {
        assert.is(accuracy[part]?.length, 20);
        assert.is(accuracy[part]?.at(-1), network.accuracy[part]);
        assert.is(loss[part]?.at(-1), network.loss[part]);
      }
    }
    const explained = JSON.parse(await readFile(`${folder}/explained.json`, 'utf8'));
    const series = await readNpy(`${folder}/series.npy`, { dtype: 'f4' });
    const iterates = 20 * Math.ceil(record.data.parts.train / record.config.batchSize) + 1;
    assert.is(explained.weights.length, 48);
    assert.equal(series.shape, [48, Math.ceil(iterates / explained.every)]);
    assert.is(record.windows, Math.floor((iterates - explained.window) / explained.stride) + 1);
    assert.equal(record.baselines.random.perLayer, record.ticket.perLayer);
    assert.equal(record.baselines.magnitude.perLayer, record.ticket.perLayer);
  });
});

test('within keeps the validation accuracy, and prunes more when more may be lost', async () => {
  const strictly = await prune('titanic', { epochs: 20, within: 0 });
  const loosely = await prune('titanic', { epochs: 20, within: 0.3 });
  for (const [result, within] of [
    [strictly, 0],
    [loosely, 0.3],
  ] as const) {
    const dense = result.dense.scores.validation?.accuracy ?? Number.NaN;
    const ticket = result.ticket.training.scores.validation?.accuracy ?? Number.NaN;
    assert.ok(ticket >= dense - within - 1e-12, `${ticket} after ${dense}`);
  }
  assert.ok(loosely.ticket.summary.pruned >= strictly.ticket.summary.pruned);
  assert.ok(loosely.ticket.summary.pruned > 0);
});

test('plots condense curves to 40 columns, each to its last epoch and its mean window', async () => {
  const result = await prune('iris', { epochs: 83, untilAccuracy: 0.9 });
  const { plots } = toRecord(result);
  const { dense, ticket } = result;
  const judgement = result.judgement as Judgement;
  const { windows, exponents, pValue } = judgement;
  const weights = [...pValue.keys()].filter((w) => judgement.verdict(w) !== 'static');
  const means = Array.from({ length: windows }, (_, k) => {
    const sum = weights.reduce((total, w) => total + (exponents[w * windows + k] as number), 0);
    return sum / weights.length;
  });
  assertClose(result.meanExponents as Float64Array, means, { absolute: 1e-12 });
  const longest = Math.max(...[dense, ticket.training, ...tickets(result)].map(({ epochs }) => epochs));
  assert.is(plots.epochs.at(-1), longest);
  for (const [name, { epochs, history }] of [
    ['dense', dense],
    ['ticket', ticket.training],
  ] as const) {
    const values = plots.accuracy[name] as number[];
    assert.is(values.length, plots.epochs.length);
    values.forEach((value, c) => {
      const last = Math.min(plots.epochs[c] as number, epochs);
      const wanted = last > (plots.epochs[c - 1] ?? 0) ? history[last - 1]?.test?.accuracy : null;
      assert.is(value, wanted);
    });
    assert.is(values.filter((value) => value !== null).at(-1), history.at(-1)?.test?.accuracy);
  }
  const piece = (c: number): number => Math.floor((c * windows) / 40);
  assert.is(plots.watched?.exponents.length, 40);
  plots.watched?.exponents.forEach((value, c) => {
    const within = means.slice(piece(c), piece(c + 1));
    assertClose(value as number, within.reduce((sum, mean) => sum + mean, 0) / within.length, { absolute: 1e-12 });
  });
});

const tickets = ({ baselines }: PruneResult) => [baselines?.random, baselines?.magnitude].map((t) => t!.training);

test('given initial weights are the starting point of dense and ticket', async () => {
  const first = await prune('iris', { ...quick, seed: 3 });
  const second = await prune('iris', { ...quick, seed: 3, initial: first.initial.parameters });
  assert.equal(second.dense.network.parameters, first.dense.network.parameters);
  const other = await prune('iris', { ...quick, seed: 3, initial: first.initial.parameters.map((w) => w / 2) });
  assert.not.equal(other.dense.network.parameters, first.dense.network.parameters);
});

test('a run that was stopped resumes to the same bits, and only with the same configuration', async () => {
  await withTempFolder(async (folder) => {
    const checkpoint = `${folder}/checkpoint`;
    const whole = await prune('iris', quick);
    const stop = new AbortController();
    const reason = new Error('enough');
    let caught: unknown;
    try {
      await prune('iris', {
        ...quick,
        checkpoint,
        signal: stop.signal,
        onProgress: ({ stage }) => {
          if (stage === 'retrain') stop.abort(reason);
        },
      });
    } catch (error) {
      caught = error;
    }
    assert.is(caught, reason);
    assert.ok((await readdir(checkpoint)).includes('dense.safetensors'));
    await assertLegcnetError(() => prune('iris', { ...quick, checkpoint }), 'ERR_OPTION', /unfinished run/);
    await assertLegcnetError(
      () => prune('iris', { ...quick, seed: 9, checkpoint, resume: true }),
      'ERR_OPTION',
      /another configuration/,
    );
    const dense = await readFile(`${checkpoint}/dense.safetensors`);
    await writeSafetensors(`${checkpoint}/dense.safetensors`, new Map(), { format: 'pt' }); // another program's
    await assertLegcnetError(
      () => prune('iris', { ...quick, checkpoint, resume: true }),
      'ERR_DATA',
      /format of .*dense\.safetensors/,
    );
    await writeFile(`${checkpoint}/dense.safetensors`, dense);
    const resumed = await prune('iris', { ...quick, checkpoint, resume: true });
    assert.equal(resumed.ticket.training.network.parameters, whole.ticket.training.network.parameters);
    assert.equal(resumed.judgement?.exponents, whole.judgement?.exponents);
    assert.ok(whole.dense.series?.sample?.some((value) => value !== 0));
    assert.equal(resumed.dense.series?.sample, whole.dense.series?.sample);
    assert.equal(resumed.dense.history, whole.dense.history);
    assert.equal(resumed.ticket.mask, whole.ticket.mask);
    await resumed.checkpoints.clear();
    assert.not((await readdir(folder)).includes('checkpoint'));
  });
});

test('a data set of your own, in memory', async () => {
  const rows = 200;
  const features = Float64Array.from({ length: rows * 2 }, (_, i) => Math.sin(i * 12.9898) * 3);
  const labels = Int32Array.from({ length: rows }, (_, r) => ((features[2 * r] as number) > 0 ? 1 : 0));
  const dataset: Dataset = {
    ...{ name: 'mine', features: { data: features, shape: [rows, 2] }, labels },
    ...{ classes: ['no', 'yes'], featureNames: ['a', 'b'] },
  };
  const result = await prune(dataset, { epochs: 20, sparsity: 0.25 });
  assert.ok((result.dense.scores.test?.accuracy ?? 0) > 0.9);
  assert.is(result.ticket.summary.pruned, 6);
});

test('a test part of its own takes the place of the one that the preset would split off', async () => {
  const rows = (count: number, shift: number): Pick<Dataset, 'features' | 'labels'> => {
    const data = Float64Array.from({ length: count * 2 }, (_, i) => Math.sin((i + shift) * 12.9898) * 3);
    return {
      features: { data, shape: [count, 2] },
      labels: Int32Array.from({ length: count }, (_, r) => ((data[2 * r] as number) > 0 ? 1 : 0)),
    };
  };
  const dataset: Dataset = {
    ...{ name: 'mine', classes: ['no', 'yes'], featureNames: ['a', 'b'] },
    ...rows(200, 0),
    test: rows(50, 1000),
  };
  const parts = async (options: PruneOptions) => {
    const { train, validation, test } = (await prune(dataset, { ...quick, sparsity: 0.3, ...options })).data.rows;
    return [train, validation, test];
  };
  assert.equal(await parts({}), [160, 40, 50]);
  assert.equal(await parts({ preset: 'paper', method: 'magnitude' }), [200, 0, 50]);
  assert.equal(await parts({ preset: 'authors', method: 'magnitude' }), [200, 0, 50]);
  assert.equal(await parts({ split: [0.1] }), [180, 20, 50]);
  await assertLegcnetError(() => parts({ split: [0.1, 0.1] }), 'ERR_OPTION', /one share, of validation/);
  // what is given counts, though it is what the preset says
  const published = { preset: 'paper', method: 'magnitude' } as const;
  assert.equal(await parts({ ...published, split: [0.2] }), [160, 40, 50]);
  await assertLegcnetError(() => parts({ split: [0.2, 0.2] }), 'ERR_OPTION', /one share, of validation/);
  // a configuration that is saved has what came of it, and leads there again
  const cases: [PruneOptions, number[]][] = [
    [{}, [0.2]],
    [published, []],
    [{ ...published, split: [0.2] }, [0.2]],
  ];
  for (const [options, split] of cases) {
    const record = toRecord(await prune(dataset, { ...quick, sparsity: 0.3, ...options }));
    assert.equal(record.config.split, split);
    const { dataset: _, ...saved } = record.config;
    const again = toRecord(await prune(dataset, saved));
    assert.equal([again.configHash, again.data.parts], [record.configHash, record.data.parts]);
  }
  const compared = async (options: CompareOptions): Promise<unknown> => {
    const few = { epochs: 30, methods: ['magnitude'], sparsities: [0.5], seeds: 1 };
    return (await compare(dataset, { ...few, preset: 'paper', ...options })).config;
  };
  const [byDefault, given] = [await compared({}), await compared({ split: [0.2] })] as { split: number[] }[];
  assert.equal([byDefault?.split, given?.split], [[], [0.2]]);
});

test("an unfinished run is not resumed with another split, though both are the preset's share", async () => {
  await withTempFolder(async (folder) => {
    const [x, t] = ['x', 't'].map((name) => `${folder}/${name}.csv`) as [string, string];
    const rows = (n: number): string =>
      Array.from({ length: n }, (_, i) => `${Math.sin(i)},${i % 7},${i % 2}`).join('\n');
    await writeFile(x, `a,b,c\n${rows(120)}\n`);
    await writeFile(t, `a,b,c\n${rows(30)}\n`);
    const checkpoint = `${folder}/checkpoint`;
    const options = { ...quick, preset: 'paper', method: 'magnitude', sparsity: 0.5, testData: t, checkpoint } as const;
    const { data } = await prune(x, options);
    assert.equal(data.rows, { train: 120, validation: 0, test: 30 });
    await assertLegcnetError(
      () => prune(x, { ...options, resume: true, split: [0.2] }),
      'ERR_OPTION',
      /another configuration/,
    );
    assert.equal((await prune(x, { ...options, resume: true, split: [] })).data.rows, data.rows);
  });
});

test('too few windows is an error that names the remedy', async () => {
  const error = await assertLegcnetError(
    () => prune('iris', { epochs: 2, minWindows: 0, window: 100 }),
    'ERR_TOO_SHORT',
    /more epochs/,
  );
  assert.is(error.received, 1);
});

test('where no weight moves the note names the cause that is known', async () => {
  const notes = async (options: PruneOptions): Promise<string> =>
    (await prune('iris', { ...quick, ...options })).judgement!.notes.join(' ');
  assert.match(
    await notes({ perturbation: 0 }),
    'No weight moved, so none could be tested or ranked. The twin is identical: its perturbation is 0.',
  );
  assert.match(await notes({ learningRate: 1e30 }), 'or training stands still');
});

test('a callback that throws stops the run with its error', async () => {
  const broken = new Error('broken callback');
  let caught: unknown;
  try {
    await prune('iris', {
      onProgress: () => {
        throw broken;
      },
    });
  } catch (error) {
    caught = error;
  }
  assert.is(caught, broken);
});

test('the stride shrinks to fit the windows wanted, but not below a sixth of the window', () => {
  assert.is(strideFor(100_000, 50, 0.1, 100), 45);
  assert.is(strideFor(50 + 99 * 20, 50, 0.1, 100), 20);
  assert.is(strideFor(300, 50, 0.1, 100), 9);
  assert.is(strideFor(300, 200, 0.1, 0), 180);
});

test('any allowed combination of options gives finite results or a LegcnetError', async () => {
  const combination = fc.record(
    {
      ...{ method: fc.constantFrom('ft', 'pt'), preset: fc.constantFrom('authors', 'paper', 'strict') },
      layers: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
      activation: fc.constantFrom('sigmoid', 'tanh', 'relu', 'linear'),
      outputActivation: fc.constantFrom('sigmoid', 'softmax', 'linear'),
      loss: fc.constantFrom('squared-error', 'cross-entropy'),
      init: fc.constantFrom('gaussian', 'uniform', 'glorot', 'he'),
      batchSize: fc.integer({ min: 1, max: 8 }),
      learningRate: fc.constantFrom(1e-3, 0.1, 1, 100),
      series: fc.constantFrom('weights', 'difference'),
      perturbation: fc.constantFrom(0, 1e-8, -1, 1e6),
      window: fc.integer({ min: 20, max: 60 }),
      overlap: fc.double({ min: 0, max: 0.99, noNaN: true }),
      exponent: fc.constantFrom('one-step', 'fit'),
      embeddingDimension: fc.integer({ min: 1, max: 4 }),
      delay: fc.integer({ min: 1, max: 5 }),
      theilerWindow: fc.integer({ min: 0, max: 10 }),
      horizon: fc.integer({ min: 4, max: 10 }),
      radius: fc.constantFrom('all', 'default', 0.1),
      target: fc.constantFrom('train', 'test'),
      maxLag: fc.integer({ min: 1, max: 20 }),
      lagOrder: fc.constantFrom('min-p', 'aic', 'target-bic', 2),
      lagCorrection: fc.constantFrom('none', 'circular-shift'),
      shifts: fc.constantFrom(1, 19),
      correction: fc.constantFrom('none', 'bh', 'by'),
      stationarity: fc.constantFrom('none', 'difference', 'adf', 'kpss'),
      sparsity: fc.double({ min: 0, max: 0.99, noNaN: true }),
      fit: fc.constantFrom([0, 1], [0, 3], [2, 5]),
      scaling: fc.constantFrom('standard', 'min-max', 'per-sample', 'pixel', 'none'),
      density: fc.constantFrom('global', 'per-layer', 'erdos-renyi'),
      seed: fc.integer({ min: 0, max: 100 }),
    },
    { requiredKeys: [] },
  );
  const outcomes = { ok: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(combination, async (options) => {
      try {
        const { ticket, judgement, dense } = await prune('iris', { ...(options as PruneOptions), epochs: 12 });
        for (const { network } of [dense, ticket.training]) assert.ok(network.parameters.every(Number.isFinite));
        assert.ok(judgement);
        assert.ok(judgement.exponents.every(Number.isFinite));
        assert.not(judgement.score.some(Number.isNaN));
        assert.ok(judgement.pValue.every((p) => Number.isNaN(p) || (p >= 0 && p <= 1)));
        outcomes.ok++;
      } catch (error) {
        if (!(error instanceof LegcnetError)) throw error;
        assert.not.equal(error.code, 'ERR_NATIVE');
        outcomes.refused++;
      }
    }),
    { numRuns: 300, seed: 11 },
  );
  assert.ok(outcomes.ok > 50 && outcomes.refused > 20, JSON.stringify(outcomes));
});

test('a window of 200 iterates of 41,000 weights costs at most twice its own size', async () => {
  const windowBytes = 200 * 41_000 * 8;
  const [without, watched] = [await growthOfTraining(false), await growthOfTraining(true)];
  assert.ok(watched - without > windowBytes / 2, `the measurement sees the window: ${watched}, ${without}`);
  assert.ok(watched - without < 2 * windowBytes, `${(watched - without) / windowBytes} windows`);
});

/** By how many bytes a process grows that trains a 784-50-30-10 network for 250 steps, with checkpoints. */
async function growthOfTraining(watch: boolean): Promise<number> {
  const program = fileURLToPath(new URL('./train-and-measure.ts', import.meta.url));
  const args = ['--import', 'tsx', program, ...(watch ? ['watch'] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

test('the referee: placebo, power, controls; the same bits for any number of threads and after being stopped', async () => {
  const options: PruneOptions = { ...quick, referee: true, refereeSeeds: 2, sparsity: 0.5 };
  await withTempFolder(async (folder) => {
    const one = await runInto(`${folder}/1`, 'iris', { ...options, threads: 1 });
    assert.equal(await runInto(`${folder}/3`, 'iris', { ...options, threads: 3 }), one);
    const record = JSON.parse(await readFile(`${folder}/1/run.json`, 'utf8'));
    const { referee } = record;
    assert.equal(referee.seeds, [1, 2, 3]);
    assert.equal(referee.placebo.matrix.length, 3);
    const shareCausal = record.verdicts.causal / (42 - record.verdicts.static);
    assert.is(referee.placebo.matrix[0][0], shareCausal);
    assert.is(referee.power.windows, record.windows);
    for (const control of [referee.shuffled, referee.placeboTicket]) {
      assert.equal(control.perLayer, record.ticket.perLayer);
    }
    assert.is(referee.placeboTicket.source, 2);
    assert.ok(referee.verdict.length >= 4);
    const { shuffled, placebo } = JSON.parse(await readFile(`${folder}/1/curves.json`, 'utf8'));
    for (const [curve, control] of [
      [shuffled, referee.shuffled],
      [placebo, referee.placeboTicket],
    ]) {
      const { train, validation, test } = control.accuracy;
      assert.equal(curve.epochs, [control.epochs]);
      assert.equal(curve.accuracy, { train: [train], validation: [validation], test: [test] });
    }
    assert.not((await prune('iris', quick)).referee);

    const aborter = new AbortController();
    const checkpoint = `${folder}/checkpoint`;
    const onProgress = ({ stage }: { stage: string }): void => {
      if (stage === 'referee') aborter.abort(new Error('stop'));
    };
    const stopped = prune('iris', { ...options, checkpoint, onProgress, signal: aborter.signal });
    await stopped.then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.message, 'stop'),
    );
    assert.equal(await runInto(`${folder}/resumed`, 'iris', { ...options, checkpoint, resume: true }), one);
  });
});

test('the referee says so when other seeds stop too early to be a placebo', async () => {
  const result = await prune('iris', { ...quick, sparsity: 0.5 });
  const { series } = result.dense;
  const judgement = result.judgement as Judgement;
  const run = { ...result, judgement, given: {}, series: series as NonNullable<typeof series> };
  const short = firstWindows(run.series, 9);
  const referee = await refereeRun(run, {
    trainOther: async () => ({ series: short }) as never,
    retrain: async () => result.ticket,
    job: {},
    threads: 2,
  });
  assert.equal([referee.placebo, referee.placeboTicket, referee.stability], [null, null, null]);
  assert.equal(referee.seeds, [1]);
  assert.is(referee.power.windows, judgement.windows);
  assert.match(referee.verdict.join(' '), /No other seed's training had 10 windows/);
});

test.run();
