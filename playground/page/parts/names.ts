import type { PhoneApp, PlatformId, SystemId } from '../api.ts';

export const APPS: Record<PhoneApp, string> = { telegram: 'Telegram', whatsapp: 'WhatsApp', sms: 'SMS' };
export const PLATFORMS: Record<PlatformId, string> = { intercom: 'Intercom', hubspot: 'HubSpot' };
export const SYSTEMS: Record<SystemId, string> = {
  telegram: 'Telegram',
  whatsapp: 'WhatsApp (Meta)',
  twilio: 'SMS (Twilio)',
  intercom: 'Intercom',
  hubspot: 'HubSpot',
};

/** What stands in for a face: `AP` for Anna Petrov, the last two digits of a phone number. */
export function initials(name: string): string {
  if (/^\+?[\d\s]+$/.test(name)) return name.slice(-2);
  const letters = name.split(/\s+/).map((word) => [...word.replace(/^[^\p{L}\p{N}]+/u, '')][0] ?? '');
  return letters.slice(0, 2).join('').toUpperCase() || '?';
}

/** A steady hue (0–359) for a name. */
export const hue = (name: string): number =>
  [...name].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 360, 7);
