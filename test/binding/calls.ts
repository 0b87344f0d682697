// One valid call of everything that the addon exports, small enough to end at once. junk.test.ts breaks them in all ways.
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { native } from '../../lib/native.js';

const network = {
  sizes: Uint32Array.of(3, 4, 2),
  activation: 'sigmoid',
  outputActivation: 'softmax',
  loss: 'cross-entropy',
  squaredErrorFactor: 2,
  divideByOutputs: true,
  biases: true,
  accuracyRule: 'argmax',
};
const PARAMETERS = 3 * 4 + 4 * 2 + 4 + 2;

const numbers = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i * 12.9898));

export function newSamples() {
  const samples = new native.Samples('float64', 3, 2, 2);
  samples.append(numbers(15), Float64Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 0), 1);
  return samples;
}

const trainerOptions = () => ({
  network,
  training: {
    batchSize: 2,
    learningRate: 0.1,
    shuffle: true,
    seed: 1,
    untilAccuracy: 2,
    stopPart: 'validation',
    evaluateEveryEpoch: true,
    evaluationScalar: 'float32',
  },
  series: {
    series: 'difference',
    perturbedWeight: 1,
    perturbation: 1e-8,
    window: 6,
    stride: 3,
    lastIterate: 100,
    expectedWindows: 5,
    exponentScalar: 'float32',
    target: 'train',
    sample: Uint32Array.of(0, 19),
    lyapunov: { ...resolveExponent(), embeddingDimension: 2, horizon: 2 },
  },
  parts: [newSamples(), newSamples(), undefined],
  parameters: numbers(PARAMETERS),
  mask: new Uint8Array(20).fill(1),
});

export const newTrainer = () => new native.Trainer(trainerOptions());

const point = () => ({ network, parameters: numbers(PARAMETERS) });

const sessionOptions = () => ({
  target: numbers(40),
  rows: 3,
  samples: 40,
  stationarity: 'adf' as const,
  maxLag: 3,
  lagOrder: 'bic' as const,
  statistic: 'params-ftest' as const,
  shifts: 5,
  seed: 1,
  perLag: true,
  allStatistics: true,
});

const lyapunov = () => ({
  series: numbers(80),
  rows: 2,
  samples: 40,
  lyapunov: { ...resolveExponent(), embeddingDimension: 2, horizon: 5 },
  threads: 2,
});

/** State of a trainer that has run a little, so that every array in it holds something. */
export async function trainerState() {
  const trainer = newTrainer();
  await trainer.run({ epochs: 5, threads: 1 }).promise;
  return trainer.state().promise;
}

/** Arguments of each exported function or constructor that make it succeed. */
export const validArguments: Record<string, () => unknown[]> = {
  info: () => [],
  Samples: () => ['float64', 3, 2, 2],
  Trainer: () => [trainerOptions()],
  GrangerSession: () => [sessionOptions()],
  isHeld: () => [numbers(3)],
  initialise: () => [{ network, init: 'glorot', seed: 1 }],
  predict: () => [{ network, parameters: numbers(PARAMETERS), samples: newSamples(), threads: 2 }],
  lossGradient: () => [{ ...point(), samples: newSamples(), rows: Uint32Array.of(4, 0, 0), threads: 2 }],
  hessianProduct: () => [{ ...point(), direction: numbers(PARAMETERS), samples: newSamples(), threads: 2 }],
  movement: () => [
    {
      ...point(),
      mask: new Uint8Array(20).fill(1),
      samples: newSamples(),
      ...{ batchSize: 2, learningRate: 0.1, shuffle: true, seed: 1, epoch: 3 },
    },
  ],
  weightSensitivity: () => [
    {
      ...point(),
      samples: newSamples(),
      perturbed: Uint32Array.of(3, 19),
      ...{ batchSize: 2, learningRate: 0.1, shuffle: true, seed: 1, epochs: 2, perturbation: 1e-8, threads: 2 },
    },
  ],
  synflowScores: () => [point()],
  synflowOrder: () => [
    { ...point(), mask: new Uint8Array(20).fill(1), kept: 4, rounds: 3, tieBreak: new Int32Array(20).map((_, i) => i) },
  ],
  divergenceCurves: () => [lyapunov()],
  lyapunovExponents: () => [lyapunov()],
  adjustPValues: () => [{ pValues: numbers(40), correction: 'bh' }],
  adjustManyPValues: () => [{ pValues: numbers(40), correction: 'by' }],
  unitRootTests: () => [{ series: numbers(120), rows: 3, samples: 40, test: 'adf', threads: 2 }],
  spectrum: () => [
    {
      entries: numbers(12 * 10 + 3 * 2),
      rows: Uint32Array.of(12, 3),
      columns: Uint32Array.of(10, 2),
      fixFingers: 'clip-xmax',
      randomise: true,
      seed: 1,
      threads: 2,
    },
  ],
  fitEigenvalues: () => [{ eigenvalues: numbers(20).map(Math.abs), larger: 30, smaller: 20, fixFingers: 'xmin-peak' }],
  shapley: () => [
    {
      network,
      parameters: numbers(PARAMETERS),
      logits: false,
      background: numbers(6),
      samples: numbers(9),
      estimator: 'permutation',
      coalitions: 6,
      permutations: 2,
      orders: Uint32Array.of(0, 1, 2, 2, 0, 1),
      steps: 4,
      seed: 1,
      threads: 2,
    },
  ],
};

/** The same for methods, with an object to call them on. */
export const validMethodArguments: Record<string, { make: () => object; methods: Record<string, () => unknown[]> }> = {
  GrangerSession: {
    make: () => new native.GrangerSession(sessionOptions()),
    methods: {
      test: () => [{ first: 1, count: 2, sources: numbers(80), targets: null, threads: 2 }],
      result: () => [],
    },
  },
  Samples: {
    make: newSamples,
    methods: { append: () => [Float32Array.of(1, 2, 3), Float64Array.of(1, 0), 0.5] },
  },
  Trainer: {
    make: newTrainer,
    methods: {
      run: () => [{ epochs: 3, threads: 2 }],
      evaluate: () => [{ threads: 2 }],
      series: () => [],
      state: () => [],
      restore: () => [],
      status: () => [],
      parameters: () => [],
      history: () => [],
    },
  },
};
