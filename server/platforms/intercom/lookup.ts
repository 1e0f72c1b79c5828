/** Was it accepted after all? Intercom has no idempotency keys: the conversation itself is asked. */
import type { Delivery, Io, LookedUp, MessageDelivery } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { type Api, clockLead, type Failure, openApi, outcomeOf } from './api.ts';
import type { IntercomApp, IntercomConnection } from './app.ts';
import { type Conversation, type ConversationPart, isFromContact, readConversation } from './conversation.ts';
import { noteHtml } from './note.ts';
import { plainBody } from './parts.ts';
import { bodyOf } from './send.ts';

export async function lookup(
  app: IntercomApp,
  delivery: Delivery,
  connection: IntercomConnection,
  io: Io,
): Promise<LookedUp> {
  if (delivery.startedAt === undefined) return 'cannot';
  const api = openApi(app, connection, io);
  const thread = delivery.conversation.platformThread;
  if (thread) return lookInConversation(api, thread, delivery, delivery.startedAt, io);
  return delivery.kind === 'message' ? lookForConversation(api, delivery, delivery.startedAt, io) : 'cannot';
}

/** A reply or a note: the newest part since then that says the same. */
async function lookInConversation(
  api: Api,
  thread: string,
  delivery: Delivery,
  startedAt: number,
  io: Io,
): Promise<LookedUp> {
  const answer = await api.read((sdk) =>
    sdk.conversations.find({ conversation_id: thread }).withRawResponse(),
  );
  if (!answer.ok) return unanswered(answer, io);
  const since = earliest(startedAt, clockLead(answer.value.rawResponse.headers, io));
  const found = readConversation(answer.value.data)?.parts.findLast(
    (part) => part.createdAt >= since && !delivery.taken?.includes(part.id) && isThis(part, delivery),
  );
  return found ? { found: found.id } : 'absent';
}

function isThis(part: ConversationPart, delivery: Delivery): boolean {
  if (delivery.kind === 'status') return part.type === 'note' && saysSame(part.body, noteHtml(delivery));
  const files = delivery.parts.filter((one) => one.kind === 'file').length;
  return (
    isFromContact(part) && part.attachments.length === files && saysSame(part.body, bodyOf(delivery.parts))
  );
}

/** A creation: the contact's conversations since then, by search. */
async function lookForConversation(
  api: Api,
  delivery: MessageDelivery,
  startedAt: number,
  io: Io,
): Promise<LookedUp> {
  const contact = delivery.conversation.contactId ?? delivery.prepared.contact;
  if (!contact) return 'cannot';
  const answer = await api.read((sdk) =>
    sdk.conversations.search({
      query: {
        operator: 'AND',
        value: [
          { field: 'contact_ids', operator: '=', value: contact },
          { field: 'created_at', operator: '>', value: dayBefore(startedAt) },
        ],
      },
    }),
  );
  if (!answer.ok) return unanswered(answer, io);
  const since = earliest(startedAt, clockLead(answer.value.rawResponse.headers, io));
  const found = (answer.value.data as unknown[])
    .map(readConversation)
    .filter((one) => one !== undefined)
    .filter((one) => begunBy(one, delivery, since))
    .sort((a, b) => (b.source?.createdAt ?? 0) - (a.source?.createdAt ?? 0))[0];
  return found ? { found: `source:${found.source?.id ?? ''}`, thread: found.id } : 'absent';
}

const begunBy = ({ source }: Conversation, delivery: MessageDelivery, since: number): boolean =>
  source !== undefined &&
  source.createdAt >= since &&
  !delivery.taken?.includes(`source:${source.id}`) &&
  isFromContact(source) &&
  saysSame(source.body, bodyOf(delivery.parts));

/**
 * Date filters of searches may mean whole days of the workspace's time zone, and `>` then begins with the next day
 * (25 hours where clocks change). Unix seconds that lie safely before; the exact time is compared on what comes back.
 */
export const dayBefore = (at: number): number => Math.floor(at / 1000) - 26 * 3600;

/**
 * The first second (ms) that can hold a part made after `startedAt` of ours. `created_at` is in whole seconds of
 * Intercom's clock, the lead comes from the `Date` of its answer and errs downwards only. Without one: some slack.
 */
const earliest = (startedAt: number, lead: number | undefined): number =>
  Math.floor((lead === undefined ? startedAt - 5_000 : startedAt + lead) / 1000) * 1000;

/** A failure that passes is an exception, so that it is asked again; one that stays means that nobody can say. */
function unanswered(failure: Failure, io: Io): LookedUp {
  if (failure.status === 404) return 'absent';
  const outcome = outcomeOf(failure, 'read', io);
  if (outcome.outcome === 'retry') throw new WireError(failure.message, true);
  return outcome.outcome === 'unauthorized' ? outcome : 'cannot';
}

/** The same words: Intercom wraps paragraphs, links addresses and trims. */
function saysSame(body: string, ours: string): boolean {
  const [there, here] = [plainBody(body), plainBody(ours)].map((one) => one.replace(/\s+/g, ' ').trim());
  if (there === here) return true;
  const [lettersThere, lettersHere] = [there, here].map((one) => (one ?? '').replace(/[^\p{L}\p{N}]/gu, ''));
  return lettersHere !== '' && lettersThere === lettersHere;
}
