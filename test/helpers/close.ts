/** How far a number may be from what is expected: |actual - expected| <= absolute + relative * |expected|. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

const exact: Tolerance = { absolute: 0, relative: 0 };

/** The tolerances of METHOD.md, "Numbers that must hold"; the only ones that tests against goldens use. */
export const tolerances = {
  /** Preprocessed features against scikit-learn's. */
  scaledFeatures: { absolute: 1e-12 },
  /** Training replay in float64. */
  replayEpochs: exact,
  replayAccuracies: exact,
  replayFinalWeights: { absolute: 1e-11 },
  replayLogs: { absolute: 1e-12 },
  /** S(k) and pair counts. */
  divergenceCounts: exact,
  divergenceFloat64: { absolute: 1e-11 },
  /** Of the median absolute difference; single near-ties may flip. */
  divergenceFloat32Median: { absolute: 1e-5 },
  authorsExponents: exact,
  /** Where `rankcond` says full rank and smin/smax > 1e-6. */
  granger: { relative: 1e-8 },
  grangerStatuses: exact,
  irisMasks: exact,
  /** METHOD-diagnostics.md: power law, norms, Marchenko-Pastur fit. */
  spectrum: { relative: 1e-9 },
  spikeCounts: exact,
  shapleyExact: { absolute: 1e-12 },
  /** Kernel estimator with all coalitions. */
  shapleyKernel: { absolute: 1e-10 },
  shapleyAdditivity: { absolute: 1e-12 },
} as const satisfies Record<string, Tolerance>;

/**
 * Asserts that numbers agree within a tolerance. NaN equals NaN, an infinity equals itself.
 * @throws Error naming the index that is furthest outside the tolerance
 */
export function assertClose(
  actual: number | ArrayLike<number>,
  expected: number | ArrayLike<number>,
  { absolute = 0, relative = 0 }: Tolerance,
  label = 'values',
): void {
  const a = typeof actual === 'number' ? [actual] : actual;
  const b = typeof expected === 'number' ? [expected] : expected;
  if (a.length !== b.length) throw new Error(`${label}: ${a.length} numbers, expected ${b.length}`);
  let worst = -1;
  let worstExcess = 0;
  let outside = 0;
  for (let i = 0; i < a.length; i++) {
    const excess = distance(a[i]!, b[i]!) - (absolute + relative * finiteMagnitude(b[i]!));
    if (excess <= 0) continue;
    outside++;
    if (excess > worstExcess) {
      worstExcess = excess;
      worst = i;
    }
  }
  if (outside === 0) return;
  throw new Error(
    `${label}: ${outside} of ${a.length} outside absolute ${absolute}, relative ${relative}; ` +
      `worst at index ${worst}: ${a[worst]}, expected ${b[worst]}, difference ${distance(a[worst]!, b[worst]!)}`,
  );
}

function distance(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function finiteMagnitude(x: number): number {
  return Number.isFinite(x) ? Math.abs(x) : 0;
}
