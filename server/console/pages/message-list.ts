/** Messages as rows: which way, who, the first words, what became of it. */
import type { ActivityRow } from '../../store/reading/activity.ts';
import { badge, time, unseen } from '../elements.ts';
import { type Content, type Html, html, NOTHING } from '../html.ts';
import { icons } from '../icons.ts';
import { messageWord } from '../words.ts';

export interface ListOptions {
  now: number;
  /** The channel as its name reads; undefined where it goes without saying. */
  channelName(row: ActivityRow): Content | undefined;
  /** Replaces the arrow with a checkbox of this name, where there is something left to choose. */
  pick?: string;
}

export const messageList = (rows: ActivityRow[], options: ListOptions): Html =>
  html`<ul class="rows">${rows.map((row) => messageRow(row, options))}</ul>`;

const messageRow = (row: ActivityRow, { now, channelName, pick }: ListOptions): Html => {
  const name = channelName(row);
  return html`<li class="message">${pick && row.excerpt !== undefined ? picker(row, pick) : way(row)}<div><p><a href="/activity/${row.id}">${whoWords(row)}</a></p><p class="words">${row.excerpt ?? html`<span class="soft">${pick ? 'Its content is erased: it cannot be sent again.' : 'Its content is erased.'}</span>`}</p><p class="where">${name ? html`${name} · ` : NOTHING}${kindWords(row)}</p>${row.reason && troubled(row) ? html`<p class="why">${row.reason}</p>` : NOTHING}</div><div class="state">${badge(messageWord(row.status, row.direction))}${time(row.receivedAt, now)}</div></li>`;
};

const troubled = ({ status }: ActivityRow): boolean => status === 'failed' || status === 'unknown';

const way = ({ direction }: ActivityRow): Html =>
  direction === 'out'
    ? html`<span class="way out">${icons.outward}</span>`
    : html`<span class="way">${icons.inward}</span>`;

const picker = (row: ActivityRow, name: string): Html =>
  html`<label class="pick"><input type="checkbox" name="${name}" value="${row.id}" checked>${unseen(`Send again: ${whoWords(row)} ${row.excerpt ?? ''}`)}</label>`;

/** Who the customer is, as a person would say it. */
export const whoWords = ({ customer, kind }: ActivityRow): string => {
  if (customer) return customer.name ?? customer.address;
  return kind === 'message' ? 'A customer' : 'The provider';
};

const kindWords = ({ kind, direction, customer }: ActivityRow): string => {
  if (kind === 'unparsed') return 'Not understood, kept as it came';
  const address = customer?.name && customer.address !== customer.name ? ` (${customer.address})` : '';
  return direction === 'out' ? `From your team to the customer${address}` : `From the customer${address}`;
};
