/**
 * Twilio's side of a webhook: its signature, which failures it tries again, and what it does with the answer.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security and …/webhooks-connection-overrides
 */
import { createHmac } from 'node:crypto';
import type { WebhookRules } from '../../kit.ts';

/** base64(HMAC-SHA1(auth token, URL + every field as key + value, keys in code-unit order)). */
export function signature(authToken: string, url: string, fields: Record<string, string>): string {
  const signed = Object.keys(fields)
    .sort()
    .reduce((text, key) => text + key + fields[key], url);
  return createHmac('sha1', authToken).update(signed, 'utf8').digest('base64');
}

export interface Waits {
  /** Between tries. */
  retryMs: number;
  /** Until a read times out. */
  timeoutMs: number;
}

/**
 * One more try, for connection failures only, unless the URL's fragment says otherwise:
 * `#rc=3&rp=4xx,5xx,ct,rt&rt=5000`. The fragment is neither sent nor signed.
 */
export function rulesFor(
  url: string,
  waits: Waits,
): Pick<WebhookRules, 'retryAfterMs' | 'timeoutMs' | 'retries'> {
  const overrides = new URLSearchParams(url.split('#')[1] ?? '');
  const count = Math.min(5, Number(overrides.get('rc') ?? 1));
  const policy = (overrides.get('rp') ?? 'ct').split(',');
  const has = (name: string): boolean => policy.includes(name) || policy.includes('all');
  return {
    retryAfterMs: Array<number>(count).fill(waits.retryMs),
    timeoutMs: Math.min(waits.timeoutMs, Number(overrides.get('rt') ?? waits.timeoutMs)),
    retries: (status, failure) => {
      if (failure) return has(failure === 'connect' ? 'ct' : 'rt');
      return (status >= 400 && status < 500 && has('4xx')) || (status >= 500 && has('5xx'));
    },
  };
}

export interface WebhookAnswer {
  /** Texts that go to the customer: `<Message>` of TwiML, or a text/plain body as it is. */
  messages: string[];
  /** What Twilio's debugger would show. */
  alert?: { code: number; message: string };
}

/** What Twilio makes of a 2xx answer. An empty body is silence; anything in text/plain is an SMS to the customer. */
export function readAnswer(contentType: string, body: string): WebhookAnswer {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (body.trim() === '') return { messages: [] };
  if (type === 'text/plain') return { messages: [body] };
  if (!['text/xml', 'application/xml', 'text/html'].includes(type))
    return { messages: [], alert: { code: 12300, message: `Invalid Content-Type: ${type}` } };
  if (!/<Response(\s[^>]*)?\/?>/.test(body))
    return { messages: [], alert: { code: 12100, message: 'Document parse failure' } };
  const found = [...body.matchAll(/<(Message|Sms)(?:\s[^>]*)?>([\s\S]*?)<\/\1>/g)];
  return { messages: found.map(([, , inside = '']) => plain(inside)).filter((text) => text !== '') };
}

const plain = (xml: string): string =>
  (/<Body>([\s\S]*?)<\/Body>/.exec(xml)?.[1] ?? xml)
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
    .trim();

/** https://help.twilio.com/articles/223134027: whole message, any case. */
export function optOutWord(text: string): 'stop' | 'start' | 'help' | undefined {
  const word = text.trim().toUpperCase();
  if (['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'].includes(word))
    return 'stop';
  if (['START', 'YES', 'UNSTOP'].includes(word)) return 'start';
  return ['HELP', 'INFO'].includes(word) ? 'help' : undefined;
}

export const OPT_OUT_ANSWERS = {
  stop: 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.',
  start:
    'You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
  help: 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
};
