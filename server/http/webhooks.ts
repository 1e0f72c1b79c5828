/**
 * The intake: raw bytes in, the adapter's `receive`, the ledger's `append`, and only then the answer. The URL that
 * signatures cover is built from PUBLIC_URL, never from the Host header.
 */
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { sameSecret } from '../accounts/secrets.ts';
import type { AnyAdapter, WebhookRequest } from '../core/adapter.ts';
import { type Ingest, type Ingested, ingest } from '../relay/ingest.ts';

/** Meta's largest batch is 3 MB. */
const LIMIT = '3mb';

export interface WebhookDeps extends Ingest {
  publicUrl: string;
  /** By the provider's word in the path: `telegram`, `twilio`, `whatsapp`. */
  providers: ReadonlyMap<string, AnyAdapter>;
  intercom?: AnyAdapter;
  hubspot?: AnyAdapter;
  /** The unguessable part of the path that the app's custom channels call. */
  hubspotSecret: string;
}

export function createWebhookRouter(deps: WebhookDeps): Router {
  const router = Router();
  const raw = express.raw({ type: () => true, limit: LIMIT, inflate: true });
  const take = (find: (request: Request) => AnyAdapter | undefined): RequestHandler[] => [
    raw,
    async (request, response) => {
      const adapter = find(request);
      if (!adapter) return void response.status(404).end();
      answer(response, await ingest(adapter, toWebhook(request, deps.publicUrl), deps));
    },
  ];
  const provider = (request: Request) => deps.providers.get(String(request.params.provider));
  const known = take(provider);
  router
    .route(['/webhooks/:provider', '/webhooks/:provider/:channelId'])
    .get(known)
    .post(known)
    .all(wrongMethod('GET, POST'));
  const { intercom, hubspot } = deps;
  if (intercom)
    router
      .route('/intercom/webhooks')
      .head(alive)
      .post(take(() => intercom))
      .all(wrongMethod('HEAD, POST'));
  if (hubspot)
    router
      .route('/hubspot/channels/webhook/:secret')
      .post(
        take((request) =>
          sameSecret(String(request.params.secret), deps.hubspotSecret) ? hubspot : undefined,
        ),
      )
      .all(wrongMethod('POST'));
  if (hubspot)
    router
      .route('/hubspot/webhooks')
      .post(take(() => hubspot))
      .all(wrongMethod('POST'));
  router.use(refused);
  return router;
}

/** Intercom validates the endpoint by a HEAD request. */
const alive: RequestHandler = (_request, response) => {
  response.status(200).end();
};

const wrongMethod =
  (allow: string): RequestHandler =>
  (_request, response) => {
    response.status(405).set('Allow', allow).end();
  };

export function toWebhook(request: Request, publicUrl: string): WebhookRequest {
  const { channelId, secret } = request.params;
  const routeId = channelId ?? secret;
  return {
    method: request.method,
    url: publicUrl + request.originalUrl,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? (value.at(-1) ?? '') : (value ?? ''),
      ]),
    ),
    body: Buffer.isBuffer(request.body) ? request.body : new Uint8Array(),
    ...(routeId === undefined ? {} : { routeId: String(routeId) }),
  };
}

function answer(response: Response, { status, headers, body, retryAfterS }: Ingested): void {
  response.status(status);
  if (headers) response.set(headers);
  if (retryAfterS) response.set('Retry-After', String(retryAfterS));
  if (body === undefined) response.end();
  else response.send(body);
}

/** Too large, cut off, badly compressed: the status alone; providers read nothing else. */
const refused = (
  error: { status?: unknown },
  _request: Request,
  response: Response,
  next: (error: unknown) => void,
): void => {
  const status = typeof error.status === 'number' ? error.status : undefined;
  if (response.headersSent || status === undefined || status >= 500) next(error);
  else response.status(status).end();
};
