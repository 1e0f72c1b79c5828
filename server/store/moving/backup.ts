/**
 * A copy of a SQLite database while servers use it. `vacuum into` and not a copy of its pages: the copy holds what is
 * stored and nothing else, so what was erased before is in no corner of it.
 */
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openDatabase } from '../database/open.ts';
import type { KeyRing } from '../sealing/keyring.ts';
import { checkKeys } from '../sealing/rotation.ts';

/** `url`: `sqlite:PATH`. Throws when `to` is there already. Writers are not held up; the copy is of one moment. */
export function backUp(url: string, to: string): void {
  const from = existing(pathOf(url));
  if (existsSync(to)) throw new Error(`"${to}" is there already: a backup overwrites nothing`);
  mkdirSync(dirname(to), { recursive: true });
  const database = new Sqlite(from, { fileMustExist: true, readonly: true, timeout: 5_000 });
  try {
    database.prepare('vacuum into ?').run(to);
    sync(to);
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  } finally {
    database.close();
  }
}

/** The other way round, for a database that is not there (any more). Checked first: whole, and with the ring's keys. */
export async function restore(from: string, url: string, keys: KeyRing): Promise<void> {
  const to = pathOf(url);
  existing(from);
  for (const path of [to, `${to}-wal`])
    if (existsSync(path)) throw new Error(`"${path}" is there: stop the server and move it away first`);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  try {
    check(to);
    const db = await openDatabase(url);
    await checkKeys(db, keys).finally(() => db.destroy());
    sync(to);
  } catch (error) {
    for (const path of [to, `${to}-wal`, `${to}-shm`]) rmSync(path, { force: true });
    throw error;
  }
}

function check(path: string): void {
  const database = new Sqlite(path, { fileMustExist: true });
  const verdict = database.pragma('integrity_check', { simple: true });
  database.close();
  if (verdict !== 'ok') throw new Error(`the backup is damaged: ${String(verdict)}`);
}

function pathOf(url: string): string {
  if (!url.startsWith('sqlite:'))
    throw new Error('this is for SQLite: a Postgres database is backed up by pg_dump or by whoever runs it');
  return url.slice('sqlite:'.length);
}

function existing(path: string): string {
  if (!existsSync(path)) throw new Error(`there is no database at "${path}"`);
  return path;
}

function sync(path: string): void {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}
