/** Years of a busy installation: messages that were settled long ago, their content erased, put straight into SQLite. */
import Sqlite from 'better-sqlite3';

const CONVERSATIONS = 100_000;
const AT_ONCE = 100_000;

export interface Place {
  workspaceId: string;
  channelId: string;
}

/** The WhatsApp channel of the installation's HubSpot, to which everything belongs. */
export function placeOf(file: string): Place {
  const db = new Sqlite(file, { readonly: true });
  const row = db
    .prepare(
      `select c.workspace_id as workspaceId, c.id as channelId from channel c
       join workspace w on w.id = c.workspace_id where c.type = 'whatsapp' and w.platform = 'hubspot'`,
    )
    .get();
  db.close();
  return row as Place;
}

/** Rows `first` to `last` of three tables, made by SQLite itself: a million a minute or so. */
const ROWS = `with recursive n(i) as (select @first union all select i + 1 from n where i < @last)`;

const EVENTS = `insert into event (workspace_id, id, dedupe, kind, direction, connection_id, channel_id, conversation_id,
    source_id, at, received_at, status)
  ${ROWS} select @workspaceId, printf('evt_0settled%015d', i), substr(hex(randomblob(11)), 1, 22), 'message', 'in', @channelId, @channelId,
    printf('cnv_0settled%015d', i % ${CONVERSATIONS}), printf('wamid.settled%020d', i), i * 1000, i * 1000, 'sent' from n`;
const DELIVERIES = `insert into delivery (workspace_id, id, lane_id, rank, position, part, event_id, kind, direction,
    conversation_id, state, open, attempts, next_at, started_at, provider_id, created_at, updated_at)
  ${ROWS} select @workspaceId, printf('dlv_0settled%015d', i), printf('in settled %d', i % ${CONVERSATIONS}), 1, printf('%020d', i), 0,
    printf('evt_0settled%015d', i), 'message', 'in', printf('cnv_0settled%015d', i % ${CONVERSATIONS}), 'sent', 0, 1, 0, i * 1000,
    printf('%d', 7000000000 + i), i * 1000, i * 1000 from n`;
const HISTORY = `insert into history (workspace_id, event_id, at, status)
  ${ROWS} select @workspaceId, printf('evt_0settled%015d', i), i * 1000, 'sent' from n`;

/** Their indexes are made behind them: in order, instead of at five million places. */
export function seedSettled(file: string, place: Place, count: number, told: (done: number) => void): void {
  const db = new Sqlite(file);
  for (const pragma of ['journal_mode = WAL', 'synchronous = OFF', 'cache_size = -200000']) db.pragma(pragma);
  const indexes = db
    .prepare(
      `select name, sql from sqlite_master where type = 'index' and sql is not null
       and tbl_name in ('event', 'delivery', 'history')`,
    )
    .all() as { name: string; sql: string }[];
  for (const { name } of indexes) db.exec(`drop index ${name}`);
  const rows = [EVENTS, DELIVERIES, HISTORY].map((text) => db.prepare(text));
  for (let first = 0; first < count; first += AT_ONCE) {
    const range = { ...place, first, last: Math.min(first + AT_ONCE, count) - 1 };
    db.transaction(() => rows.forEach((statement) => void statement.run(range)))();
    if ((first / AT_ONCE) % 10 === 9) told(first + AT_ONCE);
  }
  for (const { sql } of indexes) db.exec(sql);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

export type Shape = 'one lane' | '100,000 lanes' | 'a parked workspace';

/**
 * What waits, and for what: behind a head that is being retried, in as many lanes as messages, or in a workspace whose
 * credentials were refused. None of it is due: what is measured goes on beside it.
 */
export function seedWaiting(file: string, place: Place, shape: Shape, count: number): void {
  const db = new Sqlite(file);
  db.pragma('synchronous = OFF');
  const lanes = shape === 'one lane' ? 1 : count;
  const owner = shape === 'a parked workspace' ? { ...place, workspaceId: 'wsp_0parked' } : place;
  const later = Date.now() + 3_600_000;
  const values = { ...owner, lanes, later, first: 0, last: count - 1 };
  db.transaction(() => {
    db.prepare(
      `insert into delivery (workspace_id, id, lane_id, rank, position, part, event_id, kind, direction, state, open, attempts,
         next_at, created_at, updated_at)
       ${ROWS} select @workspaceId, printf('dlv_0waiting%015d', i), printf('in waiting %d', i % @lanes), 1, printf('%020d', i), 0,
         printf('evt_0waiting%015d', i), 'message', 'in', 'queued', 1, 0, @later, i, i from n`,
    ).run(values);
    db.prepare(
      `insert into lane (workspace_id, id, due, leased_until, fence, pending)
       select workspace_id, lane_id, @later, 0, 0, count(*) from delivery where id like 'dlv_0waiting%' group by 1, 2`,
    ).run({ later });
  })();
  db.close();
}

export function removeWaiting(file: string): void {
  const db = new Sqlite(file);
  db.pragma('synchronous = OFF');
  db.exec(
    `delete from delivery where id >= 'dlv_0waiting' and id < 'dlv_0waitinh'; delete from lane where id like 'in waiting %'`,
  );
  db.close();
}
