/** The inbox itself: what agents do there, and what it shows. For tests and the playground's page. */

import { checkIdentifier } from './accounts.ts';
import { allows } from './capabilities.ts';
import { type FileInput, signedUrl, storeFile } from './files.ts';
import { addMessage, agentActor, associate, outgoingEvent, threadFor } from './thread.ts';
import type {
  Attachment,
  ChannelAccount,
  DeliveryIdentifier,
  Message,
  Participant,
  Portal,
  PortalUser,
  Thread,
  World,
} from './world.ts';

export interface AgentReply {
  text: string;
  richText?: string;
  files?: FileInput[];
  /** The message that this one answers. */
  inReplyToId?: string;
  /** An internal comment: no webhook. */
  comment?: boolean;
  userId?: number;
}

export function agentReplies(
  world: World,
  portal: Portal,
  thread: Thread,
  user: PortalUser,
  reply: AgentReply,
): Message {
  const account = portal.accounts.get(thread.channelAccountId);
  const channel = world.channels.get(thread.channelId);
  if (!account || !channel) throw new Error('The channel of this thread is gone');
  if (!reply.comment && !account.authorized) throw new Error('The channel account is disconnected');
  if (!reply.comment && !allows(channel, 'allowOutgoingMessages'))
    throw new Error('The channel is read-only');
  const attachments = (reply.files ?? []).map((file) => attach(world, portal, channel.capabilities, file));
  const actorId = agentActor(user);
  thread.assignedTo ??= actorId;
  const sender: Participant = {
    actorId,
    name: user.name,
    deliveryIdentifier: account.deliveryIdentifier ?? {
      type: 'CHANNEL_SPECIFIC_OPAQUE_ID',
      value: account.id,
    },
  };
  const person = thread.associatedContactId;
  const visitor = {
    actorId: person.startsWith('V-') ? person : `V-${person}`,
    deliveryIdentifier: thread.visitor,
  };
  const message = addMessage(world, thread, {
    type: reply.comment ? 'COMMENT' : 'MESSAGE',
    direction: 'OUTGOING',
    text: reply.text,
    richText: reply.richText ?? reply.text,
    attachments,
    senders: [sender],
    recipients: reply.comment ? [] : [visitor],
    createdAt: world.now(),
    createdBy: actorId,
    client: { clientType: 'HUBSPOT' },
    status: { statusType: 'SENT' },
    ...(reply.inReplyToId ? { inReplyToId: reply.inReplyToId } : {}),
  });
  if (!reply.comment) outgoingEvent(world, portal, thread, message);
  return message;
}

/** The composer offers only what the channel's capabilities allow. */
function attach(world: World, portal: Portal, can: Record<string, unknown>, input: FileInput): Attachment {
  if (!(can.outgoingAttachmentTypes as string[] | undefined)?.includes('FILE'))
    throw new Error('This channel takes no attachments');
  const types = can.allowedFileAttachmentMimeTypes as string[] | undefined;
  const fits = types?.some(
    (type) => type === input.contentType || input.contentType.startsWith(type.replace('*', '')),
  );
  if (types && !fits) throw new Error(`This channel takes no ${input.contentType}`);
  const max = can.maxFileAttachmentSizeBytes;
  if (typeof max === 'number' && input.bytes.length > max)
    throw new Error('The file is too large for this channel');
  const file = storeFile(world, portal, input, 'HIDDEN_PRIVATE', '/conversations');
  const kind = input.contentType.split('/')[0];
  const usage = kind === 'image' ? 'IMAGE' : kind === 'audio' ? 'AUDIO' : 'OTHER';
  return { type: 'FILE', fileId: file.id, fileUsageType: usage };
}

/** An agent writes first: there is no integration thread id yet. */
export function agentStarts(
  world: World,
  portal: Portal,
  account: ChannelAccount,
  recipient: DeliveryIdentifier,
  user: PortalUser,
  text: string,
): Thread {
  const channel = world.channels.get(account.channelId);
  if (!channel || !allows(channel, 'allowConversationStart'))
    throw new Error('Conversations cannot be started on this channel');
  const identifier = checkIdentifier(channel, recipient, 'recipient');
  const thread = threadFor(world, portal, channel, account, identifier);
  associate(world, portal, thread, { identifier, name: undefined }, undefined);
  agentReplies(world, portal, thread, user, { text });
  return thread;
}

export interface InboxMessage {
  id: string;
  type: 'MESSAGE' | 'COMMENT';
  direction: 'INCOMING' | 'OUTGOING';
  author: { actorId: string; name: string | undefined };
  text: string;
  richText: string | undefined;
  files: { name: string; contentType: string; size: number; url: string }[];
  attachments: Attachment[];
  status: Message['status'];
  /** Milliseconds. */
  at: number;
}
export interface InboxThread {
  id: string;
  status: 'OPEN' | 'CLOSED';
  inboxId: string;
  channel: string;
  visitor: DeliveryIdentifier;
  contact: { id: string; properties: Record<string, string | null> } | undefined;
  ticketId: string | undefined;
  latestMessageAt: number;
  /** In the order in which they arrived. */
  messages: InboxMessage[];
}

/** Latest first. */
export function inbox(world: World, portal: Portal): InboxThread[] {
  return [...portal.threads.values()]
    .filter((thread) => !thread.archived)
    .toSorted((a, b) => b.latestMessageAt - a.latestMessageAt)
    .map((thread) => {
      const contact = portal.contacts.get(thread.associatedContactId);
      return {
        id: thread.id,
        status: thread.status,
        inboxId: thread.inboxId,
        channel: world.channels.get(thread.channelId)?.name ?? '',
        visitor: thread.visitor,
        contact: contact && { id: contact.id, properties: contact.properties },
        ticketId: thread.ticketId,
        latestMessageAt: thread.latestMessageAt,
        messages: thread.messages.map((message) => shown(world, portal, message)),
      };
    });
}

function shown(world: World, portal: Portal, message: Message): InboxMessage {
  const files = message.attachments.flatMap((one) => portal.files.get(one.fileId ?? '') ?? []);
  return {
    id: message.id,
    type: message.type,
    direction: message.direction,
    author: { actorId: message.createdBy, name: message.senders[0]?.name },
    text: message.text,
    richText: message.richText,
    files: files.map((file) => ({
      name: file.name,
      contentType: file.contentType,
      size: file.bytes.length,
      url: signedUrl(world, portal, file),
    })),
    attachments: message.attachments,
    status: message.status,
    at: message.createdAt,
  };
}
