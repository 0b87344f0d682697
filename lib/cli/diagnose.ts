import { type Command, Option } from 'commander';
import { checkFile, writeFileAtomic } from '../data/files.js';
import { unexpected } from '../errors.js';
import { type Approximation, approximationBound } from '../diagnostics/approximation.js';
import { type Comparison, type Consistency, shapleyConsistency } from '../diagnostics/consistency.js';
import { DATA_OPTIONS, type ExplainedData, explainedData, optionsOfRun } from '../diagnostics/explained-data.js';
import { type Model, type Models, readModels, toNetwork } from '../diagnostics/models.js';
import { SHAPLEY_OPTIONS, type ShapleyValues, defaultEstimator, importance } from '../diagnostics/shapley.js';
import { type LayerSpectrum, spectrum } from '../diagnostics/spectrum.js';
import type { Mlp } from '../network/mlp.js';
import { type OptionName, type OptionValues, options as table } from '../options.js';
import { readRadius } from './approximation.js';
import { resolveConfig } from '../pipeline/config.js';
import type { Settings } from '../pipeline/needs.js';
import { refuseIdle } from './idle.js';
import { addOptions, readOptions } from './options.js';
import { Printer } from './printer.js';
import { plural } from '../plural.js';

const NETWORK_OPTIONS = ['activation', 'outputActivation'] as const;
const DIAGNOSTIC_OPTIONS = (Object.keys(table) as OptionName[]).filter((name) => table[name].group === 'diagnostics');
const NAMES: readonly OptionName[] = [...DATA_OPTIONS, ...NETWORK_OPTIONS, ...DIAGNOSTIC_OPTIONS, 'seed', 'threads'];

/** Images have more features than a table has room for; --json and --out have all. */
const MOST_ROWS = 20;
/** Samples explained by default where an exact computation is too much. */
const FEW_SAMPLES = 10;

/** What is shown as default where a run's own value comes first. */
const DEFAULTS: Partial<Record<OptionName, string>> = {
  preset: "the run's, else strict",
  split: "the run's, else by preset and data",
  splitSeed: "the run's, else 42",
  scaling: "the run's, else by preset and data",
  activation: "the run's, else sigmoid",
  outputActivation: "the run's, else sigmoid",
};

export function addDiagnose(program: Command, signal: AbortSignal): void {
  const command = program
    .command('diagnose')
    .argument('<run or model>', 'a run folder, or a .safetensors file')
    .summary("spectra of a network's weights, Shapley values of its features, distance of ticket and dense network")
    .description(
      "WeightWatcher's quantities of every layer of the dense network and the ticket (the default), and Shapley values " +
        'of the features, with how far the ticket keeps the ranking and, given other seeds, whether that is more than ' +
        'chance; how far apart the outputs of the two can be.',
    )
    .addHelpText('after', EXAMPLES);
  command
    .addOption(
      new Option('--spectrum', 'spectra of the weights (default unless another is asked for)').helpGroup(GROUP),
    )
    .addOption(new Option('--shapley <data>', 'Shapley values on this data, as prune takes it').helpGroup(GROUP))
    .addOption(
      new Option('--null <run>', 'a run that differs only in its seed, to compare with; may be repeated')
        .argParser((value: string, before: string[] = []) => [...before, value])
        .helpGroup(GROUP),
    )
    .addOption(
      new Option(
        '--approximation',
        'largest distance between the outputs of dense network and ticket, found and bounded',
      ).helpGroup(GROUP),
    )
    .addOption(
      new Option('--radius <r>', 'of the ball of inputs that --approximation looks at (default: 1)').helpGroup(GROUP),
    );
  addOptions(command, NAMES, DEFAULTS);
  command
    .addOption(new Option('--out <file.json>', 'write all results, arrays included').helpGroup('Run options:'))
    .addOption(new Option('--json', 'print the facts as JSON').helpGroup('Run options:'))
    .addOption(new Option('--quiet', 'no progress and no remarks').helpGroup('Run options:'))
    .action(async (source: string, parsed: Record<string, unknown>) => {
      await runDiagnose(source, parsed, signal);
    });
}

const GROUP = 'Diagnostics options:';

const EXAMPLES = `
Examples:
  legcnet diagnose run1                                        alpha, norms, spikes and traps of every layer
  legcnet diagnose run1 --shapley cancer --null run2 --null run3
  legcnet diagnose run1 --approximation --radius 3             how far the ticket's outputs can be off
  legcnet diagnose model.safetensors --fix-fingers clip-xmax --json`;

interface Explanation {
  readonly data: ExplainedData;
  readonly networks: readonly { readonly name: string; readonly values: ShapleyValues }[];
  readonly consistency: Consistency;
}

async function runDiagnose(source: string, parsed: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = (await readOptions(parsed, NAMES)) as OptionValues;
  const printer = new Printer(Boolean(parsed.quiet));
  const data = parsed.shapley as string | undefined;
  const out = parsed.out as string | undefined;
  const others = (parsed.null as string[] | undefined) ?? [];
  const radius = parsed.approximation ? readRadius(parsed.radius) : undefined;
  const found = await readModels(source);
  const spectrum = parsed.spectrum === true || (data === undefined && radius === undefined);
  refuseIdle('diagnose', parsed, { ...parsed, ...settingsOf(found, data, options, others), spectrum });
  if (out !== undefined) await checkFile(out);
  const spectra = spectrum ? await spectraOf(found, options, printer, signal) : undefined;
  const explanation =
    data === undefined ? undefined : await explain(source, found, data, others, options, printer, signal);
  const approximation = radius === undefined ? undefined : await approximate(found, options, radius, signal);
  const facts = {
    source,
    ...(spectra && { spectrum: spectra.map(({ network, layers }) => ({ network, layers: layers.map(factsOf) })) }),
    ...(explanation && { shapley: explanationFacts(explanation) }),
    ...(approximation && { approximation: factsOf(approximation) }),
  };
  if (out !== undefined) {
    const everything = {
      source,
      ...(spectra && { spectrum: spectra }),
      ...(explanation && { shapley: { ...explanationFacts(explanation), ...explanation } }),
      ...(approximation && { approximation }),
    };
    await writeFileAtomic(out, `${JSON.stringify(everything, arraysAsLists)}\n`);
    printer.note(`written to ${out}`);
  }
  if (parsed.json) return printer.json(facts);
  for (const { network, layers } of spectra ?? []) printSpectrum(printer, network, layers);
  if (explanation) printExplanation(printer, explanation, others.length);
  if (approximation) printApproximation(printer, approximation);
}

/** What Shapley values are computed by, given data for them. */
function settingsOf(
  found: Models,
  data: string | undefined,
  options: OptionValues,
  others: readonly string[],
): Settings {
  if (data === undefined) return options;
  const { dense, pruned } = networksOf(found, options);
  const config = optionsOfRun(found.config as OptionValues, data);
  return {
    ...resolveConfig(data, optionsFor(DATA_OPTIONS, config, options)),
    estimator: options.estimator ?? defaultEstimator(dense.sizes[0]!),
    compared: pruned !== undefined || others.length > 0,
  };
}

async function approximate(found: Models, options: OptionValues, radius: number, signal: AbortSignal) {
  const { dense, pruned } = networksOf(found, options);
  if (!pruned)
    throw unexpected('ERR_OPTION', '--approximation', 'a run folder with dense network and ticket', 'one network');
  return approximationBound(dense, pruned, { radius, signal, ...defined({ seed: options.seed }) });
}

/** Options given, else the run's. */
function optionsFor(names: readonly OptionName[], config: Models['config'], given: OptionValues): OptionValues {
  return defined(Object.fromEntries(names.map((name): [string, unknown] => [name, given[name] ?? config[name]])));
}

async function spectraOf({ models }: Models, options: OptionValues, printer: Printer, signal: AbortSignal) {
  const { randomise, fixFingers, seed, threads } = options;
  const chosen = defined({ randomise, fixFingers, seed, threads });
  const spectra: { network: string; layers: LayerSpectrum[] }[] = [];
  for (const { name, matrices } of models) {
    const layers = await spectrum(matrices, {
      ...chosen,
      signal,
      onProgress: ({ done, total }) => printer.progress({ label: `${name}: decompositions`, done, total }),
    }).finally(() => printer.endProgress());
    spectra.push({ network: name, layers });
  }
  return spectra;
}

async function explain(
  source: string,
  found: Models,
  data: string,
  others: readonly string[],
  options: OptionValues,
  printer: Printer,
  signal: AbortSignal,
): Promise<Explanation> {
  const runs = [{ name: source, ...networksOf(found, options) }];
  for (const other of others) {
    const models = await readModels(other);
    noteDifferences(printer, other, found.config, models.config);
    runs.push({ name: other, ...networksOf(models, options) });
  }
  const features = runs[0]!.dense.sizes[0]!;
  const estimator = options.estimator ?? defaultEstimator(features);
  const config = optionsOfRun(found.config as OptionValues, data);
  const prepared = await explainedData(data, optionsFor(DATA_OPTIONS, config, options), {
    background: options.backgroundRows ?? table.backgroundRows.default,
    samples: options.sampleRows ?? (estimator === 'exact' ? undefined : FEW_SAMPLES),
    seed: options.seed ?? table.seed.default,
  });
  const { background, samples } = prepared;
  const chosen = Object.fromEntries(SHAPLEY_OPTIONS.map((name) => [name, options[name]]));
  const { runs: explained, ...consistency } = await shapleyConsistency(runs, background, samples, {
    ...defined({ ...chosen, top: options.top }),
    signal,
    onProgress: ({ done, total }) => printer.progress({ label: `Shapley values, ${estimator}`, done, total }),
  }).finally(() => printer.endProgress());
  const networks = explained.flatMap(({ name, dense, pruned }) => [
    { name: others.length > 0 ? `${name} dense` : 'dense', values: dense },
    ...(pruned ? [{ name: others.length > 0 ? `${name} ticket` : 'ticket', values: pruned }] : []),
  ]);
  return { data: prepared, networks, consistency };
}

/** A null is one only where nothing but the seed differs. */
function noteDifferences(printer: Printer, run: string, a: Models['config'], b: Models['config']): void {
  const names = Object.keys({ ...a, ...b }).filter(
    (name) => name !== 'seed' && JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  );
  if (names.length > 0) printer.note(`note: ${run} differs in more than its seed: ${names.join(', ')}`);
}

/** A single model counts as a dense network. */
function networksOf({ models, config }: Models, options: OptionValues): { dense: Mlp; pruned?: Mlp } {
  const network = (model: Model): Mlp => toNetwork(model, optionsFor(NETWORK_OPTIONS, config, options));
  const ticket = models.find(({ name }) => name === 'ticket' && models.length > 1);
  const dense = models.find((model) => model !== ticket)!;
  return { dense: network(dense), ...(ticket && { pruned: network(ticket) }) };
}

/** What is shown of a result, without arrays. */
function factsOf(result: LayerSpectrum | Approximation): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(result, (key, value: unknown) => (isArray(value) || EMPTY.has(key) ? undefined : value)),
  ) as Record<string, unknown>;
}

/** Holders of nothing but arrays. */
const EMPTY = new Set(['scan', 'grid']);
const isArray = (value: unknown): value is ArrayLike<number> & object =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

function arraysAsLists(_: string, value: unknown): unknown {
  return isArray(value) ? Array.from(value) : value;
}

function explanationFacts({ data, networks, consistency }: Explanation) {
  return {
    estimator: networks[0]!.values.estimator,
    explain: networks[0]!.values.explain,
    background: data.background.shape[0],
    samples: data.samples.shape[0],
    importance: networks.map(({ name, values }) => ({
      network: name,
      additivityGap: values.additivityGap,
      features: Object.fromEntries(
        Array.from(importance(values), (value, j) => [data.featureNames[j] ?? `x${j}`, value]),
      ),
    })),
    consistency,
  };
}

function printSpectrum(printer: Printer, network: string, layers: readonly LayerSpectrum[]): void {
  printer.out(`${network}\n`);
  printer.table(
    [
      ...['layer', 'N x M', 'alpha', 'xmin', 'D', 'alpha-w', 'log norm', 'stable rank', 'entropy'],
      ...['MP sigma', 'spikes', 'softrank', 'random spikes', 'distance', 'warnings'],
    ],
    layers.map(spectrumRow),
  );
  printer.out('');
}

function spectrumRow(layer: LayerSpectrum): string[] {
  const first = [layer.name, `${layer.N} x ${layer.M}`];
  if (layer.status !== 'ok') return [...first, ...Array<string>(12).fill('-'), layer.status];
  const { powerLaw, marchenkoPastur: bulk, randomised } = layer;
  const tail = powerLaw.status === 'ok' ? powerLaw : undefined;
  const noise = bulk.status === 'ok' ? bulk : undefined;
  const shuffled = randomised?.marchenkoPastur.status === 'ok' ? randomised.marchenkoPastur : undefined;
  return [
    ...first,
    ...[tail?.alpha, tail?.xmin, tail?.distance, tail?.alphaWeighted].map(number),
    ...[layer.logNorm, layer.stableRank, layer.entropy, noise?.sigma].map(number),
    count(noise?.spikes),
    number(noise?.softrank),
    count(shuffled?.spikes),
    number(randomised?.distance),
    layer.warnings.join(', ') || '-',
  ];
}

function printExplanation(printer: Printer, { data, networks, consistency }: Explanation, nulls: number): void {
  const { estimator, explain, values } = networks[0]!.values;
  const [samples = 0, features = 0] = values.shape;
  printer.out(
    `mean |phi| of the ${explain === 'logits' ? 'logits' : 'outputs'}, ${estimator}, ${plural(samples, 'sample')}, ` +
      `${plural(data.background.shape[0]!, 'background row')}\n`,
  );
  const columns = networks.map(({ values: each }) => importance(each));
  const order = Array.from(columns[0]!.keys()).sort((i, j) => columns[0]![j]! - columns[0]![i]! || i - j);
  printer.table(
    ['feature', ...networks.map(({ name }) => name)],
    order
      .slice(0, MOST_ROWS)
      .map((j) => [data.featureNames[j] ?? `x${j}`, ...columns.map((column) => number(column[j]))]),
  );
  if (features > MOST_ROWS) printer.note(`the ${MOST_ROWS} most important of ${features} features; --json has all`);
  const { pruning, seeds, spearman, topOverlap } = consistency;
  if (pruning.length === 0 && seeds.length === 0) return;
  const top = [...pruning, ...seeds][0]!.top;
  printer.out('');
  printer.table(
    ['agreement', 'dense and ticket', 'dense, other seed', 'maintained'],
    [
      ['Spearman', ...comparison(spearman)],
      [`top ${top} in common`, ...comparison(topOverlap)],
    ],
  );
  if (nulls === 0) {
    printer.note('note: whether that is more than chance takes runs that differ only in their seed: --null <run>');
  }
}

function printApproximation(printer: Printer, { radius, measured, bound }: Approximation): void {
  printer.out(
    `largest distance between the outputs of dense network and ticket, over all inputs with |x| <= ${radius}`,
  );
  printer.out(`  at least ${number(measured).padEnd(10)} found by sampling and gradient ascent`);
  printer.out(`  at most  ${number(bound).padEnd(10)} by the layers' norms`);
}

const comparison = ({ observed, null: chance, maintained }: Comparison): string[] => [
  number(observed),
  number(chance),
  maintained === undefined ? '-' : maintained ? 'yes' : 'NO',
];

const number = (x: number | undefined): string => (x === undefined ? '-' : x.toPrecision(4));
const count = (x: number | undefined): string => (x === undefined ? '-' : String(x));

/** Without the keys whose value is undefined. */
function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
