/** The two platform adapters of a simulation. */
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
import type { Event, MessageEvent, RemoteFile } from '../../server/core/message.ts';
import { type NotSent, type Outcome, refused, retry, sent } from '../../server/core/outcome.ts';
import type { Thread } from './platform-provider.ts';
import { ASKED, KEYED } from './profiles.ts';
import {
  anyCredentials,
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

type Platform = Adapter<Record<string, unknown>>;

/** Asked whether a write was accepted; contacts are found or made by us. */
export const askedAdapter = (): Platform => ({
  id: 'asked',
  side: 'platform',
  title: 'asked',
  credentials: anyCredentials,
  can: ASKED.can,
  receive: (request, find) => receive('asked', request, find),
  readBack: async ({ id }, connection, io) => {
    const answer = await get(`parts/${id}`, 'asked', connection, io);
    return ok(answer) ? partsOf(answer.json as WireMessage) : notSent(answer);
  },
  prepare: (delivery, connection, io) => contactStep(delivery, connection, io),
  send: sendAsked,
  lookup: lookUpAsked,
  catchUp: (connection, since, io) => catchUp('asked', connection, since, io),
  media: (file, connection, io) => media('asked', file, connection, io),
});

/** The same key twice makes one message; its tokens expire. */
export const keyedAdapter = (): Platform => ({
  id: 'keyed',
  side: 'platform',
  title: 'keyed',
  credentials: anyCredentials,
  can: KEYED.can,
  receive: (request, find) => receive('keyed', request, find),
  refresh: async ({ credentials }, io) => {
    if (Number(credentials.until ?? 0) > io.clock.now() + 60_000) return undefined;
    const answer = await io.http({ method: 'POST', url: 'https://keyed.sim/token', json: {} });
    return ok(answer) ? (answer.json as Record<string, unknown>) : notSent(answer);
  },
  send: sendKeyed,
  catchUp: (connection, since, io) => catchUp('keyed', connection, since, io),
  media: (file, connection, io) => media('keyed', file, connection, io),
});

const call = (
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  platform: string,
  connection: Connection,
  io: Io,
  json?: unknown,
) =>
  io.http({
    method,
    url: `https://${platform}.sim/${path}`,
    headers: { authorization: String((connection.credentials as { token?: unknown }).token) },
    ...(json === undefined ? {} : { json }),
  });
const get = (path: string, platform: string, connection: Connection, io: Io) =>
  call('GET', path, platform, connection, io);
const post = (path: string, platform: string, connection: Connection, io: Io, json: unknown) =>
  call('POST', path, platform, connection, io, json);

async function receive(platform: string, request: WebhookRequest, find: FindConnection) {
  const { account, events } = JSON.parse(Buffer.from(request.body).toString('utf8')) as WireBody;
  const connection = await find.byExternalId(platform, account);
  if (!connection) return { events: [] };
  return { events: events.map((event): Event => agentMessage(event as WireMessage, connection)) };
}

const agentMessage = (
  { id, from, at, seq, text, file, partial, route }: WireMessage,
  { workspaceId, id: connectionId }: Connection,
): MessageEvent => ({
  kind: 'message',
  connection: { workspaceId, id: connectionId },
  id,
  thread: from,
  author: { kind: 'agent' },
  parts: partsOf({ text, ...(file ? { file } : {}) }),
  at: at ?? 0,
  seq: String(seq),
  ...(partial ? { partial } : {}),
  ...(route ? { route } : {}),
});

const INDEX_LAG_MS = 120_000;

/** Found by search, or created; after a creation whose end is not known only when the search must show it by now. */
function contactStep(delivery: Delivery, connection: Connection, io: Io): Preparation[] {
  const identity = delivery.conversation.customer.identities[0];
  if (delivery.kind === 'status' || delivery.conversation.contactId || !identity) return [];
  const { value } = identity;
  const find = async (): Promise<string | NotSent | undefined> => {
    const answer = await post('contacts/search', 'asked', connection, io, { value });
    return ok(answer) ? (answer.json as { id: string }[])[0]?.id : notSent(answer);
  };
  const create = async (): Promise<string | NotSent> => {
    const answer = await post('contacts', 'asked', connection, io, { value });
    return ok(answer) ? (answer.json as { id: string }).id : notSent(answer);
  };
  return [
    {
      name: 'contact',
      lock: identity,
      run: async (_prepared, { resumed, begins }) => {
        const found = await find();
        if (found !== undefined) return found;
        if (resumed !== undefined && io.clock.now() < resumed + INDEX_LAG_MS)
          return retry('waiting for the search to show the contact', { afterMs: 10_000 });
        await begins();
        return create();
      },
    },
  ];
}

const noteText = (delivery: Delivery & { kind: 'status' }): string =>
  `${delivery.status}: ${delivery.excerpt}: ${delivery.why ?? ''}`;

async function sendAsked(delivery: Delivery, connection: Connection, io: Io): Promise<Outcome> {
  const thread = delivery.conversation.platformThread;
  if (delivery.kind === 'status') {
    if (!thread) return refused('no_conversation', 'nobody can be told');
    const json = {
      text: noteText(delivery),
      truth: delivery.id,
      status: `${delivery.of} ${delivery.status}`,
    };
    const answer = await post(`conversations/${thread}/note`, 'asked', connection, io, json);
    return ok(answer) ? sent((answer.json as { id: string }).id) : notSent(answer);
  }
  const contact = delivery.conversation.contactId ?? delivery.prepared.contact;
  const { channel, thread: customer } = delivery.conversation;
  const json = {
    text: wordsOf(delivery.parts),
    files: await contentsOf(delivery),
    truth: delivery.id,
    ...(thread ? {} : { contact, channel: channel.id, customer }),
  };
  const answer = await post(
    thread ? `conversations/${thread}/reply` : 'conversations',
    'asked',
    connection,
    io,
    json,
  );
  if (!ok(answer)) return notSent(answer);
  const made = answer.json as { id: string; thread?: string };
  return sent(made.id, made.thread ? { thread: made.thread } : {});
}

async function lookUpAsked(delivery: Delivery, connection: Connection, io: Io) {
  const thread = delivery.conversation.platformThread;
  const wanted =
    delivery.kind === 'status'
      ? { text: noteText(delivery), files: 0, kind: 'note' as const }
      : { text: wordsOf(delivery.parts), files: filesOf(delivery.parts).length, kind: 'message' as const };
  if (thread) {
    const answer = await get(`conversations/${thread}`, 'asked', connection, io);
    if (!ok(answer)) return unanswered(answer);
    const found = matching(answer.json as Listed[], delivery, wanted);
    return found ? { found: found.id } : ('absent' as const);
  }
  return delivery.kind === 'status' ? ('cannot' as const) : lookForThread(delivery, connection, io, wanted);
}

async function lookForThread(
  delivery: MessageDelivery,
  connection: Connection,
  io: Io,
  wanted: Parameters<typeof matching>[2],
) {
  const contact = delivery.conversation.contactId ?? delivery.prepared.contact;
  if (!contact) return 'cannot' as const;
  const answer = await post('conversations/search', 'asked', connection, io, { contact });
  if (!ok(answer)) return unanswered(answer);
  for (const thread of (answer.json as Thread[]).toReversed()) {
    const found = matching(thread.parts.slice(0, 1), delivery, wanted);
    if (found) return { found: found.id, thread: thread.id };
  }
  return 'absent' as const;
}

async function sendKeyed(delivery: Delivery, connection: Connection, io: Io): Promise<Outcome> {
  if (delivery.kind === 'status') {
    const json = { of: delivery.of, status: `${delivery.of} ${delivery.status}`, truth: delivery.id };
    const answer = await call('PATCH', 'status', 'keyed', connection, io, json);
    return ok(answer) ? sent(delivery.of) : repeatable(notSent(answer));
  }
  const { channel, thread: customer } = delivery.conversation;
  const answer = await post('publish', 'keyed', connection, io, {
    key: delivery.id,
    channel: channel.id,
    customer,
    text: wordsOf(delivery.parts),
    files: await contentsOf(delivery),
    truth: delivery.id,
  });
  if (!ok(answer)) return notSent(answer);
  const made = answer.json as { id: string; thread: string; contact: string };
  return sent(made.id, { thread: made.thread, contact: made.contact });
}

/** The same status twice changes nothing. */
const repeatable = (outcome: NotSent): NotSent =>
  outcome.outcome === 'unknown' ? retry(outcome.why) : outcome;

async function catchUp(platform: string, connection: Connection, since: number, io: Io): Promise<Event[]> {
  const answer = await post('conversations/search', platform, connection, io, {});
  if (!ok(answer)) throw new Error(`answered ${answer.status}`);
  return (answer.json as Thread[])
    .flatMap((thread) => thread.parts)
    .flatMap((part) => (part.agent && part.at >= Math.floor(since / 1_000) * 1_000 ? [part.agent] : []))
    .map((message) => agentMessage(message, connection));
}

async function media(platform: string, file: RemoteFile, connection: Connection, io: Io) {
  const answer = await get(`files/${file.ref}`, platform, connection, io);
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
