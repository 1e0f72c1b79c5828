/** One workspace: how it stands, its channels, and its end. */
import { mayManage } from '../../accounts/roles.ts';
import { archiveWorkspace } from '../../accounts/workspaces.ts';
import type { Channel, Workspace } from '../../store/connections/connections.ts';
import type { ConsoleDeps } from '../deps.ts';
import {
  badge,
  buttonLink,
  card,
  disclosure,
  empty,
  facts,
  head,
  link,
  notice,
  table,
  time,
  timeOr,
} from '../elements.ts';
import { flash } from '../flash.ts';
import { field, form, submit } from '../forms.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { icons, mark } from '../icons.ts';
import { inside, type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { ownWorkspace } from '../scope.ts';
import { channelWord, workspaceWord } from '../words.ts';
import { connectedBy, platformTitle, steps, workspaceSubtitle, workspaceTitle } from './workspaces.ts';

export const workspacePages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/workspaces/:id', async (visit) =>
    page(deps, visit, await ownWorkspace(deps, visit.member, visit.params.id)),
  ),
  managed('post', '/workspaces/:id/archive', async (visit) => {
    const workspace = await ownWorkspace(deps, visit.member, visit.params.id);
    if (visit.form.get('name')?.trim() !== confirmation(workspace))
      return { ...(await page(deps, visit, workspace, true)), status: 422 };
    await archiveWorkspace(deps, workspace, visit.member);
    return { goTo: '/?done=archived' };
  }),
];

/** What must be typed to archive it. */
const confirmation = (workspace: Workspace): string =>
  workspace.platform === 'hubspot' ? workspace.external_id : workspace.name.trim();

async function page(
  deps: ConsoleDeps,
  visit: MemberVisit,
  workspace: Workspace,
  wrong = false,
): Promise<Page> {
  const { member, now } = visit;
  const channels = await deps.connections.channelsOf(workspace.id);
  const live = channels.filter((one) => one.status !== 'archived');
  const failures = await deps.traffic.failures({ workspaceIds: [workspace.id], since: startOfDay(now) });
  const manages = mayManage(member.role);
  const may = manages && workspace.status !== 'archived';
  const platform = platformTitle(deps, workspace.platform);
  const body = html`${flash(visit)}${head(workspaceTitle(workspace), {
    crumbs: [['/', 'Workspaces']],
    lead: html`${badge(workspaceWord(workspace.status))} ${workspaceSubtitle(workspace, platform)}`,
    // One thing at a time: what is disconnected is reconnected first.
    actions:
      may && live.length > 0 && workspace.status === 'active'
        ? buttonLink(`/workspaces/${workspace.id}/channels/new`, html`${icons.plus}Add a channel`, 'primary')
        : undefined,
  })}${trouble(workspace, platform, manages)}${firstSteps(workspace, live, may)}<div class="stack">${card(
    'Channels',
    live.length > 0 ? channelTable(deps, live, failures, now) : noChannel(workspace, may),
  )}${archivedChannels(channels)}<div class="halves">${card(
    'About',
    facts([
      [
        'Platform',
        html`<span class="named">${mark(workspace.platform, platform)}<span>${platform}</span></span>`,
      ],
      [
        workspace.platform === 'hubspot' ? 'Portal ID' : 'Workspace',
        html`<code>${workspace.external_id}</code>`,
      ],
      ['Name there', workspace.name],
      ['Added by', await connectedBy(deps, workspace)],
      ['Connected', time(workspace.created_at, now)],
      ['Last updated', time(workspace.updated_at, now)],
    ]),
    { lead: `Renamed in ${platform}? It is renamed here by itself.` },
  )}<div class="stack">${card(
    'Look closer',
    html`<ul class="links"><li>${link(`/activity?workspace=${workspace.id}`, 'Messages of this workspace')}</li><li>${link(`/traffic?workspace=${workspace.id}`, 'Traffic and delivery times')}</li>${workspace.status === 'archived' ? NOTHING : html`<li>${link(`/doctor?workspace=${workspace.id}`, 'Check the set-up')}</li>`}</ul>`,
  )}${may ? archive(workspace, platform, live.length, wrong) : NOTHING}</div></div></div>`;
  return { title: workspaceTitle(workspace), section: 'workspaces', body };
}

/** Until something has come in. */
function firstSteps({ status }: Workspace, live: Channel[], may: boolean): Html {
  if (!may || status !== 'active' || live.some((one) => one.last_inbound_at)) return NOTHING;
  return steps(live.length === 0 ? 2 : 3);
}

export const startOfDay = (now: number): number => now - (now % 86_400_000);

function trouble(workspace: Workspace, platform: string, manages: boolean): Html {
  if (workspace.status === 'archived')
    return notice(
      'quiet',
      'This workspace is archived.',
      'Connect it again and it begins anew, without its old channels.',
    );
  if (workspace.status !== 'disconnected') return NOTHING;
  return notice(
    'bad',
    `${platform} is disconnected`,
    html`${workspace.reason ?? 'The access that we were given does not work any more.'} Messages wait and go out in order once it is connected again.${manages ? NOTHING : ' Ask an owner or an admin of your account to reconnect it.'}`,
    manages
      ? buttonLink(`/${workspace.platform}/install?return=console`, html`${icons.again}Reconnect`, 'primary')
      : undefined,
  );
}

function noChannel(workspace: Workspace, may: boolean): Html {
  if (!may) return empty('No channel', 'Channels are added by owners and admins.');
  return empty(
    'No channel yet',
    'A channel is one bot or one number. Customers write to it, and their messages arrive in your inbox.',
    buttonLink(
      `/workspaces/${workspace.id}/channels/new`,
      html`${icons.plus}Add the first channel`,
      'primary',
    ),
  );
}

export const channelTitle = ({ channelAdapters }: ConsoleDeps, type: string): string =>
  channelAdapters.get(type)?.title ?? type;

function channelTable(
  deps: ConsoleDeps,
  channels: Channel[],
  failures: Map<string, number>,
  now: number,
): Html {
  return table({
    caption: 'Channels of this workspace',
    columns: ['Channel', 'Status', 'Last inbound', 'Last outbound', 'Failures today', 'Created', 'Updated'],
    rows: channels.map((channel) => {
      const failed = failures.get(channel.id) ?? 0;
      return {
        cells: [
          html`<span class="named">${mark(channel.type, channelTitle(deps, channel.type))}<div><a href="/channels/${channel.id}">${channel.name}</a><p>${channelTitle(deps, channel.type)}</p></div></span>`,
          html`${badge(channelWord(channel.status))}${channel.reason ? html`<p class="small-text soft">${channel.reason}</p>` : NOTHING}`,
          timeOr(channel.last_inbound_at, now),
          timeOr(channel.last_outbound_at, now),
          failed > 0 ? link(`/failures?channel=${channel.id}`, String(failed)) : '0',
          time(channel.created_at, now),
          time(channel.updated_at, now),
        ],
      };
    }),
  });
}

function archivedChannels(channels: Channel[]): Html {
  const archived = channels.filter((one) => one.status === 'archived');
  if (archived.length === 0) return NOTHING;
  return disclosure(
    `Archived channels (${archived.length})`,
    html`<ul>${archived.map((one) => html`<li>${link(`/channels/${one.id}`, one.name)}</li>`)}</ul>`,
  );
}

function archive(workspace: Workspace, platform: string, channels: number, wrong: boolean): Html {
  const word = confirmation(workspace);
  return disclosure(
    'Archive this workspace',
    html`<p>${channels > 0 ? 'Its channels go with it: their' : 'Its'} credentials are destroyed and Octopods is uninstalled in ${platform}. Messages that still wait are not sent. This cannot be taken back.</p>${form(
      `/workspaces/${workspace.id}/archive`,
      html`${field({
        name: 'name',
        label: `Type ${word} to confirm`,
        required: true,
        error: wrong ? `That is not it: type ${word}.` : undefined,
      })}<div class="form-foot">${submit('Archive it for good', 'danger')}</div>`,
    )}`,
    { danger: true, open: wrong },
  );
}
