/** Repeatable random series for the tests. */

/** Uniform on [0, 1): mulberry32. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** N(0, 1) by Box and Muller. */
export function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

export const SHAPES = ['noise', 'autoregressive', 'walk', 'steps', 'decay', 'offset', 'sparse'] as const;

export function randomSeries(shape: (typeof SHAPES)[number], n: number, seed: number): Float64Array {
  const normal = normals(seed);
  const series = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    const before = t > 0 ? series[t - 1]! : 0;
    series[t] = {
      noise: () => normal(),
      autoregressive: () => 0.6 * before + normal(),
      walk: () => before + normal(),
      steps: () => Math.round(3 * Math.exp(-t / 20) + normal()),
      decay: () => Math.exp((-3 * t) / n) + 0.05 * normal(),
      offset: () => 1000 + normal(),
      sparse: () => (normal() > 0.5 ? normal() : 0),
    }[shape]();
  }
  return series;
}

/** Series of equal length as [rows, n]. */
export function stack(rows: readonly Float64Array[]): { data: Float64Array; shape: number[] } {
  const n = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * n);
  rows.forEach((row, i) => data.set(row, i * n));
  return { data, shape: [rows.length, n] };
}

/** [rows, n] of independent noise. */
export function noise(rows: number, n: number, seed: number): { data: Float64Array; shape: number[] } {
  const normal = normals(seed);
  return { data: Float64Array.from({ length: rows * n }, normal), shape: [rows, n] };
}
