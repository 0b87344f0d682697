/** Prints by how many bytes training on random 784-feature data grew this process; with the argument `watch`, a watched one. */
import { resolveExponent } from '../../lib/lyapunov/options.js';
import { Mlp } from '../../lib/network/mlp.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { train } from '../../lib/network/train.js';

const rows = 500;
const part = {
  features: {
    data: Uint8Array.from({ length: rows * 784 }, (_, i) => (i % 7 ? 0 : (i * 31) % 256)),
    shape: [rows, 784],
  },
  labels: Int32Array.from({ length: rows }, (_, i) => i % 10),
  factor: 1 / 255,
};
const network = await Mlp.random([784, 50, 30, 10], { outputActivation: 'softmax' });
const samples = await toNativeSamples('train', part, 10, 'float64');
const lyapunov = resolveExponent();
const watch = {
  window: 200,
  stride: 180,
  series: 'weights',
  perturbedWeight: 0,
  perturbation: 0,
  target: 'train',
  lyapunov,
} as const;
const before = process.memoryUsage.rss();
let peak = before;
const look = (): void => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
const timer = setInterval(look, 1);
await train(
  network,
  { train: samples },
  {
    ...{ learningRate: 0.1, batchSize: 10, epochs: 5, checkpointSeconds: 0, onCheckpoint: async () => look() },
    ...(process.argv[2] === 'watch' && { watch }),
  },
);
clearInterval(timer);
process.stdout.write(String(peak - before));
