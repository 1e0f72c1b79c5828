/** Tokens: codes redeemed once, access for half an hour, refresh, introspection, revocation, uninstall. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Express, Response } from 'express';
import { formBody } from '../../kit.ts';
import { type Door, passesFaults, type TakeFault } from './api.ts';
import { words } from './oauth.ts';
import { type Install, iso, type Portal, type World } from './world.ts';

const VERSIONS = ['2026-03', '2026-09', 'v3'];

/** RFC 6749 with HubSpot's own word beside it; always a 400. */
class GrantError extends Error {
  readonly status: string;
  readonly error: string;
  constructor(status: string, error: string, description: string) {
    super(description);
    this.status = status;
    this.error = error;
  }
}
const invalidGrant = (status: string, description: string): GrantError =>
  new GrantError(status, 'invalid_grant', description);

export function tokenRoutes(world: World, app: Express, takeFault: TakeFault): void {
  for (const version of VERSIONS) {
    const path = `/oauth/${version}/token`;
    form(world, app, takeFault, path, (body) => token(world, body));
    form(world, app, takeFault, `${path}/introspect`, (body) => introspect(world, body.get('token') ?? ''));
    // Access tokens that are out live on until they expire.
    form(world, app, takeFault, `${path}/revoke`, (body) => {
      world.refreshTokens.delete(body.get('token') ?? '');
      return {};
    });
  }
}

function form(
  world: World,
  app: Express,
  takeFault: TakeFault,
  path: string,
  work: (body: URLSearchParams) => unknown,
): void {
  app.post(path, (request, response) => {
    if (!passesFaults(takeFault, request, response)) return;
    try {
      const type = String(request.headers['content-type'] ?? '');
      if (!type.startsWith('application/x-www-form-urlencoded'))
        throw new GrantError(
          'BAD_REQUEST',
          'invalid_request',
          'The body must be application/x-www-form-urlencoded',
        );
      // Secrets in the query are not read: everything belongs in the body.
      const body = formBody(request);
      checkClient(world, body);
      response.json(work(body));
    } catch (error) {
      if (!(error instanceof GrantError)) throw error;
      sendGrantError(response, error);
    }
  });
}

function sendGrantError(response: Response, error: GrantError): void {
  response.status(400).json({
    status: error.status,
    message: error.message,
    error: error.error,
    error_description: error.message,
    correlationId: randomUUID(),
  });
}

function checkClient(world: World, body: URLSearchParams): void {
  if (body.get('client_id') !== world.app.clientId)
    throw new GrantError('BAD_CLIENT_ID', 'invalid_client', 'missing or unknown client id');
  if (body.get('client_secret') !== world.app.clientSecret)
    throw new GrantError('BAD_CLIENT_SECRET', 'invalid_client', 'missing or invalid client secret');
}

function token(world: World, body: URLSearchParams): unknown {
  const kind = body.get('grant_type');
  if (kind === 'authorization_code') return redeem(world, body);
  if (kind === 'refresh_token') return refresh(world, body);
  if (kind !== 'client_credentials')
    throw new GrantError('BAD_GRANT_TYPE', 'unsupported_grant_type', `unknown grant_type ${kind}`);
  const scopes = words(body, 'scope');
  return {
    access_token: newAccessToken(world, undefined, scopes),
    expires_in: Math.floor(world.timings.accessTokenTtlMs / 1000),
    token_type: 'bearer',
    token_use: 'client_credentials',
    scopes,
  };
}

function redeem(world: World, body: URLSearchParams): unknown {
  const code = world.codes.get(body.get('code') ?? '');
  if (!code || code.used || code.expires < world.now())
    throw invalidGrant('BAD_AUTH_CODE', 'missing or unknown auth code');
  if (body.get('redirect_uri') !== code.redirectUri)
    throw invalidGrant('BAD_REDIRECT_URI', 'redirect_uri does not match the authorize call');
  const proof = createHash('sha256')
    .update(body.get('code_verifier') ?? '')
    .digest('base64url');
  if (code.challenge && proof !== code.challenge)
    throw invalidGrant('BAD_CODE_VERIFIER', 'code_verifier does not match');
  code.used = true;
  return tokensOf(world, code.install, begin(world, code.install));
}

const newRefreshToken = (): string => `na1-${randomBytes(18).toString('hex')}`;

/** Makes the install real: answers its refresh token. */
export function begin(world: World, install: Install): string {
  const refreshToken = newRefreshToken();
  world.refreshTokens.set(refreshToken, install);
  install.portal.installed = true;
  journal(world, install.portal, 'APP_INSTALL');
  world.changed();
  return refreshToken;
}

function refresh(world: World, body: URLSearchParams): unknown {
  const given = body.get('refresh_token') ?? '';
  const install = world.refreshTokens.get(given);
  if (!install || install.revoked)
    throw invalidGrant('BAD_REFRESH_TOKEN', 'refresh token is invalid, expired or revoked');
  if (install.portal.gone)
    throw new GrantError('BAD_HUB', 'access_denied', 'this account is no longer active');
  if (!world.choices.rotateRefreshTokens) return tokensOf(world, install, given);
  const next = newRefreshToken();
  world.refreshTokens.delete(given);
  world.refreshTokens.set(next, install);
  return tokensOf(world, install, next);
}

const tokensOf = (world: World, install: Install, refreshToken: string) => ({
  access_token: newAccessToken(world, install, install.scopes),
  refresh_token: refreshToken,
  expires_in: Math.floor(world.timings.accessTokenTtlMs / 1000),
  token_type: 'bearer',
  token_use: 'access_token',
  hub_id: install.portal.id,
  user_id: install.user.id,
  scopes: install.scopes,
});

export function newAccessToken(world: World, install: Install | undefined, scopes: string[]): string {
  const made = `CN${randomBytes(48).toString('base64url')}`;
  world.accessTokens.set(made, { install, scopes, expires: world.now() + world.timings.accessTokenTtlMs });
  return made;
}

function introspect(world: World, given: string): Record<string, unknown> {
  const access = world.accessTokens.get(given);
  const install = access?.install ?? world.refreshTokens.get(given);
  if (!install || install.revoked || (access && access.expires <= world.now())) return { active: false };
  const common = {
    active: true,
    token: given,
    hub_id: install.portal.id,
    hub_domain: install.portal.hubDomain,
    user: install.user.email,
    user_id: install.user.id,
    app_id: world.app.appId,
    client_id: world.app.clientId,
    scopes: install.scopes,
    token_type: 'bearer',
  };
  if (!access) return { ...common, token_use: 'refresh_token' };
  const expiresIn = Math.floor((access.expires - world.now()) / 1000);
  return { ...common, token_use: 'access_token', expires_in: expiresIn, is_private_distribution: false };
}

/** Every token of the portal dies; nobody is told but the journal. */
export function uninstall(world: World, portal: Portal): void {
  revoke(world, portal);
  portal.installed = false;
  journal(world, portal, 'APP_UNINSTALL');
  world.changed();
}
export function revoke(world: World, portal: Portal): void {
  for (const install of world.refreshTokens.values()) if (install.portal === portal) install.revoked = true;
  for (const access of world.accessTokens.values())
    if (access.install?.portal === portal) access.install.revoked = true;
}

function journal(world: World, portal: Portal, action: 'APP_INSTALL' | 'APP_UNINSTALL'): void {
  const wanted = action === 'APP_INSTALL' ? '4-1909196' : '4-1916193';
  if (!world.subscriptions.some((one) => one.eventTypeId === wanted)) return;
  const event = { type: 'APP_LIFECYCLE_EVENT', portalId: portal.id, action, occurredAt: iso(world.now()) };
  world.journal.push({ offset: randomUUID(), event });
}

export function accountRoutes(world: World, door: Door): void {
  for (const version of ['2026-03', 'v3'])
    door('get', `/account-info/${version}/details`, { scopes: ['oauth'] }, ({ portal }) => ({
      portalId: portal.id,
      accountType: 'STANDARD',
      timeZone: 'Europe/Dublin',
      companyCurrency: 'EUR',
      additionalCurrencies: [],
      utcOffset: '+00:00',
      utcOffsetMilliseconds: 0,
      uiDomain: portal.uiDomain,
      dataHostingLocation: 'na1',
    }));
  for (const version of ['2026-03', '2026-09'])
    door(
      'delete',
      `/appinstalls/${version}/external-install`,
      { scopes: ['oauth'], status: 204 },
      ({ portal }) => {
        uninstall(world, portal);
        return undefined;
      },
    );
}
