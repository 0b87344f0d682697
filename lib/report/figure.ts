/** What a figure is: data, and a way to draw them. Charts are Vega-Lite's; nothing here knows of pages or files. */

/** Rows by column: smaller than a list of objects. All columns are of one length. */
export type Columns = Readonly<Record<string, readonly (number | string | boolean | null)[]>>;
export type Row = Record<string, number | string | boolean | null>;
/** By name; a spec refers to them so. */
export type Datasets = Readonly<Record<string, Columns>>;

/** One of several things that a figure can show: the data in place of the figure's own, and what to say of it. */
export interface Pick {
  readonly value: string;
  readonly label: string;
  /** Heading that it stands under in the list. */
  readonly group?: string;
  readonly data: Datasets;
  /** Term and what it is, in words. */
  readonly facts?: readonly (readonly [term: string, text: string])[];
}

export interface Figure {
  /** Unique in its run: letters, digits, dashes. */
  readonly id: string;
  readonly title: string;
  /** How to read it. `[[term]]` and `[[term|words]]` link to the glossary. */
  readonly caption: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  readonly data: Datasets;
  /** What the CSV holds instead of the data. */
  readonly csv?: () => string;
  /** The reader can choose among these; shown to begin with is the one numbered `initial`, by default the first. */
  readonly picks?: { readonly label: string; readonly options: readonly Pick[]; readonly initial?: number };
  /**
   * The Vega-Lite spec for a figure that is at most about so many pixels wide; data sets are named, their rows filled in
   * later.
   */
  readonly draw: (width: number) => object;
}

/** Where there is no figure: what is missing, and what would make it. */
export interface Missing {
  readonly missing: string;
}

export const isMissing = (figure: Figure | Missing): figure is Missing => 'missing' in figure;

/** What fits beside the contents, and on a telephone. */
export const WIDTHS = { wide: 800, narrow: 340 } as const;
export const isNarrow = (width: number): boolean => width < 500;

/** Room for marks beside a y axis with short labels. */
export const plotWidth = (width: number, margin = 60): number => width - margin;

export function toColumns(rows: readonly Row[]): Columns {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)]));
}

export function toRows(columns: Columns): Row[] {
  const names = Object.keys(columns);
  const length = names.length === 0 ? 0 : columns[names[0]!]!.length;
  return Array.from({ length }, (_, i) => Object.fromEntries(names.map((name) => [name, columns[name]![i] ?? null])));
}

/** The data sets that are shown to begin with. */
export const shownData = ({ data, picks }: Figure): Datasets => ({
  ...data,
  ...picks?.options[picks.initial ?? 0]?.data,
});

/** `digits` significant digits, which is what a figure can show; keeps NaN and infinity out of JSON. */
export function short(value: number | undefined, digits = 4): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(digits));
}

/** At most `count` indices, evenly spread over 0..length-1, both ends among them. */
export function spread(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  if (count < 2) return length > 0 ? [0] : [];
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)));
}
