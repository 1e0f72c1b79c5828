import type { Connection, HttpRequest, HttpResponse, Io } from '../../core/adapter.ts';
import type { NotSent } from '../../core/outcome.ts';
import type { TwilioCredentials } from './credentials.ts';
import { outcomeOf } from './errors.ts';

export type TwilioConnection = Connection<TwilioCredentials>;
/** Both without a trailing slash. */
export interface TwilioHosts {
  /** https://api.twilio.com */
  apiUrl: string;
  /** https://messaging.twilio.com */
  messagingUrl: string;
}

export const accountUrl = (hosts: TwilioHosts, credentials: TwilioCredentials): string =>
  `${hosts.apiUrl}/2010-04-01/Accounts/${encodeURIComponent(credentials.account_sid)}`;

export const authorization = ({ account_sid, auth_token }: TwilioCredentials): string =>
  `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString('base64')}`;

/** One call with Basic auth. https://www.twilio.com/docs/usage/requests-to-twilio */
export const call = (credentials: TwilioCredentials, request: HttpRequest, io: Io): Promise<HttpResponse> =>
  io.http({ ...request, headers: { ...request.headers, authorization: authorization(credentials) } });

export const isOk = (response: HttpResponse): boolean => response.status >= 200 && response.status < 300;

/** `{code: 21211, message, more_info, status}` behind an HTTP status. */
export function errorOf(response: HttpResponse): { code?: number; text: string } {
  const { code, message } = fieldsOf(response.json);
  return {
    ...(typeof code === 'number' && { code }),
    text: typeof message === 'string' ? message : `Twilio answered ${response.status}`,
  };
}

export function refusalOf(response: HttpResponse): NotSent {
  const { code, text } = errorOf(response);
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return outcomeOf(response.status, code, text, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

export const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map(fieldsOf) : [];

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
