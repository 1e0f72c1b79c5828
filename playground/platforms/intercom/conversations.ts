/** Conversations through the API: create, read, search, reply, manage, redact, tag. */
import {
  type ApiCall,
  ApiError,
  backdated,
  type Door,
  invalid,
  missing,
  notFound,
  requiredText,
  text,
} from './api.ts';
import { alive } from './contacts.ts';
import { replyRoute } from './reply.ts';
import { compile, type FieldType, paged, type SearchKind } from './search.ts';
import { htmlFromPlain } from './text.ts';
import {
  addPart,
  authorOfContact,
  authorOfTeammate,
  findConversation,
  findTeammate,
  openConversation,
  touch,
} from './thread.ts';
import { uploadsOf } from './uploads.ts';
import { conversationJson, tagJson } from './wire.ts';
import type { Conversation, Workspace, World } from './world.ts';
import { seconds } from './world.ts';

export function conversationRoutes(world: World, door: Door): void {
  door('post', '/conversations', (call) => create(world, call));
  door('post', '/conversations/search', ({ workspace, body }) => search(world, workspace, body));
  door('post', '/conversations/redact', (call) => redact(world, call));
  door('get', '/conversations/:id', ({ workspace, params, query }) => {
    const form = query.get('display_as') === 'plaintext' ? 'plaintext' : 'html';
    const conversation = findConversation(workspace, params.id);
    return conversationJson(world, workspace, conversation, conversation.parts.slice(-500), form);
  });
  door('put', '/conversations/:id', (call) => update(world, call));
  door('delete', '/conversations/:id', (call) => {
    deleteConversation(world, call.workspace, findConversation(call.workspace, call.params.id));
    return { id: call.params.id, object: 'conversation', deleted: true };
  });
  replyRoute(world, door);
  door('post', '/conversations/:id/parts', (call) => manage(world, call));
  door('post', '/tags', ({ workspace, body }) => {
    const name = requiredText(body, 'name');
    const known = [...workspace.tags.values()].find((tag) => tag.name === name);
    const tag = known ?? { id: world.nextId(), name };
    workspace.tags.set(tag.id, tag);
    return { type: 'tag', ...tag };
  });
  door('get', '/tags', ({ workspace }) => ({
    type: 'list',
    data: [...workspace.tags.values()].map((tag) => ({ type: 'tag', ...tag })),
  }));
  door('post', '/conversations/:id/tags', (call) => tagIt(world, call));
  door('delete', '/conversations/:id/tags/:tagId', ({ workspace, params }) => {
    const conversation = findConversation(workspace, params.id);
    const tag = conversation.tags.find((one) => one.id === params.tagId);
    if (!tag) throw new ApiError(404, 'tag_not_found', 'Tag not found');
    conversation.tags = conversation.tags.filter((one) => one !== tag);
    touch(world, workspace, conversation);
    return tagJson(tag);
  });
}

const shown = (world: World, workspace: Workspace, conversation: Conversation) =>
  conversationJson(world, workspace, conversation, conversation.parts.slice(-500), 'html');

async function create(world: World, { workspace, body }: ApiCall): Promise<unknown> {
  const from = (body.from ?? {}) as Record<string, unknown>;
  if (!['user', 'lead', 'contact'].includes(String(from.type)))
    throw invalid('from.type must be user, lead or contact', 'from.type');
  if (typeof from.id !== 'string' || !/^[0-9a-f]{24}$/.test(from.id))
    throw invalid('from.id is invalid', 'from.id');
  const html = htmlFromPlain(requiredText(body, 'body'));
  const contact = workspace.contacts.get(from.id);
  if (!contact || contact.archived) throw notFound('User Not Found');
  const author = alive(workspace, from.id);
  const at = backdated(world, body);
  // There is no attachment_files here: files in hand follow as a reply.
  const uploads = await uploadsOf(world, workspace, body, ['attachment_urls']);
  const subject = text(body, 'subject') ?? '';
  const opening = { contact: author, author: authorOfContact(author), html, uploads, at, subject };
  const conversation = openConversation(world, workspace, opening);
  return {
    type: 'user_message',
    id: conversation.source.id,
    created_at: seconds(conversation.createdAt),
    body: body.body,
    message_type: 'inapp',
    conversation_id: conversation.id,
  };
}

function update(world: World, { workspace, params, body }: ApiCall): unknown {
  const conversation = findConversation(workspace, params.id);
  if (body.read !== undefined) {
    if (typeof body.read !== 'boolean') throw invalid('read must be a boolean', 'read');
    conversation.read = body.read;
  }
  if (body.title !== undefined) conversation.title = text(body, 'title') ?? null;
  Object.assign(conversation.customAttributes, body.custom_attributes ?? {});
  touch(world, workspace, conversation);
  return shown(world, workspace, conversation);
}

/** Deleted for good: the topic names it `conversation_id`, not `id`. */
export function deleteConversation(world: World, workspace: Workspace, conversation: Conversation): void {
  workspace.conversations.delete(conversation.id);
  world.notify(workspace, 'conversation.deleted', { type: 'conversation', conversation_id: conversation.id });
  world.changed();
}

const TOPIC_OF: Record<string, string> = {
  close: 'conversation.admin.closed',
  open: 'conversation.admin.opened',
  snoozed: 'conversation.admin.snoozed',
  assignment: 'conversation.admin.assigned',
};

function manage(world: World, { workspace, params, body }: ApiCall): unknown {
  const conversation = findConversation(workspace, params.id);
  const kind = requiredText(body, 'message_type');
  const topic = TOPIC_OF[kind];
  if (!topic) throw invalid('message_type must be close, open, snoozed or assignment', 'message_type');
  if (body.admin_id === undefined) throw missing('admin_id');
  const author = authorOfTeammate(findTeammate(workspace, body.admin_id));
  if (kind === 'snoozed') {
    if (typeof body.snoozed_until !== 'number' || body.snoozed_until * 1000 <= world.now())
      throw invalid('snoozed_until must be a unix timestamp in the future', 'snoozed_until');
    conversation.snoozedUntil = body.snoozed_until * 1000;
  } else conversation.snoozedUntil = null;
  let assignedTo: string | null = null;
  if (kind === 'assignment') {
    assignedTo = String(body.assignee_id ?? '');
    if (assignedTo !== '0') findTeammate(workspace, assignedTo);
    conversation.adminAssigneeId = assignedTo;
  } else conversation.state = kind === 'close' ? 'closed' : kind === 'snoozed' ? 'snoozed' : 'open';
  const said = text(body, 'body');
  const html = said ? htmlFromPlain(said) : null;
  const part = { partType: kind, author, html, appPackageCode: world.app.packageCode, assignedTo };
  addPart(world, workspace, conversation, part, [topic]);
  return shown(world, workspace, conversation);
}

function redact(world: World, { workspace, body }: ApiCall): unknown {
  const gone = () =>
    new ApiError(404, 'conversation_part_or_message_not_found', 'Conversation part or message not found');
  const conversation = findConversation(workspace, requiredText(body, 'conversation_id'));
  if (body.type === 'source') {
    if (conversation.source.id !== body.source_id) throw gone();
    if (conversation.source.author.type === 'admin')
      throw new ApiError(400, 'conversation_part_not_redactable', 'The source is not by a contact');
    Object.assign(conversation.source, { redacted: true, html: '', uploads: [] });
  } else if (body.type === 'conversation_part') {
    const part = conversation.parts.find((one) => one.id === body.conversation_part_id);
    if (!part) throw gone();
    if (!part.html) throw new ApiError(400, 'conversation_part_not_redactable', 'The part has no body');
    Object.assign(part, { redacted: true, html: null, uploads: [] });
  } else throw invalid('type must be conversation_part or source', 'type');
  world.notify(workspace, 'conversation_part.redacted', {
    ...shown(world, workspace, conversation),
    conversation_parts: { type: 'conversation_part.list', conversation_parts: [], total_count: 0 },
  });
  touch(world, workspace, conversation);
  return shown(world, workspace, conversation);
}

function tagIt(world: World, { workspace, params, body }: ApiCall): unknown {
  const conversation = workspace.conversations.get(params.id ?? '');
  if (!conversation) throw notFound('Conversation not found');
  if (body.admin_id === undefined) throw missing('admin_id');
  const teammate = findTeammate(workspace, body.admin_id);
  const known = workspace.tags.get(requiredText(body, 'id'));
  if (!known) throw new ApiError(404, 'tag_not_found', 'Tag not found');
  const tag = { ...known, applied_at: world.now(), applied_by: teammate.id };
  conversation.tags = [...conversation.tags.filter((one) => one.id !== tag.id), tag];
  touch(world, workspace, conversation);
  return tagJson(tag);
}

const DATES = ['created_at', 'updated_at', 'waiting_since', 'snoozed_until'];
const NUMBERS = ['admin_assignee_id', 'team_assignee_id', 'statistics.count_conversation_parts'];
const TEXTS = [
  'id',
  'source.type',
  'source.id',
  'source.delivered_as',
  'source.subject',
  'source.body',
  'source.author.id',
  'source.author.type',
  'source.author.name',
  'source.author.email',
  'contact_ids',
  'teammate_ids',
  'state',
  'tag_ids',
  'priority',
];
const TYPES = new Map<string, FieldType>([
  ...DATES.map((field) => [field, 'date'] as const),
  ...NUMBERS.map((field) => [field, 'integer'] as const),
  ...TEXTS.map((field) => [field, 'string'] as const),
  ['open', 'boolean'],
  ['read', 'boolean'],
]);
const KIND: SearchKind = { typeOf: (field) => TYPES.get(field), datesByDay: false, defaultPerPage: 20 };

/** Sees each conversation as the index does: as it was before the lag. */
function search(world: World, workspace: Workspace, body: Record<string, unknown>): unknown {
  const test = compile(body.query, KIND);
  const horizon = world.now() - world.timings.conversationSearchLagMs;
  const found = [...workspace.conversations.values()].flatMap((item) => {
    const seen = item.indexed.findLast((one) => one.at <= horizon);
    return seen && test(seen.fields) ? [{ item, fields: seen.fields }] : [];
  });
  const page = paged(found, body, KIND);
  return {
    type: 'conversation.list',
    conversations: page.items.map((item) => {
      const { conversation_parts: _, ...rest } = conversationJson(world, workspace, item, [], 'html');
      return rest;
    }),
    total_count: page.total,
    pages: page.pages,
  };
}
