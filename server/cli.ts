/** `npm run octopods -- <command>`: what operators do by hand. Every command explains itself with --help. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createAudit } from './accounts/audit.ts';
import type { Audit } from './accounts/contracts.ts';
import { ConfigError, readConfig } from './config.ts';
import { createHttp } from './http/outgoing.ts';
import { createPlatforms } from './platforms/registry.ts';
import { createConnectionStore } from './store/connections/connections.ts';
import { isPostgresUrl } from './store/database/dialect.ts';
import { openDatabase } from './store/database/open.ts';
import { createSettingStore } from './store/database/settings.ts';
import { createLedger } from './store/ledger/ledger.ts';
import { countFailed, type Replayed, replay } from './store/ledger/replay.ts';
import { backUp, restore } from './store/moving/backup.ts';
import { move } from './store/moving/move.ts';
import { createAuditStore } from './store/people/audit.ts';
import { createKeyRing } from './store/sealing/keyring.ts';
import { rotate } from './store/sealing/rotation.ts';

const clock = { now: () => Date.now() };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

const program = new Command('octopods').description('Operate an Octopods installation.').showHelpAfterError();

program
  .command('hubspot')
  .description('What concerns the HubSpot app')
  .command('channels')
  .description('The custom channels of the HubSpot app')
  .command('register')
  .description(
    'Registers or updates the custom channels of the HubSpot app (once per app, safe to repeat). Needs HUBSPOT_APP_ID and HUBSPOT_DEVELOPER_API_KEY.',
  )
  .action(registerHubspotChannels);

program
  .command('migrate')
  .description(
    'Brings the database schema up to date (the server does so by itself at its start). With --from and --to: moves an installation from SQLite to Postgres.',
  )
  .option('--from <url>', 'the database to move from: sqlite:PATH')
  .option('--to <url>', 'the empty database to move to: postgres://…')
  .action(migrate);

async function migrate({ from, to }: { from?: string; to?: string }): Promise<void> {
  if ((from === undefined) !== (to === undefined)) throw new Error('--from and --to belong together');
  if (from !== undefined && to !== undefined) return moveInstallation(from, to);
  const db = await openDatabase(readConfig(process.env).databaseUrl);
  await db.destroy();
  console.log('The database schema is up to date.');
}

/** The keys are not needed: what is sealed moves as it is. */
async function moveInstallation(from: string, to: string): Promise<void> {
  const path = from.startsWith('sqlite:') ? from.slice('sqlite:'.length) : '';
  if (!existsSync(path)) throw new Error(`--from: there is no SQLite database at "${path}"`);
  if (!isPostgresUrl(to)) throw new Error('--to: must begin with postgres://');
  const [source, target] = [await openDatabase(from), await openDatabase(to)];
  try {
    const moved = await move(source, target, ({ table, rows }) => console.log(`${table}: ${rows}`));
    const total = moved.reduce((sum, { rows }) => sum + rows, 0);
    console.log(
      `${total} rows moved and compared. Set DATABASE_URL to the new database and start the server.`,
    );
  } finally {
    await Promise.all([source.destroy(), target.destroy()]);
  }
}

program
  .command('keys')
  .description('The keys that seal credentials and content')
  .command('rotate')
  .description(
    'Wraps everything that an older key of OCTOPODS_KEYS has wrapped with the first one. Servers go on meanwhile; afterwards the older keys can be left out. Safe to repeat.',
  )
  .action(rotateKeys);

async function rotateKeys(): Promise<void> {
  const config = readConfig(process.env);
  const db = await openDatabase(config.databaseUrl);
  const { wrapped, current } = await rotate(db, createKeyRing(config.keys)).finally(() => db.destroy());
  console.log(
    `${wrapped} ${wrapped === 1 ? 'key was' : 'keys were'} wrapped anew, ${current} already had been. Everything can be read with the first key of OCTOPODS_KEYS alone.`,
  );
}

program
  .command('replay')
  .description(
    'Sends again the messages that failed, oldest first, while servers run. Content that was erased cannot be sent again.',
  )
  .option('--channel <id>', 'only this channel’s')
  .option('--since <time>', 'only those received since, such as 2026-11-02T08:00:00Z', timeOf)
  .option('--until <time>', 'only those received before', timeOf)
  .addOption(
    new Option('--status <status>', '"unknown": perhaps delivered; they may arrive twice')
      .choices(['failed', 'unknown'])
      .default('failed'),
  )
  .option('--dry-run', 'only count them')
  .action(replayFailed);

function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It is no time; write 2026-11-02T08:00:00Z.');
  return ms;
}

async function replayFailed(options: {
  channel?: string;
  since?: number;
  until?: number;
  status: 'failed' | 'unknown';
  dryRun?: boolean;
}): Promise<void> {
  const { channel, dryRun, ...wished } = options;
  const config = readConfig(process.env);
  const db = await openDatabase(config.databaseUrl);
  const connections = createConnectionStore(db, createKeyRing(config.keys), clock);
  const ledger = createLedger(db, connections, clock);
  const workspaceIds = (await connections.all())
    .filter((one) => one.side === 'platform')
    .map((one) => one.workspaceId);
  const wish = { workspaceIds, ...wished, ...(channel ? { channelId: channel } : {}) };
  if (dryRun) console.log(`${await countFailed(db, wish)} messages would be sent again.`);
  else {
    const total = { queued: 0, erased: 0 };
    for (let after: string | null = ''; after !== null; ) {
      const done: Replayed = await replay(db, ledger, { ...wish, after });
      total.queued += done.queued;
      total.erased += done.erased;
      after = done.next;
    }
    console.log(`${total.queued} messages were queued again, ${total.erased} have no content left.`);
  }
  await db.destroy();
}

program
  .command('backup')
  .description(
    'Copies the SQLite database into a new file, while servers use it. The folder of MEDIA_URL is copied by hand, behind it.',
  )
  .argument('<file>')
  .action((file: string) => {
    backUp(readConfig(process.env).databaseUrl, file);
    console.log(
      `The database as it is now lies in ${file}. Without OCTOPODS_KEYS nobody can read what it seals.`,
    );
  });

program
  .command('restore')
  .description('Puts a backup where DATABASE_URL points to, once it is checked. Nothing may be there yet.')
  .argument('<file>')
  .action(async (file: string) => {
    const { databaseUrl, keys } = readConfig(process.env);
    await restore(file, databaseUrl, createKeyRing(keys));
    console.log('The backup is whole, its keys are here, and it is in its place. Start the server.');
  });

const audit = program.command('audit').description('The audit trail');
audit
  .command('verify')
  .description(
    'Checks that no entry of the audit trail was changed or removed. Exits with 1 when one was. Needs the OCTOPODS_KEYS of the server.',
  )
  .option('--account <id>', 'only this account')
  .action(({ account }: { account?: string }) => withAudit((trail) => verifyAudit(trail, account)));
audit
  .command('export')
  .description('Prints the trail of an account, one JSON object a line, oldest first.')
  .argument('<account>')
  .action((account: string) =>
    withAudit(async (trail) => {
      for await (const line of trail.export(account)) process.stdout.write(line);
    }),
  );

async function withAudit(act: (trail: Audit) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const db = await openDatabase(config.databaseUrl);
  await act(createAudit(createAuditStore(db, createKeyRing(config.keys)), clock));
  await db.destroy();
}

async function verifyAudit(trail: Audit, account: string | undefined): Promise<void> {
  const verdict = await trail.verify(account);
  if (verdict.ok)
    return console.log(
      `The audit trail is whole: ${verdict.entries} entries of ${verdict.accounts} accounts.`,
    );
  for (const { accountId, seq, why } of verdict.broken)
    console.error(`${accountId}: at entry ${seq} ${why}.`);
  process.exitCode = 1;
}

async function registerHubspotChannels(): Promise<void> {
  const config = readConfig(process.env);
  if (!config.hubspot?.appId || !config.hubspot.developerApiKey)
    throw new ConfigError(
      'HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID and HUBSPOT_DEVELOPER_API_KEY are needed to register channels.',
    );
  const db = await openDatabase(config.databaseUrl);
  const settings = createSettingStore(db);
  const connections = createConnectionStore(db, createKeyRing(config.keys), clock);
  const hubspotSecret = await settings.getOrMake(
    'hubspot webhook secret',
    randomBytes(24).toString('base64url'),
  );
  const { hubspot } = createPlatforms(config, { settings, connections, hubspotSecret });
  const registered = await hubspot?.registerChannels({ http: createHttp(config), clock, log: silent });
  for (const [medium, id] of Object.entries(registered ?? {})) console.log(`${medium}: custom channel ${id}`);
  await db.destroy();
}

program.parseAsync().catch((error: unknown) => {
  console.error(String((error as Error).message ?? error));
  process.exit(1);
});
