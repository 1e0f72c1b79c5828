/** The inbox itself: what teammates and bots do there, and what it shows. For tests and the playground's page. */
import { htmlFromTeammate, plainFromHtml } from './text.ts';
import { addPart, authorOfContact, authorOfTeammate, openConversation } from './thread.ts';
import { type FileInput, keep } from './uploads.ts';
import { conversationJson } from './wire.ts';
import type { Conversation, Part, Teammate, Workspace, World } from './world.ts';

export interface AgentReply {
  text?: string;
  html?: string;
  attachments?: FileInput[];
  /** Placed inside the HTML body, at its end. */
  inlineImages?: FileInput[];
  /** Without it: as Intercom does, an `assignment` with a body when nobody was assigned, else a `comment`. */
  as?: 'comment' | 'note' | 'assignment' | 'close';
  teammateId?: string;
}

export function agentReplies(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  teammate: Teammate,
  reply: AgentReply,
): Part {
  const unassigned = conversation.adminAssigneeId === '0';
  const kind = reply.as ?? (unassigned ? 'assignment' : 'comment');
  if (kind !== 'note' && unassigned) conversation.adminAssigneeId = teammate.id;
  if (kind === 'close') conversation.state = 'closed';
  const part = {
    partType: kind,
    author: authorOfTeammate(teammate),
    html: bodyOf(world, reply),
    uploads: (reply.attachments ?? []).map((file) => keep(world, file)),
    assignedTo: kind === 'assignment' ? teammate.id : null,
  };
  const topic =
    kind === 'note'
      ? 'conversation.admin.noted'
      : kind === 'close'
        ? 'conversation.admin.closed'
        : 'conversation.admin.replied';
  return addPart(world, workspace, conversation, part, [topic]);
}

function bodyOf(world: World, reply: Pick<AgentReply, 'text' | 'html' | 'inlineImages'>): string | null {
  const said = reply.html ?? (reply.text === undefined ? '' : htmlFromTeammate(reply.text));
  const images = (reply.inlineImages ?? [])
    .map((file) => `<div class="intercom-container"><img src="upload:${keep(world, file).id}"></div>`)
    .join('');
  return said + images || null;
}

/** The same part goes out under two topics, as recorded from the real platform. */
export function botReplies(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  reply: { text: string; partType?: string; name?: string },
): Part {
  const author = {
    type: 'bot' as const,
    id: '5017691',
    name: reply.name ?? 'Fin',
    email: 'operator+bot@intercom.io',
  };
  const part = { partType: reply.partType ?? 'comment', author, html: htmlFromTeammate(reply.text) };
  const topics = ['conversation.admin.replied', 'conversation.operator.replied'];
  return addPart(world, workspace, conversation, part, topics);
}

/** The same person writes in the Messenger instead of on the channel. */
export function contactReplies(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  text: string,
): Part {
  const contact = workspace.contacts.get(conversation.contactIds[0] ?? '');
  if (!contact) throw new Error('The conversation has no contact');
  const reopens = conversation.state !== 'open';
  conversation.state = 'open';
  const part = {
    partType: reopens ? 'open' : 'comment',
    author: authorOfContact(contact),
    html: htmlFromTeammate(text),
  };
  return addPart(world, workspace, conversation, part, ['conversation.user.replied']);
}

export function agentStarts(
  world: World,
  workspace: Workspace,
  teammate: Teammate,
  contactId: string,
  text: string,
): Conversation {
  const contact = workspace.contacts.get(contactId);
  if (!contact) throw new Error(`There is no contact ${contactId}`);
  const author = authorOfTeammate(teammate);
  return openConversation(world, workspace, {
    contact,
    author,
    html: htmlFromTeammate(text),
    uploads: [],
    at: world.now(),
    subject: '',
  });
}

const MOVES = {
  closed: { partType: 'close', topic: 'conversation.admin.closed' },
  open: { partType: 'open', topic: 'conversation.admin.opened' },
  snoozed: { partType: 'snoozed', topic: 'conversation.admin.snoozed' },
} as const;

export function moveConversation(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  teammate: Teammate,
  state: keyof typeof MOVES,
): Part {
  conversation.state = state;
  conversation.snoozedUntil = state === 'snoozed' ? world.now() + 86_400_000 : null;
  const move = MOVES[state];
  const part = { partType: move.partType, author: authorOfTeammate(teammate), html: null };
  return addPart(world, workspace, conversation, part, [move.topic]);
}

/** One line of a conversation as the inbox shows it. */
export interface InboxEntry {
  id: string;
  partType: string;
  author: { type: string; id: string; name: string | null };
  html: string;
  text: string;
  attachments: { name: string; contentType: string; size: number; url: string }[];
  /** Milliseconds. */
  at: number;
  appPackageCode: string | null;
}
export interface InboxConversation {
  id: string;
  state: string;
  read: boolean;
  assigneeId: string;
  updatedAt: number;
  contact:
    | { id: string; role: string; name: string | null; phone: string | null; email: string | null }
    | undefined;
  /** The first message, then every part. */
  entries: InboxEntry[];
}

type WireBody = {
  body: string | null;
  attachments: { name: string; content_type: string; filesize: number; url: string }[];
};

/** Latest first. */
export function inbox(world: World, workspace: Workspace): InboxConversation[] {
  return [...workspace.conversations.values()]
    .toSorted((a, b) => b.updatedAt - a.updatedAt)
    .map((conversation) => inboxConversation(world, workspace, conversation));
}

function inboxConversation(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
): InboxConversation {
  const json = conversationJson(world, workspace, conversation, conversation.parts, 'html');
  const { conversation_parts: parts } = json.conversation_parts as { conversation_parts: WireBody[] };
  const contact = workspace.contacts.get(conversation.contactIds[0] ?? '');
  const { source } = conversation;
  const first = { ...source, partType: 'source', createdAt: conversation.createdAt, appPackageCode: null };
  return {
    id: conversation.id,
    state: conversation.state,
    read: conversation.read,
    assigneeId: conversation.adminAssigneeId,
    updatedAt: conversation.updatedAt,
    contact: contact && {
      id: contact.id,
      role: contact.role,
      name: contact.name,
      phone: contact.phone,
      email: contact.email,
    },
    entries: [
      entry(first, json.source as WireBody),
      ...conversation.parts.map((part, index) => entry(part, parts[index] as WireBody)),
    ],
  };
}

function entry(
  part: Pick<Part, 'id' | 'partType' | 'author' | 'createdAt' | 'appPackageCode'>,
  wire: WireBody,
): InboxEntry {
  return {
    id: part.id,
    partType: part.partType,
    author: { type: part.author.type, id: part.author.id, name: part.author.name },
    html: wire.body ?? '',
    text: plainFromHtml(wire.body ?? ''),
    attachments: wire.attachments.map((one) => ({
      name: one.name,
      contentType: one.content_type,
      size: one.filesize,
      url: one.url,
    })),
    at: part.createdAt,
    appPackageCode: part.appPackageCode,
  };
}
