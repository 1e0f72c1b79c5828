/**
 * From an event to its calls. Only now are the facts at hand: the whole body, the files, what the target can carry,
 * and whether the platform has a conversation yet.
 */
import type { AnyAdapter, Connection } from '../core/adapter.ts';
import { describeFile } from '../core/describe.ts';
import { fit } from '../core/fit.ts';
import type { Customer, MessageEvent, Part, StoredFile } from '../core/message.ts';
import { isOutcome, type Outcome } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { Conversation } from '../store/ledger/conversations.ts';
import type { Call, MediaRef } from '../store/ledger/expand.ts';
import type { StoredEvent } from '../store/ledger/ledger.ts';
import type { RelayDeps } from './deps.ts';
import { later } from './later.ts';
import { type StoredCall, storedFile } from './load.ts';
import { settleNotSent } from './not-sent.ts';
import { quoting, replyReference } from './reply.ts';
import { settleTold } from './tells.ts';

/** How long an agent's message may wait for the link of a conversation that is just being made, ms. */
const LINK_GRACE_MS = 30_000;

/** The first of its calls, all of which are stored. Undefined: the claim was settled here, or its lease was lost. */
export async function expandMessage(
  deps: RelayDeps,
  claim: Claim,
  stored: StoredEvent,
): Promise<StoredCall | undefined> {
  if (stored.event?.kind !== 'message')
    return settled(deps, claim, 'failed', 'Its content was erased before it could be sent.');
  const source = await deps.connections.byId(stored.connectionId);
  if (!source) return settled(deps, claim, 'failed', 'The connection it came through was archived.');
  const conversation = await conversationOf(deps, claim, stored.event);
  if (!conversation) return notBridged(deps, claim, stored, stored.event);
  const bound = within(conversation, claim);
  const event = await wholeMessage(deps, bound, stored.event, source, stored.sourceId);
  if (!event) return undefined;
  const parts = await partsWithFiles(deps, bound, stored, event);
  if (!parts) return undefined;
  return storeCalls(deps, bound, { conversation, parts, event });
}

/** Whatever becomes of it from here on is told and shown in its conversation. */
const within = ({ id }: Conversation, claim: Claim): Claim => ({
  ...claim,
  delivery: { ...claim.delivery, conversation_id: id },
});

/** A customer's message finds or makes its conversation; an agent's belongs to one, or names the customer. */
async function conversationOf(
  deps: RelayDeps,
  claim: Claim,
  event: MessageEvent,
): Promise<Conversation | undefined> {
  const { workspaceId } = claim;
  if (event.author.kind === 'customer') {
    await deps.connections.heard(event.connection, deps.io.clock.now());
    return deps.ledger.conversationFor({
      workspaceId,
      channelId: event.connection.id,
      thread: event.thread,
      customer: event.author.customer,
      inboundAt: event.at,
    });
  }
  return (
    (await deps.ledger.conversation({ workspaceId, platformThread: event.thread })) ??
    startedByAgent(deps, event)
  );
}

/** Only where the platform says through which channel account and to whom (HubSpot). */
async function startedByAgent(deps: RelayDeps, event: MessageEvent): Promise<Conversation | undefined> {
  const { recipient, channelAccountId } = event.route ?? {};
  if (!recipient || !channelAccountId) return undefined;
  const { workspaceId } = event.connection;
  const channel = await deps.connections.channelByAccount(workspaceId, channelAccountId);
  if (!channel) return undefined;
  const phone = recipient.startsWith('+');
  const customer: Customer = {
    identities: [
      { scope: phone ? '' : channel.external_id, kind: phone ? 'phone' : 'opaque', value: recipient },
    ],
    address: recipient,
  };
  return deps.ledger.conversationFor({
    workspaceId,
    channelId: channel.id,
    thread: recipient,
    customer,
    platformThread: event.thread,
  });
}

/**
 * The reply may be here before our own record of the conversation: then it waits, and for as long as it is not known
 * whether an opening was accepted. Otherwise it is not ours.
 */
async function notBridged(
  deps: RelayDeps,
  claim: Claim,
  { receivedAt }: StoredEvent,
  { thread }: MessageEvent,
): Promise<undefined> {
  const { workspaceId } = claim;
  const now = deps.io.clock.now();
  const opening = await deps.ledger.unopened(workspaceId);
  const isMade = opening === 'attempted' || (opening === 'waiting' && now - receivedAt < LINK_GRACE_MS);
  // It may have been linked between the two looks.
  if (isMade || (await deps.ledger.conversation({ workspaceId, platformThread: thread })))
    await deps.ledger.settle(claim, {
      to: 'queued',
      nextAt: now + 1_000,
      reason: 'Waiting for its conversation to be linked.',
    });
  else
    await deps.ledger.settle(claim, { to: 'done', event: 'ignored', reason: 'not a bridged conversation' });
  return undefined;
}

/** Reads an agent's reply back once: the webhook's body has no links and no inline images. */
async function wholeMessage(
  deps: RelayDeps,
  claim: Claim,
  event: MessageEvent,
  source: Connection,
  sourceId: string,
): Promise<MessageEvent | undefined> {
  const adapter = deps.adapter(source.type);
  if (!event.partial || !adapter?.readBack) return event;
  const { slow } = deps.budgets;
  const wait = slow.turn(source.id);
  if (wait) return void (await later(deps, claim, wait.at, wait.why));
  const usable = await slow.wait(source.id, () => deps.credentials(source));
  if ('unusable' in usable) {
    await deps.ledger.settle(claim, {
      to: 'queued',
      nextAt: deps.io.clock.now() + usable.retryAfterMs,
      reason: usable.unusable,
    });
    return undefined;
  }
  const parts = await readBack(adapter, { id: sourceId, thread: event.thread }, usable, deps);
  if (isOutcome(parts)) return unread(deps, claim, { event, source, outcome: parts });
  const whole: MessageEvent = { ...event, parts, partial: false };
  await deps.ledger.replaceParts(claim, whole);
  return whole;
}

/** A platform may list a message a moment after it announced it, ms. */
const LISTING_GRACE_MS = 5_000;

/**
 * It could not be read back. Where the platform will never show it (gone, or too far back), the words that the webhook
 * brought are what the agent wrote: better sent as they are than not at all.
 */
async function unread(
  deps: RelayDeps,
  claim: Claim,
  { event, source, outcome }: { event: MessageEvent; source: Connection; outcome: Outcome },
): Promise<MessageEvent | undefined> {
  if (outcome.outcome === 'sent') return event;
  const now = deps.io.clock.now();
  const young = now - Number(claim.delivery.created_at) < LISTING_GRACE_MS;
  if (outcome.outcome === 'refused' && outcome.code === 'not_listed' && young)
    await deps.ledger.settle(claim, { to: 'queued', nextAt: now + 1_000, reason: outcome.why });
  else if (outcome.outcome === 'refused' && event.parts.length > 0) return event;
  else await settleNotSent(deps, claim, source, outcome);
  return undefined;
}

async function readBack(
  adapter: AnyAdapter,
  of: { id: string; thread: string },
  connection: Connection,
  deps: RelayDeps,
) {
  const reading = async () =>
    (await adapter.readBack?.(of, connection, deps.budgets.io({ connection, adapter }))) ?? [];
  try {
    return await deps.budgets.slow.wait(connection.id, reading);
  } catch (error) {
    // Reading is repeatable: whatever went wrong on the wire, it can be done again.
    return { outcome: 'retry' as const, why: String((error as Error).message) };
  }
}

/** Waits for files that are still being fetched; a file that cannot be had is said in words. */
async function partsWithFiles(
  deps: RelayDeps,
  claim: Claim,
  stored: StoredEvent,
  event: MessageEvent,
): Promise<Part<StoredFile>[] | undefined> {
  if (!event.parts.some((part) => part.kind === 'file')) return event.parts as Part<StoredFile>[];
  const rows = new Map(
    (await deps.media.rows.of(stored.workspaceId, stored.id)).map((row) => [row.slot, row]),
  );
  if ([...rows.values()].some((row) => row.state === 'waiting')) {
    await deps.ledger.settle(claim, {
      to: 'queued',
      nextAt: deps.io.clock.now() + 1_000,
      reason: 'Its files are being fetched.',
    });
    return undefined;
  }
  return event.parts.map((part, index) => {
    if (part.kind !== 'file') return part;
    const row = rows.get(String(index));
    if (row?.state === 'stored') return { ...part, file: storedFile(deps, row) };
    const why = row?.reason ?? 'it was not found';
    return {
      kind: 'text',
      text: [`[${describeFile(part.file)} could not be fetched: ${why}]`, part.caption]
        .filter(Boolean)
        .join('\n'),
    };
  });
}

async function storeCalls(
  deps: RelayDeps,
  claim: Claim,
  {
    conversation,
    parts,
    event,
  }: { conversation: Conversation; parts: Part<StoredFile>[]; event: MessageEvent },
): Promise<StoredCall | undefined> {
  const inbound = event.author.kind === 'customer';
  const target = await deps.connections.byId(inbound ? claim.workspaceId : conversation.channelId);
  const adapter = target && deps.adapter(target.type);
  if (!adapter)
    return settled(deps, claim, 'failed', 'The channel was archived before this message could be sent.');
  const reply = await replyReference(deps, conversation, event, adapter.can);
  const fitted = fit(quoting(reply.quote, parts), adapter.can, {
    opens: inbound && conversation.platformThread === undefined,
  });
  if ('refused' in fitted) return settled(deps, claim, 'failed', fitted.refused.why, fitted.refused.code);
  const calls = fitted.calls.map(
    (call, index): Call => ({
      parts: call.map(asStored),
      ...(index === 0 && reply.to ? { replyTo: reply.to } : {}),
    }),
  );
  const delivery = await deps.ledger.expand(claim, {
    conversationId: conversation.id,
    channelId: conversation.channelId,
    calls,
    ...(inbound ? { inboundAt: event.at } : {}),
  });
  const fresh = delivery && { ...claim, delivery };
  return fresh && { claim: fresh, call: calls[0] as Call, conversation, prepared: {} };
}

const asStored = (part: Part<StoredFile>): Part<MediaRef> =>
  part.kind === 'file'
    ? {
        ...part,
        file: { kind: part.file.kind, mediaId: (part.file as StoredFile & { mediaId: string }).mediaId },
      }
    : part;

/** The stored conversation is gone at the platform: what was not sent yet is fitted again, for a new one. */
export async function expandAgain(
  deps: RelayDeps,
  claim: Claim,
  loaded: { conversation: Conversation; adapter: AnyAdapter; stored: StoredEvent },
): Promise<void> {
  const rows = new Map(
    (await deps.media.rows.of(claim.workspaceId, loaded.stored.id)).map((row) => [row.id, row]),
  );
  const parts = (await deps.ledger.openCalls(claim))
    .flatMap((call) => call.parts)
    .flatMap((part): Part<StoredFile>[] => {
      if (part.kind !== 'file') return [part];
      const row = rows.get(part.file.mediaId);
      return row ? [{ ...part, file: storedFile(deps, row) }] : [];
    });
  const fitted = fit(parts, loaded.adapter.can, { opens: true });
  if ('refused' in fitted) return;
  const { id: conversationId, channelId } = loaded.conversation;
  await deps.ledger.expand(claim, {
    conversationId,
    channelId,
    calls: fitted.calls.map((call) => ({ parts: call.map(asStored) })),
  });
}

async function settled(
  deps: RelayDeps,
  claim: Claim,
  to: 'failed',
  reason: string,
  code = 'not_sent',
): Promise<undefined> {
  await settleTold(deps, claim, { to, code, reason });
  return undefined;
}
