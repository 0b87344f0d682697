/** Class probabilities, and scores, of 784-50-30-10. Untrained: the cost is the same. */
import { native, runTask } from '../../lib/native.js';
import { toNativeSamples } from '../../lib/network/samples.js';
import { train } from '../../lib/network/train.js';
import { type Benchmark, type Contender, type Reach, assertAgree, quotient, timed } from '../harness.js';
import { Tfjs } from '../peers/tfjs.js';
import { compress, fromParameters, predict, workspace } from '../pure-js/training-fast.js';
import { SIZES, type Scalar, type Subject, Torch, forwardFlops, mnist } from './network.js';

const EVERY = 97;

export async function predictionBenchmarks(): Promise<Benchmark[]> {
  return [await tenThousand(await mnist(10_000)), await evaluation(await mnist(70_000))];
}

/** With samples already in native memory. */
function ours(subject: Subject, scalar: Scalar, threads: number): Contender {
  const passes = 20;
  return {
    name: `legcnet, ${scalar}, ${threads} thread${threads > 1 ? 's' : ''}`,
    work: { flops: forwardFlops(subject) * subject.rows, scalar, threads },
    run: () =>
      timed(passes, async () => {
        for (let pass = 0; pass < passes; pass++) await probabilities(subject, scalar, threads);
      }),
  };
}

async function probabilities({ networks, samples }: Subject, scalar: Scalar, threads: number) {
  const { native: network, parameters } = networks[scalar];
  return (await runTask(() => native.predict({ network, parameters, samples: samples[scalar], threads }))).outputs;
}

const thinned = (p: ArrayLike<number>): number[] =>
  Array.from({ length: Math.ceil(p.length / EVERY) }, (_, i) => p[i * EVERY] as number);

const expected = async (subject: Subject): Promise<number[]> => thinned(await probabilities(subject, 'float64', 1));

/** As training does after an epoch: scores without outputs. One epoch is a single step on two rows. */
async function evaluation(subject: Subject): Promise<Benchmark> {
  const [passes, few] = [10, { ...subject.part, rows: Int32Array.of(0, 1) }];
  const steps = {
    float64: await toNativeSamples('train', few, SIZES[3], 'float64'),
    float32: await toNativeSamples('train', few, SIZES[3], 'float32'),
  };
  const contender = (scalar: Scalar, threads: number): Contender => {
    const parts = { train: steps[scalar], test: subject.samples[scalar] };
    const run = (epochs: number) =>
      train(subject.networks[scalar], parts, { batchSize: 2, learningRate: 1e-6, epochs, threads });
    return {
      name: `legcnet, ${scalar}, ${threads} thread${threads > 1 ? 's' : ''}`,
      work: { flops: forwardFlops(subject) * subject.rows, scalar, threads },
      run: async () => {
        const fixed = await timed(1, () => run(1));
        return ((await timed(1, () => run(passes + 1))) - fixed) / passes;
      },
    };
  };
  const contenders = (['float32', 'float64'] as const).flatMap((scalar) => [1, 2].map((n) => contender(scalar, n)));
  return {
    name: 'evaluation of 70,000 images',
    unit: 'pass',
    rounds: 5,
    contenders,
    reaches: contenders.map(
      ({ name }): Reach => ({ name, quotient: (seconds) => seconds(name) * 1000, atMost: 40, unit: ' ms' }),
    ),
  };
}

async function tenThousand(subject: Subject): Promise<Benchmark> {
  const torch = new Torch(subject);
  const { better } = torch;
  return {
    name: 'prediction of 10,000 images',
    unit: 'pass',
    rounds: 5,
    contenders: [
      ours(subject, 'float32', 1),
      ours(subject, 'float32', 2),
      ours(subject, 'float64', 1),
      ours(subject, 'float64', 2),
      pureJs(subject),
      await tfjs(subject, 'wasm'),
      await tfjs(subject, 'cpu'),
      pyTorch(subject, torch, 1),
      pyTorch(subject, torch, 2),
      ...(better ? [pyTorch(subject, torch, 1, better)] : []),
    ],
    reaches: [{ ...quotient('legcnet, float64, 1 thread', 'legcnet, float64, 2 threads'), atLeast: 1.5 }],
  };
}

function pureJs(subject: Subject): Contender {
  const { rows, networks } = subject;
  const batch = 128;
  const network = fromParameters(SIZES, networks.float64.parameters);
  const work = workspace(SIZES, batch);
  const samples = compress(subject.inputs(), SIZES[0]);
  const outputs = new Float64Array(rows * SIZES[3]);
  const pass = (): Float64Array => {
    for (let s = 0; s < rows; s += batch) {
      const count = Math.min(batch, rows - s);
      const p = predict(network, samples, s, count, work);
      outputs.set(p.subarray(0, count * SIZES[3]), s * SIZES[3]);
    }
    return outputs;
  };
  const name = 'JavaScript, float64, zeros skipped';
  return {
    name,
    verify: async () => assertAgree(name, thinned(pass()), await expected(subject), 1e-10),
    run: () => timed(1, pass),
  };
}

async function tfjs(subject: Subject, backend: 'cpu' | 'wasm'): Promise<Contender> {
  const name = `TensorFlow.js, ${backend}`;
  const opened = await Tfjs.open(backend);
  if ('absent' in opened) return { name, absent: opened.absent, run: () => Number.NaN };
  const { inputs, part, networks, rows } = subject;
  const prepare = async () => {
    await opened.use();
    opened.setParameters(SIZES, networks.float64.parameters);
    const [all] = opened.batches(Float32Array.from(inputs()), part.labels, SIZES[0], SIZES[3], rows);
    return all as NonNullable<typeof all>;
  };
  const withInputs = async <T>(work: (x: Awaited<ReturnType<typeof prepare>>['x']) => Promise<T>): Promise<T> => {
    const { x, y } = await prepare();
    const result = await work(x);
    [x, y].forEach((tensor) => tensor.dispose());
    return result;
  };
  return {
    name,
    verify: async () =>
      assertAgree(name, thinned(await withInputs((x) => opened.predict(x))), await expected(subject), 1e-4),
    run: () => withInputs((x) => timed(1, () => opened.predict(x))),
  };
}

function pyTorch(
  subject: Subject,
  torch: Torch,
  threads: number,
  better?: { name: string; environment: Record<string, string> },
): Contender {
  const name = `PyTorch, ${threads} thread${threads > 1 ? 's' : ''}${better ? `, ${better.name}` : ''}`;
  return {
    name,
    absent: torch.absent,
    verify: async () =>
      assertAgree(name, (await torch.predict(1, threads, better?.environment)).p, await expected(subject), 1e-4),
    run: async () => (await torch.predict(9, threads, better?.environment)).seconds,
  };
}
