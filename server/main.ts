/** Serves for real. `npm start` comes here when the environment says so; otherwise it opens the playground. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { pino } from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { beginOpening } from './store/thread/start.ts';

/** What must never be in a log, wherever it is in an object. */
const SECRET = [
  'access_token',
  'refresh_token',
  'auth_token',
  'bot_token',
  'credentials',
  'authorization',
  'cookie',
];
const redact = SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, redact });
  // Compiling all modules is 0.8 s of a start's 1.4 s of processor time; from the second start on they are read compiled.
  enableCompileCache();
  // The database's thread boots meanwhile: a quarter of a second.
  const opening = beginOpening(config.databaseUrl);
  const { serve } = await import('./serve.ts');
  const running = await serve(config, log, opening);
  // Now, or a server that is killed would leave nothing for the next start.
  flushCompileCache();
  log.info({ url: running.url, publicUrl: config.publicUrl }, 'Octopods is serving');
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log.info({ signal }, 'stopping: what is under way is finished first');
      running.stop().then(
        () => process.exit(0),
        (error) => {
          log.error({ error: String(error) }, 'the stop was not clean');
          process.exit(1);
        },
      );
    });
}

main().catch((error: unknown) => {
  console.error(
    error instanceof ConfigError
      ? error.message
      : `Octopods cannot start: ${String((error as Error).message ?? error)}`,
  );
  process.exit(1);
});
