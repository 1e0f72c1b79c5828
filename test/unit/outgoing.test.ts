import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Http } from '../../server/core/adapter.ts';
import { WireError } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';

const open: (Server | SocketServer)[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listening(server: Server | SocketServer, host = '127.0.0.1'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push(server);
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}
const serve = (listener: RequestListener, host?: string): Promise<string> =>
  listening(createServer(listener), host);

async function failure(work: Promise<unknown>): Promise<WireError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WireError);
  return error as WireError;
}
async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

let http: Http;
beforeEach(() => {
  http = createHttp({ configuredHosts: ['127.0.0.1'] });
});

describe('a call', () => {
  test('answers for every status, with the body as text and as JSON', async () => {
    const url = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { 'X-Limit': '7' }).end('{"a":1}');
    });
    for (const status of [200, 404, 429, 500]) {
      const answer = await http({ method: 'GET', url: `${url}/${status}` });
      expect(answer).toMatchObject({ status, text: '{"a":1}', json: { a: 1 } });
      expect(answer.headers['x-limit']).toBe('7');
    }
  });

  test('carries JSON, forms and files, and the headers it was given', async () => {
    const seen: { type: string; body: string; auth?: string }[] = [];
    const url = await serve(async (request: IncomingMessage, response) => {
      seen.push({
        type: String(request.headers['content-type']),
        body: await textOf(request),
        ...(request.headers.authorization ? { auth: request.headers.authorization } : {}),
      });
      response.end('not json');
    });
    const file = new FormData();
    file.set('file', new Blob(['hello']), 'a.txt');
    const { json } = await http({
      method: 'POST',
      url,
      json: { ä: 1 },
      headers: { authorization: 'Bearer t' },
    });
    await http({ method: 'POST', url, form: new URLSearchParams({ a: 'b c' }) });
    await http({ method: 'POST', url, multipart: file });
    expect(json).toBeUndefined();
    expect(seen[0]).toEqual({ type: 'application/json', body: '{"ä":1}', auth: 'Bearer t' });
    expect(seen[1]).toEqual({ type: 'application/x-www-form-urlencoded;charset=UTF-8', body: 'a=b+c' });
    expect(seen[2]?.type).toMatch(/^multipart\/form-data; boundary=/);
    expect(seen[2]?.body).toContain('hello');
  });

  test('follows no redirect: an answer is an answer', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect((await http({ method: 'POST', url, json: {} })).status).toBe(302);
    expect(calls).toBe(1);
  });

  test('refused at the door was certainly not sent', async () => {
    const url = await serve(() => undefined);
    const [server] = open.splice(0) as [Server];
    await new Promise((resolve) => server.close(resolve));
    expect((await failure(http({ method: 'POST', url, json: {} }))).notSent).toBe(true);
  });

  test('to a name that does not exist was certainly not sent', async () => {
    const error = await failure(http({ method: 'POST', url: 'http://octopods.invalid/', json: {} }));
    expect(error.notSent).toBe(true);
  });

  test('that nobody answers in time may have been sent', async () => {
    const url = await serve(() => undefined);
    const error = await failure(http({ method: 'POST', url, json: {}, timeoutMs: 50 }));
    expect(error.notSent).toBe(false);
    expect(error.message).toContain('did not answer in time');
  });

  test('cut off after it was read may have been sent', async () => {
    const url = await serve((request) => {
      request.resume().on('end', () => request.socket.destroy());
    });
    expect((await failure(http({ method: 'POST', url, json: {} }))).notSent).toBe(false);
  });

  test('whose answer breaks off may have been sent', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"half":');
      request.socket.destroySoon();
    });
    expect((await failure(http({ method: 'POST', url, json: {} }))).notSent).toBe(false);
  });

  test('whose answer trickles for ever ends with the time limit', async () => {
    const timers: NodeJS.Timeout[] = [];
    const url = await serve((_request, response) => {
      response.writeHead(200);
      timers.push(setInterval(() => response.write(' '), 10));
    });
    const error = await failure(http({ method: 'GET', url, timeoutMs: 100 }));
    for (const timer of timers) clearInterval(timer);
    expect(error.notSent).toBe(false);
  });

  test('with an endless answer ends at ten megabytes', async () => {
    const url = await serve((_request, response) => {
      response.end(Buffer.alloc(10 * 1024 * 1024 + 1, 'x'));
    });
    expect((await failure(http({ method: 'GET', url }))).message).toContain('too large');
  });

  test('that fails names the host, never the path: there may be a token in it', async () => {
    const url = await serve((request) => request.socket.destroy());
    const { message } = await failure(http({ method: 'POST', url: `${url}/bot123:SECRET/sendMessage` }));
    expect(message).toContain(new URL(url).host);
    expect(message).not.toContain('SECRET');
  });

  test('the fetch that SDKs get fails in the same words', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect((await failure(http.fetch(`${url}/SECRET`, { method: 'POST' }))).message).not.toContain('SECRET');
    const answering = await serve((_request, response) => response.writeHead(418).end('tea'));
    expect((await http.fetch(answering)).status).toBe(418);
  });

  test('that an SDK has made of a Request is the call that it says', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      seen.push([request.method, request.headers.authorization, await textOf(request)]);
      response.end();
    });
    const headers = { authorization: 'Bearer t' };
    await http.fetch(new Request(url, { method: 'PUT', headers, body: 'all of it' }));
    expect(seen).toEqual([['PUT', 'Bearer t', 'all of it']]);
  });

  test('asks for nothing compressed, and reads what is compressed all the same', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers['accept-encoding']);
      const packed = gzipSync('{"a":1}');
      const [coding, body] = {
        '/twice': ['gzip, BR', brotliCompressSync(packed)] as const,
        '/plain': ['gzip', '{"a":1}'] as const,
        '/cut': ['gzip', packed.subarray(0, 12)] as const,
        '/unknown': ['dance', '{"a":1}'] as const,
        '/gone': ['gzip', ''] as const,
        '/nothing': ['gzip', ''] as const,
      }[request.url ?? ''] ?? ['gzip', packed];
      const status = { '/no': 422, '/gone': 204 }[request.url ?? ''] ?? 200;
      response.writeHead(status, { 'content-encoding': coding }).end(body);
    });
    expect((await http({ method: 'GET', url })).json).toEqual({ a: 1 });
    expect((await http({ method: 'GET', url: `${url}/no` })).json).toEqual({ a: 1 });
    expect(await (await http.fetch(url)).json()).toEqual({ a: 1 });
    const { body } = await http.download({ method: 'GET', url, hosts: [] });
    expect(await textOf(body)).toBe('{"a":1}');
    const twice = await http({ method: 'GET', url: `${url}/twice` });
    expect([twice.json, twice.headers['content-encoding']]).toEqual([{ a: 1 }, undefined]);
    // Neither what is not what it says it is, nor what was cut off, is an answer.
    for (const broken of ['/plain', '/cut'])
      expect((await failure(http({ method: 'POST', url: url + broken, json: {} }))).notSent).toBe(false);
    expect((await http({ method: 'GET', url: `${url}/unknown` })).text).toBe('{"a":1}');
    expect((await http({ method: 'DELETE', url: `${url}/gone` })).status).toBe(204);
    expect(await http({ method: 'DELETE', url: `${url}/nothing` })).toMatchObject({ status: 200, text: '' });
    expect(new Set(seen)).toEqual(new Set(['identity']));
  });

  test('of an SDK that is led elsewhere is no success, and only the redirects that say so were certainly not done', async () => {
    const url = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { location: '/elsewhere' }).end();
    });
    const post = (status: number) => failure(http.fetch(`${url}/${status}`, { method: 'POST' }));
    for (const status of [301, 302, 303]) expect((await post(status)).notSent).toBe(false);
    for (const status of [307, 308]) expect((await post(status)).notSent).toBe(true);
    const manual = await http.fetch(`${url}/302`, { method: 'post', redirect: 'manual' });
    expect(manual.status).toBe(302);
  });

  test('with a status that nobody knows may have been sent', async () => {
    const url = await serve((request, response) => {
      response.writeHead(request.url === '/reset' ? 205 : 999).end();
    });
    expect((await failure(http.fetch(url, { method: 'POST' }))).notSent).toBe(false);
    expect((await http.fetch(`${url}/reset`, { method: 'POST' })).status).toBe(205);
  });

  test('says who calls, unless the SDK says so itself', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers['user-agent']);
      response.end();
    });
    await http({ method: 'GET', url });
    await http.fetch(url, { headers: new Headers({ 'User-Agent': 'the SDK' }) });
    expect(seen).toEqual(['Octopods', 'the SDK']);
  });

  test('has the headers of an answer that come several times as one, and an answer without a body', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(204, { 'x-scope': ['read', 'write'] }).end();
    });
    const answer = await http({ method: 'DELETE', url });
    expect(answer).toMatchObject({ status: 204, text: '', headers: { 'x-scope': 'read, write' } });
    const carried = await http.fetch(url, { method: 'DELETE' });
    expect([carried.status, await carried.text(), carried.headers.get('x-scope')]).toEqual([
      204,
      '',
      'read, write',
    ]);
  });

  test('to something that does not speak HTTP fails as uncertain', async () => {
    const url = await listening(
      createSocketServer((socket) => {
        socket.write('nonsense\r\n\r\n');
        socket.destroySoon();
      }),
    );
    expect((await failure(http({ method: 'POST', url, json: {} }))).notSent).toBe(false);
  });
});

describe('a download', () => {
  const hosts = ['media.provider.example', '.cdn.example'];

  test('streams the file', async () => {
    const url = await serve((_request, response) => response.end('file content'));
    const { status, body } = await http.download({ method: 'GET', url, hosts });
    expect(status).toBe(200);
    expect(await textOf(body)).toBe('file content');
  });

  test('takes the token along on the same host, and leaves it behind on another', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('there');
    });
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      const location = request.url === '/a' ? '/b' : `${other}/c`;
      response.writeHead(302, { location }).end();
    });
    const headers = { Authorization: 'Bearer t' };
    const { body } = await http.download({ method: 'GET', url: `${url}/a`, headers, hosts });
    expect(await textOf(body)).toBe('there');
    expect(seen).toEqual(['Bearer t', 'Bearer t', undefined]);
  });

  test.each([
    'https://evil.example/file',
    'https://cdn.example/file',
    'https://evilcdn.example/file',
    'https://media.provider.example.evil.example/file',
    'http://media.provider.example/file',
    'https://media.provider.example:8443/file',
    'http://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
  ])('refuses %s without a call', async (url) => {
    const error = await failure(http.download({ method: 'GET', url, hosts }));
    expect(error.message).toContain('files are not fetched from');
  });

  test('refuses a redirect to a foreign host', async () => {
    let reached = false;
    const inside = await serve((_request, response) => {
      reached = true;
      response.end('internal');
    }, 'localhost');
    const url = await serve((_request, response) => {
      response.writeHead(302, { location: inside }).end();
    });
    await failure(http.download({ method: 'GET', url, hosts }));
    expect(reached).toBe(false);
  });

  test('gives up after three redirects', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: `/${calls}` }).end();
    });
    expect((await failure(http.download({ method: 'GET', url, hosts }))).message).toContain('too often');
    expect(calls).toBe(4);
  });

  test('that breaks off fails while it is read', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('the first half', () => request.socket.destroy());
    });
    const { body } = await http.download({ method: 'GET', url, hosts });
    await failure(textOf(body));
  });
});
