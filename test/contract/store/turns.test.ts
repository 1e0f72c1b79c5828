/** Whose turn it is when more is due than a claim may take. */
import { expect, test } from 'vitest';
import {
  fromAgent,
  LEASE_MS,
  onEveryStore,
  type Process,
  type TestStore,
  take,
  workspace,
} from '../../support/stores.ts';

const HOG = 'wsp_hog';
const QUIET = ['wsp_a', 'wsp_m', 'wsp_z'];

/** Each thread is a lane of its own. */
const waiting = (workspaceId: string, lanes: number) =>
  Array.from({ length: lanes }, (_, index) => ({
    ...fromAgent(`${workspaceId} ${index}`, { thread: `thread ${index}` }),
    connection: { workspaceId, id: workspaceId },
  }));

async function crowd(store: TestStore, lanes: number): Promise<void> {
  for (const id of [HOG, ...QUIET]) await store.connections.addWorkspace(workspace(id, `desk of ${id}`));
  await store.ledger.append(waiting(HOG, lanes));
  store.clock.advance(1_000);
  for (const id of QUIET) await store.ledger.append(waiting(id, 2));
}

const workspacesOf = async (store: Pick<Process, 'ledger'>, max: number): Promise<string[]> =>
  (await take(store, 'wrk_one', max)).map((claim) => claim.workspaceId);

onEveryStore('when more lanes are due than a claim may take', (store) => {
  test('every workspace has its turn, however many lanes of another have waited for longer', async () => {
    await crowd(store(), 200);
    // Nobody knows of the crowd before the first claim that is full.
    expect(new Set(await workspacesOf(store(), 8))).toEqual(new Set([HOG]));
    const next = await workspacesOf(store(), 8);
    expect(new Set(next)).toEqual(new Set([HOG, ...QUIET]));
    for (const id of QUIET) expect(next.filter((one) => one === id)).toHaveLength(2);
  });

  test('turns pass on from claim to claim when there is room for one lane only', async () => {
    await crowd(store(), 50);
    const served: string[] = [];
    for (let claim = 0; claim < 9; claim += 1) served.push(...(await workspacesOf(store(), 1)));
    expect(served.slice(1, 5).toSorted()).toEqual([HOG, ...QUIET].toSorted());
    expect(served.slice(5, 9).toSorted()).toEqual([HOG, ...QUIET].toSorted());
  });

  test('a claim is as full as it may be, and each lane is handed out once', async () => {
    await crowd(store(), 60);
    const beside = await store().beside();
    const lanes: string[] = [];
    for (let claims = await take(store(), 'wrk_one', 16); claims.length > 0; ) {
      if (lanes.length < 48) expect(claims).toHaveLength(16);
      lanes.push(...claims.map((claim) => `${claim.workspaceId} ${claim.laneId}`));
      claims = await take(lanes.length % 32 === 0 ? store() : beside, 'wrk_two', 16);
    }
    expect(lanes).toHaveLength(66);
    expect(new Set(lanes).size).toBe(66);
  });

  test('a workspace that is parked takes nobody’s turn', async () => {
    await crowd(store(), 40);
    for (const claim of await take(store(), 'wrk_one', 46))
      await store().ledger.settle(claim, {
        to: 'queued',
        nextAt: store().clock.now() + (claim.workspaceId === HOG ? 2 * LEASE_MS : 0),
        reason: 'busy',
      });
    const next = [...(await workspacesOf(store(), 3)), ...(await workspacesOf(store(), 3))];
    expect(next.toSorted()).toEqual([...QUIET, ...QUIET].toSorted());
  });
});
