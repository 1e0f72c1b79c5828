import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refused } from '../../server/core/outcome.ts';
import { conversationCard } from '../../server/http/card-view.ts';
import { createRetentionJob, keepOnce, type RetentionDeps } from '../../server/relay/retention.ts';
import { createRetentionStore } from '../../server/store/erasure/retention.ts';
import { createMessageStore } from '../../server/store/reading/messages.ts';
import { answer } from '../support/other-side.ts';
import { GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: World;

beforeEach(async () => {
  const files = { image: { types: ['*'], maxSize: 1_000 } };
  world = await openWorld({ desk: { can: { files } } });
});
afterEach(() => world.close());

const deps = (contentMs: number): RetentionDeps => ({
  ...world,
  retention: createRetentionStore(world.db),
  files: world.deps.media.files,
  keep: { contentMs, ledgerMs: 400 * DAY },
});
const keep = (contentMs: number, more: Partial<RetentionDeps> = {}) =>
  keepOnce({ ...deps(contentMs), ...more }, { purging: true, mayGoOn: async () => true });

const files = (): string[] => {
  const folder = join(dirname(world.file), 'media');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.includes('med_'));
};
async function customerSendsPhoto(): Promise<void> {
  const photo = { kind: 'file' as const, file: { kind: 'image' as const, ref: 'r' } };
  await world.customerWrites('', { id: 'photo', parts: [photo] });
  const [row] = await world.deps.media.rows.claim(1, 1_000, world.io.clock.now());
  if (!row) throw new Error('the photo is not in the list');
  const { key } = await world.connections.seal(WORKSPACE);
  const body = (async function* () {
    yield Buffer.from('a photo');
  })();
  const size = await world.deps.media.files.write(row.id, key, body);
  await world.deps.media.rows.stored(row, { name: 'a.jpg', contentType: 'image/jpeg', size });
  await world.advance(GATHERED);
}
const cardMessages = async () => {
  const [conversation] = await world.db.selectFrom('conversation').select('id').execute();
  const found = await world.ledger.conversation({ workspaceId: WORKSPACE, id: conversation?.id ?? '' });
  if (!found) throw new Error('there is no conversation');
  const { adapter } = world.deps;
  const { clock } = world.io;
  const messages = createMessageStore(world.db, world.connections.seal);
  const card = await conversationCard({ ...world, adapter, clock, messages, publicUrl: '' }, found);
  return card?.messages ?? [];
};

test('a file goes from the disk with its message, and its row behind it', async () => {
  await customerSendsPhoto();
  expect(await world.message('photo')).toMatchObject({ status: 'sent' });
  world.io.clock.advance(7 * DAY);
  await keep(7 * DAY);
  expect(files()).toHaveLength(1);
  world.io.clock.advance(1);
  await keep(7 * DAY);
  expect(files()).toEqual([]);
  expect(await world.db.selectFrom('media').selectAll().execute()).toEqual([]);
});

test('with no retention at all the words go at once, a file a day later: it may still be fetched by its link', async () => {
  await customerSendsPhoto();
  world.io.clock.advance(1);
  expect(await keep(0)).toBe(1);
  const event = await world.db.selectFrom('event').select('content').executeTakeFirstOrThrow();
  expect(event.content).toBeNull();
  expect(files()).toHaveLength(1);
  world.io.clock.advance(DAY);
  await keep(0);
  expect(files()).toEqual([]);
});

test('a file whose removal was interrupted is removed in the next round', async () => {
  await customerSendsPhoto();
  world.io.clock.advance(8 * DAY);
  const broken = { ...world.deps.media.files, remove: () => Promise.reject(new Error('EIO')) };
  await expect(keep(7 * DAY, { files: broken })).rejects.toThrow('EIO');
  expect(files()).toHaveLength(1);
  await keep(7 * DAY);
  expect(files()).toEqual([]);
  expect(await world.db.selectFrom('media').selectAll().execute()).toEqual([]);
});

test('a failed reply can be resent from the card until it is erased, and then the card says why not', async () => {
  await world.customerWrites('hello');
  await world.advance(GATHERED);
  world.pager.next(answer(refused('blocked', 'The number is blocked. Use Resend if it still matters.')));
  await world.agentWrites('reply', { id: 'reply' });
  await world.run();
  expect((await cardMessages())[0]).toMatchObject({ status: 'failed', excerpt: 'reply', canResend: true });

  world.io.clock.advance(DAY + 1);
  await keep(DAY);
  const [shown] = await cardMessages();
  expect(shown).toMatchObject({ status: 'failed', excerpt: '', canResend: false });
  expect(shown?.reason).toContain('Its content was erased');
  const { id } = await world.message('reply');
  expect(await world.ledger.resend(WORKSPACE, id)).toBe('erased');
});

test('a reply to an erased message still goes to its conversation', async () => {
  await world.customerWrites('hello', { id: 'hello' });
  await world.advance(GATHERED);
  world.io.clock.advance(8 * DAY);
  expect(await keep(7 * DAY)).toBe(1);
  await world.agentWrites('here you are', { replyTo: 'hello' });
  await world.run();
  expect(world.pager.texts()).toEqual(['here you are']);
});

test('the job empties the database’s log when it begins, also when it erased nothing itself', async () => {
  await world.customerWrites('hello');
  const log = () => statSync(`${world.file}-wal`).size;
  expect(log()).toBeGreaterThan(0);
  const job = createRetentionJob(deps(7 * DAY));
  job.start();
  await expect.poll(log).toBe(0);
  await job.stop();
});
