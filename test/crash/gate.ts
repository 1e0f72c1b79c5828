/**
 * A door of glass: an HTTP proxy that sees every call through it, and may keep an answer back. Whoever stands behind
 * it has then done its work, and whoever asked never hears of it: what a crash between the two looks like from outside.
 */
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call on its way. */
export interface Passing {
  method: string;
  path: string;
  body: string;
  /** Which of our servers asks (at a provider's door) or is asked (at our own). */
  server: number;
  /** ms since 1970. */
  at: number;
  /** The answer's, once it is there. */
  status?: number;
}

export interface Gate {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Calls that were handed on and whose answer is still out. */
  underWay: Set<Passing>;
  close(): Promise<void>;
}

export interface GateOptions {
  /** Where the next call goes; undefined: nobody is there, the connection is cut. */
  target(): { url: string; server: number } | undefined;
  /** Told when the answer is there, before a byte of it is passed on. False: it never is. */
  answered(passing: Passing): boolean;
}

export async function openGate(options: GateOptions): Promise<Gate> {
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<Passing>();
  const server = createServer((request, response) => {
    void handOn(request, response, { ...options, agent, underWay });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    underWay,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Hands extends GateOptions {
  agent: Agent;
  underWay: Set<Passing>;
}

async function handOn(request: IncomingMessage, response: ServerResponse, hands: Hands): Promise<void> {
  let passing: Passing | undefined;
  try {
    const body = await bytesOf(request);
    const target = hands.target();
    if (!target) return void request.socket.destroy();
    const { method = 'GET', url: path = '/' } = request;
    passing = { method, path, body: body.toString('utf8'), server: target.server, at: Date.now() };
    hands.underWay.add(passing);
    const answer = await ask(request, `${target.url}${path}`, body, hands.agent);
    const said = await bytesOf(answer);
    passing.status = answer.statusCode ?? 0;
    hands.underWay.delete(passing);
    if (!hands.answered(passing)) return void request.socket.destroy();
    response.writeHead(passing.status, withoutHops(answer.headers));
    response.end(said);
  } catch {
    request.socket.destroy();
  } finally {
    if (passing) hands.underWay.delete(passing);
  }
}

function ask(request: IncomingMessage, url: string, body: Buffer, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...withoutHops(request.headers), host: request.headers.host };
    const asked = httpRequest(url, { method: request.method, headers, agent }, resolve);
    asked.on('error', reject);
    asked.end(body);
  });
}

/** What belongs to one connection only. Bodies are passed on whole: their length is counted anew. */
function withoutHops(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection, 'keep-alive': kept, 'transfer-encoding': encoding, ...rest } = headers;
  return rest;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
