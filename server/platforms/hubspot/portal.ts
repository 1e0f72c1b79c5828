/** One HubSpot account as we act in it: calls with its token, and what a refused token means. */
import { z } from 'zod';
import type { Connection, HttpResponse, Io } from '../../core/adapter.ts';
import { type NotSent, retry } from '../../core/outcome.ts';
import { outcomeOf, repeatableOutcomeOf } from './errors.ts';
import { type ApiCall, hubspotApi } from './transport.ts';

export const credentialsShape = z.object({
  access_token: z.string().min(1).meta({ secret: true, title: 'Access token' }),
  refresh_token: z.string().min(1).meta({ secret: true, title: 'Refresh token' }),
  /** Milliseconds since 1970. */
  expires_at: z.number().meta({ title: 'Expires at' }),
});
export type HubspotCredentials = z.infer<typeof credentialsShape>;
export type HubspotConnection = Connection<HubspotCredentials>;

export interface HubspotOptions {
  /** `https://api.hubapi.com`, without a trailing slash. */
  apiUrl: string;
  /** `https://app.hubspot.com`: where people consent. */
  appUrl: string;
  clientId: string;
  /** The first is the one we present; all of them verify signatures. */
  clientSecrets: string[];
  redirectUri: string;
  appId?: string;
  /** Only for registering the app's custom channels. */
  developerApiKey?: string;
  /** The ids of the app's custom channels by medium (`telegram`, `whatsapp`, `sms`), kept by the operator's store. */
  customChannels: {
    get(medium: string): Promise<string | undefined>;
    set(medium: string, id: string): Promise<void>;
  };
  /** Which of our channels a channel account is; without it, what happens to one is only kept and shown. */
  channelOf?(workspaceId: string, channelAccountId: string): Promise<{ id: string } | undefined>;
  /** What the custom channels call: PUBLIC_URL + `/hubspot/channels/webhook/:secret`. */
  webhookUrl?: string;
}

/**
 * Which access tokens HubSpot refused before their time, in this process only: a hint to renew early, never the truth.
 * A token renewed for that reason and refused as well means that the account is lost to us.
 */
export interface TokenMemory {
  refused(connectionId: string, token: string): 'first' | 'again';
  isRefused(connectionId: string, token: string): boolean;
  worked(connectionId: string): void;
}

export function tokenMemory(): TokenMemory {
  const firstRefused = new Map<string, string>();
  return {
    refused: (connectionId, token) => {
      const first = firstRefused.get(connectionId);
      if (first !== undefined && first !== token) return 'again';
      firstRefused.set(connectionId, token);
      return 'first';
    },
    isRefused: (connectionId, token) => firstRefused.get(connectionId) === token,
    worked: (connectionId) => {
      firstRefused.delete(connectionId);
    },
  };
}

export interface Portal {
  connection: HubspotConnection;
  io: Io;
  /** Answers for every HTTP status; throws `WireError` when there is none. */
  call(call: ApiCall): Promise<HttpResponse>;
  /** What a refusal means; `doing` in plain words: "adding the message". */
  refusal(response: HttpResponse, doing: string): NotSent;
  /** The same for what may be done again without harm. */
  repeatableRefusal(response: HttpResponse, doing: string): NotSent;
}

export function portalOf(
  options: HubspotOptions,
  tokens: TokenMemory,
  connection: HubspotConnection,
  io: Io,
): Portal {
  const api = hubspotApi(options.apiUrl, io);
  const token = connection.credentials.access_token;
  const judged = (response: HttpResponse, outcome: NotSent): NotSent =>
    response.status === 401 && tokens.refused(connection.id, token) === 'first'
      ? retry('HubSpot refused the access token before its time: a new one is asked for')
      : outcome;
  return {
    connection,
    io,
    call: async (call) => {
      const response = await api(call, { accessToken: token });
      if (response.status < 400) tokens.worked(connection.id);
      return response;
    },
    refusal: (response, doing) => judged(response, outcomeOf(response, doing)),
    repeatableRefusal: (response, doing) => judged(response, repeatableOutcomeOf(response, doing)),
  };
}
