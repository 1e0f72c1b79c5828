/** What the store refuses, as errors, and its limits: the only values of this folder that others import. */

/** The bot, number, page, Intercom workspace or portal is connected already. */
export class AlreadyLinked extends Error {
  override name = 'AlreadyLinked';
}

/** Larger than this, a file is not kept. */
export const MAX_MEDIA_BYTES = 25 * 1024 * 1024;

/** A file grew past `MAX_MEDIA_BYTES` while it was written. */
export class MediaTooLarge extends Error {
  override name = 'MediaTooLarge';
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');

/**
 * Nothing can be written right now, whatever it is: the caller may simply come again. Locked, full, read-only or
 * broken on SQLite; not reachable, going down, standby or out of something on Postgres
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
export function isDatabaseDown(error: unknown): boolean {
  return (
    /^SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN|CORRUPT|NOTADB)/.test(codeOf(error)) ||
    /^(08|53|57P|58|25006$|E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|HOSTUNREACH)$)/.test(
      codeOf(error),
    ) ||
    // A socket in a folder that is missing while Postgres restarts says ENOENT, like any missing file.
    (error as { syscall?: unknown } | null)?.syscall === 'connect' ||
    // The Postgres driver has no code for a connection that broke or did not come about.
    /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Postgres connection has been discarded)/.test(
      String((error as Error | null)?.message ?? ''),
    )
  );
}

/** On SQLite and on Postgres. */
export const isDiskFull = (error: unknown): boolean => /^(SQLITE_FULL|53100)/.test(codeOf(error));

/** Why nothing can be written, in plain words, with what to do. */
export function whyUnwritable(error: unknown): string {
  const code = codeOf(error);
  if (isDiskFull(error)) return 'the disk of the database is full: free some space';
  if (/^(SQLITE_READONLY|25006)/.test(code)) return 'the database is read-only: nothing can be stored';
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'another process keeps the database locked: end it';
  if (/^SQLITE_IOERR/.test(code)) return 'the disk of the database refuses to be written: look at it';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return 'the database file is damaged: restore the last backup';
  return 'the database does not answer';
}

/** What a log says of an error: where it happened only if our own code may be at fault. */
export const forLog = (error: unknown): string =>
  isDatabaseDown(error) ? String(error) : String((error as Error | null)?.stack ?? error);

/** Two transactions of Postgres got in each other's way; nothing was written, and trying again helps. */
export const isCollision = (error: unknown): boolean => /^(40001|40P01|55P03)$/.test(codeOf(error));

/** A unique index said no. */
export const isTaken = (error: unknown): boolean =>
  codeOf(error) === '23505' || /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(codeOf(error));
