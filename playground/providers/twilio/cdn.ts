/**
 * Where Twilio's media redirects lead: another origin, whose URLs carry their own proof. As an object store does, it
 * refuses a second proof, so whoever forwards Twilio's credentials to it gets nothing.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CdnFile {
  contentType: string;
  bytes: Uint8Array;
}

export class Cdn {
  readonly #key = randomBytes(16);
  readonly #find: (mediaSid: string) => CdnFile | undefined;
  #server: Server | undefined;

  constructor(find: (mediaSid: string) => CdnFile | undefined) {
    this.#find = find;
  }

  get url(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (!address) throw new Error('the CDN is not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  async close(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise<unknown>((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  /** `path` ends with the media's SID. */
  signedUrl(path: string): string {
    return `${this.url}${path}?Signature=${this.#proof(path)}`;
  }
  #proof(path: string): string {
    return createHmac('sha256', this.#key).update(path).digest('base64url');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://x');
    const file = this.#find(url.pathname.split('/').at(-1) ?? '');
    if (request.headers.authorization !== undefined)
      response.writeHead(400).end('<Error><Code>InvalidArgument</Code></Error>');
    else if (url.searchParams.get('Signature') !== this.#proof(url.pathname)) response.writeHead(403).end();
    else if (!file) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.contentType }).end(file.bytes);
  }
}
