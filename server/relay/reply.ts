/** A reply keeps what it answers: by the target's own id where it has replies, in words where it has none. */
import type { Capabilities } from '../core/capabilities.ts';
import type { MessageEvent, TextPart } from '../core/message.ts';
import type { Conversation } from '../store/conversations.ts';
import type { RelayDeps } from './deps.ts';

export async function replyReference(
  deps: RelayDeps,
  conversation: Conversation,
  event: MessageEvent,
  can: Capabilities,
): Promise<{ to?: string; quote?: TextPart }> {
  if (event.replyTo === undefined) return {};
  const answered = await deps.ledger.answered(conversation, event.replyTo);
  if (!answered) return {};
  if (can.replies && answered.counterpart) return { to: answered.counterpart };
  return answered.excerpt ? { quote: { kind: 'text', text: `↪ In reply to “${answered.excerpt}”` } } : {};
}
