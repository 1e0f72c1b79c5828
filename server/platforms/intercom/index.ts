import type { PlatformAdapter } from '../../core/adapter.ts';
import type { Capabilities } from '../../core/capabilities.ts';
import type { FileKind } from '../../core/message.ts';
import { type IntercomApp, type IntercomCredentials, intercomCredentials } from './app.ts';
import { budgetNews } from './budget.ts';
import { catchUp } from './catch-up.ts';
import { contactPreparations } from './contact.ts';
import { inspect } from './inspect.ts';
import { authorizeUrl, install, probe, uninstall } from './install.ts';
import { lookup } from './lookup.ts';
import { fetchMedia, readBack } from './media.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';

/** Not documented for the API; the lowest documented upload limit is that of e-mail. */
const ANY_FILE = { types: ['*'], maxSize: 20_000_000 };
const KINDS: FileKind[] = ['image', 'video', 'audio', 'voice', 'document', 'sticker'];

const capabilities: Capabilities = {
  // No limit is documented; longer than any channel's own.
  text: { max: 10_000, unit: 'characters' },
  files: Object.fromEntries(KINDS.map((kind) => [kind, ANY_FILE])),
  caption: 10_000,
  filesPerCall: 10,
  filesWithText: true,
  filesWhenOpening: false,
  receipts: [],
  idempotent: false,
  echo: false,
  tells: ['failed', 'unknown', 'waiting'],
  // 10,000 a minute and app, handed out in slices of ten seconds: 160 + 10 × 150 stay below 1,666.
  limits: { calls: { perSecond: 150, burst: 160 } },
  redelivery:
    'An answer that is late (5 s) or not 2xx is tried once more after a minute, then given up; 429 throttles everything for up to 2 hours. Catch-up: conversations changed since, by search.',
};

/**
 * Intercom as the inbox: customers' messages become conversations of contacts, teammates' replies come back by webhook.
 * @param app the Intercom app; with `apiUrl` every region is called there.
 */
export function createIntercom(app: IntercomApp): PlatformAdapter<IntercomCredentials> {
  return {
    id: 'intercom',
    side: 'platform',
    title: 'Intercom',
    credentials: intercomCredentials,
    can: capabilities,
    budgetNews,
    authorizeUrl: (state) => authorizeUrl(app, state),
    install: (code, io) => install(app, code, io),
    uninstall: (connection, io) => uninstall(app, connection, io),
    receive: (request, find) => receive(app, request, find),
    readBack: (event, connection, io) => readBack(app, event, connection, io),
    prepare: (delivery, connection, io) =>
      delivery.kind === 'message' ? contactPreparations(app, delivery, connection, io) : [],
    send: (delivery, connection, io) => send(app, delivery, connection, io),
    lookup: (delivery, connection, io) => lookup(app, delivery, connection, io),
    probe: (connection, io) => probe(app, connection, io),
    inspect: (connection, _webhookUrl, io) => inspect(app, connection, io),
    catchUp: (connection, since, io) => catchUp(app, connection, since, io),
    media: (file, connection, io) => fetchMedia(app, file, connection, io),
  };
}
