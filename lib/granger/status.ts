/** What came of one test at one lag, by the code in the arrays that `grangerTest` returns. */
export const GRANGER_STATUSES = [
  'ok',
  'too-short', // n <= 3 lag + 1
  'constant', // a lag of the source or the target has one value in all the rows used
  'perfect-fit', // nothing but rounding is left of the target
  'rank-deficient', // lags depend on one another; there are values, by the pseudo-inverse
  'non-finite', // NaN, infinity, or a magnitude above 1e150
] as const;

export type GrangerStatus = (typeof GRANGER_STATUSES)[number];

/** Whether a test with this status code has values. */
export function hasValues(code: number): boolean {
  return code === 0 || code === 4;
}
