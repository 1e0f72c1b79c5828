/** Which message a row of the ledger is about: the one that was being handed to Octopods when the row was made. */
import type { InboxConversation, Phone } from '../page/api.ts';
import type { Excerpt } from './ledger.ts';
import type { Trail } from './trail.ts';

/** One thing that somebody said, with its id in the trail. */
export interface Said {
  id: string;
  text: string;
}
export type Route = Pick<Parameters<Excerpt>[0], 'app' | 'platform' | 'direction'>;

/** `said`: everything on this route and in this direction, oldest first. */
export function excerptsFrom(said: (route: Route) => Said[], trail: Trail): Excerpt {
  const known = new Map<string, string>();
  const used = new Set<string>();
  return (message) => {
    const before = known.get(message.id);
    if (before !== undefined) return before;
    const key = (one: Said) => `${message.platform} ${one.id}`;
    const found = said(message).find((one) => !used.has(key(one)) && trail.handedAt(one.id, message.at));
    if (!found) return undefined;
    used.add(key(found));
    known.set(message.id, found.text);
    return found.text;
  };
}

type Words = { text: string; files: { name: string; contentType: string }[] };
export const inBrief = ({ text, files }: Words): string =>
  text || files.map((file) => (file.contentType.startsWith('image/') ? 'Image' : file.name)).join(', ');

export const saidByCustomer = (phone: Phone, trailId: (messageId: string) => string): Said[] =>
  phone.messages
    .filter((message) => message.from === 'customer')
    .map((message) => ({ id: trailId(message.id), text: inBrief(message) }));

export const saidByAgents = (conversations: InboxConversation[], app: Phone['app']): Said[] =>
  conversations
    .filter((one) => one.app === app)
    .flatMap((one) => one.parts)
    .filter((part) => part.kind === 'message' && part.author.kind === 'teammate')
    .map((part) => ({ id: part.id, text: inBrief(part) }));
