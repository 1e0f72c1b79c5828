/**
 * Whose turn it is when more lanes are due than a claim may take: workspaces come one after the other, each with a few
 * of its lanes, so that one with a hundred thousand customers waiting holds up nobody else's. While everything that is
 * due fits into the claim, age alone decides and none of this is looked at.
 */
import { sql } from 'kysely';
import { isPostgres } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import { statement } from '../database/statement.ts';

/** What one process remembers of it. */
export interface Turns {
  /** The last claim took as much as it might: others may wait behind it. */
  crowded: boolean;
  /** The workspace that had the last turn. */
  after: string;
  /** No look at the workspaces before this time, ms. */
  quietUntil: number;
}

export const newTurns = (): Turns => ({ crowded: false, after: '', quietUntil: 0 });

/** A lane that is due, the `place`th (from 0) of its workspace. */
export interface DueLane {
  workspace_id: string;
  id: string;
  place: number;
}

/** Workspaces looked at for one claim, and lanes that each of them gets: what bounds its cost. */
const WORKSPACES = 32;
const LANES_EACH = 8;
/** One workspace alone with due lanes is as well served by age: the next look comes after this, ms. A look costs 30 µs. */
const ALONE_MS = 5;

/** Up to `max` lanes: the oldest of each workspace, then the second oldest of each… Notes whose turn is next. */
export async function lanesInTurn(trx: Database, turns: Turns, now: number, max: number): Promise<DueLane[]> {
  if (!turns.crowded || now < turns.quietUntil) return [];
  const { workspaces, due } = isPostgres(trx)
    ? await lookAtOnce(trx, turns.after, now)
    : await lookOneByOne(trx, turns.after, now);
  if (workspaces.length < WORKSPACES && isOneOnly(due)) {
    turns.quietUntil = now + ALONE_MS;
    return [];
  }
  const lanes = due.toSorted((a, b) => a.place - b.place).slice(0, max);
  const last = lanes.at(-1);
  // Who got no first lane for want of room comes first next time.
  const served = lanes.length === max && last?.place === 0 ? last.workspace_id : workspaces.at(-1);
  turns.after = served as string;
  return lanes;
}

/** Nobody else has anything that is due, though it may wait for later: a retry, or credentials. */
const isOneOnly = (due: DueLane[]): boolean =>
  due.every(({ workspace_id }) => workspace_id === due[0]?.workspace_id);

interface Look {
  /** Those with waiting lanes, due or not, in the order of their turns. */
  workspaces: string[];
  due: DueLane[];
}

const nextWaiting = statement((db, { after }: { after: string }) =>
  db
    .selectFrom('lane')
    .select('workspace_id')
    .where('pending', '>', sql.lit(0))
    .where('workspace_id', '>', after)
    .orderBy('workspace_id')
    .limit(sql.lit(1)),
);
const oldestOf = statement((db, { workspaceId, now }: { workspaceId: string; now: number }) =>
  db
    .selectFrom('lane')
    .select(['workspace_id', 'id'])
    .where('pending', '>', sql.lit(0))
    .where('workspace_id', '=', workspaceId)
    .where('due', '<=', now)
    .orderBy('due')
    .limit(sql.lit(LANES_EACH)),
);

/** On SQLite a statement costs a few µs. */
async function lookOneByOne(trx: Database, after: string, now: number): Promise<Look> {
  const workspaces: string[] = [];
  const due: DueLane[] = [];
  let at = after;
  while (workspaces.length < WORKSPACES) {
    const next =
      (await nextWaiting.first(trx, { after: at })) ?? (await nextWaiting.first(trx, { after: '' }));
    if (!next || next.workspace_id === workspaces[0]) break;
    at = next.workspace_id;
    workspaces.push(at);
    const lanes = await oldestOf.all(trx, { workspaceId: at, now });
    due.push(...lanes.map((lane, place) => ({ ...lane, place })));
  }
  return { workspaces, due };
}

/** The same in one round trip. The walk ends where it began. */
async function lookAtOnce(trx: Database, after: string, now: number): Promise<Look> {
  const { rows } = await sql<{ workspace_id: string; id: string | null; place: number }>`
    with recursive walk (n, workspace_id, first) as (
      select 1, begun.id, begun.id from (select coalesce(
        (select workspace_id from lane where pending > 0 and workspace_id > ${after} order by workspace_id limit 1),
        (select workspace_id from lane where pending > 0 order by workspace_id limit 1)) as id) begun
      union all
      select n + 1, coalesce(
        (select workspace_id from lane where pending > 0 and workspace_id > walk.workspace_id
          order by workspace_id limit 1),
        (select workspace_id from lane where pending > 0 order by workspace_id limit 1)), first
      from walk where walk.workspace_id is not null and n < ${WORKSPACES} and (n = 1 or walk.workspace_id <> first)
    )
    select walk.workspace_id, old.id, old.place from walk left join lateral (
      select id, row_number() over (order by due) - 1 as place from (
        select id, due from lane where workspace_id = walk.workspace_id and pending > 0 and due <= ${now}
        order by due limit ${LANES_EACH}) oldest) old on true
    where walk.workspace_id is not null and (n = 1 or walk.workspace_id <> first) order by n, old.place`.execute(
    trx,
  );
  return {
    workspaces: [...new Set(rows.map((row) => row.workspace_id))],
    due: rows.flatMap(({ id, ...row }) => (id === null ? [] : [{ ...row, id }])),
  };
}
