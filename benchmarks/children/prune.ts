/** Runs `prune('mnist', OPTIONS)` in a process of its own, for its time and memory. Argument: the options as JSON. */
import { type PruneOptions, prune } from '../../lib/pipeline/prune.js';

const { seconds, judgement, ticket } = await prune('mnist', JSON.parse(process.argv[2] as string) as PruneOptions);
console.log(
  JSON.stringify({
    seconds,
    windows: judgement.windows,
    sparsity: ticket.summary.sparsity,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
