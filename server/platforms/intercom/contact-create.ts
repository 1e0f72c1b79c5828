/** Creating a lead, with what Intercom accepts of it; and what became of a contact that is gone. */
import type { Io } from '../../core/adapter.ts';
import type { Customer } from '../../core/message.ts';
import { type NotSent, refused, retry, unknown } from '../../core/outcome.ts';
import { type Answer, type Api, type Failure, outcomeOf } from './api.ts';
import { ATTRIBUTE, attributeValue, contactName, mainIdentity } from './customer.ts';
import { record, text } from './json.ts';

interface NewLead {
  role: 'lead';
  name: string;
  phone?: string;
  custom_attributes?: Record<string, string>;
}

/** A lead, so that teammates can merge it into the person whom they know. It gets no e-mail: Intercom would write to it. */
export async function createContact(api: Api, customer: Customer, io: Io): Promise<string | NotSent> {
  let lead = leadOf(customer);
  let defined = false;
  for (;;) {
    const answer: Answer<unknown> = await api.write((sdk) => sdk.contacts.create(lead));
    if (answer.ok) return text(record(answer.value)?.id) ?? unknown('Intercom’s answer named no contact');
    if (answer.status === 409) return adoptTwin(api, answer, io);
    if (blames(answer, /attribute/i) && lead.custom_attributes && !defined) {
      defined = true;
      if (await defineAttribute(api, io)) continue;
    }
    const less = withoutBlamed(lead, answer);
    if (!less) return outcomeOf(answer, 'write', io);
    lead = less;
  }
}

function leadOf(customer: Customer): NewLead {
  const identity = mainIdentity(customer);
  return {
    role: 'lead',
    name: contactName(customer),
    ...(identity?.kind === 'phone' ? { phone: identity.value } : {}),
    ...(identity ? { custom_attributes: { [ATTRIBUTE]: attributeValue(identity) } } : {}),
  };
}

const blames = ({ status, message, code }: Failure, word: RegExp): boolean =>
  (status === 400 || status === 422) && (word.test(message) || word.test(code));

/** The message matters more than the field: the customer arrives without it. */
function withoutBlamed(
  { phone, custom_attributes, ...lead }: NewLead,
  failure: Failure,
): NewLead | undefined {
  if (custom_attributes && blames(failure, /attribute/i)) return { ...lead, ...(phone ? { phone } : {}) };
  if (phone && blames(failure, /phone/i))
    return { ...lead, ...(custom_attributes ? { custom_attributes } : {}) };
  return undefined;
}

/** Best effort: the app may lack the permission, or somebody else was faster. The SDK's type has no `name`. */
async function defineAttribute(api: Api, io: Io): Promise<boolean> {
  const answer = await api.post('/data_attributes', {
    name: ATTRIBUTE,
    model: 'contact',
    data_type: 'string',
    description: 'Which customer on which channel this is. Written by Octopods.',
  });
  if (!answer.ok)
    io.log.warn({ code: answer.code, message: answer.message }, 'Attribute not created in Intercom');
  return answer.ok || blames(answer, /already/i);
}

/** "A contact matching those details already exists with id=…"; an archived one is brought back. */
async function adoptTwin(api: Api, conflict: Failure, io: Io): Promise<string | NotSent> {
  const id = /id=([0-9a-f]{24})/i.exec(conflict.message)?.[1];
  if (!id) return outcomeOf(conflict, 'write', io);
  if (!/archived/i.test(conflict.message)) return id;
  return unarchive(api, id, io);
}

/** Answers the id to use from now on: the contact's own, or that of the one it was merged into. */
async function unarchive(api: Api, id: string, io: Io): Promise<string | NotSent> {
  const answer = await api.write((sdk) => sdk.contacts.unarchive({ contact_id: id }));
  if (answer.ok) return id;
  if (answer.code === 'not_restorable')
    return refused(
      'not_restorable',
      'This person is blocked in Intercom. Unblock the contact there to receive messages.',
    );
  const read = await api.read((sdk) => sdk.contacts.find({ contact_id: id }));
  return (!read.ok && survivor(read)) || outcomeOf(answer, 'write', io);
}

/** The contact into which this one was merged: 410, or 404 by older descriptions, names it in `Link`. */
const survivor = ({ headers }: Failure): string | undefined =>
  /\/contacts\/([^>/?\s]+)>\s*;\s*rel="?canonical/i.exec(headers.link ?? '')?.[1];

/** A write named a contact that Intercom does not find: where is it? `{ moved }` to write again, or what to do. */
export async function whereIs(api: Api, id: string, io: Io): Promise<{ moved: string } | NotSent> {
  const answer = await api.read((sdk) => sdk.contacts.find({ contact_id: id }));
  if (answer.ok && isNew(id, io)) return notYet();
  if (answer.ok) {
    // It can be read but not written to: archived, or blocked.
    const restored = await unarchive(api, id, io);
    return typeof restored === 'string' ? retry('The contact was archived in Intercom') : restored;
  }
  const moved = survivor(answer);
  if (moved) return { moved };
  if (answer.status !== 404 && answer.status !== 410) return outcomeOf(answer, 'read', io);
  return isNew(id, io) ? notYet() : retry('The contact is gone from Intercom', { forget: 'contact' });
}

/** "User Not Found" is also what a contact created a moment ago gets. To forget it then would make a twin. */
const notYet = () => retry('Intercom does not know the new contact everywhere yet', { afterMs: 3_000 });

/**
 * Contact ids are MongoDB object ids: the first eight digits are the second of creation (the API's examples agree with
 * their `created_at`). An id that is made otherwise lies outside the window and counts as old.
 */
function isNew(id: string, io: Io): boolean {
  const age = io.clock.now() - Number.parseInt(id.slice(0, 8), 16) * 1000;
  return age > -60_000 && age < 5 * 60_000;
}
