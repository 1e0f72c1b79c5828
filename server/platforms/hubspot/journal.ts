/**
 * The webhooks journal: HubSpot tells nobody that an app was uninstalled, it has to be asked, with a token of the app
 * itself. https://developers.hubspot.com/docs/api-reference/webhooks-journal-2026-03/guide
 */
import { z } from 'zod';
import type { HttpResponse, Io, Uninstalls } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { HubspotOptions } from './portal.ts';
import { type Api, type ApiCall, hubspotApi } from './transport.ts';

const SCOPES = [
  'developer.webhooks_journal.read',
  'developer.webhooks_journal.subscriptions.read',
  'developer.webhooks_journal.subscriptions.write',
];
/** The event type of an uninstall, as HubSpot's developer community names it. */
const APP_UNINSTALLED = '4-1916193';
/** Entries are read one by one; what is left waits for the next round. */
const MAX_ENTRIES = 100;

const tokenShape = z.object({ access_token: z.string().min(1), expires_in: z.number() });
const pointerShape = z.object({ url: z.string().min(1), currentOffset: z.string().min(1) });
const subscriptionsShape = z.object({
  results: z.array(z.object({ eventTypeId: z.string().nullish() })).nullish(),
});
const entryShape = z.object({
  journalEvents: z
    .array(z.object({ action: z.string().nullish(), portalId: z.union([z.string(), z.number()]).nullish() }))
    .nullish(),
});

/** Keeps the app's token while it is good. One for each process. */
export interface JournalMemory {
  token?: { value: string; until: number };
  subscribed?: boolean;
}

export async function uninstalls(
  options: HubspotOptions,
  memory: JournalMemory,
  cursor: string | undefined,
  io: Io,
): Promise<Uninstalls | undefined> {
  const api = hubspotApi(options.apiUrl, io);
  const accessToken = await appToken(options, api, memory, io);
  if (!accessToken) return undefined;
  const call = (request: ApiCall) => api(request, { accessToken });
  if (!memory.subscribed) memory.subscribed = await subscribe(call);
  return memory.subscribed ? await read(call, cursor, io) : undefined;
}

async function appToken(
  { clientId, clientSecrets }: HubspotOptions,
  api: Api,
  memory: JournalMemory,
  io: Io,
): Promise<string | undefined> {
  const now = io.clock.now();
  if (memory.token && memory.token.until > now) return memory.token.value;
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecrets[0] ?? '',
    scope: SCOPES.join(' '),
  };
  const response = await api({ method: 'POST', path: paths.token, form });
  const token = tokenShape.safeParse(response.json);
  if (!succeeded(response) || !token.success) return undefined;
  memory.token = { value: token.data.access_token, until: now + (token.data.expires_in - 60) * 1_000 };
  return token.data.access_token;
}

type Call = (request: ApiCall) => Promise<HttpResponse>;

async function subscribe(call: Call): Promise<boolean> {
  const known = await call({ method: 'GET', path: paths.journalSubscriptions });
  const list = subscriptionsShape.safeParse(known.json);
  if (succeeded(known) && list.data?.results?.some((one) => one.eventTypeId === APP_UNINSTALLED)) return true;
  const json = { subscriptionType: 'APP_LIFECYCLE_EVENT', eventTypeId: APP_UNINSTALLED, properties: [] };
  return succeeded(await call({ method: 'POST', path: paths.journalSubscriptions, json }));
}

/** Three days are kept: an offset that HubSpot no longer knows means to begin again at the earliest. */
async function read(call: Call, from: string | undefined, io: Io): Promise<Uninstalls> {
  const externalIds: string[] = [];
  let cursor = from;
  for (let entries = 0; entries < MAX_ENTRIES; entries += 1) {
    const path = cursor === undefined ? paths.journalEarliest : paths.journalNext(cursor);
    const response = await call({ method: 'GET', path });
    if (response.status === 404 && cursor !== undefined) {
      cursor = undefined;
      continue;
    }
    const pointer = pointerShape.safeParse(response.json);
    if (response.status === 204 || !succeeded(response) || !pointer.success) break;
    externalIds.push(...(await entry(pointer.data.url, io)));
    cursor = pointer.data.currentOffset;
  }
  return { externalIds, cursor };
}

async function entry(url: string, io: Io): Promise<string[]> {
  const response = await io.http({ method: 'GET', url });
  if (response.status >= 400) throw new WireError(`the journal’s entry answered ${response.status}`, true);
  const { journalEvents } = entryShape.safeParse(response.json).data ?? {};
  return (journalEvents ?? []).flatMap(({ action, portalId }) =>
    action === 'APP_UNINSTALL' && portalId ? [String(portalId)] : [],
  );
}
