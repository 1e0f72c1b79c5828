import type { HttpResponse, Inspection, Io } from '../../core/adapter.ts';
import { VERSION } from './api.ts';
import { apiBase, type IntercomApp, type IntercomConnection } from './app.ts';
import { record, records, text } from './json.ts';

/**
 * No call lists the permissions of a token (they are ticked in the Developer Hub), so each is tried by reading one thing.
 * https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/oauth-scopes
 */
const TRIED = [
  ['/contacts', 'Read and list users and companies'],
  ['/conversations?per_page=1', 'Read conversations'],
] as const;

export async function inspect(app: IntercomApp, connection: IntercomConnection, io: Io): Promise<Inspection> {
  const get = (path: string) =>
    io.http({
      method: 'GET',
      url: `${apiBase(app, connection.settings)}${path}`,
      headers: {
        authorization: `Bearer ${connection.credentials.access_token}`,
        accept: 'application/json',
        'Intercom-Version': VERSION,
      },
    });
  const me = await get('/me');
  if (me.status === 401) return { dead: 'Intercom no longer accepts our access. Install Octopods again.' };
  if (isPlanTooLow(me))
    return { dead: 'This Intercom workspace has no active subscription that includes the API.' };
  if (me.status >= 400) return {};
  const name = text(record(record(me.json)?.app)?.name);
  const missing: string[] = [];
  for (const [path, permission] of TRIED) {
    const answer = await get(path);
    if (answer.status === 403 && !isPlanTooLow(answer)) missing.push(permission);
  }
  return { missing, ...(name ? { name } : {}) };
}

const isPlanTooLow = ({ status, json }: HttpResponse): boolean =>
  status === 403 && text(records(record(json)?.errors)[0]?.code) === 'api_plan_restricted';
