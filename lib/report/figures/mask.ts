/** Which weights are kept, layer by layer, and for images by pixel. */
import { type Figure, type Row, isNarrow, plotWidth, short, toColumns } from '../figure.js';
import { csvTable } from '../csv.js';
import { type ReportLayer, type RunData, inputNames } from '../run-data.js';
import { SEQUENCE, colour } from '../theme.js';
import { count, counted, percentShort } from '../words.js';

/** A layer with more weights is shown in blocks of inputs; so that the page stays small, all layers share a number too. */
const MOST_CELLS = 2500;
const MOST_CELLS_OF_ALL = 6000;
/** Layers shown at most. */
const MOST_LAYERS = 8;
/** The CSV has every weight of a run with no more than these, at some 3 bytes each in the page. */
const MOST_IN_CSV = 300_000;

export function maskFigures(run: RunData): Figure[] {
  const figures = run.layers.slice(0, MOST_LAYERS).map((layer) => layerFigure(run, layer));
  const side = imageSide(run);
  return side === undefined ? figures : [pixelFigure(run, side), ...figures];
}

/** Side of the square images that the inputs are, if they look like it. */
export function imageSide({ record, layers }: Pick<RunData, 'record' | 'layers'>): number | undefined {
  const side = Math.sqrt(layers[0]?.inputs ?? 0);
  const pixels = record.config.scaling === 'pixel' || record.data.name === 'mnist';
  return pixels && Number.isInteger(side) && side >= 8 ? side : undefined;
}

/** Cells of a layer, inputs in blocks of `block`. */
export function maskCells(
  { mask }: Pick<RunData, 'mask'>,
  layer: ReportLayer,
  block: number,
  names?: readonly string[],
): Row[] {
  const { outputs, inputs, offset } = layer;
  const rows: Row[] = [];
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input += block) {
      const end = Math.min(input + block, inputs);
      let kept = 0;
      for (let i = input; i < end; i++) kept += mask[offset + output * inputs + i]!;
      const first = offset + output * inputs + input;
      rows.push({
        ...{ output, input, end, ...(names && { feature: fromTo(names[input]!, names[end - 1]!) }) },
        ...{ kept, of: end - input, share: short(kept / (end - input), 3) },
        // a click on a single weight explains it
        ...(block === 1 && { weight: first }),
      });
    }
  }
  return rows;
}

const fromTo = (first: string, last: string): string => (first === last ? first : `${first} to ${last}`);

/** The mask of a layer as a table: a row a neuron, a column an input, 1 keeps. */
export function maskCsv({ mask }: Pick<RunData, 'mask'>, layer: ReportLayer, names?: readonly string[]): string {
  const { outputs, inputs, offset } = layer;
  const head = names ?? Array.from({ length: inputs }, (_, input) => `input ${input}`);
  const rows = Array.from({ length: outputs }, (_, output) => {
    const first = offset + output * inputs;
    return [output, ...mask.subarray(first, first + inputs)];
  });
  return csvTable(['neuron', ...head], rows);
}

export function layerFigure(run: RunData, layer: ReportLayer): Figure {
  const { name, outputs, inputs } = layer;
  const side = name === run.layers[0]?.name ? imageSide(run) : undefined;
  const names = inputNames(run, layer);
  const cells = Math.min(MOST_CELLS, MOST_CELLS_OF_ALL / Math.min(run.layers.length, MOST_LAYERS));
  const most = Math.ceil((outputs * inputs) / cells);
  const block = most <= 1 ? 1 : side ? side * Math.ceil(most / side) : most;
  const rows = maskCells(run, layer, block, names);
  const inCsv = block === 1 || run.mask.length <= MOST_IN_CSV;
  const { kept = 0 } = run.record.ticket.perLayer.find((one) => one.name === name) ?? {};
  const share = kept / (outputs * inputs);
  const unit =
    block === 1
      ? 'weight'
      : block === side
        ? 'row of pixels'
        : side
          ? `block of ${counted(block / side, 'row')} of pixels`
          : `block of ${block} inputs`;
  return {
    id: `mask-${name}`,
    title: `Layer ${name}: ${percentShort(share)} kept`,
    caption:
      `The [[mask]] of ${name}: ${outputs === 1 ? 'one neuron' : `${outputs} neurons`} down, ${counted(inputs, 'input')} across; each cell is one ${unit}. ` +
      (block === 1
        ? 'Filled cells are kept, pale ones pruned. '
        : 'The darker (on a dark page, the brighter) a cell, the more of its weights are kept; ' +
          `${inCsv ? 'every weight is in the CSV' : `the CSV has the blocks, every weight is in mask.${name}.npy of the run folder`}. `) +
      'An empty row is a neuron cut off from its inputs; an empty column an input that this layer no longer sees.',
    alt: `Heat map of the mask of layer ${name}: ${count(kept)} of ${counted(outputs * inputs, 'weight')} kept.`,
    data: { rows: toColumns(rows) },
    ...(inCsv && { csv: () => maskCsv(run, layer, names) }),
    draw: (width) => {
      const plot = plotWidth(width, 56);
      const columns = Math.ceil(inputs / block);
      const cell = Math.max(1, Math.min(34, Math.floor(plot / columns)));
      const across = Math.min(plot, cell * columns);
      const height = Math.max(48, Math.min(440, outputs * Math.min(cell, outputs > 20 ? 9 : 26)));
      return {
        data: { name: 'rows' },
        width: across,
        height,
        mark: { type: 'rect', stroke: colour('panel'), strokeWidth: cell > 6 ? 1 : 0.4 },
        encoding: {
          x: names ? namedAxis(names, block, across) : axis('input', 'input', columns, across),
          y: axis('output', 'neuron', outputs, height),
          color: {
            field: 'share',
            type: 'quantitative',
            title: block === 1 ? null : 'share kept',
            scale: { type: 'quantize', domain: [0, 1], range: block === 1 ? [SEQUENCE[0], SEQUENCE[4]] : SEQUENCE },
            legend:
              block === 1
                ? null
                : { format: '.0%', gradientLength: isNarrow(width) ? 140 : 180, gradientThickness: 10 },
          },
          tooltip: [
            { field: 'output', title: 'neuron' },
            names
              ? { field: 'feature', title: block === 1 ? 'feature' : 'features' }
              : { field: 'input', title: block === 1 ? 'input' : 'first input' },
            { field: 'kept', title: 'kept' },
            { field: 'of', title: 'of' },
          ],
        },
      };
    },
  };
}

/** A band scale with labels on as many values as there is room for. */
function axis(field: string, title: string, values: number, room: number): object {
  const every = Math.max(1, Math.ceil((values * 24) / room));
  return {
    field,
    type: 'ordinal',
    title,
    scale: { paddingInner: 0, paddingOuter: 0 },
    axis: {
      labelAngle: 0,
      labelExpr: `indexof(domain('${field === 'input' ? 'x' : 'y'}'), datum.value) % ${every} === 0 ? datum.label : ''`,
      domain: false,
    },
  };
}

/** The axis of inputs that have names, which stand on the slant and need no title. */
function namedAxis(names: readonly string[], block: number, room: number): object {
  const every = block * Math.max(1, Math.ceil((names.length * 18) / (block * room)));
  const shown = Object.fromEntries(names.flatMap((name, input) => (input % every === 0 ? [[input, name]] : [])));
  // Vega's expressions have no line separators within strings
  const literal = JSON.stringify(shown).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
  return {
    ...axis('input', 'feature', names.length, room),
    title: null,
    axis: {
      ...{ labelAngle: -40, labelLimit: 200, labelOverlap: false, domain: false },
      labelExpr: `${literal}[datum.value] || ''`,
    },
  };
}

function pixelFigure({ layers, mask }: RunData, side: number): Figure {
  const { outputs, inputs, offset, name } = layers[0]!;
  const rows = Array.from({ length: inputs }, (_, pixel) => {
    let kept = 0;
    for (let output = 0; output < outputs; output++) kept += mask[offset + output * inputs + pixel]!;
    return { x: pixel % side, y: Math.floor(pixel / side), kept };
  });
  const most = Math.max(1, ...rows.map(({ kept }) => kept));
  return {
    id: 'mask-pixels',
    title: 'Kept weights by pixel',
    caption:
      `How many of the ${outputs} weights from each pixel to ${name} are kept, back on the ${side} × ${side} image. ` +
      'Pixels that are the same in every training image never move a weight: they are [[verdict|static]] and go first. ' +
      'Structure beyond that frame shows which parts of the image the ticket still reads.',
    alt: `The ${side} by ${side} image with ${counted(rows.filter(({ kept }) => kept === 0).length, 'pixel')} without a kept weight; at most ${counted(most, 'weight')} of a pixel ${most === 1 ? 'is' : 'are'} kept.`,
    data: { rows: toColumns(rows) },
    draw: (width) => pixelMap(width, side, { field: 'kept', title: 'weights kept', most }),
  };
}

/** A square image of one value a pixel. */
export function pixelMap(
  width: number,
  side: number,
  { field, title, most }: { field: string; title: string; most: number },
): object {
  const size = Math.min(plotWidth(width, 20), 392);
  const place = (name: string): object => ({
    field: name,
    type: 'ordinal',
    axis: null,
    scale: { paddingInner: 0, paddingOuter: 0, domain: Array.from({ length: side }, (_, i) => i) },
  });
  return {
    data: { name: 'rows' },
    width: size,
    height: size,
    mark: { type: 'rect' },
    encoding: {
      x: place('x'),
      y: place('y'),
      color: {
        field,
        type: 'quantitative',
        title,
        scale: { type: 'quantize', domain: [0, most], range: SEQUENCE },
        legend: { gradientLength: 180, gradientThickness: 10, format: most < 1 ? '.1e' : '.0f' },
      },
      tooltip: [
        { field: 'y', title: 'row' },
        { field: 'x', title: 'column' },
        { field, title },
      ],
    },
  };
}
