/** The pieces that pages are made of. */
import { attributes, type Content, type Html, html, NOTHING } from './html.ts';
import { exactWords, sinceWords, type Tone } from './words.ts';

export const badge = ({ word, tone }: { word: string; tone: Tone }): Html =>
  html`<span class="badge ${tone}">${word}</span>`;

/** Relative, with the exact time on the element; the script writes that in the reader's own time zone. */
export const time = (at: number, now: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}" title="${exactWords(at)}">${sinceWords(at, now)}</time>`;

export const timeOr = (at: number | null | undefined, now: number, none = 'Never'): Html =>
  at ? time(Number(at), now) : html`<span class="soft">${none}</span>`;

export const link = (href: string, text: Content): Html => html`<a href="${href}">${text}</a>`;
export const buttonLink = (href: string, text: Content, kind: 'primary' | 'plain' = 'plain'): Html =>
  html`<a class="button ${kind}" href="${href}">${text}</a>`;

/** Something the reader should know; `bad` is read out at once. */
export const notice = (tone: Tone, title: Content, body?: Content, actions?: Content): Html =>
  html`<div class="notice ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}"><div><p class="notice-title">${title}</p>${body ? html`<p>${body}</p>` : NOTHING}</div>${actions ? html`<div class="notice-actions">${actions}</div>` : NOTHING}</div>`;

/** The head of a page: where it stands, what it is, what can be done. */
export const head = (
  title: Content,
  more: { crumbs?: [href: string, text: string][]; lead?: Content; actions?: Content } = {},
): Html =>
  html`<header class="head">${
    more.crumbs
      ? html`<nav class="crumbs" aria-label="Where you are"><ol>${more.crumbs.map(([href, text]) => html`<li>${link(href, text)}</li>`)}</ol></nav>`
      : NOTHING
  }<div class="head-row"><div class="head-words"><h1>${title}</h1>${more.lead ? html`<p class="lead">${more.lead}</p>` : NOTHING}</div>${more.actions ? html`<div class="actions">${more.actions}</div>` : NOTHING}</div></header>`;

export const card = (
  title: Content,
  body: Content,
  more: { lead?: Content; actions?: Content; id?: string } = {},
): Html =>
  html`<section class="card"${attributes({ id: more.id })}><div class="card-head"><div><h2>${title}</h2>${more.lead ? html`<p class="soft">${more.lead}</p>` : NOTHING}</div>${more.actions ? html`<div class="actions">${more.actions}</div>` : NOTHING}</div>${body}</section>`;

/** Nothing here yet, and what to do about it. */
export const empty = (title: Content, body: Content, action?: Content): Html =>
  html`<div class="empty"><p class="empty-title">${title}</p><p class="soft">${body}</p>${action ? html`<p>${action}</p>` : NOTHING}</div>`;

/** Terms and their values. */
export const facts = (rows: [term: Content, value: Content][]): Html =>
  html`<dl class="facts">${rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;

export interface Table {
  /** What it lists, for whoever cannot see it. */
  caption: string;
  columns: Content[];
  rows: { cells: Content[]; id?: string }[];
}
/**
 * A real table that becomes a list of cards on a phone. The roles are written out because `display: block` would take
 * them away: https://adrianroselli.com/2018/02/tables-css-display-properties-and-aria.html
 */
export const table = ({ caption, columns, rows }: Table): Html => {
  const cell = (content: Content, index: number): Html =>
    index === 0
      ? html`<th role="rowheader" scope="row"><span class="label" aria-hidden="true">${columns[0]}</span><span class="value">${content}</span></th>`
      : html`<td role="cell"><span class="label" aria-hidden="true">${columns[index]}</span><span class="value">${content}</span></td>`;
  return html`<table role="table"><caption class="unseen">${caption}</caption><thead role="rowgroup"><tr role="row">${columns.map((column) => html`<th role="columnheader" scope="col">${column}</th>`)}</tr></thead><tbody role="rowgroup">${rows.map(({ cells, id }) => html`<tr role="row"${attributes({ id })}>${cells.map(cell)}</tr>`)}</tbody></table>`;
};

/** A value to be carried elsewhere; the button works with the script, selecting it by hand without. */
export const copyable = (value: string, label: string): Html =>
  html`<span class="copyable"><code>${value}</code><button type="button" class="button small" data-copy="${value}" hidden aria-label="Copy ${label}">Copy</button></span>`;

/** A short text for what is not to be seen but heard. */
export const unseen = (text: Content): Html => html`<span class="unseen">${text}</span>`;

/** What must be opened first: the second step of something that cannot be taken back. */
export const disclosure = (
  summary: Content,
  body: Content,
  more: { open?: boolean; danger?: boolean; id?: string } = {},
): Html =>
  html`<details class="disclosure${more.danger ? ' danger' : ''}"${attributes({ id: more.id, open: more.open })}><summary>${summary}</summary><div class="disclosure-body">${body}</div></details>`;
