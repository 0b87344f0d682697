/** What a pruning run's method asks for: which parts of training it watches, which options it has no use for. */
import { type Criterion, criterion } from '../mask/criteria.js';
import { type CriterionSpec, type OptionName, options } from '../options.js';

/** LEGCNet's variants: FT watches the whole training, PT its first part. */
export type Variant = 'ft' | 'pt';

/** The variants whose scores a method takes; none for one that does not watch the training. */
export const variantsOf = ({ needs }: Criterion): Variant[] => [
  ...(needs.includes('judgement') ? (['ft'] as const) : []),
  ...(needs.includes('partialJudgement') ? (['pt'] as const) : []),
];

/** Whether a method gives each weight a verdict, which `threshold` and the referee take. */
export const givesVerdicts = (method: CriterionSpec): method is Variant => method === 'ft' || method === 'pt';

/** Whether a method's scores are those of a network that was trained, so that rounds of it train. */
export const scoresTrained = ({ needs }: Criterion): boolean => needs.some((need) => need !== 'samples');

const ofGroups = (...groups: string[]): OptionName[] =>
  (Object.keys(options) as OptionName[]).filter((name) => groups.includes(options[name].group));

/** Options of watching and testing. */
export const WATCHING = ofGroups('series', 'exponent', 'test').filter((name) => name !== 'partial');

/** Options of a run that make no difference to a method. */
export function unusedOptions(method: Criterion): OptionName[] {
  const watches = variantsOf(method).length > 0;
  return [
    ...(watches ? [] : WATCHING),
    ...(watches || method.needs.includes('partlyTrained') ? [] : (['partial'] as const)),
    ...(givesVerdicts(method.name) ? [] : (['prune', 'referee', 'refereeSeeds'] as const)),
    ...(['scoreRows', 'synflowRounds'] as const).filter((name) => !method.options.includes(name)),
    ...(scoresTrained(method) ? [] : (['rewind'] as const)),
  ];
}

/** The method of a name, for what has been checked already. */
export const methodOf = (config: { readonly method: CriterionSpec }): Criterion => criterion(config.method);
