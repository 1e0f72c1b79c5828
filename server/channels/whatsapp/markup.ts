import { toWhatsApp } from '../../core/markup.ts';
import type { TextPart } from '../../core/message.ts';
import { parseRichText } from '../../core/rich-text.ts';

/** Characters (code points) of a text message. */
export const TEXT_LIMIT = 4096;

/**
 * An agent's text in WhatsApp's own markup. The core has fitted the plain text to the limit; where the marks would push
 * it over, the plain text goes.
 */
export function markup(part: TextPart): string {
  if (part.html === undefined) return part.text;
  const marked = toWhatsApp(parseRichText(part.html)).trim();
  return marked === '' || [...marked].length > TEXT_LIMIT ? part.text : marked;
}
