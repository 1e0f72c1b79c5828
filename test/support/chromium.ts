import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
      env: { ...process.env, TMPDIR: folder, FONTCONFIG_FILE: fontsIn(folder) },
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

/** The font that comes with it before the machine's own, of which there may be none: pages look alike everywhere. */
function fontsIn(folder: string): string {
  const file = join(folder, 'octopods-fonts.conf');
  const families = ['sans-serif', 'system-ui'].map(
    (family) => `<alias><family>${family}</family><prefer><family>Open Sans</family></prefer></alias>`,
  );
  writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}/fonts</dir>
    <dir>/usr/share/fonts</dir><cachedir>${folder}/fonts-cache</cachedir>${families.join('')}</fontconfig>`,
  );
  return file;
}

/** No calls home. */
const QUIET = ['--disable-background-networking', '--disable-sync', '--no-first-run'];
