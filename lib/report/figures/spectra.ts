/** Spectra of the layers: dense, ticket, and the dense layer's entries in random places. */
import type { LayerSpectrum } from '../../diagnostics/spectrum.js';
import { type Figure, type Missing, type Row, isNarrow, plotWidth, short, spread, toColumns } from '../figure.js';
import { colour } from '../theme.js';

export interface NetworkSpectra {
  readonly network: string;
  readonly layers: readonly LayerSpectrum[];
}

const MOST_POINTS = 200;
const SHOWN = ['dense', 'ticket', 'dense, shuffled'];

export function spectraFigure(spectra: readonly NetworkSpectra[]): Figure | Missing {
  const rows: Row[] = [];
  const fits: Row[] = [];
  for (const { network, layers } of spectra) {
    for (const layer of layers) {
      if (layer.status !== 'ok') continue;
      rows.push(...tail(layer.eigenvalues, { layer: layer.name, network }));
      if (network === 'dense' && layer.randomised) {
        rows.push(...tail(layer.randomised.single, { layer: layer.name, network: 'dense, shuffled' }));
      }
      const { powerLaw, eigenvalues } = layer;
      if (powerLaw.status === 'ok') {
        const { alpha, xmin, xmax, spikes } = powerLaw;
        for (const x of [xmin, xmax]) {
          const share = (spikes / eigenvalues.length) * (x / xmin) ** (1 - alpha);
          fits.push({ layer: layer.name, network, eigenvalue: short(x), share: short(share), alpha: short(alpha) });
        }
      }
    }
  }
  const shown = [...new Set(rows.map(({ layer }) => layer as string))];
  if (shown.length === 0) {
    return { missing: 'No layer is large enough for a spectrum: the smaller side must be at least 10.' };
  }
  return {
    id: 'spectra',
    title: 'Spectra of the layers',
    caption:
      'Share of the eigenvalues of W′W that are at least as large as the value on the x axis, both on logarithmic axes: ' +
      'the [[esd|spectrum]] of each layer. Crosses are the same entries in random places: where the dense ' +
      'network’s points lie to their right, the layer holds structure that its entries alone do not explain. A straight ' +
      'line is the fitted power law of the tail; its slope is 1 − [[alpha|α]].',
    alt: `Spectra of ${shown.join(', ')} for the dense network, the ticket and shuffled entries.`,
    data: { rows: toColumns(rows), fits: toColumns(fits) },
    draw: (width) => {
      const columns = isNarrow(width) ? 1 : Math.min(3, shown.length);
      const size = Math.floor((plotWidth(width, 50) - 46 * (columns - 1)) / columns);
      const log = { type: 'log', nice: false };
      const color = {
        field: 'network',
        type: 'nominal',
        title: null,
        scale: { domain: SHOWN, range: ['dense', 'ticket', 'shuffled'].map(colour) },
      };
      return {
        columns,
        concat: shown.map((name) => ({
          title: name,
          width: size,
          height: isNarrow(width) ? 200 : 220,
          layer: [
            {
              data: { name: 'rows' },
              transform: [only(name)],
              mark: { type: 'point', size: 26, filled: false, strokeWidth: 1.3 },
              encoding: {
                x: {
                  field: 'eigenvalue',
                  type: 'quantitative',
                  title: 'eigenvalue',
                  scale: log,
                  axis: { tickCount: 4, format: '~g' },
                },
                y: {
                  field: 'share',
                  type: 'quantitative',
                  title: 'share',
                  scale: log,
                  axis: { tickCount: 4, format: '~%' },
                },
                color,
                shape: {
                  field: 'network',
                  type: 'nominal',
                  title: null,
                  scale: { domain: SHOWN, range: ['circle', 'square', 'cross'] },
                },
                tooltip: [
                  { field: 'network' },
                  { field: 'eigenvalue', format: '.4g' },
                  { field: 'share', title: 'share at least as large', format: '.1%' },
                ],
              },
            },
            {
              data: { name: 'fits' },
              transform: [only(name)],
              mark: { type: 'line', strokeWidth: 1.6 },
              encoding: {
                x: { field: 'eigenvalue', type: 'quantitative' },
                y: { field: 'share', type: 'quantitative' },
                color,
                tooltip: [{ field: 'network' }, { field: 'alpha', title: 'α' }],
              },
            },
          ],
        })),
      };
    },
  };
}

const only = (layer: string): object => ({ filter: { field: 'layer', equal: layer } });

/** The share of eigenvalues that are at least as large as each; those that are 0 have no logarithm. */
function tail(ascending: Float64Array, names: Row): Row[] {
  const first = ascending.findIndex((value) => value > 1e-7);
  if (first < 0) return [];
  const n = ascending.length;
  return spread(n - first, MOST_POINTS).map((i) => ({
    ...names,
    eigenvalue: short(ascending[first + i]),
    share: short((n - first - i) / n),
  }));
}
