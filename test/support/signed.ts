/** Requests as each sender would sign them, made by hand: for bodies that no sender would send. */

import { signedHeaders } from '../../playground/platforms/hubspot/signature.ts';
import { bodySignature, hubSignature } from '../../playground/platforms/intercom/webhooks.ts';
import { signature as metaSignature } from '../../playground/providers/meta/webhooks.ts';
import { signature as twilioSignature } from '../../playground/providers/twilio/webhooks.ts';
import { TWILIO_ACCOUNT } from '../../playground/town/emulators.ts';
import type { Town } from './town.ts';

export interface Door {
  name: string;
  url: string;
  /** Headers that prove these bytes; for Twilio the bytes are a form. */
  sign(body: string): Record<string, string>;
}

/** Where webhooks arrive, one door per sender. */
export function webhookDoors(town: Town): Door[] {
  const { meta, intercom, hubspot } = town.emulators;
  const telegram = town.channel('intercom', 'telegram').webhookUrl;
  const twilio = town.channel('intercom', 'twilio_sms').webhookUrl;
  const channels = hubspotChannelsUrl(town);
  return [
    {
      name: 'Telegram',
      url: telegram,
      sign: () => ({ 'x-telegram-bot-api-secret-token': telegramSecret(town, telegram) }),
    },
    {
      name: 'Meta',
      url: `${town.url}/webhooks/whatsapp`,
      sign: (body) => ({ 'x-hub-signature-256': metaSignature(meta.appSecret, body) }),
    },
    {
      name: 'Twilio',
      url: twilio,
      sign: (body) => ({
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilioSignature(
          TWILIO_ACCOUNT.authToken,
          twilio,
          Object.fromEntries(new URLSearchParams(body)),
        ),
      }),
    },
    {
      name: 'Intercom',
      url: `${town.url}/intercom/webhooks`,
      sign: (body) => ({ 'x-hub-signature': hubSignature(intercom.world.app.clientSecret, body) }),
    },
    {
      name: 'HubSpot',
      url: channels,
      sign: (body) => hubspotSigned(town, { method: 'POST', url: channels, body }),
    },
  ];

  function hubspotChannelsUrl({ emulators }: Town): string {
    return [...hubspot.world.channels.values()][0]?.webhookUrl ?? emulators.hubspot.url;
  }
}

/** Intercom's cards ask with a signature of their own. */
export const canvasDoor = (town: Town): Door => ({
  name: 'Intercom’s card',
  url: `${town.url}/intercom/canvas/initialize`,
  sign: (body) => ({
    'x-body-signature': bodySignature(town.emulators.intercom.world.app.clientSecret, body),
  }),
});

export const hubspotSigned = (
  { emulators: { hubspot } }: Town,
  request: { method: string; url: string; body: string; timestamp?: number },
): Record<string, string> =>
  signedHeaders(hubspot.world.app.clientSecret, { timestamp: Date.now(), ...request });

/** As it was told to Telegram when the bot was connected. */
export function telegramSecret({ emulators: { telegram } }: Town, webhookUrl: string): string {
  const told = telegram.calls
    .filter((call) => /setWebhook$/i.test(call.path))
    .map((call) => JSON.parse(call.body) as { url: string; secret_token: string })
    .findLast((one) => one.url === webhookUrl);
  if (!told) throw new Error(`nobody registered ${webhookUrl}`);
  return told.secret_token;
}
