/** From what the caller gives to a complete configuration: defaults filled in, combinations checked. */
import { createHash } from 'node:crypto';
import { unexpected } from '../errors.js';
import { EXPONENT_OPTIONS, resolveExponent } from '../lyapunov/options.js';
import {
  type OptionName,
  type OptionValues,
  type ResolvedOptions,
  checkOption,
  options,
  resolveOptions,
} from '../options.js';
import { type Criterion, criterion } from '../mask/criteria.js';
import { type Variant, givesVerdicts, methodOf, unusedOptions, variantsOf } from './method.js';
import { presetDefaults } from './presets.js';

/** Options of a pruning run: all of the table but those of experiments and of diagnostics. */
export const PRUNE_OPTIONS = (Object.keys(options) as OptionName[]).filter(
  (name) => !['experiment', 'diagnostics'].includes(options[name].group),
);

/** Where results go and how fast: without influence on the results, hence not part of a configuration's hash. */
export const WITHOUT_INFLUENCE: readonly OptionName[] = ['threads', 'out', 'weightLog'];

type Resolved = ResolvedOptions<OptionName>;
/** A complete configuration. Everything that a run needs has a value. */
export type PruneConfig = Resolved & {
  readonly dataset: string;
  readonly layers: number[];
  readonly learningRate: number;
  readonly epochs: number;
  readonly scaling: NonNullable<Resolved['scaling']>;
  readonly target: NonNullable<Resolved['target']>;
  readonly split: number[];
};

/**
 * Every option of a run with its value: what is given, else the preset's for the method and the data, else the table's.
 * O(options); the data are not looked at.
 *
 * @param dataset name of a built-in set, or the path of the user's data
 * @param given any options of the table
 * @throws LegcnetError ERR_OPTION for unknown options, bad values and values that do not go together
 */
export function resolveConfig(dataset: string, given: OptionValues = {}): PruneConfig {
  const method = criterion(given.method === undefined ? options.method.default : checkOption('method', given.method));
  if (method.needs.includes('judgements')) {
    throw unexpected(
      'ERR_OPTION',
      'method',
      'ft and pt without options of their own: give these to the run itself',
      method.name,
    );
  }
  const preset = given.preset === undefined ? options.preset.default : checkOption('preset', given.preset);
  const [variant = 'ft'] = variantsOf(method);
  const defaults = {
    ...presetDefaults(preset, variant, dataset),
    density: method.density,
    ...impliedSelection(given),
  };
  if (given.exponent !== undefined && given.exponent !== defaults.exponent) delete defaults.fit;
  const config = { dataset, ...resolveOptions(PRUNE_OPTIONS, given, defaults) } as PruneConfig;
  checkMethod(config, method, given);
  checkCombinations(config, method);
  return config;
}

/**
 * The configurations by which a run's method watches the training, by variant: the run's own, but for the second of two.
 *
 * @param given the options that the configuration was made of
 */
export function watchConfigs(config: PruneConfig, given: OptionValues): { readonly [V in Variant]?: PruneConfig } {
  const [first, second] = variantsOf(methodOf(config));
  if (first === undefined) return {};
  const one = { [first]: { ...config, method: first } };
  if (second === undefined) return one;
  const unused = [...unusedOptions(criterion(second)), 'method'];
  const shared = Object.fromEntries(Object.entries(given).filter(([name]) => !unused.includes(name)));
  return { ...one, [second]: resolveConfig(config.dataset, { ...shared, method: second }) };
}

function checkMethod(config: PruneConfig, method: Criterion, given: OptionValues): void {
  const { name, needs } = method;
  const { selection, rounds, rewind, epochs } = config;
  if (config.referee && !givesVerdicts(name)) {
    throw unexpected('ERR_OPTION', 'referee', `false with ${name}: it is about the verdicts of ft and pt`, true);
  }
  for (const option of unusedOptions(method)) {
    const value = given[option];
    if (value === undefined || value === false) continue;
    throw unexpected('ERR_OPTION', option, `nothing: ${name} has no use for it`, value);
  }
  if (selection === 'threshold') {
    if (!givesVerdicts(name)) {
      const expected = `sparsity or within with ${name}, which ranks weights and gives no verdicts`;
      throw unexpected('ERR_OPTION', 'selection', expected, selection);
    }
    if (rounds > 1) throw unexpected('ERR_OPTION', 'rounds', '1 where weights go by verdict', rounds);
  }
  if (rounds > 1 && config.referee) throw unexpected('ERR_OPTION', 'rounds', '1 with the referee', rounds);
  if (rewind > 0) {
    if (rewind >= epochs) throw unexpected('ERR_OPTION', 'rewind', `an epoch before the last, ${epochs}`, rewind);
    if (rounds > 1 && !needs.every((need) => need === 'trained' || need === 'samples')) {
      const expected = `0 in rounds of ${name}, whose scores begin with the training`;
      throw unexpected('ERR_OPTION', 'rewind', expected, rewind);
    }
  }
}

/** `sparsity: 0.9` says how to select as well as `selection: 'sparsity'` would. */
function impliedSelection(given: OptionValues): { -readonly [K in OptionName]?: OptionValues[K] } {
  const named = (['sparsity', 'within', 'prune'] as const).filter((name) => given[name] !== undefined);
  if (given.selection !== undefined || named.length === 0) return {};
  if (named.length > 1) {
    throw unexpected('ERR_OPTION', named.join(' and '), 'one of sparsity, within and prune', named.join(' and '));
  }
  return { selection: named[0] === 'prune' ? 'threshold' : (named[0] as 'sparsity' | 'within') };
}

/** @throws LegcnetError ERR_OPTION for values that do not go together */
export function checkCombinations(config: PruneConfig, method: Criterion): void {
  const { split, selection, series, scalar, window, horizon } = config;
  if (split.reduce((sum, share) => sum + share, 0) >= 1) {
    throw unexpected('ERR_OPTION', 'split', options.split.expected, split);
  }
  if (selection === 'sparsity' && config.sparsity === undefined) {
    throw unexpected('ERR_OPTION', 'sparsity', 'a value when selection is "sparsity"', undefined);
  }
  if (config.loss === 'cross-entropy' && config.outputActivation === 'linear') {
    throw unexpected('ERR_OPTION', 'outputActivation', 'sigmoid or softmax with the cross-entropy loss', 'linear');
  }
  if (variantsOf(method).length === 0) return;
  if (series === 'difference' && scalar === 'float32') {
    throw unexpected(
      'ERR_OPTION',
      'scalar',
      'float64 for the difference series (in float32 it is rounding noise)',
      scalar,
    );
  }
  if (config.minWindows > 0 && window < 6) {
    throw unexpected('ERR_OPTION', 'window', 'at least 6 iterates where the stride may shrink', window);
  }
  const points = window - (config.embeddingDimension - 1) * config.delay - horizon - config.theilerWindow;
  if (points < 2) {
    throw unexpected('ERR_OPTION', 'window', 'enough iterates for the embedding, horizon and Theiler window', window);
  }
  resolveExponent(Object.fromEntries(EXPONENT_OPTIONS.map((name) => [name, config[name]])));
}

/** What influences the results: not where they go, nor what the method has no use for. */
export function influences(config: PruneConfig): [name: string, value: unknown][] {
  const left = new Set<string>([...WITHOUT_INFLUENCE, ...unusedOptions(methodOf(config))]);
  if (config.rounds === options.rounds.default) left.add('rounds');
  if (config.rewind === options.rewind.default) left.add('rewind');
  return Object.entries(config).filter(([name]) => !left.has(name));
}

/** A short name of all that influences the results. */
export function configHash(config: PruneConfig): string {
  const entries = influences(config);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16);
}
