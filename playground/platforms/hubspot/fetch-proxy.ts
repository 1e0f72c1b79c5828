/** `hubspot.fetch`: the proxy between an extension and the app's backend. It names the user and signs. */
import type { Express } from 'express';
import { jsonBody } from '../../kit.ts';
import { signedHeaders } from './signature.ts';
import type { Portal, PortalUser, World } from './world.ts';

export interface ExtensionRequest {
  url: string;
  method?: string;
  body?: unknown;
  /** Milliseconds, at most 15 000. */
  timeout?: number;
  headers?: Record<string, string>;
}
/** The backend's own status and body; `refused`: the proxy did not let it through, and why. */
export interface ExtensionAnswer {
  status: number;
  body: string;
  refused?: string;
}
const LIMIT = 1_048_576;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const CONCURRENT = 20;

export type ExtensionFetch = (
  portal: Portal,
  user: PortalUser,
  request: ExtensionRequest,
) => Promise<ExtensionAnswer>;

export function extensionFetch(world: World): ExtensionFetch {
  const underWay = new Map<number, number>();
  return async (portal, user, request) => {
    const why = refusal(world, request);
    if (why) return { status: 400, body: '', refused: why };
    const busy = underWay.get(portal.id) ?? 0;
    if (busy >= CONCURRENT) return { status: 429, body: '', refused: 'more than 20 requests at a time' };
    underWay.set(portal.id, busy + 1);
    try {
      const first = await forward(world, portal, user, request);
      // One more try on a failed connection or a 5xx: backends have to be idempotent.
      return first.status >= 500 ? await forward(world, portal, user, request) : first;
    } finally {
      underWay.set(portal.id, (underWay.get(portal.id) ?? 1) - 1);
    }
  };
}

/** HubSpot also refuses http and localhost; here the backend is on this very machine. */
function refusal(world: World, request: ExtensionRequest): string | undefined {
  if (!URL.canParse(request.url)) return 'url is not a URL';
  if (!METHODS.includes(request.method ?? 'GET')) return `method ${request.method} is not allowed`;
  if (!world.app.permittedFetchUrls.some((prefix) => within(request.url, prefix)))
    return `${request.url} is not among permittedUrls.fetch`;
  const strange = Object.keys(request.headers ?? {}).find((name) => name.toLowerCase() !== 'authorization');
  if (strange) return `header ${strange} cannot be set`;
  if ((request.timeout ?? 0) > world.timings.fetchTimeoutMs) return 'timeout is longer than 15 s';
  if (request.body !== undefined && (typeof request.body !== 'object' || request.body === null))
    return 'body must be an object';
  if (Buffer.byteLength(JSON.stringify(request.body ?? '')) > LIMIT) return 'the request is larger than 1 MB';
  return undefined;
}
/** Same origin, and the path begins with the permitted one. */
function within(url: string, prefix: string): boolean {
  if (!URL.canParse(prefix)) return false;
  const [asked, permitted] = [new URL(url), new URL(prefix)];
  return asked.origin === permitted.origin && asked.pathname.startsWith(permitted.pathname);
}

async function forward(
  world: World,
  portal: Portal,
  user: PortalUser,
  request: ExtensionRequest,
): Promise<ExtensionAnswer> {
  const target = new URL(request.url);
  const identity = { userId: user.id, portalId: portal.id, userEmail: user.email, appId: world.app.appId };
  for (const [name, value] of Object.entries(identity)) target.searchParams.set(name, String(value));
  const method = request.method ?? 'GET';
  const url = target.toString();
  const body = request.body === undefined || method === 'GET' ? '' : JSON.stringify(request.body);
  const signed = signedHeaders(world.app.clientSecret, { method, url, body, timestamp: world.now() });
  try {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...request.headers, ...signed },
      ...(body ? { body } : {}),
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeout ?? world.timings.fetchTimeoutMs),
    });
    const text = await response.text();
    if (Buffer.byteLength(text) > LIMIT)
      return { status: 502, body: '', refused: 'the answer is larger than 1 MB' };
    return { status: response.status, body: text };
  } catch {
    return { status: 504, body: '', refused: 'no answer from the backend' };
  }
}

/** The same over HTTP, for a page in a browser: `{portalId, userId, url, method, body, timeout}`. */
export function proxyRoute(world: World, app: Express, send: ExtensionFetch): void {
  app.use('/hubspot-fetch', (request, response, next) => {
    response.locals.ownPage = true;
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
    response.setHeader('Access-Control-Allow-Headers', 'content-type');
    next();
  });
  app.options('/hubspot-fetch', (_request, response) => void response.status(204).end());
  app.post('/hubspot-fetch', async (request, response) => {
    const body = (jsonBody(request) ?? {}) as unknown as ExtensionRequest & {
      portalId: number;
      userId: number;
    };
    const portal = world.portals.get(Number(body.portalId));
    const user = portal?.users.find((one) => one.id === Number(body.userId));
    if (!portal || !user) {
      response.status(403).json({ message: 'nobody is signed in' });
      return;
    }
    const { portalId: _portal, userId: _user, ...asked } = body;
    const answer = await send(portal, user, asked);
    response.status(answer.status).type('json');
    response.send(answer.refused ? JSON.stringify({ message: answer.refused }) : answer.body);
  });
}
