/** Runs `prune('mnist', OPTIONS)` in a process of its own, for its time and memory. Argument: the options as JSON. */
import { readFileSync } from 'node:fs';
import { type PruneOptions, prune } from '../../lib/pipeline/prune.js';

const { seconds, judgement, ticket } = await prune('mnist', JSON.parse(process.argv[2] as string) as PruneOptions);
console.log(
  JSON.stringify({
    seconds,
    windows: judgement?.windows,
    sparsity: ticket.summary.sparsity,
    peakMemoryBytes: peakMemory(),
  }),
);

/** Of this program alone: on Linux `resourceUsage` begins with what the process held that started it. */
function peakMemory(): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
