/**
 * The colours and type of all figures. Colours are CSS custom properties, so that one drawing serves the light page, the
 * dark one and the printed one; files that stand alone get the light values. Hues are Okabe and Ito's, which people with
 * any colour vision can tell apart, darkened or lightened until each has enough contrast with the page.
 */
export const LIGHT: Readonly<Record<string, string>> = {
  page: '#fbfaf7',
  panel: '#ffffff',
  ink: '#1d2228',
  soft: '#59626c',
  line: '#dcdad2',
  grid: '#eceae3',
  accent: '#0a5a94',
  dense: '#4a525b',
  ticket: '#0a67ab',
  random: '#a86200',
  magnitude: '#00795a',
  shuffled: '#954c86',
  placebo: '#c04a12',
  s0: '#f1efe8',
  s1: '#cfdfec',
  s2: '#9fc3de',
  s3: '#659fca',
  s4: '#2f78ae',
  s5: '#0c4a7b',
};

export const DARK: Readonly<Record<string, string>> = {
  page: '#14171a',
  panel: '#1b1f23',
  ink: '#e8e6e1',
  soft: '#a5adb5',
  line: '#363c43',
  grid: '#292e34',
  accent: '#74b9ec',
  dense: '#b9c0c8',
  ticket: '#5cb3f0',
  random: '#e3a53a',
  magnitude: '#3cc298',
  shuffled: '#d48fc4',
  placebo: '#f08551',
  s0: '#22272c',
  s1: '#1f3a52',
  s2: '#235a84',
  s3: '#357fb3',
  s4: '#6cb0de',
  s5: '#c2e1f7',
};

export const colour = (name: string): string => `var(--${name})`;
/** From little to much. */
export const SEQUENCE = ['s0', 's1', 's2', 's3', 's4', 's5'].map(colour);

/** The networks of a run, in the order in which they are always shown. */
export const NETWORKS = ['dense', 'ticket', 'random', 'magnitude', 'shuffled', 'placebo'] as const;
export type NetworkName = (typeof NETWORKS)[number];
/** Told apart by dashes too. */
const DASHES: Record<NetworkName, number[]> = {
  dense: [1, 0],
  ticket: [1, 0],
  random: [6, 3],
  magnitude: [2, 2],
  shuffled: [8, 3, 2, 3],
  placebo: [1, 3],
};

/** Scales of a channel that shows networks. */
export const networkColours = (names: readonly string[]): object => ({ domain: names, range: names.map(colour) });
export const networkDashes = (names: readonly string[]): object => ({
  domain: names,
  range: names.map((name) => DASHES[name as NetworkName]),
});

export const FONTS = 'system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif';

/** Vega-Lite's configuration. */
export const CONFIG = {
  background: 'transparent',
  font: FONTS,
  padding: { left: 4, right: 10, top: 6, bottom: 4 },
  view: { stroke: null },
  aria: false,
  axis: {
    labelColor: colour('soft'),
    titleColor: colour('soft'),
    titleFontWeight: 'normal',
    titleFontSize: 12,
    labelFontSize: 11,
    labelPadding: 5,
    titlePadding: 8,
    domain: false,
    ticks: false,
    gridColor: colour('grid'),
    tickCount: 5,
  },
  axisX: { domain: true, domainColor: colour('line'), grid: false, titleAnchor: 'end' },
  axisY: { titleAngle: 0, titleAlign: 'left', titleAnchor: 'end', titleY: -10, titleX: 0, titleBaseline: 'bottom' },
  header: { labelColor: colour('ink'), labelFontWeight: 600, labelFontSize: 12, labelAnchor: 'start', title: null },
  legend: {
    labelColor: colour('ink'),
    titleColor: colour('soft'),
    titleFontWeight: 'normal',
    labelFontSize: 12,
    titleFontSize: 12,
    titleLimit: 260,
    orient: 'top',
    symbolStrokeWidth: 2.5,
    columnPadding: 16,
    offset: 30,
    titlePadding: 6,
  },
  title: {
    color: colour('ink'),
    anchor: 'start',
    fontSize: 12,
    fontWeight: 600,
    subtitleColor: colour('soft'),
    offset: 16,
  },
  mark: { tooltip: true },
  line: { strokeWidth: 2 },
  point: { filled: true, opacity: 1, size: 50 },
  rule: { color: colour('soft') },
  text: { color: colour('ink'), fontSize: 11 },
} as const;

/** Puts light colours in the place of custom properties, and the shipped font in the place of the page's. */
export function standalone(svg: string, font?: string): string {
  const coloured = svg.replace(/var\(--(\w+)\)/g, (_, name: string) => LIGHT[name] ?? '#000000');
  return font === undefined ? coloured : coloured.replaceAll(FONTS, font);
}
