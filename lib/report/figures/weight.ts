/** Explain a weight: its movement, its exponents, the test at each lag, and what follows. */
import { grangerTest } from '../../granger/granger.js';
import { GRANGER_STATUSES } from '../../granger/status.js';
import { takeRows } from '../../data/ndarray.js';
import type { JobOptions } from '../../native.js';
import { testOptions } from '../../pipeline/causality.js';
import { type Figure, type Pick as Choice, isNarrow, plotWidth, short, spread, toColumns } from '../figure.js';
import { type RunData, type WatchedRun, configOf, inputNames } from '../run-data.js';
import { colour } from '../theme.js';
import { counted, decimal, pText } from '../words.js';

/** Numbers of all weights' series together at most, which is what the page's size hangs on. */
const MOST_NUMBERS = 20_000;
const MOST_WEIGHTS = 60;
const MOST_POINTS = 300;

/** Which weights are explained: those whose series were kept, or else a spread over layers and scores. */
export function explainedWeights(run: WatchedRun): number[] {
  const room = Math.max(8, Math.min(MOST_WEIGHTS, Math.floor(MOST_NUMBERS / Math.min(run.windows, MOST_POINTS))));
  if (run.explained) {
    const { weights } = run.explained;
    return spread(weights.length, room).map((i) => weights[i]!);
  }
  const each = Math.floor(room / run.layers.length);
  return run.layers.flatMap(({ offset, outputs, inputs }) => {
    const byScore = Array.from({ length: outputs * inputs }, (_, i) => offset + i).sort(
      (a, b) => run.score[b]! - run.score[a]! || a - b,
    );
    return spread(byScore.length, each)
      .map((i) => byScore[i]!)
      .sort((a, b) => a - b);
  });
}

/** The layer of a weight, and where in it the weight is. */
export function placeOf(
  { layers }: Pick<RunData, 'layers'>,
  weight: number,
): { layer: string; output: number; input: number } {
  const layer = layers.findLast(({ offset }) => offset <= weight)!;
  const place = weight - layer.offset;
  return { layer: layer.name, output: Math.floor(place / layer.inputs), input: place % layer.inputs };
}

export async function weightFigure(run: WatchedRun, job: JobOptions = {}): Promise<Figure> {
  const { record, misclassification } = run;
  const { windows } = run;
  const weights = explainedWeights(run);
  const config = configOf(record);
  const { alpha } = config;
  const test = await grangerTest(takeRows(run.exponents, weights), misclassification, {
    ...testOptions(config),
    perLag: true,
    ...job,
  });
  const shown = spread(windows, MOST_POINTS);
  const names = inputNames(run, run.layers[0]!);
  const options = weights.map((weight, row): Choice => {
    const { layer, output, input } = placeOf(run, weight);
    const feature = names && layer === run.layers[0]!.name ? names[input] : undefined;
    const verdict = run.verdict(weight);
    const kept = run.mask[weight] === 1;
    const used = test.lagOrder[row]!;
    const lags = test.lags.map((lag, k) => {
      const at = row * test.lags.length + k;
      const status = GRANGER_STATUSES[test.perLag.status.data[at]!] ?? 'ok';
      return { lag, p: short(test.perLag.pValue.data[at]), status, used: lag === used };
    });
    return {
      value: String(weight),
      label: `${layer} [${output}, ${feature ?? input}] ${verdict}, ${kept ? 'kept' : 'pruned'}`,
      group: `Layer ${layer}`,
      data: {
        exponents: toColumns(
          shown.map((i) => ({ window: i + 1, exponent: short(run.exponents.data[weight * windows + i]) })),
        ),
        lags: toColumns(lags),
        ...(run.explained && { series: seriesOf(run, weight) }),
      },
      facts: [
        ['Weight', `${layer}: neuron ${output}, input ${feature ?? input} (number ${weight})`],
        ['[[verdict|Verdict]]', verdict],
        ['In the [[mask]]', kept ? 'kept' : 'pruned'],
        ['[[lag|Lag]] used', used === 0 ? 'none: no test could run' : counted(used, 'window')],
        ['[[pvalue|p-value]]', `${pText(run.plainPValue[weight]!)} alone, ${pText(run.pValue[weight]!)} corrected`],
        [
          '[[score|Score]]',
          run.score[weight] === Number.NEGATIVE_INFINITY ? 'lowest: it never moved' : decimal(run.score[weight]),
        ],
      ],
    };
  });
  // the one with the most to see
  const initial = weights.reduce((best, w, i) => (run.score[w]! > run.score[weights[best]!]! ? i : best), 0);
  const hasSeries = run.explained !== undefined;
  return {
    id: 'weight',
    title: 'Explain a weight',
    caption:
      `${hasSeries ? 'From above: the weight’s movement through training; ' : 'From above: '}its ` +
      '[[exponent|exponent]] in each [[window]], with the [[misclassification]] that it is to predict; and the ' +
      '[[pvalue|p-value]] of the [[granger|Granger]] test at each [[lag]], the filled one being the lag used, the line ' +
      `α = ${alpha} before the correction for ${counted(run.mask.length, 'weight')}. ${counted(weights.length, 'weight')} can be chosen, ` +
      `${hasSeries ? 'those whose movement was kept' : 'spread over layers and scores'}` +
      `${hasSeries ? '.' : '; run folders of older versions do not hold the movement itself.'}`,
    alt: `Series of one weight at a time; first ${options[initial]?.label}. Verdict and numbers are in the list beside it.`,
    data: {
      target: toColumns(shown.map((i) => ({ window: i + 1, misclassification: short(misclassification[i]) }))),
    },
    picks: { label: 'Weight', options, initial },
    draw: (width) => {
      const size = plotWidth(width);
      const x = { field: 'window', type: 'quantitative', scale: { nice: false, domain: [1, windows] } };
      const line = (
        name: string,
        y: object,
        color: string,
        height: number,
        title: string | null,
        more = {},
      ): object => ({
        data: { name },
        width: size,
        height,
        mark: { type: 'line', color: colour(color), strokeWidth: 1.5, clip: true, ...more },
        encoding: {
          x: { ...x, title },
          y: { type: 'quantitative', scale: { zero: false }, axis: { tickCount: 3 }, ...y },
        },
      });
      return {
        vconcat: [
          ...(hasSeries
            ? [
                {
                  data: { name: 'series' },
                  width: size,
                  height: 110,
                  mark: { type: 'line', color: colour('shuffled'), strokeWidth: 1.5 },
                  encoding: {
                    x: { field: 'iterate', type: 'quantitative', title: 'training step', scale: { nice: false } },
                    y: {
                      field: 'value',
                      type: 'quantitative',
                      title: run.explained?.series === 'difference' ? 'difference from the twin' : 'weight',
                      scale: { zero: false },
                      axis: { tickCount: 3, format: '~g' },
                    },
                  },
                },
              ]
            : []),
          line(
            'exponents',
            { field: 'exponent', title: 'exponent, nats per step', axis: { tickCount: 3, format: '~g' } },
            'ticket',
            130,
            null,
          ),
          line(
            'target',
            { field: 'misclassification', title: 'misclassification', axis: { tickCount: 3, format: '.0%' } },
            'placebo',
            70,
            'window',
            { interpolate: 'step-after' },
          ),
          {
            data: { name: 'lags' },
            width: size,
            height: 110,
            layer: [
              {
                mark: { type: 'rule', strokeDash: [4, 4], color: colour('placebo'), tooltip: false },
                encoding: { y: { datum: alpha, type: 'quantitative' } },
              },
              {
                mark: { type: 'bar', width: isNarrow(width) ? 14 : 22, cornerRadiusEnd: 3, stroke: colour('ticket') },
                encoding: {
                  x: { field: 'lag', type: 'ordinal', title: 'lag, windows', axis: { labelAngle: 0 } },
                  y: {
                    field: 'p',
                    type: 'quantitative',
                    title: 'p-value',
                    scale: { domain: [0, 1] },
                    axis: { tickCount: 3 },
                  },
                  fillOpacity: { condition: { test: 'datum.used', value: 1 }, value: 0.15 },
                  color: { value: colour('ticket') },
                  tooltip: [
                    { field: 'lag' },
                    { field: 'p', format: '.4f' },
                    { field: 'status' },
                    { field: 'used', title: 'the lag used' },
                  ],
                },
              },
            ],
          },
        ],
      };
    },
  };
}

function seriesOf({ explained }: WatchedRun, weight: number) {
  const { weights, every, values } = explained!;
  const columns = values.shape[1] ?? 0;
  const row = weights.indexOf(weight);
  const at = spread(columns, MOST_POINTS);
  return {
    iterate: at.map((i) => i * every),
    value: at.map((i) => short(values.data[row * columns + i], 5)),
  };
}
