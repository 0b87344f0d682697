/** Where the time went. */
import { type Figure, plotWidth, short, toColumns } from '../figure.js';
import type { RunData } from '../run-data.js';
import { colour } from '../theme.js';
import { counted, duration } from '../words.js';

const WORDS: Record<string, string> = {
  data: 'reading data',
  train: 'dense training',
  lyapunov: 'exponents',
  granger: 'Granger tests',
  score: 'scores',
  retrain: 'tickets',
  baselines: 'baselines',
  referee: 'referee',
};

export function timingsFigure({ record: { seconds, environment } }: RunData): Figure {
  const rows = Object.entries(WORDS).flatMap(([stage, words]) => {
    const time = seconds[stage as keyof typeof seconds];
    return time > 0 ? [{ stage: words, seconds: short(time), label: duration(time) }] : [];
  });
  return {
    id: 'timings',
    title: `Time: ${duration(seconds.total)} in all`,
    caption:
      `Wall time by stage, on ${counted(environment.threads, 'thread')} of ${environment.cpu}. Exponents are computed while the ` +
      'dense network trains; their share is shown apart.',
    alt: rows.map(({ stage, label }) => `${stage} ${label}`).join(', '),
    data: { rows: toColumns(rows) },
    draw: (width) => {
      const y = {
        field: 'stage',
        type: 'nominal',
        sort: rows.map(({ stage }) => stage),
        title: null,
        axis: { labelColor: colour('ink'), labelFontSize: 12 },
      };
      return {
        data: { name: 'rows' },
        width: plotWidth(width, 160),
        height: { step: 26 },
        encoding: { y, x: { field: 'seconds', type: 'quantitative', title: null, axis: null } },
        layer: [
          { mark: { type: 'bar', color: colour('ticket'), height: 14, cornerRadiusEnd: 3 } },
          { mark: { type: 'text', align: 'left', dx: 6, tooltip: false }, encoding: { text: { field: 'label' } } },
        ],
      };
    },
  };
}
