/** The optional packages that draw, loaded when they are needed: whoever makes no report need not have them. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LegcnetError } from '../errors.js';

/** What is used of vega-lite. */
export interface VegaLite {
  compile(spec: object): { readonly spec: object };
}

/** What is used of vega. */
export interface Vega {
  parse(spec: object): object;
  View: new (
    runtime: object,
    options: { renderer: 'none'; logLevel: number },
  ) => { toSVG(): Promise<string>; finalize(): void };
}

export interface Charts {
  readonly vega: Vega;
  readonly vegaLite: VegaLite;
}

/** @throws LegcnetError ERR_FILE naming the packages to install */
export async function loadCharts(): Promise<Charts> {
  const [vega, vegaLite] = await Promise.all([load<Vega>('vega'), load<VegaLite>('vega-lite')]);
  return { vega, vegaLite };
}

/** The source of vega for browsers, one script. @throws LegcnetError ERR_FILE */
export async function vegaForBrowsers(): Promise<string> {
  return readFile(path.join(path.dirname(resolve('vega')), 'vega.min.js'), 'utf8');
}

/** What turns an SVG into a PNG with the font that is shipped, whatever fonts this machine has. */
export type Rasterise = (svg: string, width: number) => Uint8Array;

interface Resvg {
  Resvg: new (
    svg: string,
    options: {
      background: string;
      fitTo: { mode: 'width'; value: number };
      font: { fontFiles: string[]; loadSystemFonts: boolean; defaultFontFamily: string; sansSerifFamily: string };
    },
  ) => { render(): { asPng(): Uint8Array } };
}

export const FONT = 'IBM Plex Sans';
const FONT_PACKAGE = '@expo-google-fonts/ibm-plex-sans';
const FONT_FILES = ['400Regular/IBMPlexSans_400Regular.ttf', '600SemiBold/IBMPlexSans_600SemiBold.ttf'];

/** @throws LegcnetError ERR_FILE naming the packages to install */
export async function loadRasteriser(): Promise<Rasterise> {
  const { Resvg } = await load<Resvg>('@resvg/resvg-js');
  const folder = path.dirname(resolve(`${FONT_PACKAGE}/package.json`));
  const font = {
    fontFiles: FONT_FILES.map((file) => path.join(folder, file)),
    loadSystemFonts: false,
    defaultFontFamily: FONT,
    sansSerifFamily: FONT,
  };
  return (svg, width) =>
    new Resvg(svg, { background: '#ffffff', fitTo: { mode: 'width', value: width }, font }).render().asPng();
}

async function load<T>(name: string): Promise<T> {
  const module = (await import(pathToFileURL(resolve(name)).href)) as T & { readonly default?: T };
  return module.default ?? module;
}

/** As seen from legcnet, or else from the working directory. */
function resolve(name: string): string {
  const tried: unknown[] = [];
  for (const from of [import.meta.url, path.resolve('package.json')]) {
    try {
      return createRequire(from).resolve(name);
    } catch (error) {
      tried.push(error);
    }
  }
  throw new LegcnetError(
    'ERR_FILE',
    'a report needs packages that are not installed with legcnet: run "npm install vega vega-lite@6.4", and for pictures ' +
      `(--png) "npm install @resvg/resvg-js ${FONT_PACKAGE}"`,
    { subject: name, expected: `the npm package ${name}`, cause: new AggregateError(tried) },
  );
}
