/** `POST /conversations/{id}/reply`: as the contact, or as a teammate (comment, note, quick replies). */
import { randomUUID } from 'node:crypto';
import { type ApiCall, backdated, type Door, invalid, missing, notFound, requiredText, text } from './api.ts';
import { htmlFromPlain, htmlFromTeammate } from './text.ts';
import { addPart, authorOfContact, authorOfTeammate, findConversation, findTeammate } from './thread.ts';
import { uploadsOf } from './uploads.ts';
import { conversationJson } from './wire.ts';
import type { Contact, Conversation, Part, World } from './world.ts';
import { survivor } from './world.ts';

export function replyRoute(world: World, door: Door): void {
  door('post', '/conversations/:id/reply', async (call) => {
    if (call.body.type !== 'user' && call.body.type !== 'admin')
      throw invalid('type must be user or admin', 'type');
    const conversation =
      call.body.type === 'user' ? await replyAsContact(world, call) : await replyAsTeammate(world, call);
    return conversationJson(world, call.workspace, conversation, conversation.parts.slice(-500), 'html');
  });
}

async function replyAsContact(world: World, call: ApiCall): Promise<Conversation> {
  const { workspace, body } = call;
  if (body.message_type !== 'comment') throw invalid('message_type must be comment', 'message_type');
  const contact = contactOf(call);
  const conversation = conversationOf(call, contact);
  if (!conversation.contactIds.includes(contact.id)) throw notFound('User Not Found');
  const html = htmlFromPlain(requiredText(body, 'body'));
  const at = backdated(world, body);
  const uploads = await uploadsOf(world, workspace, body, ['attachment_urls', 'attachment_files']);
  // A contact who writes to a closed or snoozed conversation opens it again, and the part says so.
  const reopens = conversation.state !== 'open';
  Object.assign(conversation, { state: 'open', snoozedUntil: null });
  const part = {
    partType: reopens ? 'open' : 'comment',
    author: authorOfContact(contact),
    html,
    uploads,
    at,
    appPackageCode: world.app.packageCode,
  };
  addPart(world, workspace, conversation, part, ['conversation.user.replied']);
  return conversation;
}

function contactOf({ workspace, body }: ApiCall): Contact {
  const id = text(body, 'intercom_user_id');
  const externalId = text(body, 'user_id');
  const email = text(body, 'email');
  if (!id && !externalId && !email) throw missing('intercom_user_id');
  const found = [...workspace.contacts.values()].find(
    (one) =>
      !one.mergedInto &&
      !one.archived &&
      (id ? one.id === id : externalId ? one.external_id === externalId : one.email === email),
  );
  if (!found) throw notFound('User Not Found');
  return survivor(workspace, found.id) ?? found;
}

function conversationOf({ workspace, params }: ApiCall, contact: Contact): Conversation {
  if (params.id !== 'last') return findConversation(workspace, params.id);
  const own = [...workspace.conversations.values()].filter((one) => one.contactIds.includes(contact.id));
  const newest = own.toSorted((a, b) => b.updatedAt - a.updatedAt)[0];
  if (!newest) throw notFound('Resource Not Found');
  return newest;
}

async function replyAsTeammate(world: World, { workspace, params, body }: ApiCall): Promise<Conversation> {
  const kind = requiredText(body, 'message_type');
  if (!['comment', 'note', 'quick_reply'].includes(kind))
    throw invalid('message_type must be comment, note or quick_reply', 'message_type');
  if (body.admin_id === undefined) throw missing('admin_id');
  const conversation = findConversation(workspace, params.id);
  const author = authorOfTeammate(findTeammate(workspace, body.admin_id));
  const said = text(body, 'body');
  const quickReplies = kind === 'quick_reply' ? quickRepliesOf(body.reply_options) : [];
  const at = backdated(world, body);
  const uploads = await uploadsOf(world, workspace, body, ['attachment_urls', 'attachment_files']);
  if (!said && uploads.length === 0 && quickReplies.length === 0) throw missing('body');
  const html = said ? htmlFromTeammate(said) : null;
  const part = {
    partType: kind,
    author,
    html,
    uploads,
    at,
    quickReplies,
    appPackageCode: world.app.packageCode,
  };
  const topic = kind === 'note' ? 'conversation.admin.noted' : 'conversation.admin.replied';
  addPart(world, workspace, conversation, part, [topic]);
  return conversation;
}

function quickRepliesOf(value: unknown): Part['quickReplies'] {
  if (!Array.isArray(value) || value.length === 0) throw missing('reply_options');
  return value.map((one: Record<string, unknown>) => ({
    text: requiredText(one, 'text'),
    uuid: text(one, 'uuid') ?? randomUUID(),
  }));
}
