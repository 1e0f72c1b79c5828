import { expect, test } from 'vitest';
import { breaches, RULES } from '../support/boundaries.ts';
import { sourcesIn } from '../support/repository.ts';

const product = sourcesIn('server', 'intercom-canvas', 'hubspot-extension/src', 'playground', 'start.ts');

test('no file imports or uses what its folder must not', () => {
  expect(product.length).toBeGreaterThan(250);
  expect(breaches(product)).toEqual([]);
});

test('every rule has files to rule', () => {
  const idle = RULES.filter(({ of }) => !product.some(({ path }) => path.startsWith(of))).map(({ of }) => of);
  expect(idle).toEqual([]);
});

/** Files that each break one rule, beside the adapters that make names into outside names. */
const around = ['server/channels/telegram/index.ts', 'server/platforms/hubspot/index.ts'].map((path) => ({
  path,
  text: '',
}));
const breachesOf = (path: string, text: string) => breaches([...around, { path, text }]);

test.each([
  ['server/core/fit.ts', "import { Router } from 'express';", 'imports express'],
  ['server/core/fit.ts', "import { readFileSync } from 'node:fs';", 'imports node:fs'],
  [
    'server/core/fit.ts',
    "import type { Ledger } from '../store/ledger/ledger.ts';",
    'imports types of server/store/ledger/ledger.ts',
  ],
  ['server/core/fit.ts', 'export const now = Date.now();', 'uses clock'],
  ['server/core/fit.ts', 'export const now = new Date();', 'uses clock'],
  ['server/core/fit.ts', "await fetch('https://x');", 'uses network'],
  ['server/core/fit.ts', 'export const key = process.env.KEY;', 'uses env'],
  [
    'server/channels/line/index.ts',
    "import { x } from '../telegram/api.ts';",
    'imports server/channels/telegram/api.ts',
  ],
  [
    'server/channels/line/index.ts',
    "import { ingest } from '../../relay/ingest.ts';",
    'imports server/relay/ingest.ts',
  ],
  [
    'server/channels/line/index.ts',
    "import type { Ledger } from '../../store/ledger/ledger.ts';",
    'imports types of server/store/ledger/ledger.ts',
  ],
  [
    'server/channels/line/index.ts',
    "export * from '../../http/problem.ts';",
    'imports server/http/problem.ts',
  ],
  [
    'server/channels/line/index.ts',
    "const it = await import('../../platforms/hubspot/index.ts');",
    'imports server/platforms/hubspot/index.ts',
  ],
  ['server/channels/line/index.ts', "import { get } from 'node:https';", 'imports node:https'],
  ['server/channels/line/index.ts', "import { Client } from 'intercom-client';", 'imports intercom-client'],
  ['server/channels/line/index.ts', 'const options = { fetch };', 'uses network'],
  ['server/channels/line/index.ts', 'const get = globalThis.fetch;', 'uses global'],
  ['server/channels/line/index.ts', 'setTimeout(() => undefined, 5);', 'uses timers'],
  ['server/channels/line/index.ts', 'const id = Math.random();', 'uses chance'],
  ['server/channels/line/index.ts', "console.log('here');", 'uses console'],
  ['server/platforms/hubspot/x.ts', "import { Client } from 'intercom-client';", 'imports intercom-client'],
  [
    'server/platforms/hubspot/x.ts',
    "import { x } from '../intercom/api.ts';",
    'imports server/platforms/intercom/api.ts',
  ],
  [
    'server/relay/worker.ts',
    "import { createTelegram } from '../channels/telegram/index.ts';",
    'imports server/channels/telegram/index.ts',
  ],
  ['server/relay/worker.ts', "import { sql } from 'kysely';", 'imports kysely'],
  ['server/relay/worker.ts', "import { Router } from 'express';", 'imports express'],
  [
    'server/relay/worker.ts',
    "import { append } from '../store/ledger/append.ts';",
    'imports server/store/ledger/append.ts',
  ],
  ['server/relay/worker.ts', "if (type === 'hubspot') send();", 'names hubspot'],
  ['server/relay/worker.ts', 'const text = `by Telegram`;', 'names telegram'],
  ['server/relay/worker.ts', 'const isTelegram = true;', 'names telegram'],
  [
    'server/store/ledger/append.ts',
    "import { ingest } from '../../relay/ingest.ts';",
    'imports server/relay/ingest.ts',
  ],
  [
    'server/store/ledger/append.ts',
    "import type { X } from '../../accounts/roles.ts';",
    'imports types of server/accounts/roles.ts',
  ],
  ['server/accounts/roles.ts', "import { Router } from 'express';", 'imports express'],
  [
    'server/accounts/roles.ts',
    "import { createHubspot } from '../platforms/hubspot/index.ts';",
    'imports server/platforms/hubspot/index.ts',
  ],
  ['server/http/app.ts', "import { sql } from 'kysely';", 'imports kysely'],
  ['server/http/app.ts', "db.selectFrom('event');", 'uses SQL'],
  [
    'server/http/app.ts',
    "import { verify } from '../platforms/hubspot/signature.ts';",
    'imports server/platforms/hubspot/signature.ts',
  ],
  ['server/http/app.ts', "await fetch('https://x');", 'uses network'],
  [
    'server/console/home.ts',
    "import { openDatabase } from '../store/database/open.ts';",
    'imports server/store/database/open.ts',
  ],
  ['server/config.ts', 'export const port = process.env.PORT;', 'uses env'],
  ['server/serve.ts', "db.deleteFrom('event');", 'uses SQL'],
  [
    'intercom-canvas/draw.ts',
    "import type { Part } from '../server/core/message.ts';",
    'imports types of server/core/message.ts',
  ],
  ['intercom-canvas/draw.ts', "import { createHash } from 'node:crypto';", 'imports node:crypto'],
  [
    'hubspot-extension/src/app/cards/Card.tsx',
    "import type { X } from '../../../../server/core/message.ts';",
    'imports types of server/core/message.ts',
  ],
  ['hubspot-extension/src/app/cards/Card.tsx', "const it = <b>{fetch('/x')}</b>;", 'uses network'],
  ['playground/kit.ts', "import { fit } from '../server/core/fit.ts';", 'imports server/core/fit.ts'],
  [
    'playground/kit.ts',
    "import type { Ledger } from '../server/store/ledger/ledger.ts';",
    'imports types of server/store/ledger/ledger.ts',
  ],
  [
    'playground/kit.ts',
    "type Fit = typeof import('../server/relay/expand.ts');",
    'imports types of server/relay/expand.ts',
  ],
  [
    'playground/kit.ts',
    "import { draw } from '../intercom-canvas/index.ts';",
    'imports intercom-canvas/index.ts',
  ],
])('%s is refused: %s', (path, text, why) => {
  expect(breachesOf(path, text)).toContain(`${path}:1 ${why}`);
});

test('a file in a folder that no rule knows is refused', () => {
  expect(breachesOf('server/helpers/x.ts', '')).toEqual(['server/helpers/x.ts has no rule']);
});

test.each([
  [
    'server/channels/line/index.ts',
    "import type { Io } from '../../core/adapter.ts';\nimport { api } from './api.ts';",
  ],
  [
    'server/channels/line/index.ts',
    'export const get = (io: Io) => io.http.fetch(request, { fetch: io.http.fetch });',
  ],
  ['server/channels/line/index.ts', 'export const at = (seconds: number) => new Date(seconds * 1000);'],
  ['server/core/adapter.ts', 'export interface Http { fetch: typeof fetch }'],
  [
    'server/relay/worker.ts',
    "import type { Ledger } from '../store/ledger/ledger.ts';\n// Telegram allows one a second.",
  ],
  ['playground/kit.ts', "import type { Part } from '../server/core/message.ts';"],
])('%s may: %s', (path, text) => {
  expect(breachesOf(path, text)).toEqual([]);
});
