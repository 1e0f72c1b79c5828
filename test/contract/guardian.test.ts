import { expect, test } from 'vitest';
import { createBudgets } from '../../server/relay/budgets.ts';
import { createCredentialKeeper } from '../../server/relay/credentials.ts';
import { deliver } from '../../server/relay/deliver.ts';
import { type RelayDeps, TIMES } from '../../server/relay/deps.ts';
import { testIo } from '../support/io.ts';
import { OtherSide } from '../support/other-side.ts';
import {
  fromCustomer,
  GATHERED_MS,
  LEASE_MS,
  onEveryStore,
  type Process,
  WORKSPACE,
} from '../support/stores.ts';

onEveryStore('credentials that have run out', (store) => {
  test('are renewed once for fifty messages in two processes, and none is sent with the old ones', async () => {
    const desk = new OtherSide({ id: 'desk', side: 'platform' });
    let renewals = 0;
    desk.probe.refresh = async (connection) => {
      if ((connection.credentials as { token: string }).token === 'new') return undefined;
      renewals += 1;
      // A grant of which each answer ends the one before: a second request at once would lose it.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return { token: 'new' };
    };
    const used = new Set<string>();
    const adapter = () => ({
      ...desk.adapter,
      send: (...call: Parameters<typeof desk.adapter.send>) => {
        used.add((call[1].credentials as { token: string }).token);
        return desk.adapter.send(...call);
      },
    });
    const io = { ...testIo(), clock: store().clock };
    const relayOn = (process: Process): RelayDeps => ({
      ...process,
      media: { rows: process.media, files: { remove: async () => undefined } as never },
      adapter,
      credentials: createCredentialKeeper({ ...process, adapter, io }),
      budgets: createBudgets({ ledger: process.ledger, io }),
      mediaLink: async () => '',
      io,
      times: TIMES,
    });
    const processes = [relayOn(store()), relayOn(await store().beside())];

    const threads = Array.from({ length: 50 }, (_, index) => `+44770090${String(4_000 + index)}`);
    await store().ledger.append(threads.map((thread) => fromCustomer('hello', { id: thread, thread })));
    store().clock.advance(GATHERED_MS);
    for (let round = 0; round < 40 && desk.accepted.length < threads.length; round += 1) {
      await Promise.all(
        processes.map(async (deps, index) => {
          const claims = await deps.ledger.claim(`wrk_${index}`, 25, LEASE_MS);
          await Promise.all(claims.map((claim) => deliver(deps, claim)));
        }),
      );
      store().clock.advance(250);
    }
    expect(desk.accepted).toHaveLength(threads.length);
    expect(renewals).toBe(1);
    expect([...used]).toEqual(['new']);
    // What another process changed is known here two seconds later.
    store().clock.advance(2_000);
    expect((await store().connections.byId(WORKSPACE))?.credentials).toEqual({ token: 'new' });
  });
});
