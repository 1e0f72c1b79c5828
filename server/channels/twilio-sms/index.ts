import type { Adapter } from '../../core/adapter.ts';
import type { Capabilities, FileRule } from '../../core/capabilities.ts';
import { toE164 } from '../../core/phone.ts';
import type { TwilioHosts } from './api.ts';
import { connect, disconnect } from './connect.ts';
import { type TwilioCredentials, twilioCredentials } from './credentials.ts';
import { inspect } from './inspect.ts';
import { catchUp, lookup } from './list.ts';
import { media } from './media.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';

/** https://www.twilio.com/docs/messaging/guides/accepted-mime-types: 5 MB a message; carriers may take less. */
const mms = (...types: string[]): FileRule => ({ types, maxSize: 5_000_000 });
const SOUND = [
  'basic',
  'L24',
  'mp4',
  'mpeg',
  'ogg',
  '3gpp',
  '3gpp2',
  'ac3',
  'webm',
  'amr-nb',
  'amr',
  'vnd.wave',
];
const FILM = ['mpeg', 'mp4', 'quicktime', 'webm', '3gpp', '3gpp2', 'H261', 'H263', 'H264'];
const PAPER = ['text/vcard', 'text/x-vcard', 'text/csv', 'text/rtf', 'text/calendar', 'application/pdf'];
const audio = mms(...SOUND.map((type) => `audio/${type.toLowerCase()}`));

const can: Capabilities = {
  // Twilio joins the segments of one message up to here.
  text: { max: 1600, unit: 'utf16' },
  files: {
    image: mms('image/jpeg', 'image/jpg', 'image/png', 'image/gif', 'image/bmp', 'image/tiff'),
    video: mms(...FILM.map((type) => `video/${type.toLowerCase()}`)),
    audio,
    voice: audio,
    document: mms(...PAPER),
  },
  caption: 0,
  filesPerCall: 10,
  filesWithText: true,
  filesWhenOpening: true,
  receipts: ['sent', 'delivered', 'failed'],
  idempotent: false,
  echo: true,
  tells: [],
  // No limits: Twilio queues what comes faster than a number may send, and says so when its queue is full.
  redelivery: 'Tries once more, and only when it could not connect: the message list is read to catch up.',
};

/**
 * SMS and MMS by Twilio: https://www.twilio.com/docs/messaging
 * @param hosts https://api.twilio.com and https://messaging.twilio.com, or what stands for them; no trailing slash.
 */
export function createTwilioSms(hosts: TwilioHosts): Adapter<TwilioCredentials> {
  return {
    id: 'twilio_sms',
    side: 'channel',
    title: 'SMS',
    credentials: twilioCredentials,
    can,
    receive,
    send: (delivery, connection, io) => send(delivery, connection, io, hosts),
    lookup: (delivery, connection, io) => lookup(delivery, connection, io, hosts),
    identify: ({ from, messaging_service_sid }) => {
      const externalId = from === undefined ? messaging_service_sid : (toE164(from) ?? from);
      return externalId === undefined ? undefined : { medium: 'sms', externalId };
    },
    connect: (input, io) => connect(input, io, hosts),
    disconnect: (connection, io) => disconnect(connection, io, hosts),
    inspect: (connection, webhookUrl, io) => inspect(connection, webhookUrl, io, hosts),
    catchUp: (connection, since, io) => catchUp(connection, since, io, hosts),
    media: (file, connection, io) => media(file, connection, io, hosts),
  };
}
