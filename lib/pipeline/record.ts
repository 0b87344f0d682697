/** `run.json`: the record of a run that people and programs read. Its keys are stable; docs/run-folder.md lists them. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { defaultThreads, native } from '../native.js';
import type { MaskSummary } from '../mask/mask.js';
import type { Metrics } from '../network/metrics.js';
import { PARTS, type PartName, type TrainResult } from '../network/train.js';
import type { VerdictCounts } from './causality.js';
import { type PruneConfig, configHash, influences } from './config.js';
import { type Plots, plotsOf } from './plots.js';
import type { PruneResult, Seconds, Ticket } from './prune.js';
import type { RunReferee } from './referee-run.js';
import { version } from './version.js';

type ByPart = { readonly [P in PartName]?: number };

export interface NetworkRecord {
  /** Epochs run, and what ended them. */
  readonly epochs: number;
  readonly stoppedBy: 'epochs' | 'accuracy';
  readonly accuracy: ByPart;
  /** Macro averages over classes. */
  readonly precision: ByPart;
  readonly recall: ByPart;
  readonly f1: ByPart;
  readonly loss: ByPart;
  /** Unpruned weights. */
  readonly weights: number;
}

export interface TicketRecord extends NetworkRecord, Omit<MaskSummary, 'flops'> {}

/** What the rule knows; see `RunReferee`. */
export interface RefereeRecord extends Omit<RunReferee, 'shuffled' | 'placeboTicket'> {
  readonly shuffled: TicketRecord;
  readonly placeboTicket: (TicketRecord & { readonly source: number }) | null;
}

export interface RunRecord {
  /** Version of legcnet. */
  readonly legcnet: string;
  readonly command: string;
  readonly config: Partial<PruneConfig>;
  readonly configHash: string;
  readonly seeds: { readonly network: number; readonly split: number };
  readonly environment: {
    readonly node: string;
    readonly variant: string;
    readonly threads: number;
    readonly cpu: string;
  };
  readonly data: {
    readonly name: string;
    readonly rows: number;
    readonly features: number;
    /** Null where the source only numbers its features (pixels, arrays). */
    readonly featureNames: readonly string[] | null;
    readonly classes: readonly string[];
    readonly parts: Readonly<Record<PartName, number>>;
  };
  readonly dense: NetworkRecord;
  readonly ticket: TicketRecord;
  /** Not there when the option `baselines` is false. */
  readonly baselines?: { readonly random: TicketRecord; readonly magnitude: TicketRecord };
  /** Only with the option `referee`. */
  readonly referee?: RefereeRecord;
  /** Null where the method does not watch the training. */
  readonly verdicts: VerdictCounts | null;
  /** Windows watched; null where none were. */
  readonly windows: number | null;
  readonly plots: Plots;
  /** What a reader should know about this run, in sentences. */
  readonly notes: readonly string[];
  readonly seconds: Seconds;
  readonly peakMemoryBytes: number;
}

/**
 * The record of a run, as `run.json` holds it (docs/run-folder.md): JSON of a few kilobytes, without arrays over weights.
 * O(weights) and O(epochs) a network.
 *
 * @param command what made the run
 */
export function toRecord(result: PruneResult, command = 'prune'): RunRecord {
  const { config, data, dense, ticket, baselines, judgement } = result;
  return {
    legcnet: version,
    command,
    config: Object.fromEntries(influences(config)),
    configHash: configHash(config),
    seeds: { network: config.seed, split: config.splitSeed },
    environment: {
      node: process.versions.node,
      variant: native.info().variant,
      threads: config.threads ?? defaultThreads(),
      cpu: cpus()[0]?.model ?? 'unknown',
    },
    data: {
      name: data.name,
      rows: PARTS.reduce((sum, part) => sum + data.rows[part], 0),
      features: data.features,
      featureNames: data.featureNames,
      classes: data.classes,
      parts: data.rows,
    },
    dense: networkRecord(dense, result.initial.weights),
    ticket: ticketRecord(ticket),
    ...(baselines && {
      baselines: { random: ticketRecord(baselines.random), magnitude: ticketRecord(baselines.magnitude) },
    }),
    ...(result.referee && { referee: refereeRecord(result.referee) }),
    verdicts: judgement?.counts ?? null,
    windows: judgement?.windows ?? null,
    plots: plotsOf(result),
    notes: judgement?.notes ?? [],
    seconds: result.seconds,
    peakMemoryBytes: peakMemory(),
  };
}

/** Largest resident set of this process, in bytes. */
function peakMemory(): number {
  try {
    // On Linux getrusage starts from the size of whoever spawned the process; this is the process's own.
    const [, kibibytes] = readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s*(\d+) kB/m) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}

function networkRecord({ epochs, stoppedBy, scores }: TrainResult, weights: number): NetworkRecord {
  const byPart = (pick: (metrics: Metrics) => number): ByPart =>
    Object.fromEntries(PARTS.flatMap((part) => (scores[part] ? [[part, pick(scores[part])]] : [])));
  return {
    epochs,
    stoppedBy,
    accuracy: byPart((m) => m.accuracy),
    precision: byPart((m) => m.precision),
    recall: byPart((m) => m.recall),
    f1: byPart((m) => m.f1),
    loss: byPart((m) => m.loss),
    weights,
  };
}

function ticketRecord({ summary, training }: Ticket): TicketRecord {
  const { flops, ...mask } = summary;
  return { ...networkRecord(training, flops), ...mask };
}

const refereeRecord = ({ shuffled, placeboTicket, ...rest }: RunReferee): RefereeRecord => ({
  ...rest,
  shuffled: ticketRecord(shuffled),
  placeboTicket: placeboTicket && { source: placeboTicket.source, ...ticketRecord(placeboTicket.ticket) },
});
