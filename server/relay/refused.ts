/**
 * A webhook whose signature did not fit is refused, and looked at once more for the doctor: many providers sign the URL
 * that they call, so a proxy that changes it, or a PUBLIC_URL that is not theirs, looks like a wrong secret. Tried: the
 * URLs that the request itself claims to be for. Nothing of such a request is ever accepted.
 */
import type { AnyAdapter, FindConnection, Io, WebhookRequest } from '../core/adapter.ts';
import type { WebhookRefusalStore } from '../store/connections/webhook-refusals.ts';

export interface RefusedDeps {
  refusals: WebhookRefusalStore;
  io: Io;
}

/** Strangers can send as many as they like: one note in ten seconds for each connection is enough. */
const PAUSE_MS = 10_000;

export function createRefusedNotes({ refusals, io }: RefusedDeps) {
  const noted = new Map<string, number>();
  return async (adapter: AnyAdapter, request: WebhookRequest, find: FindConnection): Promise<void> => {
    const connection = request.routeId === undefined ? undefined : await find.byId(request.routeId);
    const of = { workspaceId: connection?.workspaceId ?? '', connectionId: connection?.id ?? adapter.id };
    const at = io.clock.now();
    if (at - (noted.get(of.connectionId) ?? 0) < PAUSE_MS) return;
    noted.set(of.connectionId, at);
    const signed = await signedUrl(adapter, request, find, io);
    await refusals.note(of, { at, ours: withoutQuery(request.url), signed: signed ?? null });
  };
}

async function signedUrl(
  adapter: AnyAdapter,
  request: WebhookRequest,
  find: FindConnection,
  io: Io,
): Promise<string | undefined> {
  for (const url of claimedUrls(request)) {
    const received = await adapter.receive({ ...request, url }, find, io).catch(() => undefined);
    if (received && !('reject' in received)) return withoutQuery(url);
  }
  return undefined;
}

function claimedUrls({ url, headers }: WebhookRequest): string[] {
  const { pathname, search, href } = new URL(url);
  const hosts = [headers['x-forwarded-host']?.split(',')[0]?.trim(), headers.host].filter(Boolean);
  return ['https', 'http']
    .flatMap((scheme) => hosts.map((host) => `${scheme}://${host}${pathname}${search}`))
    .filter((one) => URL.canParse(one) && one !== href);
}

/** Queries may hold a customer's message (Vonage) or a secret. */
const withoutQuery = (url: string): string => url.split('?')[0] ?? url;
