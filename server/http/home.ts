/** `GET /`: until the console stands here, it says what runs and where to begin. No script, no style from elsewhere. */
import { Router } from 'express';

const PAGE = (links: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Octopods</title></head>
<body><main><h1>Octopods is running</h1>
<p>It carries messages between your customers’ apps and the inbox that your team already works in.</p>
<h2>Connect an inbox</h2><ul>${links}</ul>
<p>Then add channels through the <a href="/api/v1/openapi.json">API</a>.</p></main></body></html>`;

export function createHomeRouter(platforms: { id: string; title: string }[]): Router {
  const links = platforms
    .map(({ id, title }) => `<li><a href="/${id}/install?return=console">Connect ${title}</a></li>`)
    .join('');
  const router = Router();
  router.get('/', (_request, response) => {
    response
      .set({
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
        'X-Content-Type-Options': 'nosniff',
      })
      .type('html')
      .send(PAGE(links || '<li>No platform is configured: see docs/running.md.</li>'));
  });
  return router;
}
