/** `/api/v1`: for scripts (a token) and for the console's own pages (its session). */
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { Problem, problemHandler, wrongMethod } from '../problem.ts';
import { type AuthDeps, authenticate, authorize } from './auth.ts';
import { type ChannelRoutesDeps, channelRoutes } from './channels.ts';
import { type MessageRoutesDeps, messageRoutes } from './messages.ts';
import { openApiDocument } from './openapi.ts';
import type { ApiRoute } from './routes.ts';
import { type TokenRoutesDeps, tokenRoutes } from './tokens.ts';
import { type WorkspaceRoutesDeps, workspaceRoutes } from './workspaces.ts';

export type ApiRouterDeps = AuthDeps &
  TokenRoutesDeps &
  WorkspaceRoutesDeps &
  ChannelRoutesDeps &
  MessageRoutesDeps;

const apiRoutes = (deps: ApiRouterDeps): ApiRoute[] => [
  ...tokenRoutes(deps),
  ...workspaceRoutes(deps),
  ...channelRoutes(deps),
  ...messageRoutes(deps),
];

/** To be mounted at `/api/v1`. Parses bodies itself, after it knows who is calling. */
export function createApiRouter(deps: ApiRouterDeps): Router {
  const router = Router();
  const routes = apiRoutes(deps);
  const document = openApiDocument(routes, deps.publicUrl);
  router
    .route('/openapi.json')
    .get((_request, response) => void response.json(document))
    .all(wrongMethod('GET, HEAD'));
  for (const [path, some] of Map.groupBy(routes, (route) => route.path)) {
    const at = router.route(path);
    for (const route of some) at[route.method](...serve(deps, route));
    at.all(wrongMethod(allowed(some)));
  }
  router.use(() => {
    throw new Problem(404, { detail: 'There is no such path.', remedy: 'See /api/v1/openapi.json.' });
  });
  return router.use(problemHandler(deps.io.log));
}

const allowed = (routes: ApiRoute[]): string =>
  routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');

const parseJson = express.json({ limit: '1mb', strict: false });

/** Who, then whether they may, then what they sent: nobody unknown makes us read a body. */
function serve(deps: ApiRouterDeps, route: ApiRoute): RequestHandler[] {
  const admit: RequestHandler = async (request, response, next) => {
    const caller = await authenticate(deps, request);
    authorize(caller, route);
    response.locals.caller = caller;
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const { status, json } = await route.run({
      caller: response.locals.caller,
      id: String(request.params.id ?? ''),
      query: plainQuery(request),
      body: request.body,
    });
    respond(response, status, json);
  };
  return route.body ? [admit, requireJson, parseJson, answer] : [admit, answer];
}

const requireJson: RequestHandler = (request, _response, next) => {
  if (request.is(['application/json', '+json'])) return next();
  throw new Problem(415, {
    detail: 'The body is not JSON.',
    remedy: 'Send a JSON object with Content-Type: application/json.',
  });
};

/** A parameter given twice counts once, the last. */
const plainQuery = (request: Request): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(request.originalUrl.split('?')[1] ?? ''));

function respond(response: Response, status: number, json: unknown): void {
  response.status(status).set('Cache-Control', 'no-store');
  if (json === undefined) response.end();
  else response.json(json);
}
