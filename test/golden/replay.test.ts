import { readdir, rm } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy, writeNpy } from '../../lib/data/npy.js';
import { initialNetwork, openPublished, replay, trainOptions } from '../../lib/experiment/replay.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../../lib/lyapunov/options.js';
import { train } from '../../lib/network/train.js';
import { judge } from '../../lib/pipeline/causality.js';
import { resolveConfig } from '../../lib/pipeline/config.js';
import { strideFor } from '../../lib/pipeline/watch.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { golden, goldenTest, laterByOne, readGoldenNpy, sharedData, withChangedIris } from '../helpers/golden.js';

for (const name of ['iris', 'cancer']) {
  goldenTest(
    test,
    `${name}: 15 published runs agree in epochs, accuracies, macro scores, final weights and log`,
    async () => {
      const result = await replay(golden(`training/${name}`));
      assert.is(result.runs.length, 15);
      for (const run of result.runs) {
        assert.equal(run.disagreements, [], `trial ${run.trial} ${run.variant}`);
      }
      assert.ok(result.agrees);
    },
  );
}

goldenTest(test, 'banknote trial 1 stops where the authors saw it stop', async () => {
  const { runs } = await replay(sharedData('training/banknote'));
  const find = (variant: string) => runs.find((run) => run.trial === 1 && run.variant === variant);
  assert.is(find('dense')?.epochs, 8);
  assert.is(find('dense')?.train.accuracy, 0.9124886052871468);
  assert.is(find('dense')?.test.accuracy, 0.8945454545454545);
  assert.is(find('FT')?.epochs, 10);
  assert.is(find('FT')?.train.accuracy, 0.910665451230629);
  assert.is(find('FT')?.test.accuracy, 0.9018181818181819);
});

goldenTest(test, 'a replay notices a result that is wrong', async () => {
  await withChangedIris('expected.json', laterByOne, async (folder) => {
    const result = await replay(folder);
    assert.not(result.agrees);
    assert.equal(result.runs[0]?.disagreements, ['stopping epoch is 162, expected 163']);
  });
});

goldenTest(test, 'a log of early iterates is compared with where it is all there is', async () => {
  await withChangedIris(
    'config.json',
    () => {},
    async (folder) => {
      const results = (await readdir(folder)).filter((name) => /^expected|^final_/.test(name));
      await Promise.all(results.map((name) => rm(`${folder}/${name}`)));
      assert.equal((await replay(folder, { trials: 1 })).runs[0]?.disagreements, []);
      const file = `${folder}/weights_log_first_2000.npy`;
      const log = await readNpy(file, { dtype: 'f8' });
      log.data[5]! += 1;
      await rm(file);
      await writeNpy(file, log);
      const { agrees, runs } = await replay(folder, { trials: 1 });
      assert.not(agrees);
      assert.match(runs[0]?.disagreements?.join() ?? '', 'early iterate is 1, expected 0');
    },
  );
});

/** The authors' chain: 20 epochs watched, window 50, exponents by their text files, min-p over 14 lags. */
async function publishedChain(trial: number) {
  const published = await openPublished(golden('training/iris'));
  const network = await initialNetwork(published, trial);
  const config = resolveConfig('iris', { preset: 'authors', method: 'pt' });
  const exponent = resolveExponent(Object.fromEntries(EXPONENT_OPTIONS.map((name) => [name, config[name]])));
  const { series, network: trained } = await train(network, published.parts, {
    ...trainOptions(published.config),
    untilAccuracy: undefined,
    epochs: 20,
    watch: {
      series: config.series,
      perturbedWeight: 0,
      perturbation: 0,
      window: config.window,
      stride: strideFor(2401, config.window, config.overlap, config.minWindows),
      target: config.target,
      lyapunov: exponent,
    },
  });
  if (!series) throw new Error('no series');
  return { published, trained, series, judgement: await judge(series, config) };
}

for (let trial = 1; trial <= 5; trial++) {
  goldenTest(test, `the published iris PT mask of trial ${trial}, and every intermediate of its chain`, async () => {
    const { published, trained, series, judgement } = await publishedChain(trial);
    const weights = 42;
    const final = await readGoldenNpy(`masks/iris_t${trial}_final_weights.npy`, { dtype: 'f8' });
    assertClose(trained.parameters.subarray(0, weights), final.data, tolerances.replayFinalWeights, 'final weights');
    const misclassification = await readGoldenNpy(`masks/iris_t${trial}_misrisk.npy`, { dtype: 'f8' });
    assertClose(series.misclassification, misclassification.data, { absolute: 1e-15 }, 'misclassification');
    const exponents = await readGoldenNpy(`masks/iris_t${trial}_LE_authors.npy`, { dtype: 'f8', rank: 2 });
    const [windows = 0] = exponents.shape;
    const byWindow = exponents.data.map(
      (_, i) => series.exponents[(i % weights) * windows + Math.floor(i / weights)] as number,
    );
    assertClose(byWindow, exponents.data, tolerances.authorsExponents, 'exponents');
    const p = await readGoldenNpy(`masks/iris_t${trial}_minp14.npy`, { dtype: 'f8' });
    assertClose(judgement.pValue, p.data, { absolute: 0 }, 'p');
    const pruned = Array.from({ length: weights }, (_, w) => w).filter((w) => judgement.verdict(w) === 'non-causal');
    const wanted = [...(published.config.masks.PT?.[trial - 1] ?? [])].sort((a, b) => a - b);
    assert.equal(pruned, wanted);
  });
}

test.run();
