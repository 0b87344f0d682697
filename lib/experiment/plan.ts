/** What a comparison consists of, worked out before anything is trained. */
import { createHash } from 'node:crypto';
import { LegcnetError, unexpected } from '../errors.js';
import { type Criterion, criterion } from '../mask/criteria.js';
import type { Density } from '../mask/select.js';
import { RULE_OPTIONS, SERIES_OPTIONS, type Variant, parseVariant } from '../mask/variants.js';
import { type CriterionSpec, type OptionName, type OptionValues, options, resolveOptions } from '../options.js';
import {
  PRUNE_OPTIONS,
  type PruneConfig,
  checkCombinations,
  configHash,
  influences,
  resolveConfig,
} from '../pipeline/config.js';
import { NOT_COMPARED } from '../pipeline/referee-verdict.js';
import { version } from '../pipeline/version.js';

const EXPERIMENT_OPTIONS = ['methods', 'sparsities', 'controls', 'seeds', 'resamples', 'keepTickets'] as const;
const SCORING_OPTIONS = ['scoreRows', 'synflowRounds'] as const;

/** Options of a comparison. */
export const COMPARE_OPTIONS: readonly OptionName[] = [
  ...EXPERIMENT_OPTIONS,
  ...PRUNE_OPTIONS.filter((name) => !(NOT_COMPARED as readonly OptionName[]).includes(name)),
];

/** How weights are called causal and ranked: LEGCNet-FT or -PT, maybe with options of its own. */
export interface CausalRule {
  /** `ft`, `pt(series=weights)`. */
  readonly name: string;
  /** Complete; the training is that of the whole comparison. */
  readonly config: PruneConfig;
  /** The first rule that watches the same: exponents and misclassification are made once for all of these. */
  readonly series: string;
}

/** What a causal ranking is compared with whether asked for or not, unless `baselines` is false. */
const BASELINES = ['random', 'random-erk', 'magnitude'] as const;

export interface ComparePlan {
  readonly dataset: string;
  /** The options as they were given. */
  readonly given: OptionValues;
  readonly methods: readonly Criterion[];
  /** Ascending. */
  readonly sparsities: readonly number[];
  /** Sparsities with shuffled masks, re-initialised tickets and placebo tickets. */
  readonly controls: readonly number[];
  readonly seeds: readonly number[];
  readonly resamples: number;
  /** Whether trained tickets are stored, where anything is. */
  readonly keepTickets: boolean;
  /** Layer densities of all methods; undefined: each has its own. */
  readonly density: Density | undefined;
  readonly scoring: { readonly scoreRows: number | undefined; readonly synflowRounds: number };
  /** What all have in common: data, network, training. `seed` is the first seed. */
  readonly config: PruneConfig;
  /** The causal rules that the methods rest on, in the order in which they are named. */
  readonly rules: readonly CausalRule[];
  /** Names all that one seed's results depend on, but for the data and the seed itself. */
  readonly hash: string;
}

/**
 * @param dataset name of a built-in set, or the path of the user's data
 * @param given any of `COMPARE_OPTIONS`
 * @throws LegcnetError ERR_OPTION
 */
export function planComparison(dataset: string, given: OptionValues = {}): ComparePlan {
  for (const name of NOT_COMPARED) {
    if (given[name] === undefined) continue;
    throw unexpected('ERR_OPTION', name, 'nothing (a comparison goes over methods and sparsities)', given[name]);
  }
  const { density, ...rest } = given;
  const of = <N extends OptionName>(names: readonly N[]): Pick<OptionValues, N> =>
    Object.fromEntries(names.map((name) => [name, given[name]])) as Pick<OptionValues, N>;
  const {
    methods: specs,
    sparsities,
    controls,
    seeds,
    resamples,
    keepTickets,
  } = resolveOptions(EXPERIMENT_OPTIONS, of(EXPERIMENT_OPTIONS));
  const scoring = resolveOptions(SCORING_OPTIONS, of(SCORING_OPTIONS));
  const own: readonly string[] = [...EXPERIMENT_OPTIONS, ...SCORING_OPTIONS];
  const network = Object.fromEntries(Object.entries(rest).filter(([name]) => !own.includes(name)));
  const config = resolveConfig(dataset, { ...network, ...UNSELECTED });
  const { seed, baselines } = config;
  if (seed + seeds > 2 ** 32) {
    throw unexpected('ERR_OPTION', 'seeds', `at most ${2 ** 32 - seed} from seed ${seed} on`, seeds);
  }
  const methods = parseMethods(specs as CriterionSpec[], baselines);
  const rules = planRules(methods, config, network);
  const ascending = distinct('sparsities', sparsities).sort((a, b) => a - b);
  const plan = {
    dataset,
    given,
    methods,
    sparsities: ascending,
    controls: chooseControls(controls, ascending),
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    resamples,
    keepTickets,
    density,
    scoring,
    config,
    rules,
  };
  return { ...plan, hash: planHash(plan) };
}

function parseMethods(specs: readonly CriterionSpec[], baselines: boolean): Criterion[] {
  const methods = specs.map((spec) => criterion(spec));
  distinct(
    'methods',
    methods.map(({ name }) => name),
  );
  if (!methods.some(isCausal) || !baselines) return methods;
  return [...methods, ...BASELINES.filter((name) => !specs.includes(name)).map((name) => criterion(name))];
}

/** Whether a causal rule has a part in it. */
export const isCausal = ({ rules }: Criterion): boolean => rules.length > 0;

const UNSELECTED = { selection: 'sparsity', sparsity: 0 } as const;

function planRules(methods: readonly Criterion[], training: PruneConfig, given: OptionValues): CausalRule[] {
  const rules: CausalRule[] = [];
  const watched = new Map<string, string>();
  const known = new Map<string, string>();
  for (const name of new Set(methods.flatMap((method) => method.rules))) {
    const config = ruleConfig(
      parseVariant(name) ?? { name: name as 'ft' | 'pt', method: name as 'ft' | 'pt', given: {} },
      training,
      given,
    );
    const asText = (names: readonly OptionName[]): string =>
      JSON.stringify(names.map((option) => (option === 'partial' && config.method === 'ft' ? null : config[option])));
    const same = asText(['method', ...RULE_OPTIONS]);
    if (known.has(same)) {
      throw new LegcnetError('ERR_OPTION', `${known.get(same)} and ${name} are the same rule, by the same options`, {
        subject: 'methods',
        expected: options.methods.expected,
        received: name,
      });
    }
    known.set(same, name);
    const series = asText(['method', ...SERIES_OPTIONS, 'target']);
    if (!watched.has(series)) watched.set(series, name);
    rules.push({ name, config, series: watched.get(series) as string });
  }
  return rules;
}

/** The rule's own options win over those of the comparison, and these over the defaults of the preset. */
function ruleConfig({ name, method, given: own }: Variant, training: PruneConfig, given: OptionValues): PruneConfig {
  try {
    const resolved = resolveConfig(training.dataset, { ...given, ...own, method, ...UNSELECTED });
    const ofRule = Object.fromEntries(RULE_OPTIONS.map((option) => [option, resolved[option]]));
    const config = { ...training, ...ofRule, method } as PruneConfig;
    checkCombinations(config, criterion(method));
    return config;
  } catch (error) {
    throw inRule(name, error);
  }
}

/** An error that names the rule it came up in, where the rule has options of its own. */
export function inRule(name: string, error: unknown): unknown {
  if (!(error instanceof LegcnetError) || !name.includes('(')) return error;
  const { code, message, subject, expected, received } = error;
  const details = {
    received,
    cause: error,
    ...(subject !== undefined && { subject }),
    ...(expected !== undefined && { expected }),
  };
  return new LegcnetError(code, `${name}: ${message}`, details);
}

function chooseControls(given: 'none' | number[] | undefined, sparsities: readonly number[]): number[] {
  if (given === 'none') return [];
  if (given !== undefined) {
    const unknown = given.find((sparsity) => !sparsities.includes(sparsity));
    if (unknown !== undefined) {
      throw unexpected('ERR_OPTION', 'controls', `some of the sparsities ${sparsities.join(', ')}`, unknown);
    }
    return distinct('controls', given).sort((a, b) => a - b);
  }
  const nearest = sparsities.reduce((best, s) => (Math.abs(s - 0.9) < Math.abs(best - 0.9) ? s : best));
  return [nearest];
}

function distinct<T>(name: OptionName, values: readonly T[]): T[] {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice === undefined) return [...values];
  throw new LegcnetError('ERR_OPTION', `${name} holds ${String(twice)} twice`, {
    subject: name,
    expected: options[name].expected,
    received: values,
  });
}

function planHash({
  methods,
  sparsities,
  controls,
  density,
  scoring,
  config,
  rules,
  keepTickets,
}: Omit<ComparePlan, 'hash'>): string {
  const parts = {
    version,
    methods: methods.map(({ name }) => name),
    ...{ sparsities, controls, density, scoring, keepTickets },
    configs: [config, ...rules.map((rule) => rule.config)].map((one) => configHash({ ...one, seed: 0 })),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** The options of a comparison as they were resolved, for its record: those without influence left out. */
export function planOptions({ config, rules, methods, sparsities, controls, scoring, density }: ComparePlan) {
  const left = new Set<string>([...NOT_COMPARED, 'density']);
  return {
    ...Object.fromEntries(influences(config).filter(([name]) => !left.has(name))),
    ...{ sparsities, controls, ...scoring, density: density ?? 'by method' },
    methods: methods.map(({ name }) => name),
    rules: Object.fromEntries(
      rules.map(({ name, config: own }) => [
        name,
        Object.fromEntries(RULE_OPTIONS.map((option) => [option, own[option]])),
      ]),
    ),
  };
}
