/** The network and the data that training and prediction are measured with. */
import path from 'node:path';
import { loadDataset } from '../../lib/data/datasets.js';
import { writeNpy } from '../../lib/data/npy.js';
import { Mlp } from '../../lib/network/mlp.js';
import { type NativeSamples, type Part, toNativeSamples } from '../../lib/network/samples.js';
import { noise } from '../harness.js';
import { betterBlas, pythonWith, runPeer } from '../peers/python.js';
import { scratchFolder } from '../scratch.js';

export const SIZES = [784, 50, 30, 10] as const;
const [INPUTS, UNITS, , CLASSES] = SIZES;
export const FIRST_LAYER = INPUTS * UNITS;
const ABOVE = SIZES[1] * SIZES[2] + SIZES[2] * SIZES[3];

export type Scalar = 'float64' | 'float32';

export interface Subject {
  readonly rows: number;
  readonly part: Part & { readonly labels: Int32Array };
  readonly networks: Readonly<Record<Scalar, Mlp>>;
  readonly samples: Readonly<Record<Scalar, NativeSamples>>;
  /** The inputs as JavaScript and TensorFlow.js take them, [rows, 784]; made when first asked for. */
  readonly inputs: () => Float64Array;
  /** Share of the inputs that are not 0. */
  readonly density: number;
}

async function subject(part: Subject['part'], softmaxLoss: 'cross-entropy' | 'squared-error'): Promise<Subject> {
  const rows = part.labels.length;
  const network = await Mlp.random([...SIZES], { outputActivation: 'softmax', loss: softmaxLoss });
  let inputs: Float64Array | undefined;
  let zeros = 0;
  for (const value of part.features.data) if (value === 0) zeros++;
  return {
    rows,
    part,
    networks: {
      float64: network,
      float32: new Mlp(network.sizes, { ...network.options, scalar: 'float32' }, network.parameters),
    },
    samples: {
      float64: await toNativeSamples('train', part, CLASSES, 'float64'),
      float32: await toNativeSamples('train', part, CLASSES, 'float32'),
    },
    inputs: () => (inputs ??= Float64Array.from(part.features.data, (value) => value * (part.factor ?? 1))),
    density: 1 - zeros / part.features.data.length,
  };
}

/** The first images of MNIST's 70,000, its test part last. */
export async function mnist(rows: number, loss: 'cross-entropy' | 'squared-error' = 'cross-entropy') {
  const dataset = await loadDataset('mnist');
  const data = new Uint8Array(rows * INPUTS);
  const labels = new Int32Array(rows);
  let filled = 0;
  for (const part of [dataset, dataset.test]) {
    if (!part || filled === rows) continue;
    const count = Math.min(rows - filled, part.labels.length);
    data.set((part.features.data as Uint8Array).subarray(0, count * INPUTS), filled * INPUTS);
    labels.set(part.labels.subarray(0, count), filled);
    filled += count;
  }
  return subject({ features: { data, shape: [rows, INPUTS] }, labels, factor: 1 / 255 }, loss);
}

/** Inputs of which none is 0. */
export async function dense(rows: number): Promise<Subject> {
  const random = noise(rows);
  const data = Float32Array.from({ length: rows * INPUTS }, () => random() - 0.5);
  const labels = Int32Array.from({ length: rows }, () => Math.floor(random() * CLASSES));
  return subject({ features: { data, shape: [rows, INPUTS] }, labels }, 'cross-entropy');
}

/**
 * Floating-point operations of one training step that have a use: inputs that are 0 need none. Forward, gradients of the
 * weights, and (above the first layer) gradients of the activations; a multiply-add counts as two.
 */
export const usefulFlops = ({ density }: Subject, batch: number): number =>
  2 * batch * (2 * FIRST_LAYER * density + 3 * ABOVE);

/** Of predicting one row. */
export const forwardFlops = ({ density }: Subject): number => 2 * (FIRST_LAYER * density + ABOVE);

/** Every 97th weight of the first layer, which is what results are compared by. */
export const sample = (weights: ArrayLike<number>): number[] =>
  Array.from({ length: Math.ceil(FIRST_LAYER / 97) }, (_, i) => weights[i * 97] as number);

export interface TorchRun {
  readonly batch: number;
  readonly rate: number;
  readonly epochs: number;
  readonly threads: number;
  readonly loader: 'slices' | 'dataloader';
  readonly loss?: 'cross-entropy' | 'squared-error';
  /** In an order of its own, anew in every epoch. */
  readonly shuffle?: boolean;
  readonly environment?: Record<string, string>;
}

export interface TorchTraining {
  readonly seconds: number;
  readonly total: number;
  readonly w: number[];
  readonly peakMemoryBytes: number;
}

/** PyTorch on the same data and initial weights; files are written once. */
export class Torch {
  private files: Promise<string[]> | undefined;
  private readonly found = pythonWith('torch');

  constructor(private readonly subject: Subject) {}

  get absent(): string | undefined {
    return 'absent' in this.found ? this.found.absent : undefined;
  }

  /** Variables under which OpenBLAS runs better kernels than it chose, and their name. */
  get better(): { environment: Record<string, string>; name: string } | undefined {
    const environment = this.absent === undefined ? betterBlas() : undefined;
    return environment && { environment, name: `OpenBLAS as ${environment.OPENBLAS_CORETYPE}` };
  }

  async train(run: TorchRun) {
    const { batch, rate, epochs, threads, loader, loss = 'cross-entropy', shuffle = false, environment } = run;
    const args = [batch, rate, epochs, threads, loader, loss, shuffle ? 'shuffled' : 'fixed'].map(String);
    return this.run<TorchTraining>('train_torch.py', (x, y, p) => [x, y, p, ...args], environment);
  }

  async predict(repetitions: number, threads: number, environment?: Record<string, string>) {
    return this.run<{ seconds: number; p: number[] }>(
      'predict_torch.py',
      (x, _, p) => [x, p, String(repetitions), String(threads)],
      environment,
    );
  }

  private async run<T>(
    script: string,
    args: (x: string, y: string, p: string) => string[],
    environment?: Record<string, string>,
  ): Promise<T> {
    this.files ??= this.write();
    const [x, y, p] = (await this.files) as [string, string, string];
    return runPeer<T>('python' in this.found ? this.found.python : '', script, args(x, y, p), environment);
  }

  private async write(): Promise<string[]> {
    const folder = scratchFolder();
    const { part, rows, networks } = this.subject;
    const { parameters } = networks.float64;
    const arrays = [
      part.features,
      { data: part.labels, shape: [rows] },
      { data: parameters, shape: [parameters.length] },
    ];
    return Promise.all(
      arrays.map(async (array, i) => {
        const file = path.join(folder, `${i}.npy`);
        await writeNpy(file, array);
        return file;
      }),
    );
  }
}
