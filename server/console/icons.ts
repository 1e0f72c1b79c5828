/** The few pictures of the console, drawn here so that nothing is fetched from anywhere. */
import { type Html, html } from './html.ts';

const stroke = (path: Html): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${path}</svg>`;

export const logo = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path fill="currentColor" d="M16 3c-5.4 0-9.4 4-9.4 9 0 2.6 1 4.3 1 6 0 2.2-2.4 2.5-4.2 1.6-.8-.4-1.5.6-.9 1.3 1.6 1.9 4.7 2.2 6.6.6.3 2.4-1 4.2-2.6 5-.8.4-.5 1.6.4 1.5 3-.2 5-2.1 5.5-4.8.6 1.9.3 3.6-.4 5-.4.8.5 1.5 1.1.9 1.4-1.3 2.3-3.2 2.9-5.2.6 2 1.5 3.9 2.9 5.2.6.6 1.5-.1 1.1-.9-.7-1.4-1-3.1-.4-5 .5 2.7 2.5 4.6 5.5 4.8.9.1 1.2-1.1.4-1.5-1.6-.8-2.9-2.6-2.6-5 1.9 1.6 5 1.3 6.6-.6.6-.7-.1-1.7-.9-1.3-1.8.9-4.2.6-4.2-1.6 0-1.7 1-3.4 1-6 0-5-4-9-9.4-9Z"/><circle class="eye" cx="12.6" cy="12.6" r="2"/><circle class="eye" cx="19.4" cy="12.6" r="2"/></svg>`;

export const icons = {
  workspaces: stroke(
    html`<rect x="3.5" y="4" width="7" height="7" rx="1.6"/><rect x="13.5" y="4" width="7" height="7" rx="1.6"/><rect x="3.5" y="14" width="7" height="7" rx="1.6"/><rect x="13.5" y="14" width="7" height="7" rx="1.6"/>`,
  ),
  activity: stroke(html`<path d="M3 12h4l3-8 4 16 3-8h4"/>`),
  failures: stroke(html`<path d="M12 4 2.8 20h18.4L12 4Zm0 6v4.5m0 3v.01"/>`),
  traffic: stroke(html`<path d="M4 20V10m5.3 10V4m5.4 16v-7M20 20V8"/>`),
  team: stroke(
    html`<circle cx="9" cy="8" r="3.4"/><path d="M2.8 20c.5-3.6 3-5.6 6.2-5.6s5.7 2 6.2 5.6M16 4.9a3.4 3.4 0 0 1 0 6.2m2 3.8c1.8.8 3 2.5 3.3 5.1"/>`,
  ),
  tokens: stroke(html`<circle cx="8" cy="15.5" r="4.2"/><path d="m11 12.5 8-8m-3.4 3.4 3 3"/>`),
  audit: stroke(html`<path d="M6 3.5h9l4 4v13H6zM9.5 11h6m-6 4h6"/>`),
  doctor: stroke(
    html`<path d="M6 3.5v5a4.5 4.5 0 0 0 9 0v-5m-4.5 9.6v2a5 5 0 0 0 10 0v-1.6"/><circle cx="20.5" cy="11.4" r="2"/>`,
  ),
  account: stroke(
    html`<circle cx="12" cy="8.2" r="4"/><path d="M4.5 20.5c.7-4 3.6-6.2 7.5-6.2s6.8 2.2 7.5 6.2"/>`,
  ),
  menu: stroke(html`<path d="M4 7h16M4 12h16M4 17h16"/>`),
  plus: stroke(html`<path d="M12 5v14M5 12h14"/>`),
  arrow: stroke(html`<path d="M5 12h14m-5-5 5 5-5 5"/>`),
  check: stroke(html`<path d="m4.5 12.5 5 5 10-11"/>`),
  inward: stroke(html`<path d="M19 5 6 18m0-9v9h9"/>`),
  outward: stroke(html`<path d="M5 19 18 6m0 9V6H9"/>`),
  again: stroke(html`<path d="M20 12a8 8 0 1 1-2.5-5.8M20 3v4.5h-4.5"/>`),
} as const;

/** A mark for each outside system: its first letter on its own colour. */
export const mark = (type: string, title: string): Html =>
  html`<span class="mark mark-${type}" aria-hidden="true">${title.slice(0, 1)}</span>`;
