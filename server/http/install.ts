/**
 * `GET /:platform/install` → the platform's consent screen → `GET /:platform/oauth/callback`: browsers of admins. What
 * it means for accounts is decided in accounts/install.ts.
 */
import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { InstallOutcome, Installs } from '../accounts/install.ts';
import { mayManage } from '../accounts/roles.ts';
import type { Sessions } from '../accounts/sessions.ts';
import type { AnyPlatformAdapter, Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import type { Membership } from '../store/people/accounts.ts';
import { type Landing, landings } from './landing.ts';
import { forbidden, problemHandler, wrongMethod } from './problem.ts';
import type { BrowserCookies } from './session.ts';

export interface InstallRouterDeps {
  platforms: ReadonlyMap<string, AnyPlatformAdapter>;
  installs: Installs;
  sessions: Sessions;
  cookies: BrowserCookies;
  /** `INTERCOM_APP_URL` and `HUBSPOT_APP_URL`: where an install ends. */
  intercomAppUrl: string;
  hubspotAppUrl: string;
  /** Tells browsers on a page what everybody else gets as a problem. */
  problemPages?: ErrorRequestHandler;
  io: Io;
}

export function createInstallRouter(deps: InstallRouterDeps): Router {
  const router = Router();
  for (const platform of deps.platforms.values()) {
    router
      .route(`/${platform.id}/install`)
      .get((request, response) => begin(deps, platform, request, response))
      .all(wrongMethod('GET'));
    router
      .route(`/${platform.id}/oauth/callback`)
      .get((request, response) => finish(deps, platform, request, response))
      .all(wrongMethod('GET'));
  }
  return router.use(...(deps.problemPages ? [deps.problemPages] : []), problemHandler(deps.io.log));
}

async function begin(
  { sessions, cookies }: InstallRouterDeps,
  platform: AnyPlatformAdapter,
  request: Request,
  response: Response,
): Promise<void> {
  refuseMembers(await sessions.current(cookies.session.read(request)));
  const state = await sessions.begin(platform.id, request.query.return === 'console' ? 'console' : undefined);
  cookies.install.set(response, state);
  unstored(response).redirect(302, platform.authorizeUrl(state));
}

async function finish(
  deps: InstallRouterDeps,
  platform: AnyPlatformAdapter,
  request: Request,
  response: Response,
): Promise<void> {
  const { sessions, cookies } = deps;
  unstored(response);
  const { state, code, error } = request.query;
  const begun = await sessions.finish(platform.id, word(state), cookies.install.read(request));
  cookies.install.clear(response);
  // Not begun here (a listing's own button, a stranger's link, a second use): the code stays unredeemed, we begin anew.
  if (!begun) {
    response.redirect(302, `/${platform.id}/install`);
    return;
  }
  const session = await sessions.current(cookies.session.read(request));
  refuseMembers(session);

  const landing = landings(platform, begun.returnTo, deps);
  if (error !== undefined) {
    landing.failed(response, 400, denied(platform, word(error)));
    return;
  }
  const installation = await redeem(platform, word(code), deps.io);
  if ('refused' in installation) {
    landing.failed(response, 502, installation.refused);
    return;
  }
  const outcome = await deps.installs.complete(platform.id, installation, session);
  const previous = cookies.session.read(request);
  if ('signIn' in outcome && outcome.signIn) {
    const facts = { agent: request.headers['user-agent'], provider: platform.id };
    cookies.session.set(response, await sessions.signIn(outcome.signIn, previous, facts));
  }
  land(landing, response, platform, outcome, installation.externalId);
}

function land(
  landing: Landing,
  response: Response,
  { title }: AnyPlatformAdapter,
  outcome: InstallOutcome,
  externalId: string,
): void {
  const theirs: Partial<Record<InstallOutcome['kind'], string>> = {
    join_requested: `This ${title} account is already connected to Octopods by somebody else. Its owner has been asked to let you in; nothing was changed.`,
    other_account: `This ${title} account belongs to another Octopods account of yours. Sign out here, then connect again; nothing was changed.`,
  };
  const why = theirs[outcome.kind];
  if (why) landing.failed(response, 409, why);
  else landing.succeeded(response, externalId);
}

/** An outage of the platform is a reason for the admin, not an error of ours. */
async function redeem(
  platform: AnyPlatformAdapter,
  code: string | undefined,
  io: Io,
): ReturnType<AnyPlatformAdapter['install']> {
  if (!code)
    return { refused: `${platform.title} sent no authorisation code. Start the installation again.` };
  try {
    return await platform.install(code, io);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { refused: `${platform.title} could not be reached. Start the installation again in a minute.` };
  }
}

/** Our own words: the platform's error text comes through the browser, and anybody can write a URL. */
const denied = (platform: AnyPlatformAdapter, error: string | undefined): string =>
  error === 'access_denied'
    ? `The access that Octopods asked for at ${platform.title} was not granted, so nothing was connected.`
    : `${platform.title} did not complete the installation. Start it again.`;

function refuseMembers(session: Membership | undefined): void {
  if (session && !mayManage(session.role))
    throw forbidden(
      'You are signed in as a member: members cannot connect workspaces.',
      'Ask an owner or an admin of your account to connect it.',
    );
}

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The URL holds a code and a state: neither to caches nor to the next page. */
const unstored = (response: Response): Response =>
  response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
