/**
 * The Lyapunov exponent in plain JavaScript, step by step as METHOD section 2 states it: the oracle of the tests, and
 * what the native kernel is timed against. All in float64; every pair of points is looked at.
 */

export interface Embedding {
  readonly embeddingDimension: number;
  readonly delay: number;
  readonly theilerWindow: number;
  readonly horizon: number;
}

export interface CurveOptions extends Embedding {
  readonly radius: 'all' | 'default' | number;
}

export type Status = 'ok' | 'static' | 'too-short' | 'no-pairs' | 'non-finite';

export interface Curve {
  readonly status: Status;
  /** [horizon + 1]: S(k), NaN where no pair is left. */
  readonly curve: Float64Array;
  /** [horizon + 1] */
  readonly counts: Uint32Array;
  readonly unmatched: number;
}

/** What a search says of a reference without a neighbour: nothing eligible, or only points at distance zero. */
export const UNMATCHED = -1;
export const DUPLICATES_ONLY = -2;

/** S(k) of one series. */
export function divergenceCurve(x: Float64Array, options: CurveOptions): Curve {
  const curve = new Float64Array(options.horizon + 1).fill(NaN);
  const counts = new Uint32Array(options.horizon + 1);
  const without = (status: Status): Curve => ({ status, curve, counts, unmatched: 0 });
  if (!x.every(Number.isFinite)) return without('non-finite');
  if (referenceCount(x.length, options) === 0) return without('too-short');
  const { y, range } = rescale(x);
  if (range === 0) return without('static');

  const { radius } = options;
  const neighbour =
    radius === 'all' ? allPairs(y, options) : startRadius(y, options, radius === 'default' ? 1e-3 : radius / range);
  for (let k = 0; k <= options.horizon; k++) {
    let sum = 0;
    for (let n = 0; n < neighbour.length; n++) {
      const j = neighbour[n]!;
      if (j < 0) continue;
      const d = squaredDistance(y, n + k, j + k, options);
      if (d > 0) {
        sum += Math.log(d);
        counts[k]!++;
      }
    }
    if (counts[k]! > 0) curve[k] = sum / counts[k]! / 2;
  }
  const paired = counts[0]! > 0 && (options.horizon === 0 || counts[1]! > 0);
  const unmatched = neighbour.reduce((count, j) => count + (j === UNMATCHED ? 1 : 0), 0);
  return { status: paired ? 'ok' : 'no-pairs', curve, counts, unmatched };
}

/** Kantz's S(k) of one series; `radius` in units of the range. */
export function kantzCurve(x: Float64Array, options: Embedding & { radius: number; minNeighbours: number }): Curve {
  const { embeddingDimension, delay, theilerWindow, horizon, radius, minNeighbours } = options;
  const curve = new Float64Array(horizon + 1).fill(NaN);
  const counts = new Uint32Array(horizon + 1);
  if (referenceCount(x.length, options) === 0) return { status: 'too-short', curve, counts, unmatched: 0 };
  const { y, range } = rescale(x);
  if (range === 0) return { status: 'static', curve, counts, unmatched: 0 };
  const m = candidateCount(x.length, options);
  const last = (embeddingDimension - 1) * delay;
  const neighbourhoods = Array.from({ length: m }, (_, n) =>
    Array.from({ length: m }, (_, j) => j).filter(
      (j) => Math.abs(n - j) > theilerWindow && squaredDistance(y, n, j, options) <= radius * radius,
    ),
  );
  for (let k = 0; k <= horizon; k++) {
    let sum = 0;
    neighbourhoods.forEach((js, n) => {
      if (js.length < minNeighbours) return;
      const mean = js.reduce((total, j) => total + Math.abs(y[n + last + k]! - y[j + last + k]!), 0) / js.length;
      if (mean === 0) return;
      sum += Math.log(mean);
      counts[k]!++;
    });
    if (counts[k]! > 0) curve[k] = sum / counts[k]!;
  }
  const unmatched = neighbourhoods.filter((js) => js.length < minNeighbours).length;
  const paired = counts[0]! > 0 && (horizon === 0 || counts[1]! > 0);
  return { status: paired ? 'ok' : 'no-pairs', curve, counts, unmatched };
}

/** S(1) - S(0); 0 where there is none. */
export function oneStepExponent(x: Float64Array, options: CurveOptions): number {
  const { status, curve } = divergenceCurve(x, { ...options, horizon: Math.max(1, options.horizon) });
  return status === 'ok' ? curve[1]! - curve[0]! : 0;
}

/** The authors' chain of text files: the series with 6 decimals, S(0) and S(1) with 7 digits, 6 decimals again. */
export function authorsExponent(x: Float64Array): number {
  const printed = x.map((value) => Number(value.toFixed(6)));
  const options = { embeddingDimension: 2, delay: 1, theilerWindow: 0, horizon: 3, radius: 'all' } as const;
  const { status, curve } = divergenceCurve(printed, options);
  if (status !== 'ok') return 0;
  const [s0, s1] = [curve[0]!, curve[1]!].map((s) => Number(s.toExponential(6)));
  const slope = s1! - s0!;
  return (Math.sign(slope) * Math.round(Math.abs(slope) * 1e6)) / 1e6; // MATLAB rounds halves away from zero
}

/** Least-squares slope of S(k) over the steps from .. to, both included; absent steps are left out. */
export function slope(curve: Float64Array, from: number, to: number): number {
  const steps: number[] = [];
  for (let k = from; k <= to; k++) if (!Number.isNaN(curve[k])) steps.push(k);
  if (steps.length < 2) return NaN;
  const mean = (of: (k: number) => number): number => steps.reduce((sum, k) => sum + of(k), 0) / steps.length;
  const [meanK, meanS] = [mean((k) => k), mean((k) => curve[k]!)];
  return mean((k) => (k - meanK) * (curve[k]! - meanS)) / mean((k) => (k - meanK) ** 2);
}

/** [0, 1] from the smallest value to the largest. */
export function rescale(x: Float64Array): { y: Float64Array; range: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const value of x) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  return { y: x.map((value) => (value - low) / range), range };
}

/** Points that have all coordinates and a whole horizon after them. */
export function candidateCount(length: number, { embeddingDimension, delay, horizon }: Embedding): number {
  return Math.max(0, length - (embeddingDimension - 1) * delay - horizon);
}

/** Points whose neighbour is sought; 0 if no pair is possible. */
export function referenceCount(length: number, embedding: Embedding): number {
  const m = candidateCount(length, embedding);
  return m > embedding.theilerWindow + 1 ? m - embedding.theilerWindow : 0;
}

/** Of points a and b, summed from the first coordinate up. */
function squaredDistance(y: Float64Array, a: number, b: number, { embeddingDimension, delay }: Embedding): number {
  let sum = 0;
  for (let c = 0; c < embeddingDimension; c++) {
    const difference = y[a + c * delay]! - y[b + c * delay]!;
    sum += difference * difference;
  }
  return sum;
}

/** The nearest candidate at a distance above 0 and below 1; of equal ones the last. */
export function allPairs(y: Float64Array, embedding: Embedding): Int32Array {
  const m = candidateCount(y.length, embedding);
  const neighbour = new Int32Array(referenceCount(y.length, embedding)).fill(UNMATCHED);
  for (let n = 0; n < neighbour.length; n++) {
    let nearest = 1;
    for (let j = m - 1; j >= 0; j--) {
      if (Math.abs(n - j) <= embedding.theilerWindow) continue;
      const d = squaredDistance(y, n, j, embedding);
      if (d >= nearest) continue;
      if (d > 0) {
        nearest = d;
        neighbour[n] = j;
      } else if (neighbour[n] === UNMATCHED) {
        neighbour[n] = DUPLICATES_ONLY;
      }
    }
  }
  return neighbour;
}

/** lyap_r's search: passes with a growing radius over a hashed grid of cells, in which order decides ties. */
export function startRadius(y: Float64Array, embedding: Embedding, start: number): Int32Array {
  const { delay, theilerWindow, embeddingDimension } = embedding;
  const m = candidateCount(y.length, embedding);
  const span = (embeddingDimension - 1) * delay;
  const neighbour = new Int32Array(referenceCount(y.length, embedding)).fill(UNMATCHED);
  const hash = (cell: number): number => ((cell % 256) + 256) % 256;

  for (let eps = start; ; eps *= 1.1) {
    const cell = (value: number): number => Math.floor(value / eps) % 256;
    const boxes = new Map<number, number[]>();
    for (let j = m - 1; j >= 0; j--) {
      const key = cell(y[j]!) * 256 + cell(y[j + span]!);
      const box = boxes.get(key);
      if (box) box.push(j);
      else boxes.set(key, [j]);
    }
    for (let n = 0; n < neighbour.length; n++) {
      if (neighbour[n] !== UNMATCHED) continue;
      let nearest = 1;
      for (let first = -1; first <= 1; first++) {
        for (let last = -1; last <= 1; last++) {
          const key = hash(cell(y[n]!) + first) * 256 + hash(cell(y[n + span]!) + last);
          for (const j of boxes.get(key) ?? []) {
            if (Math.abs(n - j) <= theilerWindow) continue;
            const d = squaredDistance(y, n, j, embedding);
            if (d > eps * eps || d >= nearest) continue;
            if (d > 0) {
              nearest = d;
              neighbour[n] = j;
            } else if (neighbour[n] === UNMATCHED) {
              neighbour[n] = DUPLICATES_ONLY;
            }
          }
        }
      }
    }
    if (eps >= 1 || !neighbour.includes(UNMATCHED)) return neighbour;
  }
}
