/** The channel adapters of a simulation: one for every profile, over plain calls to its provider. */
import type {
  Adapter,
  Connection,
  Delivery,
  FindConnection,
  Io,
  MessageDelivery,
  Preparation,
  WebhookRequest,
} from '../../server/core/adapter.ts';
import type { Event, Identity, RemoteFile } from '../../server/core/message.ts';
import { type Outcome, refused, sent } from '../../server/core/outcome.ts';
import type { ChannelProfile } from './profiles.ts';
import {
  anyCredentials,
  contentOf,
  contentsOf,
  filesOf,
  type Listed,
  matching,
  notSent,
  ok,
  partsOf,
  unanswered,
  type WireBody,
  type WireMessage,
  wordsOf,
} from './wire.ts';

export function channelAdapter(profile: ChannelProfile): Adapter<Record<string, unknown>> {
  const url = `https://${profile.id}.sim`;
  return {
    id: profile.id,
    side: 'channel',
    title: profile.id,
    credentials: anyCredentials,
    can: profile.can,
    receive: (request, find, io) => receive(profile, request, find, io),
    send: (delivery, _connection, io) => send(profile, url, delivery, io),
    ...(profile.uploads
      ? { prepare: (delivery: Delivery, _: Connection, io: Io) => uploads(url, delivery, io) }
      : {}),
    ...(profile.lookup
      ? { lookup: (delivery: Delivery, _: Connection, io: Io) => lookup(url, delivery, io) }
      : {}),
    ...(profile.catchUp
      ? {
          catchUp: (connection: Connection, since: number, io: Io) =>
            catchUp(profile, url, connection, since, io),
        }
      : {}),
    media: (file, _connection, io) => media(url, file, io),
  };
}

async function receive(profile: ChannelProfile, request: WebhookRequest, find: FindConnection, io: Io) {
  const { account, events } = JSON.parse(Buffer.from(request.body).toString('utf8')) as WireBody;
  const connection = await find.byExternalId(profile.id, account);
  if (!connection) return { events: [] };
  const of = { workspaceId: connection.workspaceId, id: connection.id };
  return {
    events: events.map(
      (event): Event =>
        event.kind === 'receipt' ? { ...event, connection: of } : messageEvent(profile, event, of, io),
    ),
  };
}

function messageEvent(
  profile: ChannelProfile,
  { id, from, text, file, at, seq }: WireMessage,
  connection: { workspaceId: string; id: string },
  io: Io,
): Event {
  return {
    kind: 'message',
    connection,
    id,
    thread: from,
    author: { kind: 'customer', customer: { identities: [identityOf(profile, from)], address: from } },
    parts: partsOf({ text, ...(file ? { file } : {}) }),
    at: at ?? io.clock.now(),
    ...(seq === undefined ? {} : { seq: String(seq) }),
  };
}

/** A number is the same person on every channel; the silent profile knows names of its own. */
const identityOf = (profile: ChannelProfile, from: string): Identity =>
  profile.id === 'silent'
    ? { scope: 'bot', kind: 'telegram', value: from }
    : { scope: '', kind: 'phone', value: from };

async function send(profile: ChannelProfile, url: string, delivery: Delivery, io: Io): Promise<Outcome> {
  if (delivery.kind === 'status') return refused('status', 'channels are told nothing');
  const files = profile.uploads
    ? filesOf(delivery.parts).map((_, index) => delivery.prepared[`file:${index}`] ?? '')
    : await contentsOf(delivery);
  const answer = await io.http({
    method: 'POST',
    url: `${url}/messages`,
    json: {
      to: delivery.conversation.thread,
      text: wordsOf(delivery.parts),
      files,
      ...(profile.can.echo ? { ref: delivery.id } : {}),
      truth: delivery.id,
    },
  });
  return ok(answer) ? sent((answer.json as { id: string }).id) : notSent(answer);
}

const uploads = (url: string, delivery: Delivery, io: Io): Preparation[] =>
  delivery.kind === 'status'
    ? []
    : filesOf(delivery.parts).map((file, index) => ({
        name: `file:${index}`,
        run: async () => {
          const content = await contentOf(file);
          const answer = await io.http({ method: 'POST', url: `${url}/files`, json: { content } });
          return ok(answer) ? (answer.json as { id: string }).id : notSent(answer);
        },
      }));

async function lookup(url: string, delivery: Delivery, io: Io) {
  const answer = await io.http({
    method: 'POST',
    url: `${url}/messages/search`,
    json: { to: delivery.conversation.thread },
  });
  if (!ok(answer)) return unanswered(answer);
  const { parts } = delivery as MessageDelivery;
  const wanted = { text: wordsOf(parts), files: filesOf(parts).length, kind: 'message' as const };
  const found = matching((answer.json as { messages: Listed[] }).messages, delivery, wanted);
  return found ? { found: found.id } : ('absent' as const);
}

async function catchUp(profile: ChannelProfile, url: string, connection: Connection, since: number, io: Io) {
  const answer = await io.http({ method: 'POST', url: `${url}/received/search`, json: { since } });
  if (!ok(answer)) throw new Error(`answered ${answer.status}`);
  const of = { workspaceId: connection.workspaceId, id: connection.id };
  return (answer.json as { messages: WireMessage[] }).messages.map((one) =>
    messageEvent(profile, one, of, io),
  );
}

async function media(url: string, file: RemoteFile, io: Io) {
  const answer = await io.http({ method: 'GET', url: `${url}/files/${file.ref}` });
  if (answer.status === 404) return refused(404, 'its address had expired');
  if (!ok(answer)) return notSent(answer);
  const { content } = answer.json as { content: string };
  return {
    contentType: 'image/png',
    body: (async function* () {
      yield Buffer.from(content);
    })(),
  };
}
