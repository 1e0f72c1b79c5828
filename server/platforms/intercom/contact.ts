/** The contact in Intercom that a customer is: found, or created once. */
import type { Io, Making, MessageDelivery, Preparation } from '../../core/adapter.ts';
import type { Customer } from '../../core/message.ts';
import { type NotSent, retry } from '../../core/outcome.ts';
import { equivalentNumbers } from '../../core/phone.ts';
import { type Api, openApi, outcomeOf } from './api.ts';
import type { IntercomApp, IntercomConnection } from './app.ts';
import { createContact } from './contact-create.ts';
import { ATTRIBUTE, attributeValue, contactName, mainIdentity } from './customer.ts';
import { type Json, milliseconds, record, text } from './json.ts';

/** Intercom: "new contacts may be missing from search for minutes". */
const INDEX_LAG_MS = 120_000;
/** Mostly it is there within seconds. */
const LOOK_AGAIN_MS = 10_000;

export function contactPreparations(
  app: IntercomApp,
  delivery: MessageDelivery,
  connection: IntercomConnection,
  io: Io,
): Preparation[] {
  if (delivery.conversation.contactId) return [];
  const { customer } = delivery.conversation;
  const api = openApi(app, connection, io);
  return [
    {
      name: 'contact',
      lock: mainIdentity(customer),
      run: (_prepared, making) =>
        making.resumed === undefined
          ? findOrCreate(api, customer, making, io)
          : resume(api, customer, { ...making, resumed: making.resumed }, io),
    },
  ];
}

async function findOrCreate(api: Api, customer: Customer, making: Making, io: Io): Promise<string | NotSent> {
  const found = await findContact(api, customer, undefined, io);
  if (found) return found;
  await making.begins();
  return createContact(api, customer, io);
}

/**
 * An earlier creation may have happened and not be in the index yet: creating again now would make a twin. The relay
 * keeps that doubt, whatever this answers, until a creation begins whose end is certain.
 */
async function resume(
  api: Api,
  customer: Customer,
  { resumed, begins }: Making & { resumed: number },
  io: Io,
): Promise<string | NotSent> {
  const found = await findContact(api, customer, resumed, io);
  if (found) return found;
  if (io.clock.now() < resumed + INDEX_LAG_MS)
    return retry('Waiting until Intercom’s search shows whether the contact was created', {
      afterMs: LOOK_AGAIN_MS,
    });
  await begins();
  return createContact(api, customer, io);
}

/** The id of the contact that was updated last, of all that match; undefined when there is none. */
async function findContact(
  api: Api,
  customer: Customer,
  resumed: number | undefined,
  io: Io,
): Promise<string | NotSent | undefined> {
  for (const search of searchesFor(customer, resumed)) {
    const answer = await api.read((sdk) => sdk.contacts.search({ query: search.query }));
    // Until the attribute exists, searching for it is an error: then nobody can have it.
    if (!answer.ok && search.optional && (answer.status === 400 || answer.status === 422)) continue;
    if (!answer.ok) return outcomeOf(answer, 'read', io);
    const found = (answer.value.data as unknown[])
      .map((contact) => record(contact) ?? {})
      .filter(search.matches);
    const latest = found.sort((a, b) => milliseconds(b.updated_at) - milliseconds(a.updated_at))[0];
    if (latest) return text(latest.id);
  }
  return undefined;
}

interface Search {
  query: Query;
  /** The index is not trusted blindly: what it answers must really match. */
  matches(contact: Json): boolean;
  optional: boolean;
}
type Filter = { field: string; operator: '='; value: string };
type Query = Filter | { operator: 'OR'; value: Filter[] };

function searchesFor(customer: Customer, resumed: number | undefined): Search[] {
  const searches = [byPhone(customer), byAttribute(customer, resumed), byName(customer, resumed)];
  return searches.filter((search) => search !== undefined);
}

function byPhone({ identities }: Customer): Search | undefined {
  const phones = identities.filter(({ kind }) => kind === 'phone');
  const numbers = [...new Set(phones.flatMap(({ value }) => equivalentNumbers(value)))];
  if (numbers.length === 0) return undefined;
  return {
    query: anyOf(numbers.map((value) => ({ field: 'phone', operator: '=', value }))),
    matches: (contact) => numbers.includes(`+${String(contact.phone).replace(/\D/g, '')}`),
    optional: false,
  };
}

/** Customers without a number; and, after a creation with an unknown end, those whose number Intercom refused. */
function byAttribute({ identities }: Customer, resumed: number | undefined): Search | undefined {
  const wanted = identities
    .filter(({ kind }) => resumed !== undefined || kind !== 'phone')
    .map(attributeValue);
  if (wanted.length === 0) return undefined;
  return {
    query: anyOf(wanted.map((value) => ({ field: `custom_attributes.${ATTRIBUTE}`, operator: '=', value }))),
    matches: (contact) => wanted.includes(text(record(contact.custom_attributes)?.[ATTRIBUTE]) ?? ''),
    optional: true,
  };
}

/** After a creation with an unknown end only: where the attribute could not be written, name and time are all there is. */
function byName(customer: Customer, resumed: number | undefined): Search | undefined {
  if (resumed === undefined) return undefined;
  const name = contactName(customer);
  return {
    query: { field: 'name', operator: '=', value: name },
    matches: (contact) =>
      contact.role === 'lead' &&
      contact.name === name &&
      !contact.phone &&
      !record(contact.custom_attributes)?.[ATTRIBUTE] &&
      milliseconds(contact.created_at) >= resumed - 5_000,
    optional: true,
  };
}

const anyOf = (filters: Filter[]): Query =>
  filters.length === 1 && filters[0] ? filters[0] : { operator: 'OR', value: filters };
