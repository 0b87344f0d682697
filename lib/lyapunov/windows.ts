import { unexpected } from '../errors.js';

/**
 * Iterates between the starts of two windows: window (1 - overlap), rounded half up, at least 1. O(1).
 *
 * `windowStride(200, 0.1)` is 180, `windowStride(50, 0.1)` 45.
 *
 * @param window iterates in a window, a whole number >= 1
 * @param overlap shared part of neighbouring windows, 0 <= overlap < 1
 * @throws LegcnetError ERR_ARGUMENT
 */
export function windowStride(window: number, overlap: number): number {
  checkPositive('window', window);
  if (!(overlap >= 0 && overlap < 1)) {
    throw unexpected('ERR_ARGUMENT', 'overlap', 'a number of at least 0 and less than 1', overlap);
  }
  return Math.max(1, Math.round(window * (1 - overlap)));
}

/**
 * First rows of the windows that fit into a series: window i is rows i stride .. i stride + window - 1. O(windows).
 *
 * `windowStarts(600, 200, 180)` is [0, 180, 360]: the last row used is 559, and a fourth window would need row 739.
 *
 * @param rows rows of the series, >= 0; fewer than `window`: no window
 * @returns [windows], ascending
 * @throws LegcnetError ERR_ARGUMENT
 */
export function windowStarts(rows: number, window: number, stride: number): Float64Array {
  if (!(Number.isSafeInteger(rows) && rows >= 0)) {
    throw unexpected('ERR_ARGUMENT', 'rows', 'a whole number of at least 0', rows);
  }
  checkPositive('window', window);
  checkPositive('stride', stride);
  const count = rows < window ? 0 : Math.floor((rows - window) / stride) + 1;
  return Float64Array.from({ length: count }, (_, i) => i * stride);
}

function checkPositive(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    throw unexpected('ERR_ARGUMENT', name, 'a whole number of at least 1', value);
  }
}
