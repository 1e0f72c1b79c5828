/** What can happen to a conversation, whoever does it: the API, a teammate in the inbox, or a bot. */
import { ApiError, notFound } from './api.ts';
import { plainFromHtml } from './text.ts';
import { conversationJson, partJson } from './wire.ts';
import type { Author, Contact, Conversation, Part, Teammate, Upload, Workspace, World } from './world.ts';
import { seconds } from './world.ts';

export const authorOfContact = (contact: Contact): Author => ({
  type: contact.role,
  id: contact.id,
  name: contact.name,
  email: contact.email,
});
export const authorOfTeammate = (teammate: Teammate): Author => ({
  type: 'admin',
  id: teammate.id,
  name: teammate.name,
  email: teammate.email,
});

export function findConversation(workspace: Workspace, id: string | undefined): Conversation {
  const conversation = workspace.conversations.get(id ?? '');
  if (!conversation) throw notFound('Resource Not Found');
  return conversation;
}
export function findTeammate(workspace: Workspace, id: unknown): Teammate {
  const teammate = workspace.teammates.find((one) => one.id === String(id));
  if (!teammate) throw new ApiError(404, 'admin_not_found', 'Admin for admin_id not found');
  return teammate;
}

export function openConversation(
  world: World,
  workspace: Workspace,
  opening: { contact: Contact; author: Author; html: string; uploads: Upload[]; at: number; subject: string },
): Conversation {
  const byContact = opening.author.type !== 'admin';
  const conversation: Conversation = {
    id: world.nextId(),
    title: null,
    createdAt: opening.at,
    updatedAt: opening.at,
    source: {
      id: world.nextId(),
      deliveredAs: byContact ? 'customer_initiated' : 'admin_initiated',
      subject: opening.subject,
      html: opening.html,
      author: opening.author,
      uploads: opening.uploads,
      redacted: false,
    },
    contactIds: [opening.contact.id],
    parts: [],
    state: 'open',
    read: false,
    snoozedUntil: null,
    waitingSince: byContact ? opening.at : null,
    adminAssigneeId: '0',
    tags: [],
    customAttributes: {},
    indexed: [],
  };
  workspace.conversations.set(conversation.id, conversation);
  touch(world, workspace, conversation, opening.at);
  announce(
    world,
    workspace,
    conversation,
    byContact ? 'conversation.user.created' : 'conversation.admin.single.created',
  );
  return conversation;
}

export interface NewPart {
  partType: string;
  author: Author;
  html: string | null;
  uploads?: Upload[];
  at?: number;
  appPackageCode?: string | null;
  assignedTo?: string | null;
  quickReplies?: Part['quickReplies'];
}

/** Adds the part and moves the conversation on; `topics` are announced with this part alone. */
export function addPart(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  part: NewPart,
  topics: string[],
): Part {
  const made: Part = {
    id: world.nextId(),
    partType: part.partType,
    html: part.html,
    createdAt: part.at ?? world.now(),
    author: part.author,
    uploads: part.uploads ?? [],
    redacted: false,
    appPackageCode: part.appPackageCode ?? null,
    assignedTo: part.assignedTo ?? null,
    quickReplies: part.quickReplies ?? [],
    state: conversation.state,
  };
  conversation.parts.push(made);
  if (part.author.type === 'user' || part.author.type === 'lead') {
    conversation.waitingSince ??= made.createdAt;
    conversation.read = false;
  } else if (part.author.type === 'admin' && part.html && part.partType !== 'note')
    conversation.waitingSince = null;
  touch(world, workspace, conversation);
  for (const topic of topics) announce(world, workspace, conversation, topic, [made]);
  return made;
}

/** The webhook's item: the conversation with only what triggered it, bodies as plain text. */
function announce(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  topic: string,
  parts: Part[] = [],
): void {
  const item = conversationJson(world, workspace, conversation, parts, 'plaintext');
  item.conversation_parts = {
    type: 'conversation_part.list',
    conversation_parts: parts.map((part) => partJson(world, part, 'plaintext')),
    total_count: parts.length,
  };
  world.notify(workspace, topic, item);
}

/** Updated now, and so for the search index, which has it later. */
export function touch(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  at = world.now(),
): void {
  conversation.updatedAt = Math.max(at, conversation.updatedAt);
  conversation.indexed.push({ at: world.now(), fields: indexFields(workspace, conversation) });
  world.changed();
}

function indexFields(workspace: Workspace, conversation: Conversation): Record<string, unknown> {
  const { source } = conversation;
  return {
    id: conversation.id,
    created_at: seconds(conversation.createdAt),
    updated_at: seconds(conversation.updatedAt),
    'source.type': 'conversation',
    'source.id': source.id,
    'source.delivered_as': source.deliveredAs,
    'source.subject': source.subject,
    'source.body': plainFromHtml(source.html),
    'source.author.id': source.author.id,
    'source.author.type': source.author.type,
    'source.author.name': source.author.name,
    'source.author.email': source.author.email,
    contact_ids: conversation.contactIds.filter((id) => workspace.contacts.has(id)),
    teammate_ids: conversation.adminAssigneeId === '0' ? [] : [conversation.adminAssigneeId],
    admin_assignee_id: Number(conversation.adminAssigneeId),
    team_assignee_id: 0,
    open: conversation.state === 'open',
    read: conversation.read,
    state: conversation.state,
    waiting_since: conversation.waitingSince === null ? null : seconds(conversation.waitingSince),
    snoozed_until: conversation.snoozedUntil === null ? null : seconds(conversation.snoozedUntil),
    tag_ids: conversation.tags.map((tag) => tag.id),
    priority: 'none',
    'statistics.count_conversation_parts': conversation.parts.length + 1,
  };
}
