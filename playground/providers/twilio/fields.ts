/**
 * The form fields of Twilio's webhooks.
 * https://www.twilio.com/docs/messaging/guides/webhook-request and …/guides/track-outbound-message-status
 */
import { messageUri, segments, type TwilioMessage } from './state.ts';

/** Twilio posts every one of these, the empty ones too, and signs them all. */
export function inboundFields(message: TwilioMessage, api: string): Record<string, string> {
  const media = message.media.flatMap(({ sid, contentType }, at) => [
    [`MediaUrl${at}`, `${api}${messageUri(message)}/Media/${sid}`],
    [`MediaContentType${at}`, contentType],
  ]);
  return {
    ToCountry: 'US',
    ToState: '',
    ToCity: '',
    ToZip: '',
    FromCountry: 'US',
    FromState: 'CA',
    FromCity: 'SAN FRANCISCO',
    FromZip: '94105',
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    MessageSid: message.sid,
    SmsStatus: 'received',
    NumMedia: String(message.media.length),
    NumSegments: String(segments(message.body)),
    Body: message.body,
    From: message.from,
    To: message.to,
    AccountSid: message.accountSid,
    ApiVersion: '2010-04-01',
    ...(message.serviceSid ? { MessagingServiceSid: message.serviceSid } : {}),
    ...Object.fromEntries(media),
  };
}

export function statusFields(
  message: TwilioMessage,
  status: string,
  at: number,
  failure?: number,
): Record<string, string> {
  return {
    AccountSid: message.accountSid,
    ApiVersion: '2010-04-01',
    From: message.from,
    MessageSid: message.sid,
    MessageStatus: status,
    SmsSid: message.sid,
    SmsStatus: status,
    To: message.to,
    ...(message.serviceSid ? { MessagingServiceSid: message.serviceSid } : {}),
    ...(failure === undefined ? {} : { ErrorCode: String(failure) }),
    ...(status === 'delivered'
      ? { RawDlrDoneDate: new Date(at).toISOString().replace(/\D/g, '').slice(2, 12) }
      : {}),
  };
}
