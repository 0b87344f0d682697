/** Numbers as a report writes them. */
import { plural } from '../plural.js';

const grouped = new Intl.NumberFormat('en-US');

export const count = (value: number): string => grouped.format(value);

export const counted = (value: number, one: string, many?: string): string => plural(value, one, many, count);

/** `share` in percent; a dash where there is none. */
export const percent = (share: number | undefined | null, digits = 2): string =>
  share === undefined || share === null || !Number.isFinite(share) ? '–' : `${(100 * share).toFixed(digits)}\u00a0%`;

/** Without trailing zeros. */
export const percentShort = (share: number): string => `${Number((100 * share).toFixed(1))}\u00a0%`;

export const decimal = (value: number | undefined | null, digits = 4): string =>
  value === undefined || value === null || !Number.isFinite(value) ? '–' : value.toFixed(digits).replace('-', '−');

export function pText(p: number): string {
  if (Number.isNaN(p)) return '–';
  return p < 1e-4 ? (p === 0 ? '0' : p.toExponential(1).replace('-', '−')) : p.toFixed(4);
}

export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(1000 * seconds)}\u00a0ms`;
  if (seconds < 60) return `${seconds.toFixed(1)}\u00a0s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Wilson's 95 % interval of a share that was seen in n independent rows. */
export function wilson(share: number, n: number): readonly [low: number, high: number] {
  const z = 1.959963984540054;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [centre - half, centre + half];
}
