// What test-variants.mjs runs on each processor: training, predicting, exponents and tests through the built package.
// Prints one line of JSON: the binary's variant, whether published trainings came out, and numbers by name.
//   node scripts/variant-check.mjs [FOLDER_OF_GOLDENS]
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const legcnet = await import(path.join(root, 'dist/index.js'));
const { native } = await import(path.join(root, 'dist/native.js'));
const { grangerTest, loadDataset, lyapunovExponents, divergenceCurve, Mlp, readNpy, replay, toNativeSamples, train } =
  legcnet;

/** Repeatable numbers in [0, 1). */
function noise(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** The published network on iris, both precisions, dense and sparse inputs: weights and probabilities afterwards. */
async function training(scalar) {
  const { features, labels } = await loadDataset('iris');
  const random = noise(1);
  const sparse = Float64Array.from({ length: 60 * 40 }, () => (random() < 0.8 ? 0 : random()));
  const cases = [
    { sizes: [4, 6, 3], part: { features, labels, factor: 0.2 }, batchSize: 1 },
    {
      sizes: [40, 17, 9, 3],
      part: { features: { data: sparse, shape: [60, 40] }, labels: Int32Array.from({ length: 60 }, (_, i) => i % 3) },
      batchSize: 16,
    },
  ];
  const numbers = [];
  for (const { sizes, part, batchSize } of cases) {
    const network = await Mlp.random(sizes, { outputActivation: 'softmax', loss: 'cross-entropy', scalar });
    const samples = await toNativeSamples('train', part, 3, scalar);
    const result = await train(network, { train: samples }, { batchSize, learningRate: 0.1, epochs: 2, threads: 2 });
    const { outputs } = await result.network.predict(part);
    numbers.push(...result.network.parameters, ...outputs.data);
  }
  return numbers;
}

/** S(k) of the fixtures that every search meets without trouble: those that lyap_r itself finished at a large radius. */
async function curves() {
  const read = (name) => readNpy(path.join(root, 'test/fixtures/series', `${name}_N50.npy`));
  const [input, runs, expected] = await Promise.all(['input', 'conf', 'S'].map(read));
  const [ours, theirs] = [[], []];
  for (let run = 0; run < runs.shape[0]; run++) {
    const [kind, embeddingDimension, delay, theilerWindow, horizon, radius, outcome] = runs.data.slice(
      run * 7,
      run * 7 + 7,
    );
    if (outcome !== 0 || run % 9 !== 0) continue;
    const { curve } = await divergenceCurve(input.data.slice(kind * 50, (kind + 1) * 50), {
      ...{ embeddingDimension, delay, theilerWindow, horizon, minRange: 0, threads: 1 },
      radius: radius < 0 ? 'default' : radius,
    });
    const width = expected.shape[1];
    ours.push(...curve.data);
    theirs.push(...expected.data.slice(run * width, run * width + curve.data.length));
  }
  return { ours, theirs };
}

function walks(rows, length, random) {
  const data = new Float64Array(rows * length);
  for (let i = 0; i < data.length; i++) data[i] = (i % length ? data[i - 1] : 0) + random() - 0.5;
  return { data, shape: [rows, length] };
}

async function exponents(scalar) {
  const { data, shape } = walks(40, 60, noise(2));
  const series = { data: scalar === 'float32' ? Float32Array.from(data) : data, shape };
  const oneStep = await lyapunovExponents(series, { threads: 2 });
  const fit = await lyapunovExponents(series, {
    exponent: 'fit',
    fit: [0, 6],
    horizon: 6,
    theilerWindow: 3,
    threads: 2,
  });
  return [...oneStep.exponent, ...fit.exponent];
}

async function tests() {
  const random = noise(3);
  const sources = walks(30, 80, random);
  const target = Float64Array.from({ length: 80 }, (_, t) => sources.data[Math.max(0, t - 1)] + random());
  const { perLag, statistics } = await grangerTest(sources, target, { maxLag: 6, stats: true, threads: 2 });
  return [...perLag.pValue.data, ...perLag.restrictedRss.data, ...perLag.unrestrictedRss.data, ...statistics.data];
}

const goldens = process.argv[2];
const { ours, theirs } = await curves();
const result = {
  variant: native.info().variant,
  replayed: goldens ? (await replay(path.join(goldens, 'training/iris'), { threads: 1 })).agrees : undefined,
  reference: theirs,
  numbers: {
    'training, float64': await training('float64'),
    'training, float32': await training('float32'),
    "lyap_r's S(k)": ours,
    'exponents, float64': await exponents('float64'),
    'exponents, float32': await exponents('float32'),
    'Granger tests': await tests(),
  },
};
// JSON has no NaN.
console.log(JSON.stringify(result, (_, value) => (Number.isNaN(value) ? 'NaN' : value)));
