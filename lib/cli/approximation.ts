import { type Command, Option } from 'commander';
import { type WidthExperiment, approximationByWidth } from '../diagnostics/approximation.js';
import { unexpected } from '../errors.js';
import type { OptionName, OptionValues } from '../options.js';
import { addOptions, readOptions } from './options.js';
import { Printer, percent } from './printer.js';

const OPTIONS = [
  ...(['widths', 'inputs', 'outputs', 'sparsity', 'power', 'seeds', 'activation', 'outputActivation', 'seed'] as const),
] as const satisfies readonly OptionName[];

/** What is shown as default where the table's is another command's. */
const DEFAULTS: Partial<Record<OptionName, string>> = { sparsity: '0.5', seeds: '5', outputActivation: 'linear' };

export function addApproximation(program: Command, signal: AbortSignal): void {
  const command = program
    .command('approximation')
    .summary("how far a pruned network's outputs can be off, as the hidden layer widens")
    .description(
      'Draws networks with one hidden layer, weights from U(-1/sqrt(fan in), 1/sqrt(fan in)) as in Theorem 3.1 of the paper, ' +
        'prunes them untrained, and measures and bounds the largest distance between the outputs over a ball of inputs. ' +
        'For the networks of a run: legcnet diagnose <run> --approximation.',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS, DEFAULTS);
  command
    .addOption(
      new Option(
        '--method <magnitude|random>',
        'which weights go: the smallest, or any (default: magnitude)',
      ).helpGroup('Selection options:'),
    )
    .addOption(new Option('--radius <r>', 'of the ball of inputs (default: 1)').helpGroup('Experiment options:'))
    .addOption(new Option('--json', 'print the record as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress').helpGroup('Run options:'))
    .action(async (parsed: Record<string, unknown>) => {
      const settings = await readSettings(parsed);
      const printer = new Printer(Boolean(parsed.quiet));
      const found = await approximationByWidth({
        ...settings,
        signal,
        onProgress: ({ done, total }) => printer.progress({ label: 'networks', done, total }),
      }).finally(() => printer.endProgress());
      if (parsed.json) printer.json({ ...settings, ...found });
      else print(printer, settings, found);
    });
}

const EXAMPLES = `
Examples:
  legcnet approximation --power 0.5                          the smallest n^0.5 of n weights go
  legcnet approximation --sparsity 0.5 --method random --widths 25,50,100,200`;

async function readSettings(parsed: Record<string, unknown>) {
  const options = (await readOptions(parsed, OPTIONS)) as OptionValues;
  const { seeds: networks = 5, activation = 'sigmoid', outputActivation = 'linear', ...rest } = options;
  if (rest.sparsity !== undefined && rest.power !== undefined) {
    throw unexpected('ERR_OPTION', '--sparsity and --power', 'one of them', 'both');
  }
  const prune = parsed.method ?? 'magnitude';
  if (prune !== 'magnitude' && prune !== 'random') {
    throw unexpected('ERR_OPTION', '--method', 'magnitude or random', prune);
  }
  return {
    ...rest,
    networks,
    prune,
    radius: readRadius(parsed.radius),
    network: { activation, outputActivation },
  } as const;
}

/** @throws LegcnetError ERR_OPTION for anything but a positive number; undefined is 1 */
export function readRadius(given: unknown): number {
  const radius = Number(given ?? 1);
  if (radius > 0 && Number.isFinite(radius)) return radius;
  throw unexpected('ERR_OPTION', '--radius', 'a positive number', given);
}

type Settings = Awaited<ReturnType<typeof readSettings>>;

function print(
  printer: Printer,
  { networks, prune, radius, power, sparsity = 0.5 }: Settings,
  { rows, measuredSlope, boundSlope }: WidthExperiment,
): void {
  const goes = power === undefined ? `${percent(sparsity, 1)} % of the weights` : `n^${power} of the n weights`;
  printer.out(
    `largest distance between the outputs of a network and of the same without ${goes}, ` +
      `${prune === 'random' ? 'any' : 'the smallest'}, over all inputs with |x| <= ${radius}; means of ${networks}\n`,
  );
  printer.table(
    ['width', 'weights', 'pruned', 'at least', 'at most'],
    rows.map(({ width, weights, pruned, measured, bound }) => [
      ...[width, weights, pruned].map(String),
      ...[measured, bound].map((value) => value.toPrecision(4)),
    ]),
  );
  printer.out('');
  printer.out(`The distance found ${course(measuredSlope)}, its bound ${course(boundSlope)}.`);
}

/** How something goes with the width, by the slope of its logarithm. */
function course(slope: number): string {
  if (Number.isNaN(slope)) return 'has no course, being 0 somewhere';
  const verb = Math.abs(slope) < HARDLY ? 'hardly changes' : slope < 0 ? 'shrinks' : 'grows';
  return `${verb} with the width (as its power ${slope.toFixed(2)})`;
}

/** Sixteen times the width makes a third of difference. */
const HARDLY = 0.1;
