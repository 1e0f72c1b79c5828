/**
 * Google as an OpenID provider: discovery, the consent page, codes bound to PKCE and nonce, signed ID tokens, keys.
 * https://developers.google.com/identity/openid-connect/openid-connect
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Emulator, formBody } from '../kit.ts';
import { escapeHtml, platformPage } from './faults.ts';

export interface GooglePerson {
  sub: string;
  email: string;
  email_verified: boolean;
  name: string;
}
export interface GoogleOptions {
  recordTo?: string;
  people?: GooglePerson[];
}
interface Code {
  person: GooglePerson;
  redirectUri: string;
  challenge: string;
  nonce: string | undefined;
  used: boolean;
}

const CODE = 'authorization_code';
const LIFETIME_S = 3_600;

export class GoogleEmulator extends Emulator {
  readonly oauth = { clientId: 'playground.apps.googleusercontent.test', clientSecret: 'GOCSPX-playground' };
  readonly people: GooglePerson[];
  redirectUrls: string[] = [];
  /** Who is signed in at Google; undefined: the page asks. `cancel`: they say no. */
  consent: { sub?: string; decision?: 'approve' | 'cancel' } = {};
  /** Changes the ID token before it is signed: what a false issuer would say. */
  forge: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined;
  readonly codes = new Map<string, Code>();
  readonly #keys = generateKeyPair('RS256');

  constructor(options: GoogleOptions = {}) {
    super('google', options.recordTo);
    this.people = options.people ?? [];
    this.app.get('/.well-known/openid-configuration', (request, response) =>
      this.#answer(request, response, () => this.#configuration()),
    );
    this.app.get('/oauth2/v3/certs', (request, response) =>
      this.#answer(request, response, async () => ({ keys: [await this.#publicKey()] })),
    );
    this.app.get('/o/oauth2/v2/auth', (request, response) => this.#authorize(request, response));
    this.app.post('/token', (request, response) => this.#token(request, response));
  }

  #answer(request: Request, response: Response, work: () => unknown): Promise<void> {
    return this.serve(
      request,
      response,
      async () => ({ json: await work() }),
      ({ status }) => ({ status, json: { error: 'server_error' } }),
    );
  }

  #configuration(): Record<string, unknown> {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/o/oauth2/v2/auth`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/oauth2/v3/certs`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid', 'email', 'profile'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      code_challenge_methods_supported: ['plain', 'S256'],
      claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'name', 'sub'],
    };
  }

  async #publicKey(): Promise<Record<string, unknown>> {
    return {
      ...(await exportJWK((await this.#keys).publicKey)),
      kid: 'playground',
      use: 'sig',
      alg: 'RS256',
    };
  }

  #authorize(request: Request, response: Response): void {
    response.locals.ownPage = true;
    const query = new URL(request.originalUrl, this.url).searchParams;
    const refused = this.#refusal(query);
    if (refused) this.#show(response, 400, `<h1>Access blocked</h1><p>${escapeHtml(refused)}</p>`);
    else this.#decide(response, query);
  }

  #decide(response: Response, query: URLSearchParams): void {
    const { decision } = this.consent;
    const sub = query.get('as') ?? this.consent.sub;
    const person = this.people.find((one) => one.sub === sub);
    if (decision !== 'cancel' && !person) {
      this.#page(response, query);
      return;
    }
    const target = new URL(query.get('redirect_uri') ?? '');
    target.searchParams.set('state', query.get('state') ?? '');
    if (decision === 'cancel' || !person) target.searchParams.set('error', 'access_denied');
    else target.searchParams.set('code', this.#issue(person, query));
    response.redirect(302, target.href);
  }

  #refusal(query: URLSearchParams): string | undefined {
    if (query.get('client_id') !== this.oauth.clientId) return 'The OAuth client was not found.';
    if (!this.redirectUrls.includes(query.get('redirect_uri') ?? '')) return 'redirect_uri_mismatch';
    if (query.get('response_type') !== 'code') return 'Required parameter is missing: response_type';
    if (!query.get('scope')?.split(' ').includes('openid')) return 'Missing required parameter: scope';
    return undefined;
  }

  #issue(person: GooglePerson, query: URLSearchParams): string {
    const code = `4/0A${randomBytes(18).toString('base64url')}`;
    this.codes.set(code, {
      person,
      redirectUri: query.get('redirect_uri') ?? '',
      challenge: query.get('code_challenge') ?? '',
      nonce: query.get('nonce') ?? undefined,
      used: false,
    });
    return code;
  }

  /** Which account: a link each, so that it works without a script. */
  #page(response: Response, query: URLSearchParams): void {
    const links = this.people.map(({ sub, name, email }) => {
      const href = `/o/oauth2/v2/auth?${new URLSearchParams([...query, ['as', sub]])}`;
      return `<li><a href="${escapeHtml(href)}">${escapeHtml(`${name} (${email})`)}</a></li>`;
    });
    this.#show(response, 200, `<h1>Choose an account</h1><ul>${links.join('')}</ul>`);
  }

  #show(response: Response, status: number, body: string): void {
    response.status(status).type('html').send(platformPage('Google', body));
  }

  async #token(request: Request, response: Response): Promise<void> {
    const form = formBody(request);
    const code = this.codes.get(form.get('code') ?? '');
    const why = this.#grantRefusal(form, code);
    if (why || !code) {
      response.status(why === 'invalid_client' ? 401 : 400).json({ error: why });
      return;
    }
    code.used = true;
    await this.#answer(request, response, async () => ({
      access_token: `ya29.${randomBytes(24).toString('base64url')}`,
      expires_in: LIFETIME_S - 1,
      scope: 'openid https://www.googleapis.com/auth/userinfo.email',
      token_type: 'Bearer',
      id_token: await this.#idToken(code),
    }));
  }

  #grantRefusal(form: URLSearchParams, code: Code | undefined): string | undefined {
    const { clientId, clientSecret } = this.oauth;
    if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret)
      return 'invalid_client';
    if (form.get('grant_type') !== CODE) return 'unsupported_grant_type';
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const fits = code && !code.used && code.redirectUri === form.get('redirect_uri');
    return fits && (code.challenge === '' || code.challenge === proof) ? undefined : 'invalid_grant';
  }

  async #idToken({ person, nonce }: Code): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: this.url,
      azp: this.oauth.clientId,
      aud: this.oauth.clientId,
      ...person,
      ...(nonce ? { nonce } : {}),
      iat: now,
      exp: now + LIFETIME_S,
    };
    return new SignJWT(this.forge?.(claims) ?? claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'playground', typ: 'JWT' })
      .sign((await this.#keys).privateKey);
  }
}
