/** Whether the causal rule tells a network's own exponents from another's, and what it would find if there were causes. */
import type { Placebo, Power } from '../../pipeline/referee.js';
import { type Figure, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import { SEQUENCE, colour } from '../theme.js';
import { counted, percentShort } from '../words.js';

export function placeboFigure({ matrix, seeds, own, other, tellsApart }: Placebo, id = 'placebo'): Figure {
  const rows = matrix.flatMap((shares, a) =>
    shares.map((share, b) => ({
      source: seeds[a]!,
      target: seeds[b]!,
      share: short(share),
      kind: a === b ? 'own' : 'another seed’s',
    })),
  );
  const most = Math.max(0.01, ...rows.map(({ share }) => share ?? 0));
  return {
    id,
    title: 'Placebo against own',
    caption:
      'Share of the weights that moved which the rule calls [[verdict|causal]]. Left (or above): the exponents of one ' +
      '[[seed]] against the errors of another; the diagonal, outlined, is a network’s own. Right: the same shares by ' +
      'target, own beside [[placebo|placebos]]. Other networks’ exponents cannot have caused these errors: a rule that ' +
      `knows something finds clearly more on the diagonal. Here it finds ${percentShort(own)} there and ` +
      `${percentShort(other)} elsewhere, and ${tellsApart ? 'tells them apart' : 'does not tell them apart'}.`,
    alt: `Own exponents: ${percentShort(own)} called causal on average; other seeds' exponents: ${percentShort(other)}.`,
    data: { rows: toColumns(rows) },
    draw: (width) => {
      const narrow = isNarrow(width);
      const cell = Math.max(18, Math.min(46, Math.floor((narrow ? width - 120 : 240) / seeds.length)));
      const tooltip = [
        { field: 'source', title: 'exponents of seed' },
        { field: 'target', title: 'errors of seed' },
        { field: 'share', title: 'called causal', format: '.2%' },
      ];
      const charts = [
        {
          data: { name: 'rows' },
          width: cell * seeds.length,
          height: cell * seeds.length,
          encoding: {
            x: {
              field: 'target',
              type: 'ordinal',
              title: 'errors of seed',
              axis: { labelAngle: 0 },
              scale: { padding: 0.06 },
            },
            y: { field: 'source', type: 'ordinal', title: 'exponents of seed', scale: { padding: 0.06 } },
          },
          layer: [
            {
              mark: { type: 'rect', cornerRadius: 3 },
              encoding: {
                color: {
                  field: 'share',
                  type: 'quantitative',
                  title: 'called causal',
                  scale: { type: 'quantize', domain: [0, most], range: SEQUENCE },
                  legend: { format: '.1%', gradientLength: 230, gradientThickness: 10, labelOverlap: true },
                },
                tooltip,
              },
            },
            {
              transform: [{ filter: 'datum.source === datum.target' }],
              mark: {
                type: 'rect',
                filled: false,
                stroke: colour('ink'),
                strokeWidth: 2,
                cornerRadius: 3,
                tooltip: false,
              },
            },
          ],
        },
        {
          data: { name: 'rows' },
          width: narrow ? plotWidth(width) : 270,
          height: { step: 34 },
          mark: { type: 'point', size: 90, filled: true },
          encoding: {
            x: { field: 'share', type: 'quantitative', title: 'called causal', axis: { format: '.1%', grid: true } },
            y: { field: 'target', type: 'ordinal', title: 'errors of seed', axis: { labelPadding: 12 } },
            color: {
              field: 'kind',
              type: 'nominal',
              title: 'exponents',
              scale: { domain: ['own', 'another seed’s'], range: [colour('ticket'), colour('placebo')] },
            },
            shape: {
              field: 'kind',
              type: 'nominal',
              title: 'exponents',
              scale: { domain: ['own', 'another seed’s'], range: ['circle', 'diamond'] },
            },
            tooltip,
          },
        },
      ];
      const apart = { resolve: { scale: { color: 'independent', shape: 'independent' } } };
      return narrow ? { vconcat: charts, ...apart } : { hconcat: charts, spacing: 56, ...apart };
    },
  };
}

export function powerFigure({ found, windows, replicates }: Power, id = 'power'): Figure {
  const rows = found.map(({ rSquared, share }) => ({
    strength: rSquared === 0 ? 'none' : String(rSquared),
    share: short(share),
    label: percentShort(share),
  }));
  return {
    id,
    title: 'Power: planted causes found',
    caption:
      `Of ${counted(replicates, 'simulated cause')} in series of ${counted(windows, 'window')}, the share that the rule finds, by the strength ` +
      'of the cause (the share r² of the target’s variance that it explains). The first bar is noise: what is found ' +
      'there is false. Low bars mean that real causes of that strength would go unseen: see [[power]].',
    alt: rows.map(({ strength, label }) => `strength ${strength}: ${label} found`).join('; '),
    data: { rows: toColumns(rows) },
    draw: (width) => ({
      data: { name: 'rows' },
      width: plotWidth(width, 110),
      height: { step: 30 },
      encoding: {
        y: {
          field: 'strength',
          type: 'nominal',
          sort: null,
          title: 'r² of the cause',
          axis: { labelColor: colour('ink'), labelFontSize: 12 },
        },
        x: {
          field: 'share',
          type: 'quantitative',
          title: null,
          scale: { domain: [0, 1] },
          axis: { format: '.0%', grid: true },
        },
      },
      layer: [
        {
          mark: { type: 'bar', height: 14, cornerRadiusEnd: 3 },
          encoding: {
            color: {
              condition: { test: "datum.strength === 'none'", value: colour('placebo') },
              value: colour('ticket'),
            },
          },
        },
        { mark: { type: 'text', align: 'left', dx: 6, tooltip: false }, encoding: { text: { field: 'label' } } },
      ],
    }),
  };
}
