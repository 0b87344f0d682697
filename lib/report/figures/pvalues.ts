/** p-values beside what they would be if nothing caused anything, and where the line is drawn. */
import { type Figure, type Missing, isNarrow, plotWidth, short, spread, toColumns } from '../figure.js';
import { type WatchedRun, configOf } from '../run-data.js';
import { colour } from '../theme.js';
import { count, counted } from '../words.js';

const BINS = 20;
const MOST_POINTS = 300;

export function pValueFigure(run: WatchedRun): Figure | Missing {
  const { record } = run;
  const sorted = run.plainPValue.filter((p) => !Number.isNaN(p)).sort();
  const m = sorted.length;
  if (m === 0) return { missing: 'No weight could be tested, so there are no p-values.' };
  const { alpha, correction } = configOf(record);
  const harmonic = correction === 'by' ? sorted.reduce((sum, _, k) => sum + 1 / (k + 1), 0) : 1;
  const cut = (k: number): number => (correction === 'none' ? alpha : (alpha * (k + 1)) / m / harmonic);
  const bins = new Array<number>(BINS).fill(0);
  for (const p of sorted) bins[Math.min(BINS - 1, Math.floor(p * BINS))]!++;
  const { causal } = run.counts;
  return {
    id: 'pvalues',
    title: 'p-values of all weights',
    caption:
      `Left (or above): how many of the ${counted(m, 'tested weight')} have a [[pvalue|p-value]] in each twentieth; the dashed ` +
      'line is what tests of pure noise would give. Bars that rise above it at 0 are causes, or a trend that everything ' +
      'shares. Right: the same p-values in order. ' +
      (correction === 'none'
        ? `The line is α = ${alpha}: no correction is made for the number of tests.`
        : `Those below the [[fdr|false-discovery cut]] (α = ${alpha}) are called [[verdict|causal]].`) +
      ` Here ${count(causal)} ${causal === 1 ? 'is' : 'are'}.`,
    alt: `Histogram of ${counted(m, 'p-value')}, ${count(bins[0]!)} of them below 0.05 where ${count(Math.round(m / BINS))} would be by chance; ${counted(causal, 'weight')} ${causal === 1 ? 'is' : 'are'} called causal.`,
    data: {
      bins: toColumns(
        bins.map((weights, i) => ({ from: i / BINS, to: (i + 1) / BINS, weights, expected: short(m / BINS) })),
      ),
      ordered: toColumns(
        spread(m, MOST_POINTS).map((k) => ({
          rank: short((k + 1) / m, 5),
          p: short(sorted[k]),
          uniform: short((k + 1) / m),
          cut: short(cut(k)),
        })),
      ),
    },
    draw: (width) => {
      const narrow = isNarrow(width);
      const size = narrow ? plotWidth(width) : Math.floor((plotWidth(width) - 84) / 2);
      const height = narrow ? 170 : 230;
      const charts = [
        {
          data: { name: 'bins' },
          width: size,
          height,
          layer: [
            {
              mark: { type: 'bar', color: colour('ticket'), binSpacing: 1, clip: true },
              encoding: {
                x: {
                  field: 'from',
                  bin: { binned: true, step: 1 / BINS },
                  type: 'quantitative',
                  title: 'p-value',
                  axis: { values: [0, 0.25, 0.5, 0.75, 1], grid: false },
                },
                x2: { field: 'to' },
                y: { field: 'weights', type: 'quantitative', title: 'weights', axis: { format: ',d', tickMinStep: 1 } },
                tooltip: [
                  { field: 'from', title: 'p from' },
                  { field: 'to' },
                  { field: 'weights', format: ',' },
                  { field: 'expected', title: 'if noise', format: ',.1f' },
                ],
              },
            },
            {
              mark: { type: 'rule', strokeDash: [4, 4], color: colour('ink') },
              encoding: { y: { aggregate: 'max', field: 'expected', type: 'quantitative' } },
            },
          ],
        },
        {
          data: { name: 'ordered' },
          width: size,
          height,
          encoding: {
            x: { field: 'rank', type: 'quantitative', title: 'share of the weights', axis: { format: '.0%' } },
          },
          layer: [
            {
              mark: { type: 'line', strokeDash: [4, 4], color: colour('ink'), strokeWidth: 1, tooltip: false },
              encoding: { y: { field: 'uniform', type: 'quantitative' } },
            },
            {
              mark: { type: 'line', color: colour('placebo'), strokeWidth: 2, tooltip: false },
              encoding: { y: { field: 'cut', type: 'quantitative' } },
            },
            {
              mark: { type: 'point', color: colour('ticket'), size: m > 100 ? 14 : 30 },
              encoding: {
                y: { field: 'p', type: 'quantitative', title: 'p-value' },
                tooltip: [
                  { field: 'rank', title: 'share of weights', format: '.2%' },
                  { field: 'p', format: '.4f' },
                  { field: 'cut', title: 'cut there', format: '.4f' },
                ],
              },
            },
          ],
        },
      ];
      return narrow ? { vconcat: charts } : { hconcat: charts, spacing: 40 };
    },
  };
}
