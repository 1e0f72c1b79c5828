/** The crash loop (`npm run crash`) in its short form: every forced point once, and a few kills at random. */
import { beforeAll, describe, expect, test } from 'vitest';
import { BREAKS, broken } from '../crash/breaks.ts';
import { crash, type Report } from '../crash/crash.ts';
import { POINTS, PUBLICATION } from '../crash/points.ts';
import { emptyPostgres } from '../support/postgres.ts';

/** A contact or conversation whose creation is in doubt waits for long: those points are doubt-killed.test.ts's. */
const FORCED = POINTS.filter((point) => !point.newcomer);
const SQLITE = [...FORCED, 'random', 'random', 'starting'] as const;
const POSTGRES = [
  'random',
  PUBLICATION,
  'acknowledging',
  'random',
  'refreshing',
  'starting',
  'random',
] as const;
const MIGRATING = 1;

let sqlite: Report;
let postgres: Report;
beforeAll(async () => {
  const short = (points: typeof SQLITE | typeof POSTGRES) => ({
    kills: points.length + MIGRATING,
    points: [...points],
    migrating: MIGRATING,
    acquainted: 24,
    seed: 7,
  });
  // Side by side: most of their time is waiting for doubts to clear.
  [sqlite, postgres] = await Promise.all([
    crash({ ...short(SQLITE), processes: 1 }),
    crash({ ...short(POSTGRES), processes: 3, postgresUrl: await emptyPostgres() }),
  ]);
}, 300_000);

describe('messages both ways, while servers are killed and started again,', () => {
  test('are neither lost nor doubled, keep their order and end in one state: one server on SQLite', () => {
    expect(sqlite.broken).toEqual([]);
    expect(sqlite.lines.every((line) => line.sent > 0)).toBe(true);
  });
  test('are neither lost nor doubled, keep their order and end in one state: three servers on one Postgres', () => {
    expect(postgres.broken).toEqual([]);
    expect(postgres.lines.every((line) => line.sent > 0)).toBe(true);
  });
});

test.each(FORCED.map(({ kind, name }) => [kind, name]))('a server has died %s %s', (_kind, name) => {
  expect(sqlite.kills.byPoint.get(name)).toBe(1);
});

test('servers have died while they made or changed a schema', () => {
  expect([sqlite.migrations.kills, postgres.migrations.kills]).toEqual([MIGRATING, MIGRATING]);
});

test.each(Object.values(BREAKS))('the line whose loss the loop must notice is still there: $line', (one) => {
  expect(broken(one)).toContain(one.instead);
});
