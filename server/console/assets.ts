/** The console's stylesheet and script, each served as one file and cached for ever under the hash of its content. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type RequestHandler, Router } from 'express';

interface Asset {
  /** With the hash in it. */
  url: string;
  type: string;
  body: Buffer;
}

/** Sheets by subject, in the order in which they override each other. */
const SHEETS = ['base.css', 'frame.css', 'pages.css', 'controls.css', 'lists.css', 'rows.css', 'plots.css'];

const asset = (name: string, type: string, files = [name]): Asset => {
  const body = Buffer.concat(files.map((file) => readFileSync(new URL(`./assets/${file}`, import.meta.url))));
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { url: `/assets/${hash}/${name}`, type, body };
};

export const STYLESHEET = asset('console.css', 'text/css', SHEETS);
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
