/** Text into HTML. */
import { GLOSSARY } from './glossary.js';

export function escape(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** JSON inside a script element: nothing in it can end the element. */
export const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Escapes, then makes links to the glossary of `[[term]]` and `[[term|words]]`. */
export function prose(text: string): string {
  return escape(text).replace(/\[\[([a-z0-9]+)(?:\|([^\]]+))?\]\]/g, (_, term: string, words?: string) => {
    const shown = words ?? (term === 'f1' ? 'F1' : term);
    return GLOSSARY[term] ? `<a class="term" href="#term-${term}">${shown}</a>` : shown;
  });
}

/** Plain text of the same. */
export const plain = (text: string): string =>
  text.replace(/\[\[([a-z0-9]+)(?:\|([^\]]+))?\]\]/g, (_, term: string, words?: string) => words ?? term);

export interface TableColumn {
  readonly name: string;
  readonly numeric?: boolean;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  /** The first cell is the row's heading. */
  readonly rows: readonly (readonly string[])[];
  /** Class of each row. */
  readonly classes?: readonly string[];
}

export function table({ caption, columns, rows, classes = [] }: Table): string {
  const numeric = (i: number): string => (columns[i]?.numeric ? ' class="n"' : '');
  const head = columns.map(({ name }, i) => `<th scope="col"${numeric(i)}>${prose(name)}</th>`).join('');
  const body = rows.map(
    (cells, r) =>
      `<tr${classes[r] ? ` class="${classes[r]}"` : ''}>${cells
        .map((cell, i) => (i === 0 ? `<th scope="row">${prose(cell)}</th>` : `<td${numeric(i)}>${prose(cell)}</td>`))
        .join('')}</tr>`,
  );
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escape(plain(caption))}"><table>` +
    `<caption>${prose(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  );
}

export const list = (entries: readonly (readonly [term: string, text: string])[], kind = 'facts'): string =>
  `<dl class="${kind}">${entries.map(([term, text]) => `<div><dt>${prose(term)}</dt><dd>${prose(text)}</dd></div>`).join('')}</dl>`;

export const paragraphs = (sentences: readonly string[]): string =>
  sentences.map((sentence) => `<p>${prose(sentence)}</p>`).join('');

export const bullets = (sentences: readonly string[]): string =>
  `<ul>${sentences.map((sentence) => `<li>${prose(sentence)}</li>`).join('')}</ul>`;

/** Sentences in a box of their own; nothing where there are none. */
export const remarks = (title: string, sentences: readonly string[]): string =>
  sentences.length === 0 ? '' : `<aside class="note"><h3>${escape(title)}</h3>${paragraphs(sentences)}</aside>`;

export const details = (summary: string, content: string): string =>
  `<details><summary>${escape(summary)}</summary>${content}</details>`;
