/** Signing in with Google, by OpenID Connect with PKCE and a nonce: https://developers.google.com/identity/openid-connect */
import * as oidc from 'openid-client';
import type { Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import type { IdentityProvider } from './auth.ts';

export interface GoogleSettings {
  /** `https://accounts.google.com` */
  issuerUrl: string;
  clientId: string;
  clientSecret: string;
}

const CALLBACK = '/auth/google/callback';

export function googleIdentity(settings: GoogleSettings, publicUrl: string, io: Io): IdentityProvider {
  let discovered: Promise<oidc.Configuration> | undefined;
  const configuration = () => {
    discovered ??= discover(settings, io);
    discovered.catch(() => {
      discovered = undefined;
    });
    return discovered;
  };
  return {
    id: 'google',
    title: 'Google',
    callbackPath: CALLBACK,
    begin: async (state) => {
      const config = await reaching(configuration());
      const verifier = oidc.randomPKCECodeVerifier();
      const nonce = oidc.randomNonce();
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: publicUrl + CALLBACK,
        scope: 'openid email profile',
        state: await state({ verifier, nonce }),
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        // Several Google accounts in one browser: which one is asked, not guessed.
        prompt: 'select_account',
      });
      return url.href;
    },
    identify: async (url, { verifier = '', nonce = '' }) => {
      const config = await reaching(configuration());
      const state = url.searchParams.get('state') ?? '';
      try {
        const tokens = await oidc.authorizationCodeGrant(config, url, {
          pkceCodeVerifier: verifier,
          expectedNonce: nonce,
          // That the state is this browser's was proven before we came here.
          expectedState: state,
          idTokenExpected: true,
        });
        return identityOf(tokens.claims());
      } catch (error) {
        if (wireErrorIn(error)) throw wireErrorIn(error);
        io.log.warn({ error: String((error as Error).message) }, 'Google’s answer was not accepted');
        return undefined;
      }
    },
  };
}

/** Signatures, issuer, audience, expiry and nonce of the ID token are the library's to check. */
async function discover(
  { issuerUrl, clientId, clientSecret }: GoogleSettings,
  io: Io,
): Promise<oidc.Configuration> {
  const issuer = new URL(issuerUrl);
  const options: oidc.DiscoveryRequestOptions = {
    [oidc.customFetch]: io.http.fetch as oidc.CustomFetch,
    timeout: 10,
    // An http issuer passes the configuration only where the operator allowed private hosts.
    ...(issuer.protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {}),
  };
  const config = await oidc.discovery(
    issuer,
    clientId,
    clientSecret,
    oidc.ClientSecretPost(clientSecret),
    options,
  );
  oidc.enableNonRepudiationChecks(config);
  return config;
}

function identityOf(claims: oidc.IDToken | undefined) {
  if (!claims) return undefined;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const email = text(claims.email);
  const name = text(claims.name);
  return {
    provider: 'google',
    subject: claims.sub,
    emailVerified: claims.email_verified === true,
    ...(email ? { email } : {}),
    ...(name ? { name } : {}),
  };
}

async function reaching<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw wireErrorIn(error) ?? new WireError(`Google could not be asked: ${(error as Error).message}`, true);
  }
}
const wireErrorIn = (error: unknown): WireError | undefined => {
  if (error instanceof WireError) return error;
  const cause = (error as { cause?: unknown } | null)?.cause;
  return cause instanceof WireError ? cause : undefined;
};
