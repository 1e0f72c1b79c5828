/** One claim, by what it is. Every branch ends in a settlement. */
import type { Connection } from '../core/adapter.ts';
import type { Event } from '../core/message.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { StoredEvent } from '../store/ledger/ledger.ts';
import { attempt } from './attempt.ts';
import type { RelayDeps } from './deps.ts';
import { expandMessage } from './expand.ts';
import { later } from './later.ts';
import { UNDER_WAY_MS } from './leased.ts';
import { type Loaded, messageDelivery, statusDelivery, storedCall } from './load.ts';
import { isParked, park } from './park.ts';
import { tells } from './tells.ts';

/** A backup reads for seconds or minutes. */
const FILES_IN_USE_MS = 30_000;

export async function deliver(deps: RelayDeps, claim: Claim): Promise<void> {
  const wait = deps.budgets.closed(claim);
  if (wait) return later(deps, claim, wait.at, wait.why);
  const parked = await parkedPlatform(deps, claim);
  if (parked) return park(deps, claim, parked);
  const stored = await deps.ledger.event(claim.workspaceId, claim.delivery.event_id);
  if (!stored) throw new Error(`delivery ${claim.delivery.id} has no event`);
  switch (claim.delivery.kind) {
    case 'message':
      return message(deps, claim, stored);
    case 'status':
      return tellPlatform(deps, claim, stored);
    case 'receipt':
      return receipt(deps, claim, stored);
    case 'state':
      return state(deps, claim, stored);
    case 'erasure':
      return erasure(deps, claim, stored);
    case 'unparsed':
      return done(deps, claim);
  }
}

/**
 * What a customer wrote goes through the workspace's own connection. Known before anything is read: ten thousand who
 * write while its credentials are refused cost a look each, and no conversation is made that nobody could open.
 */
async function parkedPlatform(
  deps: RelayDeps,
  { workspaceId, delivery }: Claim,
): Promise<Connection | undefined> {
  if (delivery.kind !== 'message' || delivery.direction !== 'in') return undefined;
  const connection = await deps.connections.byId(workspaceId);
  const adapter = connection && deps.adapter(connection.type);
  return adapter && isParked(connection, adapter) ? connection : undefined;
}

/** An event becomes calls once; from then on each call is prepared, started, sent and settled. */
async function message(deps: RelayDeps, claim: Claim, stored: StoredEvent): Promise<void> {
  const expanded = claim.delivery.content !== null;
  const call = expanded ? await storedCall(deps, claim) : await expandMessage(deps, claim, stored);
  const loaded = call && (await messageDelivery(deps, call, stored));
  if (loaded) await attempt(deps, call.claim, { ...loaded, stored });
}

const isOvertaken = (told: string, now: string): boolean =>
  told === 'waiting' ? now !== 'queued' : told !== now;

/** A status that was overtaken while it waited is not told: latest rank only. */
async function tellPlatform(deps: RelayDeps, claim: Claim, stored: StoredEvent): Promise<void> {
  const loaded = await statusDelivery(deps, claim, stored);
  if (loaded && mayStillArrive(deps, claim, loaded)) return waitForIt(deps, claim);
  if (!loaded || isOvertaken(loaded.delivery.status, stored.status)) return done(deps, claim);
  await attempt(deps, claim, { ...loaded, stored });
}

/**
 * The same message twice is one, but a status that arrives late replaces the one that was told meanwhile: behind what a
 * killed process began to tell, nothing is told until that request cannot arrive any more.
 */
const mayStillArrive = (deps: RelayDeps, { delivery }: Claim, { adapter }: Loaded): boolean =>
  adapter.can.idempotent && delivery.state === 'started' && deps.io.clock.now() < arrivedBy(delivery);

const arrivedBy = ({ started_at }: Claim['delivery']): number => Number(started_at ?? 0) + UNDER_WAY_MS;

async function waitForIt(deps: RelayDeps, claim: Claim): Promise<void> {
  const nextAt = arrivedBy(claim.delivery);
  await deps.ledger.settle(claim, { to: 'checking', nextAt, reason: 'It may still be on its way.' });
}

async function receipt(deps: RelayDeps, claim: Claim, stored: StoredEvent): Promise<void> {
  const event = stored.event as (Event & { kind: 'receipt' }) | undefined;
  if (!event) return done(deps, claim);
  await deps.ledger.applyReceipt(claim, event, await tells(deps, claim.workspaceId));
}

async function state(deps: RelayDeps, claim: Claim, stored: StoredEvent): Promise<void> {
  const event = stored.event as (Event & { kind: 'state' }) | undefined;
  if (event)
    await deps.connections.setStatus(
      event.connection,
      stateName(event),
      event.value === 'connected' ? null : event.why,
    );
  await done(deps, claim);
}

/**
 * Over when nothing readable is left in the database's files either: a crash, or a reader in the way, leaves it to be
 * done again. By then the event may have been emptied with the rest, and only the files are left to do.
 */
async function erasure(deps: RelayDeps, claim: Claim, stored: StoredEvent): Promise<void> {
  const event = stored.event as (Event & { kind: 'erasure' }) | undefined;
  const { workspaceId, delivery } = claim;
  if (event)
    await deps.ledger.eraseContact(
      { workspaceId, contactId: event.contact, eventId: delivery.event_id },
      deps.media.files,
    );
  if (await deps.ledger.scrubErased()) return done(deps, claim);
  const nextAt = deps.io.clock.now() + FILES_IN_USE_MS;
  await deps.ledger.settle(claim, { to: 'checking', nextAt, reason: 'The database’s files are being read.' });
}

/** A workspace is *active* where a channel is *connected*. */
const stateName = (event: Event & { kind: 'state' }): string =>
  event.value === 'connected' && event.connection.id === event.connection.workspaceId
    ? 'active'
    : event.value;

const done = async (deps: RelayDeps, claim: Claim): Promise<void> => {
  const event = claim.delivery.kind === 'status' ? {} : { event: 'handled' as const };
  await deps.ledger.settle(claim, { to: 'done', ...event });
};
