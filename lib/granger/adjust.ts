import { unexpected } from '../errors.js';
import { checkOption } from '../options.js';

/** How p-values are corrected for their number; see `adjustPValues`. */
export type Correction = 'none' | 'bh' | 'by';

/**
 * Corrects p-values for multiple testing. Comparing the adjusted values with alpha controls the false discovery rate.
 *
 * - `bh`: Benjamini and Hochberg 1995; holds for independent and for positively dependent tests
 * - `by`: Benjamini and Yekutieli 2001; holds for any dependence, and is stricter by 1 + 1/2 + ... + 1/m
 * - `none`: a copy
 *
 * NaN marks a test that could not run: it stays NaN and does not count among the m tests.
 * Adjusted value of the k-th smallest p: the least of p_(j) m / j over j >= k, at most 1. O(m log m).
 *
 * @param pValues in [0, 1] or NaN, [m]; not changed
 * @returns [m], in the order given
 * @throws LegcnetError ERR_ARGUMENT for a value outside [0, 1], ERR_OPTION for an unknown method
 */
export function adjustPValues(pValues: ArrayLike<number>, method: Correction): Float64Array {
  checkOption('correction', method);
  const adjusted = new Float64Array(pValues);
  for (let i = 0; i < adjusted.length; i++) {
    const p = adjusted[i]!;
    if (p < 0 || p > 1) throw unexpected('ERR_ARGUMENT', `pValues[${i}]`, 'a number from 0 to 1, or NaN', p);
  }
  if (method === 'none') return adjusted;

  const sorted = adjusted.filter((p) => !Number.isNaN(p)).sort();
  const m = sorted.length;
  let factor = m;
  if (method === 'by') for (let k = 2; k <= m; k++) factor += m / k;
  // least[k]: of equal p-values all have the value of the last
  const least = new Float64Array(m);
  let running = 1;
  for (let k = m - 1; k >= 0; k--) {
    running = Math.min(running, (sorted[k]! * factor) / (k + 1));
    least[k] = running;
  }
  return adjusted.map((p) => (Number.isNaN(p) ? p : least[firstAtLeast(sorted, p)]!));
}

/** The index of the first element of an ascending array that is not below `value`. */
function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
