/** `/` and below: looks up who is there, lets them in or not, and prints the page. */
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import { mayManage } from '../accounts/roles.ts';
import { makeSecret } from '../accounts/secrets.ts';
import { forbidden, Problem } from '../http/problem.ts';
import { assetRouter } from './assets.ts';
import type { ConsoleDeps } from './deps.ts';
import { hasForm, isOwnForm, withFormToken } from './form-token.ts';
import type { Html } from './html.ts';
import { problemPage } from './pages/problem.ts';
import { pages } from './pages.ts';
import type { Answer, MemberVisit, PageRoute, Visit } from './routes.ts';
import { barePage, framedPage } from './shell.ts';

/** To be mounted at `/`, after every other door. */
export function createConsoleRouter(deps: ConsoleDeps): Router {
  const router = Router();
  router.use(assetRouter());
  for (const route of pages(deps)) {
    const before = route.method === 'post' ? [notFromElsewhere(deps.publicUrl), readForm] : [];
    router[route.method](route.path, ...before, serve(deps, route));
  }
  router.get('/{*path}', (request, _response, next) => {
    if (request.accepts(['html', 'json']) !== 'html') return next();
    throw new Problem(404, { detail: 'There is no such page.', remedy: 'Begin at your workspaces.' });
  });
  return router.use(problemPages(deps));
}

/** Forms are text: no parser that makes objects of `a[b]=c`. */
const readForm = express.text({ type: 'application/x-www-form-urlencoded', limit: '200kb' });

/**
 * A browser says where a form comes from, and a page elsewhere cannot make it lie. A proxy that takes these headers away
 * leaves the form's own token, which every form needs in any case: docs/decisions/0013-forms-carry-a-token.md
 */
const notFromElsewhere = (publicUrl: string): RequestHandler => {
  const ours = new URL(publicUrl).origin;
  return (request, _response, next) => {
    const { origin = ours, 'sec-fetch-site': site = 'same-origin' } = request.headers;
    if (origin !== ours || site !== 'same-origin')
      throw forbidden('This form was not sent from Octopods itself.', `Open ${ours} and try again there.`);
    next();
  };
};

function refuseForgedForm({ form, formSecret }: Visit): void {
  if (!isOwnForm(form, formSecret))
    throw forbidden(
      'This form is not one that we gave to you just now, or you have signed in or out since. Nothing was changed.',
      'Open the page again and send it from there.',
    );
}

const serve =
  (deps: ConsoleDeps, route: PageRoute): RequestHandler =>
  async (request, response) => {
    const visit = await visitOf(deps, request);
    const { member } = visit;
    if (route.who !== 'anyone' && !member) return response.set(HEADERS).redirect(303, signInFirst(visit));
    if (route.who === 'manager' && member && !mayManage(member.role))
      throw forbidden(
        'Only owners and admins of the account can do this.',
        'Ask one of them, or ask them to make you an admin.',
      );
    if (route.method === 'post') refuseForgedForm(visit);
    await send(deps, visit, response, await route.run(visit as MemberVisit));
  };

/** Back to the page that was asked for; a form that was cut off by the end of a session begins at the start page. */
const signInFirst = ({ method, path, query }: Visit): string => {
  const wanted = path + (query.size > 0 ? `?${query}` : '');
  return method === 'GET' && path !== '/' ? `/sign-in?to=${encodeURIComponent(wanted)}` : '/sign-in';
};

async function visitOf(deps: ConsoleDeps, request: Request): Promise<Visit> {
  const session = deps.cookies.session.read(request);
  const member = await deps.sessions.current(session);
  const formSecret = member ? session : deps.cookies.forms.read(request);
  const agent = request.headers['user-agent'];
  return {
    method: request.method === 'POST' ? 'POST' : 'GET',
    path: request.path,
    params: request.params as Record<string, string>,
    query: new URLSearchParams(request.originalUrl.split('?')[1] ?? ''),
    form: new URLSearchParams(typeof request.body === 'string' ? request.body : ''),
    ...(member ? { member } : {}),
    ...(session ? { session } : {}),
    ...(formSecret ? { formSecret } : {}),
    from: request.ip ?? '',
    ...(agent ? { agent: agent.slice(0, 200) } : {}),
    now: deps.clock.now(),
  };
}

async function send(deps: ConsoleDeps, visit: Visit, response: Response, answer: Answer): Promise<void> {
  if ('session' in answer && answer.session) changeSession(deps, response, answer.session);
  response.set(HEADERS);
  if ('goTo' in answer) return response.redirect(303, answer.goTo);
  if ('download' in answer) return download(response, answer);
  const { member } = visit;
  const page =
    'bare' in answer || !member ? barePage(answer) : await framedPage(deps, { ...visit, member }, answer);
  response
    .status(answer.status ?? 200)
    .type('html')
    .send(withOwnForms(deps, visit, response, page).markup);
}

/** A browser in which nobody is signed in gets its secret with its first form. */
function withOwnForms(deps: ConsoleDeps, { formSecret }: Visit, response: Response, page: Html): Html {
  if (!hasForm(page)) return page;
  const secret = formSecret ?? makeSecret(deps.random);
  if (!formSecret) deps.cookies.forms.set(response, secret);
  return withFormToken(page, secret);
}

function changeSession(
  { cookies }: ConsoleDeps,
  response: Response,
  change: { secret: string } | 'ended',
): void {
  if (change === 'ended') cookies.session.clear(response);
  else cookies.session.set(response, change.secret);
}

/** No inline scripts or styles anywhere, no frames around us, nothing kept by caches, no URL of ours told to others. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

async function download(
  response: Response,
  { download: name, type, lines }: Extract<Answer, { download: string }>,
): Promise<void> {
  response.attachment(name).type(type);
  for await (const line of lines) if (!response.write(line)) await drained(response);
  response.end();
}
const drained = (response: Response): Promise<void> =>
  new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });

/** Problems as pages, in the frame of whoever is signed in; for whoever wants no page they go on to the API's words. */
export function problemPages(deps: ConsoleDeps): ErrorRequestHandler {
  return async (error, request, response, next) => {
    if (response.headersSent || request.accepts(['html', 'json']) !== 'html') return next(error);
    const problem = error instanceof Problem ? error : undefined;
    if (!problem)
      deps.io.log.error({ method: request.method, path: request.path, err: error }, 'a page failed');
    const visit = await visitOf(deps, request).catch(() => undefined);
    if (problem) response.set(problem.headers);
    if (visit) await send(deps, visit, response, problemPage(problem));
    else next(error);
  };
}
