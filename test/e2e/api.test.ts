/** The public API over HTTP: who may call it, how it says no, and what it lists. Channels: api-channels.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIntercom } from '../../server/platforms/intercom/index.ts';
import { type Answer, type ApiClient, addWorkspace, apiClient } from '../support/api-client.ts';
import { type FrontDoor, openFrontDoor } from '../support/front-door.ts';
import { type TwoMessages, twoMessages } from '../support/two-messages.ts';

let door: FrontDoor;
let messages: TwoMessages;
let owner: ApiClient;
beforeEach(async () => {
  messages = twoMessages();
  door = await openFrontDoor({
    messages,
    platforms: () => [
      createIntercom({ apiUrl: 'http://127.0.0.1:1', appUrl: '', clientId: '', clientSecrets: [''] }),
    ],
  });
  owner = await apiClient(door);
});
afterEach(() => door.close());

const expectProblem = (answer: Answer, status: number, more: Record<string, unknown> = {}): void => {
  expect(answer.json).toMatchObject({ type: 'about:blank', status, ...more });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.json.title.length).toBeGreaterThan(2);
  expect(answer.json.remedy.length).toBeGreaterThan(5);
  expect(JSON.stringify(answer.json)).not.toMatch(/\bat .*\.(ts|js)|node_modules/);
};

/** The whole database as it lies on the disk, its write-ahead log included. */
function onDisk(): string {
  const file = String(door.file);
  return readdirSync(dirname(file))
    .map((name) => readFileSync(join(dirname(file), name), 'latin1'))
    .join('');
}

describe('a token', () => {
  it('is shown once, works at once, and only its hash is stored', async () => {
    const made = await owner.call('POST', '/tokens', { name: 'deploy' });
    expect(made.status).toBe(201);
    expect(made.json.token).toMatch(/^oct_[A-Za-z0-9_-]{43}$/);
    const me = await owner.call('GET', '/me', undefined, { authorization: `Bearer ${made.json.token}` });
    expect(me.json).toMatchObject({ role: 'owner', account: { id: owner.accountId } });
    const listed = await owner.call('GET', '/tokens');
    expect(listed.json.data.map((token: { name: string }) => token.name)).toEqual(['test', 'deploy']);
    expect(JSON.stringify(listed.json)).not.toContain(made.json.token);
    expect(onDisk()).toContain(made.json.id);
    expect(onDisk()).not.toContain(made.json.token);
    expect(onDisk()).not.toContain(made.json.token.slice(4));
  });

  it('ends when it is revoked', async () => {
    const made = await owner.call('POST', '/tokens', { name: 'deploy' });
    expect((await owner.call('DELETE', `/tokens/${made.json.id}`)).status).toBe(204);
    const authorization = `Bearer ${made.json.token}`;
    expectProblem(await owner.call('GET', '/me', undefined, { authorization }), 401);
  });

  it('ends with its creator’s membership', async () => {
    const admin = await apiClient(door, { accountId: owner.accountId, role: 'admin' });
    expect((await admin.call('GET', '/me')).status).toBe(200);
    await door.db.deleteFrom('member').where('person_id', '=', admin.personId).execute();
    expectProblem(await admin.call('GET', '/me'), 401);
  });

  it('can do no more than its creator: a member’s token reads and connects nothing', async () => {
    const workspace = await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' });
    const member = await apiClient(door, { accountId: owner.accountId, role: 'member' });
    expect((await member.call('GET', '/workspaces')).json.data).toHaveLength(1);
    const body = { type: 'telegram', credentials: {} };
    expectProblem(await member.call('POST', `/workspaces/${workspace}/channels`, body), 403);
    expectProblem(await member.call('POST', `/workspaces/${workspace}/archive`), 403);
    expect((await owner.call('GET', `/workspaces/${workspace}`)).json.status).toBe('active');
  });

  it('is limited to its scopes and cannot make a wider one', async () => {
    const narrow = await apiClient(door, { scopes: ['tokens:write', 'messages:read'] });
    expect((await narrow.call('GET', '/messages')).status).toBe(200);
    expectProblem(await narrow.call('GET', '/workspaces'), 403);
    const wider = { name: 'wider', scopes: ['channels:write'] };
    expectProblem(await narrow.call('POST', '/tokens', wider), 422, { field: 'scopes' });
    const same = await narrow.call('POST', '/tokens', { name: 'same' });
    expect(same.json.scopes).toEqual(['tokens:write', 'messages:read']);
  });

  it.each(['Bearer oct_made-up', 'Bearer', 'Basic b2N0Og==', ''])(
    'is asked for: %j is a 401',
    async (given) => {
      const answer = await owner.call('GET', '/me', undefined, { authorization: given });
      expectProblem(answer, 401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    },
  );

  it('of somebody else cannot be revoked', async () => {
    const other = await apiClient(door);
    const colleague = await apiClient(door, { accountId: owner.accountId, role: 'admin' });
    const made = await owner.call('POST', '/tokens', { name: 'mine' });
    expectProblem(await other.call('DELETE', `/tokens/${made.json.id}`), 404);
    expectProblem(await colleague.call('DELETE', `/tokens/${made.json.id}`), 404);
    const authorization = `Bearer ${made.json.token}`;
    expect((await owner.call('GET', '/me', undefined, { authorization })).status).toBe(200);
  });
});

describe('the console’s session', () => {
  const withSession = async (method: string, origin?: string) => {
    const response = await fetch(`${door.url}/api/v1/tokens`, {
      method,
      headers: {
        cookie: `octopods=${await door.signIn(owner)}`,
        ...(origin === undefined ? {} : { origin }),
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { body: '{"name":"from the console"}' } : {}),
    });
    return response.status;
  };
  it('works from our own pages', async () => {
    expect(await withSession('POST', door.url)).toBe(201);
    expect(await withSession('GET')).toBe(200);
    expect(await withSession('GET', door.url)).toBe(200);
  });
  it.each(['https://evil.test', 'null', undefined])('changes nothing from %s', async (origin) => {
    expect(await withSession('POST', origin)).toBe(403);
    expect((await owner.call('GET', '/tokens')).json.data).toHaveLength(1);
  });
  it('is not read across origins either', async () => {
    expect(await withSession('GET', 'https://evil.test')).toBe(403);
  });
});

describe('another account’s ids', () => {
  it('answer 404, in the very words of an id that does not exist', async () => {
    const workspace = await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' });
    messages.ownedBy.push(workspace);
    await door.connections.addChannel({
      workspace_id: workspace,
      id: 'chn_theirs',
      type: 'telegram',
      medium: 'telegram',
      external_id: '42',
      name: '@acme',
      status: 'connected',
      credentials: {},
      settings: {},
    });
    const other = await apiClient(door);
    const calls: [string, string, string, unknown?][] = [
      ['GET', '/workspaces/:id', workspace],
      ['POST', '/workspaces/:id/archive', workspace],
      ['GET', '/workspaces/:id/channels', workspace],
      ['POST', '/workspaces/:id/channels', workspace, { type: 'telegram', credentials: {} }],
      ['GET', '/channels/:id', 'chn_theirs'],
      ['PATCH', '/channels/:id', 'chn_theirs', { name: 'Mine now' }],
      ['DELETE', '/channels/:id', 'chn_theirs'],
      ['GET', '/channels/:id/settings', 'chn_theirs'],
      ['PUT', '/channels/:id/settings', 'chn_theirs', {}],
      ['GET', '/messages/:id', 'evt_failed'],
      ['POST', '/messages/:id/retry', 'evt_failed'],
    ];
    for (const [method, path, id, body] of calls) {
      const theirs = await other.call(method, path.replace(':id', id), body);
      const nobodys = await other.call(method, path.replace(':id', 'no_such_id'), body);
      expectProblem(theirs, 404);
      expect(theirs.json).toEqual(nobodys.json);
    }
    expect((await other.call('GET', '/workspaces')).json).toEqual({ data: [], next: null });
    expect((await owner.call('GET', '/channels/chn_theirs')).json).toMatchObject({
      name: '@acme',
      status: 'connected',
    });
  });
});

describe('how it says no', () => {
  it('malformed JSON is a 400', async () => {
    expectProblem(await owner.call('POST', '/tokens', '{"name":'), 400);
  });
  it('a body over 1 MB is a 413', async () => {
    expectProblem(await owner.call('POST', '/tokens', { name: 'x'.repeat(1_100_000) }), 413);
  });
  it('a body that is not JSON is a 415', async () => {
    const headers = { 'content-type': 'text/plain' };
    expectProblem(await owner.call('POST', '/tokens', '{"name":"a"}', headers), 415);
  });
  it.each([
    [{}, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'a', scopes: ['everything'] }, 'scopes.0'],
    [{ name: 'a', admin: true }, 'admin'],
    [[], 'body'],
  ])('%j is a 422 that names the field', async (body, field) => {
    expectProblem(await owner.call('POST', '/tokens', body), 422, { field });
  });
  it('an unknown path is a 404', async () => {
    expectProblem(await owner.call('GET', '/nothing/here'), 404);
  });
  it('a wrong method is a 405 that says which are right', async () => {
    const answer = await owner.call('PUT', '/tokens', {});
    expectProblem(answer, 405);
    expect(answer.headers.get('allow')).toBe('POST, GET, HEAD');
  });
  it('a database that cannot be written is a 503, and the log has no secret', async () => {
    const writer = new Sqlite(door.file);
    writer.exec('begin immediate');
    const answer = await owner.call('POST', '/tokens', { name: 'deploy' });
    writer.exec('rollback');
    writer.close();
    expectProblem(answer, 503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(JSON.stringify(door.logged)).not.toContain(owner.token);
    expect((await owner.call('POST', '/tokens', { name: 'deploy' })).status).toBe(201);
  });
});

describe('lists', () => {
  it('are walked by their cursor, each row once', async () => {
    for (const external_id of ['a', 'b', 'c'])
      await addWorkspace(door, owner, { platform: 'intercom', external_id });
    const first = await owner.call('GET', '/workspaces?limit=2');
    expect(first.json.data).toHaveLength(2);
    const second = await owner.call('GET', `/workspaces?limit=2&after=${first.json.next}`);
    expect(second.json.next).toBeNull();
    const ids = [...first.json.data, ...second.json.data].map(
      (one: { external_id: string }) => one.external_id,
    );
    expect(ids.sort()).toEqual(['a', 'b', 'c']);
  });
  it.each(['limit=0', 'limit=201', 'limit=two'])('?%s is a 422', async (query) => {
    expectProblem(await owner.call('GET', `/workspaces?${query}`), 422, { field: 'limit' });
  });
  it('refuse a cursor that is not theirs', async () => {
    expectProblem(await owner.call('GET', '/workspaces?after=wsp_x'), 422, { field: 'after' });
  });
});

describe('messages', () => {
  it('are asked for within the account, filtered and paged', async () => {
    const workspace = await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' });
    const answer = await owner.call('GET', '/messages?channel_id=chn_a&status=failed&after=evt_0&limit=2');
    expect(messages.asked).toEqual([
      { accountWorkspaceIds: [workspace], channelId: 'chn_a', status: 'failed', after: 'evt_0', limit: 2 },
    ]);
    expect(answer.json.next).toBe('evt_read');
    expect(answer.json.data[0]).toEqual({
      id: 'evt_failed',
      channel_id: 'chn_a',
      direction: 'out',
      status: 'failed',
      reason: 'The window is closed. Send a template.',
      created_at: '2026-11-02T10:00:00.000Z',
      history: [
        { status: 'queued', at: '2026-11-02T10:00:00.000Z' },
        {
          status: 'failed',
          at: '2026-11-02T10:00:01.000Z',
          reason: 'The window is closed. Send a template.',
        },
      ],
    });
    expectProblem(await owner.call('GET', '/messages?status=lost'), 422, { field: 'status' });
  });
  it('that failed are queued again; others are a 409', async () => {
    messages.ownedBy.push(await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' }));
    const queued = await owner.call('POST', '/messages/evt_failed/retry');
    expect([queued.status, queued.json]).toEqual([202, { id: 'evt_failed', status: 'queued' }]);
    expectProblem(await owner.call('POST', '/messages/evt_read/retry'), 409);
  });
  it('that failed are queued again many at once, and those of nobody else', async () => {
    messages.ownedBy.push(await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1' }));
    const wish = { channel_id: 'chn_a', since: '2026-11-02T00:00:00Z', until: '2026-11-03T00:00:00Z' };
    const queued = await owner.call('POST', '/messages/retry', wish);
    expect([queued.status, queued.json]).toEqual([202, { queued: 1, erased: 0, next: null }]);
    const other = await apiClient(door);
    expect((await other.call('POST', '/messages/retry', wish)).json).toMatchObject({ queued: 0 });
    expectProblem(await owner.call('POST', '/messages/retry', { since: 'yesterday' }), 422, {
      field: 'since',
    });
    expectProblem(await owner.call('POST', '/messages/retry', { status: 'sent' }), 422, { field: 'status' });
  });
});
