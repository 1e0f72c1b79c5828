/**
 * A fence protects the database, not the outside world: a process that slept through its lease would still write. So
 * the lease is looked at right before every request, and one that might outlast it is not begun.
 */
import type { Http, Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';

/** What a request without a time-out of its own may take, ms (server/http/outgoing.ts). */
const REQUEST_MS = 10_000;
/** Between `attempt_started` and the first byte of its request lie milliseconds, unless the process slept. */
const BEGIN_MS = 5_000;
/**
 * So long after `attempt_started` (ms) the other side has taken the message or will not: whoever finds an attempt
 * whose end nobody recorded need not wait for longer. Its process may be alive: frozen, and taken for dead.
 */
export const UNDER_WAY_MS = BEGIN_MS + REQUEST_MS;

/**
 * The same world, in which requests fail as certainly not sent once the claim's lease leaves no room for them, or when
 * the attempt was declared (`startedAt`, ms) too long ago.
 */
export function leased(io: Io, { leasedUntil }: Claim, startedAt = Number.POSITIVE_INFINITY): Io {
  const checked = (ms = REQUEST_MS): void => {
    const now = io.clock.now();
    if (now + ms > leasedUntil || now > startedAt + BEGIN_MS)
      throw new WireError('the time reserved for this message is over', true);
  };
  const call: (...request: Parameters<Http>) => ReturnType<Http> = async (request) => {
    checked(request.timeoutMs);
    return io.http(request);
  };
  const carried: typeof fetch = async (...request) => {
    checked();
    return io.http.fetch(...request);
  };
  return { ...io, http: Object.assign(call, { download: io.http.download, fetch: carried }) };
}
