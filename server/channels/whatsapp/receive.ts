import type { Connection, FindConnection, Io, Received, WebhookRequest } from '../../core/adapter.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import type { WhatsAppApp } from './graph.ts';
import { record } from './json.ts';
import { isSameText, isSignedByMeta } from './signature.ts';
import { type Route, readBatch } from './webhook.ts';

type WhatsAppConnection = Connection<WhatsAppCredentials>;

/** Verify tokens by channel id, of channels that are being connected right now: see `answerHandshake`. */
export type Connecting = Map<string, string>;

/** The secrets and the token that a webhook route goes by, and whose messages it may carry. */
interface Door {
  secrets: readonly string[];
  verifyToken: string | undefined;
  route: Route;
}

export async function receive(
  app: WhatsAppApp,
  connecting: Connecting,
  request: WebhookRequest,
  find: FindConnection,
  io: Io,
): Promise<Received> {
  const door = request.routeId
    ? await ownDoor(request.routeId, connecting, find)
    : { secrets: app.appSecrets, verifyToken: app.verifyToken, route: byNumber(find) };
  if (!door) return { reject: 404 };
  if (request.method === 'GET') return answerHandshake(door, request);
  if (!isSignedByMeta(door.secrets, request.body, request.headers['x-hub-signature-256']))
    return { reject: 401 };
  const body = parse(request.body);
  if (!body) return { reject: 400 };
  return { events: await readBatch(body, door.route, io) };
}

/**
 * `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`: the challenge goes back as plain text.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
 */
function answerHandshake(door: Door, request: WebhookRequest): Received {
  const query = new URL(request.url).searchParams;
  const token = query.get('hub.verify_token');
  const challenge = query.get('hub.challenge');
  if (query.get('hub.mode') !== 'subscribe' || token === null || challenge === null) return { reject: 400 };
  if (!door.verifyToken || !isSameText(token, door.verifyToken)) return { reject: 401 };
  return {
    events: [],
    reply: { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: challenge },
  };
}

const byNumber =
  (find: FindConnection): Route =>
  async (phoneNumberId) =>
    await find.byExternalId('whatsapp', phoneNumberId);

/**
 * The door of a channel with a Meta app of its own. Its owner knows the secret, so it opens only for that channel and
 * for others of the same workspace and the same app: nobody may write in the name of another workspace's customers.
 */
async function ownDoor(
  channelId: string,
  connecting: Connecting,
  find: FindConnection,
): Promise<Door | undefined> {
  const own = (await find.byId(channelId)) as WhatsAppConnection | undefined;
  const credentials = own?.type === 'whatsapp' ? own.credentials : undefined;
  if (!own || !credentials?.app_secret) {
    // Meta calls back while `connect` still waits for its answer, and the channel is stored only after that.
    const verifyToken = connecting.get(channelId);
    return verifyToken ? { secrets: [], verifyToken, route: async () => undefined } : undefined;
  }
  const route: Route = async (phoneNumberId) => {
    if (phoneNumberId === own.externalId) return own;
    const other = (await find.byExternalId('whatsapp', phoneNumberId)) as WhatsAppConnection | undefined;
    const isSibling =
      other?.workspaceId === own.workspaceId && other.credentials.app_secret === credentials.app_secret;
    return isSibling ? other : undefined;
  };
  return { secrets: [credentials.app_secret], verifyToken: credentials.verify_token, route };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(utf8.decode(body)));
  } catch {
    return undefined;
  }
}
