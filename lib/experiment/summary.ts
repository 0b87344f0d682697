/** Statistics over the replicates of a comparison: curves, paired differences, controls, the referee's verdict. */
import { criterion } from '../mask/criteria.js';
import { LegcnetError } from '../errors.js';
import { type Density, keptAt } from '../mask/select.js';
import type { Mlp } from '../network/mlp.js';
import type { PartName } from '../network/train.js';
import type { PreparedData } from '../pipeline/data.js';
import { type Overlap, type Placebo, type Power, maskOverlap, summarisePlacebo } from '../pipeline/referee.js';
import { type Estimate, Resampler, mean } from '../pipeline/referee-statistics.js';
import {
  type Contest,
  contestSentences,
  percentage,
  placeboSentence,
  powerSentence,
  pruneCommand,
} from '../pipeline/referee-verdict.js';
import { version } from '../pipeline/version.js';
import { type PlaceboRecord, refereedRules } from './placebo.js';
import { type ComparePlan, isCausal, planOptions } from './plan.js';
import {
  type ControlCell,
  type Failed,
  type ReplicateRecord,
  type TicketCell,
  type TrainedRecord,
  NO_SCORES,
  isFailed,
  judgedPart,
} from './replicate.js';
import { plural } from '../plural.js';

/** One method at one sparsity, over the seeds. */
export interface CurvePoint {
  readonly sparsity: number;
  /** Weights kept; the same for every method. */
  readonly kept: number;
  /** Parameters, biases included, of the dense network for each one of the ticket. */
  readonly compression: number;
  /** Theoretical: multiply-adds of one forward pass of the dense network for each one of the ticket. */
  readonly speedup: number;
  readonly accuracy: Estimate;
  /** Ticket minus dense. */
  readonly againstDense: Estimate;
  readonly epochs: Estimate;
  /** Epochs to the least validation loss. */
  readonly converged: Estimate;
  readonly lottery: LotteryCriterion;
  /** Of the seeds' masks; null for one seed. */
  readonly overlap: Overlap | null;
}

/** Does the ticket reach the dense network's accuracy in no more epochs than the dense network? */
export interface LotteryCriterion {
  readonly share: number;
  /** By seed; `epoch`: the first with the dense network's accuracy, null if none; `denseEpoch`: the dense network's own. */
  readonly seeds: readonly {
    readonly seed: number;
    readonly holds: boolean;
    readonly epoch: number | null;
    readonly denseEpoch: number;
  }[];
}

export interface Curve {
  readonly method: string;
  readonly help: string;
  readonly density: Density;
  readonly points: readonly CurvePoint[];
}

/** Two methods at one sparsity, the same seeds. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly sparsity: number;
  /** Accuracy of a minus that of b. */
  readonly difference: Estimate;
}

export interface Control {
  readonly method: string;
  readonly sparsity: number;
  readonly kind: ControlCell['kind'];
  readonly accuracy: Estimate;
  /** The method's ticket minus this one. */
  readonly difference: Estimate;
}

/** The referee on one causal method. */
export interface RefereeRecord {
  readonly method: string;
  readonly windows: number;
  /** Null for one seed. */
  readonly placebo: Placebo | null;
  readonly power: Power;
  /** Tickets of the scores of another seed's exponents. */
  readonly placeboTickets: readonly {
    readonly sparsity: number;
    readonly accuracy: Estimate;
    /** The method's ticket minus this one. */
    readonly difference: Estimate;
  }[];
  /** In plain words. */
  readonly verdict: readonly string[];
}

/** What `legcnet compare` finds; `comparison.json`. */
export interface ComparisonRecord {
  readonly legcnet: string;
  readonly command: 'compare';
  readonly config: object;
  readonly hash: string;
  readonly seeds: readonly number[];
  readonly data: {
    readonly name: string;
    readonly features: number;
    readonly classes: readonly string[];
    readonly parts: object;
  };
  readonly network: { readonly sizes: readonly number[]; readonly weights: number; readonly parameters: number };
  /** The part whose accuracy is meant wherever no other is named. */
  readonly part: PartName;
  readonly dense: { readonly accuracy: Estimate; readonly epochs: Estimate; readonly converged: Estimate };
  readonly curves: readonly Curve[];
  readonly pairs: readonly Pair[];
  readonly controls: readonly Control[];
  readonly referee: readonly RefereeRecord[];
  /** What could not be had of some seeds; the statistics are those of the others. */
  readonly failures: readonly Failure[];
  readonly notes: readonly string[];
}

/** A network or a judgement that some seeds lack, and why. */
export interface Failure {
  /** `dense`, a method, `shuffled METHOD`, `re-initialised METHOD` or `placebo METHOD`. */
  readonly what: string;
  /** Null for the dense network. */
  readonly sparsity: number | null;
  readonly seeds: readonly number[];
  /** Of the first of these seeds. */
  readonly reason: string;
}

export interface Findings {
  readonly records: readonly ReplicateRecord[];
  readonly placebos: readonly PlaceboRecord[];
  /** By seed: [methods, sparsities, weights]. */
  readonly masks: readonly Uint8Array[];
}

/** By seed, in the order of the plan; undefined where there is none. */
type BySeed<T> = readonly (T | undefined)[];

/**
 * Pure: the same findings give the same bits. What a seed lacks is left out of the statistics: a paired difference is over
 * the seeds that have both, and `n` of an estimate says how many.
 *
 * @throws LegcnetError ERR_DIVERGED where no seed's dense network could be trained
 */
export function summarise(plan: ComparePlan, data: PreparedData, network: Mlp, findings: Findings): ComparisonRecord {
  const { records, masks } = findings;
  const part = judgedPart(data);
  const resampler = new Resampler(plan.resamples);
  const estimate = (values: BySeed<number>): Estimate => resampler.estimate(values.filter((v) => v !== undefined));
  const accuracies = (trained: BySeed<TrainedRecord>): BySeed<number> => trained.map((one) => one?.accuracy[part]);
  const over = (trained: BySeed<TrainedRecord>, key: 'epochs' | 'converged'): Estimate =>
    estimate(trained.map((one) => one?.[key]));
  const minus = (a: BySeed<number>, b: BySeed<number>): Estimate =>
    estimate(
      a.map((value, i) => {
        const other = b[i];
        return value === undefined || other === undefined ? undefined : value - other;
      }),
    );
  const tickets = (m: number, s: number): BySeed<TicketCell> =>
    records.map(({ methods }) => present(methods[m]?.tickets[s]));
  const denseRecords = records.map(({ dense }) => present(dense));
  const dense = accuracies(denseRecords);
  if (!denseRecords.some((one) => one)) throw noneTrained(records);
  const { weights, parameters, layers } = network;

  const curves = plan.methods.map((method, m): Curve => {
    const points = plan.sparsities.map((sparsity, s): CurvePoint => {
      const cells = tickets(m, s);
      const kept = keptAt(weights, sparsity);
      const begin = (m * plan.sparsities.length + s) * weights;
      const compared = masks.filter((_, i) => cells[i]);
      return {
        ...{ sparsity, kept },
        compression: parameters.length / (kept + parameters.length - weights),
        speedup: weights / kept,
        accuracy: estimate(accuracies(cells)),
        againstDense: minus(accuracies(cells), dense),
        epochs: over(cells, 'epochs'),
        converged: over(cells, 'converged'),
        lottery: lotteryCriterion(records, cells),
        overlap:
          compared.length < 2
            ? null
            : maskOverlap(
                compared.map((mask) => mask.subarray(begin, begin + weights)),
                layers,
              ),
      };
    });
    return { method: method.name, help: method.help, density: plan.density ?? method.density, points };
  });

  const pairs: Pair[] = [];
  plan.sparsities.forEach((sparsity, s) => {
    plan.methods.forEach((a, i) => {
      plan.methods.slice(i + 1).forEach((b, j) => {
        const difference = minus(accuracies(tickets(i, s)), accuracies(tickets(i + 1 + j, s)));
        pairs.push({ a: a.name, b: b.name, sparsity, difference });
      });
    });
  });

  const ticketsOf = (method: string, sparsity: number): BySeed<number> =>
    accuracies(
      tickets(
        plan.methods.findIndex(({ name }) => name === method),
        plan.sparsities.indexOf(sparsity),
      ),
    );
  const controls = (records[0] as ReplicateRecord).controls.map(({ method, sparsity, kind }): Control => {
    const cells = records.map((record) =>
      present(record.controls.find((c) => c.method === method && c.sparsity === sparsity && c.kind === kind)),
    );
    const reached = accuracies(cells);
    const difference = minus(ticketsOf(method, sparsity), reached);
    return { method, sparsity, kind, accuracy: estimate(reached), difference };
  });

  const referee = refereedRules(plan).flatMap(({ name: method }): RefereeRecord[] => {
    const found = refereeFindings(method, findings.placebos, resampler);
    if (!found) return []; // no seed could be judged, which the notes say
    const placeboTickets = plan.controls.flatMap((sparsity) => {
      const reached = plan.seeds.map((seed) => {
        const tickets = findings.placebos.find(({ target }) => target === seed)?.methods[method]?.tickets;
        return tickets?.find((ticket) => ticket.sparsity === sparsity)?.accuracy ?? undefined;
      });
      if (reached.every((accuracy) => accuracy === undefined)) return [];
      return [{ sparsity, accuracy: estimate(reached), difference: minus(ticketsOf(method, sparsity), reached) }];
    });
    const contests = plan.controls.map((sparsity): Contest => {
      const own = ticketsOf(method, sparsity);
      const meanOf = (values: BySeed<number>): number => mean(values.filter((value) => value !== undefined));
      const rivals = plan.methods.filter((other) => !isCausal(other) || other.name === 'random-moved');
      const shuffled = controls.find((c) => c.method === method && c.sparsity === sparsity && c.kind === 'shuffled');
      const placebo = placeboTickets.find((ticket) => ticket.sparsity === sparsity);
      return {
        sparsity,
        ranking: meanOf(own),
        seeds: plan.seeds.length,
        had: own.filter((value) => value !== undefined).length,
        rivals: [
          ...rivals.map(({ name }) => ({
            name,
            accuracy: meanOf(ticketsOf(name, sparsity)),
            difference: minus(own, ticketsOf(name, sparsity)),
            command: name.startsWith('random')
              ? undefined
              : `${pruneCommand(plan.dataset, criterion(name), sparsity, plan.given)} --out DIR`,
          })),
          ...(shuffled
            ? [
                {
                  name: 'its own masks shuffled within layers',
                  accuracy: shuffled.accuracy.mean,
                  difference: shuffled.difference,
                },
              ]
            : []),
          ...(placebo
            ? [{ name: "another seed's exponents", accuracy: placebo.accuracy.mean, difference: placebo.difference }]
            : []),
        ],
      };
    });
    const verdict = [
      ...(found.placebo ? [placeboSentence(found.placebo)] : []),
      powerSentence(found.power),
      ...contests.flatMap(contestSentences),
    ];
    return [{ method, ...found, placeboTickets, verdict }];
  });

  const failures = failuresOf(findings);
  return {
    legcnet: version,
    command: 'compare',
    config: planOptions(plan),
    hash: plan.hash,
    seeds: plan.seeds,
    data: { name: data.name, features: data.features, classes: data.classes, parts: data.rows },
    network: { sizes: network.sizes, weights, parameters: parameters.length },
    part,
    dense: {
      accuracy: estimate(dense),
      epochs: over(denseRecords, 'epochs'),
      converged: over(denseRecords, 'converged'),
    },
    ...{ curves, pairs, controls, referee },
    failures,
    notes: [...notesOn(plan, records, part), ...failureNotes(failures, plan.seeds.length)],
  };
}

const present = <T extends object>(one: T | undefined): Exclude<T, Failed> | undefined =>
  one === undefined || isFailed(one) ? undefined : (one as Exclude<T, Failed>);

function noneTrained([first]: readonly ReplicateRecord[]): LegcnetError {
  const reason = (first?.dense as Failed).failed;
  return new LegcnetError('ERR_DIVERGED', `no seed has a dense network to compare tickets with; ${reason}`, {
    subject: 'learningRate',
  });
}

function failuresOf({ records, placebos }: Findings): Failure[] {
  const found = new Map<string, { what: string; sparsity: number | null; seeds: number[]; reason: string }>();
  const add = (what: string, sparsity: number | null, seed: number, reason: string): void => {
    const key = `${what} ${sparsity}`;
    const known = found.get(key);
    if (known) known.seeds.push(seed);
    else found.set(key, { what, sparsity, seeds: [seed], reason });
  };
  for (const { seed, dense, methods, controls: cells } of records) {
    if (isFailed(dense)) {
      add('dense', null, seed, dense.failed); // and all else of the seed
      continue;
    }
    for (const { method, tickets } of methods) {
      for (const cell of tickets) if (isFailed(cell)) add(method, cell.sparsity, seed, cell.failed);
    }
    for (const cell of cells) {
      // where there was no mask, its ticket says so
      if (!isFailed(cell) || cell.failed.startsWith(NO_SCORES)) continue;
      add(`${cell.kind} ${cell.method}`, cell.sparsity, seed, cell.failed);
    }
  }
  for (const { target, methods } of placebos) {
    for (const [method, { tickets }] of Object.entries(methods)) {
      for (const { sparsity, accuracy } of tickets) {
        if (accuracy === null) add(`placebo ${method}`, sparsity, target, 'training diverged');
      }
    }
  }
  return [...found.values()];
}

/** A sentence for all sparsities at which the same seeds fail. */
function failureNotes(failures: readonly Failure[], all: number): string[] {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const key = `${failure.what} ${failure.seeds.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), failure]);
  }
  return [...groups.values()].map((group) => {
    const { what, seeds, reason } = group[0] as Failure;
    const at = group.flatMap(({ sparsity }) => (sparsity === null ? [] : percentage(sparsity, 0)));
    const of = what === 'dense' ? 'dense network' : `${what} at ${at.join(', ')}`;
    const lost = `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
    return `${of}: ${all - seeds.length} of ${plural(all, 'seed')}. Without ${lost}: ${reason}`;
  });
}

function lotteryCriterion(records: readonly ReplicateRecord[], cells: BySeed<TicketCell>): LotteryCriterion {
  const seeds = records.flatMap(({ seed, dense }, i) => {
    const cell = cells[i];
    if (!cell || isFailed(dense)) return [];
    const denseEpoch = dense.reachesDense as number;
    const epoch = cell.reachesDense;
    return [{ seed, holds: epoch !== null && epoch <= denseEpoch, epoch, denseEpoch }];
  });
  return { share: mean(seeds.map(({ holds }) => (holds ? 1 : 0))), seeds };
}

function refereeFindings(
  method: string,
  placebos: readonly PlaceboRecord[],
  resampler: Resampler,
): Pick<RefereeRecord, 'windows' | 'placebo' | 'power'> | undefined {
  const targets = placebos.flatMap(({ methods }) => methods[method] ?? []);
  if (targets.length === 0) return undefined;
  const powers = targets.map(({ power }) => power);
  const first = powers[0] as Power;
  const found = first.found.map(({ rSquared }, k) => ({
    rSquared,
    share: mean(powers.map((power) => power.found[k]?.share as number)),
  }));
  const columns = targets.map(({ column }) => column);
  return {
    windows: first.windows,
    placebo: columns.length < 2 ? null : summarisePlacebo(columns, resampler),
    power: { windows: first.windows, replicates: first.replicates * powers.length, found },
  };
}

function notesOn({ seeds }: ComparePlan, records: readonly ReplicateRecord[], part: PartName): string[] {
  const notes = new Set<string>();
  if (seeds.length === 1) notes.add('One seed says nothing about how results vary: give more (--seeds).');
  else if (seeds.length < 5) notes.add(`${seeds.length} seeds make wide intervals: 10 are usual (--seeds).`);
  if (part !== 'test') notes.add(`There is no test part: accuracies are those of the ${part} part.`);
  const seen = new Map<string, number[]>();
  for (const { seed, causal } of records) {
    for (const [method, found] of Object.entries(causal)) {
      for (const note of found.notes) {
        const key = `${method}: ${note}`;
        seen.set(key, [...(seen.get(key) ?? []), seed]);
      }
    }
  }
  for (const [note, of] of seen) {
    notes.add(of.length === seeds.length ? note : `${note} (${of.length === 1 ? 'seed' : 'seeds'} ${of.join(', ')})`);
  }
  return [...notes];
}
