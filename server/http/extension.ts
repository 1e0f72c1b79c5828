/**
 * `/hubspot/extension/*`: our HubSpot card, through `hubspot.fetch`. HubSpot signs the request and adds `portalId` and
 * `userId` to its query; roles are not in it, so these paths read and resend, and settings change in the console.
 */
import express, { type Request, type Response, Router } from 'express';
import type { CardView } from '../../intercom-canvas/view.ts';
import type { Log, WebhookRequest } from '../core/adapter.ts';
import type { Workspace } from '../store/connections/connections.ts';
import { type CardDeps, conversationCard, notBridged, notConnected } from './card-view.ts';
import { contentErased, notFound, Problem, problemHandler, wrongMethod } from './problem.ts';
import { toWebhook } from './webhooks.ts';

export interface ExtensionDeps extends CardDeps {
  /** Whether HubSpot signed this request, lately. */
  isSigned(request: WebhookRequest): boolean;
  log: Log;
}

/** hubspot.fetch carries at most 1 MB. */
const LIMIT = '1mb';

export function createExtensionRouter(deps: ExtensionDeps): Router {
  const router = Router();
  router.use(express.raw({ type: () => true, limit: LIMIT }));
  // Whoever asks without HubSpot's signature learns nothing, not even which paths there are.
  router.use((request, response, next) => {
    if (deps.isSigned(toWebhook(request, deps.publicUrl))) next();
    else response.status(401).end();
  });
  router
    .route('/card')
    .get(async (request, response) => {
      const workspace = await portalOf(deps, request);
      response.set('Cache-Control', 'no-store').json({ cards: await cardsFor(deps, workspace, request) });
    })
    .all(wrongMethod('GET, HEAD'));
  router
    .route('/resend')
    .post(async (request, response) => {
      const workspace = await portalOf(deps, request);
      if (!workspace) throw notFound('workspace');
      await resend(deps, workspace, messageIdOf(request), response);
    })
    .all(wrongMethod('POST'));
  router.use((_request, _response) => {
    throw notFound('path');
  });
  return router.use(problemHandler(deps.log));
}

/** The portal that HubSpot vouches for; undefined when it is not connected. */
const portalOf = (deps: ExtensionDeps, request: Request): Promise<Workspace | undefined> =>
  deps.connections.workspaceByExternalId('hubspot', String(request.query.portalId ?? ''));

async function cardsFor(
  deps: ExtensionDeps,
  workspace: Workspace | undefined,
  request: Request,
): Promise<CardView[]> {
  if (workspace?.status !== 'active') return [notConnected(deps.publicUrl, workspace)];
  const contactId = String(request.query.objectId ?? '');
  const conversations = await deps.ledger.conversationsOfContact(workspace.id, contactId);
  const cards = await Promise.all(conversations.map((conversation) => conversationCard(deps, conversation)));
  const shown = cards.filter((card) => card !== undefined);
  return shown.length > 0 ? shown : [notBridged(deps.publicUrl)];
}

function messageIdOf(request: Request): string {
  try {
    const body: unknown = JSON.parse((request.body as Buffer).toString('utf8'));
    const id = (body as { messageId?: unknown } | null)?.messageId;
    if (typeof id === 'string' && id !== '') return id;
  } catch {
    throw new Problem(400, { detail: 'The body is not valid JSON.', remedy: 'Send {"messageId": "…"}.' });
  }
  throw new Problem(422, {
    detail: 'messageId is missing.',
    remedy: 'Send {"messageId": "…"}.',
    field: 'messageId',
  });
}

/** HubSpot repeats a request once on a 5xx: a second resend of the same message finds it queued already. */
async function resend(
  deps: ExtensionDeps,
  workspace: Workspace,
  messageId: string,
  response: Response,
): Promise<void> {
  const result = await deps.ledger.resend(workspace.id, messageId);
  if (result === 'not_found') throw notFound('message');
  if (result === 'erased') throw contentErased();
  if (result === 'not_failed')
    throw new Problem(409, {
      detail: 'This message is on its way or has arrived: nothing was sent again.',
      remedy: 'Refresh the card.',
    });
  response.json({ ok: true });
}
