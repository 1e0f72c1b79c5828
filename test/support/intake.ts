import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Adapter, Connection, FindConnection, Io } from '../../server/core/adapter.ts';
import type { Event } from '../../server/core/message.ts';

/** Our side of a provider's webhooks with one adapter behind it, and files that a provider may fetch. */
export interface Intake {
  url: string;
  /** `<url>/webhooks/<provider>/chn_1` */
  webhookUrl: string;
  events: Event[];
  /** What was answered, in order. */
  statuses: number[];
  /** What the webhooks of `chn_1` belong to. */
  connection: Connection | undefined;
  /** Served under `<url>/files/<name>`. */
  files: Map<string, { bytes: Uint8Array; contentType: string }>;
  close(): Promise<void>;
}

export async function openIntake<Credentials>(
  provider: string,
  adapter: () => Adapter<Credentials>,
  io: Io,
): Promise<Intake> {
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const intake: Intake = {
    url,
    webhookUrl: `${url}/webhooks/${provider}/chn_1`,
    events: [],
    statuses: [],
    connection: undefined,
    files: new Map(),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  const find: FindConnection = {
    byId: async (id) => (id === 'chn_1' ? intake.connection : undefined),
    byExternalId: async () => undefined,
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    const file = intake.files.get(path.replace('/files/', ''));
    if (file) return void response.writeHead(200, { 'content-type': file.contentType }).end(file.bytes);
    const headers = request.headers as Record<string, string>;
    const body = Buffer.concat(chunks);
    const routeId = /^\/webhooks\/\w+\/(\w+)/.exec(path)?.[1] ?? '';
    const received = await adapter().receive(
      { method: request.method ?? '', url: url + path, headers, body, routeId },
      find,
      io,
    );
    const reply = 'reject' in received ? { status: received.reject } : (received.reply ?? { status: 200 });
    if ('events' in received) intake.events.push(...received.events);
    intake.statuses.push(reply.status);
    response.writeHead(reply.status, 'headers' in reply ? reply.headers : {});
    response.end('body' in reply ? reply.body : undefined);
  }
  return intake;
}
