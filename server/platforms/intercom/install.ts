/** OAuth: https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth */
import type { Installation, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { type Answer, openApi, openApiWith } from './api.ts';
import { apiBase, type IntercomApp, type IntercomConnection, type IntercomCredentials } from './app.ts';
import { type Json, record, text } from './json.ts';

/** Permissions are ticked in the Developer Hub: there is no `scope`, and the first redirect URL is the default. */
export const authorizeUrl = (app: IntercomApp, state: string): string =>
  `${app.appUrl}/oauth?${new URLSearchParams({ client_id: app.clientId, state })}`;

type Installed = Installation<IntercomCredentials> | { refused: string };

export async function install(app: IntercomApp, code: string, io: Io): Promise<Installed> {
  const token = await redeem(app, code, io);
  if (!token)
    return { refused: 'Intercom did not accept the code of this installation. Please install once more.' };
  const me: Answer<unknown> = await openApiWith(apiBase(app), token, io).read((sdk) => sdk.admins.identify());
  if (!me.ok) return { refused: `Intercom did not say who installed the app: ${me.message}` };
  return installation(record(me.value), token);
}

/** The code may end in `=`; a form keeps it whole. Answers the token, or nothing when Intercom refused. */
async function redeem(app: IntercomApp, code: string, io: Io): Promise<string | undefined> {
  const response = await io.http({
    method: 'POST',
    url: `${apiBase(app)}/auth/eagle/token`,
    headers: { accept: 'application/json' },
    form: new URLSearchParams({
      code,
      client_id: app.clientId,
      client_secret: app.clientSecrets[0] ?? '',
    }),
  });
  const json = record(response.json);
  return response.status < 300 ? (text(json?.access_token) ?? text(json?.token)) : undefined;
}

function installation(me: Json | undefined, token: string): Installed {
  const workspace = record(me?.app);
  const idCode = text(workspace?.id_code);
  const adminId = text(me?.id);
  // `app` is nullable in the API's description; without it there is no workspace to link.
  if (!workspace || !idCode || !adminId)
    return { refused: 'Intercom did not say which workspace this is. Open the workspace and install again.' };
  return {
    externalId: idCode,
    name: text(workspace.name) ?? idCode,
    credentials: { access_token: token },
    settings: {
      region: text(workspace.region) ?? 'US',
      admin_id: adminId,
      admin_name: text(me?.name) ?? '',
      // For the times on the card: Canvas Kit requests name no time zone.
      ...(text(workspace.timezone) ? { timezone: text(workspace.timezone) } : {}),
    },
    installer: {
      provider: 'intercom',
      // Nothing documents that a teammate's id is unique beyond a workspace, and regions are separate installations
      // of Intercom: with the workspace in front, no two people can ever share a subject.
      subject: `${idCode}:${adminId}`,
      ...(text(me?.email) ? { email: text(me?.email) } : {}),
      emailVerified: me?.email_verified === true,
      ...(text(me?.name) ? { name: text(me?.name) } : {}),
    },
  };
}

/** Revokes the token, which uninstalls the app. A dead token has nothing left to revoke. */
export async function uninstall(app: IntercomApp, connection: IntercomConnection, io: Io): Promise<void> {
  try {
    const answer = await openApi(app, connection, io).post('/auth/uninstall', {});
    if (!answer.ok && answer.status !== 401)
      io.log.warn({ workspace: connection.workspaceId, status: answer.status }, 'Intercom did not uninstall');
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ workspace: connection.workspaceId, error: error.message }, 'Intercom did not uninstall');
  }
}

/** Whether the token still works: Intercom's uninstall notice is not signed, so it is only believed when this agrees. */
export async function probe(
  app: IntercomApp,
  connection: IntercomConnection,
  io: Io,
): Promise<string | undefined> {
  const me: Answer<unknown> = await openApi(app, connection, io).read((sdk) => sdk.admins.identify());
  if (me.ok || me.status !== 401) return undefined;
  return 'Intercom no longer accepts our access. Install Octopods again.';
}
