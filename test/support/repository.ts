/** The repository's own sources, for the tests that read code. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Source } from './boundaries.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** `folders`: paths from the root; every .ts and .tsx below them, tests and declarations too. */
export const sourcesIn = (...folders: string[]): Source[] =>
  globSync(
    folders.map((folder) => (folder.endsWith('.ts') ? folder : `${folder}/**/*.{ts,tsx}`)),
    { cwd: root, exclude: (path) => path.includes('node_modules') },
  )
    .sort()
    .map((path) => ({ path, text: read(path) }));
