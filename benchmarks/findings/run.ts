/** Runs the comparisons of `plan.ts`; what a results folder holds already is used. */
import path from 'node:path';
import { type ComparisonRecord, compare } from '../../lib/index.js';
import { EXPERIMENTS, type Experiment } from './plan.js';

export const folderOf = (results: string, { data, kind }: Experiment): string => path.join(results, `${data}-${kind}`);

/** @param data names of data sets; empty: all */
export async function runExperiments(results: string, data: readonly string[], threads?: number): Promise<void> {
  for (const experiment of EXPERIMENTS) {
    if (data.length > 0 && !data.includes(experiment.data)) continue;
    const started = performance.now();
    const record: ComparisonRecord = await compare(experiment.data, {
      ...experiment.options,
      threads,
      out: folderOf(results, experiment),
      onProgress: ({ stage, done, total }) => process.stderr.write(`\r${stage} ${done}/${total} `),
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`\n${experiment.data} ${experiment.kind}: ${record.seeds.length} seeds, ${seconds} s`);
  }
}
