/** People: users and leads, their custom attributes, duplicates, archive, merge, search. */
import { randomUUID } from 'node:crypto';
import { type ApiCall, ApiError, type Door, invalid, missing, notFound, requiredText, text } from './api.ts';
import { customAttributes } from './attributes.ts';
import { compile, type FieldType, paged, type SearchKind } from './search.ts';
import { contactJson } from './wire.ts';
import type { Contact, Workspace, World } from './world.ts';
import { hexId, seconds, survivor } from './world.ts';

export function contactRoutes(world: World, door: Door): void {
  door('post', '/contacts', ({ workspace, body }) =>
    contactJson(workspace, createContact(world, workspace, body)),
  );
  door('get', '/contacts', ({ workspace, query }) => {
    const found = visible(world, workspace).map((item) => ({ item, fields: searchFields(workspace, item) }));
    return listOf(workspace, found, { pagination: pagination(query) });
  });
  door('post', '/contacts/search', ({ workspace, body }) => search(world, workspace, body));
  door('post', '/contacts/merge', ({ workspace, body }) => merge(world, workspace, body));
  door('get', '/contacts/find_by_external_id/:externalId', ({ workspace, params }) => {
    const found = [...workspace.contacts.values()].find(
      (one) => one.role === 'user' && one.external_id === params.externalId && !one.archived,
    );
    if (!found) throw notFound('User Not Found');
    return contactJson(workspace, alive(workspace, found.id));
  });
  door('get', '/contacts/:id', ({ workspace, params }) =>
    contactJson(workspace, alive(workspace, params.id)),
  );
  door('put', '/contacts/:id', ({ workspace, params, body }) => {
    const contact = alive(workspace, params.id);
    refuseDuplicate(workspace, body, contact.role, contact.id);
    assign(world, workspace, contact, body);
    world.notify(workspace, `contact.${contact.role}.updated`, contactJson(workspace, contact));
    world.changed();
    return contactJson(workspace, contact);
  });
  door('delete', '/contacts/:id', (call) => remove(world, call));
  door('post', '/contacts/:id/archive', (call) => shelve(world, call, true));
  door('post', '/contacts/:id/unarchive', (call) => shelve(world, call, false));
}

/** A contact that can be read; a merged one answers 410 and names the survivor, a missing one 404. */
export function alive(workspace: Workspace, id: string | undefined): Contact {
  const contact = workspace.contacts.get(id ?? '');
  if (!contact) throw notFound('User Not Found');
  const left = contact.mergedInto ? survivor(workspace, contact.mergedInto) : undefined;
  if (left)
    throw new ApiError(
      410,
      'contact_merged',
      "This contact has been merged. See the 'Link' header for the canonical contact.",
      { Link: `</contacts/${left.id}>; rel="canonical"` },
    );
  return contact;
}

export function createContact(world: World, workspace: Workspace, body: Record<string, unknown>): Contact {
  const role = text(body, 'role') ?? 'user';
  if (!body.email && !body.external_id && !body.role) throw missing('email, external_id or role');
  if (role !== 'user' && role !== 'lead') throw invalid('role must be user or lead', 'role');
  // Whether Intercom takes an external_id for a lead is not documented: a client must not build on it.
  if (role === 'lead' && body.external_id)
    throw invalid('external_id cannot be set on a lead', 'external_id');
  refuseDuplicate(workspace, body, role);
  const now = world.now();
  const contact: Contact = {
    id: hexId(),
    role,
    external_id: role === 'lead' ? randomUUID() : null,
    email: null,
    phone: null,
    name: null,
    avatar: null,
    owner_id: null,
    custom_attributes: {},
    createdAt: now,
    updatedAt: now,
    archived: false,
    blocked: false,
    merges: [],
    fields: {},
  };
  assign(world, workspace, contact, body);
  workspace.contacts.set(contact.id, contact);
  world.notify(workspace, `contact.${role}.created`, contactJson(workspace, contact));
  world.changed();
  return contact;
}

/** Users are unique by external_id and by e-mail; phone numbers are not unique, nor are leads. */
function refuseDuplicate(
  workspace: Workspace,
  body: Record<string, unknown>,
  role: string,
  except?: string,
): void {
  if (role !== 'user') return;
  const twin = [...workspace.contacts.values()].find(
    (one) =>
      one.id !== except &&
      one.role === 'user' &&
      !one.mergedInto &&
      ((body.external_id && one.external_id === body.external_id) ||
        (body.email && one.email === body.email)),
  );
  if (!twin) return;
  if (twin.blocked) throw new ApiError(400, 'not_restorable', 'User has been blocked and is not restorable');
  const which = twin.archived ? 'An archived contact' : 'A contact';
  throw new ApiError(409, 'conflict', `${which} matching those details already exists with id=${twin.id}`);
}

function assign(world: World, workspace: Workspace, contact: Contact, body: Record<string, unknown>): void {
  const phone = text(body, 'phone');
  if (phone && !/^\+?[0-9][0-9 ().-]{4,}$/.test(phone)) throw invalid('Phone is invalid', 'phone');
  const email = text(body, 'email');
  if (email && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) throw invalid('Email is invalid', 'email');
  const attributes = customAttributes(workspace, body.custom_attributes);
  for (const field of ['external_id', 'email', 'phone', 'name', 'avatar', 'owner_id'] as const)
    if (field in body) contact[field] = text(body, field) ?? null;
  for (const field of ['signed_up_at', 'last_seen_at', 'unsubscribed_from_emails', 'language_override'])
    if (field in body) contact.fields[field] = body[field];
  Object.assign(contact.custom_attributes, attributes);
  contact.updatedAt = world.now();
}

function remove(world: World, { workspace, params }: ApiCall): unknown {
  const contact = alive(workspace, params.id);
  workspace.contacts.delete(contact.id);
  const gone = { type: 'contact', id: contact.id, external_id: contact.external_id, deleted: true };
  world.notify(workspace, 'contact.deleted', gone);
  world.changed();
  return gone;
}

function shelve(world: World, { workspace, params }: ApiCall, archived: boolean): unknown {
  const contact = workspace.contacts.get(params.id ?? '');
  if (contact?.mergedInto && !archived)
    throw new ApiError(400, 'bad_request', 'User has been merged and is not restorable');
  if (contact?.blocked && !archived)
    throw new ApiError(400, 'not_restorable', 'User has been blocked and is not restorable');
  const found = alive(workspace, params.id);
  found.archived = archived;
  world.notify(workspace, archived ? 'contact.archived' : 'contact.unarchive', contactJson(workspace, found));
  world.changed();
  return { type: 'contact', id: found.id, external_id: found.external_id, archived };
}

function merge(world: World, workspace: Workspace, body: Record<string, unknown>): unknown {
  const from = alive(workspace, requiredText(body, 'from'));
  const into = alive(workspace, requiredText(body, 'into'));
  if (from.role !== 'lead' || into.role !== 'user')
    throw new ApiError(400, 'invalid_merge', 'Contacts can only be merged from a lead into a user.');
  const twins = (from.email && from.email === into.email) || (from.phone && from.phone === into.phone);
  if (!twins && body.skip_duplicate_validation !== true)
    throw new ApiError(
      400,
      'invalid_merge',
      'Contacts can only be merged when they are duplicates (matching email or phone). Pass skip_duplicate_validation=true to override this check.',
    );
  mergeContacts(world, workspace, from, into);
  return contactJson(workspace, into);
}

/** The lead is gone, its conversations belong to the user; conversation ids stay. */
export function mergeContacts(world: World, workspace: Workspace, from: Contact, into: Contact): void {
  from.mergedInto = into.id;
  into.phone ??= from.phone;
  into.merges.push({
    source_contact_id: from.id,
    source_contact_role: from.role,
    merged_at: seconds(world.now()),
  });
  for (const conversation of workspace.conversations.values())
    conversation.contactIds = [
      ...new Set(conversation.contactIds.map((id) => (id === from.id ? into.id : id))),
    ];
  world.notify(workspace, 'contact.merged', {
    ...contactJson(workspace, into),
    merged_from: { type: 'contact', id: from.id },
  });
  world.changed();
}

const FIELD_TYPES: Record<string, FieldType> = {
  id: 'string',
  role: 'string',
  name: 'string',
  avatar: 'string',
  owner_id: 'string',
  email: 'string',
  email_domain: 'string',
  phone: 'string',
  formatted_phone: 'string',
  external_id: 'string',
  created_at: 'date',
  updated_at: 'date',
  signed_up_at: 'date',
  last_seen_at: 'date',
};
const ATTRIBUTE_TYPES: Record<string, FieldType> = {
  boolean: 'boolean',
  integer: 'integer',
  float: 'integer',
  date: 'date',
};

const kindFor = (workspace: Workspace): SearchKind => ({
  datesByDay: true,
  defaultPerPage: 50,
  typeOf: (field) => {
    if (!field.startsWith('custom_attributes.')) return FIELD_TYPES[field];
    const known = workspace.attributes.find((one) => `custom_attributes.${one.name}` === field);
    return known && (ATTRIBUTE_TYPES[known.data_type] ?? 'string');
  },
});

function searchFields(workspace: Workspace, contact: Contact): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...contactJson(workspace, contact), avatar: contact.avatar };
  for (const [name, value] of Object.entries(contact.custom_attributes))
    fields[`custom_attributes.${name}`] = value;
  return fields;
}

/** Merged and archived contacts never appear; new ones only once the index has caught up. */
const visible = (world: World, workspace: Workspace): Contact[] =>
  [...workspace.contacts.values()].filter(
    (one) =>
      !one.mergedInto && !one.archived && one.createdAt + world.timings.contactSearchLagMs <= world.now(),
  );

function search(world: World, workspace: Workspace, body: Record<string, unknown>): unknown {
  const test = compile(body.query, kindFor(workspace));
  const found = visible(world, workspace)
    .map((item) => ({ item, fields: searchFields(workspace, item) }))
    .filter(({ fields }) => test(fields));
  return listOf(workspace, found, body);
}

function listOf(
  workspace: Workspace,
  found: { item: Contact; fields: Record<string, unknown> }[],
  body: Record<string, unknown>,
): unknown {
  const page = paged(found, body, kindFor(workspace));
  const data = page.items.map((contact) => contactJson(workspace, contact));
  return { type: 'list', data, total_count: page.total, pages: page.pages };
}
const pagination = (query: URLSearchParams) => ({
  ...(query.has('per_page') ? { per_page: Number(query.get('per_page')) } : {}),
  ...(query.get('starting_after') ? { starting_after: query.get('starting_after') ?? '' } : {}),
});
