/** The story of one run, in order. */
import { type OptionName, options } from '../options.js';
import type { RunRecord } from '../pipeline/record.js';
import { quotedPart, runAnswer } from './answer.js';
import { accuracyFigure } from './figures/accuracy.js';
import { curveFigures } from './figures/curves.js';
import { exponentFigure } from './figures/exponents.js';
import { maskFigures } from './figures/mask.js';
import { placeboFigure, powerFigure } from './figures/placebo.js';
import { pValueFigure } from './figures/pvalues.js';
import { type ShapleyData, shapleyFigures } from './figures/shapley.js';
import { type NetworkSpectra, spectraFigure } from './figures/spectra.js';
import { timingsFigure } from './figures/timings.js';
import type { Figure, Missing } from './figure.js';
import { bullets, details, list, paragraphs, remarks, table } from './html.js';
import { methodName, networksOf } from './networks.js';
import type { RunData } from './run-data.js';
import type { Chapter, Html, Section } from './section.js';
import { count, counted, decimal, percent, percentShort } from './words.js';

/** What is computed for a report beside what the folder holds. */
export interface Extras {
  readonly spectra: readonly NetworkSpectra[] | Missing;
  readonly shapley: ShapleyData | Missing;
  readonly weight: Figure | Missing;
}

/** Instead of what only a watched training has. */
export const NOT_WATCHED: Missing = {
  missing: 'This method does not watch the training: there are no exponents and no tests.',
};

export function runChapter(run: RunData, extras: Extras, id: string): Chapter {
  const { record } = run;
  const watched = run.watched && { ...run, ...run.watched };
  const { config, data, ticket, dense, referee } = record;
  const part = quotedPart(record);
  const answer = runAnswer(record);
  const sizes = [data.features, ...run.layers.map(({ outputs }) => outputs)].join('–');
  const { spectra, shapley } = extras;
  const sections: Section[] = [
    {
      id: 'run',
      title: 'What was run',
      blocks: [whatWasRun(record, sizes), { html: remarks('Remarks of the run', record.notes) }],
    },
    {
      id: 'answer',
      title: 'The answer',
      lead: answer[0]!,
      blocks: [{ html: paragraphs(answer.slice(1)) }, networksTable(record), accuracyFigure(run)],
    },
    { id: 'curves', title: 'Training curves', blocks: curveFigures(run) },
    {
      id: 'mask',
      title: 'The mask',
      lead: 'Which weights are left, and where.',
      blocks: [layersTable(run), ...maskFigures(run)],
    },
    {
      id: 'causes',
      title: 'Exponents and tests',
      lead: 'What the rule saw: how chaotically the weights moved, and whether that foretold the errors.',
      blocks: watched ? [exponentFigure(watched), pValueFigure(watched)] : [NOT_WATCHED],
    },
    {
      id: 'referee',
      title: 'Placebo against own',
      blocks: referee
        ? [
            ...(referee.placebo
              ? [placeboFigure(referee.placebo)]
              : [{ missing: 'No other seed had windows enough for a placebo.' }]),
            powerFigure(referee.power),
            { html: bullets(referee.verdict) },
          ]
        : [
            {
              missing:
                'This run was made without a referee: legcnet prune --referee adds placebo, power and stability.',
            },
          ],
    },
    { id: 'weight', title: 'Explain a weight', blocks: [extras.weight] },
    {
      id: 'spectra',
      title: 'Spectra',
      lead: 'What the layers’ weight matrices hold beyond noise, before and after pruning.',
      blocks: 'missing' in spectra ? [spectra] : [spectraFigure(spectra), spectraTable(spectra)],
    },
    {
      id: 'shapley',
      title: 'What the networks look at',
      blocks: 'missing' in shapley ? [shapley] : shapleyFigures(shapley),
    },
    { id: 'timings', title: 'Timings', blocks: [timingsFigure(run)] },
  ];
  return {
    id,
    title: data.name,
    subtitle: `${methodName(config)}, preset ${config.preset}, network ${sizes}, seed ${record.seeds.network}`,
    numbers: [
      [percentShort(ticket.sparsity), 'of the weights pruned'],
      [percent(ticket.accuracy[part]), `ticket, ${part} accuracy`],
      [percent(dense.accuracy[part]), 'dense network'],
      record.verdicts
        ? [count(record.verdicts.causal), record.verdicts.causal === 1 ? 'weight found causal' : 'weights found causal']
        : [count(ticket.weights), ticket.weights === 1 ? 'weight left' : 'weights left'],
    ],
    sections,
  };
}

function whatWasRun(record: RunRecord, sizes: string): Html {
  const { data, config, seeds, environment, legcnet, configHash, windows } = record;
  const { train, validation, test } = data.parts;
  const facts: [string, string][] = [
    [
      'Data',
      `${data.name}: ${counted(data.rows, 'row')}, ${counted(data.features, 'feature')}, ${counted(data.classes.length, 'class', 'classes')}`,
    ],
    ['Parts', `${count(train)} training, ${count(validation)} validation, ${counted(test, 'test row')}`],
    ['Network', `${sizes}, ${String(config.activation)}, ${String(config.outputActivation)} outputs`],
    [
      'Training',
      `${counted(config.epochs!, 'epoch')} at most, batches of ${config.batchSize}, rate ${config.learningRate}`,
    ],
    ['Method', `${methodName(config)}, preset ${config.preset}`],
    ['[[window|Windows]]', windows === null ? 'none' : `${count(windows)} of ${counted(config.window!, 'step')}`],
    ['[[seed|Seeds]]', `network ${seeds.network}, split ${seeds.split}`],
    ['Version', `legcnet ${legcnet}, Node ${environment.node}, ${environment.variant}`],
    ['Machine', `${environment.cpu}, ${counted(environment.threads, 'thread')}`],
    ['Configuration', configHash],
  ];
  const rows = Object.entries(config).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
    options[name as OptionName]?.help ?? '',
  ]);
  const full = table({
    caption: 'All options, as they were resolved; legcnet prune --config takes them as JSON',
    columns: [{ name: 'option' }, { name: 'value' }, { name: 'what it is' }],
    rows,
  });
  return { html: list(facts) + details(`All ${rows.length} options`, full) };
}

/** Dense against ticket against baselines at matched sparsity. */
function networksTable(record: RunRecord): Html {
  const networks = networksOf(record);
  const part = quotedPart(record);
  return {
    html: table({
      caption: `All networks; the tickets keep the same number of weights in each layer ([[baseline|baselines]]). Macro [[f1]] and loss on the ${part} part`,
      columns: [
        { name: 'network' },
        ...['weights', 'pruned', 'epochs', 'training', 'validation', 'test', 'F1', 'loss'].map((name) => ({
          name,
          numeric: true,
        })),
      ],
      rows: networks.map(({ name, network }) => [
        name,
        count(network.weights),
        percentShort(1 - network.weights / record.ticket.prunable),
        String(network.epochs),
        percent(network.accuracy.train),
        percent(network.accuracy.validation),
        percent(network.accuracy.test),
        decimal(network.f1[part]),
        decimal(network.loss[part]),
      ]),
      classes: networks.map(({ name }) => `network ${name}`),
    }),
  };
}

function layersTable(run: RunData): Html {
  const { record, layers } = run;
  return {
    html: table({
      caption: 'Weights by layer, and the [[verdict|verdicts]] on them',
      columns: [
        { name: 'layer' },
        ...['neurons', 'inputs', 'kept', 'share kept', 'causal', 'non-causal', 'undecided', 'static'].map((name) => ({
          name,
          numeric: true,
        })),
      ],
      rows: layers.map(({ name, outputs, inputs, offset }) => {
        const counts = { causal: 0, 'non-causal': 0, undecided: 0, static: 0 };
        for (let w = offset; w < offset + outputs * inputs; w++) if (run.watched) counts[run.watched.verdict(w)]++;
        const { kept = 0 } = record.ticket.perLayer.find((layer) => layer.name === name) ?? {};
        const shown = [outputs, inputs, kept].map(count);
        return [
          name,
          ...shown,
          percentShort(kept / (outputs * inputs)),
          ...Object.values(counts).map((n) => (run.watched ? count(n) : '–')),
        ];
      }),
    }),
  };
}

function spectraTable(spectra: readonly NetworkSpectra[]): Html {
  const rows = spectra.flatMap(({ network, layers }) =>
    layers.map((layer) => {
      const [head, size] = [`${network} ${layer.name}`, layer.shape.join('\u00a0×\u00a0')];
      if (layer.status !== 'ok') return [head, size, layer.status, ...new Array<string>(5).fill('–')];
      const { powerLaw, marchenkoPastur, stableRank, logSpectralNorm, warnings } = layer;
      return [
        head,
        size,
        warnings.join(', ') || 'ok',
        powerLaw.status === 'ok' ? decimal(powerLaw.alpha, 2) : '–',
        powerLaw.status === 'ok' ? decimal(powerLaw.distance, 3) : '–',
        decimal(stableRank, 2),
        decimal(logSpectralNorm, 2),
        marchenkoPastur.status === 'ok' ? String(marchenkoPastur.spikes) : '–',
      ];
    }),
  );
  return {
    html: table({
      caption: 'Spectra in numbers, as WeightWatcher has them; D is the distance between the tail and its fit',
      columns: [
        { name: 'layer' },
        { name: 'size' },
        { name: 'status' },
        ...['[[alpha|α]]', 'D', 'stable rank', 'log₁₀ λ max', 'spikes'].map((name) => ({ name, numeric: true })),
      ],
      rows,
    }),
  };
}
