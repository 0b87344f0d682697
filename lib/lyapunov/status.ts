/** What came of one series. The order is that of SeriesStatus in native/core/lyapunov.h. */
export const SERIES_STATUSES = [
  'ok',
  'static', // constant, or caught by a guard: minRange, meanChange
  'too-short', // no pair of points is possible
  'no-pairs', // S(0) or S(1) is absent; for a fit, fewer than two steps of its range
  'non-finite', // a value is infinite or not a number
] as const;

export type SeriesStatus = (typeof SERIES_STATUSES)[number];

/** The names of status codes. (A loop, since Array.from takes five times as long.) */
export function statusNames(codes: Uint8Array): SeriesStatus[] {
  const names = new Array<SeriesStatus>(codes.length);
  for (let i = 0; i < codes.length; i++) names[i] = SERIES_STATUSES[codes[i]!]!;
  return names;
}
