/** Data goes to standard output, progress and remarks to standard error. */
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';
import { isUnicode } from './sparkline.js';

export interface ProgressLine {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

const PLAIN_INTERVAL_MS = 5000;

export class Printer {
  private bar: cliProgress.SingleBar | undefined;
  private label = '';
  private started = 0;
  private lastPlain = 0;

  constructor(
    readonly quiet: boolean,
    readonly unicode = isUnicode(),
  ) {}

  /** A line of data. */
  out(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.out(JSON.stringify(value, undefined, 2));
  }

  /** Numbers are right-aligned; the first column is text. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    // cli-table3 takes time with the square of the rows: long tables go by pieces, of columns as wide as the whole needs
    const widths = rows.length > PIECE_ROWS && { colWidths: columnWidths([head, ...rows]) };
    for (let from = 0; from === 0 || from < rows.length; from += PIECE_ROWS) {
      const table = new Table({
        ...(from === 0 && { head: head.map((cell) => pc.bold(cell)) }),
        style: { head: [], border: [], compact: true },
        colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
        chars: PLAIN_BORDERS,
        ...widths,
      });
      table.push(...rows.slice(from, from + PIECE_ROWS).map((row) => [...row]));
      this.out(table.toString());
    }
  }

  /** A remark for people. */
  note(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`);
  }

  /** Shows how far the work labelled so has come: a bar on a terminal, a line now and then elsewhere. */
  progress({ label, done, total }: ProgressLine): void {
    if (this.quiet) return;
    if (label !== this.label) {
      this.endProgress();
      this.label = label;
      this.started = this.lastPlain = performance.now();
      if (process.stderr.isTTY) {
        this.bar = new cliProgress.SingleBar({
          format: `{label} {bar} {percentage}% | {rate}/s | {left} left`,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
          barsize: 24,
        });
        this.bar.start(total || 1, 0, { label: label.padEnd(28), rate: '-', left: '-' });
      } else {
        process.stderr.write(`${label}\n`);
      }
    }
    const seconds = (performance.now() - this.started) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const left = rate > 0 ? duration((total - done) / rate) : '-';
    if (this.bar) {
      this.bar.setTotal(total || 1);
      this.bar.update(done, { rate: quantity(rate), left });
    } else if (performance.now() - this.lastPlain >= PLAIN_INTERVAL_MS) {
      this.lastPlain = performance.now();
      const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
      process.stderr.write(`${label}: ${percent}%, ${quantity(rate)}/s, ${left} left\n`);
    }
  }

  endProgress(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.label = '';
  }
}

const PIECE_ROWS = 200;

/** With a blank on either side, as cli-table3 has them. */
function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length + 2)));
  return widths;
}

const PLAIN_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

export const percent = (share: number | undefined, digits = 2): string =>
  share === undefined ? '-' : `${(100 * share).toFixed(digits)}`;

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  return `${Math.floor(seconds / 60)}m${String(Math.round(seconds % 60)).padStart(2, '0')}s`;
}

function quantity(n: number): string {
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)}M`;
  if (n >= 1e3) return `${(n / 1e3).toFixed(1)}k`;
  return n.toFixed(n < 10 ? 1 : 0);
}

export const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
