import { expect, test } from 'vitest';
import { AlreadyLinked } from '../../../server/store/database/refusals.ts';
import { CHANNEL, channel, onEveryStore, WORKSPACE, workspace } from '../../support/stores.ts';

onEveryStore('a connection', (store) => {
  test('is found by its id and by what its provider calls it, with its credentials open', async () => {
    const expected = { id: CHANNEL, side: 'channel', credentials: { token: 'token of chn_test' } };
    expect(await store().connections.byId(CHANNEL)).toMatchObject(expected);
    expect(await store().connections.byExternalId('pager', CHANNEL)).toMatchObject(expected);
    expect(await store().connections.byExternalId('desk', 'desk-1')).toMatchObject({
      id: WORKSPACE,
      side: 'platform',
      settings: { region: 'eu' },
    });
    expect(await store().connections.byId('chn_nobody')).toBeUndefined();
  });

  test('keeps its credentials sealed', async () => {
    const row = await store().db.selectFrom('channel').select('credentials').executeTakeFirstOrThrow();
    expect(Buffer.from(row.credentials as Uint8Array).toString('latin1')).not.toContain('token');
  });

  test('is linked once, however many try at once', async () => {
    const beside = await store().beside();
    const tries = await Promise.allSettled([
      store().connections.addChannel(channel('chn_a', 'number-1')),
      beside.connections.addChannel(channel('chn_b', 'number-1')),
      store().connections.addChannel(channel('chn_c', 'number-1')),
    ]);
    const refused = tries.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const one of refused) expect(one.reason).toBeInstanceOf(AlreadyLinked);
    await expect(store().connections.addWorkspace(workspace('wsp_b', 'desk-1'))).rejects.toBeInstanceOf(
      AlreadyLinked,
    );
  });

  test('can be linked again once it is archived, and its old self is gone', async () => {
    await store().connections.archiveChannel(WORKSPACE, CHANNEL);
    expect(await store().connections.byId(CHANNEL)).toBeUndefined();
    await store().connections.addChannel(channel('chn_next', CHANNEL));
    expect((await store().connections.byExternalId('pager', CHANNEL))?.id).toBe('chn_next');
  });

  test('stays archived, without credentials, whatever is learned of it at that moment', async () => {
    const { connections, db } = store();
    const row = { workspaceId: WORKSPACE, id: CHANNEL };
    await Promise.all([
      connections.setStatus(row, 'disconnected', 'The token was revoked.'),
      connections.saveCredentials(row, { token: 'renewed' }),
      connections.archiveChannel(WORKSPACE, CHANNEL),
      connections.saveCredentials(row, { token: 'renewed' }),
    ]);
    await connections.saveCredentials(row, { token: 'late' });
    const kept = await db.selectFrom('channel').select(['status', 'credentials']).executeTakeFirstOrThrow();
    expect(kept).toEqual({ status: 'archived', credentials: null });
    await connections.addChannel(channel('chn_next', CHANNEL));
  });

  test('of another process is seen within two seconds', async () => {
    const beside = await store().beside();
    await beside.connections.byId(CHANNEL);
    await store().connections.setStatus(
      { workspaceId: WORKSPACE, id: CHANNEL },
      'disconnected',
      'The token was revoked.',
    );
    store().clock.advance(2_000);
    expect((await beside.connections.byId(CHANNEL))?.status).toBe('disconnected');
  });

  test('keeps all settings that are added at once', async () => {
    const beside = await store().beside();
    const row = { workspaceId: WORKSPACE, id: CHANNEL };
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? store() : beside).connections.mergeSettings(row, { [`key${index}`]: index }),
      ),
    );
    store().clock.advance(2_000);
    expect(Object.keys((await store().connections.byId(CHANNEL))?.settings ?? {})).toHaveLength(10);
  });

  test('is renewed by one process at a time, with what is stored at that moment', async () => {
    const beside = await store().beside();
    const row = { workspaceId: WORKSPACE, id: CHANNEL };
    const answers = await Promise.all(
      [store(), beside, store(), beside].map(({ connections }) =>
        connections.renewing(row, async (stored) => {
          await connections.saveCredentials(row, { token: 'renewed' });
          return stored?.credentials;
        }),
      ),
    );
    const worked = answers.filter((one) => one !== 'busy');
    expect(worked.filter((one) => (one as { token: string }).token !== 'renewed')).toHaveLength(1);
    expect(await beside.connections.renewing(row, async (stored) => stored?.credentials)).toEqual({
      token: 'renewed',
    });
  });

  test('is renewed by the next one when the first was killed in the middle', async () => {
    const row = { workspaceId: WORKSPACE, id: CHANNEL };
    const begun = Promise.withResolvers<void>();
    void store().connections.renewing(row, () => {
      begun.resolve();
      return new Promise(() => undefined);
    });
    await begun.promise;
    expect(await store().connections.renewing(row, async () => 'mine')).toBe('busy');
    store().clock.advance(30_001);
    expect(await store().connections.renewing(row, async () => 'mine')).toBe('mine');
  });

  test('goes with its workspace, and so does the key to its content', async () => {
    await store().connections.archiveWorkspace(WORKSPACE);
    expect(await store().connections.byId(CHANNEL)).toBeUndefined();
    expect(await store().connections.byId(WORKSPACE)).toBeUndefined();
    await expect(store().connections.seal(WORKSPACE)).rejects.toThrow('archived');
    expect(await store().connections.all()).toEqual([]);
  });

  test('remembers when something was heard, and that this proves its webhook', async () => {
    const row = { workspaceId: WORKSPACE, id: CHANNEL };
    await store().connections.setStatus(row, 'pending', null);
    await store().connections.heard(row, 1_793_000_000_000);
    expect(await store().connections.channel(WORKSPACE, CHANNEL)).toMatchObject({
      status: 'connected',
      last_inbound_at: 1_793_000_000_000,
    });
  });
});
