import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeyRing } from '../../../server/store/sealing/keyring.ts';
import { createSeal } from '../../../server/store/sealing/seal.ts';
import { GATHERED, openWorld, type World } from '../../support/relay-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ desk: { can: { tells: ['sent', 'failed'] }, contacts: true } });
});
afterEach(() => world.close());

/** Everything that SQLite has written: the database and its write-ahead log. */
function onDisk(): Buffer {
  const folder = dirname(world.file);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Buffer.concat(files.map((one) => readFileSync(join(one.parentPath, one.name))));
}
const holds = (secret: string): boolean => onDisk().includes(Buffer.from(secret));

const SECRETS = [
  'my secret question',
  'our secret answer',
  '+447700900101',
  'Ann',
  'workspace-token-of-the-test',
  'channel-token-of-the-test',
];

describe('the database file', () => {
  test('holds neither texts nor phone numbers nor names nor tokens', async () => {
    await world.customerWrites('my secret question');
    await world.advance(GATHERED);
    await world.agentWrites('our secret answer', { id: 'reply' });
    await world.run();
    expect(world.pager.texts()).toEqual(['our secret answer']);
    expect(SECRETS.filter(holds)).toEqual([]);
  });

  test('would be seen to hold them if they were not sealed (the control of this test)', async () => {
    await world.db
      .insertInto('setting')
      .values(SECRETS.map((value, index) => ({ key: `open-${index}`, value })))
      .execute();
    expect(SECRETS.filter(holds)).toEqual(SECRETS);
  });
});

describe('a sealed value', () => {
  const seal = createSeal(randomBytes(32));

  test('opens in its own row, and in no other', () => {
    const sealed = seal.seal('evt_1', { text: 'hello' });
    expect(seal.open('evt_1', sealed)).toEqual({ text: 'hello' });
    expect(() => seal.open('evt_2', sealed)).toThrow();
  });

  test('does not open when a bit was changed, when it was cut, or under another key', () => {
    const sealed = seal.seal('evt_1', { text: 'hello' });
    for (const at of [0, 5, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => seal.open('evt_1', changed)).toThrow();
    }
    expect(() => seal.open('evt_1', sealed.subarray(0, -1))).toThrow();
    expect(() => createSeal(randomBytes(32)).open('evt_1', sealed)).toThrow();
  });

  test('looks different every time', () => {
    const all = Array.from({ length: 1_000 }, () => seal.seal('evt_1', 'hello').toString('hex'));
    expect(new Set(all).size).toBe(1_000);
    expect(new Set(all.map((one) => one.slice(2, 26))).size).toBe(1_000);
  });

  test('hashes depend on the workspace’s key and on where one word ends', () => {
    expect(seal.hash('a', 'b')).toBe(seal.hash('a', 'b'));
    expect(seal.hash('a', 'b')).not.toBe(seal.hash('ab'));
    expect(seal.hash('a', 'b')).not.toBe(createSeal(randomBytes(32)).hash('a', 'b'));
  });
});

describe('the key ring', () => {
  const [old, young, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;

  test('opens with a second key what was wrapped when that key was the first', async () => {
    const dataKey = createKeyRing([old]).newDataKey();
    const wrapped = await createKeyRing([old]).wrap(dataKey);
    expect(Buffer.from(await createKeyRing([young, old]).unwrap(wrapped))).toEqual(Buffer.from(dataKey));
  });

  test('wraps with the first key', async () => {
    const wrapped = await createKeyRing([young, old]).wrap(randomBytes(32));
    await expect(createKeyRing([young]).unwrap(wrapped)).resolves.toBeDefined();
    await expect(createKeyRing([old]).unwrap(wrapped)).rejects.toThrow();
  });

  test('says which setting lacks the key, and not the key', async () => {
    const wrapped = await createKeyRing([old]).wrap(randomBytes(32));
    const error = await createKeyRing([foreign])
      .unwrap(wrapped)
      .catch((reason: Error) => reason.message);
    expect(error).toContain('OCTOPODS_KEYS does not hold the key');
    expect(error).not.toContain(Buffer.from(old).toString('base64'));
  });

  test('cannot be empty', () => {
    expect(() => createKeyRing([])).toThrow('empty');
  });

  test('rotated under a running installation: what was sealed before still opens', async () => {
    await world.customerWrites('before');
    world.keys.unshift(randomBytes(32));
    world = await world.crash();
    await world.advance(GATHERED);
    expect(world.desk.texts()).toEqual(['before']);
    world.keys.splice(0, world.keys.length, randomBytes(32));
    world = await world.crash();
    await expect(world.customerWrites('after')).rejects.toThrow('OCTOPODS_KEYS');
  });

  test('archiving a workspace destroys its key: nothing of it opens any more', async () => {
    await world.customerWrites('hello');
    await world.connections.archiveWorkspace('wsp_test');
    await expect(world.connections.seal('wsp_test')).rejects.toThrow('archived');
  });
});
