/** A report's parts: sections of figures, tables and text, before they become a page. */
import type { Figure, Missing } from './figure.js';

/** HTML that needs no more escaping. */
export interface Html {
  readonly html: string;
}

export type Block = Figure | Missing | Html;

export interface Section {
  /** Unique in its run. */
  readonly id: string;
  readonly title: string;
  /** A line below the title; may hold `[[term]]`. */
  readonly lead?: string;
  readonly blocks: readonly Block[];
}

/** One run or comparison. */
export interface Chapter {
  /** Unique in the page, the prefix of its ids; empty for the only one. */
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  /** The few numbers to take away. */
  readonly numbers: readonly (readonly [value: string, label: string])[];
  readonly sections: readonly Section[];
}
