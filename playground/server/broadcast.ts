/** Server-sent events: the newest snapshot to every open page, at most ten a second. */
import type { ServerResponse } from 'node:http';
import type { Snapshot } from '../page/api.ts';

const AT_MOST_EVERY_MS = 100;
/** A comment from time to time keeps proxies from closing the stream. */
const ALIVE_EVERY_MS = 15_000;

export class Broadcast {
  readonly #pages = new Set<ServerResponse>();
  readonly #snapshot: () => Snapshot;
  #planned: NodeJS.Timeout | undefined;
  #last = 0;
  readonly #alive: NodeJS.Timeout;

  constructor(snapshot: () => Snapshot) {
    this.#snapshot = snapshot;
    this.#alive = setInterval(() => this.#write(': still here\n\n'), ALIVE_EVERY_MS);
  }

  /** Whether anybody looks. */
  get watched(): boolean {
    return this.#pages.size > 0;
  }

  open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#pages.add(response);
    response.on('close', () => this.#pages.delete(response));
    response.write(eventOf(this.#snapshot()));
  }

  /** Something changed: everybody is told soon, once for all that changes until then. */
  readonly touch = (): void => {
    if (this.#planned || !this.watched) return;
    const wait = Math.max(0, this.#last + AT_MOST_EVERY_MS - Date.now());
    this.#planned = setTimeout(() => {
      this.#planned = undefined;
      this.#last = Date.now();
      this.#write(eventOf(this.#snapshot()));
    }, wait);
  };

  close(): void {
    clearInterval(this.#alive);
    clearTimeout(this.#planned);
    for (const page of this.#pages) page.end();
  }

  #write(text: string): void {
    for (const page of this.#pages) page.write(text);
  }
}

const eventOf = (snapshot: Snapshot): string => `event: state\ndata: ${JSON.stringify(snapshot)}\n\n`;
