/** `npm run bench [-- training lyapunov granger]`: all benchmarks, or those named. Also writes benchmarks/results/last.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { environment, measure, printReport } from './harness.js';
import { grangerBenchmarks } from './kernels/granger.js';
import { lyapunovBenchmarks } from './kernels/lyapunov.js';
import { trainingBenchmarks } from './kernels/training.js';

const rooms = { training: trainingBenchmarks, lyapunov: lyapunovBenchmarks, granger: grangerBenchmarks };
const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in rooms));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${Object.keys(rooms).join(', ')}`);
  process.exit(2);
}
const facts = environment();
console.log(
  Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join('\n'),
);
const reports = [];
for (const [name, benchmarks] of Object.entries(rooms)) {
  if (named.length > 0 && !named.includes(name)) continue;
  for (const benchmark of await benchmarks()) {
    const report = await measure(benchmark);
    printReport(report);
    reports.push(report);
  }
}
const folder = new URL('./results/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('last.json', folder), `${JSON.stringify({ environment: facts, reports }, undefined, 2)}\n`);
