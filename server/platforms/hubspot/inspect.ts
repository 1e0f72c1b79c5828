import type { Inspection, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { succeeded } from './errors.ts';
import { HUBSPOT_SCOPES, introspect } from './oauth.ts';
import { paths } from './paths.ts';
import type { HubspotConnection, HubspotOptions } from './portal.ts';
import { customChannelShape, pageOf } from './shapes.ts';
import { hubspotApi } from './transport.ts';

/**
 * The token's own word on itself, its scopes included, and where the app's channels send to.
 * https://developers.hubspot.com/docs/api-reference/2026-03/oauth
 */
export async function inspect(
  options: HubspotOptions,
  connection: HubspotConnection,
  io: Io,
): Promise<Inspection> {
  const api = hubspotApi(options.apiUrl, io);
  const token = connection.credentials.access_token;
  const [details, known] = [
    await api({ method: 'GET', path: paths.accountDetails }, { accessToken: token }),
    await introspect(options, api, token),
  ];
  if (details.status >= 500) throw new WireError(`HubSpot answered ${details.status}`, true);
  if (details.status === 401)
    return { dead: 'HubSpot no longer accepts our access: the app was uninstalled, or its access revoked.' };
  const granted = known?.scopes ?? undefined;
  const missing = granted && HUBSPOT_SCOPES.filter((scope) => !granted.includes(scope));
  const webhook = await webhookOf(options, io);
  return {
    ...(missing ? { missing } : {}),
    ...(known?.hub_domain ? { name: `Portal ID #${connection.externalId} (${known.hub_domain})` } : {}),
    ...(webhook ? { webhook } : {}),
  };
}

/** Needs the developer's key; the first channel that sends elsewhere speaks for all of them. */
async function webhookOf(
  { apiUrl, appId, developerApiKey, webhookUrl: wanted }: HubspotOptions,
  io: Io,
): Promise<Inspection['webhook']> {
  if (!appId || !developerApiKey || !wanted) return undefined;
  const query = { appId, limit: '100' };
  const response = await hubspotApi(apiUrl, io)(
    { method: 'GET', path: paths.customChannels, query },
    { developerApiKey },
  );
  if (!succeeded(response)) return undefined;
  const urls = pageOf(response.json, customChannelShape).results.map((one) => one.webhookUrl ?? undefined);
  const is = urls.find((url) => url !== wanted) ?? urls[0];
  return { is, wanted };
}
