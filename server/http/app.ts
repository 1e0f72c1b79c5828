/** The Express application: every door of Octopods, in the order in which requests are looked at. */
import express, { type Express, type Router } from 'express';
import type { Log } from '../core/adapter.ts';
import { notFound, problemHandler } from './problem.ts';

export interface AppDeps {
  log: Log;
  trustProxy: number;
  /** Mounted in this order. */
  routers: { path: string; router: Router }[];
}

export function createApp({ log, trustProxy, routers }: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy);
  app.set('etag', false);
  for (const { path, router } of routers) app.use(path, router);
  app.use(() => {
    throw notFound('path');
  });
  app.use(problemHandler(log));
  return app;
}
