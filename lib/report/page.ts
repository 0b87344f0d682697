/** Chapters of figures and text into one HTML file that needs nothing else. */
import { toCsv } from './csv.js';
import { type Datasets, type Figure, toRows } from './figure.js';
import { GLOSSARY } from './glossary.js';
import { details, escape, list, prose, scriptJson, table } from './html.js';
import type { Drawing } from './render.js';
import { SCRIPT } from './script.js';
import type { Block, Chapter, Section } from './section.js';
import { STYLE } from './style.js';

export interface PageParts {
  readonly title: string;
  readonly version: string;
  readonly chapters: readonly Chapter[];
  /** By the id in the page. */
  readonly drawings: ReadonlyMap<string, Drawing>;
  /** The source of vega for browsers. */
  readonly vega: string;
  /** Words above the chapters, of a report on several. */
  readonly index: string | undefined;
}

/** Figures with no more rows than this show them in a table. */
const MOST_TABLE_ROWS = 60;

export const idIn = (chapter: Chapter, id: string): string => (chapter.id === '' ? id : `${chapter.id}-${id}`);

export function page({ title, version, chapters, drawings, vega, index }: PageParts): string {
  const single = chapters.length === 1 && index === undefined ? chapters[0] : undefined;
  const data: Record<string, object> = {};
  const body = chapters.map((chapter) => {
    const sections = chapter.sections.map((section) => renderSection(chapter, section, drawings, data));
    return single ? sections.join('') : renderHead(chapter, 'h2') + sections.join('');
  });
  const head = single
    ? renderHead(single, 'h1')
    : `<p class="eyebrow">legcnet report</p><h1>${escape(title)}</h1>${index ?? ''}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="legcnet ${escape(version)}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'">
<title>${escape(title)} – legcnet report</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script>document.documentElement.classList.add('js')</script>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<div class="shell">
<header class="top">${head}</header>
<div class="columns">
${contents(chapters, single !== undefined)}
<main id="main">
${body.join('\n')}
${glossary()}
</main>
</div>
<footer>Made by legcnet ${escape(version)}. Charts by Vega and Vega-Lite (BSD 3-Clause, © 2015–2023 University of Washington Interactive Data Lab, © 2023 Vega contributors). This file is complete: it loads nothing.</footer>
</div>
<script type="application/json" id="figures">${scriptJson(data)}</script>
<script>${vega.replaceAll('</script', '<\\/script')}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function renderHead(chapter: Chapter, level: 'h1' | 'h2'): string {
  const { id, title, subtitle, numbers } = chapter;
  const tiles = numbers
    .map(([value, label]) => `<li><b>${escape(value)}</b><span>${escape(label)}</span></li>`)
    .join('');
  const inner =
    `${level === 'h1' ? '<p class="eyebrow">legcnet report</p>' : ''}<${level}>${escape(title)}</${level}>` +
    `<p class="subtitle">${escape(subtitle)}</p>` +
    `<ul class="numbers">${tiles}</ul>`;
  return level === 'h1' ? inner : `<div class="chapter-head" id="${id}">${inner}</div>`;
}

function contents(chapters: readonly Chapter[], single: boolean): string {
  const entries = chapters.flatMap((chapter) => [
    ...(single ? [] : [`<li class="chapter"><a href="#${chapter.id}"><b>${escape(chapter.title)}</b></a></li>`]),
    ...chapter.sections.map(({ id, title }) => `<li><a href="#${idIn(chapter, id)}">${escape(title)}</a></li>`),
  ]);
  return `<nav class="contents" aria-label="Contents"><ol>${entries.join('')}<li><a href="#glossary">Glossary</a></li></ol></nav>`;
}

function renderSection(
  chapter: Chapter,
  section: Section,
  drawings: ReadonlyMap<string, Drawing>,
  data: Record<string, object>,
): string {
  const id = idIn(chapter, section.id);
  const blocks = section.blocks.map((block) => renderBlock(chapter, block, drawings, data)).join('\n');
  const lead =
    section.lead === undefined
      ? ''
      : `<p class="${section.id === 'answer' ? 'headline' : 'lead'}">${prose(section.lead)}</p>`;
  return `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${escape(section.title)}</h2>${lead}${blocks}</section>`;
}

function renderBlock(
  chapter: Chapter,
  block: Block,
  drawings: ReadonlyMap<string, Drawing>,
  data: Record<string, object>,
): string {
  if ('html' in block) return block.html;
  if ('missing' in block) return `<p class="missing">${prose(block.missing)}</p>`;
  const id = `figure-${idIn(chapter, block.id)}`;
  const { specs, svg } = drawings.get(id)!;
  const options = block.picks?.options;
  const initial = block.picks?.initial ?? 0;
  data[id] = {
    specs,
    data: block.data,
    ...(options && {
      initial,
      picks: options.map(({ value, data: own, facts }) => ({ value, data: own, ...(facts && { facts: list(facts) }) })),
    }),
  };
  const facts = options?.[initial]?.facts;
  const explains = `figure-${idIn(chapter, 'weight')}`;
  return (
    `<figure id="${id}"${options ? ' data-picks' : ''}><h3>${escape(block.title)}</h3>` +
    (block.picks ? picker(id, block.picks) : '') +
    (facts ? `<div class="picked" aria-live="polite">${list(facts)}</div>` : '') +
    `<div class="chart" role="img" aria-label="${escape(block.alt)}" data-figure="${id}" data-explains="${explains}">` +
    `<div class="wide" aria-hidden="true">${svg.wide}</div><div class="narrow" aria-hidden="true">${svg.narrow}</div></div>` +
    `<figcaption>${prose(block.caption)}</figcaption>${tools(id, block)}</figure>`
  );
}

function picker(id: string, { label, options, initial = 0 }: NonNullable<Figure['picks']>): string {
  const groups = new Map<string | undefined, string[]>();
  for (const [i, { group, value, label: text }] of options.entries()) {
    const entries = groups.get(group) ?? [];
    groups.set(group, entries);
    entries.push(`<option value="${escape(value)}"${i === initial ? ' selected' : ''}>${escape(text)}</option>`);
  }
  const inner = [...groups].map(([group, entries]) =>
    group === undefined ? entries.join('') : `<optgroup label="${escape(group)}">${entries.join('')}</optgroup>`,
  );
  return (
    `<div class="picker"><label for="${id}-pick">${escape(label)}</label><select id="${id}-pick" autocomplete="off">${inner.join('')}</select>` +
    '<button type="button" class="previous">Previous</button><button type="button" class="next">Next</button></div>'
  );
}

/** The figure's data: as CSV, and in a table where they are few. */
function tools(id: string, figure: Figure): string {
  const csv = Buffer.from(toCsv(figure)).toString('base64');
  const link = `<a download="${id.replace(/^figure-/, '')}.csv" href="data:text/csv;charset=utf-8;base64,${csv}">Data as CSV<span hidden> of ${escape(figure.title)}</span></a>`;
  return `<div class="tools">${link}${numbers(figure)}</div>`;
}

function numbers({ data, picks, title }: Figure): string {
  const facts = picks?.options.filter((pick) => pick.facts) ?? [];
  if (picks && facts.length > 0) {
    const columns = facts[0]!.facts!.map(([term]) => ({ name: term }));
    const rows = facts.map((pick) => pick.facts!.map(([, text]) => text));
    return details(`All ${facts.length} in a table`, table({ caption: title, columns, rows }));
  }
  const few = Object.values(data).reduce((sum, columns) => sum + toRows(columns).length, 0) <= MOST_TABLE_ROWS;
  return !picks && few ? details('The numbers', dataTables(data, title)) : '';
}

const dataTables = (data: Datasets, title: string): string =>
  Object.entries(data)
    .map(([name, columns]) => {
      const rows = toRows(columns);
      const names = Object.keys(columns);
      const caption = Object.keys(data).length > 1 ? `${title}: ${name}` : title;
      const numeric = (column: string): boolean =>
        rows.every((row) => typeof row[column] === 'number' || row[column] === null);
      return table({
        caption,
        columns: names.map((column) => ({ name: column, numeric: numeric(column) })),
        rows: rows.map((row) => names.map((column) => String(row[column] ?? '–'))),
      });
    })
    .join('');

function glossary(): string {
  const entries = Object.entries(GLOSSARY)
    .sort(([, a], [, b]) => a.name.localeCompare(b.name, 'en'))
    .map(([id, { name, text }]) => `<div id="term-${id}"><dt>${escape(name)}</dt><dd>${escape(text)}</dd></div>`);
  return `<section id="glossary" aria-labelledby="glossary-title"><h2 id="glossary-title">Glossary</h2><dl class="glossary">${entries.join('')}</dl></section>`;
}
