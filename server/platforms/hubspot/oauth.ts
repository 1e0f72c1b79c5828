/**
 * Installing, renewing and uninstalling.
 * https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
 */
import { z } from 'zod';
import type { HttpResponse, Installation, Io } from '../../core/adapter.ts';
import { type NotSent, refused, retry, unauthorized, WireError } from '../../core/outcome.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { HubspotConnection, HubspotCredentials, HubspotOptions, TokenMemory } from './portal.ts';
import { accountDetailsShape, introspectionShape, tokenShape } from './shapes.ts';
import { type Api, hubspotApi } from './transport.ts';

/**
 * What our code calls, and nothing else (reviewers compare): docs/platforms/hubspot.md says why for each. The same list
 * stands in the developer project's `app-hsmeta.json`; HubSpot refuses to install when they differ.
 */
export const HUBSPOT_SCOPES = [
  'oauth',
  'conversations.custom_channels.read',
  'conversations.custom_channels.write',
  'conversations.read',
  'crm.objects.contacts.read',
  'crm.objects.contacts.write',
  'files',
] as const;

/** Access tokens live 30 minutes; they are renewed before HubSpot would have to refuse one. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** The longest that a request takes (10 s, uploads 20 s): with less than this left the token is as good as over. */
const SERVES_MS = 30_000;

export function authorizeUrl(options: HubspotOptions, state: string): string {
  const query = { client_id: options.clientId, redirect_uri: options.redirectUri, state };
  const scope = encodeURIComponent(HUBSPOT_SCOPES.join(' '));
  return `${options.appUrl}/oauth/authorize?${new URLSearchParams(query)}&scope=${scope}`;
}

export async function install(
  options: HubspotOptions,
  code: string,
  io: Io,
): Promise<Installation<HubspotCredentials> | { refused: string }> {
  try {
    return await redeem(options, hubspotApi(options.apiUrl, io), code, io);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { refused: 'HubSpot could not be reached. Start the connection again in a minute.' };
  }
}

async function redeem(
  options: HubspotOptions,
  api: Api,
  code: string,
  io: Io,
): Promise<Installation<HubspotCredentials> | { refused: string }> {
  const granted = await requestToken(options, api, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: options.redirectUri,
  });
  const token = tokenShape.safeParse(granted.json);
  if (!succeeded(granted) || !token.success) return { refused: whyNoInstall(granted, io) };

  const credentials = credentialsOf(token.data, io);
  const who = await introspect(options, api, credentials.access_token);
  const portalId = token.data.hub_id ?? who?.hub_id;
  const userId = who?.user_id ?? token.data.user_id;
  if (!portalId || !userId)
    return { refused: 'HubSpot did not say which account and user this is. Start the connection again.' };

  const domain = who?.hub_domain ?? undefined;
  return {
    externalId: portalId,
    name: `Portal ID #${portalId}${domain ? ` (${domain})` : ''}`,
    credentials,
    settings: {
      ...(domain ? { hub_domain: domain } : {}),
      ...(await uiDomain(api, credentials.access_token)),
    },
    // HubSpot does not say whether the address was confirmed.
    installer: {
      provider: 'hubspot',
      subject: userId,
      ...(who?.user ? { email: who.user } : {}),
      emailVerified: false,
    },
  };
}

/** `due`: over, or so soon that a request under way would be refused; or refused before its time. */
export function refreshNeed(
  tokens: TokenMemory,
  connection: HubspotConnection,
  io: Io,
): 'none' | 'early' | 'due' {
  const { access_token, expires_at } = connection.credentials;
  const left = expires_at - io.clock.now();
  if (left < SERVES_MS || tokens.isRefused(connection.id, access_token)) return 'due';
  return left < RENEW_BEFORE_MS ? 'early' : 'none';
}

/** Undefined: nothing to renew yet. Called single-flight; HubSpot may hand out a new refresh token each time. */
export async function refresh(
  options: HubspotOptions,
  tokens: TokenMemory,
  connection: HubspotConnection,
  io: Io,
): Promise<HubspotCredentials | NotSent | undefined> {
  if (refreshNeed(tokens, connection, io) === 'none') return undefined;
  try {
    return await renew(options, connection.credentials, io);
  } catch (error) {
    // A renewal whose answer was lost may be asked for again: the refresh token stays good.
    if (error instanceof WireError) return retry(error.message);
    throw error;
  }
}

async function renew(
  options: HubspotOptions,
  credentials: HubspotCredentials,
  io: Io,
): Promise<HubspotCredentials | NotSent> {
  const response = await requestToken(options, hubspotApi(options.apiUrl, io), {
    grant_type: 'refresh_token',
    refresh_token: credentials.refresh_token,
  });
  const token = tokenShape.safeParse(response.json);
  if (succeeded(response) && token.success) return credentialsOf(token.data, io);
  return refusedGrant(response, io);
}

/** Uninstall, then revoke: https://developers.hubspot.com/docs/api-reference/2026-03/app-uninstalls. Best effort. */
export async function uninstall(
  options: HubspotOptions,
  connection: HubspotConnection,
  io: Io,
): Promise<void> {
  const api = hubspotApi(options.apiUrl, io);
  const credentials = await usable(options, connection.credentials, io);
  await bestEffort(io, 'uninstalling the app', () =>
    api({ method: 'DELETE', path: paths.uninstall }, { accessToken: credentials.access_token }),
  );
  await bestEffort(io, 'revoking the refresh token', () =>
    api({
      method: 'POST',
      path: paths.revoke,
      form: { ...appForm(options), token: credentials.refresh_token, token_type_hint: 'refresh_token' },
    }),
  );
}

/** An expired access token cannot uninstall: a last one is asked for where the grant still gives it. */
async function usable(
  options: HubspotOptions,
  credentials: HubspotCredentials,
  io: Io,
): Promise<HubspotCredentials> {
  if (credentials.expires_at > io.clock.now()) return credentials;
  try {
    const renewed = await renew(options, credentials, io);
    return 'access_token' in renewed ? renewed : credentials;
  } catch {
    return credentials;
  }
}

async function bestEffort(io: Io, doing: string, call: () => Promise<HttpResponse>): Promise<void> {
  try {
    const response = await call();
    if (!succeeded(response)) io.log.warn({ status: response.status }, `HubSpot refused ${doing}`);
  } catch (error) {
    io.log.warn({ error: String(error) }, `HubSpot could not be reached for ${doing}`);
  }
}

const appForm = (options: HubspotOptions): Record<string, string> => ({
  client_id: options.clientId,
  client_secret: options.clientSecrets[0] ?? '',
});

const requestToken = (
  options: HubspotOptions,
  api: Api,
  grant: Record<string, string>,
): Promise<HttpResponse> =>
  api({ method: 'POST', path: paths.token, form: { ...grant, ...appForm(options) } });

const credentialsOf = (token: z.infer<typeof tokenShape>, io: Io): HubspotCredentials => ({
  access_token: token.access_token,
  refresh_token: token.refresh_token,
  expires_at: io.clock.now() + token.expires_in * 1_000,
});

export async function introspect(
  options: HubspotOptions,
  api: Api,
  accessToken: string,
): Promise<z.infer<typeof introspectionShape> | undefined> {
  const response = await api({
    method: 'POST',
    path: paths.introspect,
    form: { ...appForm(options), token: accessToken, token_type_hint: 'access_token' },
  });
  const known = introspectionShape.safeParse(response.json);
  return succeeded(response) && known.success && known.data.active ? known.data : undefined;
}

/** The account's own HubSpot host, for links to records. Some accounts refuse the call: then there are no links. */
async function uiDomain(api: Api, accessToken: string): Promise<{ ui_domain?: string }> {
  try {
    const response = await api({ method: 'GET', path: paths.accountDetails }, { accessToken });
    const details = accountDetailsShape.safeParse(response.json);
    return succeeded(response) && details.success && details.data.uiDomain
      ? { ui_domain: details.data.uiDomain }
      : {};
  } catch {
    return {};
  }
}

const tokenErrorShape = z.object({
  error: z.string().nullish(),
  error_description: z.string().nullish(),
  status: z.string().nullish(),
  message: z.string().nullish(),
});

/**
 * - `revoked`: this account's grant is gone (uninstalled, revoked, portal deleted).
 * - `app`: our own client id, secret or redirect is wrong: that must not disconnect every customer.
 * - `busy`: try again.
 */
function tokenErrorOf(response: HttpResponse): { kind: 'revoked' | 'app' | 'busy'; said: string } {
  const body = tokenErrorShape.safeParse(response.json).data ?? {};
  const said = body.error_description ?? body.message ?? body.status ?? `status ${response.status}`;
  if ([408, 423, 429, 477].includes(response.status) || response.status >= 500 || succeeded(response))
    return { kind: 'busy', said };
  const revoked =
    ['invalid_grant', 'access_denied'].includes(body.error ?? '') ||
    ['BAD_REFRESH_TOKEN', 'BAD_HUB', 'BAD_AUTH_CODE'].includes(body.status ?? '');
  return { kind: revoked ? 'revoked' : 'app', said };
}

function refusedGrant(response: HttpResponse, io: Io): NotSent {
  const { kind, said } = tokenErrorOf(response);
  if (kind === 'busy') return retry(`HubSpot could not renew the access token: ${said}`);
  if (kind === 'revoked')
    return unauthorized(`HubSpot says that the app was uninstalled or its access revoked: ${said}`);
  io.log.error(
    { status: response.status, said },
    'HubSpot refuses the app itself: check its client settings',
  );
  return refused('hubspot_app', `HubSpot refuses the app's own client id or secret: ${said}`);
}

function whyNoInstall(response: HttpResponse, io: Io): string {
  const { kind, said } = tokenErrorOf(response);
  if (kind === 'busy')
    return `HubSpot could not finish the connection (${said}). Start it again in a minute.`;
  if (kind === 'revoked') return 'HubSpot’s one-time code was already used or is too old. Start again.';
  io.log.error(
    { status: response.status, said },
    'HubSpot refuses the app itself: check its client settings',
  );
  return `HubSpot refuses this app's settings: ${said}. Tell whoever runs Octopods.`;
}
