/** The story of a comparison of methods. */
import type { ComparisonRecord, CurvePoint } from '../experiment/summary.js';
import { comparisonAnswer } from './answer.js';
import { placeboFigure, powerFigure } from './figures/placebo.js';
import { sparsityFigures } from './figures/sparsity.js';
import { bullets, details, list, paragraphs, prose, remarks, table } from './html.js';
import type { Block, Chapter, Html } from './section.js';
import { count, counted, decimal, percent, percentShort } from './words.js';

export function comparisonChapter(record: ComparisonRecord, id: string): Chapter {
  const { data, network, seeds, curves, dense, part } = record;
  const answer = comparisonAnswer(record);
  const range = seeds.length === 1 ? `seed ${seeds[0]}` : `${seeds.length} seeds`;
  const referee = record.referee.flatMap(({ method, placebo, power, verdict }): Block[] => [
    { html: `<h3>${prose(method)}</h3>` },
    ...(placebo
      ? [placeboFigure(placebo, `placebo-${idOf(method)}`)]
      : [{ missing: 'One seed has no placebo: give more.' }]),
    powerFigure(power, `power-${idOf(method)}`),
    { html: bullets(verdict) },
  ]);
  return {
    id,
    title: data.name,
    subtitle: `Comparison of ${counted(curves.length, 'method')}, network ${network.sizes.join('–')}, ${range}`,
    numbers: [
      [String(curves.length), curves.length === 1 ? 'method' : 'methods'],
      [String(seeds.length), seeds.length === 1 ? 'seed' : 'seeds'],
      [percent(dense.accuracy.mean), `dense, ${part} accuracy`],
      [count(network.weights), 'weights, dense'],
    ],
    sections: [
      { id: 'run', title: 'What was run', blocks: [whatWasRun(record), { html: remarks('Remarks', record.notes) }] },
      {
        id: 'answer',
        title: 'The answer',
        lead: answer[0]!,
        blocks: [{ html: paragraphs(answer.slice(1)) }, accuracies(record), ...failures(record)],
      },
      { id: 'sparsity', title: 'Accuracy against sparsity', blocks: sparsityFigures(record) },
      { id: 'convergence', title: 'Epochs to converge, winning tickets', blocks: convergence(record) },
      ...(record.controls.length > 0 ? [{ id: 'controls', title: 'Controls', blocks: [controls(record)] }] : []),
      {
        id: 'referee',
        title: 'Placebo against own',
        blocks: referee.length > 0 ? referee : [{ missing: 'No causal method was compared.' }],
      },
    ],
  };
}

/** A method's name as part of an id and of a file's name: `ft(series=weights)` becomes ft-series-weights. */
const idOf = (method: string): string => method.replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/-$/, '');

function whatWasRun({ data, network, seeds, config, legcnet, hash, curves, part }: ComparisonRecord): Html {
  const facts: [string, string][] = [
    ['Data', `${data.name}: ${counted(data.features, 'feature')}, ${counted(data.classes.length, 'class', 'classes')}`],
    [
      'Network',
      `${network.sizes.join('–')}, ${counted(network.weights, 'weight')}, ${counted(network.parameters, 'parameter')}`,
    ],
    ['[[seed|Seeds]]', seeds.join(', ')],
    ['Judged on', `the ${part} part`],
    ['Version', `legcnet ${legcnet}`],
    ['Configuration', hash],
  ];
  const rows = Object.entries(config).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const methods = table({
    caption: 'Methods',
    columns: [{ name: 'method' }, { name: 'what it is' }, { name: 'layer densities' }],
    rows: curves.map(({ method, help, density }) => [method, help, density]),
  });
  const full = table({ caption: 'All options', columns: [{ name: 'option' }, { name: 'value' }], rows });
  return { html: list(facts) + methods + details(`All ${rows.length} options`, full) };
}

/** One row a method, one column a sparsity. */
function bySparsity({ curves }: ComparisonRecord, caption: string, cell: (point: CurvePoint) => string): Html {
  return {
    html: table({
      caption,
      columns: [
        { name: 'method' },
        ...(curves[0]?.points ?? []).map(({ sparsity, kept }) => ({
          name: `${percentShort(sparsity)} pruned, ${counted(kept, 'weight')}`,
          numeric: true,
        })),
      ],
      rows: curves.map(({ method, points }) => [method, ...points.map(cell)]),
      classes: curves.map(({ method }) => (method === 'ft' || method === 'pt' ? 'network ticket' : '')),
    }),
  };
}

function accuracies(record: ComparisonRecord): Html {
  const { part, dense } = record;
  const half = (interval: readonly [number, number] | null): string =>
    interval ? ` ± ${(50 * (interval[1] - interval[0])).toFixed(2)}` : '';
  return bySparsity(
    record,
    `Mean ${part} accuracy in percent and half of its [[interval|95 % interval]]; dense ${percent(dense.accuracy.mean)}`,
    ({ accuracy: { n, mean, interval } }) => (n === 0 ? '–' : `${(100 * mean).toFixed(2)}${half(interval)}`),
  );
}

function convergence(record: ComparisonRecord): Html[] {
  return [
    bySparsity(
      record,
      `Mean epoch of the least validation loss; dense ${decimal(record.dense.converged.mean, 1)}`,
      ({ converged: { n, mean } }) => (n === 0 ? '–' : decimal(mean, 1)),
    ),
    bySparsity(
      record,
      'Share of the seeds whose [[ticket]] reaches the dense accuracy in no more epochs than the [[dense]] network took for it',
      ({ lottery: { seeds, share } }) => (seeds.length === 0 ? '–' : percentShort(share)),
    ),
  ];
}

/** What the numbers above lack. */
const failures = ({ failures: all }: ComparisonRecord): Html[] =>
  all.length === 0
    ? []
    : [
        {
          html: table({
            caption: 'What could not be had of some seeds; the numbers are those of the others',
            columns: [
              { name: 'what' },
              { name: 'sparsity', numeric: true },
              { name: 'seeds' },
              { name: 'why, of the first' },
            ],
            rows: all.map(({ what, sparsity, seeds, reason }) => [
              what,
              sparsity === null ? '' : percentShort(sparsity),
              seeds.join(', '),
              reason,
            ]),
          }),
        },
      ];

function controls({ controls: all }: ComparisonRecord): Html {
  return {
    html: table({
      caption:
        'Tickets beside their controls: the same mask [[shuffled|shuffled within layers]], and with other initial weights. Differences in points; a ticket that does not beat the first knows nothing inside layers',
      columns: [
        { name: 'method' },
        { name: 'control' },
        ...['sparsity', 'control', 'ticket minus control', 'from', 'to'].map((name) => ({ name, numeric: true })),
      ],
      rows: all.map(({ method, sparsity, kind, accuracy, difference }) => [
        method,
        kind === 'shuffled' ? 'shuffled within layers' : 're-initialised',
        percentShort(sparsity),
        percent(accuracy.mean),
        difference.n === 0 ? '–' : decimal(100 * difference.mean, 2),
        decimal(difference.interval && 100 * difference.interval[0], 2),
        decimal(difference.interval && 100 * difference.interval[1], 2),
      ]),
    }),
  };
}
