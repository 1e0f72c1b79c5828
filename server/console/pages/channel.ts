/** One channel: how it stands, where its provider must send, its name, its credentials, and its end. */
import { type ChannelRefusal, isRefusal } from '../../accounts/channel-form.ts';
import { mayManage } from '../../accounts/roles.ts';
import type { AnyAdapter } from '../../core/adapter.ts';
import type { Channel, Workspace } from '../../store/connections/connections.ts';
import type { ConsoleDeps } from '../deps.ts';
import {
  badge,
  buttonLink,
  card,
  copyable,
  disclosure,
  empty,
  facts,
  head,
  link,
  notice,
  time,
  timeOr,
} from '../elements.ts';
import { flash } from '../flash.ts';
import { type Field, field, form, submit } from '../forms.ts';
import { type Content, type Html, html, NOTHING } from '../html.ts';
import { mark } from '../icons.ts';
import { inside, type MemberVisit, managed, type Page, type PageRoute } from '../routes.ts';
import { fieldsOf, sentUnder } from '../schema-fields.ts';
import { ownChannel } from '../scope.ts';
import { channelWord, digits } from '../words.ts';
import { said, statusOf } from './add-channel.ts';
import { messageList } from './message-list.ts';
import { channelTitle, startOfDay } from './workspace.ts';
import { steps, workspaceTitle } from './workspaces.ts';

export const channelPages = (deps: ConsoleDeps): PageRoute[] => [
  inside('get', '/channels/:id', async (visit) =>
    page(deps, visit, await ownChannel(deps, visit.member, visit.params.id)),
  ),
  managed('post', '/channels/:id/rename', async (visit) => {
    const owned = await ownChannel(deps, visit.member, visit.params.id);
    const name = visit.form.get('name')?.trim() ?? '';
    if (name === '' || name.length > 100)
      return page(deps, visit, owned, { form: 'name', why: 'A name has 1 to 100 characters.' });
    await deps.channels.rename(owned.channel, name, visit.member);
    return { goTo: `/channels/${owned.channel.id}?done=renamed` };
  }),
  managed('post', '/channels/:id/credentials', async (visit) => {
    const owned = await ownChannel(deps, visit.member, visit.params.id);
    const credentials = sentUnder(visit.form, 'credentials.');
    const answer = await deps.channels.replaceCredentials(owned.channel, credentials, visit.member);
    if (isRefusal(answer)) return page(deps, visit, owned, { form: 'credentials', refusal: answer });
    return { goTo: `/channels/${owned.channel.id}?done=credentials` };
  }),
  managed('post', '/channels/:id/archive', async (visit) => {
    const { channel, workspace } = await ownChannel(deps, visit.member, visit.params.id);
    if (channel.status !== 'archived') await deps.channels.remove(channel, visit.member);
    return { goTo: `/workspaces/${workspace.id}?done=channel-archived` };
  }),
];

type Owned = { channel: Channel; workspace: Workspace };
type Wrong = { form: 'name'; why: string } | { form: 'credentials'; refusal: ChannelRefusal };

async function page(
  deps: ConsoleDeps,
  visit: MemberVisit,
  { channel, workspace }: Owned,
  wrong?: Wrong,
): Promise<Page> {
  const { member, now } = visit;
  const title = channelTitle(deps, channel.type);
  const adapter = deps.channelAdapters.get(channel.type);
  const may = mayManage(member.role) && channel.status !== 'archived' && adapter !== undefined;
  const failures = await deps.traffic.failures({
    workspaceIds: [workspace.id],
    since: startOfDay(now),
    channelId: channel.id,
  });
  const { rows } = await deps.activity.list({
    workspaceIds: [workspace.id],
    channelId: channel.id,
    limit: 8,
  });
  const first = may && !channel.last_inbound_at && !channel.last_outbound_at;
  const body = html`${flash(visit)}${head(channel.name, {
    crumbs: [
      ['/', 'Workspaces'],
      [`/workspaces/${workspace.id}`, workspaceTitle(workspace)],
    ],
    lead: html`<span id="status" data-refresh>${badge(channelWord(channel.status))}</span> ${title}`,
  })}<div id="notices" data-refresh>${trouble(channel, may)}${await waiting(deps, channel, may)}${first ? steps(3) : NOTHING}</div><div class="columns"><div class="stack">${card(
    'Latest messages',
    rows.length > 0
      ? html`<div id="latest" data-refresh>${messageList(rows, { now, channelName: () => undefined })}</div>`
      : html`<div id="latest" data-refresh>${nothingYet(channel)}</div>`,
    { actions: rows.length > 0 ? link(`/activity?channel=${channel.id}`, 'All of them') : undefined },
  )}</div><div class="stack">${about(channel, title, failures.get(channel.id) ?? 0, now)}${
    may
      ? html`${renaming(channel, wrong)}${credentials(visit, channel, adapter, wrong)}${archive(channel, title)}`
      : NOTHING
  }</div></div>`;
  const status = wrong === undefined ? 200 : wrong.form === 'name' ? 422 : statusOf(wrong.refusal);
  return { title: channel.name, section: 'workspaces', status, body };
}

/** Where a customer would begin: opens the app on a phone or a computer. */
const WRITE_TO: Record<string, (channel: Channel) => { href: string; text: string } | undefined> = {
  telegram: ({ settings }) =>
    typeof settings.username === 'string'
      ? { href: `https://t.me/${settings.username}`, text: 'Write to it in Telegram' }
      : undefined,
  whatsapp: ({ settings }) =>
    typeof settings.phone === 'string'
      ? { href: `https://wa.me/${settings.phone.replace(/\D/g, '')}`, text: 'Write to it in WhatsApp' }
      : undefined,
};

function nothingYet(channel: Channel): Html {
  const way = WRITE_TO[channel.type]?.(channel);
  return empty(
    'Nothing yet',
    `Write to ${channel.name} from a phone: the message appears here and in your inbox within seconds.`,
    way ? buttonLink(way.href, way.text) : undefined,
  );
}

function trouble(channel: Channel, may: boolean): Html {
  if (channel.status === 'archived')
    return notice(
      'quiet',
      'This channel is archived.',
      'Its credentials are destroyed. Add it again as a new channel.',
    );
  if (channel.status === 'disconnected' || channel.status === 'offline')
    return notice(
      'bad',
      channelWord(channel.status).word,
      html`${channel.reason ?? 'The provider does not accept our credentials any more.'} Messages wait and go out in order once it works again.${may ? NOTHING : ' Ask an owner or an admin of your account to mend it.'}`,
      may
        ? channel.status === 'disconnected'
          ? buttonLink('#credentials', 'Replace the credentials', 'primary')
          : buttonLink(`/doctor?channel=${channel.id}`, 'Find out why', 'primary')
        : undefined,
    );
  return NOTHING;
}

/** What is left to do by hand, with the values to be carried over. */
async function waiting(deps: ConsoleDeps, channel: Channel, may: boolean): Promise<Html> {
  if (channel.status !== 'pending') return NOTHING;
  const url = may ? await webhookOf(deps, channel) : undefined;
  return notice(
    'wait',
    channel.reason ? 'One step is left' : 'Waiting for the first message',
    html`${channel.reason ?? 'The credentials work. Write to it from a phone: the first message proves that the way is open.'}${url ? html`</p><p>${copyable(url, 'the webhook URL')}` : NOTHING}`,
  );
}

async function webhookOf(deps: ConsoleDeps, channel: Channel): Promise<string> {
  const connection = await deps.connections.byId(channel.id);
  return deps.webhookUrl(channel.type, channel.id, connection?.credentials);
}

function about(channel: Channel, title: string, failed: number, now: number): Html {
  const { settings } = channel;
  const rows: [Content, Content][] = [
    ['Type', html`<span class="named">${mark(channel.type, title)}<span>${title}</span></span>`],
    ['Known there as', html`<code>${channel.external_id}</code>`],
  ];
  if (typeof settings.phone === 'string') rows.push(['Number', settings.phone]);
  if (typeof settings.inbox_name === 'string') rows.push(['HubSpot inbox', settings.inbox_name]);
  rows.push(
    ['Last inbound', timeOr(channel.last_inbound_at, now)],
    ['Last outbound', timeOr(channel.last_outbound_at, now)],
    ['Failures today', failed > 0 ? link(`/failures?channel=${channel.id}`, digits(failed)) : '0'],
    ['Created', time(channel.created_at, now)],
    ['Updated', time(channel.updated_at, now)],
  );
  return card('About', html`<div id="about" data-refresh>${facts(rows)}</div>`, {
    actions: channel.status === 'archived' ? undefined : link(`/doctor?channel=${channel.id}`, 'Check it'),
  });
}

const renaming = (channel: Channel, wrong: Wrong | undefined): Html =>
  disclosure(
    'Rename',
    form(
      `/channels/${channel.id}/rename`,
      html`${field({
        name: 'name',
        label: 'Name',
        value: channel.name,
        required: true,
        maxlength: 100,
        error: wrong?.form === 'name' ? wrong.why : undefined,
      })}<div class="form-foot">${submit('Save', 'plain')}</div>`,
    ),
    { open: wrong?.form === 'name' },
  );

function credentials(
  visit: MemberVisit,
  channel: Channel,
  adapter: AnyAdapter,
  wrong: Wrong | undefined,
): Html {
  const shown = wrong?.form === 'credentials' ? said(wrong.refusal) : undefined;
  const fields: Field[] = fieldsOf(adapter.credentials, 'credentials.', visit.form, shown?.at);
  const general = shown?.general ?? (fields.some((one) => one.error) ? undefined : shown?.at?.why);
  return disclosure(
    'Replace the credentials',
    html`<p class="soft">For the same bot or number, after its token was renewed.</p>${general ? notice('bad', 'Not saved', general) : NOTHING}${form(
      `/channels/${channel.id}/credentials`,
      html`${fields.map(field)}<div class="form-foot">${submit('Try and save', 'plain')}</div>`,
    )}`,
    { open: shown !== undefined || channel.status === 'disconnected', id: 'credentials' },
  );
}

const archive = (channel: Channel, title: string): Html =>
  disclosure(
    'Archive this channel',
    html`<p>Messages to ${channel.name} arrive nowhere any more: its ${title} webhook is taken back and its credentials are destroyed. What is in your inbox stays there.</p>${form(
      `/channels/${channel.id}/archive`,
      html`<div class="form-foot">${submit('Archive it for good', 'danger')}</div>`,
    )}`,
    { danger: true },
  );
