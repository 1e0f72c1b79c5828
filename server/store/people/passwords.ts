/** Passwords (as hashes), the links of our mails (as hashes), and how often something was tried. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import type { MailLinkTable, PasswordTable } from '../database/schema-people.ts';

export type PasswordRow = Selectable<PasswordTable>;
export type MailLink = Selectable<MailLinkTable>;

export interface PasswordStore {
  password(by: { email: string } | { personId: string }): Promise<PasswordRow | undefined>;
  /** A person with an address of their own and its password; false when the address has one already. */
  addPasswordPerson(
    person: { id: string; name: string },
    row: Omit<PasswordRow, 'person_id'>,
  ): Promise<boolean>;
  /** For a person who is here already. False when the address is another's. */
  setPassword(row: PasswordRow): Promise<boolean>;
  /** False when somebody else has the new address by now. */
  changeAddress(personId: string, email: string): Promise<boolean>;
  /** Counts a wrong try and answers how many there are now. */
  failed(personId: string): Promise<number>;
  lock(personId: string, at: number): Promise<void>;
  /** The count starts over. */
  unlock(personId: string): Promise<void>;

  addMailLink(link: MailLink): Promise<void>;
  mailLink(hash: string, kind: MailLink['kind'], now: number): Promise<MailLink | undefined>;
  /** Takes it away, so that it works once. */
  takeMailLink(hash: string, kind: MailLink['kind'], now: number): Promise<MailLink | undefined>;
  dropMailLinks(kind: MailLink['kind'], email: string): Promise<void>;
  pendingMailLink(kind: MailLink['kind'], personId: string, now: number): Promise<MailLink | undefined>;

  /** Counts one; answers how many in the window that is running, and when it ends. */
  count(key: string, windowMs: number, now: number): Promise<{ count: number; until: number }>;
  counted(key: string, now: number): Promise<{ count: number; until: number }>;
}

export const createPasswordStore = (db: Database): PasswordStore => ({
  ...passwordRows(db),
  ...mailLinkRows(db),
  ...throttleRows(db),
});

function passwordRows(db: Database) {
  const update = (personId: string) => db.updateTable('password').where('person_id', '=', personId);
  return {
    password: (by: { email: string } | { personId: string }) => {
      const rows = db.selectFrom('password').selectAll();
      return (
        'email' in by ? rows.where('email', '=', by.email) : rows.where('person_id', '=', by.personId)
      ).executeTakeFirst();
    },
    addPasswordPerson: (person: { id: string; name: string }, row: Omit<PasswordRow, 'person_id'>) =>
      db.transaction().execute(async (trx) => {
        if (!(await putPassword(trx, { ...row, person_id: person.id }))) return false;
        const created_at = row.changed_at;
        await trx
          .insertInto('person')
          .values({ ...person, email: row.email, created_at })
          .execute();
        return true;
      }),
    setPassword: (row: PasswordRow) => db.transaction().execute((trx) => putPassword(trx, row)),
    changeAddress: (personId: string, email: string) =>
      db.transaction().execute(async (trx) => {
        const holder = await trx
          .selectFrom('password')
          .select('person_id')
          .where('email', '=', email)
          .executeTakeFirst();
        if (holder && holder.person_id !== personId) return false;
        await trx.updateTable('password').set({ email }).where('person_id', '=', personId).execute();
        await trx
          .updateTable('login')
          .set({ subject: email })
          .where('provider', '=', 'password')
          .where('person_id', '=', personId)
          .execute();
        await trx.updateTable('person').set({ email }).where('id', '=', personId).execute();
        return true;
      }),
    failed: async (personId: string) => {
      const row = await update(personId)
        .set({ failed: sql`failed + 1` })
        .returning('failed')
        .executeTakeFirst();
      return Number(row?.failed ?? 0);
    },
    lock: async (personId: string, at: number) => {
      await update(personId).set({ locked_at: at }).execute();
    },
    unlock: async (personId: string) => {
      await update(personId).set({ failed: 0, locked_at: null }).execute();
    },
  };
}

/** The password and the login that it is; the login's unique key decides who has the address. */
async function putPassword(trx: Database, row: PasswordRow): Promise<boolean> {
  const login = await trx
    .insertInto('login')
    .values({
      provider: 'password',
      subject: row.email,
      person_id: row.person_id,
      created_at: row.changed_at,
    })
    .onConflict((it) => it.doNothing())
    .executeTakeFirst();
  const isNew = (login.numInsertedOrUpdatedRows ?? 0n) > 0n;
  const known = await trx
    .selectFrom('password')
    .select('person_id')
    .where('email', '=', row.email)
    .executeTakeFirst();
  if (!isNew && known?.person_id !== row.person_id) return false;
  const { person_id: _person, ...set } = row;
  await trx
    .insertInto('password')
    .values(row)
    .onConflict((it) => it.column('person_id').doUpdateSet(set))
    .execute();
  return true;
}

function mailLinkRows(db: Database) {
  return {
    addMailLink: async (link: MailLink) => {
      await db.deleteFrom('mail_link').where('expires_at', '<=', link.created_at).execute();
      await db.insertInto('mail_link').values(link).execute();
    },
    mailLink: (hash: string, kind: MailLink['kind'], now: number) =>
      db
        .selectFrom('mail_link')
        .selectAll()
        .where('hash', '=', hash)
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .executeTakeFirst(),
    takeMailLink: (hash: string, kind: MailLink['kind'], now: number) =>
      db
        .deleteFrom('mail_link')
        .where('hash', '=', hash)
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .returningAll()
        .executeTakeFirst(),
    dropMailLinks: async (kind: MailLink['kind'], email: string) => {
      await db.deleteFrom('mail_link').where('kind', '=', kind).where('email', '=', email).execute();
    },
    pendingMailLink: (kind: MailLink['kind'], personId: string, now: number) =>
      db
        .selectFrom('mail_link')
        .selectAll()
        .where('kind', '=', kind)
        .where('person_id', '=', personId)
        .where('expires_at', '>', now)
        .orderBy('created_at', 'desc')
        .executeTakeFirst(),
  };
}

function throttleRows(db: Database) {
  return {
    count: async (key: string, windowMs: number, now: number) => {
      await db.deleteFrom('throttle').where('until', '<=', now).execute();
      const row = await db
        .insertInto('throttle')
        .values({ key, count: 1, until: now + windowMs })
        .onConflict((it) => it.column('key').doUpdateSet({ count: sql`throttle.count + 1` }))
        .returning(['count', 'until'])
        .executeTakeFirstOrThrow();
      return { count: Number(row.count), until: Number(row.until) };
    },
    counted: async (key: string, now: number) => {
      const row = await db
        .selectFrom('throttle')
        .select(['count', 'until'])
        .where('key', '=', key)
        .where('until', '>', now)
        .executeTakeFirst();
      return { count: Number(row?.count ?? 0), until: Number(row?.until ?? now) };
    },
  };
}
