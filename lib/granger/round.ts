/** The nearest integer, halves to the even one (IEEE roundToIntegralTiesToEven). */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Rounds to decimals as numpy's `round` does: multiply by a power of ten, round halves to even, divide. */
export function roundDecimals(x: number, decimals: number): number {
  const scale = 10 ** decimals;
  return roundHalfEven(x * scale) / scale;
}
