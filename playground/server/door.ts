/** The one door of the playground: its page and its switches under /playground, and Octopods behind everything else. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PORTAL } from '../town/emulators.ts';
import { doAction } from './actions.ts';
import type { Assets } from './assets.ts';
import type { Broadcast } from './broadcast.ts';
import { Refused, readJson, sendJson, sendProblem } from './http.ts';
import { AGENT } from './hubspot-portal.ts';
import { proxyTo } from './proxy.ts';
import type { Town } from './town.ts';

export interface Doors {
  assets: Assets;
  broadcast: Broadcast;
  town: Town;
}

const HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export function openDoor(doors: Doors): RequestListener {
  const toProduct = proxyTo(doors.town.product.url);
  return (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/playground' || path.startsWith('/playground/'))
      return void own(doors, path, request, response).catch((error) => sendProblem(response, error));
    // Until a console stands at the root, a browser that comes there is looking for the playground.
    if (path === '/' && request.method === 'GET' && request.headers.accept?.includes('text/html'))
      return void response.writeHead(302, { location: '/playground' }).end();
    toProduct(request, response);
  };
}

async function own(
  doors: Doors,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A page elsewhere whose name resolves to this machine is not this page.
  if (!HOSTS.test(request.headers.host ?? ''))
    throw new Refused(403, 'The playground is for this machine only');
  if (request.method === 'GET' || request.method === 'HEAD') return look(doors, path, response);
  if (request.method !== 'POST') throw new Refused(405, `Nothing here answers ${request.method}`);
  if (path === '/playground/hubspot/fetch')
    return extensionFetch(doors.town, await readJson(request), response);
  if (!path.startsWith(API)) throw new Refused(404, 'There is nothing here');
  sendJson(response, 200, await doAction(doors.town, path.slice(API.length), await readJson(request)));
}

const API = '/playground/api/';
const ASSETS = '/playground/assets/';
const FILES = '/playground/files/';

async function look({ assets, broadcast, town }: Doors, path: string, response: ServerResponse) {
  if (path === '/playground' || path === '/playground/') return assets.page(response);
  if (path === `${API}state`) {
    await town.ledger.look();
    return sendJson(response, 200, town.snapshot());
  }
  if (path === `${API}events`) return broadcast.open(response);
  if (path.startsWith(ASSETS)) return assets.serve(path.slice(ASSETS.length), response);
  if (path.startsWith(FILES)) return town.shelf.serve(path, response);
  throw new Refused(404, 'There is nothing here');
}

/** HubSpot's proxy for extensions, as the signed-in agent: it names portal and user and signs. */
async function extensionFetch({ emulators }: Town, body: unknown, response: ServerResponse): Promise<void> {
  const asked = body as Parameters<typeof emulators.hubspot.extensionFetch>[1];
  const answer = await emulators.hubspot.extensionFetch(PORTAL, asked, AGENT);
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(answer.refused ? JSON.stringify({ message: answer.refused }) : answer.body);
}
