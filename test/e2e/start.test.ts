/** `npm start`: the playground when nothing means to serve for real, and never by accident. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../playground/town/product.ts';
import { type RunningPlayground, type Started, start, startPlayground } from '../support/playground.ts';

const over: Started[] = [];
afterAll(() => {
  for (const one of over) rmSync(one.folder, { recursive: true, force: true });
});
const run = async (env: Record<string, string>) => {
  const started = start(env);
  over.push(started);
  return { code: await started.ended, output: started.output(), folder: started.folder };
};

describe('what is refused', () => {
  test('another host than this machine means to serve for real, and that needs keys', async () => {
    const { code, output } = await run({ HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(output).toContain('OCTOPODS_KEYS');
    expect(output).not.toContain('playground');
  });

  test('a port that somebody has is named, with a way out', async () => {
    const port = await freePort();
    const first = start({ PORT: String(port) });
    over.push(first);
    await expect.poll(() => first.output(), { timeout: 20_000 }).toContain('This is the Octopods playground');
    const { code, output } = await run({ PORT: String(port) });
    first.child.kill('SIGTERM');
    await first.ended;
    expect(code).toBe(1);
    expect(output.trim()).toBe(
      `Port ${port} is in use. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
    );
  });
});

test('Octopods serving for real knows no playground', async () => {
  const port = await freePort();
  const real = start({
    PORT: String(port),
    OCTOPODS_KEYS: randomBytes(32).toString('base64'),
    HOST: '127.0.0.1',
  });
  over.push(real);
  const at = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, init).then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(() => at('/readyz'), { timeout: 20_000 }).toBe(200);
  expect(await at('/playground')).toBe(404);
  expect(await at('/playground/api/state')).toBe(404);
  expect(await at('/playground/api/worker.kill', { method: 'POST', body: '{}' })).toBe(404);
  expect(real.output()).not.toContain('playground');
  real.child.kill('SIGTERM');
  expect(await real.ended).toBe(0);
});

describe('the playground', () => {
  let playground: RunningPlayground;
  beforeAll(async () => {
    playground = await startPlayground();
  });
  afterAll(() => playground.stop());

  test('says what it is, where it is, and how to serve for real', () => {
    const words = playground.output();
    expect(words).toContain('This is the Octopods playground');
    expect(words).toContain(`${playground.origin}/playground`);
    expect(words).toContain('It never serves for real. For that, set OCTOPODS_KEYS');
  });

  test('keeps keys of its own in its own folder, for nobody else to read', () => {
    const keys = join(playground.folder, 'data/playground/keys');
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(keys, 'utf8'), 'base64')).toHaveLength(32);
    expect(existsSync(join(playground.folder, 'data/octopods.db'))).toBe(false);
  });

  test('a browser at the root is shown to the playground; everything else there is Octopods itself', async () => {
    const browser = await fetch(playground.origin, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([browser.status, browser.headers.get('location')]).toEqual([302, '/playground']);
    const ready = await fetch(`${playground.origin}/readyz`);
    expect(await ready.json()).toMatchObject({ ok: true });
    const unsigned = await fetch(`${playground.origin}/webhooks/whatsapp`, { method: 'POST', body: '{}' });
    expect(unsigned.status).toBe(401);
  });

  test('another site cannot press its switches', async () => {
    const form = await fetch(`${playground.origin}/playground/api/worker.kill`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(form.status).toBe(415);
    const rebound = await raw(playground.origin, {
      method: 'GET',
      path: '/playground/api/state',
      headers: { host: 'evil.example' },
    });
    expect(rebound.status).toBe(403);
    expect((await playground.state()).worker.kills).toBe(0);
  });

  test('what cannot be done is said in words', async () => {
    expect((await playground.act('phone.send', { phoneId: 'nobody', text: 'x', files: [] })).status).toBe(
      404,
    );
    const empty = { phoneId: 'sms-intercom', text: '', files: [] };
    expect(await playground.act('phone.send', empty)).toMatchObject({
      status: 422,
      json: { title: 'There is nothing to send' },
    });
    const wrong = { system: 'telegram', fault: 'rain', times: 1 } as never;
    expect((await playground.act('fault.next', wrong)).status).toBe(422);
  });

  test('a signal ends it with 0, and Octopods with it', async () => {
    const { worker } = await playground.state();
    expect(worker.state).toBe('running');
    expect(await playground.stop()).toBe(0);
    await expect(fetch(playground.origin)).rejects.toThrow();
  });
});

/** fetch would not send another Host. */
function raw(
  origin: string,
  asked: { method: string; path: string; headers: Record<string, string> },
): Promise<{ status: number; body: string }> {
  const { port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const { method, path, headers } = asked;
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, async (answer) => {
      let body = '';
      for await (const chunk of answer) body += String(chunk);
      resolve({ status: answer.statusCode ?? 0, body });
    });
    sent.on('error', reject);
    sent.end();
  });
}
