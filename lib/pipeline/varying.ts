/** Which input a twin's perturbed weight should hang on: one that changes, or nothing would come of the perturbation. */
import { setImmediate } from 'node:timers/promises';
import { unexpected } from '../errors.js';
import type { Part } from '../network/samples.js';

/** Entries looked at in one go: about a millisecond. */
const CHUNK_ENTRIES = 1 << 19;
/** Variances closer than this, relatively, are equal (standardised features all have 1, up to rounding). */
const TIE = 1e-9;

export interface VaryingFeatures {
  /** The first feature that is not the same in all rows; MNIST's first pixels are 0 in every image. */
  readonly first: number;
  /** The feature with the largest variance; the first of equal ones. */
  readonly most: number;
}

/** Cost O(rows x features), the event loop free in between. @throws LegcnetError ERR_DATA when no feature varies */
export async function findVarying({ features, rows }: Part): Promise<VaryingFeatures> {
  const [all = 0, columns = 0] = features.shape;
  const count = rows?.length ?? all;
  const at = (i: number): number => (rows ? (rows[i] as number) : i) * columns;
  const origin = features.data.slice(at(0), at(0) + columns); // shifted sums lose no digits
  const sum = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const step = Math.max(1, Math.floor(CHUNK_ENTRIES / columns));
  for (let begin = 0; begin < count; begin += step) {
    for (let i = begin; i < Math.min(count, begin + step); i++) {
      const from = at(i);
      for (let c = 0; c < columns; c++) {
        const x = (features.data[from + c] as number) - (origin[c] as number);
        sum[c] = (sum[c] as number) + x;
        squares[c] = (squares[c] as number) + x * x;
      }
    }
    await setImmediate();
  }
  const first = squares.findIndex((s) => s > 0);
  if (first < 0) {
    throw unexpected('ERR_DATA', 'features', 'at least one feature that is not the same in every training row', 'none');
  }
  const variance = squares.map((s, c) => s / count - ((sum[c] as number) / count) ** 2);
  let most = first;
  variance.forEach((v, c) => {
    if (v > (variance[most] as number) * (1 + TIE)) most = c;
  });
  return { first, most };
}
