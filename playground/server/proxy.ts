/**
 * Everything that is not the playground's own goes on to Octopods, byte for byte: method, path, headers (the Host too)
 * and both bodies as they stream. While Octopods is down the answer is 503, as from any proxy in front of it.
 */
import { Agent, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { sendJson } from './http.ts';

/** About one connection, not about the message: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const PER_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade']);

/** Raw headers keep their spelling, their order and their repetitions. */
function onward(raw: string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2)
    if (!PER_HOP.has((raw[at] ?? '').toLowerCase())) kept.push(raw[at] ?? '', raw[at + 1] ?? '');
  return kept;
}

/** `target`: where Octopods listens, `http://127.0.0.1:PORT`. */
export function proxyTo(target: string): (request: IncomingMessage, response: ServerResponse) => void {
  const { hostname, port } = new URL(target);
  // A kept connection would outlive a killed Octopods and fail the first request to the next one.
  const agent = new Agent({ keepAlive: false });
  return (request, response) => {
    const { method, url, rawHeaders } = request;
    const onwards = send(
      { agent, hostname, port, method, path: url, headers: onward(rawHeaders) },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, onward(answer.rawHeaders));
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    onwards.on('error', () => isDown(response));
    response.on('close', () => onwards.destroy());
    request.pipe(onwards);
  };
}

function isDown(response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.setHeader('retry-after', '2');
  sendJson(response, 503, {
    title: 'Octopods is not running at the moment',
    detail: 'It was stopped or killed; the playground starts it again within seconds.',
  });
}
