import type { TextPart } from '../../core/message.ts';

/** An agent's text in WhatsApp's own markup. */
export const markup = (part: TextPart): string => part.text;
