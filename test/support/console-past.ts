/** A month behind a furnished account: counts, times and failures as the ledger keeps them once the content is erased. */
import { randomBytes } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import type { ConnectedChannel } from '../../playground/town/admin.ts';
import { makeId } from '../../server/core/ids.ts';

const DAY_MS = 24 * 3_600_000;
/** Messages a day from Sunday to Saturday, by hour of day, by channel: like a shop's. */
const DAYS = [14, 62, 58, 55, 60, 66, 24];
const HOURS = [0, 0, 0, 0, 0, 1, 2, 4, 8, 10, 9, 8, 6, 7, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
const SHARES = [0.34, 0.24, 0.08, 0.12, 0.16, 0.06];
const REASONS = [
  'The customer has blocked the bot. They have to unblock it in Telegram before you can write to them.',
  'The customer wrote more than 24 hours ago. Send an approved template instead.',
  'The number is switched off or out of reach. Try again later.',
];

/** `until`: ms; nothing is newer. Two runs make the same. */
export function addPast(databaseFile: string, channels: ConnectedChannel[], until: number): number {
  const database = new Sqlite(databaseFile);
  const event = database.prepare(
    "insert into event (workspace_id, id, dedupe, kind, direction, connection_id, channel_id, source_id, at, received_at, status, reason) values (?, ?, ?, 'message', ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const step = database.prepare(
    'insert into history (workspace_id, event_id, at, status, reason) values (?, ?, ?, ?, ?)',
  );
  const chance = dice(7);
  let made = 0;
  const add = (at: number): void => {
    const channel = channels[pick(SHARES, chance())];
    if (!channel) return;
    const { workspaceId, id: channelId } = channel;
    const id = makeId('evt', at, (bytes) => randomBytes(bytes));
    const out = chance() < 0.45;
    const reason = out && chance() < 0.05 ? REASONS[pick([0.5, 0.3, 0.2], chance())] : undefined;
    const status = reason ? 'failed' : out ? 'delivered' : 'sent';
    const took = 120 + chance() ** 6 * 45_000;
    const connection = out ? workspaceId : channelId;
    event.run(
      workspaceId,
      id,
      id,
      out ? 'out' : 'in',
      connection,
      channelId,
      id,
      at,
      at,
      status,
      reason ?? null,
    );
    step.run(workspaceId, id, at, 'queued', null);
    step.run(workspaceId, id, Math.round(at + took), reason ? 'failed' : 'sent', reason ?? null);
    made += 1;
  };
  database.transaction(() => {
    for (let day = 29; day >= 0; day -= 1) {
      const start = until - (until % DAY_MS) - day * DAY_MS;
      const many = (DAYS[new Date(start).getUTCDay()] ?? 0) * (0.85 + 0.3 * chance());
      for (let one = 0; one < many; one += 1) {
        const at =
          start +
          (pick(
            HOURS.map((share) => share / 100),
            chance(),
          ) +
            chance()) *
            3_600_000;
        if (at < until) add(Math.round(at));
      }
    }
  })();
  database.close();
  return made;
}

/** The index of the share that `chance` (0 to 1) falls into. */
function pick(shares: number[], chance: number): number {
  let sum = 0;
  const found = shares.findIndex((share) => {
    sum += share;
    return chance < sum;
  });
  return found === -1 ? shares.length - 1 : found;
}

/** Numbers from 0 to 1, always the same (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
