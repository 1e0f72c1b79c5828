/** The page and our HubSpot extension, built when the playground starts, into a folder that goes when it ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExtension, buildPage } from '../bundle.ts';
import { Refused } from './http.ts';

const INDEX = fileURLToPath(new URL('../page/index.html', import.meta.url));
const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css' };

export interface Assets {
  /** Paths of this page's own origin. */
  bundleUrl: string;
  workerUrl: string;
  /** Rejects when the sources do not compile. */
  built: Promise<void>;
  page(response: ServerResponse): void;
  /** `name`: below /playground/assets/. Waits for the build. */
  serve(name: string, response: ServerResponse): Promise<void>;
  remove(): void;
}

export function buildAssets(): Assets {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-playground-'));
  const built = Promise.all([buildPage(folder), buildExtension(folder)]).then(() => undefined);
  // Whoever waits for it is told; nobody has to.
  built.catch(() => undefined);
  return {
    bundleUrl: '/playground/assets/extension/Conversations.js',
    workerUrl: '/playground/assets/extension-worker.js',
    built,
    page: (response) => send(response, INDEX, 'text/html; charset=utf-8'),
    serve: async (name, response) => {
      if (!/^(?:[\w-]+\/)*[\w-]+\.(?:js|css)$/.test(name)) throw new Refused(404, 'There is no such file');
      await built;
      send(response, join(folder, name), TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function send(response: ServerResponse, file: string, contentType: string): void {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    throw new Refused(404, 'There is no such file');
  }
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' }).end(content);
}
