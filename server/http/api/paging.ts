/** Lists are paged by a cursor: `after` is what the page before called `next`. */
import { invalidField } from '../problem.ts';

export interface Page<Row> {
  data: Row[];
  /** Null on the last page. */
  next: string | null;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** The query parameters that every list has, for the OpenAPI document. */
export const PAGING = {
  after: { description: 'The `next` of the page before.', schema: { type: 'string' } },
  limit: {
    description: 'How many at most.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  },
};

export function limitOf(query: Record<string, string>): number {
  const limit = Number(query.limit ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw invalidField('limit', `The limit is a whole number from 1 to ${MAX_LIMIT}.`);
  return limit;
}

/** A page of rows that are all at hand (an account's workspaces, a workspace's channels: dozens). */
export function pageOf<Row extends { id: string }>(rows: Row[], query: Record<string, string>): Page<Row> {
  const limit = limitOf(query);
  const before = query.after === undefined ? -1 : rows.findIndex((row) => row.id === query.after);
  if (query.after !== undefined && before < 0)
    throw invalidField('after', 'This cursor belongs to another list.', 'Start again without `after`.');
  const data = rows.slice(before + 1, before + 1 + limit);
  const last = data.at(-1);
  return { data, next: last && before + 1 + limit < rows.length ? last.id : null };
}
