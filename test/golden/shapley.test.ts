/** Shapley values against shap 0.41 and brute force: cancer, iris, and MNIST's dense network. */
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type NdArray, takeRows } from '../../lib/data/ndarray.js';
import { loadDataset } from '../../lib/data/datasets.js';
import { agreement } from '../../lib/diagnostics/consistency.js';
import { type Estimator, type ShapleyOptions, meanAbsolute, shapley } from '../../lib/diagnostics/shapley.js';
import { Mlp } from '../../lib/network/mlp.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { golden, goldenTest, readGoldenNpy } from '../helpers/golden.js';

const read = (name: string): Promise<NdArray<Float64Array>> =>
  readGoldenNpy(`diagnostics/${name}.npy`, { dtype: 'f8' });

/** The last layer of the authors' pictures of iris is softmax; the other goldens have sigmoids throughout. */
async function tabular(set: string, tag: string, outputActivation: 'sigmoid' | 'softmax' = 'sigmoid'): Promise<Mlp> {
  const [w1, w2, b1, b2] = await Promise.all(['W1', 'W2', 'b1', 'b2'].map((part) => read(`${set}/${tag}_${part}`)));
  const sizes = [w1!.shape[1]!, w1!.shape[0]!, w2!.shape[0]!];
  const parameters = Float64Array.from([w1, w2, b1, b2].flatMap((part) => [...part!.data]));
  return new Mlp(sizes, { outputActivation }, parameters);
}

const SETS = ['shap_cancer2', 'shap_iris'];
const TAGS = ['dense', 'ft', 'pt'];

for (const set of SETS) {
  goldenTest(test, `${set}: exact and kernel with all coalitions, of dense and pruned networks`, async () => {
    const [background, inputs] = [await read(`${set}/background`), await read(`${set}/inputs`)];
    for (const tag of TAGS) {
      const network = await tabular(set, tag);
      const exact = await shapley(network, background, inputs);
      assert.is(exact.estimator, 'exact');
      const brute = await read(`${set}/${tag}_shap_exact_brute`);
      assert.equal(exact.values.shape, brute.shape);
      assertClose(exact.values.data, brute.data, tolerances.shapleyExact, `${tag} exact`);
      assertClose(exact.base, (await read(`${set}/${tag}_base`)).data, tolerances.shapleyExact, `${tag} base`);
      assertClose(exact.outputs.data, (await read(`${set}/${tag}_fx`)).data, tolerances.shapleyExact, `${tag} f(x)`);
      const kernel = await shapley(network, background, inputs, { estimator: 'kernel' });
      assertClose(kernel.values.data, brute.data, tolerances.shapleyKernel, `${tag} kernel`);
      const library = await read(`${set}/${tag}_shap_kernel_lib`);
      assertClose(kernel.values.data, library.data, tolerances.shapleyKernel, `${tag} kernel of shap`);
      for (const { additivityGap } of [exact, kernel]) assertClose(additivityGap, 0, tolerances.shapleyAdditivity);
    }
  });
}

interface Expected {
  shap_tabular: Record<string, Record<string, { spearman: number; top3_overlap: number }>>;
}

goldenTest(test, 'rank agreement before and after pruning', async () => {
  const text = await readFile(golden('diagnostics/expected.json'), 'utf8');
  const expected = (JSON.parse(text) as Expected).shap_tabular;
  for (const set of SETS) {
    const [background, inputs] = [await read(`${set}/background`), await read(`${set}/inputs`)];
    const explain = async (tag: string) => shapley(await tabular(set, tag), background, inputs);
    const dense = await explain('dense');
    for (const tag of ['ft', 'pt']) {
      const { spearman, top3_overlap } = expected[set.slice(5)]![`consistency_dense_vs_${tag}`]!;
      const ours = agreement(dense, await explain(tag), { top: 3 });
      assertClose(ours.spearman!, spearman, { absolute: 1e-12 }, `${set} ${tag}`);
      assertClose(ours.topOverlap, top3_overlap / 3, { absolute: 1e-12 }, `${set} ${tag}`);
    }
  }
});

goldenTest(test, "bar lengths of the authors' figures", async () => {
  for (const set of SETS) {
    const train = await read(`${set}/full_X_train`);
    const rows = await readGoldenNpy(`diagnostics/${set}/figure_background_idx.npy`, { dtype: 'i4' });
    const background = takeRows(train, rows.data);
    const inputs = await read(`${set}/full_X_test`);
    for (const tag of TAGS) {
      const network = await tabular(set, tag, set === 'shap_iris' ? 'softmax' : 'sigmoid');
      const bars = meanAbsolute(await shapley(network, background, inputs));
      const expected = await read(`${set}/figure_${tag}_mean_abs`);
      assert.equal(bars.shape, expected.shape);
      assertClose(bars.data, expected.data, tolerances.shapleyExact, `${set} ${tag}`);
    }
  }
});

/** MNIST's dense network, its background and images, raw pixels 0..255. */
async function mnist() {
  const part = (name: string) => readGoldenNpy(`diagnostics/mnist_init1/dense_${name}.npy`, { dtype: 'f4' });
  const layers = [1, 2, 3];
  const parts = await Promise.all([
    ...layers.map((l) => part(`layer${l}_W`)),
    ...layers.map((l) => part(`layer${l}_b`)),
  ]);
  const parameters = Float64Array.from(parts.flatMap(({ data }) => [...data]));
  const network = new Mlp([784, 50, 30, 10], { outputActivation: 'softmax' }, parameters);
  const { features, test: images } = await loadDataset('mnist');
  const pixels = features as NdArray<Uint8Array>;
  const unseen = images!.features as NdArray<Uint8Array>;
  const rows = (name: string) => readGoldenNpy(`diagnostics/shap_mnist_init1/${name}.npy`, { dtype: 'i4' });
  return {
    network,
    background: takeRows(pixels, (await rows('background_idx_train')).data),
    samples: takeRows(unseen, (await rows('input_idx_t10k')).data),
  };
}

goldenTest(test, 'MNIST: permutation, expected gradients, DeepLIFT', async () => {
  const { network, background, samples } = await mnist();
  const orders = await readGoldenNpy('diagnostics/shap_mnist_init1/perms.npy', { dtype: 'u2' });
  const cases: [Estimator, string, ShapleyOptions][] = [
    ['permutation', 'permutation_softmax', { orders }],
    ['expected-gradients', 'expected_gradients_softmax', { steps: 400 }],
    ['deeplift', 'deepshap_logit', {}],
    ['deeplift', 'deepshap_softmax', { explain: 'output' }],
  ];
  for (const [estimator, name, options] of cases) {
    const result = await shapley(network, background, samples, { estimator, ...options });
    const expected = await read(`shap_mnist_init1/${name}`);
    assertClose(result.values.data, expected.data, tolerances.shapleyExact, name);
    const kind = result.explain === 'logits' ? 'logit' : 'softmax';
    const base = await read(`shap_mnist_init1/base_${kind}`);
    const outputs = await read(`shap_mnist_init1/fx_${kind}`);
    assertClose(result.base, base.data, tolerances.shapleyExact, `${name} base`);
    assertClose(result.outputs.data, outputs.data, tolerances.shapleyExact, `${name} f(x)`);
    if (estimator === 'expected-gradients') assert.ok(result.additivityGap < 2e-4);
    else assertClose(result.additivityGap, 0, tolerances.shapleyAdditivity, `${name} additivity`);
    if (!result.standardError) continue;
    const errors = await read('shap_mnist_init1/permutation_stderr');
    assertClose(result.standardError.data, errors.data, tolerances.shapleyExact, 'standard errors');
  }
});

test.run();
