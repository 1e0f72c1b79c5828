/** An internal note tells the agents what became of their reply: Intercom has no other way to show it there. */
import type { Io, StatusDelivery } from '../../core/adapter.ts';
import { type Outcome, refused, sent, unknown } from '../../core/outcome.ts';
import { type Answer, type Api, outcomeOf } from './api.ts';
import type { IntercomConnection } from './app.ts';
import { readConversation } from './conversation.ts';
import { record, records, text } from './json.ts';

export async function writeNote(
  api: Api,
  thread: string,
  delivery: StatusDelivery,
  connection: IntercomConnection,
  io: Io,
): Promise<Outcome> {
  const chosen = text(connection.settings.admin_id);
  let answer = chosen ? await noteBy(api, chosen, thread, delivery) : undefined;
  // The teammate who installed us may have left: a note needs an author who is still there.
  if (!answer || (!answer.ok && answer.code === 'admin_not_found')) {
    const other = await anyTeammate(api);
    if (!other) return refused('admin_not_found', 'No teammate is left in whose name a note can be written.');
    answer = await noteBy(api, other, thread, delivery);
  }
  if (!answer.ok) return outcomeOf(answer, 'write', io);
  const note = readConversation(answer.value)?.parts.findLast((part) => part.type === 'note');
  return note ? sent(note.id) : unknown('Intercom’s answer could not be read');
}

const noteBy = (
  api: Api,
  adminId: string,
  thread: string,
  delivery: StatusDelivery,
): Promise<Answer<unknown>> =>
  api.write((sdk) =>
    sdk.conversations.reply({
      conversation_id: thread,
      body: { message_type: 'note', type: 'admin', admin_id: adminId, body: noteHtml(delivery) },
    }),
  );

async function anyTeammate(api: Api): Promise<string | undefined> {
  const answer: Answer<unknown> = await api.read((sdk) => sdk.admins.list());
  const admins = answer.ok ? records(record(answer.value)?.admins) : [];
  return text((admins.find((admin) => admin.has_inbox_seat === true) ?? admins[0])?.id);
}

/** Notes take some HTML, no list of tags is published: paragraphs and bold only. */
export function noteHtml({ status, why, excerpt, conversation }: StatusDelivery): string {
  const where = `${conversation.channel.title} to ${conversation.customer.address}`;
  const what = `${HEADLINE[status] ?? HEADLINE.unknown} by ${escapeHtml(where)}`;
  const which = excerpt ? `: “${escapeHtml(excerpt)}”` : '';
  return `<p>${what}${which}</p><p>${escapeHtml(why ?? NEXT_STEP[status] ?? '')}</p>`;
}

const HEADLINE: Partial<Record<StatusDelivery['status'], string>> = {
  failed: '⚠️ <b>Not delivered</b>',
  unknown: '❓ <b>Perhaps not delivered</b>',
  waiting: '⏳ <b>Not delivered yet</b>',
};

const NEXT_STEP: Partial<Record<StatusDelivery['status'], string>> = {
  failed: 'Open the Octopods card beside this conversation to send it again.',
  unknown: 'Ask the customer or look at the channel before you send it again from the Octopods card.',
};

const escapeHtml = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
