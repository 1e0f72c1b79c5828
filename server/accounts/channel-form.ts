/** What was filled in for a channel: checked against its adapter's schema, with the wrong field named. */
import type { AnyAdapter } from '../core/adapter.ts';
import type { Channel } from '../store/connections/connections.ts';

/** Why a channel was not made or changed. `invalid` names the field as the API's caller knows it. */
export type ChannelRefusal =
  | { refused: 'invalid'; field: string; why: string }
  /** The bot, number or page is a channel already, here or in another account. */
  | { refused: 'taken' }
  /** The other side could not be reached: nothing is known to be wrong with what was asked. */
  | { refused: 'unreachable'; why: string }
  | { refused: 'archived' };

export const isRefusal = (answer: Channel | ChannelRefusal): answer is ChannelRefusal => 'refused' in answer;

export function validated(adapter: AnyAdapter, credentials: unknown): { value: unknown } | ChannelRefusal {
  const checked = adapter.credentials.safeParse(credentials);
  if (checked.success) return { value: checked.data };
  const issue = checked.error.issues[0];
  const path = [...(issue?.path ?? []), ...unknownKey(issue)].join('.');
  return invalid(path === '' ? 'credentials' : inCredentials(path), issue?.message ?? 'is not valid');
}
const unknownKey = (issue: object | undefined): string[] =>
  issue && 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.slice(0, 1).map(String) : [];

export const invalid = (field: string, why: string): ChannelRefusal & { refused: 'invalid' } => ({
  refused: 'invalid',
  field,
  why,
});
/** An adapter names its own fields; the API's caller has them under `credentials`. */
export const inCredentials = (field: string): string =>
  /^(credentials|settings|type|webhook_url)\b/.test(field) ? field : `credentials.${field}`;
export const unknownType = (channelAdapters: ReadonlyMap<string, AnyAdapter>): ChannelRefusal =>
  invalid('type', `Not a channel type here. There are: ${[...channelAdapters.keys()].join(', ')}.`);
