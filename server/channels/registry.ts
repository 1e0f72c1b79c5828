/** Every channel adapter. Adding a channel: one file, one line here, fixtures, a doc page. */
import type { AnyAdapter } from '../core/adapter.ts';
import { createTelegram } from './telegram/index.ts';
import { createTwilioSms } from './twilio-sms/index.ts';
import { createWhatsApp } from './whatsapp/index.ts';

export interface ChannelHosts {
  telegramApiUrl: string;
  twilio: { apiUrl: string; messagingUrl: string };
  meta: { graphUrl: string; appId?: string; appSecrets: string[]; verifyToken?: string };
}

/** `provider` is the word in the webhook's path. */
export const channelAdapters = (hosts: ChannelHosts): { provider: string; adapter: AnyAdapter }[] => [
  { provider: 'telegram', adapter: createTelegram({ apiUrl: hosts.telegramApiUrl }) },
  { provider: 'whatsapp', adapter: createWhatsApp(hosts.meta) },
  { provider: 'twilio', adapter: createTwilioSms(hosts.twilio) },
];
