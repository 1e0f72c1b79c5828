/**
 * The playground's folder: keys of its own, kept, and a database that begins empty at every start, because the
 * simulated platforms remember nothing either. One sub-folder per port, so that two playgrounds never share one.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PlaygroundFolder {
  /** As OCTOPODS_KEYS. */
  keys: string;
  /** For the database and the media. */
  run: string;
  /** What Octopods itself writes. */
  log: string;
}

/** Call it while holding the port: whoever holds it owns the sub-folder. */
export function openFolder(folder: string, port: number): PlaygroundFolder {
  const run = join(folder, String(port));
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { recursive: true, mode: 0o700 });
  return { keys: keysIn(folder), run, log: join(run, 'octopods.log') };
}

function keysIn(folder: string): string {
  const file = join(folder, 'keys');
  if (!existsSync(file)) {
    try {
      writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another playground was quicker: its keys are as good.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return readFileSync(file, 'utf8').trim();
}
