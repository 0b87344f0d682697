/**
 * Exponents for m = 2, d = 1, all pairs, in well-written JavaScript: by brute force, and by our own algorithm, a scan of
 * points sorted along the diagonal. No allocation but one workspace a length, no closures.
 */

/** A slope of S(k) over steps from..to: [0, 1] is the one-step exponent. */
export interface FastSettings {
  readonly theilerWindow: number;
  readonly horizon: number;
  readonly fit: readonly [number, number];
}

export const ONE_STEP: FastSettings = { theilerWindow: 0, horizon: 3, fit: [0, 1] };

interface Workspace {
  /** The series rescaled to [0, 1]. */
  readonly y: Float64Array;
  readonly neighbours: Int32Array;
  /** Points in the order of the diagonal: sum of the coordinates, both coordinates, and place in time. */
  readonly keys: Float64Array;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly time: Int32Array;
}

let workspace: Workspace | undefined;

function workspaceFor(length: number): Workspace {
  if (workspace?.y.length !== length) {
    workspace = {
      y: new Float64Array(length),
      neighbours: new Int32Array(length),
      keys: new Float64Array(length),
      u: new Float64Array(length),
      v: new Float64Array(length),
      time: new Int32Array(length),
    };
  }
  return workspace;
}

/** @returns whether the series moves at all */
function rescale(x: Float64Array, y: Float64Array): boolean {
  let low = x[0] as number;
  let high = low;
  for (let i = 1; i < x.length; i++) {
    const value = x[i] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  if (!(range > 0)) return false;
  for (let i = 0; i < x.length; i++) y[i] = ((x[i] as number) - low) / range;
  return true;
}

/** Mean ln(distance) of the pairs after k steps, without a logarithm for each: factors are multiplied up first. */
function meanLog(y: Float64Array, neighbours: Int32Array, references: number, k: number): number {
  let product = 1;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < references; i++) {
    const j = neighbours[i] as number;
    if (j < 0) continue;
    const a = (y[i + k] as number) - (y[j + k] as number);
    const b = (y[i + k + 1] as number) - (y[j + k + 1] as number);
    const d = a * a + b * b;
    if (d > 0) {
      product *= d;
      count++;
      if (product < 1e-100 || product > 1e100) {
        sum += Math.log(product);
        product = 1;
      }
    }
  }
  return (sum + Math.log(product)) / count / 2;
}

/** Least-squares slope of S(k) over the fit range. */
function slope(
  y: Float64Array,
  neighbours: Int32Array,
  references: number,
  [from, to]: readonly [number, number],
): number {
  const middle = (from + to) / 2;
  let [product, squares] = [0, 0];
  for (let k = from; k <= to; k++) {
    product += (k - middle) * meanLog(y, neighbours, references, k);
    squares += (k - middle) ** 2;
  }
  return product / squares;
}

/** With every pair looked at. */
export function bruteForce(x: Float64Array, { theilerWindow, horizon, fit }: FastSettings = ONE_STEP): number {
  const { y, neighbours } = workspaceFor(x.length);
  if (!rescale(x, y)) return 0;
  const n = x.length - 1 - horizon;
  const references = n - theilerWindow;
  for (let i = 0; i < references; i++) {
    const u = y[i] as number;
    const v = y[i + 1] as number;
    let best = 1;
    let found = -1;
    for (let j = 0; j < n; j++) {
      const a = u - (y[j] as number);
      const b = v - (y[j + 1] as number);
      const d = a * a + b * b;
      if (d <= best && d > 0 && d < 1 && (j - i > theilerWindow || i - j > theilerWindow)) {
        best = d;
        found = j;
      }
    }
    neighbours[i] = found;
  }
  return slope(y, neighbours, references, fit);
}

/** The index of a point goes into the last bits of its key, so that keys can be sorted without a comparison function. */
const INDEX_BITS = 12;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
/** What that can move a key by: keys are below 2. */
const KEY_ERROR = 2 ** (INDEX_BITS - 51);

/**
 * By points sorted along the diagonal, looking outward only as far as a nearer one could be: points whose sums of
 * coordinates differ by g are at least g / sqrt(2) apart. Series of up to 4095 points.
 */
export function sortedScan(x: Float64Array, { theilerWindow, horizon, fit }: FastSettings = ONE_STEP): number {
  if (x.length > INDEX_MASK) throw new RangeError(`series of at most ${INDEX_MASK} points, not ${x.length}`);
  const { y, neighbours, keys: allKeys, u, v, time } = workspaceFor(x.length);
  if (!rescale(x, y)) return 0;
  const n = x.length - 1 - horizon;
  const references = n - theilerWindow;
  const keys = allKeys.subarray(0, n);
  const words = new Int32Array(keys.buffer, 0, 2 * n); // little-endian: the low word comes first
  for (let i = 0; i < n; i++) {
    keys[i] = (y[i] as number) + (y[i + 1] as number);
    words[2 * i] = ((words[2 * i] as number) & ~INDEX_MASK) | i;
  }
  keys.sort();
  for (let s = 0; s < n; s++) {
    const i = (words[2 * s] as number) & INDEX_MASK;
    time[s] = i;
    u[s] = y[i] as number;
    v[s] = y[i + 1] as number;
  }
  for (let s = 0; s < n; s++) {
    const i = time[s] as number;
    if (i >= references) continue;
    const [us, vs, key] = [u[s] as number, v[s] as number, keys[s] as number];
    let best = 1;
    let found = -1;
    // A gap above this cannot hide a nearer point, nor one as near.
    let reach = Math.SQRT2 + 2 * KEY_ERROR;
    let right = s + 1;
    let left = s - 1;
    for (;;) {
      const goRight = right < n && (keys[right] as number) - key <= reach;
      const goLeft = left >= 0 && key - (keys[left] as number) <= reach;
      if (!goRight && !goLeft) break;
      if (goRight) {
        const a = us - (u[right] as number);
        const b = vs - (v[right] as number);
        const d = a * a + b * b;
        const j = time[right++] as number;
        if (
          d <= best &&
          d > 0 &&
          (j - i > theilerWindow || i - j > theilerWindow) &&
          (d < best || (j > found && d < 1))
        ) {
          best = d;
          found = j;
          reach = Math.sqrt(2 * d) + 3 * KEY_ERROR;
        }
      }
      if (goLeft) {
        const a = us - (u[left] as number);
        const b = vs - (v[left] as number);
        const d = a * a + b * b;
        const j = time[left--] as number;
        if (
          d <= best &&
          d > 0 &&
          (j - i > theilerWindow || i - j > theilerWindow) &&
          (d < best || (j > found && d < 1))
        ) {
          best = d;
          found = j;
          reach = Math.sqrt(2 * d) + 3 * KEY_ERROR;
        }
      }
    }
    neighbours[i] = found;
  }
  return slope(y, neighbours, references, fit);
}
