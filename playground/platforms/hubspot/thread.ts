/** Threads and messages, whoever writes them: the app (publish), an agent in the inbox, or the conversations API. */
import { randomUUID } from 'node:crypto';
import { ApiError, invalid } from './api.ts';
import { threadsByIntegration } from './capabilities.ts';
import { matchContact } from './contacts.ts';
import { fileAttachment, findFile } from './files.ts';
import {
  type Attachment,
  type Channel,
  type ChannelAccount,
  type DeliveryIdentifier,
  iso,
  type Message,
  type Participant,
  type Portal,
  type PortalUser,
  type Thread,
  type World,
} from './world.ts';

/**
 * The thread of this visitor on this account: by the app's own thread id or by the identifiers, as the channel says.
 * A closed one opens again, an archived one is not used any more.
 */
export function threadFor(
  world: World,
  portal: Portal,
  channel: Channel,
  account: ChannelAccount,
  visitor: DeliveryIdentifier,
  integrationThreadId?: string,
): Thread {
  const known = [...portal.threads.values()].find(
    (thread) =>
      !thread.archived &&
      thread.channelAccountId === account.id &&
      (threadsByIntegration(channel)
        ? integrationThreadId !== undefined && thread.integrationThreadIds.includes(integrationThreadId)
        : thread.visitor.type === visitor.type && thread.visitor.value === visitor.value),
  );
  if (known) {
    known.status = 'OPEN';
    delete known.closedAt;
    return known;
  }
  const now = world.now();
  const thread: Thread = {
    id: world.nextId(),
    status: 'OPEN',
    inboxId: account.inboxId,
    channelId: channel.id,
    channelAccountId: account.id,
    associatedContactId: `V-${world.nextId()}`,
    archived: false,
    createdAt: now,
    latestMessageAt: now,
    visitor,
    integrationThreadIds: integrationThreadId ? [integrationThreadId] : [],
    messages: [],
  };
  // Help desk threads carry a ticket.
  if (portal.inboxes.find((inbox) => inbox.id === account.inboxId)?.type === 'HELP_DESK')
    thread.ticketId = world.nextId();
  portal.threads.set(thread.id, thread);
  return thread;
}

/** The person behind the thread: named by the app, or found (or made) by number or address. */
export function associate(
  world: World,
  portal: Portal,
  thread: Thread,
  visitor: { identifier: DeliveryIdentifier; name: string | undefined },
  contactId: string | undefined,
): void {
  if (contactId !== undefined) {
    const contact = portal.contacts.get(contactId);
    if (!contact || contact.archived) throw invalid(`Contact ${contactId} does not exist`);
    thread.associatedContactId = contact.id;
  } else if (thread.associatedContactId.startsWith('V-')) {
    const found = matchContact(world, portal, visitor.identifier, visitor.name);
    if (found) thread.associatedContactId = found.id;
  }
}

/** Adds the message; the thread's clock moves with it. */
export function addMessage(
  world: World,
  thread: Thread,
  message: Omit<Message, 'id' | 'threadId' | 'channelId' | 'channelAccountId' | 'updatedAt'>,
): Message {
  const made: Message = {
    ...message,
    id: randomUUID().replaceAll('-', ''),
    threadId: thread.id,
    channelId: thread.channelId,
    channelAccountId: thread.channelAccountId,
    updatedAt: world.now(),
  };
  thread.messages.push(made);
  thread.latestMessageAt = world.now();
  world.changed();
  return made;
}

const BODIES: Record<string, string[]> = {
  FILE: ['fileId'],
  LOCATION: ['latitude', 'longitude'],
  CONTACT: ['contactProfile'],
  UNSUPPORTED_CONTENT: [],
  MESSAGE_HEADER: [],
  QUICK_REPLIES: ['quickReplies'],
  SOCIAL_MEDIA_METADATA: ['socialMetadata'],
};
const USAGES = ['AUDIO', 'IMAGE', 'OTHER', 'STICKER', 'VOICE_RECORDING'];

/** Files are named by id and must lie in the portal's file manager; there is no attaching by URL. */
export function checkAttachments(portal: Portal, value: unknown): Attachment[] {
  if (!Array.isArray(value)) throw invalid('attachments must be a list');
  return value.map((one: Attachment) => {
    const fields = BODIES[one?.type];
    if (!fields) throw invalid(`There is no attachment of type ${one?.type}`);
    const absent = fields.find((field) => one[field] === undefined);
    if (absent) throw invalid(`An attachment of type ${one.type} needs ${absent}`);
    if (one.type === 'FILE') checkFile(portal, one);
    return one;
  });
}
function checkFile(portal: Portal, one: Attachment): void {
  if (typeof one.fileId !== 'string' || !portal.files.has(one.fileId))
    throw new ApiError(400, 'VALIDATION_ERROR', `File ${one.fileId} does not exist`);
  if (one.fileUsageType !== undefined && !USAGES.includes(String(one.fileUsageType)))
    throw invalid(`fileUsageType must be one of ${USAGES.join(', ')}`);
}

export const agentActor = (user: PortalUser): string => `A-${user.id}`;

/** `PublicConversationsMessage`. */
export function messageJson(world: World, portal: Portal, message: Message): Record<string, unknown> {
  const { status } = message;
  const participant = (field: string) => (one: Participant) => ({
    actorId: one.actorId,
    ...(one.name ? { name: one.name } : {}),
    [field]: field === 'senderField' ? 'FROM' : 'TO',
    deliveryIdentifier: one.deliveryIdentifier,
  });
  return {
    type: message.type,
    id: message.id,
    conversationsThreadId: message.threadId,
    createdAt: iso(message.createdAt),
    updatedAt: iso(message.updatedAt),
    createdBy: message.createdBy,
    client: message.client,
    senders: message.senders.map(participant('senderField')),
    recipients: message.recipients.map(participant('recipientField')),
    archived: false,
    text: message.text,
    ...(message.richText === undefined ? {} : { richText: message.richText }),
    attachments: message.attachments.map((one) => attachmentJson(world, portal, one)),
    truncationStatus: 'NOT_TRUNCATED',
    ...(message.inReplyToId ? { inReplyToId: message.inReplyToId } : {}),
    status: {
      statusType: status.statusType,
      ...(status.statusType === 'FAILED'
        ? { failureDetails: { errorMessage: status.errorMessage ?? '', errorMessageTokens: {} } }
        : {}),
    },
    direction: message.direction,
    channelId: message.channelId,
    channelAccountId: message.channelAccountId,
  };
}
function attachmentJson(world: World, portal: Portal, one: Attachment): Record<string, unknown> {
  if (one.type !== 'FILE' || !portal.files.has(one.fileId ?? '')) return one;
  return fileAttachment(world, portal, findFile(portal, one.fileId), one.fileUsageType);
}

/** The webhook about an agent's message: one object, not a list. */
export function outgoingEvent(world: World, portal: Portal, thread: Thread, message: Message): void {
  const channel = world.channels.get(thread.channelId);
  if (!channel) return;
  world.notify(channel, {
    type: 'OUTGOING_CHANNEL_MESSAGE_CREATED',
    portalId: String(portal.id),
    channelId: thread.channelId,
    channelIntegrationThreadIds: thread.integrationThreadIds,
    eventTimestamp: iso(world.now()),
    eventId: randomUUID(),
    message: messageJson(world, portal, message),
  });
}
