/** How the exponents of all weights are distributed, window by window, beside the misclassification. */
import { quantile } from '../../pipeline/referee-statistics.js';
import { type Columns, type Figure, type Missing, type Row, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import type { ReportLayer, WatchedRun } from '../run-data.js';
import { colour } from '../theme.js';
import { counted } from '../words.js';

/** Points along the x axis at most; neighbouring windows are pooled. */
const MOST_POINTS = 240;
const SHARES = { q05: 0.05, q25: 0.25, q50: 0.5, q75: 0.75, q95: 0.95 } as const;

export function exponentFigure(run: WatchedRun): Figure | Missing {
  const { windows } = run;
  const pooled = Math.ceil(windows / MOST_POINTS);
  const all = { name: 'all layers', offset: 0, outputs: run.mask.length, inputs: 1 };
  const layers: ReportLayer[] = run.layers.length > 1 ? [all, ...run.layers] : [...run.layers];
  const options = layers.flatMap((layer) => {
    const bands = exponentBands(run, layer, pooled);
    return bands === undefined ? [] : [{ value: layer.name, label: layer.name, data: { bands } }];
  });
  if (options.length === 0) return { missing: 'No weight moved, so there are no exponents.' };
  const errors = toColumns(
    Array.from({ length: Math.ceil(windows / pooled) }, (_, i) => {
      const part = run.misclassification.subarray(i * pooled, (i + 1) * pooled);
      return { window: i * pooled + 1, misclassification: short(part.reduce((a, b) => a + b, 0) / part.length) };
    }),
  );
  return {
    id: 'exponents',
    title: 'Exponents over the training',
    caption:
      'Above: the [[exponent|Lyapunov exponents]] of all weights that moved, window by window' +
      `${pooled > 1 ? ` (${pooled} windows pooled at each point)` : ''}: the line is the median, the dark band holds half ` +
      'of the weights, the pale one nine tenths. Below: the [[misclassification]] at the end of each [[window]]. ' +
      'A trend that both share, such as the transient of the first epochs, makes any test find causes: see the ' +
      '[[placebo]].',
    alt: `Bands of exponents over ${counted(windows, 'window')}: median from ${short(firstMedian(options[0]!.data.bands), 3)} to ${short(lastMedian(options[0]!.data.bands), 3)} nats per step.`,
    data: { errors },
    picks: { label: 'Layer', options },
    draw: (width) => {
      const x = {
        field: 'window',
        type: 'quantitative',
        title: 'window',
        scale: { nice: false, domain: [1, windows] },
      };
      const band = (low: string, high: string, opacity: number): object => ({
        mark: { type: 'area', color: colour('ticket'), opacity, tooltip: false, clip: true },
        encoding: { y: { field: low, type: 'quantitative', title: 'nats per step' }, y2: { field: high } },
      });
      const size = plotWidth(width);
      return {
        vconcat: [
          {
            data: { name: 'bands' },
            width: size,
            height: isNarrow(width) ? 180 : 240,
            encoding: { x: { ...x, title: null } },
            layer: [
              band('q05', 'q95', 0.16),
              band('q25', 'q75', 0.3),
              {
                mark: { type: 'line', color: colour('ticket'), strokeWidth: 2, clip: true },
                encoding: { y: { field: 'q50', type: 'quantitative' } },
              },
              {
                mark: { type: 'rule', strokeWidth: 14, opacity: 0 },
                encoding: {
                  tooltip: [
                    { field: 'window' },
                    { field: 'q50', title: 'median', format: '.4f' },
                    { field: 'q25', title: 'from (half)', format: '.4f' },
                    { field: 'q75', title: 'to (half)', format: '.4f' },
                    { field: 'q05', title: 'from (9 of 10)', format: '.4f' },
                    { field: 'q95', title: 'to (9 of 10)', format: '.4f' },
                  ],
                },
              },
            ],
          },
          {
            data: { name: 'errors' },
            width: size,
            height: 80,
            mark: { type: 'line', color: colour('placebo'), interpolate: 'step-after', strokeWidth: 1.5, clip: true },
            encoding: {
              x,
              y: {
                field: 'misclassification',
                type: 'quantitative',
                title: 'misclassification',
                axis: { format: '.0%', tickCount: 3 },
              },
            },
          },
        ],
      };
    },
  };
}

/** Quantiles over the weights of a layer that moved; undefined where none did. */
export function exponentBands(
  run: WatchedRun,
  { offset, outputs, inputs }: ReportLayer,
  pooled: number,
): Columns | undefined {
  const { windows } = run;
  const moved: number[] = [];
  for (let w = offset; w < offset + outputs * inputs; w++) {
    if (run.score[w] !== Number.NEGATIVE_INFINITY) moved.push(w);
  }
  if (moved.length === 0) return undefined;
  const rows: Row[] = [];
  for (let first = 0; first < windows; first += pooled) {
    const end = Math.min(first + pooled, windows);
    const values = new Float64Array(moved.length * (end - first));
    let filled = 0;
    for (const w of moved) {
      for (let i = first; i < end; i++) values[filled++] = run.exponents.data[w * windows + i]!;
    }
    values.sort();
    const row: Row = { window: first + 1 };
    for (const [name, share] of Object.entries(SHARES)) row[name] = short(quantile(values, share));
    rows.push(row);
  }
  return toColumns(rows);
}

const firstMedian = (bands: Columns): number => Number(bands.q50?.[0]);
const lastMedian = (bands: Columns): number => Number(bands.q50?.at(-1));
