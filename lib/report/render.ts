/** From figures to drawings: Vega-Lite to Vega, Vega to SVG. */
import { type Datasets, type Figure, WIDTHS, shownData, toRows } from './figure.js';
import type { Charts } from './peers.js';
import { CONFIG, FONTS } from './theme.js';

/** A Vega spec, as far as it is looked at here. */
interface VegaSpec {
  readonly data?: readonly { readonly name: string; readonly values?: unknown }[];
}

export interface Drawing {
  /** Vega specs whose data are to be filled in, and what they look like to begin with. */
  readonly specs: { readonly wide: object; readonly narrow: object };
  readonly svg: { readonly wide: string; readonly narrow: string };
}

export async function drawFigure(figure: Figure, prefix: string, charts: Charts): Promise<Drawing> {
  const data = shownData(figure);
  const one = async (kind: 'wide' | 'narrow'): Promise<[object, string]> => {
    const spec = compile(figure.draw(WIDTHS[kind]), charts);
    const view = new charts.vega.View(charts.vega.parse(withData(spec, data)), { renderer: 'none', logLevel: 1 });
    const svg = withOwnIds(compact(await view.toSVG()), `${prefix}${figure.id}-${kind}`);
    view.finalize();
    return [spec, svg];
  };
  const [wide, narrow] = [await one('wide'), await one('narrow')];
  return { specs: { wide: wide[0], narrow: narrow[0] }, svg: { wide: wide[1], narrow: narrow[1] } };
}

function compile(spec: object, { vegaLite }: Charts): object {
  return vegaLite.compile({ config: CONFIG, ...spec }).spec;
}

/** Fills named data sets in. */
export function withData(spec: object, datasets: Datasets): object {
  const { data = [], ...rest } = spec as VegaSpec;
  const filled = data.map((set) => (datasets[set.name] ? { ...set, values: toRows(datasets[set.name]!) } : set));
  return { ...rest, data: filled };
}

/** The same drawing in four fifths of the characters: no finer than a hundredth of a pixel, its font named once. */
export function compact(svg: string): string {
  const rounded = svg.replace(/ (d|transform)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+(\.\d+)?e-\d+|-?\d+\.\d{3,}/g, (number) => String(Math.round(100 * Number(number)) / 100)),
  );
  return rounded
    .replaceAll(` font-family="${FONTS}"`, '')
    .replaceAll(' opacity="1"', '')
    .replace('<svg ', `<svg font-family="${FONTS}" `);
}

/**
 * Many drawings share a page: what one defines must not have the name of what another does. Vega counts on from drawing to
 * drawing; here each counts from 1.
 */
function withOwnIds(svg: string, prefix: string): string {
  const names = new Map<string, string>();
  for (const [, id] of svg.matchAll(/\bid="((?:clip|gradient|pattern)[\w-]*)"/g)) {
    if (!names.has(id!)) names.set(id!, `${prefix}-${names.size + 1}`);
  }
  return svg.replace(
    /(\bid="|url\(#)((?:clip|gradient|pattern)[\w-]*)/g,
    (_, before: string, id: string) => before + (names.get(id) ?? id),
  );
}
