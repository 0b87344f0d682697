/** Figures' data as CSV. */
import { type Columns, type Figure, toRows } from './figure.js';

/** All data of a figure: of each data set a table, of each choice its own; the tables one below the other. */
export function toCsv({ data, picks, csv }: Figure): string {
  if (csv) return csv();
  const names = new Set([...Object.keys(data), ...(picks?.options.flatMap((pick) => Object.keys(pick.data)) ?? [])]);
  const tables: string[] = [];
  for (const name of names) {
    const parts: (readonly [choice: string | undefined, Columns])[] = data[name]
      ? [[undefined, data[name]]]
      : (picks?.options ?? []).flatMap(({ value, data: own }) => (own[name] ? [[value, own[name]] as const] : []));
    const columns = Object.keys(parts[0]?.[1] ?? {});
    const chosen = parts[0]?.[0] !== undefined && !columns.includes('choice');
    const rows = parts.flatMap(([choice, of]) =>
      toRows(of).map((row) => [...(chosen ? [choice ?? ''] : []), ...columns.map((column) => row[column] ?? '')]),
    );
    const head = [...(chosen ? ['choice'] : []), ...columns];
    const title = names.size > 1 ? [`# ${name}`] : [];
    tables.push([...title, csvTable(head, rows)].join('\n'));
  }
  return tables.join('\n');
}

export const csvTable = (head: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [head, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');

const csvCell = (value: unknown): string => {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
