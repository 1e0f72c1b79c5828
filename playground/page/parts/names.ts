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

/** `AP` for Anna Petrov: what stands in for a face. */
export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase() || '?';

/** A steady hue (0–359) for a name. */
export const hue = (name: string): number =>
  [...name].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 360, 7);
