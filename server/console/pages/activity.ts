/** What passed through, searchable. */

import type { Channel, Workspace } from '../../store/connections/connections.ts';
import type { EventStatus } from '../../store/database/schema.ts';
import type { ActivityQuery, ActivityRow } from '../../store/reading/activity.ts';
import type { ConsoleDeps } from '../deps.ts';
import { buttonLink, empty, head, link } from '../elements.ts';
import { flash } from '../flash.ts';
import { field, submit } from '../forms.ts';
import { type Content, type Html, html, NOTHING } from '../html.ts';
import { inside, type MemberVisit, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { MESSAGE_STATUSES, messageWord } from '../words.ts';
import { messageList } from './message-list.ts';
import { workspaceTitle } from './workspaces.ts';

const PAGE_SIZE = 30;

export const activityPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/activity', async (visit) => {
    const places = await placesOf(deps, visit);
    const chosen = filters(visit, places);
    const { rows, next } = await deps.activity.list(chosen.query);
    const first = !visit.query.has('before');
    const body = html`${flash(visit)}${head('Activity', {
      lead: 'Every message, which way it went and what became of it. Find one by the customer’s name, number or @handle, or by any id; open it to follow its journey.',
    })}${filterForm(visit, places)}<div id="activity"${first ? { markup: ' data-refresh' } : NOTHING}>${
      rows.length > 0
        ? messageList(rows, { now: visit.now, channelName: (row) => whereWords(places, row) })
        : nothing(chosen.narrowed)
    }</div>${pager(visit, next)}`;
    return { title: 'Activity', section: 'activity', body };
  }),
];

export interface Places {
  workspaces: Workspace[];
  channels: Channel[];
}

/** Everything that the visitor can choose from. */
export async function placesOf(deps: ConsoleDeps, { member }: MemberVisit): Promise<Places> {
  const workspaces = await workspacesOf(deps, member);
  const channels = await Promise.all(workspaces.map((one) => deps.connections.channelsOf(one.id)));
  return { workspaces, channels: channels.flat() };
}

export function whereWords({ workspaces, channels }: Places, row: ActivityRow): Content {
  const channel = channels.find((one) => one.id === row.channelId);
  const workspace = workspaces.find((one) => one.id === row.workspaceId);
  const names = [channel?.name, workspaces.length > 1 && workspace ? workspaceTitle(workspace) : undefined];
  return names.filter((one) => one !== undefined).join(' · ');
}

/** Ids of others in the address bar find nothing: only the visitor's own workspaces are ever asked. */
function filters(
  { query }: MemberVisit,
  { workspaces }: Places,
): { query: ActivityQuery; narrowed: boolean } {
  const wanted = query.get('workspace');
  const ids = workspaces.map((one) => one.id).filter((id) => !wanted || id === wanted);
  const direction = query.get('direction');
  const status = MESSAGE_STATUSES.find((one) => one === query.get('status'));
  const search = query.get('q')?.trim();
  const channelId = query.get('channel');
  const before = query.get('before');
  const kinds = query.get('status') === 'unparsed' ? { kinds: ['unparsed' as const] } : {};
  return {
    narrowed: Boolean(wanted || direction || query.get('status') || search || channelId || before),
    query: {
      workspaceIds: ids,
      limit: PAGE_SIZE,
      ...kinds,
      ...(channelId ? { channelId } : {}),
      ...(direction === 'in' || direction === 'out' ? { direction } : {}),
      ...(status ? { statuses: [status satisfies EventStatus] } : {}),
      ...(search ? { search: search.slice(0, 200) } : {}),
      ...(before ? { before } : {}),
    },
  };
}

function filterForm({ query }: MemberVisit, { workspaces, channels }: Places): Html {
  const chosen = (name: string): string => query.get(name) ?? '';
  const channelsHere = channels.filter(
    (one) => !chosen('workspace') || one.workspace_id === chosen('workspace'),
  );
  const select = (name: string, label: string, all: string, options: { value: string; label: string }[]) =>
    field({
      name,
      label,
      filters: true,
      value: chosen(name),
      options: [{ value: '', label: all }, ...options],
    });
  return html`<form class="filters" method="get" action="/activity" role="search" aria-label="Messages" data-live>${field(
    {
      name: 'q',
      label: 'Find',
      type: 'search',
      filters: true,
      value: chosen('q'),
      maxlength: 200,
    },
  )}${
    workspaces.length > 1
      ? select(
          'workspace',
          'Workspace',
          'All',
          workspaces.map((one) => ({ value: one.id, label: workspaceTitle(one) })),
        )
      : NOTHING
  }${select(
    'channel',
    'Channel',
    'All',
    channelsHere.map((one) => ({ value: one.id, label: one.name })),
  )}${select('direction', 'Direction', 'Both', [
    { value: 'in', label: 'From customers' },
    { value: 'out', label: 'From your team' },
  ])}${select('status', 'Status', 'Any', [
    ...MESSAGE_STATUSES.map((status) => ({ value: status, label: messageWord(status, null).word })),
    { value: 'unparsed', label: 'Not understood' },
  ])}<div class="form-foot">${submit('Search', 'plain')}</div></form>`;
}

function nothing(narrowed: boolean): Html {
  if (!narrowed)
    return html`<div class="card">${empty('No message yet', 'As soon as a customer writes to one of your channels, it is here.')}</div>`;
  return html`<div class="card">${empty(
    'Nothing found',
    'Look for a name, a phone number, an @handle, or the id of a message or conversation; words inside messages are encrypted and cannot be searched.',
    link('/activity', 'Show everything'),
  )}</div>`;
}

export function pager({ path, query }: MemberVisit, next: string | undefined): Html {
  if (!next && !query.has('before')) return NOTHING;
  const at = (before: string | undefined): string => {
    const wanted = new URLSearchParams(query);
    wanted.delete('before');
    wanted.delete('done');
    if (before) wanted.set('before', before);
    return `${path}?${wanted}`;
  };
  return html`<nav class="pager" aria-label="Pages">${query.has('before') ? buttonLink(at(undefined), 'Newest') : html`<span></span>`}${next ? buttonLink(at(next), 'Older') : NOTHING}</nav>`;
}
