import { Command } from 'commander';
import { version } from '../pipeline/version.js';
import { addApproximation } from './approximation.js';
import { addCompare } from './compare.js';
import { addDiagnose } from './diagnose.js';
import { addGranger } from './granger.js';
import { addInfo } from './info.js';
import { addLyapunov } from './lyapunov.js';
import { addPrune } from './prune.js';
import { addReplay } from './replay.js';
import { addReport } from './report.js';
import { addReproduce } from './reproduce.js';
import { addSensitivity } from './sensitivity.js';

/** The command line. `signal` stops whatever runs. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('legcnet')
    .description('Prunes neural networks by chaos and causality: Lyapunov exponents of every weight, Granger-tested.')
    .version(version, '--version', 'print the version')
    .showHelpAfterError('(legcnet --help, legcnet <command> --help)')
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.');
  addPrune(program, signal);
  addCompare(program, signal);
  addLyapunov(program, signal);
  addGranger(program, signal);
  addDiagnose(program, signal);
  addSensitivity(program, signal);
  addApproximation(program, signal);
  addReport(program, signal);
  addReplay(program, signal);
  addReproduce(program, signal);
  addInfo(program);
  return program;
}
