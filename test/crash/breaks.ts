/**
 * Promises broken on purpose, in a copy of the code: a crash loop that stays green on these proves nothing. Each names
 * the line that it spoils, and fails when that line is not there any more.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Break {
  what: string;
  file: string;
  line: string;
  instead: string;
}

export const BREAKS: Record<string, Break> = {
  ack: {
    what: 'acknowledges first and stores a moment later, as a queue in memory would',
    file: 'server/relay/ingest.ts',
    line: 'if (received.events.length > 0) await deps.ledger.append(received.events);',
    instead: 'setTimeout(() => void deps.ledger.append(received.events), 250);',
  },
  started: {
    what: 'sends without having written that an attempt begins',
    file: 'server/relay/attempt.ts',
    line: 'if (!(await begin(deps, claim, ready, prepared.contact))) return;',
    instead: '',
  },
  dedupe: {
    what: 'takes every webhook for a new message',
    file: 'server/store/ledger/append.ts',
    line: 'dedupe: seal.hash(event.connection.id, event.kind, sourceId(event)),',
    instead: 'dedupe: seal.hash(event.connection.id, event.kind, String(Math.random())),',
  },
  migration: {
    what: 'changes the schema of SQLite statement by statement, as Kysely does by itself',
    file: 'server/store/database/sqlite-dialect.ts',
    line: 'return true;',
    instead: 'return false;',
  },
};

/** The code with the line spoiled. Throws when it is not there exactly once. */
export function broken({ file, line, instead }: Break): string {
  const parts = readFileSync(join(ROOT, file), 'utf8').split(line);
  if (parts.length !== 2) throw new Error(`${file} no longer has this line once: ${line}`);
  return parts.join(instead);
}

/** A copy of the server with this break in it; `remove` when done. */
export function brokenTree(name: Break): { tree: string; remove(): void } {
  const tree = mkdtempSync(join(tmpdir(), 'octopods-broken-'));
  for (const part of ['server', 'intercom-canvas', 'package.json'])
    cpSync(join(ROOT, part), join(tree, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  writeFileSync(join(tree, name.file), broken(name));
  return { tree, remove: () => rmSync(tree, { recursive: true, force: true }) };
}
