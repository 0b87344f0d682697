/**
 * legcnet: prunes dense neural networks by chaos and causality.
 *
 * @packageDocumentation
 */
export { LegcnetError, type LegcnetErrorCode } from './errors.js';
export {
  type CriterionName,
  type CriterionSpec,
  type OptionName,
  type OptionValues,
  criteria,
  criterionNames,
  options,
} from './options.js';
export type { JobOptions, Progress } from './native.js';

export type { NdArray, TypedArray } from './data/ndarray.js';
export { type Dataset, type DatasetName, type LoadOptions, datasetNames, loadDataset } from './data/datasets.js';
export { type ReadNpyOptions, readNpy, writeNpy } from './data/npy.js';
export { type Scaler, type Scaling, applyScaler, fitScaler, scaleParts } from './data/scale.js';
export { type Split, type SplitOptions, split } from './data/split.js';

export { Mlp, type LayerShape, type NetworkOptions } from './network/mlp.js';
export { type Metrics, macroScores } from './network/metrics.js';
export { type Features, type NativeSamples, type Part, toNativeSamples } from './network/samples.js';
export {
  type PartName,
  type Scores,
  type TrainOptions,
  type TrainRecord,
  type TrainResult,
  type TrainerState,
  type TrainingParts,
  type WatchOptions,
  type WatchedSeries,
  train,
} from './network/train.js';
export { type Safetensors, readSafetensors, writeSafetensors } from './interchange/safetensors.js';

export {
  type DivergenceCurves,
  type DivergenceOptions,
  type LyapunovExponents,
  type LyapunovOptions,
  divergenceCurve,
  lyapunovExponents,
} from './lyapunov/lyapunov.js';
export type { SeriesStatus } from './lyapunov/status.js';
export { type ExponentOptions, resolveExponent } from './lyapunov/options.js';
export { windowStarts, windowStride } from './lyapunov/windows.js';
export { type Correction, adjustPValues } from './granger/adjust.js';
export {
  type GrangerOptions,
  type GrangerResult,
  type GrangerSummary,
  type GrangerVerdict,
  grangerTest,
} from './granger/granger.js';
export { GRANGER_STATUSES, type GrangerStatus } from './granger/status.js';
export { type StationarityOptions, type StationarityResult, stationarityTest } from './granger/stationarity.js';

export { type LayerMask, type MaskSummary, summarise } from './mask/mask.js';
export { type Density, layerCounts, magnitudeScores, selectByCounts, selectBySparsity } from './mask/select.js';
export {
  type Criterion,
  type Judged,
  type Need,
  type ScoreContext,
  type ScoreOptions,
  criterion,
  scoreWeights,
} from './mask/criteria.js';
export { type GradientOptions, type LossGradient, hessianProduct, lossGradient } from './mask/gradients.js';
export { meanRanks, ranks } from './mask/ranks.js';
export {
  type LotteryOptions,
  type RoundOptions,
  type RoundStart,
  type TrainRound,
  lotteryTicket,
  pruneInRounds,
  roundTrainer,
  roundsFor,
} from './mask/rounds.js';
export {
  type LossChangeAllocation,
  type Trajectory,
  lossChangeAllocation,
  movementScores,
  trainByEpoch,
  trainPartly,
  trajectoryOf,
} from './mask/trajectory.js';

export { type Judgement, type Verdict, type VerdictCounts, judge } from './pipeline/causality.js';
export { type PruneConfig, resolveConfig } from './pipeline/config.js';
export { type PruneOptions, type PruneResult, type StageProgress, type Ticket, prune } from './pipeline/prune.js';
export { type RunReferee } from './pipeline/referee-run.js';
export {
  type Overlap,
  type Placebo,
  type PlaceboColumn,
  type Power,
  type SeedSeries,
  maskOverlap,
  placeboColumn,
  power,
  shuffleWithinLayers,
  summarisePlacebo,
} from './pipeline/referee.js';
export { type Estimate, Resampler } from './pipeline/referee-statistics.js';
export {
  type NetworkRecord,
  type RefereeRecord,
  type RunRecord,
  type TicketRecord,
  toRecord,
} from './pipeline/record.js';
export { type Curves, type NetworkCurve, type NetworkName, curvesOf } from './pipeline/curves.js';
export { writeRunFolder } from './pipeline/run-folder.js';
export {
  type Approximation,
  type ApproximationOptions,
  type WidthExperiment,
  type WidthOptions,
  approximationBound,
  approximationByWidth,
} from './diagnostics/approximation.js';
export { type Model, type Models, readModels, toNetwork } from './diagnostics/models.js';
export { type ExplainedData, explainedData } from './diagnostics/explained-data.js';
export {
  type Agreement,
  type Comparison,
  type Consistency,
  type ExplainedRun,
  type NamedAgreement,
  agreement,
  consistency,
  shapleyConsistency,
} from './diagnostics/consistency.js';
export {
  type Estimator,
  type Explained,
  type ShapleyOptions,
  type ShapleyValues,
  importance,
  meanAbsolute,
  shapley,
} from './diagnostics/shapley.js';
export {
  type LayerSpectrum,
  type MarchenkoPastur,
  type NamedMatrix,
  type PowerLaw,
  type PowerLawScan,
  type RandomisedSpectrum,
  type SpectrumOptions,
  type SpectrumWarning,
  fitEigenvalues,
  marchenkoPasturDensity,
  spectrum,
} from './diagnostics/spectrum.js';
export { type Table4Row, table4 } from './diagnostics/table4.js';
export {
  type RenderReportOptions,
  type Report,
  type ReportProgress,
  type WriteReportOptions,
  renderReport,
  writeReport,
} from './report/report.js';
export { version } from './pipeline/version.js';
export { type CompareOptions, type CompareProgress, compare } from './experiment/compare.js';
export {
  type ComparisonRecord,
  type Curve,
  type CurvePoint,
  type Failure,
  type Pair,
} from './experiment/summary.js';
export {
  type SensitivityRecord,
  type SensitivityRunOptions,
  type WeightSensitivity,
  randomisePhases,
  sensitivity,
} from './experiment/sensitivity.js';
export { type Replay, type ReplayedRun, replay } from './experiment/replay.js';
export {
  type MaskComparison,
  type RecomputedMask,
  compareMasks,
} from './experiment/reproduce-masks.js';
export { type ReproduceOptions, type Reproduction, reproduce } from './experiment/reproduce.js';
