import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A description as data. Five megabytes of YAML take seconds to read, so their JSON is kept in the temp folder. */
export function readDescription(file: string): unknown {
  if (file.endsWith('.json')) return JSON.parse(readFileSync(file, 'utf8'));
  const { size, mtimeMs } = statSync(file);
  const key = createHash('sha256').update(`${file} ${size} ${mtimeMs}`).digest('hex').slice(0, 24);
  const folder = join(tmpdir(), 'octopods-descriptions');
  const cached = join(folder, `${key}.json`);
  try {
    return JSON.parse(readFileSync(cached, 'utf8'));
  } catch {
    const value: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 });
    mkdirSync(folder, { recursive: true });
    const fresh = `${cached}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(value));
    renameSync(fresh, cached);
    return value;
  }
}

/** The files of a folder that fit, in order of their names. */
export const filesIn = (folder: string, fits: RegExp): string[] =>
  readdirSync(folder)
    .filter((name) => fits.test(name))
    .sort()
    .map((name) => join(folder, name));
