import { type NativeTask, native } from '../../lib/native.js';
import { Mlp } from '../../lib/network/mlp.js';
import { type NativeSamples, toNativeSamples } from '../../lib/network/samples.js';
import '../../lib/network/train.js'; // declares native.Trainer

/** A small data set of two classes that a network can learn. */
export async function samples(rows = 200, columns = 20): Promise<NativeSamples> {
  const data = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898));
  const labels = Int32Array.from({ length: rows }, (_, row) => (data[row * columns]! > 0 ? 1 : 0));
  return toNativeSamples('train', { features: { data, shape: [rows, columns] }, labels }, 2, 'float64');
}

export const smallNetwork = (seed = 1): Promise<Mlp> => Mlp.random([20, 50, 2], { seed });

/** What `new native.Trainer` takes to train the small network. */
export async function trainerOptions(seed = 1) {
  const network = await smallNetwork(seed);
  return {
    network: network.native,
    training: {
      batchSize: 10,
      learningRate: 0.1,
      shuffle: true,
      seed,
      stopPart: 'train',
      evaluateEveryEpoch: false,
      evaluationScalar: 'float64',
    },
    parts: [await samples(), undefined, undefined],
    parameters: network.parameters,
  };
}

export const newTrainer = async (seed = 1) => new native.Trainer(await trainerOptions(seed));

/** Epochs that take days: whatever ends sooner was stopped. */
export const ENDLESS = 1e9;

/** A job that keeps two threads busy for days unless it is stopped. */
export async function startEndless(): Promise<NativeTask<undefined>> {
  const trainer = await newTrainer();
  return trainer.run({ epochs: ENDLESS, threads: 2 });
}
