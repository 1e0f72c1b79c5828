/** `POST …/contacts/search`: filter groups joined by OR, filters inside by AND, with HubSpot's limits. */
import { type ApiCall, invalid } from './api.ts';
import { allProperties, contactJson } from './contact-properties.ts';
import type { World } from './world.ts';

type Properties = Record<string, string | null>;
interface Filter {
  propertyName: string;
  operator: string;
  value?: string;
  highValue?: string;
  values?: string[];
}

const OPERATORS: Record<string, (have: string | null, filter: Filter) => boolean> = {
  EQ: (have, { value }) => lower(have) === lower(value),
  NEQ: (have, { value }) => lower(have) !== lower(value),
  LT: (have, { value }) => have !== null && order(have, value) < 0,
  LTE: (have, { value }) => have !== null && order(have, value) <= 0,
  GT: (have, { value }) => have !== null && order(have, value) > 0,
  GTE: (have, { value }) => have !== null && order(have, value) >= 0,
  BETWEEN: (have, { value, highValue }) =>
    have !== null && order(have, value) >= 0 && order(have, highValue) <= 0,
  IN: (have, { values }) => values?.some((one) => lower(one) === lower(have)) ?? false,
  NOT_IN: (have, { values }) => !values?.some((one) => lower(one) === lower(have)),
  HAS_PROPERTY: (have) => have !== null && have !== '',
  NOT_HAS_PROPERTY: (have) => have === null || have === '',
  CONTAINS_TOKEN: (have, { value }) => token(value).test(have ?? ''),
  NOT_CONTAINS_TOKEN: (have, { value }) => !token(value).test(have ?? ''),
};
const lower = (value: string | null | undefined): string | undefined => value?.toLowerCase();
const order = (have: string, wanted: string | undefined): number => {
  const [a, b] = [comparable(have), comparable(wanted ?? '')];
  return a < b ? -1 : a > b ? 1 : 0;
};
const comparable = (value: string): number =>
  /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value);
/** Whole tokens, where `*` stands for anything. */
const token = (value: string | undefined): RegExp => {
  const pattern = (value ?? '').replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^\\s]*');
  return new RegExp(`(^|[\\s,;.+-])${pattern}($|[\\s,;.-])`, 'i');
};

export function searchContacts(world: World, { portal, body }: ApiCall): unknown {
  const groups = groupsOf(body);
  const limit = Number(body.limit ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw invalid('limit must be between 1 and 200');
  const after = Number(body.after || 0);
  if (!Number.isInteger(after) || after < 0 || after + limit > 10_000)
    throw invalid('Paging beyond 10000 results');
  const query = typeof body.query === 'string' ? body.query.toLowerCase() : '';
  if (query.length > 3_000) throw invalid('query is too long');
  const horizon = world.now() - world.timings.contactSearchLagMs;
  const found = [...portal.contacts.values()]
    .filter((contact) => !contact.archived && contact.updatedAt <= horizon)
    .map((contact) => ({ contact, properties: allProperties(contact) }))
    .filter(({ properties }) => fits(properties, groups) && mentions(properties, query));
  const sorted = found.toSorted(sorter(body.sorts));
  const page = sorted.slice(after, after + limit);
  const asked = Array.isArray(body.properties) ? body.properties.map(String) : [];
  return {
    total: sorted.length,
    results: page.map(({ contact }) => contactJson(contact, asked)),
    ...(after + limit < sorted.length ? { paging: { next: { after: String(after + limit) } } } : {}),
  };
}

function groupsOf(body: Record<string, unknown>): Filter[][] {
  const given = body.filterGroups ?? [];
  if (!Array.isArray(given) || given.length > 5) throw invalid('At most 5 filterGroups are allowed');
  const groups = given.map((group: { filters?: Filter[] }) => group.filters ?? []);
  if (groups.some((filters) => filters.length > 6)) throw invalid('At most 6 filters per group are allowed');
  if (groups.flat().length > 18) throw invalid('At most 18 filters are allowed');
  for (const filter of groups.flat()) {
    if (!filter.propertyName || !OPERATORS[filter.operator])
      throw invalid(`Invalid filter: ${JSON.stringify(filter)}`);
    const many = filter.operator === 'IN' || filter.operator === 'NOT_IN';
    const none = filter.operator.endsWith('HAS_PROPERTY');
    if (many ? !Array.isArray(filter.values) : !none && typeof filter.value !== 'string')
      throw invalid(`Filter on ${filter.propertyName} needs ${many ? 'values' : 'a value'}`);
  }
  return groups;
}

const fits = (properties: Properties, groups: Filter[][]): boolean =>
  groups.length === 0 ||
  groups.some((filters) =>
    filters.every((filter) => OPERATORS[filter.operator]?.(properties[filter.propertyName] ?? null, filter)),
  );
const mentions = (properties: Properties, query: string): boolean =>
  query === '' || Object.values(properties).some((value) => value?.toLowerCase().includes(query));

/** `["-lastmodifieddate"]` or `[{propertyName, direction}]`. */
function sorter(sorts: unknown): (a: { properties: Properties }, b: { properties: Properties }) => number {
  const first: unknown = Array.isArray(sorts) ? sorts[0] : undefined;
  const { name, down } = sortOf(first);
  return (a, b) => {
    const [x, y] = [a.properties[name] ?? '', b.properties[name] ?? ''];
    return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
  };
}
function sortOf(first: unknown): { name: string; down: boolean } {
  if (typeof first === 'string') return { name: first.replace(/^-/, ''), down: first.startsWith('-') };
  const { propertyName, direction } = (first ?? {}) as { propertyName?: string; direction?: string };
  return { name: propertyName ?? 'createdate', down: direction === 'DESCENDING' };
}
