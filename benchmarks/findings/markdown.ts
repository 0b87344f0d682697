/** Numbers and tables as the page has them. */
import type { Difference, Verdict } from './statistics.js';

/** In %, without the sign. */
export const share = (value: number, digits = 1): string => (100 * value).toFixed(digits);

/** In points, with its sign. */
export function points(value: number, digits = 2): string {
  const text = (100 * value).toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : value > 0 ? `+${text}` : text;
}

export const interval = ([low, high]: readonly [number, number]): string => `[${points(low, 1)}, ${points(high, 1)}]`;

export const code = (name: string): string => `\`${name}\``;

export const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** From the least to the largest share, in %. */
export function range(values: readonly number[]): string {
  const [low, high] = [share(Math.min(...values), 0), share(Math.max(...values), 0)];
  return low === high ? `${low} %` : `${low} to ${high} %`;
}

export const bullets = (sentences: readonly string[]): string => sentences.map((one) => `- ${one}`).join('\n');

/** The first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, c) => (c === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export const details = (title: string, content: string): string =>
  `<details>\n<summary>${title}</summary>\n\n${content}\n\n</details>`;

const isSure = (verdict: Verdict): boolean => verdict === 'better' || verdict === 'worse';

/** A difference in points; `*` where its own interval leaves out 0, `**` where that of its whole family does. */
export function cell(difference: Difference, withInterval = false): string {
  const mark = isSure(difference.verdict) ? '\\*\\*' : isSure(difference.single) ? '\\*' : '';
  return `${points(difference.mean)}${withInterval ? ` ${interval(difference.interval)}` : ''}${mark}`;
}
