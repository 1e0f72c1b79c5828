/** Every call to an account counts, whoever makes it; what an answer's headers say of its budget is believed. */
import type { AnyAdapter, Http, HttpRequest, Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import type { Bucket } from './bucket.ts';

const CALLS = 'calls';

interface Meter {
  bucket(name: string): Bucket;
  /** The message stood in line before. */
  waited: boolean;
  /** Calls that are paid for already. */
  paid: number;
}

/** The same world, in which calls that need a budget of their own fail as certainly not sent when it is empty. */
export function metered(io: Io, adapter: AnyAdapter, meter: Meter): Io {
  const { limits } = adapter.can;
  if (!limits && !adapter.budgetNews) return io;
  const special = Object.entries(limits ?? {}).filter(([name]) => name !== CALLS);
  let { paid } = meter;

  const ownBudget = (url: string) => special.find(([, limit]) => limit.url?.test(url))?.[0];
  async function before(url: string): Promise<void> {
    const name = ownBudget(url);
    if (name !== undefined) await take(name);
    else if (paid > 0) paid -= 1;
    else meter.bucket(CALLS).spend();
  }
  async function take(name: string): Promise<void> {
    const turn = await meter.bucket(name).take(meter.waited);
    if (typeof turn === 'string') return;
    const afterMs = turn.at - io.clock.now();
    const why = `${adapter.title} takes only so many searches at a time: this one waits for its turn.`;
    throw new WireError(why, true, undefined, afterMs);
  }
  /** The limit is learned from calls that were taken: gateways refuse in words, and headers, of their own. */
  async function after(url: string, status: number, headers: Record<string, string>): Promise<void> {
    const now = io.clock.now();
    const news = adapter.budgetNews?.(headers, now);
    const isTaken = status < 400 && ownBudget(url) === undefined;
    if (news?.limit && isTaken) meter.bucket(CALLS).learn(news.limit);
    if (news?.closedForMs) await meter.bucket(CALLS).close(now + news.closedForMs);
  }
  const call = async (request: HttpRequest) => {
    await before(request.url);
    const response = await io.http(request);
    await after(request.url, response.status, response.headers);
    return response;
  };
  const carried: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    await before(url);
    const response = await io.http.fetch(input, init);
    if (adapter.budgetNews) await after(url, response.status, Object.fromEntries(response.headers));
    return response;
  };
  const http: Http = Object.assign(call, { download: io.http.download, fetch: carried });
  return { ...io, http };
}
