/** What stands between the simulated world and Octopods must change nothing: signatures cover these very bytes. */
import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { proxyTo } from '../../../playground/server/proxy.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
async function listening(handler: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
const behindProxy = async (handler: RequestListener) => {
  const product = await listening(handler);
  const door = await listening(proxyTo(product.url));
  return { product, door };
};
const answerOf = async (sent: ClientRequest): Promise<IncomingMessage> => (await once(sent, 'response'))[0];
const textOf = async (answer: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
};

test('method, path, Host, repeated and oddly spelt headers arrive as they were sent', async () => {
  let seen: { method: string | undefined; url: string | undefined; raw: string[] } | undefined;
  const { door } = await behindProxy((asked, response) => {
    seen = { method: asked.method, url: asked.url, raw: asked.rawHeaders };
    response.end();
  });
  const headers = ['Host', 'octopods.test', 'X-Twice', 'one', 'x-tWICE', 'two', 'Connection', 'close'];
  const sent = request(door.url, { method: 'PATCH', path: '/a//b%20c?x=1&x=2', headers });
  sent.end();
  await textOf(await answerOf(sent));
  expect(seen?.method).toBe('PATCH');
  expect(seen?.url).toBe('/a//b%20c?x=1&x=2');
  expect(seen?.raw.slice(0, 6)).toEqual(headers.slice(0, 6));
});

test('status, repeated answer headers and bytes come back as they were written', async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  const { door } = await behindProxy((_asked, response) => {
    response.writeHead(418, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Type', 'image/png']);
    response.end(bytes);
  });
  const answer = await fetch(door.url);
  expect(answer.status).toBe(418);
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
});

test('bodies stream: the first piece is through before the last was sent, in both directions', async () => {
  const { door } = await behindProxy((asked, response) => {
    asked.once('data', (piece: Buffer) => response.write(`heard ${piece}`));
    asked.on('end', () => response.end(', and the end'));
  });
  const sent = request(door.url, { method: 'POST' });
  sent.write('half');
  const answer = await answerOf(sent);
  const [first] = await once(answer, 'data');
  expect(String(first)).toBe('heard half');
  sent.end();
  expect(await textOf(answer)).toBe(', and the end');
});

test('while nobody listens it says 503 and when to come back; once somebody does, it goes on', async () => {
  const { product, door } = await behindProxy((_asked, response) => response.end('here'));
  expect(await (await fetch(door.url)).text()).toBe('here');
  const { port } = product.server.address() as AddressInfo;
  product.server.closeAllConnections();
  await new Promise((resolve) => product.server.close(resolve));
  const down = await fetch(door.url, { method: 'POST', body: 'x' });
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '2']);
  const again = createServer((_asked, response) => response.end('back')).listen(port, '127.0.0.1');
  open.push(again);
  await once(again, 'listening');
  expect(await (await fetch(door.url)).text()).toBe('back');
});

test('a process that dies in the middle of its answer leaves no answer that looks whole', async () => {
  const { door } = await behindProxy((_asked, response) => {
    response.write('the first half');
    setImmediate(() => response.destroy());
  });
  await expect(fetch(door.url).then((answer) => answer.text())).rejects.toThrow();
});

test('who goes away is let go on the other side too', async () => {
  let gone: Promise<unknown> | undefined;
  const { door } = await behindProxy((_asked, response) => {
    gone = once(response, 'close');
  });
  const sent = request(door.url);
  sent.on('error', () => undefined);
  sent.end();
  await expect.poll(() => gone !== undefined).toBe(true);
  sent.destroy();
  await gone;
});
