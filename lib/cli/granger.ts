import { type Command, Option } from 'commander';
import { checkFile } from '../data/files.js';
import { writeNpy } from '../data/npy.js';
import { GRANGER_OPTIONS, type GrangerResult, grangerTest } from '../granger/granger.js';
import type { OptionName } from '../options.js';
import { resolveOptions } from '../options.js';
import { refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { Printer } from './printer.js';
import { readSeriesFile } from './series-file.js';

const NAMES: readonly OptionName[] = GRANGER_OPTIONS;

export function addGranger(program: Command, signal: AbortSignal): void {
  const command = program
    .command('granger')
    .argument('<sources>', '.npy or CSV: [W, T], or one series [T]')
    .argument('<target>', '.npy or CSV: one series [T], or [W, T], one for each source')
    .summary('which series Granger-cause a target')
    .description(
      'Tests whether lags of each source help to predict the target beyond its own lags, by least squares, as ' +
        "statsmodels' grangercausalitytests. Prints p, the lag used, the Granger index ln(a/b) and the verdict.",
    );
  addOptions(command, NAMES);
  command
    .addOption(
      new Option(
        '--stats <out.npy>',
        'write [W, lags, 4, 4]: ssr_ftest, ssr_chi2test, lrtest, params_ftest by statistic, p, df_denom, df_num',
      ).helpGroup('Run options:'),
    )
    .addOption(new Option('--json', 'print the results as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress').helpGroup('Run options:'))
    .addHelpText(
      'after',
      '\nExample:\n  legcnet granger exponents.npy misclassification.npy --max-lag 6 --lag-order target-bic --correction bh',
    )
    .action(async (sources: string, target: string, parsed: Record<string, unknown>) => {
      const options = await readOptions(parsed, NAMES);
      refuseIdle('granger', parsed, resolveOptions(NAMES, options));
      const printer = new Printer(Boolean(parsed.quiet));
      const stats = parsed.stats as string | undefined;
      if (stats !== undefined) await checkFile(stats);
      const result = await grangerTest(await readSeriesFile(sources), await readSeriesFile(target), {
        ...options,
        stats: stats !== undefined,
        signal,
        onProgress: ({ done, total }) => printer.progress({ label: 'sources tested', done, total }),
      }).finally(() => printer.endProgress());
      if (stats !== undefined && result.statistics) await writeNpy(stats, result.statistics);
      print(printer, result, Boolean(parsed.json));
    });
}

function print(printer: Printer, result: GrangerResult, json: boolean): void {
  const { pValue, adjustedPValue, lagOrder, score, verdict } = result;
  const rows = verdict.map((decision, row) => ({
    row,
    pValue: pValue[row] as number,
    adjustedPValue: adjustedPValue[row] as number,
    lagOrder: lagOrder[row] as number,
    score: score[row] as number,
    verdict: decision,
  }));
  if (json) return printer.json(rows);
  printer.table(
    ['source', 'p', 'adjusted p', 'lag', 'ln(a/b)', 'verdict'],
    rows.map((r) => [
      String(r.row),
      number(r.pValue),
      number(r.adjustedPValue),
      r.lagOrder === 0 ? '-' : String(r.lagOrder),
      number(r.score),
      r.verdict,
    ]),
  );
}

const number = (x: number): string => (Number.isNaN(x) ? '-' : x.toPrecision(6));
