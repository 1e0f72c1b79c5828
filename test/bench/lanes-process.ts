/**
 * Claim and settle, as the relay does it but without anything to send: `node lanes-process.ts URL MESSAGES LANES` fills
 * a new database with agents' messages and prints how many a second are claimed, with and without the durable start of
 * an attempt, and settled as sent.
 */
import { randomBytes } from 'node:crypto';
import { createConnectionStore } from '../../server/store/connections/connections.ts';
import { openDatabase } from '../../server/store/database/open.ts';
import type { Claim } from '../../server/store/ledger/claims.ts';
import { createLedger, type Ledger } from '../../server/store/ledger/ledger.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';

const [, , url = '', messages = '10000', lanes = '512'] = process.argv;
const WORKSPACE = 'wsp_bench';
/** As many as the relay has under way. */
const AT_ONCE = 128;
const LEASE_MS = 30_000;

const db = await openDatabase(url);
const clock = { now: () => Date.now() };
const connections = createConnectionStore(db, createKeyRing([randomBytes(32)]), clock);
const ledger = createLedger(db, connections, clock);

async function fill(count: number, from: number): Promise<void> {
  const one = (index: number) => ({
    kind: 'message' as const,
    connection: { workspaceId: WORKSPACE, id: WORKSPACE },
    id: `message ${from + index}`,
    thread: `thread ${index % Number(lanes)}`,
    at: 1_000 + index,
    parts: [{ kind: 'text' as const, text: `Message ${index}` }],
    author: { kind: 'agent' as const, name: 'Ada' },
  });
  for (let first = 0; first < count; first += 1_000)
    await ledger.append(Array.from({ length: Math.min(1_000, count - first) }, (_, i) => one(first + i)));
}

/** Claims whenever there is room, and works on every claim by itself. */
async function drain(
  count: number,
  work: (ledger: Ledger, claim: Claim) => Promise<unknown>,
): Promise<number> {
  let underWay = 0;
  let done = 0;
  let wake: () => void = () => undefined;
  const began = performance.now();
  while (done < count) {
    const claims = underWay < AT_ONCE ? await ledger.claim('wrk_bench', AT_ONCE - underWay, LEASE_MS) : [];
    underWay += claims.length;
    for (const claim of claims)
      void work(ledger, claim).then(() => {
        underWay -= 1;
        done += 1;
        wake();
      });
    if (claims.length === 0 && done < count)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  return (count * 1000) / (performance.now() - began);
}

const sent = (claim: Claim) => ({ to: 'sent' as const, providerId: `p ${claim.delivery.id}` });

await connections.addWorkspace({
  ...{ id: WORKSPACE, account_id: 'acc_bench', platform: 'desk', external_id: 'desk', name: 'Desk' },
  ...{ connected_by: 'per_bench', credentials: {}, settings: {} },
});
const count = Number(messages);
await fill(count, 0);
const settled = await drain(count, (to, claim) => to.settle(claim, sent(claim)));
await fill(count, count);
const started = await drain(count, async (to, claim) => {
  if (await to.start(claim)) await to.settle(claim, sent(claim));
});
console.log(JSON.stringify({ claim_settle: settled, claim_start_settle: started }));
await db.destroy();
