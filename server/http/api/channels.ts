import { z } from 'zod';
import { type ChannelRefusal, isRefusal } from '../../accounts/channel-form.ts';
import type { Channels } from '../../accounts/channels.ts';
import { maySee } from '../../accounts/roles.ts';
import type { Caller } from '../../accounts/tokens.ts';
import type { Channel, ConnectionStore } from '../../store/connections/connections.ts';
import type { AccountStore } from '../../store/people/accounts.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { PAGING, pageOf } from './paging.ts';
import { type ApiRoute, conflict, ok, withBody, withoutBody } from './routes.ts';
import { channelShape, iso, listOf, settingsShape } from './shapes.ts';
import { ownWorkspace } from './workspaces.ts';

export interface ChannelRoutesDeps {
  accounts: AccountStore;
  connections: ConnectionStore;
  channels: Channels;
  webhookUrl(type: string, channelId: string, credentials: unknown): string;
}

const channelName = z.string().trim().min(1).max(100);
const newChannel = z.strictObject({
  type: z.string().describe('`telegram`, `whatsapp`, `twilio_sms`'),
  name: channelName.optional(),
  credentials: z.record(z.string(), z.unknown()).describe('By type; see docs/api.md'),
  settings: z.record(z.string(), z.unknown()).optional().describe('HubSpot: `inbox_id`'),
});
const channelChange = z.strictObject({
  name: channelName.optional(),
  credentials: z.record(z.string(), z.unknown()).optional().describe('New ones for the same bot or number'),
});

export const channelRoutes = (deps: ChannelRoutesDeps): ApiRoute[] => [
  list(deps),
  create(deps),
  one(deps),
  change(deps),
  remove(deps),
  settings(deps),
  changeSettings(deps),
];

const list = (deps: ChannelRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/workspaces/:id/channels',
    operationId: 'listChannels',
    summary: 'The workspace’s channels, archived ones included',
    scope: 'channels:read',
    query: PAGING,
    success: { status: 200, shape: listOf(channelShape) },
    handle: async ({ caller, id, query }) => {
      const workspace = await ownWorkspace(deps.connections, caller, id);
      const { data, next } = pageOf(await deps.connections.channelsOf(workspace.id), query);
      return ok({ data: await Promise.all(data.map((channel) => shown(deps, channel))), next });
    },
  });

const create = (deps: ChannelRoutesDeps): ApiRoute =>
  withBody({
    method: 'post',
    path: '/workspaces/:id/channels',
    operationId: 'createChannel',
    summary: 'Connect a bot or number: credentials proven, webhook registered',
    scope: 'channels:write',
    manages: true,
    body: newChannel,
    success: { status: 201, shape: channelShape },
    problems: [409, 502],
    handle: async ({ caller, id, body }) => {
      const workspace = await ownWorkspace(deps.connections, caller, id);
      return {
        status: 201,
        json: await shown(deps, accepted(await deps.channels.create(workspace, body, caller))),
      };
    },
  });

const one = (deps: ChannelRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/channels/:id',
    operationId: 'getChannel',
    summary: 'One channel',
    scope: 'channels:read',
    success: { status: 200, shape: channelShape },
    handle: async ({ caller, id }) => ok(await shown(deps, await ownChannel(deps, caller, id))),
  });

const change = (deps: ChannelRoutesDeps): ApiRoute =>
  withBody({
    method: 'patch',
    path: '/channels/:id',
    operationId: 'changeChannel',
    summary: 'Rename it, or give it new credentials for the same bot or number',
    scope: 'channels:write',
    manages: true,
    body: channelChange,
    success: { status: 200, shape: channelShape },
    problems: [409, 502],
    handle: async ({ caller, id, body }) => {
      const channel = await ownChannel(deps, caller, id);
      if (channel.status === 'archived') throw archived();
      if (body.credentials)
        accepted(await deps.channels.replaceCredentials(channel, body.credentials, caller));
      if (body.name) await deps.channels.rename(channel, body.name, caller);
      return ok(await shown(deps, await ownChannel(deps, caller, id)));
    },
  });

const remove = (deps: ChannelRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'delete',
    path: '/channels/:id',
    operationId: 'deleteChannel',
    summary: 'Archive it: webhook deregistered, credentials destroyed',
    scope: 'channels:write',
    manages: true,
    success: { status: 204 },
    handle: async ({ caller, id }) => {
      const channel = await ownChannel(deps, caller, id);
      if (channel.status !== 'archived') await deps.channels.remove(channel, caller);
      return { status: 204 };
    },
  });

const settings = (deps: ChannelRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/channels/:id/settings',
    operationId: 'getChannelSettings',
    summary: 'What was chosen for the channel and what was learned when it was connected',
    scope: 'channels:read',
    success: { status: 200, shape: settingsShape },
    handle: async ({ caller, id }) => ok((await ownChannel(deps, caller, id)).settings),
  });

/** Nothing in them can be changed yet, so what is sent must be what is there: the reason is told per setting. */
const changeSettings = (deps: ChannelRoutesDeps): ApiRoute =>
  withBody({
    method: 'put',
    path: '/channels/:id/settings',
    operationId: 'putChannelSettings',
    summary: 'Replace the settings; a setting that cannot be changed is a 422 that says why',
    scope: 'channels:write',
    manages: true,
    body: z.record(z.string(), z.unknown()),
    success: { status: 200, shape: settingsShape },
    problems: [409],
    handle: async ({ caller, id, body }) => {
      const channel = await ownChannel(deps, caller, id);
      if (channel.status === 'archived') throw archived();
      for (const [key, value] of Object.entries(body)) refuseChange(channel, key, value);
      return ok(channel.settings);
    },
  });

function refuseChange(channel: Channel, key: string, value: unknown): void {
  const current = channel.settings[key];
  if (JSON.stringify(current) === JSON.stringify(value)) return;
  if (key === 'inbox_id' && current !== undefined)
    throw invalidField(
      'inbox_id',
      `HubSpot cannot move a channel to another inbox through its API; this one is in inbox ${String(current)}.`,
      'Move it in HubSpot: Settings → Inbox & Help Desk → Channels. Or delete the channel here and connect it again.',
    );
  throw invalidField(key, current === undefined ? 'There is no such setting.' : 'This setting is read-only.');
}

async function ownChannel(deps: ChannelRoutesDeps, caller: Caller, id: string): Promise<Channel> {
  const workspaceId = await deps.accounts.workspaceOfChannel(caller.account_id, id);
  const channel =
    workspaceId === undefined || !maySee(caller, workspaceId)
      ? undefined
      : await deps.connections.channel(workspaceId, id);
  if (!channel) throw notFound('channel');
  return channel;
}

function accepted(answer: Channel | ChannelRefusal): Channel {
  if (!isRefusal(answer)) return answer;
  switch (answer.refused) {
    case 'invalid':
      throw invalidField(answer.field, answer.why);
    case 'taken':
      throw conflict(
        'This bot or number is connected already.',
        'Delete the channel that has it first; it may be in another workspace or account.',
      );
    case 'archived':
      throw archived();
    case 'unreachable':
      throw new Problem(502, { detail: answer.why, remedy: 'Nothing was saved: try again in a minute.' });
  }
}

const archived = (): Problem => conflict('It is archived.', 'Connect it again as a new one.');

async function shown(deps: ChannelRoutesDeps, channel: Channel): Promise<unknown> {
  const { id, workspace_id, type, name, external_id, status, reason, created_at, updated_at } = channel;
  const credentials = (await deps.connections.byId(id))?.credentials;
  return {
    id,
    workspace_id,
    type,
    name,
    external_id,
    status,
    ...(reason === null ? {} : { reason }),
    webhook_url: deps.webhookUrl(type, id, credentials),
    ...(channel.last_inbound_at === null ? {} : { last_inbound_at: iso(channel.last_inbound_at) }),
    ...(channel.last_outbound_at === null ? {} : { last_outbound_at: iso(channel.last_outbound_at) }),
    created_at: iso(created_at),
    updated_at: iso(updated_at),
  };
}
