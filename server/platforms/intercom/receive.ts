/** Intercom's webhooks: one URL for all workspaces, routed by `app_id`. */
import type { FindConnection, Received, WebhookRequest } from '../../core/adapter.ts';
import type { Event, MessageEvent, UnparsedEvent } from '../../core/message.ts';
import type { IntercomApp } from './app.ts';
import {
  type Conversation,
  type ConversationPart,
  eventId,
  isAgentMessage,
  readConversation,
} from './conversation.ts';
import { type Json, milliseconds, record, text } from './json.ts';
import { partsOf } from './parts.ts';
import { verifyHubSignature } from './signature.ts';

const NOTHING: Received = { events: [] };

export async function receive(
  app: IntercomApp,
  request: WebhookRequest,
  find: FindConnection,
): Promise<Received> {
  // Saving the URL in the Developer Hub sends HEAD and wants a 2xx.
  if (request.method === 'HEAD') return NOTHING;
  if (!verifyHubSignature(app.clientSecrets, request.body, request.headers['x-hub-signature']))
    return { reject: 401 };
  const notification = parse(request.body);
  if (!notification) return { reject: 400 };
  const appId = text(notification.app_id);
  const connection = appId ? await find.byExternalId('intercom', appId) : undefined;
  // An unknown workspace has uninstalled us, or lives on another installation: nothing here would ever want it again.
  return connection ? { events: eventsOf(app, notification, connection) } : NOTHING;
}

function parse(body: Uint8Array): Json | undefined {
  try {
    return record(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

type Where = { workspaceId: string; id: string };

function eventsOf(app: IntercomApp, notification: Json, { workspaceId, id }: Where): Event[] {
  const connection = { workspaceId, id };
  const topic = text(notification.topic) ?? '';
  const item = record(record(notification.data)?.item) ?? {};
  const contact = text(item.id);
  if (topic === 'contact.deleted' && contact)
    return [
      {
        kind: 'erasure',
        connection,
        id: `deleted:${contact}`,
        contact,
        at: milliseconds(notification.created_at),
      },
    ];
  const change = changeOf(topic, item);
  if (change) return [{ kind: 'unparsed', connection, at: milliseconds(notification.created_at), ...change }];
  const conversation = item.type === 'conversation' ? readConversation(item) : undefined;
  if (!conversation || topic === 'conversation.admin.noted') return [];
  return messagesIn(conversation, topic)
    .filter((part) => isAgentMessage(part, app.appPackageCode))
    .map((part) => ({ ...messageEvent(conversation.id, part, connection), partial: true }));
}

/** A conversation that a teammate starts has its text in `source`; all other topics repeat the source. */
const messagesIn = (conversation: Conversation, topic: string): ConversationPart[] =>
  topic === 'conversation.admin.single.created' && conversation.source
    ? [conversation.source, ...conversation.parts]
    : conversation.parts;

/** The same part arrives under several topics: its id, and nothing of the topic, is the event's id. */
export const messageEvent = (
  conversationId: string,
  part: ConversationPart,
  connection: Where,
): MessageEvent => ({
  kind: 'message',
  connection,
  id: eventId(part),
  thread: conversationId,
  author: {
    kind: 'agent',
    ...(part.author.id ? { id: part.author.id } : {}),
    ...(part.author.name ? { name: part.author.name } : {}),
  },
  parts: partsOf(part, { conversation: conversationId, part: eventId(part) }),
  at: part.createdAt,
  // Second precision only: within one second the number decides.
  ...(/^\d+$/.test(part.id) ? { seq: part.id } : {}),
});

/**
 * What changed without being a message: kept and shown. Only ids go into `raw`: the payloads carry whole profiles.
 * Merged contacts and deleted conversations are followed when we next write to them.
 */
function changeOf(topic: string, item: Json): Pick<UnparsedEvent, 'id' | 'why' | 'raw'> | undefined {
  const id = text(item.id) ?? '';
  if (topic === 'contact.merged') {
    const from = text(record(item.merged_from)?.id) ?? '';
    return change(`merged:${from}`, 'A contact was merged into another in Intercom', { from, into: id });
  }
  if (topic === 'conversation.deleted') {
    // `conversation_id` here, not `id`.
    const conversation = text(item.conversation_id) ?? id;
    return change(`deleted:${conversation}`, 'A conversation was deleted in Intercom', { conversation });
  }
  if (topic === 'conversation_part.redacted') {
    const redacted = readConversation(item)?.parts.map((part) => part.id) ?? [];
    const of = redacted.join('+') || id;
    return change(`redacted:${of}`, 'A message was redacted in Intercom', { conversation: id, redacted });
  }
  return undefined;
}

const change = (id: string, why: string, ids: unknown) => ({ id, why, raw: JSON.stringify(ids) });
