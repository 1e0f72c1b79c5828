/** How HubSpot names the two ends of a conversation, and where a channel's HubSpot facts stand in its settings. */
import { z } from 'zod';
import type { ConversationLink } from '../../core/adapter.ts';
import type { ChannelFacts } from '../../core/channel-facts.ts';
import { isE164 } from '../../core/phone.ts';

export interface DeliveryIdentifier {
  type: 'HS_PHONE_NUMBER' | 'HS_SHORT_CODE' | 'CHANNEL_SPECIFIC_OPAQUE_ID';
  value: string;
}

const attachedShape = z.object({
  custom_channel_id: z.string(),
  channel_account_id: z.string(),
  inbox_id: z.string(),
  identifier: z.object({
    type: z.enum(['HS_PHONE_NUMBER', 'HS_SHORT_CODE', 'CHANNEL_SPECIFIC_OPAQUE_ID']),
    value: z.string(),
  }),
});
/** What attachChannel keeps in the channel's settings as `hubspot`. */
export type Attached = z.infer<typeof attachedShape>;

/** Undefined: the channel has never been made known to HubSpot. */
export const attachedOf = (settings: Record<string, unknown>): Attached | undefined =>
  attachedShape.safeParse(settings.hubspot).data;

/**
 * An address as a delivery identifier. HubSpot validates phone numbers (E.164 with plus) and matches contacts by them;
 * everything else is an opaque id, which it passes through.
 */
function identifierOf(address: string): DeliveryIdentifier {
  if (isE164(address)) return { type: 'HS_PHONE_NUMBER', value: address };
  return { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: address };
}

/** The business side: a number where the channel has one, a short code, else the bot's or service's id. */
export function accountIdentifier(channel: ChannelFacts): DeliveryIdentifier {
  const phone = channel.settings.phone;
  if (typeof phone === 'string' && isE164(phone)) return { type: 'HS_PHONE_NUMBER', value: phone };
  if (channel.medium === 'sms' && /^\d{3,8}$/.test(channel.externalId))
    return { type: 'HS_SHORT_CODE', value: channel.externalId };
  return identifierOf(channel.externalId);
}

/** The customer: the thread is the address we answer to, so an agent's new message comes back with it. */
export const customerIdentifier = (conversation: ConversationLink): DeliveryIdentifier =>
  identifierOf(conversation.thread);
