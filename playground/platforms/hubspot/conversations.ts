/** The conversations API (2026-09): inboxes, threads, their messages, actors. */

import { accountJson } from './accounts.ts';
import { type ApiCall, type Door, invalid, notFound, requiredText, text } from './api.ts';
import { addMessage, checkAttachments, messageJson, outgoingEvent } from './thread.ts';
import { type Inbox, iso, type Participant, type Portal, type Thread, type World } from './world.ts';

const READ = { scopes: ['conversations.read'] };
const WRITE = { scopes: ['conversations.write'] };
const BASES = ['/conversations/conversations/2026-09', '/conversations/v3/conversations'];

export function conversationRoutes(world: World, door: Door): void {
  for (const base of BASES) {
    door('get', `${base}/inboxes`, READ, ({ portal }) => collection(portal.inboxes.map(inboxJson)));
    door('get', `${base}/inboxes/:id`, READ, ({ portal, params }) => {
      const inbox = portal.inboxes.find((one) => one.id === params.id);
      if (!inbox) throw notFound(`Inbox ${params.id} does not exist`);
      return inboxJson(inbox);
    });
    door('get', `${base}/channels`, READ, () =>
      collection([...world.channels.values()].map(({ id, name }) => ({ id, name }))),
    );
    door('get', `${base}/channel-accounts`, READ, ({ portal }) =>
      collection([...portal.accounts.values()].map(accountJson)),
    );
    door('get', `${base}/actors/:id`, READ, ({ portal, params }) => actorJson(portal, params.id ?? ''));
    door('post', `${base}/actors/batch/read`, READ, ({ portal, body }) => {
      if (!Array.isArray(body.inputs)) throw invalid('inputs must be a list');
      const at = iso(world.now());
      const results = body.inputs.map((id) => actorJson(portal, String(id)));
      return { status: 'COMPLETE', results, startedAt: at, completedAt: at };
    });
    threadRoutes(world, door, `${base}/threads`);
  }
}

function threadRoutes(world: World, door: Door, path: string): void {
  door('get', path, READ, (call) => listThreads(call));
  door('get', `${path}/:id`, READ, ({ portal, params, query }) =>
    threadJson(findThread(portal, params.id, query)),
  );
  door('patch', `${path}/:id`, WRITE, ({ portal, params, query, body }) => {
    const thread = findThread(portal, params.id, query);
    const status = text(body, 'status');
    if (status !== undefined) setStatus(world, thread, status);
    if (body.archived === false) thread.archived = false;
    world.changed();
    return threadJson(thread);
  });
  door('delete', `${path}/:id`, { ...WRITE, status: 204 }, ({ portal, params, query }) => {
    findThread(portal, params.id, query).archived = true;
    world.changed();
    return undefined;
  });
  door('put', `${path}/:id/assignee`, WRITE, ({ portal, params, query, body }) => {
    const thread = findThread(portal, params.id, query);
    thread.assignedTo = requiredText(body, 'actorId');
    return threadJson(thread);
  });
  door('get', `${path}/:id/messages`, READ, ({ portal, params, query }) => {
    const thread = findThread(portal, params.id, query);
    const newestFirst = [...thread.messages].reverse();
    const ordered = query.get('sort') === 'createdAt' ? thread.messages : newestFirst;
    return cut(
      ordered.map((one) => messageJson(world, portal, one)),
      query,
    );
  });
  door('get', `${path}/:id/messages/:messageId`, READ, (call) =>
    messageJson(world, call.portal, messageOf(call)),
  );
  door('get', `${path}/:id/messages/:messageId/original-content`, READ, (call) => {
    const message = messageOf(call);
    return { text: message.text, richText: message.richText ?? null };
  });
  door('post', `${path}/:id/messages`, { ...WRITE, status: 201 }, (call) => postMessage(world, call));
}

const collection = (results: unknown[]) => ({ total: results.length, results });
const inboxJson = (inbox: Inbox) => ({
  ...inbox,
  archived: false,
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-05T09:00:00.000Z',
});

function threadJson(thread: Thread): Record<string, unknown> {
  const latest = (direction: string) => thread.messages.findLast((one) => one.direction === direction);
  const received = latest('INCOMING');
  const sent = latest('OUTGOING');
  return {
    id: thread.id,
    status: thread.status,
    inboxId: thread.inboxId,
    originalChannelId: thread.channelId,
    originalChannelAccountId: thread.channelAccountId,
    associatedContactId: thread.associatedContactId,
    ...(thread.assignedTo ? { assignedTo: thread.assignedTo } : {}),
    archived: thread.archived,
    spam: false,
    createdAt: iso(thread.createdAt),
    ...(thread.closedAt ? { closedAt: iso(thread.closedAt) } : {}),
    latestMessageTimestamp: iso(thread.latestMessageAt),
    ...(received ? { latestMessageReceivedTimestamp: iso(received.createdAt) } : {}),
    ...(sent ? { latestMessageSentTimestamp: iso(sent.createdAt) } : {}),
    ...(thread.ticketId ? { threadAssociations: { associatedTicketId: thread.ticketId } } : {}),
  };
}

export function setStatus(world: World, thread: Thread, status: string): void {
  if (status !== 'OPEN' && status !== 'CLOSED') throw invalid('status must be OPEN or CLOSED');
  thread.status = status;
  if (status === 'CLOSED') thread.closedAt = world.now();
  else delete thread.closedAt;
}

function findThread(portal: Portal, id: string | undefined, query: URLSearchParams): Thread {
  const thread = portal.threads.get(id ?? '');
  if (!thread || (thread.archived && query.get('archived') !== 'true'))
    throw notFound(`Thread ${id} does not exist`);
  return thread;
}
function messageOf({ portal, params, query }: ApiCall) {
  const found = findThread(portal, params.id, query).messages.find((one) => one.id === params.messageId);
  if (!found) throw notFound('Message does not exist');
  return found;
}

/** Newest activity last unless sorted otherwise; `latestMessageTimestampAfter` wants its sort. */
function listThreads({ portal, query }: ApiCall): unknown {
  const after = query.get('latestMessageTimestampAfter');
  const sort = query.get('sort');
  if (after !== null && sort !== 'latestMessageTimestamp' && sort !== '-latestMessageTimestamp')
    throw invalid('latestMessageTimestampAfter needs sort=latestMessageTimestamp');
  const inboxes = query.getAll('inboxId');
  const wanted = [...portal.threads.values()].filter(
    (thread) =>
      thread.archived === (query.get('archived') === 'true') &&
      (after === null || thread.latestMessageAt > Date.parse(after)) &&
      (inboxes.length === 0 || inboxes.includes(thread.inboxId)) &&
      fits(query, 'associatedContactId', thread.associatedContactId) &&
      fits(query, 'associatedTicketId', thread.ticketId) &&
      fits(query, 'threadStatus', thread.status),
  );
  const sorted = sort?.endsWith('latestMessageTimestamp')
    ? wanted.toSorted((a, b) => (sort.startsWith('-') ? -1 : 1) * (a.latestMessageAt - b.latestMessageAt))
    : wanted;
  return cut(sorted.map(threadJson), query);
}
const fits = (query: URLSearchParams, name: string, value: string | undefined): boolean =>
  !query.has(name) || query.get(name) === value;

function cut(results: unknown[], query: URLSearchParams): unknown {
  const start = Number(query.get('after') ?? 0);
  const end = start + Math.min(Number(query.get('limit') ?? 100), 500);
  return {
    results: results.slice(start, end),
    ...(end < results.length ? { paging: { next: { after: String(end) } } } : {}),
  };
}

function actorJson(portal: Portal, id: string): Record<string, unknown> {
  const number = id.slice(2);
  const user = id.startsWith('A-') ? portal.users.find((one) => String(one.id) === number) : undefined;
  if (user) return { id, type: 'AGENT', name: user.name, email: user.email };
  if (id.startsWith('V-')) {
    const contact = portal.contacts.get(number)?.properties;
    const name = [contact?.firstname, contact?.lastname].filter(Boolean).join(' ');
    return {
      id,
      type: 'VISITOR',
      ...(name ? { name } : {}),
      ...(contact?.email ? { email: contact.email } : {}),
    };
  }
  if (id.startsWith('I-')) return { id, type: 'INTEGRATOR', name: 'Integration' };
  if (id.startsWith('S-')) return { id, type: 'SYSTEM' };
  throw notFound(`Actor ${id} does not exist`);
}

/** A MESSAGE on a thread of a custom channel goes out like an agent's; a COMMENT stays inside. */
function postMessage(world: World, { portal, params, query, body }: ApiCall): unknown {
  const thread = findThread(portal, params.id, query);
  const type = requiredText(body, 'type');
  if (type !== 'MESSAGE' && type !== 'COMMENT') throw invalid('type must be MESSAGE or COMMENT');
  const account = portal.accounts.get(thread.channelAccountId);
  const actorId = type === 'MESSAGE' ? requiredText(body, 'senderActorId') : `I-${world.app.appId}`;
  if (type === 'MESSAGE' && !Array.isArray(body.recipients)) throw invalid('recipients must be set');
  const visitor: Participant = {
    actorId: `V-${thread.associatedContactId}`,
    deliveryIdentifier: thread.visitor,
  };
  const identifier = account?.deliveryIdentifier;
  const message = addMessage(world, thread, {
    type,
    direction: 'OUTGOING',
    text: requiredText(body, 'text'),
    ...(text(body, 'richText') === undefined ? {} : { richText: String(body.richText) }),
    attachments: checkAttachments(portal, body.attachments ?? []),
    senders: identifier ? [{ actorId, deliveryIdentifier: identifier }] : [],
    recipients: type === 'MESSAGE' ? [visitor] : [],
    createdAt: world.now(),
    createdBy: actorId,
    client: { clientType: 'INTEGRATION', integrationAppId: world.app.appId },
    status: { statusType: 'SENT' },
  });
  if (type === 'MESSAGE') outgoingEvent(world, portal, thread, message);
  return messageJson(world, portal, message);
}
