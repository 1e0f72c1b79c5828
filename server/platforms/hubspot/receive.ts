/**
 * What HubSpot posts to the custom channels' webhook: one object a call, for all portals of the app.
 * https://developers.hubspot.com/docs/api-reference/conversations-custom-channels-v3/guide
 */
import { createHash } from 'node:crypto';
import type { Connection, FindConnection, Io, Received, WebhookRequest } from '../../core/adapter.ts';
import type { Event, UnparsedEvent } from '../../core/message.ts';
import { agentEvent, isFromAgent } from './agent-message.ts';
import { receiveAppEvents } from './app-events.ts';
import type { HubspotOptions } from './portal.ts';
import { type ChannelEvent, channelEventShape, messageShape } from './shapes.ts';
import { verifySignatureV3 } from './signature.ts';
import { parsed } from './transport.ts';

/**
 * The secret in the route was compared before; what comes without one is about the app's subscriptions. A portal that we do not know gets a 200 and nothing else: it uninstalled
 * us, and errors would count against the app.
 */
export async function receive(
  options: HubspotOptions,
  request: WebhookRequest,
  find: FindConnection,
  io: Io,
): Promise<Received> {
  if (request.routeId === undefined) return receiveAppEvents(options, request, find, io);
  if (!verifySignatureV3(request, options.clientSecrets, io.clock.now())) return { reject: 401 };
  const raw = new TextDecoder().decode(request.body);
  const event = channelEventShape.safeParse(parsed(raw));
  if (!event.success) return { reject: 400 };
  const connection = await find.byExternalId('hubspot', event.data.portalId);
  if (!connection) return { events: [] };
  return { events: await eventsOf({ options, event: event.data, raw, connection, now: io.clock.now() }) };
}

interface Arrived {
  options: HubspotOptions;
  event: ChannelEvent;
  raw: string;
  connection: Connection;
  now: number;
}

async function eventsOf(arrived: Arrived): Promise<Event[]> {
  const type = arrived.event.type ?? arrived.event.eventType ?? '';
  if (type === 'OUTGOING_CHANNEL_MESSAGE_CREATED') return messageEvents(arrived);
  if (type.startsWith('CHANNEL_ACCOUNT_')) return await accountEvents(type, arrived);
  return [unparsed(arrived, `an event of the type “${type}”`)];
}

function messageEvents(arrived: Arrived): Event[] {
  const message = messageShape.safeParse(arrived.event.message);
  if (!message.success) return [unparsed(arrived, 'an agent’s message that we could not read')];
  return isFromAgent(message.data, arrived.options.appId)
    ? [agentEvent(message.data, ends(arrived.connection), arrived.now)]
    : [];
}

/**
 * Created and changed accounts are echoes of what we asked for ourselves. One that was removed or switched off in
 * HubSpot ends that channel, and only that channel.
 */
async function accountEvents(type: string, arrived: Arrived): Promise<Event[]> {
  const { event, connection, options } = arrived;
  const removed = type === 'CHANNEL_ACCOUNT_PURGED';
  if (!removed && event.authorized !== false) return [];
  const why = `The channel was ${removed ? 'removed' : 'switched off'} in HubSpot. Delete the channel here and add it again to connect it.`;
  const account = event.channelAccountId;
  const channel = account ? await options.channelOf?.(connection.workspaceId, account) : undefined;
  if (!channel) return [unparsed(arrived, `${why} (channel account ${account ?? 'unknown'})`)];
  return [
    {
      kind: 'state',
      connection: { workspaceId: connection.workspaceId, id: channel.id },
      id: eventId(arrived),
      value: 'disconnected',
      why,
      at: timeOf(arrived),
    },
  ];
}

const ends = ({ workspaceId, id }: Connection): Event['connection'] => ({ workspaceId, id });

function timeOf({ event: { eventTimestamp }, now }: Arrived): number {
  const at = typeof eventTimestamp === 'number' ? eventTimestamp : Date.parse(eventTimestamp ?? '');
  return Number.isNaN(at) ? now : at;
}

/** Without an id of HubSpot's own, the body is hashed: the same body again is the same event. */
const eventId = ({ event, raw }: Arrived): string =>
  event.eventId ?? createHash('sha256').update(raw).digest('hex');

const unparsed = (arrived: Arrived, why: string): UnparsedEvent => ({
  kind: 'unparsed',
  connection: ends(arrived.connection),
  id: eventId(arrived),
  why,
  raw: arrived.raw,
  at: timeOf(arrived),
});
