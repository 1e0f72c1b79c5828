/**
 * Receipts that matched nothing are forgotten in the end: those of messages that somebody else sent from the same
 * number, or that were settled long ago. Kept until then because a receipt may come before its send's own answer, and
 * because Meta may repeat a webhook for up to seven days.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
 */
import type { RelayDeps } from './deps.ts';

const KEPT_MS = 8 * 24 * 3_600_000;
const INTERVAL_MS = 3_600_000;

export interface Forgetting {
  /** At once, then every hour. */
  start(): void;
  stop(): void;
}

export function createForgetting({ ledger, io }: Pick<RelayDeps, 'ledger' | 'io'>): Forgetting {
  let interval: ReturnType<typeof setInterval> | undefined;
  const run = () =>
    ledger.forgetReceipts(io.clock.now() - KEPT_MS).catch((error: unknown) => {
      io.log.warn({ error: String(error) }, 'old receipts could not be forgotten; trying again in an hour');
    });
  return {
    start: () => {
      void run();
      interval = setInterval(run, INTERVAL_MS);
    },
    stop: () => clearInterval(interval),
  };
}
