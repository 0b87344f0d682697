import { type Command, Option } from 'commander';
import {
  SENSITIVITY_OPTIONS,
  type SensitivityRecord,
  sensitivity,
  sensitivityConfig,
} from '../experiment/sensitivity.js';
import { refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { BY_PRESET } from './prune.js';
import { Printer, percent } from './printer.js';
import { plural } from '../plural.js';

export function addSensitivity(program: Command, signal: AbortSignal): void {
  const command = program
    .command('sensitivity')
    .argument('<data>', 'iris, cancer, titanic, mnist; a .csv file; a folder of IDX or .npy files; or x.npy,y.npy')
    .summary('how training depends on each initial weight, beside what noise would show')
    .description(
      'Perturbs each weight in turn, trains all these twins beside the network, and computes Lyapunov exponents of the ' +
        'differences; beside them those of white noise and of phase-randomised series, and how far the twins end apart.',
    )
    .addHelpText('after', '\nExample:\n  legcnet sensitivity iris --epochs 100 --exponent one-step --window 200');
  addOptions(command, SENSITIVITY_OPTIONS, BY_PRESET);
  command
    .addOption(
      new Option('--config <file.json>', 'options by name, as the API takes them; flags win').helpGroup('Run options:'),
    )
    .addOption(new Option('--json', 'print the record as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress and no remarks').helpGroup('Run options:'))
    .action(async (data: string, parsed: Record<string, unknown>) => {
      const options = await readOptions(parsed, SENSITIVITY_OPTIONS);
      const { sampleWeights: _, ...ofNetwork } = options;
      refuseIdle('sensitivity', parsed, sensitivityConfig(data, ofNetwork));
      const printer = new Printer(Boolean(parsed.quiet));
      const record = await sensitivity(data, {
        ...options,
        signal,
        onProgress: ({ stage, done, total }) =>
          printer.progress({ label: stage === 'training' ? 'steps of all twins' : 'exponents', done, total }),
      }).finally(() => printer.endProgress());
      if (parsed.json) printer.json(record);
      else print(printer, record);
    });
}

function print(
  printer: Printer,
  { data, network, epochs, iterates, window, weights, share, verdict }: SensitivityRecord,
): void {
  printer.out(
    `${data}: ${network.sizes.join('-')}, ${weights.length} of ${plural(network.weights, 'weight')} perturbed, ` +
      `${plural(epochs, 'epoch')}, ${plural(iterates, 'iterate')}, windows of ${window}\n`,
  );
  const row = (name: string, count: number, positive: number, mean: string): string[] =>
    count > 0 ? [name, String(count), percent(positive, 1), mean] : [name, '0', '-', '-'];
  const names = { series: 'difference series', 'white-noise': 'white noise', 'phase-randomised': 'phase-randomised' };
  printer.table(
    ['exponent of', 'weights', 'positive %', 'mean, nats/step'],
    [
      ...Object.entries(names).map(([key, name]) => {
        const { weights: count, positive, mean } = share[key as keyof typeof names];
        return row(name, count, positive, mean.toFixed(4));
      }),
      row('distance of the twins', share.growth.weights, share.growth.positive, share.growth.mean.toExponential(2)),
    ],
  );
  printer.out('');
  for (const sentence of verdict) printer.out(sentence);
}
