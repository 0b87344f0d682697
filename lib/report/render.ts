/** From figures to drawings: Vega-Lite to Vega, Vega to SVG, data to CSV. */
import { type Columns, type Datasets, type Figure, WIDTHS, shownData, toRows } from './figure.js';
import type { Charts } from './peers.js';
import { CONFIG } from './theme.js';

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
    const svg = withOwnIds(await view.toSVG(), `${prefix}${figure.id}-${kind}`);
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

/** All data of a figure: of each data set a table, of each choice its own; the tables one below the other. */
export function toCsv({ data, picks }: Figure): string {
  const names = new Set([...Object.keys(data), ...(picks?.options.flatMap((pick) => Object.keys(pick.data)) ?? [])]);
  const tables: string[] = [];
  for (const name of names) {
    const parts: (readonly [choice: string | undefined, Columns])[] = data[name]
      ? [[undefined, data[name]]]
      : (picks?.options ?? []).flatMap(({ value, data: own }) => (own[name] ? [[value, own[name]] as const] : []));
    const columns = Object.keys(parts[0]?.[1] ?? {});
    const chosen = parts[0]?.[0] !== undefined && !columns.includes('choice');
    const lines = parts.flatMap(([choice, of]) =>
      toRows(of).map((row) => [...(chosen ? [choice ?? ''] : []), ...columns.map((column) => row[column] ?? '')]),
    );
    const head = [...(chosen ? ['choice'] : []), ...columns];
    const title = names.size > 1 ? [`# ${name}`] : [];
    tables.push([...title, ...[head, ...lines].map((cells) => cells.map(csvCell).join(','))].join('\n'));
  }
  return `${tables.join('\n\n')}\n`;
}

const csvCell = (value: unknown): string => {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
