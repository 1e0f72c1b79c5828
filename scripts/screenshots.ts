/**
 * `node scripts/screenshots.ts`: takes every picture of the playground anew (test/browser/looks.test.ts writes them to
 * test/screenshots/) and copies those that the README shows to docs/images/. Look at them before you commit them.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHOWN = {
  'intercom-light.png': 'playground.png',
  'hubspot-light.png': 'playground-hubspot.png',
  'hubspot-failed-dark.png': 'playground-failed.png',
};

const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
const run = spawnSync(process.execPath, [vitest, 'run', 'test/browser/looks.test.ts'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (run.status !== 0) process.exit(run.status ?? 1);
mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
for (const [taken, shown] of Object.entries(SHOWN)) {
  copyFileSync(join(ROOT, 'test/screenshots', taken), join(ROOT, 'docs/images', shown));
  console.log(`docs/images/${shown}`);
}
