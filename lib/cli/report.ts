import path from 'node:path';
import { type Command, Option } from 'commander';
import type { OptionName } from '../options.js';
import { type WriteReportOptions, writeReport } from '../report/report.js';
import { addOptions, readOptions } from './options.js';
import { Printer } from './printer.js';

const NAMES: readonly OptionName[] = ['threads'];

export function addReport(program: Command, signal: AbortSignal): void {
  const command = program
    .command('report')
    .argument('<run or folder of runs>', 'a folder of legcnet prune or compare --out, or a folder of such folders')
    .summary('one HTML file with the figures and tables of a run')
    .description(
      'Writes a page that opens without network and server: what was run, the answer, curves, mask, exponents, p-values, ' +
        'placebo, single weights, spectra, Shapley values. Needs the packages vega and vega-lite, for --png also ' +
        '@resvg/resvg-js and @expo-google-fonts/ibm-plex-sans.',
    )
    .addHelpText('after', EXAMPLES)
    .addOption(
      new Option('--html <file.html>', 'the page (default: report.html in the folder, unless --svg or --png is given)'),
    )
    .addOption(new Option('--svg <dir>', 'also the figures, one .svg each'))
    .addOption(new Option('--png <dir>', 'also the figures, one .png each'))
    .addOption(new Option('--data <data>', "what Shapley values are computed on (default: the run's, if shipped)"));
  addOptions(command, NAMES);
  command
    .addOption(new Option('--quiet', 'no progress and no remarks').helpGroup('Run options:'))
    .action(async (source: string, parsed: Record<string, string | undefined>) => {
      const { threads } = (await readOptions(parsed, NAMES)) as { threads?: number };
      const { html, svg, png, data } = parsed;
      const page = html ?? (svg === undefined && png === undefined ? path.join(source, 'report.html') : undefined);
      const printer = new Printer(Boolean(parsed.quiet));
      const written = { html: page, svg, png, data, signal, ...(threads !== undefined && { threads }) };
      await printReport(printer, source, written);
    });
}

const EXAMPLES = `
Examples:
  legcnet report run1
  legcnet report runs --html runs.html --png pictures
  legcnet report run1 --data my.csv`;

/** Writes a report and says where. */
export async function printReport(printer: Printer, source: string, options: WriteReportOptions): Promise<void> {
  await writeReport(source, {
    ...options,
    onProgress: ({ stage, done, total }) => printer.progress({ label: `report: ${stage}`, done, total }),
  }).finally(() => printer.endProgress());
  for (const place of [options.html, options.svg, options.png]) {
    if (place !== undefined) printer.note(`written to ${place}`);
  }
}
