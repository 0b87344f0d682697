/** The one-step exponent for m = 2, d = 1, all pairs, in well-written JavaScript: by brute force, and by a sorted scan. */

/** ln of a product of many distances, without a logarithm for each: mantissas are multiplied, exponents added. */
class LogSum {
  private product = 1;
  private sum = 0;
  count = 0;
  add(d: number): void {
    this.product *= d;
    this.count++;
    if (this.product < 1e-200 || this.product > 1e200) {
      this.sum += Math.log(this.product);
      this.product = 1;
    }
  }
  mean(): number {
    return (this.sum + Math.log(this.product)) / this.count / 2;
  }
}

function rescale(x: Float64Array): Float64Array | undefined {
  let [low, high] = [x[0] as number, x[0] as number];
  for (const v of x) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return high > low ? x.map((v) => (v - low) / (high - low)) : undefined;
}

function slope(y: Float64Array, neighbours: Int32Array): number {
  const s0 = new LogSum();
  const s1 = new LogSum();
  for (let i = 0; i < neighbours.length; i++) {
    const j = neighbours[i] as number;
    if (j < 0) continue;
    for (const [k, s] of [
      [0, s0],
      [1, s1],
    ] as const) {
      const a = (y[i + k] as number) - (y[j + k] as number);
      const b = (y[i + k + 1] as number) - (y[j + k + 1] as number);
      const d = a * a + b * b;
      if (d > 0) s.add(d);
    }
  }
  return s1.mean() - s0.mean();
}

/** S(1) - S(0) with every pair looked at. */
export function bruteForce(x: Float64Array, horizon: number): number {
  const y = rescale(x);
  if (!y) return 0;
  const n = x.length - 1 - horizon;
  const neighbours = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) {
    const [u, v] = [y[i] as number, y[i + 1] as number];
    let best = 1;
    let found = -1;
    for (let j = 0; j < n; j++) {
      const a = u - (y[j] as number);
      const b = v - (y[j + 1] as number);
      const d = a * a + b * b;
      if (d > 0 && d <= best && (d < best || found >= 0) && d < 1) {
        best = d;
        found = j;
      }
    }
    neighbours[i] = found;
  }
  return slope(y, neighbours);
}

/** The same with points sorted along the diagonal, looking outward only as far as a nearer one could be. */
export function sortedScan(x: Float64Array, horizon: number): number {
  const y = rescale(x);
  if (!y) return 0;
  const n = x.length - 1 - horizon;
  const key = new Float64Array(n);
  for (let i = 0; i < n; i++) key[i] = (y[i] as number) + (y[i + 1] as number);
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => (key[a] as number) - (key[b] as number));
  const neighbours = new Int32Array(n).fill(-1);
  for (let s = 0; s < n; s++) {
    const i = order[s] as number;
    const [u, v, k] = [y[i] as number, y[i + 1] as number, key[i] as number];
    let best = 1;
    let found = -1;
    const look = (j: number): void => {
      const a = u - (y[j] as number);
      const b = v - (y[j + 1] as number);
      const d = a * a + b * b;
      if (d > 0 && (d < best || (d === best && j > found && best < 1))) {
        best = d;
        found = j;
      }
    };
    const bound = (j: number): boolean => {
      const gap = Math.abs((key[j] as number) - k) - 1e-14;
      return gap > 0 && gap * gap > 2 * best;
    };
    for (let r = s + 1; r < n && !bound(order[r] as number); r++) look(order[r] as number);
    for (let l = s - 1; l >= 0 && !bound(order[l] as number); l--) look(order[l] as number);
    neighbours[i] = found;
  }
  return slope(y, neighbours);
}
