/** Accuracy over sparsity, of all methods of a comparison. */
import type { ComparisonRecord } from '../../experiment/summary.js';
import { type Figure, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import { colour } from '../theme.js';
import { counted, percent } from '../words.js';

/** Okabe and Ito's hues, then the same again with dashes. */
const HUES = ['ticket', 'placebo', 'magnitude', 'random', 'shuffled', 'dense'].map(colour);
const DASHES = [
  [1, 0],
  [5, 3],
  [2, 2],
];

export function sparsityFigures({ curves, dense, part, seeds }: ComparisonRecord): Figure[] {
  const methods = curves.map(({ method }) => method);
  const rows = curves.flatMap(({ method, points }) =>
    points.map(({ sparsity, kept, accuracy, againstDense }) => ({
      method,
      sparsity,
      kept,
      accuracy: short(accuracy.mean, 5),
      low: short((accuracy.interval ?? [accuracy.mean])[0], 5),
      high: short((accuracy.interval ?? [0, accuracy.mean])[1], 5),
      difference: short(againstDense.mean),
      differenceLow: short((againstDense.interval ?? [againstDense.mean])[0]),
      differenceHigh: short((againstDense.interval ?? [0, againstDense.mean])[1]),
    })),
  );
  const color = {
    field: 'method',
    type: 'nominal',
    title: null,
    scale: { domain: methods, range: methods.map((_, i) => HUES[i % HUES.length]) },
  };
  const strokeDash = {
    field: 'method',
    type: 'nominal',
    title: null,
    scale: { domain: methods, range: methods.map((_, i) => DASHES[Math.floor(i / HUES.length) % DASHES.length]) },
  };
  // layers that share a legend must agree on it
  const legended = (width: number): object => ({
    ...color,
    legend: { columns: isNarrow(width) ? 3 : 6, symbolType: 'stroke', symbolSize: 400, symbolOpacity: 1 },
  });
  const tooltip = [
    { field: 'method' },
    { field: 'sparsity', format: '.1%' },
    { field: 'kept', title: 'weights kept', format: ',' },
    { field: 'accuracy', format: '.2%' },
    { field: 'low', title: 'from', format: '.2%' },
    { field: 'high', title: 'to', format: '.2%' },
  ];
  const bands = seeds.length > 1;
  const ends = rows.flatMap(({ low, high }) => [low ?? 1, high ?? 0]);
  // intervals of few seeds reach beyond what an accuracy can be
  const domain = [Math.max(0, Math.min(...ends)), Math.min(1, Math.max(...ends, dense.accuracy.mean))];
  const curve: Figure = {
    id: 'sparsity',
    title: 'Accuracy over sparsity',
    caption:
      `Mean ${part} accuracy over ${seeds.length} ${seeds.length === 1 ? '[[seed]]' : '[[seed|seeds]]'} at each [[sparsity]]; bands are [[interval|95 % ` +
      'intervals]], the dashed grey line is the [[dense]] network. At a sparsity all methods keep the same number of ' +
      'weights, so a curve above another is a better choice of weights. Click a name in the legend to single it out.',
    alt: `Curves of ${counted(methods.length, 'method')}; dense ${percent(dense.accuracy.mean)}.`,
    data: { rows: toColumns(rows), dense: toColumns([{ accuracy: short(dense.accuracy.mean, 5) }]) },
    draw: (width) => ({
      width: plotWidth(width),
      height: isNarrow(width) ? 240 : 330,
      layer: [
        {
          data: { name: 'dense' },
          mark: { type: 'rule', strokeDash: [4, 4], color: colour('dense') },
          encoding: { y: { field: 'accuracy', type: 'quantitative' } },
        },
        ...(bands
          ? [
              {
                data: { name: 'rows' },
                mark: { type: 'area', opacity: 0.1, tooltip: false, clip: true },
                encoding: {
                  x: { field: 'sparsity', type: 'quantitative' },
                  y: { field: 'low', type: 'quantitative' },
                  y2: { field: 'high' },
                  color: legended(width),
                  opacity: { condition: { param: 'only', value: 0.13 }, value: 0.02 },
                },
              },
            ]
          : []),
        {
          data: { name: 'rows' },
          params: [{ name: 'only', select: { type: 'point', fields: ['method'] }, bind: 'legend' }],
          mark: { type: 'line', strokeWidth: 2, point: { size: 40 } },
          encoding: {
            x: {
              field: 'sparsity',
              type: 'quantitative',
              title: 'sparsity',
              axis: { format: '.0%' },
              scale: { zero: false },
            },
            y: {
              field: 'accuracy',
              type: 'quantitative',
              title: `${part} accuracy`,
              axis: { format: '~%' },
              scale: { zero: false, domain },
            },
            color: legended(width),
            strokeDash,
            opacity: { condition: { param: 'only', value: 1 }, value: 0.12 },
            tooltip,
          },
        },
      ],
    }),
  };
  const difference: Figure = {
    id: 'sparsity-difference',
    title: 'Ticket minus dense',
    caption:
      'Difference of accuracy from the dense network of the same [[seed]], with [[interval|95 % intervals]] over seeds: ' +
      'left of the line a ticket is worse. One panel for each sparsity. Intervals that cross the line leave open ' +
      'whether anything was lost. No correction is made for the number of comparisons.',
    alt: 'Differences from the dense network by method and sparsity, with intervals; the numbers are in the data.',
    data: { rows: toColumns(rows) },
    draw: (width) => {
      const columns = isNarrow(width) ? 1 : Math.min(3, new Set(rows.map(({ sparsity }) => sparsity)).size);
      const size = Math.floor((width - 120) / columns) - (columns > 1 ? 18 : 0);
      const x = { type: 'quantitative', title: null, axis: { format: '+~%', grid: true, tickCount: 4 } };
      return {
        data: { name: 'rows' },
        facet: { field: 'sparsity', type: 'ordinal', header: { labelExpr: "format(datum.value, '.0%') + ' pruned'" } },
        columns,
        spec: {
          width: size,
          height: { step: 20 },
          encoding: {
            y: { field: 'method', type: 'nominal', sort: methods, title: null, axis: { labelColor: colour('ink') } },
            color: { ...color, legend: null },
            tooltip: [
              { field: 'method' },
              { field: 'difference', format: '+.2%' },
              { field: 'differenceLow', title: 'from', format: '+.2%' },
              { field: 'differenceHigh', title: 'to', format: '+.2%' },
            ],
          },
          layer: [
            {
              mark: { type: 'rule', color: colour('soft'), tooltip: false },
              encoding: { x: { datum: 0, ...x }, y: null, color: { value: colour('soft') } },
            },
            {
              mark: { type: 'rule', strokeWidth: 4, opacity: 0.3, strokeCap: 'round' },
              encoding: { x: { field: 'differenceLow', ...x }, x2: { field: 'differenceHigh' } },
            },
            { mark: { type: 'point', size: 50 }, encoding: { x: { field: 'difference', ...x } } },
          ],
        },
      };
    },
  };
  return [curve, difference];
}
