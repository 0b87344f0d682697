import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadDataset } from '../../lib/data/datasets.js';
import { writeNpy } from '../../lib/data/npy.js';
import { Mlp } from '../../lib/network/mlp.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { train } from '../../lib/network/train.js';
import { type Benchmark, type Contender, assertAgree, timed } from '../harness.js';
import { pythonWith, runPeer } from '../peers/python.js';
import { fromParameters, step, workspace } from '../pure-js/training-fast.js';

const SIZES = [784, 50, 30, 10] as const;
const RATE = 0.1;

/** MNIST, batch 128 and batch 1, plain SGD in fixed order without evaluations. */
export async function trainingBenchmarks(): Promise<Benchmark[]> {
  return [await benchmark(128, 12_800), await benchmark(1, 2_000)];
}

async function benchmark(batch: number, rows: number): Promise<Benchmark> {
  const { features, labels } = await loadDataset('mnist');
  const pixels = (features.data as Uint8Array).slice(0, rows * 784);
  const classes = labels.slice(0, rows);
  const steps = rows / batch;
  const options = { outputActivation: 'softmax', loss: 'cross-entropy' } as const;
  const network = await Mlp.random([...SIZES], options);
  const single = new Mlp(network.sizes, { ...network.options, scalar: 'float32' }, network.parameters);
  const part = { features: { data: pixels, shape: [rows, 784] }, labels: classes, factor: 1 / 255 };
  const samples = {
    float64: await toNativeSamples('train', part, 10, 'float64'),
    float32: await toNativeSamples('train', part, 10, 'float32'),
  };
  const ours = (mlp: Mlp, epochs: number) =>
    train(
      mlp,
      { train: samples[mlp.options.scalar] },
      {
        ...{ batchSize: batch, learningRate: RATE, epochs, shuffle: false, evaluateEveryEpoch: false, threads: 1 },
      },
    );
  /** Time of `epochs` epochs less that of the fixed costs: one epoch more against one epoch. */
  const perStep = async (mlp: Mlp): Promise<number> => {
    const epochs = batch === 1 ? 20 : 8;
    const fixed = await timed(1, () => ours(mlp, 1));
    return ((await timed(1, () => ours(mlp, epochs + 1))) - fixed) / (epochs * steps);
  };
  const firstLayer = async (mlp: Mlp): Promise<Float64Array> =>
    (await ours(mlp, 1)).network.parameters.subarray(0, 39_200).filter((_, i) => i % 97 === 0);

  const inputs = Float64Array.from(pixels, (pixel) => pixel / 255);
  const pureEpoch = () => {
    const pure = fromParameters(SIZES, network.parameters);
    const work = workspace(SIZES, batch);
    for (let s = 0; s < rows; s += batch) {
      step(pure, inputs.subarray(s * 784, (s + batch) * 784), classes.subarray(s, s + batch), RATE, work);
    }
    return pure;
  };
  const pureJs: Contender = {
    name: 'JavaScript, float64',
    verify: async () => {
      const w = (pureEpoch().weights[0] as Float64Array).slice();
      const publicOrder = Float64Array.from(
        { length: 39_200 },
        (_, i) => w[(i % 784) * 50 + Math.floor(i / 784)] as number,
      );
      assertAgree(
        'JavaScript',
        publicOrder.filter((_, i) => i % 97 === 0),
        await firstLayer(network),
        1e-10,
      );
    },
    run: () => timed(steps, pureEpoch),
  };

  const python = pythonWith('torch');
  const torch = (loader: string, threads: number): Contender => {
    const work = async (epochs: number) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'legcnet-bench-'));
      try {
        const file = (name: string): string => path.join(folder, name);
        await writeNpy(file('x.npy'), part.features);
        await writeNpy(file('y.npy'), { data: classes, shape: [rows] });
        await writeNpy(file('p.npy'), { data: network.parameters, shape: [network.parameters.length] });
        const args = [file('x.npy'), file('y.npy'), file('p.npy'), batch, RATE, epochs, threads, loader].map(String);
        return runPeer<{ seconds: number; w: number[] }>(
          'python' in python ? python.python : '',
          'train_torch.py',
          ...args,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    };
    return {
      name: `PyTorch, float32, ${loader}, ${threads} thread${threads > 1 ? 's' : ''}`,
      absent: 'absent' in python ? python.absent : undefined,
      verify: async () => assertAgree('PyTorch', (await work(1)).w, await firstLayer(network), 1e-4),
      run: async () => (await work(batch === 1 ? 2 : 8)).seconds,
    };
  };
  return {
    name: `training, MNIST, 784-50-30-10, batch ${batch}`,
    unit: 'step',
    rounds: 5,
    contenders: [
      { name: 'legcnet, float32, 1 thread', run: () => perStep(single) },
      { name: 'legcnet, float64, 1 thread', run: () => perStep(network) },
      pureJs,
      torch('slices', 1),
      torch('slices', 2),
      torch('dataloader', 1),
    ],
  };
}
