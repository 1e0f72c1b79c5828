/** The query language of `/contacts/search` and `/conversations/search`, with its limits. */
import { ApiError, invalid } from './api.ts';

export interface SearchKind {
  /** Undefined: no such field, the search fails. */
  typeOf(field: string): FieldType | undefined;
  /** Contacts are matched by whole days; conversations to the second. */
  datesByDay: boolean;
  defaultPerPage: number;
}
export type FieldType = 'string' | 'integer' | 'boolean' | 'date';
type Fields = Record<string, unknown>;

const OPERATORS: Record<FieldType, string[]> = {
  string: ['=', '!=', 'IN', 'NIN', '~', '!~', '^', '$'],
  integer: ['=', '!=', 'IN', 'NIN', '>', '<', '>=', '<='],
  boolean: ['=', '!='],
  date: ['=', '!=', 'IN', 'NIN', '>', '<', '>=', '<='],
};

/** Compiles the query to a predicate, or refuses it. Depth: a group may hold groups, those hold filters only. */
export function compile(query: unknown, kind: SearchKind, depth = 0): (fields: Fields) => boolean {
  if (typeof query !== 'object' || query === null) throw invalid('query is required', 'query');
  const { operator, value, field } = query as Record<string, unknown>;
  if (operator === 'AND' || operator === 'OR') {
    if (depth > 1) throw invalid('Maximum nesting level of filters exceeded', 'query');
    if (!Array.isArray(value) || value.length === 0)
      throw invalid('value must be a list of filters', 'query');
    if (value.length > 15) throw invalid('Maximum of 15 filters per group exceeded', 'query');
    const inner = value.map((one) => compile(one, kind, depth + 1));
    return (fields) =>
      operator === 'AND' ? inner.every((test) => test(fields)) : inner.some((test) => test(fields));
  }
  return filter(String(field ?? ''), String(operator ?? ''), value, kind);
}

function filter(
  field: string,
  operator: string,
  value: unknown,
  kind: SearchKind,
): (fields: Fields) => boolean {
  const type = kind.typeOf(field);
  if (!type) throw invalid(`Field '${field}' is not searchable`, field);
  const allowed = type === 'date' && kind.datesByDay ? ['=', '>', '<'] : OPERATORS[type];
  if (!allowed.includes(operator))
    throw invalid(`Operator '${operator}' is not supported on ${field}`, field);
  if (operator === 'IN' || operator === 'NIN') {
    if (!Array.isArray(value)) throw invalid(`${operator} needs a list of values`, field);
    for (const one of value) checkType(field, type, one);
    return (fields) => value.some((one) => equal(fields[field], one)) === (operator === 'IN');
  }
  checkType(field, type, value);
  if (type === 'date' && kind.datesByDay) return byDay(field, operator, Number(value));
  return (fields) => matches(fields[field], operator, value);
}

function checkType(field: string, type: FieldType, value: unknown): void {
  if (value === null) return;
  const fits =
    type === 'string'
      ? typeof value === 'string'
      : type === 'boolean'
        ? typeof value === 'boolean'
        : typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  if (!fits) throw invalid(`The value of ${field} must be of type ${type}`, field);
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const equal = (have: unknown, wanted: unknown): boolean =>
  list(have).some((one) =>
    wanted === null ? one === null || one === undefined : String(one ?? '') === String(wanted),
  );

function matches(have: unknown, operator: string, wanted: unknown): boolean {
  const texts = list(have).map((one) => String(one ?? '').toLowerCase());
  const word = String(wanted).toLowerCase();
  switch (operator) {
    case '=':
      return equal(have, wanted);
    case '!=':
      return !equal(have, wanted);
    case '~':
      return texts.some((one) => one.includes(word));
    case '!~':
      return !texts.some((one) => one.includes(word));
    case '^':
      return texts.some((one) => one.startsWith(word));
    case '$':
      return texts.some((one) => one.endsWith(word));
    default:
      return typeof have === 'number' && compare(have, operator, Number(wanted));
  }
}
const compare = (have: number, operator: string, wanted: number): boolean =>
  (operator === '>' && have > wanted) ||
  (operator === '<' && have < wanted) ||
  (operator === '>=' && have >= wanted) ||
  (operator === '<=' && have <= wanted);

/** `>` means from the next day on, `<` before that day began (workspaces here are in UTC). */
function byDay(field: string, operator: string, value: number): (fields: Fields) => boolean {
  const wanted = Math.floor(value / 86_400);
  return (fields) => {
    const have = fields[field];
    if (typeof have !== 'number') return false;
    const day = Math.floor(have / 86_400);
    return operator === '=' ? day === wanted : compare(day, operator, wanted);
  };
}

export interface Page<Item> {
  items: Item[];
  total: number;
  pages: Record<string, unknown>;
}

/** Sorts and cuts one page. `starting_after` is opaque to clients. */
export function paged<Item>(
  found: { item: Item; fields: Fields }[],
  body: Record<string, unknown>,
  kind: SearchKind,
): Page<Item> {
  const { field, order } = (body.sort ?? {}) as { field?: string; order?: string };
  if (order !== undefined && order !== 'ascending' && order !== 'descending')
    throw new ApiError(
      400,
      'invalid_sort_order',
      `Invalid sort order '${order}'. Must be one of: ascending, descending`,
    );
  const by = field ?? 'created_at';
  const sign = order === 'ascending' ? 1 : -1;
  const sorted = [...found].sort((a, b) => sign * (Number(a.fields[by] ?? 0) - Number(b.fields[by] ?? 0)));
  const { per_page, starting_after } = (body.pagination ?? {}) as {
    per_page?: number;
    starting_after?: string;
  };
  const perPage = Math.min(Math.max(1, per_page ?? kind.defaultPerPage), 150);
  const start = starting_after ? Number(Buffer.from(starting_after, 'base64url').toString()) : 0;
  if (!Number.isInteger(start) || start < 0)
    throw invalid('starting_after is not a cursor', 'starting_after');
  const end = start + perPage;
  const next = { per_page: perPage, starting_after: Buffer.from(String(end)).toString('base64url') };
  return {
    items: sorted.slice(start, end).map((one) => one.item),
    total: sorted.length,
    pages: {
      type: 'pages',
      page: Math.floor(start / perPage) + 1,
      ...(end < sorted.length ? { next } : {}),
      per_page: perPage,
      total_pages: Math.ceil(sorted.length / perPage),
    },
  };
}
