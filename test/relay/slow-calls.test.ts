/** Who hangs holds up nobody else: a call that waits long gives up its place, and its account gets only so many of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../server/core/adapter.ts';
import type { Outcome } from '../../server/core/outcome.ts';
import { createSlowCalls } from '../../server/relay/slow-calls.ts';
import { createWorker, type Worker } from '../../server/relay/worker.ts';
import type { Claim } from '../../server/store/ledger/claims.ts';
import type { Plan } from '../support/other-side.ts';
import { CHANNEL, GATHERED, openWorld, type World } from '../support/relay-world.ts';
import { until } from '../support/until.ts';

const PLACES = 128;
/** Slow calls that one account may have. */
const SHARE = 64;
const LANES = 300;
const OTHER = 'wsp_other';

let world: World;
let worker: Worker | undefined;
/** Everything that the worker claimed, by lane. */
let claimed: Claim[];
/** Ends the calls that hang: they were accepted, only late. */
let answers: (() => void)[];
let isHanging: boolean;

const isStalled = ({ conversation }: Delivery): boolean => conversation.channel.id === CHANNEL;

/** Every call for the first workspace hangs; the other one's are answered, and `arrived` says so. */
function hangs(arrived: () => void): Plan {
  return (delivery, accept): Outcome | Promise<Outcome> => {
    if (!isStalled(delivery)) {
      arrived();
      return accept();
    }
    if (!isHanging) return accept();
    return new Promise((resolve) => answers.push(() => resolve(accept())));
  };
}

async function openSecondWorkspace(): Promise<void> {
  const { connections } = world;
  const common = { name: 'Other', credentials: { token: 'token-of-the-other' }, settings: {} };
  await connections.addWorkspace({
    ...{ ...common, id: OTHER, account_id: 'acc_other', platform: 'desk', external_id: 'desk-2' },
    connected_by: 'per_other',
  });
  const channel = { type: 'pager', medium: 'pager', external_id: 'other', status: 'connected' as const };
  await connections.addChannel({ ...common, ...channel, workspace_id: OTHER, id: 'chn_other' });
}

const writesInTheOther = (text: string, thread: string): Promise<number> =>
  world.ledger.append([
    {
      kind: 'message',
      id: `other-${text}`,
      parts: [{ kind: 'text', text }],
      at: world.io.clock.now(),
      connection: { workspaceId: OTHER, id: 'chn_other' },
      thread,
      author: {
        kind: 'customer',
        customer: { identities: [{ scope: '', kind: 'phone', value: thread }], address: thread },
      },
    },
  ]);

const customer = (index: number): string => `+4477009${String(index).padStart(5, '0')}`;

/** `LANES` customers of the workspace whose platform hangs have written `each` messages, all due; the worker is at it. */
async function crowd(each: number): Promise<void> {
  for (let index = 0; index < LANES; index += 1)
    for (let number = 1; number <= each; number += 1)
      await world.customerWrites(`${index}: ${number}`, {
        id: `of-${index}-${number}`,
        thread: customer(index),
      });
  world.io.clock.advance(GATHERED);
  const ledger: typeof world.deps.ledger = {
    ...world.deps.ledger,
    claim: async (...request) => {
      const claims = await world.deps.ledger.claim(...request);
      claimed.push(...claims);
      return claims;
    },
  };
  worker = createWorker({ ...world.deps, ledger });
  worker.start();
}

/** Resolves when the worker finds nothing more that is due. */
async function worksOnTheRest(): Promise<void> {
  await until('every conversation to have had its turn', () => claimed.length > LANES);
  await until('nothing to be due', async () => {
    const due = world.db.selectFrom('lane').select('id').where('pending', '>', 0);
    return (await due.where('due', '<=', world.io.clock.now()).execute()).length === 0;
  });
}

async function answersAgain(): Promise<void> {
  isHanging = false;
  for (const answer of answers.splice(0)) answer();
  await worker?.drain(10_000);
}

beforeEach(async () => {
  [worker, claimed, answers, isHanging] = [undefined, [], [], true];
  world = await openWorld();
  await openSecondWorkspace();
});
afterEach(async () => {
  await answersAgain();
  await world.close();
});

/** The crowd's calls hang, and the other workspace's first message has gone out all the same. */
async function untilTheOtherIsThrough(each: number): Promise<void> {
  const arrived = new Promise<void>((resolve) => {
    world.desk.next(...Array.from({ length: 2_000 }, () => hangs(resolve)));
  });
  await crowd(each);
  await world.desk.called(PLACES);
  await writesInTheOther('hello', customer(900));
  world.io.clock.advance(GATHERED);
  await arrived;
}

describe('an account that hangs on every call', () => {
  test('holds up nobody else: with 300 of its conversations waiting, another workspace’s message goes out', async () => {
    await untilTheOtherIsThrough(1);
    await worksOnTheRest();
    expect(world.desk.calls.filter(isStalled).length).toBeLessThan(PLACES + SHARE);
  });

  test('counts no attempt for what waits for it, and does not look at it again and again', async () => {
    await untilTheOtherIsThrough(1);
    await worksOnTheRest();
    const called = new Set(world.desk.calls.map(({ id }) => id));
    const waiting = claimed.map(({ delivery }) => delivery).filter(({ id }) => !called.has(id));
    expect(waiting.length).toBeGreaterThan(LANES - PLACES - SHARE);
    const stored = await world.db.selectFrom('delivery').selectAll().where('state', '=', 'queued').execute();
    expect(stored.map(({ id, attempts }) => [id, attempts])).toEqual(
      expect.arrayContaining(waiting.map(({ id }) => [id, 0])),
    );
    // Each lane came up once: while the clock stands still, none of them is due again.
    expect(new Set(claimed.map(({ laneId }) => laneId)).size).toBe(claimed.length);
  });

  test('gets everything once and in order when it answers again', async () => {
    await untilTheOtherIsThrough(2);
    await worksOnTheRest();
    await answersAgain();
    for (let second = 0; second < 20; second += 1) await world.advance(1_000);
    const texts = world.desk.texts().filter((text) => text !== 'hello');
    expect(texts).toHaveLength(2 * LANES);
    const of = Map.groupBy(texts, (text) => text.split(':')[0]);
    for (const [index, said] of of) expect(said).toEqual([`${index}: 1`, `${index}: 2`]);
  });
});

test('the more accounts hang, the fewer calls each of them may have, but two at least', async () => {
  const slow = createSlowCalls(world.io.clock);
  const ends: (() => void)[] = [];
  const hang = (account: string, calls: number): Promise<void> => {
    const all = slow.count() + calls;
    for (let index = 0; index < calls; index += 1)
      void slow.wait(account, () => new Promise<void>((resolve) => ends.push(resolve)));
    return new Promise((resolve) => slow.onSlow(() => slow.count() === all && resolve()));
  };
  await hang('first', SHARE);
  expect(slow.turn('first')).toBeDefined();
  expect(slow.turn('second')).toBeUndefined();
  await hang('second', 448);
  await hang('third', 1);
  expect(slow.turn('third')).toBeUndefined();
  await hang('third', 1);
  expect(slow.turn('third')).toBeDefined();
  for (const end of ends) end();
});
