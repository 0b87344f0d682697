/** The whole of LEGCNet on MNIST, in a process of its own, against PyTorch's dense training alone. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { train } from '../../lib/network/train.js';
import type { Seconds } from '../../lib/pipeline/prune.js';
import { type Benchmark, type Contender, type Reach, assertAgree, duration, quotient } from '../harness.js';
import { Torch, type TorchRun, mnist, sample } from './network.js';

/** The published method but for the twin's moved weight: the first one's pixel is 0 in every image, its twin identical. */
const PAPER = {
  ...{ preset: 'paper', perturbedWeight: 'most-varying', baselines: false },
  // as all trainings here are
  ...{ init: 'gaussian', shuffle: false },
} as const;
/** 52 windows: enough for tests at 14 lags. An accuracy of 1 is never reached, so that all train equally long. */
const EPOCHS = 20;
const FULL = { ...PAPER, epochs: EPOCHS, untilAccuracy: 1 } as const;
/** As many steps as `FULL` has an epoch, and its batch and rate. */
const TRAINING = { batch: 128, rate: 0.5, epochs: EPOCHS, loss: 'squared-error' } as const;
const PARTIAL = {
  ...PAPER,
  ...{ method: 'pt', partial: { epochs: 5 }, epochs: 5, untilAccuracy: 1 },
  ...{ batchSize: 1, learningRate: 0.1 },
} as const;

interface Pruned {
  readonly seconds: Seconds;
  readonly windows: number;
  readonly sparsity: number;
  readonly peakMemoryBytes: number;
}

function runPrune(given: object): Pruned {
  const child = fileURLToPath(new URL('../children/prune.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', child, JSON.stringify(given)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`prune: ${stderr}`);
  return JSON.parse(stdout) as Pruned;
}

/** All but loading the data. */
const counted = ({ train, lyapunov, granger, retrain }: Seconds): number => train + lyapunov + granger + retrain;

function legcnet(given: object, threads: number) {
  const runs: Pruned[] = [];
  const name = `legcnet, ${threads} thread${threads > 1 ? 's' : ''}`;
  const contender: Contender = {
    name,
    run: () => {
      const result = runPrune({ ...given, threads });
      runs.push(result);
      return { seconds: counted(result.seconds), peakMemoryBytes: result.peakMemoryBytes };
    },
  };
  const notes = (): string[] => {
    const last = runs.at(-1);
    if (!last) return [];
    const stages = (['train', 'lyapunov', 'granger', 'retrain'] as const).map(
      (stage) => `${stage} ${duration(last.seconds[stage])}`,
    );
    const rest = `not counted: data ${duration(last.seconds.data)}`;
    const found = `${last.windows} windows, sparsity ${last.sparsity.toFixed(3)}`;
    return [`${name}, last round: ${stages.join(', ')}; ${rest}; ${found}`];
  };
  return { contender, notes };
}

const memory = (name: string): Reach => ({
  name: `peak memory of ${name}`,
  quotient: (_, peakMemoryBytes) => peakMemoryBytes(name) / 1e6,
  atMost: 400,
  unit: ' MB',
});

export async function pipelineBenchmarks(): Promise<Benchmark[]> {
  const subject = await mnist(60_000, 'squared-error');
  const torch = new Torch(subject);
  const ours = [legcnet(FULL, 1), legcnet(FULL, 2)];
  const pyTorch = (given: Pick<TorchRun, 'loader' | 'threads' | 'environment'>, suffix = ''): Contender => {
    const loader = given.loader === 'slices' ? 'slices' : 'DataLoader';
    const name = `PyTorch, ${loader}, ${given.threads} thread${given.threads > 1 ? 's' : ''}${suffix}, dense training`;
    return {
      name,
      absent: torch.absent,
      verify: async () => {
        const { network } = await train(
          subject.networks.float64,
          { train: subject.samples.float64 },
          {
            batchSize: TRAINING.batch,
            learningRate: TRAINING.rate,
            epochs: 1,
            shuffle: false,
            evaluateEveryEpoch: false,
          },
        );
        const theirs = (await torch.train({ ...TRAINING, ...given, epochs: 1 })).w;
        assertAgree(name, theirs, sample(network.parameters), 1e-3); // 469 steps in float32
      },
      run: async () => {
        const { total, peakMemoryBytes } = await torch.train({ ...TRAINING, ...given });
        return { seconds: total, peakMemoryBytes };
      },
    };
  };
  const { better } = torch;
  return [
    {
      name: `LEGCNet-FT on MNIST, float64, ${EPOCHS} epochs, batch 128, N = 200, every weight`,
      unit: 'run',
      rounds: 3,
      contenders: [
        ...ours.map(({ contender }) => contender),
        pyTorch({ loader: 'slices', threads: 1 }),
        pyTorch({ loader: 'slices', threads: 2 }),
        pyTorch({ loader: 'dataloader', threads: 1 }),
        pyTorch({ loader: 'dataloader', threads: 2 }),
        ...(better
          ? [pyTorch({ loader: 'slices', threads: 1, environment: better.environment }, `, ${better.name}`)]
          : []),
      ],
      reaches: [
        { ...quotient('legcnet, 1 thread', 'PyTorch, DataLoader, 1 thread, dense training'), atMost: 0.8 },
        { ...quotient('legcnet, 1 thread', 'PyTorch, slices, 1 thread, dense training'), atMost: 2.5 },
        { ...quotient('legcnet, 2 threads', 'PyTorch, DataLoader, 2 threads, dense training'), atMost: 0.5 },
        { ...quotient('legcnet, 2 threads', 'PyTorch, slices, 2 threads, dense training'), atMost: 1.5 },
        memory('legcnet, 1 thread'),
        memory('legcnet, 2 threads'),
      ],
      notes: () => [
        'legcnet: dense training beside its twin, log, exponents of 41,000 weights, accuracy on 60,000 rows at every window ' +
          'and on all 70,000 after every epoch, tests, one retraining',
        ...ours.flatMap(({ notes }) => notes()),
      ],
    },
  ];
}

/** Minutes long: every exponent of a training with 300,000 steps. */
export function partialBenchmarks(): Benchmark[] {
  const { contender, notes } = legcnet(PARTIAL, 2);
  return [
    {
      name: 'LEGCNet-PT on MNIST, float64, 5 epochs, batch 1, N = 200, every weight and window',
      unit: 'run',
      rounds: 1,
      contenders: [contender],
      reaches: [
        { name: `time of ${contender.name}`, quotient: (seconds) => seconds(contender.name), atMost: 60, unit: ' s' },
      ],
      notes,
    },
  ];
}
