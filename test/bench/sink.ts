/**
 * Where messages come out: a HubSpot that knows nothing but answers at once, so that the figures are ours and not a
 * simulator's. It notes when each message came, and whether each customer's came once and in order.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Its answers grant more calls than anybody makes: what is measured is not how well we keep to HubSpot's limit. */
const AMPLE = {
  'content-type': 'application/json',
  'x-hubspot-ratelimit-max': '10000000',
  'x-hubspot-ratelimit-interval-milliseconds': '10000',
};

/** A soak lasts longer than the token that it was installed with. https://developers.hubspot.com/docs/api-reference/auth-oauth-v1 */
const TOKEN = {
  token_type: 'bearer',
  access_token: 'an access token',
  refresh_token: 'a refresh token',
  expires_in: 1_800,
};

export class Sink {
  /** When each message arrived, by its text (ms on the clock of `performance.now`). */
  readonly arrived = new Map<string, number>();
  inversions = 0;
  duplicates = 0;
  /** `hold`: every call is left waiting, as by a platform that hangs. `refuse`: the credentials are no longer good. */
  mode: 'answer' | 'hold' | 'refuse' = 'answer';
  #server: Server;
  #latest = new Map<string, number>();
  #keys = new Set<string>();
  #seen: () => void = () => undefined;
  #givenUp = false;

  private constructor() {
    this.#server = createServer((request, response) => this.#take(request, response));
  }
  static async open(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
  /** Whoever waits for messages waits no longer: they are lost. */
  giveUp(): void {
    this.#givenUp = true;
    this.#seen();
  }
  /** Resolves when so many messages have come since the sink was opened. */
  async hasSeen(count: number): Promise<void> {
    while (this.arrived.size < count && !this.#givenUp)
      await new Promise<void>((resolve) => {
        this.#seen = resolve;
      });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      if (this.mode === 'hold') return;
      if (this.mode === 'refuse') return void response.writeHead(401, { 'content-length': 0 }).end();
      const answer = JSON.stringify(this.#answer(request.method ?? '', request.url ?? '', body));
      response.writeHead(200, { ...AMPLE, 'content-length': Buffer.byteLength(answer) }).end(answer);
    });
  }

  #answer(method: string, path: string, body: string): Record<string, unknown> {
    if (method === 'POST' && path.includes('/custom-channels/')) return this.#publish(JSON.parse(body));
    if (path.endsWith('/token')) return TOKEN;
    if (path.includes('/threads/')) return { id: '1', associatedContactId: '101', status: 'OPEN' };
    return { total: 0, results: [] };
  }

  #publish(message: Published): Record<string, unknown> {
    const customer = message.senders[0]?.deliveryIdentifier.value ?? '';
    if (this.#keys.has(message.integrationIdempotencyId)) this.duplicates += 1;
    this.#keys.add(message.integrationIdempotencyId);
    const number = Number(message.text.split(' ').at(-1));
    if (number <= (this.#latest.get(customer) ?? -1)) this.inversions += 1;
    this.#latest.set(customer, number);
    this.arrived.set(message.text, performance.now());
    this.#seen();
    return { id: String(this.#keys.size), conversationsThreadId: customer.replace(/\D/g, '') };
  }
}

interface Published {
  integrationIdempotencyId: string;
  text: string;
  senders: { deliveryIdentifier: { value: string } }[];
}
