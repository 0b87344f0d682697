/** Where the networks of a run ended, with what the number of test rows leaves open. */
import { type Figure, plotWidth, short, toColumns } from '../figure.js';
import type { RunData } from '../run-data.js';
import { colour, networkColours } from '../theme.js';
import { networksOf } from '../networks.js';
import { counted, wilson } from '../words.js';

export function accuracyFigure({ record }: RunData): Figure {
  const networks = networksOf(record);
  const part = (['test', 'validation', 'train'] as const).find((name) => record.dense.accuracy[name] !== undefined)!;
  const n = record.data.parts[part];
  const rows = networks.map(({ name, network }) => {
    const accuracy = network.accuracy[part] ?? Number.NaN;
    const [low, high] = wilson(accuracy, n);
    return {
      network: name,
      accuracy: short(accuracy, 6),
      low: short(low),
      high: short(high),
      weights: network.weights,
    };
  });
  const names = networks.map(({ name }) => name);
  return {
    id: 'accuracy',
    title: `Accuracy on the ${part} part`,
    caption:
      `Points are the accuracies after training, bars their [[interval|95 % intervals]] on ${counted(n, 'row')}. All but the ` +
      '[[dense]] network keep the same number of weights in each layer. Where bars overlap widely, this one run does ' +
      'not say which network is better.',
    alt: `Accuracy: ${networks.map(({ name, network }) => `${name} ${short(network.accuracy[part], 4)}`).join(', ')}.`,
    data: { rows: toColumns(rows) },
    draw: (width) => {
      const y = {
        field: 'network',
        type: 'nominal',
        sort: names,
        title: null,
        axis: { labelColor: colour('ink'), labelFontSize: 12 },
      };
      const x = {
        type: 'quantitative',
        scale: { zero: false, nice: true },
        axis: { format: '.1%', grid: true },
        title: null,
      };
      const color = { field: 'network', type: 'nominal', scale: networkColours(names), legend: null };
      return {
        data: { name: 'rows' },
        width: plotWidth(width, 90),
        height: { step: 30 },
        encoding: {
          y,
          color,
          tooltip: [
            { field: 'network' },
            { field: 'accuracy', format: '.2%' },
            { field: 'low', title: 'from', format: '.2%' },
            { field: 'high', title: 'to', format: '.2%' },
            { field: 'weights', title: 'weights kept', format: ',' },
          ],
        },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 5, opacity: 0.3, strokeCap: 'round' },
            encoding: { x: { field: 'low', ...x }, x2: { field: 'high' } },
          },
          { mark: { type: 'point', size: 110 }, encoding: { x: { field: 'accuracy', ...x } } },
        ],
      };
    },
  };
}
