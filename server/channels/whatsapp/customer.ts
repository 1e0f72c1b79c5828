import type { Customer, Identity } from '../../core/message.ts';
import { type Json, record, records, text } from './json.ts';

/**
 * Since 2026 a person on WhatsApp is known by a user id scoped to the business (BSUID), and the phone number may be
 * missing. Some relays put the BSUID into `from` and `wa_id`, so every address is looked at before it counts as a phone.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
 */
const BSUID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+$/;

export const isUserId = (value: string): boolean => BSUID.test(value);

/** `15550002222`, `+1 555-000-2222` → `+15550002222`; undefined for what is no phone number. */
export function phoneNumber(value: string | undefined): string | undefined {
  if (!value || !/^\+?[\d\s().-]+$/.test(value)) return undefined;
  const digits = value.replace(/\D/g, '');
  return digits.length >= 5 && digits.length <= 15 ? `+${digits}` : undefined;
}

/** The sender of a message and the conversation they write in; undefined when the message names nobody. */
export function senderOf(
  message: Json,
  contacts: Json[],
  wabaId: string,
): { thread: string; customer: Customer } | undefined {
  const contact = contactOf(message, contacts);
  const addresses = [message.from, contact?.wa_id, message.from_user_id, contact?.user_id]
    .map(text)
    .filter((address) => address !== undefined);
  const phone = addresses.map(phoneNumber).find((address) => address !== undefined);
  const userId = addresses.find(isUserId);
  const thread = phone ?? userId;
  if (!thread) return undefined;
  const identities: Identity[] = [];
  if (phone) identities.push({ kind: 'phone', scope: '', value: phone });
  if (userId) identities.push({ kind: 'whatsapp_user', scope: wabaId, value: userId });
  const username = text(record(contact?.profile)?.username);
  const name = text(record(contact?.profile)?.name);
  const address = phone ?? (username ? `@${username.replace(/^@/, '')}` : thread);
  return { thread, customer: { identities, address, ...(name ? { name } : {}) } };
}

/** The contact that belongs to a message: by phone or user id; the only one of a single message. */
function contactOf(message: Json, contacts: Json[]): Json | undefined {
  const ids = [text(message.from), text(message.from_user_id)].filter((id) => id !== undefined);
  const matches = (contact: Json): boolean =>
    [text(contact.wa_id), text(contact.user_id)].some((id) => id !== undefined && ids.includes(id));
  const matched = contacts.find(matches);
  if (matched) return matched;
  // A contact that carries ids of somebody else must not lend its name.
  const [only] = contacts;
  const anonymous = only && !text(only.wa_id) && !text(only.user_id);
  return contacts.length === 1 && (ids.length === 0 || anonymous) ? only : undefined;
}

/** A shared contact card, as far as it says anything. */
export function cardOf(card: Json): { name: string; phones: string[]; emails: string[] } {
  const name = record(card.name);
  const full = [text(name?.first_name), text(name?.last_name)].filter(Boolean).join(' ');
  const phones = records(card.phones)
    .map((phone) => text(phone.phone) ?? phoneNumber(text(phone.wa_id)))
    .filter((phone) => phone !== undefined);
  const emails = records(card.emails)
    .map((email) => text(email.email))
    .filter((email) => email !== undefined);
  const fallback = text(record(card.org)?.company) ?? phones[0] ?? emails[0] ?? 'Contact without a name';
  return { name: text(name?.formatted_name) ?? (full || fallback), phones, emails };
}
