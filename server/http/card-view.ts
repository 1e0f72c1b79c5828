/** From the ledger to what a card shows: the same truth for Intercom and HubSpot. */
import type { CardMessage, CardView, ConversationCard } from '../../intercom-canvas/view.ts';
import type { AnyAdapter, Connection } from '../core/adapter.ts';
import { ERASED } from '../core/outcome.ts';
import { displayPhone } from '../core/phone.ts';
import type { Channel, ConnectionStore, Workspace } from '../store/connections/connections.ts';
import type { Conversation } from '../store/ledger/conversations.ts';
import type { Ledger } from '../store/ledger/ledger.ts';
import type { CardRow, MessageStore } from '../store/reading/messages.ts';

export interface CardDeps {
  ledger: Ledger;
  connections: ConnectionStore;
  messages: MessageStore;
  adapter(type: string): AnyAdapter | undefined;
  clock: { now(): number };
  publicUrl: string;
}

/** Failed messages stay on the card this long, ms. */
const FAILED_FOR_MS = 7 * 24 * 3_600_000;

/** The card of one bridged conversation; `undefined` when its channel was archived. */
export async function conversationCard(
  deps: CardDeps,
  conversation: Conversation,
): Promise<ConversationCard | undefined> {
  const { workspaceId, channelId } = conversation;
  const channel = await deps.connections.channel(workspaceId, channelId);
  const connection = await deps.connections.byId(channelId);
  const adapter = channel && deps.adapter(channel.type);
  if (!channel || !adapter) return undefined;
  const failedSince = deps.clock.now() - FAILED_FOR_MS;
  const rows = await deps.messages.ofConversation(workspaceId, conversation.id, failedSince);
  return {
    kind: 'conversation',
    channel: {
      title: adapter.title,
      name: channel.name,
      address: ownAddress(channel, connection),
      status: channel.status,
      ...(channel.reason ? { reason: channel.reason } : {}),
    },
    customer: {
      ...(conversation.customer.name ? { name: conversation.customer.name } : {}),
      address: conversation.customer.address,
    },
    ...windowOf(conversation, adapter),
    messages: rows.map(toCardMessage),
    consoleUrl: `${deps.publicUrl}/`,
  };
}

/** Our own number or bot, as people write it. */
function ownAddress(channel: Channel, connection: Connection | undefined): string {
  const phone = channel.settings.phone ?? connection?.settings.phone;
  if (channel.type === 'telegram') return channel.name;
  return displayPhone(typeof phone === 'string' ? phone : channel.external_id);
}

function windowOf(conversation: Conversation, adapter: AnyAdapter): { window?: { closesAt: number } } {
  const { windowHours } = adapter.can;
  if (windowHours === undefined || conversation.lastInboundAt === undefined) return {};
  return { window: { closesAt: conversation.lastInboundAt + windowHours * 3_600_000 } };
}

function toCardMessage({ erased, ...row }: CardRow): CardMessage {
  const troubled = row.direction === 'out' && (row.status === 'failed' || row.status === 'unknown');
  if (!troubled || !erased) return { ...row, canResend: troubled };
  return { ...row, reason: [row.reason, ERASED].filter(Boolean).join(' '), canResend: false };
}

export const notBridged = (publicUrl: string): CardView => ({
  kind: 'not_bridged',
  title: 'This conversation is not on a messaging channel.',
  advice:
    'Replies stay here. Conversations that customers start on a connected channel show their channel in this place.',
  consoleUrl: `${publicUrl}/`,
});

export const notConnected = (publicUrl: string, workspace?: Workspace): CardView => ({
  kind: 'disconnected',
  title: 'Octopods is not connected to this workspace.',
  advice: workspace?.reason
    ? `${workspace.reason} Ask an admin to reconnect it; replies wait until then.`
    : 'Ask an admin to install Octopods and to add a channel.',
  consoleUrl: `${publicUrl}/`,
});
