/**
 * What lost webhooks would have said: agents' messages in the threads that moved since a time. HubSpot does not say
 * whether it posts a custom channel's event again after a failure, so this is asked after each outage and at intervals.
 */
import type { Event } from '../../core/message.ts';
import { WireError } from '../../core/outcome.ts';
import { agentEvent, isFromAgent } from './agent-message.ts';
import { MEDIA } from './custom-channels.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { HubspotOptions, Portal } from './portal.ts';
import { type HubspotMessage, messageShape, pageOf, type Thread, threadShape } from './shapes.ts';

/**
 * Threads that a run has read before HubSpot's rate limit ended it, by connection: the next run goes on behind them, so
 * that a long outage of a busy account is worked off in steps. Forgotten as soon as one run comes through.
 */
export type ReadThreads = Map<string, Map<string, Event[]>>;

/**
 * Since a time in ms. All or nothing: throws `WireError` when HubSpot refuses a page, because what is answered here
 * counts as everything there was.
 */
export async function catchUp(
  options: HubspotOptions,
  portal: Portal,
  since: number,
  unfinished: ReadThreads,
): Promise<Event[]> {
  const { id } = portal.connection;
  const read = unfinished.get(id) ?? new Map<string, Event[]>();
  unfinished.set(id, read);
  const ours = await ourChannels(options);
  const threads = await movedThreads(portal, since, ours);
  for (const thread of threads) {
    const key = `${thread.id}:${thread.latestMessageTimestamp ?? ''}`;
    if (!read.has(key)) read.set(key, await agentEvents(options, portal, thread, since, ours));
  }
  unfinished.delete(id);
  return [...read.values()].flat();
}

async function agentEvents(
  options: HubspotOptions,
  portal: Portal,
  thread: Thread,
  since: number,
  ours: Set<string>,
): Promise<Event[]> {
  const { workspaceId, id } = portal.connection;
  const now = portal.io.clock.now();
  return (await messagesSince(portal, thread.id, since))
    .filter((message) => ours.has(message.channelId ?? '') && isFromAgent(message, options.appId))
    .map((message) => agentEvent(message, { workspaceId, id }, now));
}

async function ourChannels(options: HubspotOptions): Promise<Set<string>> {
  const ids = await Promise.all(MEDIA.map((medium) => options.customChannels.get(medium)));
  return new Set(ids.filter((id) => id !== undefined));
}

async function movedThreads(portal: Portal, since: number, ours: Set<string>): Promise<Thread[]> {
  if (ours.size === 0) return [];
  const query = {
    latestMessageTimestampAfter: new Date(since).toISOString(),
    sort: 'latestMessageTimestamp',
  };
  const threads = await pages(portal, paths.threads, query, threadShape);
  return threads.filter((thread) => ours.has(thread.originalChannelId ?? ''));
}

/** Newest first is asked for, so that a long thread costs one page; where HubSpot answers oldest first, all are read. */
async function messagesSince(portal: Portal, thread: string, since: number): Promise<HubspotMessage[]> {
  const time = (message: HubspotMessage | undefined): number => Date.parse(message?.createdAt ?? '');
  const goesOn = (page: HubspotMessage[]): boolean =>
    time(page.at(-1)) >= since || time(page[0]) < time(page.at(-1));
  const all = await pages(portal, paths.threadMessages(thread), { sort: '-createdAt' }, messageShape, goesOn);
  return all.filter((message) => time(message) >= since).sort((left, right) => time(left) - time(right));
}

async function pages<Entry>(
  portal: Portal,
  path: string,
  query: Record<string, string>,
  shape: Parameters<typeof pageOf<Entry>>[1],
  goesOn: (page: Entry[]) => boolean = () => true,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after: string | undefined;
  do {
    const paged = { ...query, limit: '100', ...(after ? { after } : {}) };
    const response = await portal.call({ method: 'GET', path, query: paged });
    if (!succeeded(response))
      throw new WireError(portal.repeatableRefusal(response, 'catching up').why, true);
    const page = pageOf(response.json, shape);
    entries.push(...page.results);
    after = goesOn(page.results) ? page.after : undefined;
  } while (after !== undefined);
  return entries;
}
