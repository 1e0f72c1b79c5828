/**
 * Several processes on one Postgres: a bell that says "there is work", and the roster of who is alive. It has a
 * connection of its own, so that a busy pool delays no heartbeat, and makes a new one when that breaks. Behind a pooler
 * in transaction mode the bell stays silent, which costs a little time: polling is the truth.
 */
import pg from 'pg';
import { connectionOptions, hangUpOnSilence } from './open-postgres.ts';

/** A worker and how often it has said that it is alive. */
export interface Beat {
  id: string;
  beats: number;
}

export interface Peers {
  /** Tells the others; many calls are one ring. */
  ring(): void;
  onRing(listener: () => void): void;
  /** "I am alive": answers who else has said so, and how often. Rejects when the database does not answer. */
  beat(id: string): Promise<Beat[]>;
  /** What the worker held goes on now. False: it has said something meanwhile, or somebody else took over. */
  takeOver(dead: Beat, now: number): Promise<boolean>;
  /** Gone on purpose; what it still held goes on elsewhere. */
  leave(id: string, now: number): Promise<void>;
  close(): Promise<void>;
}

const RING = 'octopods_work';
/** Ringing costs Postgres a lock that all who ring share: at most this often, ms. */
const RING_MS = 20;
const RECONNECT_MS = 200;

const BEAT = `
  with mine as (insert into worker (id, beats) values ($1, 1)
    on conflict (id) do update set beats = worker.beats + 1)
  select id, beats from worker where id <> $1`;

/** One statement, so that it happens as a whole; lanes in the order of locks.ts. */
const TAKE_OVER = `
  with gone as (delete from worker where id = $1 and beats = coalesce($2, beats) returning id),
    held as (select workspace_id, id from lane where pending > 0 and owner in (select id from gone)
      order by workspace_id, id for update),
    lanes as (update lane set leased_until = 0, owner = null, due = $3, fence = fence + 1
      from held where lane.workspace_id = held.workspace_id and lane.id = held.id),
    files as (update media set due = $3, owner = null where state = 'waiting' and owner in (select id from gone)),
    leases as (delete from lease where owner in (select id from gone))
  select count(*) as gone from gone`;

/** Connects in the background: whoever needs it before that waits for its first connection. */
export function createPeers(url: string): Peers {
  const listeners: (() => void)[] = [];
  const ringAll = () => {
    for (const listener of listeners) listener();
  };
  const line = keptLine(url, ringAll);
  let ringing: ReturnType<typeof setTimeout> | undefined;
  const ring = () => {
    ringing ??= setTimeout(() => {
      ringing = undefined;
      line.query(`notify ${RING}`).catch(() => undefined);
    }, RING_MS);
  };
  const takeOver = async (id: string, beats: number | null, now: number) => {
    const { rows } = await line.query(TAKE_OVER, [id, beats, now]);
    const won = rows[0]?.gone === 1;
    if (won) {
      ringAll();
      ring();
    }
    return won;
  };
  return {
    ring,
    onRing: (listener) => {
      listeners.push(listener);
    },
    beat: async (id) => (await line.query(BEAT, [id])).rows as unknown as Beat[],
    takeOver: (dead, now) => takeOver(dead.id, dead.beats, now),
    leave: async (id, now) => {
      await takeOver(id, null, now);
    },
    close: async () => {
      clearTimeout(ringing);
      await line.close();
    },
  };
}

interface Line {
  query(text: string, values?: unknown[]): Promise<pg.QueryResult<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** One connection that listens; a broken one is replaced until it is closed on purpose. */
function keptLine(url: string, onRing: () => void): Line {
  let closed = false;
  let client = connect();

  function connect(): Promise<pg.Client> {
    const next = new pg.Client(connectionOptions(url));
    // 'end' follows every 'error' of a connection that stood; one that did not come about is handled below.
    next.on('error', () => undefined);
    hangUpOnSilence(next);
    next.on('notification', (heard) => {
      if (heard.processId !== (next as unknown as { processID: number }).processID) onRing();
    });
    const ready = next.connect().then(async () => {
      await next.query(`listen ${RING}`);
      next.on('end', again);
      // What was rung while nobody listened.
      onRing();
      return next;
    });
    ready.catch(again);
    return ready;
  }
  function again(): void {
    if (closed) return;
    setTimeout(() => {
      if (!closed) client = connect();
    }, RECONNECT_MS).unref();
  }
  // One at a time: the driver's own queue of a connection is on its way out.
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: (text, values) => {
      const answer = last.then(async () => (await client).query(text, values));
      last = answer.catch(() => undefined);
      return answer;
    },
    close: async () => {
      closed = true;
      await client.then((one) => one.end()).catch(() => undefined);
    },
  };
}
