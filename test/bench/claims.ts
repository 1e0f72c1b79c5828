/** The ledger by itself, in this process: heads claimed and settled, as the relay does, without a platform behind them. */
import Sqlite from 'better-sqlite3';
import { createConnectionStore } from '../../server/store/connections/connections.ts';
import { openDatabase } from '../../server/store/database/open.ts';
import { createLedger } from '../../server/store/ledger/ledger.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';

/** Two seconds or so: in one, a neighbour on the machine moves the figure by a third. */
const COUNT = 8_192;
const AT_ONCE = 64;
const LEASE_MS = 30_000;

/** Longer than a new customer's first message waits for its siblings, ms. */
const GATHERED_MS = 300;

/** Claims, each with its settlement, a second, of what the intake has left there. The file is open to nobody else. */
export async function measureClaims(file: string, keys: string): Promise<number> {
  comeAgain(file);
  const db = await openDatabase(`sqlite:${file}`);
  const clock = { now: () => Date.now() };
  const connections = createConnectionStore(db, createKeyRing([Buffer.from(keys, 'base64')]), clock);
  const ledger = createLedger(db, connections, clock);
  await ledger.takeOver();
  await new Promise((resolve) => setTimeout(resolve, GATHERED_MS));
  const began = performance.now();
  let claimed = 0;
  while (claimed < COUNT) {
    const claims = await ledger.claim('wrk_bench', AT_ONCE, LEASE_MS);
    if (claims.length === 0) throw new Error(`nothing is due behind ${claimed} claims`);
    await Promise.all(claims.map((claim) => ledger.settle(claim, { to: 'done', event: 'handled' })));
    claimed += claims.length;
  }
  const perSecond = (claimed * 1_000) / (performance.now() - began);
  await db.destroy();
  return perSecond;
}

/** What the platform's silence has sent back waits for some seconds, what was seeded for an hour: the former is due now. */
function comeAgain(file: string): void {
  const database = new Sqlite(file);
  const soon = Date.now() + 60_000;
  database
    .prepare('update delivery set next_at = 0 where open = 1 and next_at > 0 and next_at < ?')
    .run(soon);
  database.prepare('update lane set due = 0 where pending > 0 and due < ?').run(soon);
  database.close();
}
