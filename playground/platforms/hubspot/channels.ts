/** Custom channels: registered once per app, with the developer key. */
import type { Express, Request } from 'express';
import {
  ApiError,
  answering,
  bodyOf,
  invalid,
  type Method,
  notFound,
  passesFaults,
  queryOf,
  reply,
  required,
  requiredText,
  type TakeFault,
  text,
} from './api.ts';
import { checkCapabilities } from './capabilities.ts';
import { type Channel, iso, type World } from './world.ts';

export const CHANNEL_BASES = ['2026-03', '2026-09'].map(
  (version) => `/conversations/custom-channels/${version}`,
);

/** Channel-level calls: `?hapikey=…&appId=…` of the developer account, no portal. */
export function channelRoutes(world: World, app: Express, takeFault: TakeFault): void {
  type Work = (request: Request, channel: Channel | undefined) => unknown;
  const route = (method: Method, path: string, status: number, work: Work) => {
    for (const base of CHANNEL_BASES)
      app[method](base + path, async (request, response) => {
        if (!passesFaults(takeFault, request, response)) return;
        await answering(response, async () => {
          checkDeveloperKey(world, request);
          const id = request.params.channelId;
          const channel = typeof id === 'string' ? findChannel(world, id) : undefined;
          reply(response, status, work(request, channel));
        });
      });
  };
  route('get', '', 200, () => ({
    total: world.channels.size,
    results: [...world.channels.values()].map(channelJson),
  }));
  route('post', '', 201, (request) => channelJson(registerChannel(world, bodyOf(request))));
  route('get', '/:channelId', 200, (_request, channel) => channel && channelJson(channel));
  route('patch', '/:channelId', 200, (request, channel) => {
    if (!channel) return undefined;
    Object.assign(channel, channelFields(bodyOf(request)));
    world.changed();
    return channelJson(channel);
  });
  route('delete', '/:channelId', 204, (_request, channel) => {
    if (channel) world.channels.delete(channel.id);
    return undefined;
  });
}

function checkDeveloperKey(world: World, request: Request): void {
  const query = queryOf(request);
  if (query.get('hapikey') !== world.app.developerApiKey)
    throw new ApiError(401, 'INVALID_AUTHENTICATION', 'The API key provided is invalid.');
  if (query.get('appId') !== String(world.app.appId))
    throw new ApiError(403, 'FORBIDDEN', 'The app is not yours.');
}

export function findChannel(world: World, id: string | undefined): Channel {
  const channel = world.channels.get(id ?? '');
  if (!channel) throw notFound(`Channel ${id} does not exist`);
  return channel;
}

export function registerChannel(world: World, body: Record<string, unknown>): Channel {
  if (body.capabilities === undefined) throw required('capabilities');
  const channel: Channel = {
    id: String(world.channels.size + 1001),
    createdAt: world.now(),
    name: requiredText(body, 'name'),
    capabilities: {},
    ...channelFields(body),
  };
  world.channels.set(channel.id, channel);
  world.changed();
  return channel;
}

function channelFields(body: Record<string, unknown>): Partial<Channel> {
  const fields: Partial<Channel> = {};
  if (body.capabilities !== undefined) fields.capabilities = checkCapabilities(body.capabilities);
  for (const name of [
    'name',
    'webhookUrl',
    'channelAccountConnectionRedirectUrl',
    'channelDescription',
    'channelLogoUrl',
  ] as const) {
    const value = text(body, name);
    if (value !== undefined) fields[name] = value;
  }
  if (fields.webhookUrl && !URL.canParse(fields.webhookUrl)) throw invalid('webhookUrl is not a URL');
  return fields;
}

const channelJson = (channel: Channel): Record<string, unknown> => ({
  ...channel,
  createdAt: iso(channel.createdAt),
});
