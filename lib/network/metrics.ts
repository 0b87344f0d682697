/** Scores computed from a confusion matrix. */

/** Scores of a network on one part of a data set. */
export interface Metrics {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** Share of samples that are right by the network's accuracy rule. */
  readonly accuracy: number;
  /** Unweighted mean over classes of tp / (tp + fp), a class never predicted counting 0. */
  readonly precision: number;
  /** Unweighted mean over classes of tp / (tp + fn). */
  readonly recall: number;
  /** Unweighted mean over classes of 2 tp / (2 tp + fp + fn). */
  readonly f1: number;
  readonly rows: number;
}

/** Native evaluations, entry i of each array (confusion: classes x classes entries) being one of them. */
export interface NativeEvaluations {
  readonly loss: Float64Array;
  readonly rows: Float64Array;
  readonly correct: Float64Array;
  readonly confusion: Uint32Array;
}

/**
 * Macro-averaged precision, recall and F1, as scikit-learn computes them with zero_division=0: classes that occur
 * neither among the labels nor among the predictions are left out. Cost: O(classes^2).
 *
 * @param confusion [true class, predicted class], row-major; its length is not checked
 */
export function macroScores(
  confusion: ArrayLike<number>,
  classes: number,
): { precision: number; recall: number; f1: number } {
  let [precision, recall, f1, present] = [0, 0, 0, 0];
  for (let c = 0; c < classes; c++) {
    const hits = confusion[c * classes + c] as number;
    let [labelled, predicted] = [0, 0];
    for (let k = 0; k < classes; k++) {
      labelled += confusion[c * classes + k] as number;
      predicted += confusion[k * classes + c] as number;
    }
    if (labelled + predicted === 0) continue;
    present++;
    precision += predicted === 0 ? 0 : hits / predicted;
    recall += labelled === 0 ? 0 : hits / labelled;
    f1 += (2 * hits) / (labelled + predicted);
  }
  if (present === 0) return { precision: 0, recall: 0, f1: 0 };
  return { precision: precision / present, recall: recall / present, f1: f1 / present };
}

/** Evaluation `index` of a native result; undefined when its part has no rows. */
export function metricsAt(evaluations: NativeEvaluations, index: number): Metrics | undefined {
  const rows = evaluations.rows[index] ?? 0;
  if (rows === 0) return undefined;
  const cells = evaluations.confusion.length / evaluations.rows.length;
  return {
    loss: evaluations.loss[index] as number,
    accuracy: (evaluations.correct[index] as number) / rows,
    ...macroScores(evaluations.confusion.subarray(index * cells, (index + 1) * cells), Math.sqrt(cells)),
    rows,
  };
}
