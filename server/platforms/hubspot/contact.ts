/**
 * Which CRM contact a customer is. A wrong one would show one person's messages to another's account manager: where
 * more than one fits, none is taken.
 * https://developers.hubspot.com/docs/api-reference/search/guide
 */
import type { HttpResponse, Making, MessageDelivery, Preparation } from '../../core/adapter.ts';
import type { Customer, Identity } from '../../core/message.ts';
import { isOutcome, type NotSent, retry, WireError } from '../../core/outcome.ts';
import { equivalentNumbers, isE164, nationalDigits, toE164 } from '../../core/phone.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { Portal } from './portal.ts';
import { type Contact, contactShape, pageOf } from './shapes.ts';

/** The search index lags by seconds: until then a contact that we made may not be found. */
const INDEX_LAG_MS = 10_000;
/** HubSpot's clock may be a little behind ours. */
const CLOCK_SLACK_MS = 5_000;

/** Each with the calculated property in which HubSpot keeps its digits with the country code. */
const PHONE_PROPERTIES = {
  phone: 'hs_searchable_calculated_international_phone_number',
  mobilephone: 'hs_searchable_calculated_international_mobile_number',
  hs_whatsapp_phone_number: undefined,
} as const;

/** Only for a conversation's first message: later ones belong to the thread, whoever it is associated with. */
export function contactStep(portal: Portal, delivery: MessageDelivery): Preparation[] {
  const { conversation } = delivery;
  if (conversation.contactId || conversation.platformThread) return [];
  const identity = conversation.customer.identities[0];
  return [
    {
      name: 'contact',
      ...(identity ? { lock: identity } : {}),
      run: (_prepared, making) => contactOf(portal, delivery, making),
    },
  ];
}

/** The contact's id; empty text where there is none to name: HubSpot then keeps the thread on a visitor of its own. */
async function contactOf(
  portal: Portal,
  delivery: MessageDelivery,
  { resumed, begins }: Making,
): Promise<string | NotSent> {
  const found = await matching(portal, delivery, resumed);
  if (isOutcome(found)) return found.outcome === 'refused' ? withoutContact(portal, found.why) : found;
  const only = found[0];
  if (only) return found.length === 1 ? only.id : '';
  if (!mayCreate(delivery)) return '';
  await begins();
  return await create(portal, delivery);
}

/** A refused search or creation must not keep the customer's message from the agents. */
function withoutContact(portal: Portal, why: string): string {
  portal.io.log.warn({ why }, 'A message goes to HubSpot without a contact');
  return '';
}

/** HubSpot makes contacts of phone numbers itself; for opaque ids that is ours, unless the channel says no. */
const mayCreate = ({ conversation }: MessageDelivery): boolean =>
  !isE164(conversation.thread) && conversation.channel.settings.auto_create !== false;

async function matching(
  portal: Portal,
  delivery: MessageDelivery,
  resumed: number | undefined,
): Promise<Contact[] | NotSent> {
  const { customer, channel } = delivery.conversation;
  const phone = customer.identities.find((identity) => identity.kind === 'phone')?.value;
  if (phone) {
    const found = await byPhone(portal, phone);
    if (isOutcome(found) || found.length > 0) return found;
  }
  const identifier = opaqueIdentifier(customer, channel.settings);
  if (identifier.property) {
    const found = await search(portal, [[equals(identifier.property, identifier.value)]], []);
    if (isOutcome(found) || found.length > 0) return found;
  }
  return resumed === undefined || !mayCreate(delivery) ? [] : await madeBefore(portal, delivery, resumed);
}

async function byPhone(portal: Portal, phone: string): Promise<Contact[] | NotSent> {
  const numbers = equivalentNumbers(phone);
  const digits = numbers.map((number) => number.slice(1));
  const national = numbers.flatMap((number) => nationalDigits(number) ?? []);
  const written = [...numbers, ...digits];
  const found = await search(
    portal,
    [
      ...Object.keys(PHONE_PROPERTIES).map((property) => [oneOf(property, written)]),
      ...(national.length > 0
        ? [
            [oneOf('hs_searchable_calculated_phone_number', national)],
            [oneOf('hs_searchable_calculated_mobile_number', national)],
          ]
        : []),
    ],
    Object.entries(PHONE_PROPERTIES).flatMap(([property, calculated]) =>
      calculated ? [property, calculated] : [property],
    ),
  );
  return isOutcome(found) ? found : found.filter((contact) => hasNumber(contact, numbers));
}

/**
 * National digits collide between countries, so every hit is compared in full. Where HubSpot itself knows the country
 * its word counts; a number written without one is read as of the customer's country.
 */
function hasNumber(contact: Contact, numbers: string[]): boolean {
  return Object.entries(PHONE_PROPERTIES).some(([property, calculated]) => {
    const written = contact.properties[property];
    if (!written) return false;
    const international = calculated ? contact.properties[calculated] : undefined;
    if (international) return numbers.includes(`+${international.replace(/\D/g, '')}`);
    const number = numbers.includes(`+${written}`) ? `+${written}` : toE164(written, numbers[0]);
    return number !== undefined && numbers.includes(number);
  });
}

interface OpaqueIdentifier {
  property?: string;
  value: string;
}

/** Which contact property holds the customer's id or user name on this channel, by the channel's settings. */
function opaqueIdentifier(customer: Customer, settings: Record<string, unknown>): OpaqueIdentifier {
  const identity: Identity | undefined = customer.identities.find((one) => one.kind !== 'phone');
  const { identifier_property: property, identifier_value: kind } = settings;
  const value = kind === 'username' ? customer.address.replace(/^@/, '') : (identity?.value ?? '');
  return typeof property === 'string' && property !== '' && value !== '' ? { property, value } : { value };
}

/** An earlier run may have made the contact without living to tell: it is looked for before another is made. */
async function madeBefore(
  portal: Portal,
  delivery: MessageDelivery,
  resumed: number,
): Promise<Contact[] | NotSent> {
  const waited = portal.io.clock.now() - resumed;
  if (waited < INDEX_LAG_MS)
    return retry('HubSpot’s search is asked whether the contact was made', {
      afterMs: INDEX_LAG_MS - waited,
    });
  const { firstname, lastname } = nameProperties(delivery.conversation.customer);
  return await search(
    portal,
    [
      [
        equals('firstname', firstname),
        ...(lastname ? [equals('lastname', lastname)] : []),
        { propertyName: 'createdate', operator: 'GTE', value: String(resumed - CLOCK_SLACK_MS) },
      ],
    ],
    [],
  );
}

async function create(portal: Portal, delivery: MessageDelivery): Promise<string | NotSent> {
  const { customer, channel } = delivery.conversation;
  const { property, value } = opaqueIdentifier(customer, channel.settings);
  const phone = customer.identities.find((identity) => identity.kind === 'phone')?.value;
  const properties = {
    ...nameProperties(customer),
    ...(phone ? { phone } : {}),
    ...(property ? { [property]: value } : {}),
  };
  const response = await portal.call({
    method: 'POST',
    path: paths.contacts,
    json: { properties, associations: [] },
  });
  const made = contactShape.safeParse(response.json);
  return succeeded(response) && made.success ? made.data.id : notCreated(portal, response);
}

/** Admins' own validation rules refuse some contacts; a server's failure leaves open whether one was made. */
function notCreated(portal: Portal, response: HttpResponse): string | NotSent {
  const outcome = portal.refusal(response, 'making the contact');
  if (outcome.outcome === 'unknown') throw new WireError(outcome.why, false);
  return outcome.outcome === 'refused' ? withoutContact(portal, outcome.why) : outcome;
}

/** Never empty: HubSpot shows a contact by its name, else as a dash. */
function nameProperties(customer: Customer): { firstname: string; lastname?: string } {
  const [firstname = '', ...rest] = (customer.name ?? '').trim().split(/\s+/);
  const lastname = rest.join(' ');
  return { firstname: firstname || customer.address, ...(lastname ? { lastname } : {}) };
}

interface Filter {
  propertyName: string;
  operator: 'EQ' | 'IN' | 'GTE';
  value?: string;
  values?: string[];
}
const equals = (propertyName: string, value: string): Filter => ({ propertyName, operator: 'EQ', value });
const oneOf = (propertyName: string, values: string[]): Filter => ({ propertyName, operator: 'IN', values });

/** Groups are alternatives (at most 5), the filters of one group hold together (at most 6). */
async function search(
  portal: Portal,
  groups: Filter[][],
  properties: string[],
): Promise<Contact[] | NotSent> {
  const response = await portal.call({
    method: 'POST',
    path: paths.contactSearch,
    json: {
      filterGroups: groups.map((filters) => ({ filters })),
      properties,
      sorts: [],
      limit: 100,
      after: '0',
    },
  });
  if (!succeeded(response)) return portal.repeatableRefusal(response, 'searching for the contact');
  return pageOf(response.json, contactShape).results;
}
