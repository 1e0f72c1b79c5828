import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sparticuz from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/** A headless Chromium from npm, with nothing to install; `close()` removes what it unpacked. */
export async function launchChromium(): Promise<{ browser: Browser; close(): Promise<void> }> {
  // It reuses whatever lies unpacked in TMPDIR, also a half-written copy of another run: each run has its own.
  const folder = mkdtempSync(join(tmpdir(), 'octopods-chromium-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const browser = await chromium.launch({
      executablePath: await sparticuz.executablePath(),
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...QUIET],
      env: { ...process.env, TMPDIR: folder },
    });
    return {
      browser,
      close: () => browser.close().finally(() => rmSync(folder, { recursive: true, force: true })),
    };
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/** No calls home. */
const QUIET = ['--disable-background-networking', '--disable-sync', '--no-first-run'];
