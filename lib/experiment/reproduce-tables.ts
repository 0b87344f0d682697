/** The paper's tables as they come out here: published, ours, difference. */
import {
  type Column,
  METHODS,
  type Method,
  type Metric,
  PUBLISHED_SPECTRA,
  PUBLISHED_TABLES,
  type ReproducedSet,
  type TableNumber,
} from './published.js';
import { type Interval, meanInterval } from './reproduce-interval.js';
import type { MethodResult, Replicate } from './reproduce-replicate.js';

/** A value of one replicate. */
export interface Single {
  /** Its seed or trial. */
  readonly id: number;
  readonly value: number;
  /** value - published */
  readonly difference: number;
}

export interface Cell extends Column {
  readonly published: number;
  /** Over the replicates; undefined where there are none. */
  readonly ours: Interval | undefined;
  /** Mean - published. */
  readonly difference: number | undefined;
  /** The one replicate to be set beside it: see `Table.single`. */
  readonly single: Single | undefined;
  /** In a column of epochs: replicates that never reached the benchmark; their epochs count as the cap. */
  readonly unreached: number;
}

export interface Table {
  readonly table: TableNumber;
  readonly dataset: ReproducedSet;
  /** The first cell of the paper's row. */
  readonly row: string;
  /** `best`: of each method the replicate of highest accuracy, then fewest epochs; or the trial that the paper's row is. */
  readonly single: 'best' | 'trial';
  readonly cells: readonly Cell[];
}

/** @param trial the one that the paper's row comes from, where the replicates are the authors' trials */
export function tableOf(
  table: TableNumber,
  dataset: ReproducedSet,
  replicates: readonly Replicate[],
  trial?: number,
): Table {
  const { columns, rows } = PUBLISHED_TABLES[table];
  const { row, values } = rows[dataset];
  const single = trial === undefined ? 'best' : 'trial';
  const cells = columns.map((column, i): Cell => {
    const published = values[i] as number;
    const found = replicates.filter((replicate) => replicate.results[column.method]);
    const of = (replicate: Replicate): number =>
      valueOf(replicate.results[column.method] as MethodResult, column.metric);
    const ours = found.length > 0 ? meanInterval(found.map(of)) : undefined;
    const chosen = trial === undefined ? best(found, column.method) : found.find(({ id }) => id === trial);
    const stopping = found.filter((replicate) => replicate.preset !== 'strict');
    const unreached = stopping.filter((replicate) => !replicate.results[column.method]?.reached).length;
    return {
      ...column,
      published,
      ours,
      difference: ours && ours.mean - published,
      single: chosen && { id: chosen.id, value: of(chosen), difference: of(chosen) - published },
      unreached: column.metric === 'epochs' ? unreached : 0,
    };
  });
  return { table, dataset, row, single, cells };
}

function valueOf({ flops, pruned, epochs, accuracy, f1 }: MethodResult, metric: Metric): number {
  const percentPruned = (100 * pruned) / (flops + pruned);
  return { flops, nonCausal: pruned, percentPruned, epochs, accuracy, f1 }[metric];
}

/** The paper reports "the best results"; by accuracy, then epochs, then the lowest seed. */
function best(replicates: readonly Replicate[], method: Method): Replicate | undefined {
  const result = (replicate: Replicate): MethodResult => replicate.results[method] as MethodResult;
  return [...replicates].sort(
    (a, b) => result(b).accuracy - result(a).accuracy || result(a).epochs - result(b).epochs || a.id - b.id,
  )[0];
}

/** A line of Table 4. */
export interface SpectrumCell {
  readonly method: Method;
  /** 1-based. */
  readonly layer: number;
  readonly quantity: 'alpha' | 'alphaWeighted';
  readonly published: number;
  /** Over the replicates that have a fit; undefined where there are none. */
  readonly ours: Interval | undefined;
  readonly difference: number | undefined;
}

export function spectrumTable(replicates: readonly Replicate[]): SpectrumCell[] {
  return METHODS.flatMap((method) =>
    PUBLISHED_SPECTRA[method].flatMap((layer, l) =>
      (['alpha', 'alphaWeighted'] as const).map((quantity): SpectrumCell => {
        const published = layer[quantity];
        const values = replicates.flatMap((r) => r.results[method]?.spectrum?.[l]?.[quantity] ?? []);
        const ours = values.length > 0 ? meanInterval(values) : undefined;
        return { method, layer: l + 1, quantity, published, ours, difference: ours && ours.mean - published };
      }),
    ),
  );
}
