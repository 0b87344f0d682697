import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeNpy } from '../../lib/data/npy.js';
import { grangerTest } from '../../lib/granger/granger.js';
import { type Benchmark, assertAgree, noise, quotient, timed } from '../harness.js';
import { inSharedMemory } from '../memory.js';
import { pythonWith, runPeer } from '../peers/python.js';
import { FwlTester, prepareTarget } from '../pure-js/granger-fwl.js';
import { grangerPair } from '../pure-js/granger.js';

export async function grangerBenchmarks(): Promise<Benchmark[]> {
  return Promise.all(
    [
      [100, 14],
      [150, 14],
      [100, 6],
    ].map(([n, maxLag]) => benchmark(n as number, maxLag as number)),
  );
}

async function benchmark(n: number, maxLag: number): Promise<Benchmark> {
  const [rows, some, few, fewest] = [40_000, 2_000, 40, 10];
  const random = noise(n + maxLag);
  const data = Float64Array.from({ length: rows * n }, random);
  const target = Float64Array.from({ length: n }, random);
  const row = (r: number): Float64Array => data.subarray(r * n, (r + 1) * n);
  const shared = inSharedMemory(data);
  const options = { maxLag, statistic: 'ssr-chi2test' as const };
  const sources = (count: number, of = shared) => ({ data: of.subarray(0, count * n), shape: [count, n] });
  const ours = (count: number, threads: number, of = shared) =>
    grangerTest(sources(count, of), target, { ...options, threads });
  const summary = (threads: number) => grangerTest(sources(rows), target, { ...options, threads, perLag: false });
  const byOurAlgorithm = (count: number): Float64Array => {
    const tester = new FwlTester(prepareTarget(target, maxLag));
    const p = new Float64Array(count * maxLag);
    for (let r = 0; r < count; r++) tester.test(row(r), p, r * maxLag);
    return p;
  };
  const python = pythonWith('statsmodels');
  const statsmodels = async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'legcnet-bench-'));
    try {
      const [x, y] = [path.join(folder, 'x.npy'), path.join(folder, 'y.npy')];
      await writeNpy(x, { data: data.slice(0, fewest * n), shape: [fewest, n] });
      await writeNpy(y, { data: target, shape: [n] });
      const peer = 'python' in python ? python.python : '';
      return runPeer<{ seconds: number; p: number[][] }>(peer, 'granger_statsmodels.py', [x, y, String(maxLag)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const pValues = async (count: number): Promise<Float64Array> => (await ours(count, 1)).perLag.pValue.data;
  return {
    name: `Granger tests, n = ${n}, all lags 1..${maxLag}`,
    unit: 'weight',
    rounds: 7,
    reaches: [
      { ...quotient('statsmodels grangercausalitytests', 'legcnet, 1 thread'), atLeast: 5000 },
      { ...quotient('JavaScript, QR for each pair and lag', 'legcnet, 1 thread'), atLeast: 500 },
      { ...quotient('legcnet, 1 thread', 'legcnet, 2 threads'), atLeast: 1.8 },
      { ...quotient('legcnet, 1 thread, summary', 'legcnet, 2 threads, summary'), atLeast: 1.8 },
    ],
    contenders: [
      { name: 'legcnet, 1 thread', run: () => timed(rows, () => ours(rows, 1)) },
      { name: 'legcnet, 2 threads', run: () => timed(rows, () => ours(rows, 2)) },
      { name: 'legcnet, 1 thread, summary', run: () => timed(rows, () => summary(1)) },
      { name: 'legcnet, 2 threads, summary', run: () => timed(rows, () => summary(2)) },
      { name: 'legcnet, 1 thread, series copied', run: () => timed(rows, () => ours(rows, 1, data)) },
      { name: 'legcnet, 2 threads, series copied', run: () => timed(rows, () => ours(rows, 2, data)) },
      {
        name: 'JavaScript, QR for each pair and lag',
        verify: async () => {
          const p = Array.from({ length: few }, (_, r) =>
            grangerPair(row(r), target, maxLag).map((lag) => lag.ssrChi2test[1]),
          );
          assertAgree('JavaScript', p.flat(), await pValues(few), 1e-8);
        },
        run: () =>
          timed(few, () => {
            for (let r = 0; r < few; r++) grangerPair(row(r), target, maxLag);
          }),
      },
      {
        name: 'JavaScript, our algorithm',
        verify: async () => assertAgree('JavaScript, our algorithm', byOurAlgorithm(some), await pValues(some), 1e-8),
        run: () => timed(some, () => byOurAlgorithm(some)),
      },
      {
        name: 'statsmodels grangercausalitytests',
        absent: 'absent' in python ? python.absent : undefined,
        verify: async () => assertAgree('statsmodels', (await statsmodels()).p.flat(), await pValues(fewest), 1e-8),
        run: async () => (await statsmodels()).seconds,
      },
    ],
  };
}
