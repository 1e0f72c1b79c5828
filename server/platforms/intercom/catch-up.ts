/**
 * What lost webhooks would have said. Intercom tries a webhook twice within a minute and then never again, so this
 * runs after every outage and at intervals: find what changed, read it whole, take what agents wrote.
 */
import type { Io } from '../../core/adapter.ts';
import type { MessageEvent } from '../../core/message.ts';
import { type Api, type Failure, openApi, outcomeOf } from './api.ts';
import type { IntercomApp, IntercomConnection } from './app.ts';
import { isAgentMessage, readConversation } from './conversation.ts';
import { dayBefore } from './lookup.ts';
import { messageEvent } from './receive.ts';

const PER_PAGE = 150;
/** 6 000 conversations: more than a day of a large team. */
const MAX_PAGES = 40;

/** @throws Error when Intercom does not answer it all: the caller keeps `since` and asks again. */
export async function catchUp(
  app: IntercomApp,
  connection: IntercomConnection,
  since: number,
  io: Io,
): Promise<MessageEvent[]> {
  const api = openApi(app, connection, io);
  const events: MessageEvent[] = [];
  for (const id of await changedSince(api, since, io)) {
    const answer = await api.read((sdk) => sdk.conversations.find({ conversation_id: id }));
    if (!answer.ok && answer.status === 404) continue;
    if (!answer.ok) throw cause(answer, io);
    const parts = readConversation(answer.value)?.parts ?? [];
    const written = parts.filter((part) => part.createdAt >= wholeSecond(since));
    const missed = written.filter((part) => isAgentMessage(part, app.appPackageCode));
    events.push(...missed.map((part) => messageEvent(id, part, connectionOf(connection))));
  }
  return events;
}

async function changedSince(api: Api, since: number, io: Io): Promise<string[]> {
  const changed: string[] = [];
  let startingAfter: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const pagination = {
      per_page: PER_PAGE,
      ...(startingAfter === undefined ? {} : { starting_after: startingAfter }),
    };
    const answer = await api.read((sdk) =>
      sdk.conversations.search({
        query: { field: 'updated_at', operator: '>', value: dayBefore(since) },
        pagination,
      }),
    );
    if (!answer.ok) throw cause(answer, io);
    const found = (answer.value.data as unknown[]).map(readConversation).filter((one) => one !== undefined);
    changed.push(...found.filter((one) => one.updatedAt >= wholeSecond(since)).map((one) => one.id));
    startingAfter = answer.value.response?.pages?.next?.starting_after;
    if (!startingAfter || found.length === 0) return changed;
  }
  throw new Error('More conversations changed in Intercom than one catch-up reads');
}

const connectionOf = ({ workspaceId, id }: IntercomConnection) => ({ workspaceId, id });

/** Intercom's times are whole seconds. */
const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000;

const cause = (failure: Failure, io: Io): Error => {
  const outcome = outcomeOf(failure, 'read', io);
  return new Error(`Intercom could not be caught up with: ${outcome.why}`);
};
