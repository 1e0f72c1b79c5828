/**
 * A stranger at every door: each route that the application serves is asked for with somebody else's ids in its path,
 * its query and its body, by whoever would sign it. What comes back, and what has changed, is reported in sentences.
 */
import { signedHeaders } from '../../playground/platforms/hubspot/signature.ts';
import { bodySignature, hubSignature } from '../../playground/platforms/intercom/webhooks.ts';
import { formToken } from './forms.ts';
import { type FoundRoute, routesOf } from './routes.ts';
import { type AllRows, linesOf } from './rows.ts';
import { type Account, EVES, type Noun } from './two-accounts.ts';
import type { Visitor } from './visitor.ts';
import type { WholeHouse } from './whole-house.ts';

export interface Stranger {
  house: WholeHouse;
  who: Visitor;
  /** Whose ids are asked for. */
  of: Account;
  rows: AllRows;
  /** Words that only the other account's data holds. */
  marks: string[];
  /** The statuses by which an id is told to be none: 404, or for colleagues also 403. */
  refusals: number[];
}
interface Asked {
  path: string;
  init: RequestInit;
}

/** Path parts that name something, by the part before them: `activity` shows messages. */
const NOUNS: Record<string, Noun> = { activity: 'messages' };
const nounOf = (before: string): string => NOUNS[before] ?? before;

/** The ids in fields, as forms and queries of the console and the API name them. */
const fieldsOf = ({ ids, account }: Account): Record<string, string> => ({
  workspace: ids.workspaces,
  channel: ids.channels,
  channel_id: ids.channels,
  message: ids.messages,
  person: ids.members,
  invitation: 'some-secret',
  account,
  merge: account,
  q: ids.messages,
  role: 'admin',
  name: 'Taken over',
});

/** Undefined: a part of the path names something that nobody has told us how to ask for. */
export function pathOf({ path }: FoundRoute, ids: Record<Noun, string>): string | undefined {
  const known: Record<string, string> = {
    ':type': 'telegram',
    ':secret': 'some-secret',
    ':provider': 'google',
  };
  const parts = path.split('/');
  const filled = parts.map((part, at) => {
    if (part === ':id') return ids[nounOf(parts[at - 1] ?? '') as Noun];
    return part.startsWith(':') ? known[part] : part;
  });
  return filled.includes(undefined) ? undefined : filled.join('/');
}

/** How a platform's or provider's own server would ask, with the stranger's account vouched for. */
export function signedDoors({ house, of }: Stranger): Record<string, Asked & { refused?: number[] }> {
  const { intercom, hubspot } = house.emulators;
  const canvas = (more: object): RequestInit => {
    const body = JSON.stringify({
      workspace_id: EVES.workspace,
      conversation: { id: of.conversation.thread },
      contact: { id: of.conversation.contact },
      ...more,
    });
    const signature = bodySignature(intercom.world.app.clientSecret, body);
    return { method: 'POST', headers: { 'x-body-signature': signature }, body };
  };
  const extension = (method: string, path: string, body = ''): Asked => {
    const url = `${house.url}${path}`;
    const headers = signedHeaders(hubspot.world.app.clientSecret, {
      method,
      url,
      body,
      timestamp: Date.now(),
    });
    return { path, init: { method, headers, ...(body ? { body } : {}) } };
  };
  const query = `portalId=${EVES.portal}&userId=99&objectId=${of.conversation.contact}`;
  const notice = JSON.stringify({
    app_id: EVES.workspace,
    topic: 'conversation.admin.replied',
    data: {
      item: {
        type: 'conversation',
        id: of.conversation.thread,
        conversation_parts: { conversation_parts: [] },
      },
    },
  });
  const [telegram] = of.channels;
  const bytes = JSON.stringify({ update_id: 1, message: { message_id: 1, text: 'forged' } });
  return {
    'POST /intercom/canvas/initialize': { path: '/intercom/canvas/initialize', init: canvas({}) },
    'POST /intercom/canvas/submit': {
      path: '/intercom/canvas/submit',
      init: canvas({ component_id: `resend:${of.ids.messages}` }),
    },
    'POST /intercom/health': { path: '/intercom/health', init: canvas({}) },
    'POST /intercom/uninstall': {
      path: '/intercom/uninstall',
      init: { method: 'POST', body: JSON.stringify({ app_id: EVES.workspace }) },
    },
    'POST /intercom/webhooks': {
      path: '/intercom/webhooks',
      init: {
        method: 'POST',
        headers: { 'x-hub-signature': hubSignature(intercom.world.app.clientSecret, notice) },
        body: notice,
      },
    },
    'POST /hubspot/webhooks': extension(
      'POST',
      '/hubspot/webhooks',
      JSON.stringify([
        {
          subscriptionType: 'contact.privacyDeletion',
          portalId: EVES.portal,
          objectId: of.conversation.contact,
        },
      ]),
    ),
    'GET /hubspot/extension/card': extension('GET', `/hubspot/extension/card?${query}`),
    'POST /hubspot/extension/resend': {
      ...extension(
        'POST',
        `/hubspot/extension/resend?${query}`,
        JSON.stringify({ messageId: of.ids.messages }),
      ),
      refused: [404],
    },
    'POST /hubspot/channels/webhook/:secret': {
      path: `/hubspot/channels/webhook/${house.hubspotSecret}`,
      init: { method: 'POST', body: '{}' },
      refused: [401],
    },
    'POST /webhooks/:provider/:channelId': {
      path: `/webhooks/telegram/${telegram?.id}`,
      init: {
        method: 'POST',
        headers: { 'x-telegram-bot-api-secret-token': 'the stranger’s own'.slice(0, 3) },
        body: bytes,
      },
      refused: [401],
    },
    'GET /webhooks/:provider/:channelId': {
      path: `/webhooks/telegram/${telegram?.id}`,
      init: { method: 'GET' },
      refused: [400, 401, 404, 405],
    },
    'POST /webhooks/:provider': {
      path: '/webhooks/telegram',
      init: { method: 'POST', body: bytes },
      refused: [401, 404],
    },
    'GET /webhooks/:provider': {
      path: '/webhooks/telegram',
      init: { method: 'GET' },
      refused: [400, 401, 404, 405],
    },
    'GET /media/:token': {
      path: `/media/${of.mediaToken.replace(/^[^.]+/, 'wsp_of_somebody_else')}`,
      init: { method: 'GET' },
      refused: [404],
    },
  };
}

/** With the browser's own session, its form's token, and the other account's ids wherever an id could be. */
async function asBrowser(stranger: Stranger, { method, path }: FoundRoute, at: string): Promise<Asked> {
  const { house, who, of } = stranger;
  const fields = fieldsOf(of);
  const api = path.startsWith('/api/');
  if (method === 'GET' || method === 'HEAD')
    return {
      path: `${at}?${new URLSearchParams(fields)}`,
      init: { method, headers: { accept: api ? 'application/json' : 'text/html' } },
    };
  const headers = { origin: house.url, accept: api ? 'application/json' : 'text/html' };
  if (api)
    return {
      path: at,
      init: {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(apiBody(method, path)),
      },
    };
  const form = new URLSearchParams({ ...fields, form_token: await formToken(who) });
  return {
    path: at,
    init: {
      method,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    },
  };
}

/** Bodies that the operation would take. */
function apiBody(method: string, path: string): object {
  if (path.endsWith('/channels')) return { type: 'telegram', credentials: { bot_token: EVES.bot } };
  if (path.endsWith('/tokens')) return { name: 'of a stranger' };
  return method === 'PATCH' ? { name: 'Taken over' } : {};
}

/** Asks at every door; each sentence is a door that answered a stranger. */
export async function whatAStrangerGets(
  stranger: Stranger,
  routers: Parameters<typeof routesOf>[0],
): Promise<string[]> {
  const doors = signedDoors(stranger);
  const found: string[] = [];
  for (const route of routesOf(routers)) found.push(...(await tryDoor(stranger, route, doors)));
  return found;
}

async function tryDoor(
  stranger: Stranger,
  route: FoundRoute,
  doors: ReturnType<typeof signedDoors>,
): Promise<string[]> {
  const name = `${route.method} ${route.path}`;
  const signed = doors[name];
  const at = signed ? signed.path : pathOf(route, stranger.of.ids);
  if (at === undefined) return [`${name}: nobody has said how a stranger would ask here`];
  const asked = signed ?? (await asBrowser(stranger, route, at));
  const before = stranger.rows.read();
  const cookies = new Map(stranger.who.cookies);
  const response = await stranger.who.go(asked.path, asked.init);
  const text = await response.text();
  const after = stranger.rows.read();
  stranger.rows.restore(before);
  stranger.who.cookies = cookies;
  const refused = signed ? signed.refused : route.path.includes('/:id') ? stranger.refusals : undefined;
  return [
    ...(refused && !refused.includes(response.status) ? [`${name}: answered ${response.status}`] : []),
    ...stranger.marks.filter((mark) => text.includes(mark)).map((mark) => `${name}: shows ${mark}`),
    ...changes(stranger, { before: linesOf(before), after: linesOf(after) }, refused !== undefined).map(
      (change) => `${name}: ${change}`,
    ),
  ];
}

/** Where an id of others is refused, nothing at all may change; elsewhere nothing that is theirs. */
function changes(
  { of }: Stranger,
  { before, after }: { before: string[]; after: string[] },
  nothingAtAll: boolean,
): string[] {
  const ids = [of.account, ...Object.values(of.ids), ...of.channels.map((one) => one.workspaceId)];
  const isTheirs = (line: string) => nothingAtAll || ids.some((id) => line.includes(id));
  const known = new Set(before);
  const left = new Set(after);
  return [
    ...before
      .filter((line) => isTheirs(line) && !left.has(line))
      .map((line) => `took away ${line.slice(0, 120)}`),
    ...after
      .filter((line) => isTheirs(line) && !known.has(line))
      .map((line) => `added ${line.slice(0, 120)}`),
  ];
}
