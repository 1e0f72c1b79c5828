/**
 * The watch over connections that are idle: each is asked once an hour whether it still works and what it is called,
 * spread over the hour, and every five minutes while it does not; platforms that tell nobody about an uninstall are asked every minute.
 */
import { createHash } from 'node:crypto';
import type { AnyPlatformAdapter, Connection, Inspection } from '../core/adapter.ts';
import type { SettingStore } from '../store/database/settings.ts';
import type { RelayDeps } from './deps.ts';

const MINUTE_MS = 60_000;

export interface WatchDeps
  extends Pick<RelayDeps, 'connections' | 'ledger' | 'adapter' | 'credentials' | 'io'> {
  platforms: AnyPlatformAdapter[];
  settings: SettingStore;
}
export interface Watch {
  start(): void;
  stop(): Promise<void>;
}

export function createWatch(deps: WatchDeps): Watch {
  let timer: ReturnType<typeof setInterval> | undefined;
  let round: Promise<void> = Promise.resolve();
  return {
    start: () => {
      timer = setInterval(() => {
        // A round that takes longer than a minute is not overtaken by the next.
        round = round.then(() => watchOnce(deps));
      }, MINUTE_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await round;
    },
  };
}

/** One minute's share. Nothing that happens here may end the watch. */
export async function watchOnce(deps: WatchDeps): Promise<void> {
  try {
    const minute = Math.floor(deps.io.clock.now() / MINUTE_MS) % 60;
    const due = (await deps.connections.all()).filter((connection) => isDue(connection, minute));
    for (const connection of due) await look(deps, connection);
    for (const platform of deps.platforms) await askForUninstalls(deps, platform);
  } catch (error) {
    deps.io.log.warn({ error: String(error) }, 'the watch over connections was interrupted');
  }
}

/** Nothing is sent over what is disconnected, so nothing else would find out that it works again. */
const DISCONNECTED_EVERY = 5;

const isDue = ({ id, status }: Connection, minute: number): boolean =>
  status === 'disconnected'
    ? minuteOf(id) % DISCONNECTED_EVERY === minute % DISCONNECTED_EVERY
    : minuteOf(id) === minute;

/** Its own minute of every hour. */
export const minuteOf = (id: string): number => createHash('sha256').update(id).digest().readUInt16BE(0) % 60;

/** Asks one connection and writes down what is so. What cannot be reached changes nothing. */
export async function look(deps: WatchDeps, connection: Connection): Promise<void> {
  const adapter = deps.adapter(connection.type);
  if (!adapter?.inspect) return;
  const usable = await deps.credentials(connection);
  // The guardian has said already whether the grant is gone.
  if ('unusable' in usable) return;
  try {
    await apply(deps, connection, await adapter.inspect(usable, '', deps.io));
  } catch (error) {
    deps.io.log.warn(
      { connection: connection.id, error: String(error) },
      'a connection could not be looked at',
    );
  }
}

async function apply(deps: WatchDeps, connection: Connection, said: Inspection): Promise<void> {
  const { connections } = deps;
  const isPlatform = connection.side === 'platform';
  const why = said.dead ?? missing(said.missing);
  if (why) return connections.setStatus(connection, 'disconnected', why);
  if (connection.status === 'disconnected' && Object.keys(said).length > 0)
    await connections.setStatus(connection, isPlatform ? 'active' : 'connected', null);
  if (isPlatform && said.name && said.name !== connection.name)
    await connections.renameWorkspace(connection.workspaceId, said.name);
}

const missing = (permissions: string[] | undefined): string | undefined =>
  permissions && permissions.length > 0
    ? `These permissions were not granted: ${permissions.join(', ')}. Grant them, then reconnect.`
    : undefined;

/** A notice only says where to look: the account may have installed the app again since. */
async function askForUninstalls(deps: WatchDeps, platform: AnyPlatformAdapter): Promise<void> {
  if (!platform.uninstalls) return;
  const key = `uninstalls ${platform.id}`;
  try {
    const told = await platform.uninstalls(await deps.settings.get(key), deps.io);
    for (const externalId of new Set(told?.externalIds)) {
      const connection = await deps.connections.byExternalId(platform.id, externalId);
      if (connection) await look(deps, connection);
    }
    // Only now: a crash in between reads the same notices again, which does no harm.
    if (told?.cursor) await deps.settings.set(key, told.cursor);
  } catch (error) {
    deps.io.log.warn({ platform: platform.id, error: String(error) }, 'uninstalls could not be asked for');
  }
}
