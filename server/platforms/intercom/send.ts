/** The one visible write: a message as the customer, or a note to the agents. */
import type { Intercom } from 'intercom-client';
import type { Delivery, Io, MessageDelivery, StatusDelivery } from '../../core/adapter.ts';
import { describe, describeFile } from '../../core/describe.ts';
import type { FilePart, Part, StoredFile } from '../../core/message.ts';
import { type Outcome, refused, retry, sent, unknown } from '../../core/outcome.ts';
import { type Answer, type Api, type Failure, openApi, outcomeOf } from './api.ts';
import type { IntercomApp, IntercomConnection } from './app.ts';
import { whereIs } from './contact-create.ts';
import { isFromContact, readConversation } from './conversation.ts';
import { record, text } from './json.ts';
import { writeNote } from './note.ts';

export async function send(
  app: IntercomApp,
  delivery: Delivery,
  connection: IntercomConnection,
  io: Io,
): Promise<Outcome> {
  const api = openApi(app, connection, io);
  if (delivery.kind === 'status') return sendStatus(api, delivery, connection, io);
  const contact = delivery.conversation.contactId ?? delivery.prepared.contact;
  if (!contact) return refused('no_contact', 'There is no contact in Intercom to write this message for.');
  return sendMessage(api, delivery, contact, io);
}

async function sendStatus(
  api: Api,
  delivery: StatusDelivery,
  connection: IntercomConnection,
  io: Io,
): Promise<Outcome> {
  const thread = delivery.conversation.platformThread;
  if (!thread) return refused('no_conversation', 'The conversation in Intercom is gone: nobody can be told.');
  return writeNote(api, thread, delivery, connection, io);
}

async function sendMessage(api: Api, delivery: MessageDelivery, contact: string, io: Io): Promise<Outcome> {
  const first = await write(api, delivery, contact);
  if (first.ok) return accepted(first.value, delivery, contact);
  if (!isAboutContact(first)) return outcomeOfWrite(first, delivery, io);
  const whereabouts = await whereIs(api, contact, io);
  if (!('moved' in whereabouts)) return whereabouts;
  // Merged: the first write was certainly refused, so this is still the only one.
  const again = await write(api, delivery, whereabouts.moved);
  if (!again.ok) return outcomeOfWrite(again, delivery, io);
  const outcome = accepted(again.value, delivery, whereabouts.moved);
  return outcome.outcome === 'sent' ? { ...outcome, contact: whereabouts.moved } : outcome;
}

async function write(api: Api, delivery: MessageDelivery, contact: string): Promise<Answer<unknown>> {
  const thread = delivery.conversation.platformThread;
  return thread ? reply(api, delivery, thread, contact) : open(api, delivery, contact);
}

/**
 * Begins the conversation. `created_at` is left to Intercom: it is meant for migrations, and would date a delayed
 * message before answers that the agent has already read.
 */
async function open(api: Api, delivery: MessageDelivery, contact: string): Promise<Answer<unknown>> {
  const from = { type: 'contact' as const, id: contact };
  const body = bodyOf(delivery.parts);
  const files = filesIn(delivery.parts);
  if (files.length === 0) return api.write((sdk) => sdk.conversations.create({ from, body }));
  // Only when a conversation disappeared under a message with files: this call takes no files, but addresses of them.
  const attachment_urls = await Promise.all(files.map(({ file }) => file.link()));
  return api.post('/conversations', { from, body, attachment_urls });
}

async function reply(
  api: Api,
  delivery: MessageDelivery,
  thread: string,
  contact: string,
): Promise<Answer<unknown>> {
  const files = filesIn(delivery.parts);
  const words: Intercom.ContactReplyIntercomUserIdRequest = {
    message_type: 'comment',
    type: 'user',
    intercom_user_id: contact,
    body: bodyOf(delivery.parts),
  };
  if (files.length === 0)
    return api.write((sdk) => sdk.conversations.reply({ conversation_id: thread, body: words }));
  // Megabytes take longer than a handed-in fetch allows.
  const attachment_files = await Promise.all(files.map(({ file }) => encoded(file)));
  return api.post(`/conversations/${encodeURIComponent(thread)}/reply`, { ...words, attachment_files });
}

const encoded = async (file: StoredFile) => ({
  content_type: file.contentType,
  name: file.name,
  data: Buffer.from(await file.bytes()).toString('base64'),
});

const filesIn = (parts: Part<StoredFile>[]): FilePart<StoredFile>[] =>
  parts.filter((part) => part.kind === 'file');

/** Plain text: Intercom escapes what a contact writes. A reply needs a body, so files without words are named. */
export function bodyOf(parts: Part<StoredFile>[]): string {
  const words = parts.map((part) => (part.kind === 'file' ? (part.caption ?? '') : describe(part)));
  const written = words.filter((word) => word.trim() !== '').join('\n\n');
  return (
    written ||
    filesIn(parts)
      .map(({ file }) => describeFile(file))
      .join('\n')
  );
}

/** Creating answers a message that names its conversation; replying answers the conversation with the new part. */
function accepted(value: unknown, delivery: MessageDelivery, contact: string): Outcome {
  const json = record(value);
  const opened = text(json?.conversation_id);
  const id = text(json?.id);
  if (opened && id) return sent(`source:${id}`, { thread: opened });
  const conversation = readConversation(value);
  const own = conversation?.parts.filter((part) => isFromContact(part) && part.author.id === contact);
  const made = own?.at(-1) ?? conversation?.parts.findLast(isFromContact) ?? conversation?.parts.at(-1);
  if (!conversation || !made) return unknown('Intercom’s answer could not be read');
  const moved = conversation.id !== delivery.conversation.platformThread;
  return sent(made.id, moved ? { thread: conversation.id } : {});
}

const isAboutContact = ({ status, code, message }: Failure): boolean =>
  code === 'contact_merged' || ((status === 404 || status === 410) && /user|contact/i.test(message));

function outcomeOfWrite(failure: Failure, delivery: MessageDelivery, io: Io): Outcome {
  const gone = failure.status === 404 || failure.status === 410 || /\bmerged\b/i.test(failure.message);
  if (gone && delivery.conversation.platformThread)
    return retry('The conversation is gone from Intercom', { forget: 'thread' });
  return outcomeOf(failure, 'write', io);
}
