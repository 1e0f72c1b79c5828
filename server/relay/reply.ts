/** A reply keeps what it answers: by the target's own id where it has replies, in words where it has none. */
import type { Capabilities } from '../core/capabilities.ts';
import type { MessageEvent, Part } from '../core/message.ts';
import type { Conversation } from '../store/ledger/conversations.ts';
import type { RelayDeps } from './deps.ts';

export async function replyReference(
  deps: RelayDeps,
  conversation: Conversation,
  event: MessageEvent,
  can: Capabilities,
): Promise<{ to?: string; quote?: string }> {
  if (event.replyTo === undefined) return {};
  const answered = await deps.ledger.answered(conversation, event.replyTo);
  if (!answered) return {};
  if (can.replies && answered.counterpart) return { to: answered.counterpart };
  return answered.excerpt ? { quote: `↪ In reply to “${answered.excerpt}”` } : {};
}

/** The quote as the first line of what is said: one message, not two. */
export function quoting<File>(quote: string | undefined, parts: Part<File>[]): Part<File>[] {
  if (quote === undefined) return parts;
  const [first, ...others] = parts;
  if (first?.kind !== 'text') return [{ kind: 'text', text: quote }, ...parts];
  const { text, html } = first;
  const whole = html === undefined ? {} : { html: `<p>${escapeHtml(quote)}</p>${html}` };
  return [{ kind: 'text', text: `${quote}\n${text}`, ...whole }, ...others];
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
