/** Statistics over the replicates of a comparison: curves, paired differences, controls, the referee's verdict. */
import { criterion } from '../mask/criteria.js';
import type { Density } from '../mask/select.js';
import type { Mlp } from '../network/mlp.js';
import type { PartName } from '../network/train.js';
import type { PreparedData } from '../pipeline/data.js';
import { type Overlap, type Placebo, type Power, maskOverlap, summarisePlacebo } from '../pipeline/referee.js';
import { type Estimate, Resampler, mean } from '../pipeline/referee-statistics.js';
import {
  type Contest,
  contestSentences,
  placeboSentence,
  powerSentence,
  pruneCommand,
} from '../pipeline/referee-verdict.js';
import { version } from '../pipeline/version.js';
import { type PlaceboRecord, causalMethods } from './placebo.js';
import { type CausalMethod, type ComparePlan, planOptions } from './plan.js';
import {
  type ControlCell,
  type ReplicateRecord,
  type TicketCell,
  type TrainedRecord,
  judgedPart,
} from './replicate.js';

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
  readonly notes: readonly string[];
}

export interface Findings {
  readonly records: readonly ReplicateRecord[];
  readonly placebos: readonly PlaceboRecord[];
  /** By seed: [methods, sparsities, weights]. */
  readonly masks: readonly Uint8Array[];
}

/** Pure: the same findings give the same bits. */
export function summarise(plan: ComparePlan, data: PreparedData, network: Mlp, findings: Findings): ComparisonRecord {
  const { records, masks } = findings;
  const part = judgedPart(data);
  const resampler = new Resampler(plan.resamples);
  const accuracies = (trained: readonly TrainedRecord[]): number[] =>
    trained.map(({ accuracy }) => accuracy[part] as number);
  const over = (trained: readonly TrainedRecord[], key: 'epochs' | 'converged'): Estimate =>
    resampler.estimate(trained.map((one) => one[key]));
  const minus = (a: readonly number[], b: readonly number[]): Estimate =>
    resampler.estimate(a.map((value, i) => value - (b[i] as number)));
  const tickets = (m: number, s: number): TicketCell[] =>
    records.map(({ methods }) => methods[m]?.tickets[s] as TicketCell);
  const denseRecords = records.map(({ dense }) => dense);
  const dense = accuracies(denseRecords);
  const { weights, parameters, layers } = network;

  const curves = plan.methods.map((method, m): Curve => {
    const points = plan.sparsities.map((sparsity, s): CurvePoint => {
      const cells = tickets(m, s);
      const { kept } = cells[0] as TicketCell;
      const begin = (m * plan.sparsities.length + s) * weights;
      return {
        ...{ sparsity, kept },
        compression: parameters.length / (kept + parameters.length - weights),
        speedup: weights / kept,
        accuracy: resampler.estimate(accuracies(cells)),
        againstDense: minus(accuracies(cells), dense),
        epochs: over(cells, 'epochs'),
        converged: over(cells, 'converged'),
        lottery: lotteryCriterion(records, cells),
        overlap:
          masks.length < 2
            ? null
            : maskOverlap(
                masks.map((mask) => mask.subarray(begin, begin + weights)),
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

  const ticketsOf = (method: string, sparsity: number): number[] =>
    accuracies(
      tickets(
        plan.methods.findIndex(({ name }) => name === method),
        plan.sparsities.indexOf(sparsity),
      ),
    );
  const controls = (records[0] as ReplicateRecord).controls.map(({ method, sparsity, kind }, c): Control => {
    const reached = accuracies(records.map((record) => record.controls[c] as ControlCell));
    const difference = minus(ticketsOf(method, sparsity), reached);
    return { method, sparsity, kind, accuracy: resampler.estimate(reached), difference };
  });

  const referee = causalMethods(plan).map((method) => {
    const found = refereeFindings(method, findings.placebos, resampler);
    const placeboTickets = plan.controls.flatMap((sparsity) => {
      const reached = findings.placebos.flatMap(({ methods }) =>
        (methods[method]?.tickets ?? [])
          .filter((ticket) => ticket.sparsity === sparsity)
          .map(({ accuracy }) => accuracy),
      );
      if (reached.length === 0) return [];
      return [
        { sparsity, accuracy: resampler.estimate(reached), difference: minus(ticketsOf(method, sparsity), reached) },
      ];
    });
    const contests = plan.controls.map((sparsity): Contest => {
      const own = ticketsOf(method, sparsity);
      const rivals = plan.methods.filter(
        ({ name, needs }) => name !== method && !needs.some((need) => CAUSAL_NEEDS.has(need)),
      );
      const shuffled = controls.find((c) => c.method === method && c.sparsity === sparsity && c.kind === 'shuffled');
      const placebo = placeboTickets.find((ticket) => ticket.sparsity === sparsity);
      return {
        sparsity,
        ranking: mean(own),
        rivals: [
          ...rivals.map(({ name }) => ({
            name,
            accuracy: mean(ticketsOf(name, sparsity)),
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
    return { method, ...found, placeboTickets, verdict };
  });

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
      accuracy: resampler.estimate(dense),
      epochs: over(denseRecords, 'epochs'),
      converged: over(denseRecords, 'converged'),
    },
    ...{ curves, pairs, controls, referee },
    notes: notesOn(plan, records, part),
  };
}

const CAUSAL_NEEDS = new Set(['judgement', 'partialJudgement']);

function lotteryCriterion(records: readonly ReplicateRecord[], cells: readonly TicketCell[]): LotteryCriterion {
  const seeds = records.map(({ seed, dense }, i) => {
    const epoch = (cells[i] as TicketCell).reachesDense;
    const denseEpoch = dense.reachesDense as number;
    return { seed, holds: epoch !== null && epoch <= denseEpoch, epoch, denseEpoch };
  });
  return { share: mean(seeds.map(({ holds }) => (holds ? 1 : 0))), seeds };
}

function refereeFindings(
  method: CausalMethod,
  placebos: readonly PlaceboRecord[],
  resampler: Resampler,
): Pick<RefereeRecord, 'windows' | 'placebo' | 'power'> {
  const targets = placebos.flatMap(({ methods }) => methods[method] ?? []);
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
