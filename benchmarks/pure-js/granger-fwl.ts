/**
 * Granger tests in plain JavaScript by the addon's own algorithm, one source at a time: one factorisation of the target's
 * lags for all sources, cross-products summed once and led from lag to lag (native/core/granger_batch.h). No bound on
 * the error, no careful path: for well-conditioned series. What the addon gains over it is native code, not the method.
 */
import { chi2Upper } from './distributions.js';

/** What leads from lag + 1 to lag: see TargetStep in native/core/granger_target.h. */
interface Step {
  readonly fromFresh: Float64Array;
  readonly fromRow: Float64Array;
  readonly droppedWeight: number;
  readonly droppedTarget: number;
  readonly freshWeight: number;
  readonly freshTarget: number;
}

export interface FwlTarget {
  readonly maxLag: number;
  readonly series: Float64Array;
  /** R of the largest lag, [K, K] with K = maxLag + 1, and Q'y. */
  readonly factor: Float64Array;
  readonly projection: Float64Array;
  /** By lag. */
  readonly steps: readonly (Step | undefined)[];
  /** By lag: residual sum of squares without the source. */
  readonly rss: Float64Array;
}

function centred(series: Float64Array): Float64Array {
  let sum = 0;
  for (let t = 0; t < series.length; t++) sum += series[t]!;
  const mean = sum / series.length;
  return series.map((value) => value - mean);
}

/** Factors the target's side once, by Givens rotations, one row of data at a time. O(n maxLag^2). */
export function prepareTarget(target: Float64Array, maxLag: number): FwlTarget {
  const n = target.length;
  const size = maxLag + 1;
  const series = centred(target);
  const r = new Float64Array(size * size);
  const q = new Float64Array(size);
  const fresh = new Float64Array(size);
  /** Rotates row t of the design with `count` columns into R; returns what is left of the target, and the rotations. */
  const absorb = (t: number, count: number, visit?: (k: number, c: number, s: number) => void): number => {
    fresh[0] = 1;
    for (let a = 1; a < count; a++) fresh[a] = series[t - a]!;
    let y = series[t]!;
    for (let k = 0; k < count; k++) {
      const norm = Math.hypot(r[k * size + k]!, fresh[k]!);
      const c = norm > 0 ? r[k * size + k]! / norm : 1;
      const s = norm > 0 ? fresh[k]! / norm : 0;
      for (let j = k; j < count; j++) {
        const row = r[k * size + j]!;
        r[k * size + j] = c * row + s * fresh[j]!;
        fresh[j] = c * fresh[j]! - s * row;
      }
      const row = q[k]!;
      q[k] = c * row + s * y;
      y = c * y - s * row;
      visit?.(k, c, s);
    }
    return y;
  };

  const rss = new Float64Array(maxLag + 1);
  for (let t = maxLag; t < n; t++) rss[maxLag]! += absorb(t, size) ** 2;
  const factor = r.slice();
  const projection = q.slice();
  const steps: (Step | undefined)[] = new Array<undefined>(maxLag).fill(undefined);
  const scale = new Float64Array(size).fill(1);
  for (let lag = maxLag - 1; lag >= 1; lag--) {
    const dropped = scale[lag + 1]!;
    const droppedTarget = q[lag + 1]!;
    const fromFresh = new Float64Array(lag + 1);
    const fromRow = new Float64Array(lag + 1);
    let freshScale = 1;
    const left = absorb(lag, lag + 1, (k, c, s) => {
      fromFresh[k] = ((s / c) * freshScale) / scale[k]!;
      fromRow[k] = ((-s / c) * scale[k]!) / freshScale;
      scale[k]! *= c;
      freshScale *= c;
    });
    rss[lag] = rss[lag + 1]! + droppedTarget ** 2 + left ** 2;
    steps[lag] = {
      ...{ fromFresh, fromRow },
      droppedWeight: dropped * dropped,
      droppedTarget: dropped * droppedTarget,
      freshWeight: freshScale * freshScale,
      freshTarget: freshScale * left,
    };
  }
  return { maxLag, series, factor, projection, steps, rss };
}

/** Tests sources against one target; keeps its arrays from one source to the next. */
export class FwlTester {
  private readonly products: Float64Array; // [L, L+1] S, and g as the column after the current lag's last
  private readonly rows: Float64Array; // [L+2, L] lags of the source times the target, the constant, the target's lags
  private readonly factors: Float64Array; // [L, L+1]
  private readonly inverse: Float64Array;
  private readonly fresh: Float64Array;
  private readonly x: Float64Array;

  constructor(private readonly target: FwlTarget) {
    const { maxLag, series } = target;
    this.products = new Float64Array(maxLag * (maxLag + 1));
    this.rows = new Float64Array((maxLag + 2) * maxLag);
    this.factors = new Float64Array(maxLag * (maxLag + 1));
    this.inverse = new Float64Array(maxLag);
    this.fresh = new Float64Array(maxLag);
    this.x = new Float64Array(series.length);
  }

  /** Writes the p of ssr_chi2test at lags 1..maxLag to out[at...]. O(n maxLag + maxLag^4). */
  test(source: Float64Array, out: Float64Array, at: number): void {
    const { maxLag, rss, series } = this.target;
    this.centre(source);
    this.crossProducts();
    this.eliminate();
    for (let lag = maxLag; lag >= 1; lag--) {
      if (lag < maxLag) this.advance(lag);
      const explained = this.solve(lag);
      out[at + lag - 1] = chi2Upper(((series.length - lag) * explained) / (rss[lag]! - explained), lag);
    }
  }

  private centre(source: Float64Array): void {
    const { x } = this;
    let sum = 0;
    for (let t = 0; t < x.length; t++) sum += source[t]!;
    const mean = sum / x.length;
    for (let t = 0; t < x.length; t++) x[t] = source[t]! - mean;
  }

  /** Sums over t = maxLag..n-1 of lag 1 with every lag; one more lag on both sides moves the sample by a row. */
  private crossProducts(): void {
    const { x, products, rows } = this;
    const { maxLag, series: y } = this.target;
    const n = x.length;
    const stride = maxLag + 1;
    let total = 0;
    for (let t = maxLag; t < n; t++) total += x[t - 1]!;
    rows[maxLag] = total;
    for (let b = 0; b < maxLag; b++) {
      let xx = 0;
      let yx = 0;
      let zx = 0;
      for (let t = maxLag; t < n; t++) {
        const lagged = x[t - 1 - b]!;
        xx += x[t - 1]! * lagged;
        yx += y[t]! * lagged;
        zx += y[t - 1 - b]! * x[t - 1]!;
      }
      products[b] = xx;
      rows[b] = yx;
      rows[(b + 2) * maxLag] = zx;
    }
    const into = maxLag - 1;
    const outOf = n - 1;
    for (let b = 1; b < maxLag; b++) {
      const xi = x[into - b]!;
      const xo = x[outOf - b]!;
      rows[maxLag + b] = rows[maxLag + b - 1]! + xi - xo;
      for (let a = 1; a <= b; a++) {
        products[a * stride + b] = products[(a - 1) * stride + b - 1]! + x[into - a]! * xi - x[outOf - a]! * xo;
      }
      rows[2 * maxLag + b] = rows[b - 1]! + y[into]! * xi - y[outOf]! * xo;
      for (let a = 1; a < maxLag; a++) {
        rows[(a + 2) * maxLag + b] = rows[(a + 1) * maxLag + b - 1]! + y[into - a]! * xi - y[outOf - a]! * xo;
      }
    }
  }

  /** Z'X becomes Q'X; then S = X'X - (Q'X)'Q'X and g = X'y - (Q'X)'Q'y. */
  private eliminate(): void {
    const { products, rows } = this;
    const { maxLag, factor: r, projection } = this.target;
    const size = maxLag + 1;
    for (let k = 0; k < size; k++) {
      const own = (k + 1) * maxLag;
      for (let j = 0; j < k; j++) {
        const f = r[j * size + k]!;
        const above = (j + 1) * maxLag;
        for (let b = 0; b < maxLag; b++) rows[own + b]! -= f * rows[above + b]!;
      }
      const f = 1 / r[k * size + k]!;
      for (let b = 0; b < maxLag; b++) rows[own + b]! *= f;
    }
    for (let a = 0; a < maxLag; a++) {
      let g = rows[a]!;
      for (let k = 0; k < size; k++) {
        const own = (k + 1) * maxLag;
        const f = rows[own + a]!;
        g -= projection[k]! * f;
        for (let b = a; b < maxLag; b++) products[a * size + b]! -= f * rows[own + b]!;
      }
      products[a * size + maxLag] = g;
    }
  }

  private advance(lag: number): void {
    const { x, products, rows, fresh } = this;
    const { maxLag, steps } = this.target;
    const { fromFresh, fromRow, droppedWeight, droppedTarget, freshWeight, freshTarget } = steps[lag]!;
    const size = maxLag + 1;
    for (let b = 0; b < lag; b++) fresh[b] = x[lag - 1 - b]!;
    for (let k = 0; k <= lag; k++) {
      const own = (k + 1) * maxLag;
      const f = fromFresh[k]!;
      const s = fromRow[k]!;
      for (let b = 0; b < lag; b++) {
        const row = rows[own + b]!;
        rows[own + b] = row + f * fresh[b]!;
        fresh[b]! += s * row;
      }
    }
    const dropped = (lag + 2) * maxLag;
    for (let a = 0; a < lag; a++) {
      const own = a * size;
      const d = rows[dropped + a]! * droppedWeight;
      const f = fresh[a]! * freshWeight;
      products[own + lag] = products[own + lag + 1]! + rows[dropped + a]! * droppedTarget + fresh[a]! * freshTarget;
      for (let b = a; b < lag; b++) products[own + b]! += d * rows[dropped + b]! + f * fresh[b]!;
    }
  }

  /** d = g' S^-1 g. */
  private solve(lag: number): number {
    const { products, factors: v, inverse } = this;
    const size = this.target.maxLag + 1;
    let explained = 0;
    for (let a = 0; a < lag; a++) {
      const own = a * size;
      for (let b = a; b <= lag; b++) v[own + b] = products[own + b]!;
      for (let k = 0; k < a; k++) {
        const above = k * size;
        const f = v[above + a]! * inverse[k]!;
        for (let b = a; b <= lag; b++) v[own + b]! -= f * v[above + b]!;
      }
      inverse[a] = 1 / v[own + a]!;
      explained += v[own + lag]! * v[own + lag]! * inverse[a]!;
    }
    return explained;
  }
}
