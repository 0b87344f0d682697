/** Ranks of scores, and their means over several criteria. */

/**
 * The place of each score among all, in ascending order from 0; equal scores share the mean of their places.
 * Cost O(n log n).
 *
 * @param scores numbers, no NaN
 */
export function ranks(scores: Float64Array): Float64Array {
  const order = Uint32Array.from(scores.keys());
  order.sort((a, b) => compare(scores[a] as number, scores[b] as number));
  const result = new Float64Array(scores.length);
  for (let first = 0; first < order.length; ) {
    const value = scores[order[first] as number];
    let end = first + 1;
    while (end < order.length && scores[order[end] as number] === value) end++;
    for (let i = first; i < end; i++) result[order[i] as number] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Weighted mean, [weights], of the ranks that several criteria's scores, [weights] each, give the same weights.
 * O(criteria x weights log weights).
 *
 * @param scores of equal length, no NaN; not checked
 * @param factors one for each criterion; only their ratios count
 */
export function meanRanks(scores: readonly Float64Array[], factors: readonly number[]): Float64Array {
  const total = factors.reduce((sum, factor) => sum + factor, 0);
  const mean = new Float64Array(scores[0]?.length ?? 0);
  scores.forEach((one, k) => {
    const share = (factors[k] as number) / total;
    ranks(one).forEach((rank, i) => (mean[i] = (mean[i] as number) + share * rank));
  });
  return mean;
}
