/** The spectrum against weightwatcher 0.7.1.5: three layers of nine MNIST networks, and synthetic matrices. */
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NdArray } from '../../lib/data/ndarray.js';
import { type LayerSpectrum, type MarchenkoPastur, fitEigenvalues, spectrum } from '../../lib/diagnostics/spectrum.js';
import { table4 } from '../../lib/diagnostics/table4.js';
import { assertClose, tolerances } from '../helpers/close.js';
import { golden, goldenTest, readGoldenNpy } from '../helpers/golden.js';

type Numbers = Record<string, number>;
type Spread = Record<string, { mean: number; std: number; min: number; max: number; n: number }>;
interface Expected {
  mnist: { init1: Record<string, Record<string, Numbers>> };
  synthetic: Record<string, Numbers>;
  random_statistics_over_50_shuffles_dense: Record<string, Spread>;
}

const readExpected = async (): Promise<Expected> =>
  (JSON.parse(await readFile(golden('diagnostics/expected.json'), 'utf8')) as { weightwatcher: Expected })
    .weightwatcher;

interface Case {
  readonly name: string;
  readonly matrix: NdArray;
  /** Prefix of its files. */
  readonly files: string;
  readonly expected: Numbers;
}

async function readCases(): Promise<Case[]> {
  const { mnist, synthetic } = await readExpected();
  const cases: Promise<Case>[] = [];
  const add = async (name: string, matrix: string, files: string, expected: Numbers): Promise<Case> => ({
    name,
    matrix: await readGoldenNpy(`diagnostics/${matrix}_W.npy`, { dtype: 'f4', rank: 2 }),
    files: `diagnostics/${files}`,
    expected,
  });
  for (const [network, layers] of Object.entries(mnist.init1)) {
    for (const [layer, expected] of Object.entries(layers)) {
      const name = `${network}_${layer}`;
      cases.push(add(name, `mnist_init1/${name}`, `ww_mnist_init1/${name}`, expected));
    }
  }
  for (const [name, expected] of Object.entries(synthetic)) {
    cases.push(add(name, `ww_synthetic/${name}`, `ww_synthetic/${name}`, expected));
  }
  return Promise.all(cases);
}

type Ok = Extract<LayerSpectrum, { status: 'ok' }>;
type Bulk = Extract<MarchenkoPastur, { sigma: number }>;

function close(actual: number, expected: number | undefined, label: string): void {
  assertClose(actual, expected!, tolerances.spectrum, label);
}

function checkBulk(bulk: MarchenkoPastur, expected: Numbers, prefix: '' | 'rand_', name: string): void {
  // Half of its eigenvalues are 0, and so is the mode: no bulk begins below it.
  assert.is(bulk.status, name.startsWith('lowrank') && prefix === '' ? 'rejected' : 'ok', name);
  const fit = bulk as Bulk;
  assert.is(fit.spikes, expected[`${prefix}num_spikes`], `${name} spikes`);
  const pairs: [number, string][] = [
    [fit.sigma, 'sigma_mp'],
    [fit.softrank, 'mp_softrank'],
    [fit.scale, 'W_scale'],
    [fit.bulkMin, 'bulk_min'],
    [fit.bulkMax, 'bulk_max'],
    [fit.cutoff, 'mp_cutoff_TW'],
  ];
  for (const [value, key] of pairs) close(value, expected[prefix + key], `${name} ${prefix}${key}`);
}

goldenTest(test, 'every quantity of every layer', async () => {
  const cases = await readCases();
  assert.is(cases.length, 32);
  const results = await spectrum(cases, { randomise: false });
  let flagged = 0;
  for (const [i, { name, expected, files }] of cases.entries()) {
    assert.is(results[i]!.status, 'ok', name);
    const layer = results[i] as Ok;
    const { powerLaw } = layer;
    if (powerLaw.status !== 'ok') throw new Error(`${name}: ${powerLaw.status}`);
    assert.equal([layer.N, layer.M, layer.Q], [expected['N'], expected['M'], expected['Q']]);
    assert.equal(layer.eigenvalues.length, expected['num_evals']);
    assert.is(layer.matrixRank, expected['matrix_rank'], name);
    assert.is(powerLaw.spikes, expected['num_pl_spikes'], name);
    const pairs: [number, string][] = [
      [powerLaw.alpha, 'alpha'],
      [powerLaw.alphaWeighted, 'alpha_weighted'],
      [powerLaw.xmin, 'xmin'],
      [powerLaw.xmax, 'xmax'],
      [powerLaw.distance, 'D'],
      [powerLaw.sigma, 'sigma'],
      [powerLaw.logAlphaNorm, 'log_alpha_norm'],
      [layer.norm, 'norm'],
      [layer.logNorm, 'log_norm'],
      [layer.spectralNorm, 'spectral_norm'],
      [layer.logSpectralNorm, 'log_spectral_norm'],
      [layer.stableRank, 'stable_rank'],
      [layer.entropy, 'entropy'],
    ];
    for (const [value, key] of pairs) close(value, expected[key], `${name} ${key}`);
    const warning = (expected as unknown as { warning: string }).warning;
    assert.equal(layer.warnings, warning === '' ? [] : [warning], name);

    const esd = await readGoldenNpy(`${files}_esd.npy`, { dtype: 'f8' });
    const counted = (values: Float64Array): Float64Array => values.filter((value) => value > 1e-5);
    assertClose(counted(layer.eigenvalues), counted(esd.data), tolerances.spectrum, `${name} eigenvalues`);
    const scan = await readGoldenNpy(`${files}_pl_scan.npy`, { dtype: 'f8' });
    const width = scan.shape[1]!;
    assertClose(powerLaw.scan.alpha, scan.data.subarray(0, width), tolerances.spectrum, `${name} alpha by xmin`);
    assertClose(powerLaw.scan.distance, scan.data.subarray(width), tolerances.spectrum, `${name} D by xmin`);
    assertClose(powerLaw.scan.xmin, counted(esd.data).subarray(0, width), tolerances.spectrum, `${name} xmin`);

    if (expected['sigma_mp_tie_dependent']) flagged++;
    else checkBulk(layer.marchenkoPastur, expected, '', name);
  }
  assert.is(flagged, 2);
});

goldenTest(test, "the search's grid and its residuals", async () => {
  const cases = (await readCases()).filter(({ name }) => !/^(ft|pt|random|magnitude)/.test(name));
  assert.is(cases.length, 11);
  const results = await spectrum(cases, { randomise: false });
  for (const [i, { name, files }] of cases.entries()) {
    const { grid } = (results[i] as Ok).marchenkoPastur;
    const { data } = await readGoldenNpy(`${files}_mp_grid.npy`, { dtype: 'f8', rank: 2 });
    const [sigma, residual] = [data.subarray(0, 195), data.subarray(195)];
    assertClose(grid.sigma, sigma, tolerances.spectrum, `${name} sigma`);
    // Weightwatcher gives what it rejects 10^6 for every point of the density.
    const accepted = residual.map((value) => (value % 1e6 === 0 ? Number.POSITIVE_INFINITY : value));
    assertClose(grid.residual, accepted, tolerances.spectrum, `${name} residual`);
  }
});

goldenTest(test, "the golden's own shuffles: fit, spikes, largest eigenvalue", async () => {
  let traps = 0;
  for (const { name, files, matrix, expected } of await readCases()) {
    const { data } = await readGoldenNpy(`${files}_rand_esd_5rep.npy`, { dtype: 'f8' });
    const { marchenkoPastur } = await fitEigenvalues(data, matrix.shape as [number, number]);
    if (!expected['rand_sigma_mp_tie_dependent']) checkBulk(marchenkoPastur, expected, 'rand_', name);
    traps += Number(expected['correlation_trap']);
  }
  assert.is(traps, 1);
});

goldenTest(test, 'fifty shuffles of our own spread as fifty of theirs', async () => {
  const spreads = (await readExpected()).random_statistics_over_50_shuffles_dense;
  const layers = (await readCases()).filter(({ name }) => name.startsWith('dense'));
  const seen: Record<string, Record<string, number[]>> = {};
  for (let seed = 1; seed <= 50; seed++) {
    for (const layer of await spectrum(layers, { seed })) {
      const { randomised } = layer as Ok;
      const { marchenkoPastur: fit, maxEigenvalue, distance, softrank } = randomised!;
      assert.is(fit.status, 'ok');
      const { sigma, spikes, bulkMax } = fit as Bulk;
      const values = {
        rand_sigma_mp: sigma,
        max_rand_eval: maxEigenvalue,
        rand_num_spikes: spikes,
        rand_distance: distance,
        ww_softrank: softrank,
        rand_bulk_max: bulkMax,
      };
      const list = (seen[layer.name.replace('dense_', '')] ??= {});
      for (const [key, value] of Object.entries(values)) (list[key] ??= []).push(value);
    }
  }
  for (const [layer, statistics] of Object.entries(spreads)) {
    for (const [key, { mean, std, n }] of Object.entries(statistics)) {
      const ours = seen[layer]![key]!;
      const average = ours.reduce((sum, value) => sum + value, 0) / ours.length;
      // The difference of two means of n: four of its standard errors. Never in n is consistent with 3 in n.
      const absolute = key === 'rand_num_spikes' && mean === 0 ? 3 / n : 4 * std * Math.sqrt(2 / n);
      assertClose(average, mean, { absolute }, `${layer} ${key}`);
      if (std === 0) continue;
      const spread = Math.sqrt(ours.reduce((sum, value) => sum + (value - average) ** 2, 0) / (n - 1));
      assertClose(spread, std, { relative: 0.5 }, `${layer} spread of ${key}`);
    }
  }
});

goldenTest(test, 'a trap is found in the matrix that has one, and in no other', async () => {
  const cases = (await readCases()).filter(({ files }) => files.includes('synthetic') || files.includes('dense'));
  for (const [i, layer] of (await spectrum(cases)).entries()) {
    const trap = Boolean(cases[i]!.expected['correlation_trap']);
    assert.is((layer as Ok).randomised!.correlationTrap, trap, layer.name);
    assert.is((layer as Ok).warnings.includes('correlation-trap'), trap);
  }
});

goldenTest(test, 'Table 4: alpha and alpha-weighted of dense and pruned networks', async () => {
  const cases = await readCases();
  const networks = Object.fromEntries(
    ['dense', 'ft', 'pt'].map((network) => [
      network,
      [1, 2, 3].map((layer) => {
        const { name, matrix } = cases.find(({ name: wanted }) => wanted === `${network}_layer${layer}`)!;
        return { name, matrix };
      }),
    ]),
  );
  const rows = await table4(networks);
  assert.is(rows.length, 9);
  for (const row of rows) {
    const { expected } = cases.find(({ name }) => name === row.layer)!;
    assert.is(row.status, 'ok');
    close(row.alpha!, expected['alpha'], row.layer);
    close(row.alphaWeighted!, expected['alpha_weighted'], row.layer);
  }
});

test.run();
