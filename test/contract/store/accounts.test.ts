import { expect, test } from 'vitest';
import { onEveryStore, type TestStore } from '../../support/stores.ts';

async function found(store: TestStore): Promise<void> {
  await store.accounts.addAccount({ id: 'acc_a', name: 'Acme' }, 'per_a');
}
const login = { provider: 'desk', subject: '7' };
const person = (id: string) => ({ id, name: 'Ada', email: 'ada@example.com' });

onEveryStore('an account', (store) => {
  test('has its owner from the first moment on', async () => {
    await found(store());
    expect(await store().accounts.account('acc_a')).toEqual({
      id: 'acc_a',
      name: 'Acme',
      created_at: store().clock.now(),
    });
    expect(await store().accounts.roleOf('acc_a', 'per_a')).toBe('owner');
    expect(await store().accounts.roleOf('acc_a', 'per_b')).toBeUndefined();
  });

  test('has one person per login, however many sign in at once', async () => {
    const beside = await store().beside();
    const people = await Promise.all(
      ['per_1', 'per_2', 'per_3', 'per_4'].map((id, index) =>
        (index % 2 ? store() : beside).accounts.addPerson(person(id), login),
      ),
    );
    expect(new Set(people.map((one) => one.id)).size).toBe(1);
    expect((await store().accounts.personBy(login))?.id).toBe(people[0]?.id);
  });

  test('lists a join request once, however often it is asked', async () => {
    const request = {
      account_id: 'acc_a',
      workspace_id: 'wsp_a',
      provider: 'desk',
      subject: '8',
      name: 'Bob',
      email: null,
    };
    await store().accounts.addJoinRequest({ ...request, id: 'joi_1' });
    await store().accounts.addJoinRequest({ ...request, id: 'joi_2' });
    expect(await store().accounts.joinRequests('acc_a')).toMatchObject([{ id: 'joi_1', name: 'Bob' }]);
  });

  test('gives up a started sign-in once, to one of all that ask', async () => {
    const expires_at = store().clock.now() + 1_000;
    await store().accounts.addState({
      hash: 'h',
      platform: 'desk',
      return_to: '/x',
      payload: null,
      expires_at,
    });
    const beside = await store().beside();
    expect(await beside.accounts.takeState('h', 'other')).toBeUndefined();
    const taken = await Promise.all(
      [store(), beside, store(), beside].map((one) => one.accounts.takeState('h', 'desk')),
    );
    expect(taken.filter(Boolean)).toMatchObject([{ return_to: '/x' }]);
  });

  test('lets a session go with its time and with the membership', async () => {
    await found(store());
    const expires_at = store().clock.now() + 1_000;
    await store().accounts.addSession({
      hash: 's',
      expires_at,
      account_id: 'acc_a',
      person_id: 'per_a',
      agent: null,
      provider: null,
    });
    expect(await store().accounts.session('s', 0)).toEqual({
      account_id: 'acc_a',
      person_id: 'per_a',
      role: 'owner',
    });
    store().clock.advance(1_000);
    expect(await store().accounts.session('s', 0)).toBeUndefined();
  });

  test('revokes a token for good, at the hand of its maker only', async () => {
    await found(store());
    const token = {
      id: 'tok_1',
      hash: 't',
      account_id: 'acc_a',
      person_id: 'per_a',
      name: 'ci',
      scopes: '*',
    };
    await store().accounts.addToken(token);
    expect(await store().accounts.tokenBy('t')).toMatchObject({ id: 'tok_1', role: 'owner' });
    expect(await store().accounts.revokeToken({ account_id: 'acc_a', person_id: 'per_b' }, 'tok_1')).toBe(
      false,
    );
    expect(await store().accounts.revokeToken({ account_id: 'acc_a', person_id: 'per_a' }, 'tok_1')).toBe(
      true,
    );
    expect(await store().accounts.tokenBy('t')).toBeUndefined();
    expect(await store().accounts.tokensOf('acc_a')).toMatchObject([{ revoked_at: store().clock.now() }]);
  });

  test('knows which workspace its channel is in, and no other account does', async () => {
    expect(await store().accounts.workspaceOfChannel('acc_test', 'chn_test')).toBe('wsp_test');
    expect(await store().accounts.workspaceOfChannel('acc_a', 'chn_test')).toBeUndefined();
    expect(await store().accounts.channelHolding('pager', 'chn_test')).toEqual({
      id: 'chn_test',
      workspace_id: 'wsp_test',
    });
  });
});
