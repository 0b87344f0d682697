import type { Command } from 'commander';
import { type ReplayedRun, replay } from '../experiment/replay.js';
import { Printer, percent } from './printer.js';

export function addReplay(program: Command, signal: AbortSignal): void {
  program
    .command('replay')
    .argument('<folder>', 'config.json, arrays and initial weights of a published training')
    .summary('repeat a published training and compare the results')
    .description(
      'Runs every trial and variant that the folder names, in float64, by its own stopping rule, and compares with its ' +
        'expected.json, final_*.npy and weights_log_first_2000.npy where they are there. Exit code 1 on disagreement.',
    )
    .option('--json', 'print the results as JSON')
    .option('--quiet', 'no progress')
    .action(async (folder: string, parsed: { json?: boolean; quiet?: boolean }) => {
      const printer = new Printer(Boolean(parsed.quiet));
      let done = 0;
      const result = await replay(folder, {
        signal,
        onRun: (run) => printer.progress({ label: `trial ${run.trial} ${run.variant}`, done: ++done, total: 0 }),
      }).finally(() => printer.endProgress());
      if (parsed.json) {
        printer.json({ ...result, runs: result.runs.map((run) => ({ ...run, parameters: [...run.parameters] })) });
      } else {
        printer.table(
          ['run', 'pruned', 'epochs', 'train %', 'test %', 'train F1', 'test F1', 'agrees'],
          result.runs.map(tableRow),
        );
        for (const run of result.runs) {
          for (const sentence of run.disagreements ?? []) printer.out(`trial ${run.trial} ${run.variant}: ${sentence}`);
        }
      }
      if (!result.agrees) process.exitCode = 1;
    });
}

function tableRow(run: ReplayedRun): string[] {
  const agrees = run.disagreements === undefined ? '-' : run.disagreements.length === 0 ? 'yes' : 'NO';
  return [
    `${run.trial} ${run.variant}`,
    String(run.pruned),
    run.epochs === null ? 'never' : String(run.epochs),
    percent(run.train.accuracy),
    percent(run.test.accuracy),
    run.train.f1.toFixed(6),
    run.test.f1.toFixed(6),
    agrees,
  ];
}
