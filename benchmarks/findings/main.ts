/**
 * docs/findings.md and what it rests on.
 *   npm run findings -- run [--results DIR] [--threads N] [DATA...]   the comparisons, going on with what is missing; summaries
 *   npm run findings -- summarise [--results DIR]                     summaries only
 *   npm run findings -- write                                         docs/findings.md from the summaries
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../lib/data/files.js';
import { findings } from './report.js';
import { runExperiments } from './run.js';
import { readSummaries, summariseResults } from './summary.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const { values, positionals } = parseArgs({
  options: { results: { type: 'string', default: 'benchmarks/results/findings' }, threads: { type: 'string' } },
  allowPositionals: true,
});
const [command, ...data] = positionals;
const summaries = path.join(here, 'results');
switch (command) {
  case 'run':
    await runExperiments(values.results, data, values.threads === undefined ? undefined : Number(values.threads));
    await summariseResults(values.results, summaries);
    break;
  case 'summarise':
    await summariseResults(values.results, summaries);
    break;
  case 'write':
    await writeFileAtomic(path.join(root, 'docs/findings.md'), findings(await readSummaries(summaries)));
    break;
  default:
    console.error(
      'usage: npm run findings -- run [--results DIR] [--threads N] [DATA...] | summarise [--results DIR] | write',
    );
    process.exitCode = 2;
}
