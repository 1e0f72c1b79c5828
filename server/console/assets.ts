/** The console's stylesheet and script: two files, cached for ever under the hash of their content. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type RequestHandler, Router } from 'express';

interface Asset {
  /** With the hash in it. */
  url: string;
  type: string;
  body: Buffer;
}

const asset = (name: string, type: string): Asset => {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url));
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { url: `/assets/${hash}/${name}`, type, body };
};

export const STYLESHEET = asset('console.css', 'text/css');
export const SCRIPT = asset('console.js', 'text/javascript');

export function assetRouter(): Router {
  const router = Router();
  for (const one of [STYLESHEET, SCRIPT]) router.get(one.url, serve(one));
  router.get('/favicon.svg', serve(asset('favicon.svg', 'image/svg+xml')));
  return router;
}

const serve =
  ({ type, body }: Asset): RequestHandler =>
  (_request, response) => {
    response
      .set({ 'Cache-Control': 'public, max-age=31536000, immutable', 'X-Content-Type-Options': 'nosniff' })
      .type(type)
      .send(body);
  };
