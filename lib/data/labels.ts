import { unexpected } from '../errors.js';
import { inTurns } from '../turns.js';

export interface Labels {
  /** Class of each row, [n] in 0..classes.length - 1. */
  readonly labels: Int32Array;
  /** Names of the classes: ascending if all are whole numbers, else by code unit ("B" before "a"). */
  readonly classes: readonly string[];
}

/** Collects the labels of rows as they come and numbers the classes in the end. */
export class LabelCollector {
  readonly #codes: number[] = [];
  readonly #codeOf = new Map<string, number>();
  readonly #subject: string;

  /** @param subject what messages call the labels, e.g. `data.csv, column "class"` */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** @param label text, or a whole number; "1", "01" and "1.0" are one class if all labels are numbers */
  add(label: string | number): void {
    const text = String(label);
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      code = this.#codeOf.size;
      this.#codeOf.set(text, code);
    }
    this.#codes.push(code);
  }

  /**
   * Cost: O(rows + classes log classes), in turns of the event loop.
   * @throws LegcnetError `ERR_DATA` if all labels are numbers and one is not whole
   */
  async finish(): Promise<Labels> {
    const names = canonicalNames([...this.#codeOf.keys()], this.#subject);
    const classes = [...new Set(names)].sort(areNumbers(names) ? (a, b) => Number(a) - Number(b) : undefined);
    const place = new Map(classes.map((name, i) => [name, i]));
    const classOf = names.map((name) => place.get(name)!);
    const codes = this.#codes;
    const labels = new Int32Array(codes.length);
    await inTurns(codes.length, undefined, (begin, end) => {
      for (let i = begin; i < end; i++) labels[i] = classOf[codes[i]!]!;
    });
    return { labels, classes };
  }
}

function areNumbers(names: readonly string[]): boolean {
  return names.every((name) => name !== '' && Number.isFinite(Number(name)));
}

function canonicalNames(names: readonly string[], subject: string): readonly string[] {
  if (!areNumbers(names)) return names;
  return names.map((name) => {
    const value = Number(name);
    if (!Number.isSafeInteger(value)) throw unexpected('ERR_DATA', subject, 'text or whole numbers as labels', name);
    return String(value + 0); // + 0 makes -0 into 0
  });
}
