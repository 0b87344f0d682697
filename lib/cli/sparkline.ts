/** Plots of one line. */

const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII = '.:-=+*#@';

/** Whether the terminal's character set, by the usual variables, is UTF-8. Windows' consoles are, but for the oldest. */
export function isUnicode(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): boolean {
  if (platform === 'win32') return Boolean(env.WT_SESSION ?? env.TERM_PROGRAM ?? env.TERM);
  if (env.TERM === 'linux' || env.TERM === 'dumb') return false; // the former's font lacks the blocks
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

/**
 * A curve in as many characters as it has points; a gap for null.
 *
 * @param range of the lowest and the highest level; default: that of the values
 */
export function sparkline(
  values: readonly (number | null)[],
  unicode: boolean,
  [low, high]: readonly [low: number, high: number] = rangeOf(values),
): string {
  const levels = unicode ? BLOCKS : ASCII;
  return values
    .map((value) => {
      if (value === null) return ' ';
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return levels[Math.min(levels.length - 1, Math.max(0, Math.floor(share * levels.length)))];
    })
    .join('');
}

/** Least and largest value. */
export function rangeOf(values: readonly (number | null)[]): [low: number, high: number] {
  const there = values.filter((value) => value !== null);
  return [Math.min(...there), Math.max(...there)];
}
