import { type Command, Option } from 'commander';
import { checkFile } from '../data/files.js';
import { writeNpy } from '../data/npy.js';
import { divergenceCurve, lyapunovExponents } from '../lyapunov/lyapunov.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../lyapunov/options.js';
import type { OptionName } from '../options.js';
import { refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { Printer } from './printer.js';
import { readSeriesFile } from './series-file.js';

const NAMES: readonly OptionName[] = [...EXPONENT_OPTIONS, 'threads'];
/** Options that shape the slope, not the curve. */
const SLOPE_ONLY = new Set(['exponent', 'fit', 'textRounding']);

export function addLyapunov(program: Command, signal: AbortSignal): void {
  const command = program
    .command('lyapunov')
    .argument('<series>', '.npy or CSV: one series [N], or [rows, N]')
    .summary('Lyapunov exponents and divergence curves of time series')
    .description(
      "The divergence curve S(k) of nearest neighbours, as TISEAN's lyap_r (or of all within a radius: --divergence " +
        'kantz), and the exponent as a slope of it, in nats per step. With --fit the exponent is the least-squares slope over that range, else S(1) - S(0).',
    );
  addOptions(command, NAMES);
  command
    .addOption(
      new Option('--curve <S.npy>', 'write S(k), [rows, horizon + 1], NaN where absent').helpGroup('Run options:'),
    )
    .addOption(
      new Option('--counts <C.npy>', 'write the pairs in each mean, [rows, horizon + 1]').helpGroup('Run options:'),
    )
    .addOption(new Option('--json', 'print the results as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress').helpGroup('Run options:'))
    .addHelpText('after', '\nExample:\n  legcnet lyapunov logistic.npy --horizon 5 --fit 0,3 --curve S.npy')
    .action(async (file: string, parsed: Record<string, unknown>) => {
      const options = await readOptions(parsed, NAMES);
      if (options.fit !== undefined && options.exponent === undefined) options.exponent = 'fit';
      const { threads: _, ...ofExponent } = options;
      refuseIdle('lyapunov', parsed, resolveExponent(ofExponent));
      const printer = new Printer(Boolean(parsed.quiet));
      const [curveFile, countsFile] = [parsed.curve as string | undefined, parsed.counts as string | undefined];
      for (const out of [curveFile, countsFile]) if (out !== undefined) await checkFile(out);
      const series = await readSeriesFile(file);
      const job = {
        signal,
        onProgress: ({ done, total }: { done: number; total: number }) =>
          printer.progress({ label: 'series', done, total }),
      };
      if (curveFile !== undefined || countsFile !== undefined) {
        const shape = Object.fromEntries(Object.entries(options).filter(([name]) => !SLOPE_ONLY.has(name)));
        const curves = await divergenceCurve(series, { ...shape, ...job }).finally(() => printer.endProgress());
        if (curveFile !== undefined) await writeNpy(curveFile, curves.curve);
        if (countsFile !== undefined) await writeNpy(countsFile, curves.counts);
      }
      const result = await lyapunovExponents(series, { ...options, ...job }).finally(() => printer.endProgress());
      const rows = result.status.map((status, row) => ({
        row,
        exponent: status === 'ok' ? (result.exponent[row] as number) : null,
        fit: [result.fitRange.data[2 * row] as number, result.fitRange.data[2 * row + 1] as number],
        status,
        unmatched: result.unmatched[row] as number,
      }));
      if (parsed.json) return printer.json(rows);
      printer.table(
        ['series', 'exponent', 'fit', 'status', 'unmatched'],
        rows.map(({ row, exponent, fit, status, unmatched }) => [
          String(row),
          exponent === null ? '-' : exponent.toPrecision(9),
          exponent === null ? '-' : fit.join('-'),
          status,
          String(unmatched),
        ]),
      );
    });
}
