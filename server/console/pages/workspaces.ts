/** The start page: what is connected, or what to do first. */
import { mayManage } from '../../accounts/roles.ts';
import type { Channel, Workspace } from '../../store/connections/connections.ts';
import type { ConsoleDeps } from '../deps.ts';
import { badge, buttonLink, card, disclosure, empty, head, notice, time } from '../elements.ts';
import { flash } from '../flash.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { icons, mark } from '../icons.ts';
import { inside, type MemberVisit, type Page, type PageRoute } from '../routes.ts';
import { workspacesOf } from '../scope.ts';
import { count, workspaceWord } from '../words.ts';

export const workspacesPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/', async (visit) => {
    const workspaces = await workspacesOf(deps, visit.member);
    const live = workspaces.filter((one) => one.status !== 'archived');
    return live.length === 0 ? welcome(deps, visit, workspaces) : list(deps, visit, workspaces);
  }),
];

/** The accessible name of a workspace: what the platform calls it, and its number where that is not one. */
export const workspaceTitle = (workspace: Workspace): string =>
  workspace.platform === 'hubspot' ? `Portal ID #${workspace.external_id}` : workspace.name;
export const workspaceSubtitle = (workspace: Workspace, platform: string): string => {
  const domain = workspace.settings.hub_domain;
  if (workspace.platform !== 'hubspot') return platform;
  return typeof domain === 'string' ? `${platform} · ${domain}` : platform;
};
export const platformTitle = ({ platforms }: ConsoleDeps, id: string): string =>
  platforms.get(id)?.title ?? id;

function welcome(deps: ConsoleDeps, visit: MemberVisit, archived: Workspace[]): Page {
  const manages = mayManage(visit.member.role);
  const body = html`${flash(visit)}${head('Connect your inbox', {
    lead: 'Octopods brings what customers write in their messaging apps into the inbox that your team already uses, and carries the answers back. Three steps, a few minutes.',
  })}${steps(1)}${
    manages
      ? html`<div class="tiles">${[...deps.platforms.values()].map(({ id, title }) => connectTile(id, title))}</div>`
      : empty(
          'Nothing is connected yet',
          'An owner or an admin of your account connects the first workspace. You will see it here.',
        )
  }${manages ? atHand(deps) : NOTHING}${archivedOnes(deps, archived)}`;
  return { title: 'Connect your inbox', section: 'workspaces', body };
}

/** The three steps to the first message, and which of them is next. */
export const steps = (current: 1 | 2 | 3): Html => {
  const step = (number: number, text: string): Html =>
    number < current
      ? html`<li class="done"><span>${text}<span class="unseen"> (done)</span></span></li>`
      : number === current
        ? html`<li aria-current="step">${text}</li>`
        : html`<li>${text}</li>`;
  return html`<ol class="steps" aria-label="Setting up: step ${current} of 3">${step(1, 'Connect Intercom or HubSpot')}${step(2, 'Add a channel')}${step(3, 'Receive the first message')}</ol>`;
};

/** What the second step will ask for, so that nobody has to stop in the middle of it. */
const atHand = ({ channelAdapters }: ConsoleDeps): Html =>
  card(
    'What you need for the next step',
    html`<ul class="rows">${[...channelAdapters.values()]
      .filter((adapter) => adapter.connect)
      .map(
        ({ id, title }) =>
          html`<li class="named">${mark(id, title)}<div><strong>${title}</strong><p>${NEEDS[id] ?? ''}</p></div></li>`,
      )}</ul>`,
    { lead: 'One of these is enough to begin with.' },
  );

/** What to have at hand for a channel, by its type. */
export const NEEDS: Record<string, string> = {
  telegram: 'A bot’s token from @BotFather',
  whatsapp: 'A number of Meta’s Cloud API and a permanent token',
  twilio_sms: 'A Twilio number or Messaging Service',
};

const connectTile = (id: string, title: string): Html =>
  html`<section class="tile"><div class="named">${mark(id, title)}<div><h2>Connect ${title}</h2><p>${CONNECTS[id] ?? `Link your ${title} account`}</p></div></div><p class="soft small-text">You need to be an admin there. ${title} asks you to agree, then brings you back here.</p><p>${buttonLink(`/${id}/install?return=console`, html`${icons.plus}Connect ${title}`, 'primary')}</p></section>`;
const CONNECTS: Record<string, string> = {
  intercom: 'Link your Intercom workspace',
  hubspot: 'Link your HubSpot account',
};

async function list(deps: ConsoleDeps, visit: MemberVisit, workspaces: Workspace[]): Promise<Page> {
  const live = workspaces.filter((one) => one.status !== 'archived');
  const channels = new Map(
    await Promise.all(live.map(async (one) => [one.id, await liveChannels(deps, one)] as const)),
  );
  const people = new Map(
    await Promise.all(live.map(async (one) => [one.id, await connectedBy(deps, one)] as const)),
  );
  const failed = await failuresOfWeek(deps, visit, [...channels.keys()]);
  const manages = mayManage(visit.member.role);
  const firstSteps = manages && live.every((one) => channels.get(one.id)?.length === 0);
  const body = html`${flash(visit)}${head('Connected workspaces', {
    lead: 'Each one is linked to exactly one Intercom workspace or HubSpot account, with channels of its own.',
    actions: manages
      ? [...deps.platforms.values()].map(({ id, title }) =>
          buttonLink(`/${id}/install?return=console`, html`${icons.plus}Connect ${title}`),
        )
      : undefined,
  })}${firstSteps ? steps(2) : NOTHING}${overall(live, [...channels.values()].flat(), failed)}<div class="tiles">${live.map(
    (one) => tile(deps, visit, one, channels.get(one.id) ?? [], people.get(one.id) ?? ''),
  )}</div>${archivedOnes(deps, workspaces)}`;
  return { title: 'Connected workspaces', section: 'workspaces', body };
}

const WEEK_MS = 7 * 24 * 3_600_000;

/** Failed and doubtful messages of the last seven days. */
export async function failuresOfWeek(
  { traffic }: ConsoleDeps,
  { now }: MemberVisit,
  workspaceIds: string[],
): Promise<number> {
  const failures = await traffic.failures({ workspaceIds, since: now - WEEK_MS });
  return [...failures.values()].reduce((sum, one) => sum + one, 0);
}

const isSilent = ({ status }: Channel): boolean => status === 'disconnected' || status === 'offline';

const liveChannels = async ({ connections }: ConsoleDeps, workspace: Workspace): Promise<Channel[]> =>
  (await connections.channelsOf(workspace.id)).filter((one) => one.status !== 'archived');

export async function connectedBy({ accounts }: ConsoleDeps, workspace: Workspace): Promise<string> {
  const person = await accounts.person(workspace.connected_by);
  return person?.name ?? person?.email ?? 'somebody who has left';
}

function overall(workspaces: Workspace[], channels: Channel[], failed: number): Html {
  const broken = workspaces.filter((one) => one.status === 'disconnected');
  const silent = channels.filter(isSilent);
  const words = [
    broken.length > 0 ? `${count(broken.length, 'workspace')} disconnected` : undefined,
    silent.length > 0 ? `${count(silent.length, 'channel')} not working` : undefined,
  ].filter((one) => one !== undefined);
  const [first] = [
    ...broken.map((one) => ({ href: `/workspaces/${one.id}`, text: workspaceTitle(one) })),
    ...silent.map((one) => ({ href: `/channels/${one.id}`, text: one.name })),
  ];
  if (first)
    return notice(
      'bad',
      words.join(', '),
      'Nothing is lost: what could not be delivered waits until it is mended.',
      buttonLink(first.href, html`Mend <span class="cut">${first.text}</span>`, 'primary'),
    );
  return html`<p class="summary">${badge({ word: 'All systems operational', tone: 'good' })}<span class="soft">${count(workspaces.length, 'workspace')}, ${count(channels.length, 'channel')}</span>${failed > 0 ? html`<a href="/failures">${count(failed, 'message')} failed in the last week</a>` : NOTHING}</p>`;
}

function tile(
  deps: ConsoleDeps,
  { member, now }: MemberVisit,
  workspace: Workspace,
  channels: Channel[],
  by: string,
): Html {
  const platform = platformTitle(deps, workspace.platform);
  const href = `/workspaces/${workspace.id}`;
  const silent = channels.filter(isSilent).length;
  const missing = channels.length === 0 && workspace.status === 'active' && mayManage(member.role);
  return html`<section class="tile"><div class="named">${mark(workspace.platform, platform)}<div><h2><a href="${href}">${workspaceTitle(workspace)}</a></h2><p>${workspaceSubtitle(workspace, platform)}</p></div></div><p>${badge(workspaceWord(workspace.status))}</p>${
    workspace.reason ? html`<p class="reason">${workspace.reason}</p>` : NOTHING
  }<p>${channels.length > 0 ? count(channels.length, 'channel') : 'No channel yet'}${silent > 0 ? html`, <span class="reason">${silent} not working</span>` : NOTHING}</p>${missing ? html`<p class="above">${buttonLink(`${href}/channels/new`, html`${icons.plus}Add a channel`, 'primary')}</p>` : NOTHING}<p class="foot"><span>Added by ${by}</span><span>Updated ${time(workspace.updated_at, now)}</span></p></section>`;
}

function archivedOnes(deps: ConsoleDeps, workspaces: Workspace[]): Html {
  const archived = workspaces.filter((one) => one.status === 'archived');
  if (archived.length === 0) return NOTHING;
  const items = archived.map(
    (one) =>
      html`<li><a href="/workspaces/${one.id}">${workspaceTitle(one)}</a> <span class="soft">${platformTitle(deps, one.platform)}</span></li>`,
  );
  return html`<div class="card later">${disclosure(`Archived (${archived.length})`, html`<ul>${items}</ul>`)}</div>`;
}
