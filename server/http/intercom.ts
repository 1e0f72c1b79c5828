/**
 * What Intercom calls besides webhooks: the inbox card, the health check and the uninstall notice. A card is always
 * answered with 200 and a canvas: Intercom shows nothing useful for anything else.
 */
import express, { type Request, type Response, Router } from 'express';
import { type CanvasAnswer, draw, type Reader, readClick, type Screen } from '../../intercom-canvas/index.ts';
import type { CardView } from '../../intercom-canvas/view.ts';
import type { Io } from '../core/adapter.ts';
import { ERASED } from '../core/outcome.ts';
import type { Workspace } from '../store/connections/connections.ts';
import { forLog } from '../store/database/refusals.ts';
import type { ResendResult } from '../store/ledger/resend.ts';
import { type CardDeps, conversationCard, notBridged, notConnected } from './card-view.ts';
import { wrongMethod } from './problem.ts';

export interface IntercomRouterDeps extends CardDeps {
  /** Whether Intercom signed these bytes, by its header `X-Body-Signature`. */
  isSigned(body: Uint8Array, header: string | undefined): boolean;
  io: Io;
}

/** A canvas request carries a conversation and a contact model. */
const LIMIT = '1mb';

type Body = Record<string, unknown>;

export function createIntercomRouter(deps: IntercomRouterDeps): Router {
  const router = Router();
  router.use(express.raw({ type: () => true, limit: LIMIT }));
  const post = (path: string, signed: boolean, act: (body: Body, response: Response) => Promise<void>) =>
    router
      .route(path)
      .post(async (request, response) => {
        const body = open(deps, request, response, signed);
        if (body) await act(body, response);
      })
      .all(wrongMethod('POST'));
  post('/canvas/initialize', true, (body, response) => card(deps, body, response, { to: 'home' }));
  post('/canvas/submit', true, (body, response) => submit(deps, body, response));
  post('/health', true, (body, response) => health(deps, body, response));
  post('/uninstall', false, (body, response) => uninstalled(deps, body, response));
  return router;
}

/** Verified bytes first, then JSON: 401 with an empty body, 400 for what is not an object. */
function open(
  deps: IntercomRouterDeps,
  request: Request,
  response: Response,
  signed: boolean,
): Body | undefined {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const header = request.headers['x-body-signature'];
  if (signed && !deps.isSigned(bytes, Array.isArray(header) ? header[0] : header)) {
    response.status(401).end();
    return undefined;
  }
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null) return body as Body;
  } catch {
    // Answered below like everything else that is not an object.
  }
  response.status(400).end();
  return undefined;
}

const idOf = (value: unknown): string => String((value as { id?: unknown } | undefined)?.id ?? '');

async function submit(deps: IntercomRouterDeps, body: Body, response: Response): Promise<void> {
  const click = readClick(body.component_id);
  if (click.to !== 'resend') return card(deps, body, response, click);
  const workspace = await deps.connections.workspaceByExternalId('intercom', workspaceCode(body));
  const result = workspace ? await deps.ledger.resend(workspace.id, click.id) : 'not_found';
  await card(deps, body, response, afterResend(click.id, result));
}

const afterResend = (id: string, result: ResendResult): Screen => {
  if (result === 'queued') return { to: 'resent', id };
  return { to: 'not_resent', why: NOT_RESENT[result] };
};

const NOT_RESENT = {
  not_failed: 'This message is on its way or has arrived already, so it was not sent a second time.',
  not_found: 'This message is not known here any more.',
  erased: ERASED,
};

async function card(deps: IntercomRouterDeps, body: Body, response: Response, screen: Screen): Promise<void> {
  response.json(await drawSafely(deps, body, screen));
}

async function drawSafely(deps: IntercomRouterDeps, body: Body, screen: Screen): Promise<CanvasAnswer> {
  const workspace = await deps.connections
    .workspaceByExternalId('intercom', workspaceCode(body))
    .catch(() => undefined);
  const reader = readerOf(workspace, deps.clock.now());
  try {
    return draw(await viewOf(deps, workspace, idOf(body.conversation)), screen, reader);
  } catch (error) {
    deps.io.log.error({ error: forLog(error) }, 'a card could not be drawn');
    const view: CardView = {
      kind: 'error',
      title: 'The card could not be loaded.',
      advice: 'Nothing was lost: messages go on being delivered. Refresh in a moment.',
    };
    return draw(view, { to: 'home' }, reader);
  }
}

/** Before API 1.2 the field was `app_id`. */
const workspaceCode = (body: Body): string => String(body.workspace_id ?? body.app_id ?? '');

const readerOf = (workspace: Workspace | undefined, now: number): Reader => {
  const timeZone = workspace?.settings.timezone;
  return { now, ...(typeof timeZone === 'string' ? { timeZone } : {}) };
};

async function viewOf(
  deps: IntercomRouterDeps,
  workspace: Workspace | undefined,
  conversationId: string,
): Promise<CardView> {
  if (workspace?.status !== 'active') return notConnected(deps.publicUrl, workspace);
  const conversation = await deps.ledger.conversation({
    workspaceId: workspace.id,
    platformThread: conversationId,
  });
  return (conversation && (await conversationCard(deps, conversation))) ?? notBridged(deps.publicUrl);
}

/** https://developers.intercom.com/docs/build-an-integration: asked at least daily, answered from what is so. */
async function health(deps: IntercomRouterDeps, body: Body, response: Response): Promise<void> {
  const workspace = await deps.connections.workspaceByExternalId('intercom', workspaceCode(body));
  if (workspace?.status === 'active') return void response.json(await channelHealth(deps, workspace));
  response.json({
    state: 'UNHEALTHY',
    message: workspace?.reason ?? 'Octopods is not connected to this workspace: install it again.',
    cta_type: 'REINSTALL_CTA',
  });
}

/** Intercom shows up to 2,084 characters. */
const MESSAGE_LIMIT = 2_000;

/** A channel that its provider refuses is mended in the console, not by installing again. */
async function channelHealth(
  { connections, publicUrl }: IntercomRouterDeps,
  { id }: Workspace,
): Promise<Body> {
  const broken = (await connections.channelsOf(id)).filter((one) => one.status === 'disconnected');
  const [first] = broken;
  if (!first) return { state: 'OK' };
  const said = broken.map(({ name, reason }) => `${name} is disconnected. ${reason ?? ''}`.trim());
  return {
    state: 'UNHEALTHY',
    message: said.join(' ').slice(0, MESSAGE_LIMIT),
    cta_type: 'URL_CTA',
    cta_label: 'Open Octopods',
    cta_url: broken.length > 1 ? `${publicUrl}/workspaces/${id}` : `${publicUrl}/channels/${first.id}`,
  };
}

/** Unsigned, so only a hint: the stored token itself is asked whether it still works. */
async function uninstalled(deps: IntercomRouterDeps, body: Body, response: Response): Promise<void> {
  const workspace = await deps.connections.workspaceByExternalId('intercom', String(body.app_id ?? ''));
  const connection = workspace && (await deps.connections.byId(workspace.id));
  const adapter = connection && deps.adapter('intercom');
  if (connection && adapter?.probe) {
    const dead = await adapter.probe(connection, deps.io).catch(() => undefined);
    if (dead)
      await deps.connections.setStatus(
        connection,
        'disconnected',
        'Octopods was uninstalled in Intercom. Install it again to go on.',
      );
  }
  response.status(200).end();
}
