/** CRM contacts: create, read, change, search; and the match by phone or e-mail that HubSpot makes for messages. */
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { type ApiCall, ApiError, type Door, invalid, notFound, required } from './api.ts';
import { contactJson } from './contact-properties.ts';
import { searchContacts } from './search.ts';
import type { CrmContact, DeliveryIdentifier, Portal, World } from './world.ts';

const READ = { scopes: ['crm.objects.contacts.read'] };
const WRITE = { scopes: ['crm.objects.contacts.write'] };
const PROPERTIES = new Set([
  'email',
  'firstname',
  'lastname',
  'phone',
  'mobilephone',
  'company',
  'website',
  'lifecyclestage',
  'hs_lead_status',
  'hubspot_owner_id',
  'hs_whatsapp_phone_number',
  'hs_language',
  'city',
  'country',
  'address',
  'zip',
  'jobtitle',
]);

export function contactRoutes(world: World, door: Door): void {
  for (const version of ['2026-03', '2026-09', 'v3']) {
    const base = version === 'v3' ? '/crm/v3/objects/contacts' : `/crm/objects/${version}/contacts`;
    door('post', `${base}/search`, { ...READ, search: true }, (call) => searchContacts(world, call));
    door('post', base, { ...WRITE, status: 201 }, ({ portal, body }) => {
      const made = createContact(world, portal, propertiesOf(body));
      return contactJson(made, [...Object.keys(made.properties)]);
    });
    door('get', `${base}/:id`, READ, (call) => contactJson(findContact(call), asked(call.query)));
    door('patch', `${base}/:id`, WRITE, (call) => {
      const contact = findContact(call);
      const properties = propertiesOf(call.body);
      checkProperties(call.portal, properties, contact.id);
      Object.assign(contact.properties, properties);
      contact.updatedAt = world.now();
      world.changed();
      return contactJson(contact, Object.keys(properties));
    });
    door('delete', `${base}/:id`, { ...WRITE, status: 204 }, (call) => {
      findContact(call).archived = true;
      world.changed();
      return undefined;
    });
  }
}

const asked = (query: URLSearchParams): string[] =>
  query.getAll('properties').flatMap((names) => names.split(','));

function findContact({ portal, params, query }: ApiCall): CrmContact {
  const by = query.get('idProperty');
  const contact = by
    ? [...portal.contacts.values()].find((one) => one.properties[by] === params.id)
    : portal.contacts.get(params.id ?? '');
  if (!contact || contact.archived) throw notFound('resource not found');
  return contact;
}

function propertiesOf(body: Record<string, unknown>): Record<string, string | null> {
  if (typeof body.properties !== 'object' || body.properties === null) throw required('properties');
  return Object.fromEntries(
    Object.entries(body.properties).map(([name, value]) => [name, value === null ? null : String(value)]),
  );
}

/** Properties must exist; e-mail addresses are unique, phone numbers are not. */
function checkProperties(portal: Portal, properties: Record<string, string | null>, except?: string): void {
  const strange = Object.keys(properties).find((name) => !PROPERTIES.has(name));
  if (strange)
    throw invalid(`Property values were not valid: Property "${strange}" does not exist`, {
      errors: [{ message: `Property "${strange}" does not exist`, code: 'PROPERTY_DOESNT_EXIST' }],
    });
  const email = properties.email;
  if (!email) return;
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) throw invalid(`Property values were not valid: ${email}`);
  const twin = [...portal.contacts.values()].find(
    (one) => !one.archived && one.id !== except && one.properties.email === email,
  );
  if (twin) throw new ApiError(409, 'CONFLICT', `Contact already exists. Existing ID: ${twin.id}`);
}

export function createContact(
  world: World,
  portal: Portal,
  properties: Record<string, string | null>,
): CrmContact {
  checkProperties(portal, properties);
  const now = world.now();
  const contact: CrmContact = {
    id: world.nextId(),
    properties,
    createdAt: now,
    updatedAt: now,
    archived: false,
  };
  portal.contacts.set(contact.id, contact);
  world.changed();
  return contact;
}

const PHONES = ['phone', 'mobilephone', 'hs_whatsapp_phone_number'];
/**
 * Phone numbers and e-mail addresses find their contact, or make one; opaque ids do neither. Several contacts with one
 * number: the one changed last.
 */
export function matchContact(
  world: World,
  portal: Portal,
  identifier: DeliveryIdentifier,
  name: string | undefined,
): CrmContact | undefined {
  const phone = identifier.type === 'HS_PHONE_NUMBER';
  if (!phone && identifier.type !== 'HS_EMAIL_ADDRESS') return undefined;
  const same = (contact: CrmContact) =>
    phone
      ? PHONES.some((field) => e164(contact.properties[field]) === identifier.value)
      : contact.properties.email === identifier.value;
  const known = [...portal.contacts.values()]
    .filter((one) => !one.archived && same(one))
    .toSorted((a, b) => b.updatedAt - a.updatedAt)[0];
  if (known) return known;
  const [firstname = '', ...rest] = (name ?? '').split(' ');
  return createContact(world, portal, {
    [phone ? 'phone' : 'email']: identifier.value,
    ...(firstname ? { firstname } : {}),
    ...(rest.length > 0 ? { lastname: rest.join(' ') } : {}),
  });
}
const e164 = (value: string | null | undefined): string | undefined =>
  value ? parsePhoneNumberFromString(value, 'US')?.number : undefined;
