import { unexpected } from '../errors.js';
import { native, runTask } from '../native.js';
import { checkOption } from '../options.js';

/** How p-values are corrected for their number; see `adjustPValues`. */
export type Correction = 'none' | 'bh' | 'by';

declare module '../native.js' {
  interface NativeModule {
    adjustPValues(options: { pValues: Float64Array; correction: Correction }): Float64Array;
    adjustManyPValues(options: { pValues: Float64Array; correction: Correction }): NativeTask<Float64Array>;
  }
}

/**
 * Corrects p-values for multiple testing. Comparing the adjusted values with alpha controls the false discovery rate.
 *
 * - `bh`: Benjamini and Hochberg 1995; holds for independent and for positively dependent tests
 * - `by`: Benjamini and Yekutieli 2001; holds for any dependence, and is stricter by 1 + 1/2 + ... + 1/m
 * - `none`: a copy
 *
 * NaN marks a test that could not run: it stays NaN and does not count among the m tests.
 * Adjusted value of the k-th smallest p: the least of p_(j) m / j over j >= k, at most 1. O(m).
 *
 * @param pValues in [0, 1] or NaN, [m]; not changed
 * @returns [m], in the order given
 * @throws LegcnetError ERR_ARGUMENT for a value outside [0, 1], ERR_OPTION for an unknown method
 */
export function adjustPValues(pValues: ArrayLike<number>, method: Correction): Float64Array {
  checkOption('correction', method);
  const adjusted = new Float64Array(pValues);
  checkPValues('pValues', adjusted);
  return native.adjustPValues({ pValues: adjusted, correction: method });
}

/** Looks at p-values begin..end-1, all unless told otherwise. @throws LegcnetError ERR_ARGUMENT for one outside [0, 1] */
export function checkPValues(name: string, pValues: Float64Array, begin = 0, end = pValues.length): void {
  for (let i = begin; i < end; i++) {
    const p = pValues[i]!;
    if (p < 0 || p > 1) throw unexpected('ERR_ARGUMENT', `${name}[${i}]`, 'a number from 0 to 1, or NaN', p);
  }
}

/** `adjustPValues` on a thread of the addon's own, for many values, which are not checked. @throws `signal.reason` when aborted */
export const adjustPValuesApart = (
  pValues: Float64Array,
  correction: Correction,
  signal: AbortSignal | undefined,
): Promise<Float64Array> =>
  runTask(() => native.adjustManyPValues({ pValues, correction }), signal === undefined ? {} : { signal });
