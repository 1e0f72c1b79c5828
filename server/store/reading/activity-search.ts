/** From what somebody typed (a name, number, handle or id) to the conversations and events that they mean. */
import { toE164 } from '../../core/phone.ts';
import type { Database } from '../database/open.ts';
import { asConversation, identityKey } from '../ledger/conversations.ts';
import type { Seal } from '../sealing/seal.ts';
import type { SealOf } from './activity.ts';

/** Names and handles are sealed, so they are looked for among the latest conversations (a millisecond per thousand). */
const SEARCHED_CONVERSATIONS = 2_000;

/** Which conversations and events somebody means by these words. */
export async function searched(db: Database, sealOf: SealOf, workspaceIds: string[], words: string) {
  const found = { conversationIds: [] as string[], eventIds: [] as string[] };
  for (const workspaceId of workspaceIds) {
    const seal = await sealOf(workspaceId).catch(() => undefined);
    if (!seal) continue;
    found.conversationIds.push(
      ...(await byIdentity(db, seal, workspaceId, words)),
      ...(await byName(db, seal, workspaceId, words)),
    );
    found.eventIds.push(...(await byMessageId(db, seal, workspaceId, words)));
  }
  return found;
}

/** Exact: a phone number in any form, a chat or conversation id. Found however old it is. */
async function byIdentity(db: Database, seal: Seal, workspaceId: string, words: string): Promise<string[]> {
  const phone = toE164(words) ?? toE164(`+${words.replace(/\D/g, '')}`);
  const keys = [seal.hash('thread', words)];
  if (phone)
    keys.push(identityKey(seal, { scope: '', kind: 'phone', value: phone }), seal.hash('thread', phone));
  const rows = await db
    .selectFrom('conversation_identity')
    .select('conversation_id')
    .distinct()
    .where('workspace_id', '=', workspaceId)
    .where('identity', 'in', keys)
    .execute();
  const threads = await db
    .selectFrom('conversation')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('platform_thread', '=', words)
    .execute();
  return [...rows.map((row) => row.conversation_id), ...threads.map((row) => row.id)];
}

async function byName(db: Database, seal: Seal, workspaceId: string, words: string): Promise<string[]> {
  const rows = await db
    .selectFrom('conversation')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .orderBy('updated_at', 'desc')
    .limit(SEARCHED_CONVERSATIONS)
    .execute();
  const wanted = words.toLowerCase();
  return rows
    .map((row) => asConversation(row, seal))
    .filter(({ customer }) => `${customer.name ?? ''}\n${customer.address}`.toLowerCase().includes(wanted))
    .map((conversation) => conversation.id);
}

/** Our own id, or the provider's: the dedupe key is made from it, per connection. */
async function byMessageId(db: Database, seal: Seal, workspaceId: string, id: string): Promise<string[]> {
  const channels = await db
    .selectFrom('channel')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .execute();
  const connections = [workspaceId, ...channels.map((channel) => channel.id)];
  const received = await db
    .selectFrom('event')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where((eb) =>
      eb.or([
        eb('id', '=', id),
        eb(
          'dedupe',
          'in',
          connections.map((one) => seal.hash(one, 'message', id)),
        ),
      ]),
    )
    .execute();
  const sent = await db
    .selectFrom('delivery')
    .select('event_id')
    .where('workspace_id', '=', workspaceId)
    .where('provider_id', '=', id)
    .execute();
  return [...received.map((row) => row.id), ...sent.map((row) => row.event_id)];
}
