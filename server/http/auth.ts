/**
 * Signing in by way of a provider: `GET /auth/:provider` → consent there → back here. Its own round trip, beside the
 * one that installs: what the platform hands out here is used once, to learn who somebody is, and thrown away. A
 * workspace's credentials are never touched by it.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { ProviderIdentity, SignedIn, SignIns } from '../accounts/contracts.ts';
import { isRefused } from '../accounts/refusal.ts';
import type { Sessions, TripNotes } from '../accounts/sessions.ts';
import type { Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import { wrongMethod } from './problem.ts';
import type { BrowserCookies } from './session.ts';

/** Who can sign somebody in. */
export interface IdentityProvider {
  id: string;
  title: string;
  /** Where it comes back to, below PUBLIC_URL. A platform shares this path with its install. */
  callbackPath: string;
  /** `notes` are kept until it comes back. Throws a `WireError` when the provider cannot be reached. */
  begin(state: (notes: TripNotes) => Promise<string>): Promise<string>;
  /** Undefined: the provider does not vouch for anybody. `url`: the callback as it was called. */
  identify(url: URL, notes: TripNotes): Promise<ProviderIdentity | undefined>;
}

/** What went wrong, as `/sign-in?problem=` names it. */
export const AUTH_PROBLEMS = {
  denied: 'You did not allow it there, so nobody is signed in here.',
  failed: 'The provider did not say who you are. Try once more.',
  unreachable: 'The provider could not be reached. Try again in a minute.',
  stale: 'That sign-in was not begun in this browser, or took too long. Try once more.',
  taken: 'Somebody else signs in that way already.',
} as const;
type AuthProblem = keyof typeof AUTH_PROBLEMS;

export interface AuthRouterDeps {
  providers: IdentityProvider[];
  sessions: Sessions;
  signIns: SignIns;
  cookies: BrowserCookies;
  publicUrl: string;
  io: Io;
}

export function createAuthRouter(deps: AuthRouterDeps): Router {
  const router = Router();
  for (const provider of deps.providers) {
    router
      .route(`/auth/${provider.id}`)
      .get((request, response) => begin(deps, provider, request, response))
      .all(wrongMethod('GET'));
    router.get(provider.callbackPath, finish(deps, provider));
  }
  return router;
}

const purposeOf = ({ id }: IdentityProvider): string => `sign-in ${id}`;
const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

async function begin(
  { sessions, cookies, io }: AuthRouterDeps,
  provider: IdentityProvider,
  request: Request,
  response: Response,
): Promise<void> {
  const { invitation, link } = request.query;
  const wish: TripNotes = {
    returnTo: localPath(word(request.query.return)),
    ...(word(invitation) ? { invitation: String(invitation) } : {}),
    ...(link === '1' ? { link: '1' } : {}),
  };
  try {
    const url = await provider.begin(async (notes) => {
      const state = await sessions.begin(purposeOf(provider), undefined, { ...wish, ...notes });
      cookies.signIn.set(response, state);
      return state;
    });
    unstored(response).redirect(302, url);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ provider: provider.id, error: error.message }, 'a sign-in could not begin');
    refuse(response, 'unreachable');
  }
}

/**
 * The state says whether this callback is a sign-in: one that is not goes on to whoever else has the path (the
 * install), and where nobody else does, to the sign-in page.
 */
const finish =
  (deps: AuthRouterDeps, provider: IdentityProvider): RequestHandler =>
  async (request, response, next) => {
    const { sessions, cookies } = deps;
    const cookie = cookies.signIn.read(request);
    const state = word(request.query.state);
    const trip = await sessions.finish(purposeOf(provider), state, cookie);
    unstored(response);
    if (!trip) {
      if (provider.callbackPath.startsWith('/auth/')) return refuse(response, 'stale');
      return next();
    }
    cookies.signIn.clear(response);
    const identity = await identify(deps, provider, request, trip.notes);
    if (typeof identity === 'string') return refuse(response, identity);
    if (trip.notes.link) return link(deps, request, response, identity, trip.notes);
    const entered = await deps.signIns.enter(identity, trip.notes.invitation);
    await signIn(deps, request, response, { entered, provider: provider.id, notes: trip.notes });
  };

async function identify(
  { io, publicUrl }: AuthRouterDeps,
  provider: IdentityProvider,
  request: Request,
  notes: TripNotes,
): Promise<ProviderIdentity | AuthProblem> {
  if (request.query.error !== undefined) return request.query.error === 'access_denied' ? 'denied' : 'failed';
  try {
    const url = new URL(publicUrl + request.originalUrl);
    return (await provider.identify(url, notes)) ?? 'failed';
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ provider: provider.id, error: error.message }, 'a sign-in could not be finished');
    return 'unreachable';
  }
}

/** A new session, never the one that the browser had before. An invitation of somebody known is decided on its page. */
async function signIn(
  { sessions, cookies }: AuthRouterDeps,
  request: Request,
  response: Response,
  { entered, provider, notes }: { entered: SignedIn; provider: string; notes: TripNotes },
): Promise<void> {
  const agent = request.headers['user-agent'];
  const secret = await sessions.signIn(entered, cookies.session.read(request), { agent, provider });
  cookies.session.set(response, secret);
  const decides = notes.invitation && !entered.isNew;
  response.redirect(
    302,
    decides ? `/invitation/${encodeURIComponent(notes.invitation ?? '')}` : notes.returnTo || '/',
  );
}

/** Only for whoever is signed in when it comes back: the session says who gains a way in. */
async function link(
  { sessions, cookies, signIns }: AuthRouterDeps,
  request: Request,
  response: Response,
  identity: ProviderIdentity,
  notes: TripNotes,
): Promise<void> {
  const session = await sessions.current(cookies.session.read(request));
  if (!session) return refuse(response, 'stale');
  const refused = await signIns.link(session, identity);
  const to = notes.returnTo || '/';
  response.redirect(302, isRefused(refused) ? `${to}?problem=taken` : to);
}

const refuse = (response: Response, problem: AuthProblem): void =>
  response.redirect(302, `/sign-in?problem=${problem}`);

/**
 * A path of our own, or `/`. Browsers read `\` as `/` and drop tabs and line ends, so that `/\evil.test` and
 * `/<tab>/evil.test` leave the site: what a URL parser makes of it decides.
 */
export function localPath(wanted: string | undefined): string {
  const base = 'http://octopods.invalid';
  if (!wanted?.startsWith('/') || !URL.canParse(wanted, base)) return '/';
  const url = new URL(wanted, base);
  return url.origin === base ? url.pathname.replace(/^\/{2,}/, '/') + url.search : '/';
}

/** The URL holds a code and a state: neither to caches nor to the next page. */
const unstored = (response: Response): Response =>
  response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
