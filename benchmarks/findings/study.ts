/** A comparison of rankings with the differences that sentences and tables are read from. */
import { mean } from '../../lib/pipeline/referee-statistics.js';
import { COMBINED, RIVALS } from './plan.js';
import { type Difference, difference, minus } from './statistics.js';
import type { MethodSummary, RuleSummary, Summary } from './summary.js';

/** A difference of accuracies and the method that it is about. */
export interface Named {
  readonly name: string;
  readonly difference: Difference;
}

export type Rival = (typeof RIVALS)[number];

export interface Study {
  readonly summary: Summary;
  /** Causal rankings, combinations with others last. */
  readonly causal: readonly MethodSummary[];
  /** Causal rankings alone. */
  readonly alone: readonly MethodSummary[];
  /** Those that were run; `random-moved` only where it is not `random` over again. */
  readonly rivals: readonly Rival[];
  /** Causal rankings minus a rival, accuracies averaged over the sparsities; one family for all rivals. */
  readonly against: Readonly<Record<Rival, readonly Named[]>>;
  /** `random-moved` minus `random`, averaged over the sparsities: what knowing which weights move is worth. */
  readonly moved: Difference | undefined;
  /** As `against` at each sparsity: [causal][sparsities]; one family. */
  readonly cells: Readonly<Record<Rival, readonly (readonly Difference[])[]>>;
  /** Variants minus `ft`, averaged over the sparsities; one family. */
  readonly variants: readonly Named[];
  /** Averaged over the control sparsities: causal rankings minus their masks shuffled within layers; one family. */
  readonly shuffled: readonly Named[];
  /** The same, minus tickets by the scores of another seed's exponents; one family. */
  readonly placebo: readonly Named[];
}

export function study(summary: Summary): Study {
  const { methods, rules, sparsities, referee, controls } = summary;
  const causal = methods.filter(({ name }) => name in rules || isCombined(name));
  const alone = causal.filter(({ name }) => !isCombined(name));
  const moved = methods.some(({ name }) => name === 'random-moved')
    ? difference(minus(bySeed(methodOf(summary, 'random-moved')), bySeed(methodOf(summary, 'random'))), 1)
    : undefined;
  const rivals = RIVALS.filter((rival) => rival !== 'random-moved' || (moved && moved.verdict !== 'same'));
  const byRival = <T>(make: (rival: Rival) => readonly T[]): Readonly<Record<Rival, readonly T[]>> => ({
    magnitude: make('magnitude'),
    random: make('random'),
    'random-moved': rivals.includes('random-moved') ? make('random-moved') : [],
  });
  const means = (of: readonly MethodSummary[], other: string, family: number): Named[] =>
    of.map((method) => ({
      name: method.name,
      difference: difference(minus(bySeed(method), bySeed(methodOf(summary, other))), family),
    }));
  const cells = (other: Rival): Difference[][] =>
    causal.map((method) =>
      sparsities.map((_, s) =>
        difference(
          minus(bySeed(method, s), bySeed(methodOf(summary, other), s)),
          rivals.length * causal.length * sparsities.length,
        ),
      ),
    );
  const places = controls.map((sparsity) => sparsities.indexOf(sparsity));
  const atControls = (name: string): number[] =>
    methodOf(summary, name).accuracy.map((row) => mean(places.map((s) => row[s] as number)));
  const control = (name: string, others: readonly (readonly number[])[]): Named[] =>
    others.length === 0
      ? []
      : [{ name, difference: difference(minus(atControls(name), others.map(mean)), referee.length) }];
  const variants = alone.filter(({ name }) => name !== 'ft');
  return {
    ...{ summary, causal, alone, rivals },
    against: byRival((rival) => means(causal, rival, rivals.length * causal.length)),
    moved,
    cells: byRival(cells),
    variants: means(variants, 'ft', variants.length),
    shuffled: alone.flatMap(({ name, shuffled }) => control(name, shuffled)),
    placebo: referee.flatMap(({ name, placeboTickets }) => control(name, placeboTickets)),
  };
}

export const isCombined = (name: string): boolean => COMBINED.includes(name);

export function methodOf({ methods, data }: Summary, name: string): MethodSummary {
  const found = methods.find((method) => method.name === name);
  if (!found) throw new Error(`the comparison on ${data} has no method ${name}`);
  return found;
}

/** [seeds] accuracy at the sparsity with this index, or its mean over all sparsities. */
export const bySeed = ({ accuracy }: MethodSummary, sparsity?: number): number[] =>
  accuracy.map((row) => (sparsity === undefined ? mean(row) : (row[sparsity] as number)));

/** Accuracy over seeds and sparsities. */
export const overall = (method: MethodSummary): number => mean(bySeed(method));

/** Whether any weight could be tested. */
export const isTested = ({ verdicts }: RuleSummary): boolean => verdicts.causal + verdicts.nonCausal > 0;

export const best = <T>(items: readonly T[], value: (item: T) => number): T =>
  items.reduce((a, b) => (value(b) > value(a) ? b : a));
