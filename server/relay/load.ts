/** From the stored call to what an adapter sends: the conversation, the files, the preparations made so far. */
import type {
  AnyAdapter,
  Connection,
  ConversationLink,
  Delivery,
  MessageDelivery,
  StatusDelivery,
} from '../core/adapter.ts';
import { excerpt } from '../core/describe.ts';
import type { Part, StoredFile } from '../core/message.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { Conversation } from '../store/ledger/conversations.ts';
import type { Call, MediaRef } from '../store/ledger/expand.ts';
import type { StoredEvent } from '../store/ledger/ledger.ts';
import type { MediaRow } from '../store/media/media-rows.ts';
import type { RelayDeps } from './deps.ts';
import { settleTold } from './tells.ts';

export interface Loaded<D extends Delivery = Delivery> {
  delivery: D;
  conversation: Conversation;
  connection: Connection;
  adapter: AnyAdapter;
}

/** What one try needs: the delivery, whom it goes to, and the event that it came from. */
export type Attempt = Loaded & { stored: StoredEvent };

/** A call as it is stored, with its conversation: just expanded, or read again. */
export interface StoredCall {
  claim: Claim;
  call: Call;
  conversation: Conversation;
  prepared: Record<string, string>;
}

/** Undefined: its content or conversation is gone; the claim was settled as failed. */
export async function storedCall(deps: RelayDeps, claim: Claim): Promise<StoredCall | undefined> {
  const [call, conversation, prepared] = await Promise.all([
    deps.ledger.content<Call>(claim),
    conversationOf(deps, claim),
    deps.ledger.prepared(claim),
  ]);
  return call && conversation ? { claim, call, conversation, prepared } : gone(deps, claim);
}

/** Undefined: the target is gone (archived); the claim was settled as failed. */
export async function messageDelivery(
  deps: RelayDeps,
  { claim, call, conversation, prepared }: StoredCall,
  stored: StoredEvent,
): Promise<Loaded<MessageDelivery> | undefined> {
  const inbound = claim.delivery.direction === 'in';
  const base = await target(deps, conversation, inbound ? 'platform' : 'channel');
  if (!base) return gone(deps, claim);
  const delivery: MessageDelivery = {
    ...common(claim, base.link, stored, prepared),
    kind: 'message',
    parts: await withFiles(deps, stored, call.parts),
    opens: inbound && conversation.platformThread === undefined,
    ...(call.replyTo ? { replyTo: call.replyTo } : {}),
  };
  return { ...base, delivery };
}

export async function statusDelivery(
  deps: RelayDeps,
  claim: Claim,
  stored: StoredEvent,
): Promise<Loaded<StatusDelivery> | undefined> {
  const content = await deps.ledger.content<Pick<StatusDelivery, 'status' | 'why'>>(claim);
  const conversation = await conversationOf(deps, claim);
  const base = conversation && (await target(deps, conversation, 'platform'));
  if (!content || !base) return undefined;
  const parts = stored.event?.kind === 'message' ? stored.event.parts : [];
  const delivery: StatusDelivery = {
    ...common(claim, base.link, stored, {}),
    kind: 'status',
    of: stored.sourceId,
    excerpt: excerpt(parts, 80),
    ...content,
  };
  return { ...base, delivery };
}

function common(
  { delivery }: Claim,
  conversation: ConversationLink,
  stored: StoredEvent,
  prepared: Record<string, string>,
) {
  const startedAt = delivery.started_at === null ? undefined : Number(delivery.started_at);
  return {
    id: delivery.id,
    conversation,
    prepared: { ...prepared, ...(conversation.contactId ? { contact: conversation.contactId } : {}) },
    at: stored.at,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

async function conversationOf(
  deps: RelayDeps,
  { workspaceId, delivery }: Claim,
): Promise<Conversation | undefined> {
  const id = delivery.conversation_id;
  return id === null ? undefined : await deps.ledger.conversation({ workspaceId, id });
}

async function target(
  deps: RelayDeps,
  conversation: Conversation,
  side: 'platform' | 'channel',
): Promise<(Omit<Loaded, 'delivery'> & { link: ConversationLink }) | undefined> {
  const channel = await deps.connections.byId(conversation.channelId);
  const connection = side === 'channel' ? channel : await deps.connections.byId(conversation.workspaceId);
  const adapter = connection && deps.adapter(connection.type);
  const title = channel && deps.adapter(channel.type)?.title;
  if (!channel || !adapter || !connection || !title) return undefined;
  return { conversation, connection, adapter, link: linkOf(conversation, channel, title) };
}

const linkOf = (conversation: Conversation, channel: Connection, title: string): ConversationLink => ({
  id: conversation.id,
  thread: conversation.thread,
  customer: conversation.customer,
  ...(conversation.platformThread ? { platformThread: conversation.platformThread } : {}),
  ...(conversation.contactId ? { contactId: conversation.contactId } : {}),
  channel: {
    id: channel.id,
    type: channel.type,
    title,
    name: channel.name,
    externalId: channel.externalId,
    settings: channel.settings,
  },
});

async function gone(deps: RelayDeps, claim: Claim): Promise<undefined> {
  await settleTold(deps, claim, {
    to: 'failed',
    code: 'disconnected',
    reason: 'The channel or workspace was archived before this message could be sent.',
  });
  return undefined;
}

async function withFiles(
  deps: RelayDeps,
  stored: StoredEvent,
  parts: Part<MediaRef>[],
): Promise<Part<StoredFile>[]> {
  if (!parts.some((part) => part.kind === 'file')) return parts as Part<StoredFile>[];
  const rows = new Map((await deps.media.rows.of(stored.workspaceId, stored.id)).map((row) => [row.id, row]));
  return parts.map((part) => {
    if (part.kind !== 'file') return part;
    const row = rows.get(part.file.mediaId);
    return row
      ? { ...part, file: storedFile(deps, row) }
      : { kind: 'other' as const, summary: 'a file that was erased' };
  });
}

/** A file of the media store, as adapters see it; `mediaId` lets a call be stored again. */
export function storedFile(deps: RelayDeps, row: MediaRow): StoredFile & { mediaId: string } {
  return {
    mediaId: row.id,
    kind: row.kind as StoredFile['kind'],
    name: row.name ?? 'file',
    contentType: row.content_type ?? 'application/octet-stream',
    size: Number(row.size ?? 0),
    bytes: async () => {
      const { key } = await deps.connections.seal(row.workspace_id);
      const chunks: Uint8Array[] = [];
      for await (const chunk of deps.media.files.read(row.id, key)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    link: () => deps.mediaLink(row.workspace_id, row.id),
  };
}
