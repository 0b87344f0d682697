import { lyapunovExponents } from '../../lib/lyapunov/lyapunov.js';
import { type Benchmark, assertAgree, noise, timed } from '../harness.js';
import { bruteForce, sortedScan } from '../pure-js/lyapunov-fast.js';

const HORIZON = 3;

/** Smooth series like weights under SGD: sums of small, correlated steps. */
function walks(rows: number, length: number, roughness: number): Float64Array {
  const random = noise(7);
  const data = new Float64Array(rows * length);
  for (let row = 0; row < rows; row++) {
    let [x, drift] = [0, 0];
    for (let i = 0; i < length; i++) {
      drift = (1 - roughness) * drift + random() - 0.5;
      x += drift;
      data[row * length + i] = x;
    }
  }
  return data;
}

export function lyapunovBenchmarks(): Benchmark[] {
  return [50, 200].flatMap((length) =>
    [0.1, 1].map((roughness) => {
      const rows = 4000;
      const few = 200;
      const data = walks(rows, length, roughness);
      const row = (r: number): Float64Array => data.subarray(r * length, (r + 1) * length);
      const ours = (count: number, threads: number) =>
        lyapunovExponents(
          { data: data.subarray(0, count * length), shape: [count, length] },
          { horizon: HORIZON, threads },
        );
      const pure = (name: string, exponentOf: (x: Float64Array, horizon: number) => number) => ({
        name,
        verify: async () => {
          const { exponent } = await ours(few, 1);
          assertAgree(
            name,
            Array.from({ length: few }, (_, r) => exponentOf(row(r), HORIZON)),
            exponent,
            1e-9,
          );
        },
        run: () =>
          timed(few, () => {
            for (let r = 0; r < few; r++) exponentOf(row(r), HORIZON);
          }),
      });
      return {
        name: `exponents, N = ${length}, ${roughness === 1 ? 'random walks' : 'smooth series'}, float64`,
        unit: 'window',
        rounds: 9,
        contenders: [
          { name: 'legcnet, 1 thread', run: () => timed(rows, () => ours(rows, 1)) },
          { name: 'legcnet, 2 threads', run: () => timed(rows, () => ours(rows, 2)) },
          pure('JavaScript, sorted scan', sortedScan),
          pure('JavaScript, brute force', bruteForce),
        ],
      };
    }),
  );
}
