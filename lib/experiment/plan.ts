/** What a comparison consists of, worked out before anything is trained. */
import { createHash } from 'node:crypto';
import { LegcnetError, unexpected } from '../errors.js';
import { type Criterion, criterion } from '../mask/criteria.js';
import type { Density } from '../mask/select.js';
import { type CriterionSpec, type OptionName, type OptionValues, options, resolveOptions } from '../options.js';
import { PRUNE_OPTIONS, type PruneConfig, configHash, influences, resolveConfig } from '../pipeline/config.js';
import { NOT_COMPARED } from '../pipeline/referee-verdict.js';
import { version } from '../pipeline/version.js';

const EXPERIMENT_OPTIONS = ['methods', 'sparsities', 'controls', 'seeds', 'resamples', 'keepTickets'] as const;
const SCORING_OPTIONS = ['scoreRows', 'synflowRounds'] as const;

/** Options of a comparison. */
export const COMPARE_OPTIONS: readonly OptionName[] = [
  ...EXPERIMENT_OPTIONS,
  ...PRUNE_OPTIONS.filter((name) => !(NOT_COMPARED as readonly OptionName[]).includes(name)),
];

/** LEGCNet's two variants: the criteria that rest on a causal rule. */
export const CAUSAL = ['ft', 'pt'] as const;
export type CausalMethod = (typeof CAUSAL)[number];
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
  /** Complete configurations of both variants; they differ in how the training is watched. `seed` is the first seed. */
  readonly configs: Readonly<Record<CausalMethod, PruneConfig>>;
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
  const configure = (method: CausalMethod): PruneConfig =>
    resolveConfig(dataset, { ...network, method, selection: 'sparsity', sparsity: 0 });
  const configs = { ft: configure('ft'), pt: configure('pt') };
  const { seed, baselines } = configs.ft;
  if (seed + seeds > 2 ** 32) {
    throw unexpected('ERR_OPTION', 'seeds', `at most ${2 ** 32 - seed} from seed ${seed} on`, seeds);
  }
  const methods = parseMethods(specs as CriterionSpec[], baselines);
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
    configs,
  };
  return { ...plan, hash: planHash(plan) };
}

function parseMethods(specs: readonly CriterionSpec[], baselines: boolean): Criterion[] {
  const methods = distinct('methods', specs).map((spec) => criterion(spec));
  const causal = methods.some(({ needs }) => needs.includes('judgement') || needs.includes('partialJudgement'));
  if (!causal || !baselines) return methods;
  return [...methods, ...BASELINES.filter((name) => !specs.includes(name)).map((name) => criterion(name))];
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
  configs,
  keepTickets,
}: Omit<ComparePlan, 'hash'>): string {
  const parts = {
    version,
    methods: methods.map(({ name }) => name),
    ...{ sparsities, controls, density, scoring, keepTickets },
    configs: CAUSAL.map((method) => configHash({ ...configs[method], seed: 0 })),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** The options of a comparison as they were resolved, for its record: those without influence left out. */
export function planOptions({ configs, methods, sparsities, controls, scoring, density }: ComparePlan) {
  const left = new Set<string>([...NOT_COMPARED, 'density']);
  return {
    ...Object.fromEntries(influences(configs.ft).filter(([name]) => !left.has(name))),
    ...{ sparsities, controls, ...scoring, density: density ?? 'by method' },
    methods: methods.map(({ name }) => name),
  };
}
