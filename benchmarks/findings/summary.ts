/** What docs/findings.md needs of a comparison, small enough to be kept: accuracies by seed, and the referee's numbers. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../../lib/data/files.js';
import {
  type CausalRecord,
  type Failed,
  type ReplicateRecord,
  type TrainedRecord,
  isFailed,
} from '../../lib/experiment/replicate.js';
import type { ComparisonRecord } from '../../lib/experiment/summary.js';
import { LegcnetError, type Placebo, type Power, resolveConfig } from '../../lib/index.js';
import { scaledParts } from '../../lib/pipeline/data.js';
import { mean } from '../../lib/pipeline/referee-statistics.js';
import { EXPERIMENTS, type Experiment } from './plan.js';
import { folderOf } from './run.js';

export interface MethodSummary {
  readonly name: string;
  /** [seeds][sparsities] of the tickets, on the judged part. */
  readonly accuracy: readonly (readonly number[])[];
  /** [sparsities] share of the seeds with a winning ticket. */
  readonly winning: readonly number[];
  /** [sparsities] of the masks of different seeds, and of random masks. */
  readonly overlap: readonly { readonly overlap: number; readonly chance: number }[];
  /** [seeds][controls] of the masks shuffled within layers; empty for random orders. */
  readonly shuffled: readonly (readonly number[])[];
}

export interface RuleSummary {
  readonly name: string;
  readonly windows: number;
  /** Shares of the weights, over seeds. `undecided`: too many windows without an exponent, or no test could run. */
  readonly verdicts: Readonly<Record<'causal' | 'nonCausal' | 'undecided' | 'static', number>>;
  readonly placebo: Pick<Placebo, 'own' | 'other' | 'tellsApart'> & {
    readonly difference: { readonly mean: number; readonly interval: Placebo['difference']['interval'] };
    readonly auc: number;
  };
  readonly power: Pick<Power, 'found'>;
  /** [seeds][controls] of tickets by the scores of another seed's exponents. */
  readonly placeboTickets: readonly (readonly number[])[];
}

export interface Summary {
  readonly data: string;
  readonly kind: Experiment['kind'];
  readonly legcnet: string;
  readonly rows: Readonly<Record<'train' | 'validation' | 'test', number>>;
  readonly sizes: readonly number[];
  readonly weights: number;
  readonly epochs: number;
  /** Part whose accuracy is meant, and the share of its most frequent class. */
  readonly part: 'train' | 'validation' | 'test';
  readonly mostFrequent: number;
  readonly seeds: readonly number[];
  readonly sparsities: readonly number[];
  /** [sparsities] */
  readonly kept: readonly number[];
  /** Sparsities with shuffled masks and placebo tickets. */
  readonly controls: readonly number[];
  /** By causal rule: the options of the first, and what the others have otherwise. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** [seeds] */
  readonly dense: readonly number[];
  readonly methods: readonly MethodSummary[];
  readonly referee: readonly RuleSummary[];
}

const round = (value: number): number => Number(value.toFixed(5));
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;
const fileOf = (summaries: string, { data, kind }: Experiment): string => path.join(summaries, `${data}-${kind}.json`);

const rounded = (_: string, value: unknown): unknown => (typeof value === 'number' ? round(value) : value);

/** Summarises what is finished of the comparisons. */
export async function summariseResults(results: string, summaries: string): Promise<void> {
  for (const experiment of EXPERIMENTS) {
    const folder = folderOf(results, experiment);
    let record: ComparisonRecord;
    try {
      record = await readJson(path.join(folder, 'comparison.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      console.log(`${folder} has no finished comparison: left out`);
      continue;
    }
    const summary = await summarise(folder, experiment, record);
    await writeFileAtomic(fileOf(summaries, experiment), `${JSON.stringify(summary, rounded)}\n`);
  }
}

async function summarise(folder: string, { data, kind }: Experiment, record: ComparisonRecord): Promise<Summary> {
  const { part, seeds, network, curves, referee } = record;
  const config = record.config as { epochs: number; controls: number[]; rules: Summary['rules'] };
  const replicates: ReplicateRecord[] = [];
  const placebos: { methods: Record<string, { tickets: { sparsity: number; accuracy: number }[] }> }[] = [];
  for (const seed of seeds) {
    replicates.push(await readJson(path.join(folder, `seed-${seed}.json`)));
    if (referee.length > 0) placebos.push(await readJson(path.join(folder, `placebo-${seed}.json`)));
  }
  const accuracy = (trained: TrainedRecord | Failed): number => {
    if (isFailed(trained)) throw new LegcnetError('ERR_DATA', `${folder} lacks something: ${trained.failed}`);
    return round(trained.accuracy[part] as number);
  };
  return {
    ...{ data, kind, legcnet: record.legcnet, rows: record.data.parts as Summary['rows'] },
    ...{ sizes: network.sizes, weights: network.weights, epochs: config.epochs, part },
    mostFrequent: round(await mostFrequentClass(data, part)),
    seeds,
    sparsities: (curves[0]?.points ?? []).map(({ sparsity }) => sparsity),
    kept: (curves[0]?.points ?? []).map(({ kept }) => kept),
    controls: config.controls,
    rules: differences(config.rules),
    dense: replicates.map(({ dense }) => accuracy(dense)),
    methods: curves.map(({ method: name, points }, m) => ({
      name,
      accuracy: replicates.map(({ methods }) => (methods[m]?.tickets ?? []).map(accuracy)),
      winning: points.map(({ lottery }) => lottery.share),
      overlap: points.map(({ overlap }) => ({
        overlap: round(overlap?.overlap ?? Number.NaN),
        chance: round(overlap?.chance ?? Number.NaN),
      })),
      shuffled: replicates
        .map(({ controls }) =>
          controls.filter(({ method, kind: what }) => method === name && what === 'shuffled').map(accuracy),
        )
        .filter((row) => row.length > 0),
    })),
    referee: referee.flatMap(({ method: name, windows, placebo, power }) => {
      if (!placebo) return [];
      const counts = replicates.map(({ causal }) => (causal[name] as CausalRecord).verdicts);
      const part = (verdict: keyof RuleSummary['verdicts']): number =>
        round(mean(counts.map((of) => of[verdict])) / network.weights);
      const verdicts = {
        causal: part('causal'),
        nonCausal: part('nonCausal'),
        undecided: part('undecided'),
        static: part('static'),
      };
      const placeboTickets = placebos
        .map(({ methods }) => (methods[name]?.tickets ?? []).map((ticket) => round(ticket.accuracy)))
        .filter((row) => row.length > 0);
      const { own, other, tellsApart, difference, auc } = placebo;
      const known = { own, other, tellsApart, auc: auc.mean };
      const apart = { mean: difference.mean, interval: difference.interval };
      return [
        {
          ...{ name, windows, verdicts, placeboTickets },
          placebo: { ...known, difference: apart },
          power: { found: power.found },
        },
      ];
    }),
  };
}

/** The rules but the first, less what they have as the first has it. */
function differences(rules: Summary['rules']): Summary['rules'] {
  const [first] = Object.values(rules);
  return Object.fromEntries(
    Object.entries(rules).map(([name, options]) => [
      name,
      Object.fromEntries(
        Object.entries(options).filter(
          ([key, value]) => options === first || JSON.stringify(value) !== JSON.stringify(first?.[key]),
        ),
      ),
    ]),
  );
}

/** The accuracy of who always answers with the same class. */
async function mostFrequentClass(data: string, part: Summary['part']): Promise<number> {
  const { parts } = await scaledParts(data, resolveConfig(data, {}));
  const { labels, rows } = parts[part] as { labels: Int32Array; rows?: Int32Array };
  const own = rows ? Array.from(rows, (row) => labels[row] as number) : labels;
  const counts = new Map<number, number>();
  for (const label of own) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / own.length;
}

/** The summaries that are there, in the order of the plan. */
export async function readSummaries(summaries: string): Promise<Summary[]> {
  const found: Summary[] = [];
  for (const experiment of EXPERIMENTS) {
    try {
      found.push(await readJson<Summary>(fileOf(summaries, experiment)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  if (found.length === 0) {
    throw new LegcnetError('ERR_DATA', `${summaries} holds no summary; make one with: npm run findings -- run`);
  }
  return found;
}
