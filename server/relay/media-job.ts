/**
 * Fetches files within moments of the ack, whatever their lane is waiting for: WhatsApp's URLs live five minutes,
 * Intercom's thirty.
 */
import { extension } from '../core/file-names.ts';
import type { RemoteFile } from '../core/message.ts';
import { isOutcome, WireError } from '../core/outcome.ts';
import { forLog, MAX_MEDIA_BYTES, MediaTooLarge } from '../store/database/refusals.ts';
import type { MediaRow } from '../store/media/media-rows.ts';
import { backoff } from './backoff.ts';
import type { RelayDeps } from './deps.ts';

/** A download may take a minute; then another process may try. */
const LEASE_MS = 60_000;
const AT_ONCE = 6;
/** About 20 minutes of tries: behind that the URLs are dead anyway. */
const MAX_TRIES = 9;

export interface MediaJob {
  start(): void;
  stop(): Promise<void>;
}

export function createMediaJob(deps: RelayDeps): MediaJob {
  const stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  return {
    start: () => {
      loop = run(deps, stopping.signal);
    },
    stop: () => {
      stopping.abort();
      return loop;
    },
  };
}

async function run(deps: RelayDeps, stopping: AbortSignal): Promise<void> {
  let woken: () => void = () => undefined;
  deps.ledger.onFiles(() => woken());
  stopping.addEventListener('abort', () => woken());
  while (!stopping.aborted) {
    const rows = await claimSafely(deps);
    await Promise.all(rows.map((row) => fetchSafely(deps, row)));
    if (rows.length > 0 || stopping.aborted) continue;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deps.times.poll);
      woken = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const claimSafely = (deps: RelayDeps): Promise<MediaRow[]> =>
  deps.media.rows.claim(AT_ONCE, LEASE_MS, deps.io.clock.now(), deps.owner).catch((error) => {
    deps.io.log.error({ error: String(error) }, 'the media list could not be read; trying again');
    return [];
  });

async function fetchSafely(deps: RelayDeps, row: MediaRow): Promise<void> {
  try {
    await fetchOne(deps, row);
    await deps.ledger.wake(row.workspace_id, row.event_id);
  } catch (error) {
    deps.io.log.error({ media: row.id, error: forLog(error) }, 'a file could not be kept; trying again');
  }
}

async function fetchOne(deps: RelayDeps, row: MediaRow): Promise<void> {
  const file = await deps.media.rows.source(row);
  try {
    const result = await download(deps, row, file);
    if ('failed' in result) await deps.media.rows.failed(row, result.failed);
    else if ('later' in result) await postpone(deps, row, result.later, result.afterMs);
    else if (!(await deps.media.rows.stored(row, result))) await removeUnlessKept(deps, row);
  } catch (error) {
    if (error instanceof MediaTooLarge) await deps.media.rows.failed(row, error.message);
    else if (error instanceof WireError) await postpone(deps, row, error.message);
    else throw error;
  }
}

/** Somebody else settled it meanwhile: erased, its file must go; stored by another process, that file is this very one. */
async function removeUnlessKept({ media }: RelayDeps, row: MediaRow): Promise<void> {
  const now = await media.rows.byId(row.workspace_id, row.id);
  if (now?.state !== 'stored') await media.files.remove(row.id);
}

type Fetched =
  | { name: string; contentType: string; size: number }
  | { failed: string }
  | { later: string; afterMs?: number };

async function download(deps: RelayDeps, row: MediaRow, file: RemoteFile): Promise<Fetched> {
  if ((file.size ?? 0) > MAX_MEDIA_BYTES) return { failed: 'the file is larger than 25 MB' };
  const connection = await deps.connections.byId(row.connection_id);
  const adapter = connection && deps.adapter(connection.type);
  if (!connection || !adapter?.media) return { failed: 'its channel was archived' };
  const usable = await deps.credentials(connection);
  if ('unusable' in usable) return { later: usable.unusable, afterMs: usable.retryAfterMs };
  const answer = await adapter.media(file, usable, deps.budgets.io({ connection, adapter }));
  if (isOutcome(answer)) {
    if (answer.outcome === 'refused') return { failed: answer.why };
    return {
      later: answer.why,
      ...(answer.outcome === 'retry' && answer.afterMs ? { afterMs: answer.afterMs } : {}),
    };
  }
  const { key } = await deps.connections.seal(row.workspace_id);
  const size = await deps.media.files.write(row.id, key, answer.body);
  const contentType = file.contentType ?? answer.contentType ?? 'application/octet-stream';
  return { name: file.name ?? answer.name ?? `${file.kind}.${extension(contentType)}`, contentType, size };
}

async function postpone(deps: RelayDeps, row: MediaRow, why: string, afterMs?: number): Promise<void> {
  if (row.attempts >= MAX_TRIES) await deps.media.rows.failed(row, why);
  else await deps.media.rows.later(row, deps.io.clock.now() + backoff(row.attempts, afterMs));
}
