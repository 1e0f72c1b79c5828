/**
 * From a webhook to the ledger: the adapter verifies and parses, the ledger stores, and only then is the provider
 * answered. Nothing is decided here about what the events mean.
 */
import type { AnyAdapter, FindConnection, Io, WebhookReply, WebhookRequest } from '../core/adapter.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { Ledger } from '../store/ledger/ledger.ts';

export interface Ingest {
  ledger: Ledger;
  connections: ConnectionStore;
  io: Io;
  /** Called when the ledger could not write, or not soon enough: what the providers do not redeliver has to be caught up. */
  onOutage(error: unknown): void;
  /** A signature did not fit. Its failures are its own: the answer is 401 in any case. */
  onRefused?(adapter: AnyAdapter, request: WebhookRequest, find: FindConnection): Promise<void>;
}

/** `status` 503: nothing was stored, the provider should come again. */
export type Ingested = WebhookReply & { retryAfterS?: number };

export async function ingest(adapter: AnyAdapter, request: WebhookRequest, deps: Ingest): Promise<Ingested> {
  const find: FindConnection = {
    byId: async (id) => matching(await deps.connections.byId(id), adapter),
    byExternalId: (type, externalId) => deps.connections.byExternalId(type, externalId),
  };
  try {
    const received = await adapter.receive(request, find, deps.io);
    if ('reject' in received) {
      if (received.reject === 401) await deps.onRefused?.(adapter, request, find).catch(() => undefined);
      return { status: received.reject };
    }
    if (received.events.length > 0 && deps.ledger.isCrowded()) return crowded(deps);
    if (received.events.length > 0) await deps.ledger.append(received.events);
    return received.reply ?? { status: 200 };
  } catch (error) {
    deps.io.log.error({ adapter: adapter.id, error: String(error) }, 'a webhook could not be stored');
    deps.onOutage(error);
    return { status: 503, retryAfterS: 5 };
  }
}

/** An honest "come again" while it would take too long to store it; not everybody does, so it is caught up as well. */
function crowded({ onOutage }: Ingest): Ingested {
  onOutage(new Error('more webhooks came than could be stored'));
  return { status: 503, retryAfterS: 1 };
}

/** A channel's path names its provider: another provider's channel is not found there. */
const matching = <C extends { type: string }>(
  connection: C | undefined,
  adapter: AnyAdapter,
): C | undefined => (connection?.type === adapter.id ? connection : undefined);
