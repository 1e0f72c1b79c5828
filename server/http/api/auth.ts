/** Who calls the API: a bearer token, or the console's session. */
import type { Request } from 'express';
import { mayManage } from '../../accounts/roles.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import { type Caller, SCOPES, type Tokens } from '../../accounts/tokens.ts';
import { forbidden, Problem } from '../problem.ts';
import type { BrowserCookies } from '../session.ts';
import type { ApiRoute } from './routes.ts';

export interface AuthDeps {
  tokens: Tokens;
  sessions: Sessions;
  cookies: BrowserCookies;
  /** `PUBLIC_URL`: the only origin whose pages may use the session. */
  publicUrl: string;
}

/** Throws 401, or 403 for a session used from another site. */
export async function authenticate(deps: AuthDeps, request: Request): Promise<Caller> {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (request.headers.authorization !== undefined) {
    const caller = bearer?.[1] && (await deps.tokens.authenticate(bearer[1]));
    if (!caller) throw unauthenticated('This token is unknown, revoked, or its creator has left.');
    return caller;
  }
  const session = await deps.sessions.current(deps.cookies.session.read(request));
  if (!session) throw unauthenticated('Nobody is signed in and there is no token.');
  refuseOtherOrigins(deps, request);
  return { ...session, scopes: [...SCOPES] };
}

/**
 * Browsers send `Origin` with every request that can change something, and with every cross-site read by a script;
 * they leave it out of same-origin reads. So it must be ours, and only a read may lack it. (The cookie is SameSite=Lax
 * already; this also stops pages of sibling subdomains.)
 */
function refuseOtherOrigins({ publicUrl }: AuthDeps, request: Request): void {
  const { origin } = request.headers;
  if (origin === undefined && (request.method === 'GET' || request.method === 'HEAD')) return;
  const ours = new URL(publicUrl).origin;
  if (origin !== ours)
    throw forbidden(
      origin === undefined
        ? 'A session needs the Origin header.'
        : 'A session works from our own pages only.',
      `Send Origin: ${ours}, or use a token.`,
    );
}

export function authorize(caller: Caller, route: ApiRoute): void {
  if (route.scope && !caller.scopes.includes(route.scope))
    throw forbidden(`This token lacks the scope ${route.scope}.`, 'Create a token that has it.');
  if (route.manages && !mayManage(caller.role))
    throw forbidden('Members cannot do this.', 'Ask an owner or an admin of the account.');
}

const unauthenticated = (detail: string): Problem =>
  new Problem(
    401,
    { detail, remedy: 'Send Authorization: Bearer oct_…, or sign in.' },
    { 'WWW-Authenticate': 'Bearer realm="octopods"' },
  );
