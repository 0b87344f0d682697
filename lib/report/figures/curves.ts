/** Accuracy and loss after each epoch, of all networks of a run. */
import { type Figure, type Missing, type Row, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import type { RunData } from '../run-data.js';
import { NETWORKS, networkColours, networkDashes } from '../theme.js';

const PARTS = ['validation', 'test', 'train'] as const;

export function curveFigures({ curves, record }: RunData): (Figure | Missing)[] {
  if (!curves) {
    return [
      {
        missing:
          'No curves: this run folder is of an older version of legcnet and has no curves.json. The figure above shows ' +
          'where the networks ended.',
      },
    ];
  }
  return (['accuracy', 'loss'] as const).map((measure): Figure | Missing => {
    const names = NETWORKS.filter((name) => curves[name]);
    const rows: Row[] = names.flatMap((network) =>
      PARTS.flatMap((part) =>
        (curves[network]![measure][part] ?? []).flatMap((value, i) =>
          value === null ? [] : [{ network, part, epoch: curves[network]!.epochs[i]!, value: short(value, 5) }],
        ),
      ),
    );
    if (rows.length === 0) return { missing: `No ${measure} was evaluated after each epoch.` };
    const parts = PARTS.filter((part) => rows.some((row) => row.part === part));
    const long = Math.max(...names.map((name) => curves[name]!.epochs.at(-1) ?? 0)) > 30;
    const last = record.dense[measure][parts[0]!];
    return {
      id: `curves-${measure}`,
      title: measure === 'accuracy' ? 'Accuracy by epoch' : 'Loss by epoch',
      caption:
        (measure === 'accuracy'
          ? 'Share of rows classified correctly after each epoch; higher is better. '
          : 'Mean loss after each epoch; lower is better. ') +
        'One panel for each part of the data, the same scale in all. A [[ticket]] that climbs as fast as the [[dense]] ' +
        'network lost nothing by pruning; [[baseline|baselines]] that climb alongside it say that the choice of weights ' +
        'did not matter. ' +
        (long ? 'Epochs are on a logarithmic axis, since most happens in the first. ' : '') +
        'Click a name in the legend to single it out.',
      alt: `Lines of ${measure} over epochs for ${names.join(', ')}; the dense network ends at ${short(last, 3)} on the ${parts[0]} part.`,
      data: { rows: toColumns(rows) },
      draw: (width) => {
        const legend = { symbolType: 'stroke', symbolSize: 500, columns: isNarrow(width) ? 3 : 6 };
        const columns = isNarrow(width) ? 1 : parts.length;
        return {
          data: { name: 'rows' },
          facet: { field: 'part', type: 'nominal', sort: parts },
          columns,
          spacing: 26,
          spec: {
            width: Math.floor((plotWidth(width) - 26 * (columns - 1)) / columns),
            height: isNarrow(width) ? 150 : 210,
            params: [{ name: 'only', select: { type: 'point', fields: ['network'] }, bind: 'legend' }],
            mark: { type: 'line', strokeWidth: 2, point: { size: long ? 5 : 24 } },
            encoding: {
              x: { field: 'epoch', type: 'quantitative', title: 'epoch', ...epochAxis(long) },
              y: {
                field: 'value',
                type: 'quantitative',
                title: null,
                scale: { zero: false },
                axis: measure === 'accuracy' ? { format: '.0%' } : {},
              },
              color: { field: 'network', type: 'nominal', title: null, scale: networkColours(names), legend },
              strokeDash: { field: 'network', type: 'nominal', title: null, scale: networkDashes(names), legend },
              opacity: { condition: { param: 'only', value: 1 }, value: 0.12 },
              tooltip: [
                { field: 'network' },
                { field: 'part' },
                { field: 'epoch' },
                { field: 'value', title: measure, format: measure === 'accuracy' ? '.2%' : '.4f' },
              ],
            },
          },
        };
      },
    };
  });
}

/** Long trainings have most of their story in the first epochs. */
const epochAxis = (long: boolean): object =>
  long
    ? { scale: { type: 'log', nice: false }, axis: { values: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], format: 'd' } }
    : { axis: { tickMinStep: 1, format: 'd' } };
