/**
 * A message's place in its lane: (source time, provider's sequence or else our arrival order), as sortable text, fixed
 * at ingest. Two messages of one second whose provider gives no sequence keep the order in which they reached us:
 * their ids are random and would shuffle them.
 */
let arrivals = 0;

/** `at`, `arrivedAt`: ms. `seq`: digits. */
export function position(at: number, seq: string | undefined, arrivedAt: number): string {
  arrivals = (arrivals + 1) % 1_000_000;
  const order = seq ?? `${Math.floor(arrivedAt)}${String(arrivals).padStart(6, '0')}`;
  return `${String(Math.max(0, Math.floor(at))).padStart(15, '0')}.${order.padStart(24, '0')}`;
}
