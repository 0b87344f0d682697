/** What the networks' outputs rest on: importance of features, and single values as swarms. */
import { type ShapleyValues, importance } from '../../diagnostics/shapley.js';
import type { NdArray } from '../../data/ndarray.js';
import { type Figure, type Pick, type Row, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import { colour, networkColours } from '../theme.js';
import { counted } from '../words.js';
import { pixelMap } from './mask.js';

export interface ShapleyData {
  readonly featureNames: readonly string[];
  readonly classes: readonly string[];
  /** [samples, features] */
  readonly samples: NdArray<Float64Array>;
  /** dense, ticket */
  readonly networks: readonly { readonly name: string; readonly values: ShapleyValues }[];
  /** Side of the images that samples are. */
  readonly side: number | undefined;
}

const MOST_FEATURES = 12;
const MOST_SAMPLES = 120;

export const shapleyFigures = (data: ShapleyData): Figure[] =>
  data.side === undefined ? [bars(data), swarms(data)] : [importanceMap(data, data.side)];

const rowsOf = ({ samples }: ShapleyData): number => samples.shape[0] ?? 0;

function bars(data: ShapleyData): Figure {
  const { networks, featureNames } = data;
  const order = featuresByImportance(data);
  const rows = networks.flatMap(({ name, values }) => {
    const of = importance(values);
    return order.map((j) => ({ feature: featureNames[j] ?? `feature ${j}`, network: name, importance: short(of[j]) }));
  });
  const names = networks.map(({ name }) => name);
  return {
    id: 'shapley-importance',
    title: 'Importance of features',
    caption:
      `Mean [[shapley|Shapley value]] by size over ${counted(rowsOf(data), 'row')} (${networks[0]!.values.estimator}), summed over ` +
      'outputs. Where the two bars of a feature agree, the [[ticket]] rests on what the [[dense]] network rested on.' +
      (order.length < featureNames.length
        ? ` The ${order.length} most important of ${featureNames.length} are shown.`
        : ''),
    alt: `Importance of features; the most important is ${rows[0]?.feature}.`,
    data: { rows: toColumns(rows) },
    draw: (width) => ({
      data: { name: 'rows' },
      width: plotWidth(width, isNarrow(width) ? 120 : 210),
      height: { step: 13 },
      mark: { type: 'bar', cornerRadiusEnd: 2, height: { band: 0.85 } },
      encoding: {
        y: {
          field: 'feature',
          type: 'nominal',
          sort: null,
          title: null,
          axis: { labelColor: colour('ink'), labelFontSize: 12, labelLimit: isNarrow(width) ? 100 : 190 },
        },
        yOffset: { field: 'network', type: 'nominal', sort: names },
        x: { field: 'importance', type: 'quantitative', title: 'mean |φ|', axis: { grid: true } },
        color: { field: 'network', type: 'nominal', title: null, scale: networkColours(names) },
        tooltip: [
          { field: 'feature' },
          { field: 'network' },
          { field: 'importance', title: 'mean |φ|', format: '.4f' },
        ],
      },
    }),
  };
}

function swarms(data: ShapleyData): Figure {
  const { networks, classes, featureNames } = data;
  const order = featuresByImportance(data);
  const names = order.map((j) => featureNames[j] ?? `feature ${j}`);
  const outputs = networks[0]!.values.base.length;
  const options: Pick[] = networks.flatMap(({ name, values }) =>
    Array.from({ length: outputs }, (_, o) => {
      const output = outputs === 1 ? (classes[1] ?? 'output') : (classes[o] ?? `output ${o}`);
      return {
        value: `${name}-${o}`,
        label: `${name}: ${output}`,
        data: { swarm: toColumns(swarm(data, values, o, order)) },
      };
    }),
  );
  const first = options.find(({ value }) => value.startsWith('ticket'));
  const ordered = first ? [first, ...options.filter((option) => option !== first)] : options;
  return {
    id: 'shapley-swarm',
    title: 'Every row’s Shapley values',
    caption:
      'One point for each row and feature: how far the feature pushes that row’s output up (right) or down (left), see ' +
      '[[shapley|Shapley values]]. Darker points (brighter on a dark page) are high values of the feature. A feature whose dark points ' +
      'lie on one side works in one direction.',
    alt: `Swarms of Shapley values of ${names.join(', ')}.`,
    data: {},
    picks: { label: 'Network and output', options: ordered },
    draw: (width) => ({
      data: { name: 'swarm' },
      width: plotWidth(width, isNarrow(width) ? 120 : 210),
      height: { step: 36 },
      encoding: {
        y: {
          field: 'feature',
          type: 'nominal',
          sort: names,
          title: null,
          axis: { labelColor: colour('ink'), labelFontSize: 12, labelLimit: isNarrow(width) ? 100 : 190, grid: true },
        },
      },
      layer: [
        {
          mark: { type: 'point', size: isNarrow(width) ? 14 : 22, opacity: 0.9, clip: true },
          encoding: {
            yOffset: { field: 'offset', type: 'quantitative', scale: { domain: [-1, 1] } },
            x: { field: 'phi', type: 'quantitative', title: 'φ', axis: { grid: true } },
            color: {
              field: 'level',
              type: 'quantitative',
              title: 'value of the feature',
              scale: { type: 'quantize', domain: [0, 1], range: ['s2', 's3', 's4', 's5'].map(colour) },
              legend: {
                labelExpr:
                  "datum.value > 0.2 && datum.value < 0.3 ? 'low' : datum.value > 0.7 && datum.value < 0.8 ? 'high' : ''",
                gradientLength: 120,
                gradientThickness: 10,
              },
            },
            tooltip: [
              { field: 'feature' },
              { field: 'row' },
              { field: 'phi', title: 'φ', format: '+.4f' },
              { field: 'value', title: 'value, scaled', format: '.3g' },
            ],
          },
        },
      ],
    }),
  };
}

function swarm(data: ShapleyData, { values }: ShapleyValues, output: number, order: readonly number[]): Row[] {
  const { samples, featureNames } = data;
  const [rows = 0, features = 0, outputs = 1] = values.shape;
  const shown = Math.min(rows, MOST_SAMPLES);
  const phis = (j: number): number[] =>
    Array.from({ length: shown }, (_, i) => values.data[(i * features + j) * outputs + output]!);
  const all = order.flatMap((j) => phis(j));
  const range = Math.max(...all) - Math.min(...all) || 1;
  return order.flatMap((j) => {
    const column = Array.from({ length: shown }, (_, i) => samples.data[i * features + j]!);
    const [low, high] = [Math.min(...column), Math.max(...column)];
    const phi = phis(j);
    const offsets = swarmOffsets(phi.map((value) => value / range));
    return phi.map((value, i) => ({
      feature: featureNames[j] ?? `feature ${j}`,
      row: i,
      phi: short(value),
      offset: offsets[i]!,
      level: high > low ? short((column[i]! - low) / (high - low), 2) : 0.5,
      value: short(column[i], 3),
    }));
  });
}

/** Width of a point in a swarm, of the range of all values; and how far apart rows of points are, of half a band. */
const POINT = 0.012;
const STEP = 0.2;
const OUTERMOST = 0.9;

/**
 * Places points that would cover each other beside the line, in turn above and below it; closer together where the pile
 * would leave its band.
 * @param values in units of the axis' length
 * @returns -1..1 for each
 */
export function swarmOffsets(values: readonly number[]): number[] {
  const ends = new Map<number, number>();
  const rows = new Array<number>(values.length).fill(0);
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  for (const i of order) {
    let turn = 0;
    const row = (): number => (turn % 2 === 1 ? (turn + 1) / 2 : -turn / 2);
    while ((ends.get(row()) ?? Number.NEGATIVE_INFINITY) + POINT > values[i]!) turn++;
    ends.set(row(), values[i]!);
    rows[i] = row();
  }
  const furthest = Math.max(1, ...rows.map(Math.abs));
  const step = Math.min(STEP, OUTERMOST / furthest);
  return rows.map((row) => Number((row * step).toFixed(3)));
}

function importanceMap({ networks, samples }: ShapleyData, side: number): Figure {
  const maps = networks.map(({ name, values }) => ({ name, of: importance(values) }));
  const most = Math.max(...maps.flatMap(({ of }) => [...of]));
  return {
    id: 'shapley-pixels',
    title: 'Importance of pixels',
    caption:
      `Mean [[shapley|Shapley value]] by size of each pixel over ${counted(samples.shape[0]!, 'test image')} ` +
      `(${networks[0]!.values.estimator}, an estimate), summed over the classes. Where the maps of [[dense]] network and ` +
      '[[ticket]] agree, pruning left what the decision rests on.',
    alt: `Map of importance over the ${side} by ${side} image.`,
    data: {},
    picks: {
      label: 'Network',
      options: maps.map(({ name, of }) => ({
        value: name,
        label: name,
        data: {
          rows: toColumns(
            Array.from(of, (value, pixel) => ({
              x: pixel % side,
              y: Math.floor(pixel / side),
              importance: short(value, 3),
            })),
          ),
        },
      })),
    },
    draw: (width) => pixelMap(width, side, { field: 'importance', title: 'mean |φ|', most }),
  };
}

/** Of the ticket if there is one, the most important first. */
function featuresByImportance({ networks }: ShapleyData): number[] {
  const of = importance((networks.find(({ name }) => name === 'ticket') ?? networks[0]!).values);
  return Array.from(of, (_, j) => j)
    .sort((a, b) => of[b]! - of[a]! || a - b)
    .slice(0, MOST_FEATURES);
}
