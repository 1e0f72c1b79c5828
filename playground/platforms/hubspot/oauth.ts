/** The consent page: what an authorize URL must carry, who agrees, the one-time code. */
import { randomUUID } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import { formBody } from '../../kit.ts';
import { escapeHtml, platformPage } from '../faults.ts';
import { queryOf } from './api.ts';
import type { Install, Portal, PortalUser, World } from './world.ts';

/** Who the browser is signed in as at HubSpot; undefined: the page asks. */
export interface Consent {
  portalId?: number;
  userId?: number;
  /** Approves (or cancels) without showing the page. */
  decision?: 'approve' | 'cancel';
}

export function authorizeRoutes(world: World, app: Express, consent: () => Consent): void {
  app.get(['/oauth/authorize', '/oauth/:portalId/authorize'], (request, response) => {
    response.locals.ownPage = true;
    const query = queryOf(request);
    const fixed = request.params.portalId;
    if (typeof fixed === 'string') query.set('portal', fixed);
    const refused = refusal(world, query);
    const decision = decided(request, query) ?? consent().decision;
    if (refused) refusePage(response, refused);
    else if (decision) decide(world, response, query, decision, consent());
    else response.type('html').send(platformPage('Connect', consentForm(world, query, consent())));
  });
  app.post('/oauth/authorize', (request, response) => {
    response.locals.ownPage = true;
    const form = formBody(request);
    const refused = refusal(world, form);
    if (refused) refusePage(response, refused);
    else decide(world, response, form, form.get('decision') === 'approve' ? 'approve' : 'cancel', consent());
  });
}

const refusePage = (response: Response, why: string): void => {
  response
    .status(400)
    .type('html')
    .send(platformPage('Error', `<h1>This app cannot be connected</h1><p>${escapeHtml(why)}</p>`));
};
/** A client without a person in front of it decides by query or by header. */
function decided(request: Request, query: URLSearchParams): 'approve' | 'cancel' | undefined {
  const word = query.get('consent') ?? request.headers['x-emulator-consent'];
  return word === 'approve' || word === 'cancel' ? word : undefined;
}
export const words = (query: URLSearchParams, name: string): string[] =>
  (query.get(name) ?? '').split(' ').filter((scope) => scope !== '');

function refusal(world: World, query: URLSearchParams): string | undefined {
  const { app } = world;
  if (query.get('client_id') !== app.clientId) return 'Invalid client_id.';
  if (!app.redirectUrls.includes(query.get('redirect_uri') ?? ''))
    return `redirect_uri ${query.get('redirect_uri')} does not match any of the app's redirect URLs.`;
  const asked = words(query, 'scope');
  const absent = app.requiredScopes.filter((scope) => !asked.includes(scope));
  if (absent.length > 0) return `The scope parameter lacks required scopes: ${absent.join(' ')}.`;
  const known = [...app.requiredScopes, ...app.optionalScopes];
  const strange = [...asked, ...words(query, 'optional_scope')].filter((scope) => !known.includes(scope));
  if (strange.length > 0) return `Scopes that the app does not have: ${strange.join(' ')}.`;
  return undefined;
}

function consentForm(world: World, query: URLSearchParams, signedIn: Consent): string {
  const carried = ['client_id', 'redirect_uri', 'scope', 'optional_scope', 'state', 'code_challenge'];
  const hidden = carried
    .filter((name) => query.has(name))
    .map((name) => `<input type="hidden" name="${name}" value="${escapeHtml(query.get(name) ?? '')}">`);
  const options = [...world.portals.values()]
    .filter((portal) => !query.has('portal') || query.get('portal') === String(portal.id))
    .flatMap((portal) =>
      portal.users.map((user) => {
        const chosen = signedIn.portalId === portal.id && signedIn.userId === user.id;
        const label = `${portal.name} (${portal.id}) — ${user.email}`;
        return `<option value="${portal.id}/${user.id}"${chosen ? ' selected' : ''}>${escapeHtml(label)}</option>`;
      }),
    );
  const scopes = words(query, 'scope').map((scope) => `<li>${escapeHtml(scope)}</li>`);
  return `<h1>Connect ${escapeHtml(world.app.name)} to HubSpot</h1><p>It asks for:</p><ul>${scopes.join('')}</ul>
<form method="post" action="/oauth/authorize">${hidden.join('')}
<label>Account <select name="as">${options.join('')}</select></label>
<footer><button name="decision" value="approve">Connect app</button><button name="decision" value="cancel">Cancel</button></footer></form>`;
}

function decide(
  world: World,
  response: Response,
  query: URLSearchParams,
  decision: 'approve' | 'cancel',
  signedIn: Consent,
): void {
  const redirectUri = query.get('redirect_uri') ?? '';
  const target = new URL(redirectUri);
  if (decision === 'cancel') {
    target.searchParams.set('error', 'access_denied');
    target.searchParams.set('error_description', 'The user denied access to the app');
  } else {
    const who = choose(world, query, signedIn);
    if (!who) {
      refusePage(response, 'There is no such account or user.');
      return;
    }
    const challenge = query.get('code_challenge') ?? undefined;
    const scopes = [...new Set([...words(query, 'scope'), ...words(query, 'optional_scope')])];
    target.searchParams.set('code', issueCode(world, who.portal, who.user, scopes, redirectUri, challenge));
  }
  const state = query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  response.redirect(302, target.toString());
}

function choose(
  world: World,
  query: URLSearchParams,
  signedIn: Consent,
): { portal: Portal; user: PortalUser } | undefined {
  const [asPortal, asUser] = (query.get('as') ?? '').split('/');
  const portalId = Number(query.get('portal') ?? (asPortal || signedIn.portalId));
  const portal = portalId ? world.portals.get(portalId) : [...world.portals.values()][0];
  const userId = Number(query.get('user') ?? asUser ?? signedIn.userId);
  const user = userId ? portal?.users.find((one) => one.id === userId) : portal?.users[0];
  return portal && user && !portal.gone ? { portal, user } : undefined;
}

export function issueCode(
  world: World,
  portal: Portal,
  user: PortalUser,
  scopes: string[],
  redirectUri: string,
  challenge?: string,
): string {
  const code = randomUUID();
  const install: Install = { portal, user, scopes, revoked: false };
  world.codes.set(code, {
    install,
    redirectUri,
    ...(challenge ? { challenge } : {}),
    expires: world.now() + world.timings.codeTtlMs,
    used: false,
  });
  return code;
}
