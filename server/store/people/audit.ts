/**
 * The audit trail: one chain per account, only ever added to. A row's `mac` is a keyed hash over itself and the row
 * before it; the key is wrapped by the key ring, so whoever can only write to the database cannot make a chain fit.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { withoutCollision } from '../database/committer-postgres.ts';
import type { Database } from '../database/open.ts';
import type { AuditTable } from '../database/schema-people.ts';
import { createSettingStore } from '../database/settings.ts';
import type { KeyRing } from '../sealing/keyring.ts';
import { type AccountStore, createAccountStore } from './accounts.ts';
import { createPeopleStore, type PeopleStore } from './people.ts';

export interface NewAuditRow {
  account_id: string;
  at: number;
  actor: string;
  token_id: string | null;
  action: string;
  workspace_id: string | null;
  subject: string | null;
  facts: Record<string, string | number | boolean | null>;
}
export type AuditRow = Omit<AuditTable, 'facts'> & { facts: NewAuditRow['facts'] };
export interface AuditBreak {
  accountId: string;
  seq: number;
  why: string;
}

/** Writes an entry in somebody's transaction: theirs and the entry are both there, or neither. */
export type Note = (trx: Database) => Promise<void>;

/** The stores of an account within one transaction. Asking others meanwhile would wait for its end, on SQLite for ever. */
export interface Together {
  accounts: AccountStore;
  people: PeopleStore;
  append(row: NewAuditRow): Promise<void>;
}

export interface AuditStore {
  append(row: NewAuditRow): Promise<void>;
  /** Before a transaction, what makes the notes in it. */
  noting(): Promise<(row: NewAuditRow) => Note>;
  /** What is changed and appended by `work` is there as a whole, or not at all. Run again after a collision. */
  together<Result>(clock: { now(): number }, work: (stores: Together) => Promise<Result>): Promise<Result>;
  /** Newest first. */
  page(
    accountId: string,
    query: { before?: number; limit: number; workspaceId?: string; action?: string },
  ): Promise<AuditRow[]>;
  /** Oldest first, a thousand at a time. */
  all(accountId: string): AsyncIterable<AuditRow>;
  /** Accounts that have a trail, or must have one. */
  accounts(): Promise<string[]>;
  /** Undefined: every row fits. */
  check(accountId: string): Promise<{ entries: number; broken?: AuditBreak }>;
  /** Names somebody without telling who. 22 characters. */
  pseudonym(words: string[]): Promise<string>;
}

const PAGE = 1_000;
const START = 'start';

export function createAuditStore(db: Database, keys: KeyRing): AuditStore {
  let key: Promise<KeyObject> | undefined;
  const theKey = () => {
    key ??= loadKey(db, keys);
    key.catch(() => {
      key = undefined;
    });
    return key;
  };
  const noting = async () => {
    const key = await theKey();
    return (row: NewAuditRow): Note =>
      (trx) =>
        append(trx, key, row);
  };
  const inOne = <Result>(work: (trx: Database) => Promise<Result>) =>
    withoutCollision(() => db.transaction().execute(work));
  return {
    append: async (row) => inOne((await noting())(row)),
    noting,
    together: async (clock, work) => {
      const note = await noting();
      return inOne((trx) =>
        work({
          accounts: createAccountStore(trx, clock),
          people: createPeopleStore(trx),
          append: (row) => note(row)(trx),
        }),
      );
    },
    ...reading(db),
    check: async (accountId) => check(db, await theKey(), accountId),
    pseudonym: async (words) =>
      createHmac('sha256', await theKey())
        .update(['pseudonym', ...words].join('\u0000'))
        .digest('base64url')
        .slice(0, 22),
  };
}

const reading = (db: Database): Pick<AuditStore, 'page' | 'all' | 'accounts'> => ({
  page: async (accountId, { before, limit, workspaceId, action }) => {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('account_id', '=', accountId)
      .$if(before !== undefined, (it) => it.where('seq', '<', before as number))
      .$if(workspaceId !== undefined, (it) => it.where('workspace_id', '=', workspaceId as string))
      .$if(action !== undefined, (it) => it.where('action', '=', action as string))
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
    return rows.map(asRow);
  },
  all: (accountId) => walk(db, accountId),
  accounts: async () => {
    const of = (table: 'audit' | 'audit_head') =>
      db.selectFrom(table).select('account_id').distinct().execute();
    const rows = [...(await of('audit')), ...(await of('audit_head'))];
    return [...new Set(rows.map((row) => row.account_id))];
  },
});

/** Made once; rotation (rotation.ts) wraps it anew like any data key. */
async function loadKey(db: Database, keys: KeyRing): Promise<KeyObject> {
  const wrapped = await createSettingStore(db).getOrMake('audit key', await keys.wrap(randomBytes(32)));
  return createSecretKey(Buffer.from(await keys.unwrap(wrapped)));
}

const macOf = (key: KeyObject, before: string, row: Omit<AuditTable, 'mac'>): string =>
  createHmac('sha256', key)
    .update(
      JSON.stringify([
        before,
        row.account_id,
        Number(row.seq),
        Number(row.at),
        row.actor,
        row.token_id,
        row.action,
        row.workspace_id,
        row.subject,
        row.facts,
      ]),
    )
    .digest('base64url');

/** The head's own mac says where the chain ends: without it, cutting off the last rows would not show. */
const headMac = (key: KeyObject, accountId: string, seq: number, mac: string): string =>
  createHmac('sha256', key)
    .update(JSON.stringify(['head', accountId, Number(seq), mac]))
    .digest('base64url');

async function append(trx: Database, key: KeyObject, { facts, ...row }: NewAuditRow): Promise<void> {
  // The head's row is written first: it is the lock under which two entries of an account cannot take one place.
  const { seq } = await trx
    .insertInto('audit_head')
    .values({ account_id: row.account_id, seq: 1, mac: '' })
    .onConflict((it) => it.column('account_id').doUpdateSet((eb) => ({ seq: eb('audit_head.seq', '+', 1) })))
    .returning('seq')
    .executeTakeFirstOrThrow();
  const last = await trx
    .selectFrom('audit')
    .select('mac')
    .where('account_id', '=', row.account_id)
    .where('seq', '=', Number(seq) - 1)
    .executeTakeFirst();
  const made = { ...row, seq: Number(seq), facts: JSON.stringify(facts) };
  const mac = macOf(key, last?.mac ?? START, made);
  await trx
    .insertInto('audit')
    .values({ ...made, mac })
    .execute();
  await trx
    .updateTable('audit_head')
    .set({ mac: headMac(key, row.account_id, made.seq, mac) })
    .where('account_id', '=', row.account_id)
    .execute();
}

const asRow = (row: AuditTable): AuditRow => ({
  ...row,
  seq: Number(row.seq),
  at: Number(row.at),
  facts: JSON.parse(row.facts),
});

async function* walkRaw(db: Database, accountId: string): AsyncGenerator<AuditTable> {
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(PAGE)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = Number(last.seq);
  }
}
async function* walk(db: Database, accountId: string): AsyncGenerator<AuditRow> {
  for await (const row of walkRaw(db, accountId)) yield asRow(row);
}

async function check(
  db: Database,
  key: KeyObject,
  accountId: string,
): Promise<{ entries: number; broken?: AuditBreak }> {
  let before = START;
  let seq = 0;
  const broken = (at: number, why: string) => ({ entries: seq, broken: { accountId, seq: at, why } });
  for await (const row of walkRaw(db, accountId)) {
    if (Number(row.seq) !== seq + 1) return broken(seq + 1, 'an entry is missing');
    if (row.mac !== macOf(key, before, row)) return broken(Number(row.seq), 'an entry was changed');
    before = row.mac;
    seq += 1;
  }
  const head = await db
    .selectFrom('audit_head')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (Number(head?.seq ?? 0) !== seq) return broken(seq + 1, 'the last entries are missing');
  if (head && head.mac !== headMac(key, accountId, seq, before))
    return broken(seq, 'the end of the trail was changed');
  return { entries: seq };
}
