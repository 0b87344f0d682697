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
import { presetDefaults } from './presets.js';

/** Options of a pruning run: all of the table but those of other criteria, of experiments and of diagnostics. */
export const PRUNE_OPTIONS = (Object.keys(options) as OptionName[]).filter(
  (name) => !['criterion', 'experiment', 'diagnostics'].includes(options[name].group),
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
 * @param dataset name of a built-in set, or the path of the user's data
 * @param given any options of the table
 * @throws LegcnetError ERR_OPTION for unknown options, bad values and values that do not go together
 */
export function resolveConfig(dataset: string, given: OptionValues = {}): PruneConfig {
  const method = given.method === undefined ? options.method.default : checkOption('method', given.method);
  const preset = given.preset === undefined ? options.preset.default : checkOption('preset', given.preset);
  const defaults = { ...presetDefaults(preset, method, dataset), ...impliedSelection(given) };
  if (given.exponent !== undefined && given.exponent !== defaults.exponent) delete defaults.fit;
  const config = { dataset, ...resolveOptions(PRUNE_OPTIONS, given, defaults) } as PruneConfig;
  checkCombinations(config);
  return config;
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

function checkCombinations(config: PruneConfig): void {
  const { split, selection, series, scalar, window, horizon } = config;
  if (split.reduce((sum, share) => sum + share, 0) >= 1) {
    throw unexpected('ERR_OPTION', 'split', options.split.expected, split);
  }
  if (selection === 'sparsity' && config.sparsity === undefined) {
    throw unexpected('ERR_OPTION', 'sparsity', 'a value when selection is "sparsity"', undefined);
  }
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
  if (config.loss === 'cross-entropy' && config.outputActivation === 'linear') {
    throw unexpected('ERR_OPTION', 'outputActivation', 'sigmoid or softmax with the cross-entropy loss', 'linear');
  }
}

/** A short name of all that influences the results. */
export function configHash(config: PruneConfig): string {
  const entries = Object.entries(config).filter(([name]) => !WITHOUT_INFLUENCE.includes(name as OptionName));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16);
}
