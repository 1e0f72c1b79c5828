/**
 * `GET`/`HEAD /media/:token`: platforms and providers fetching a file. It is content from strangers on our origin, so
 * it is never a page: type from an allow-list, sandboxed, never sniffed, and cookies are not read.
 */
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { MediaFiles } from '../store/media/media-files.ts';
import type { MediaRow, MediaRows } from '../store/media/media-rows.ts';
import { readMediaToken } from './media-link.ts';

export interface MediaDeps {
  connections: ConnectionStore;
  media: { rows: MediaRows; files: MediaFiles };
  clock: { now(): number };
}

const SHOWN = /^(image\/(jpeg|png|gif|webp)|audio\/[a-z0-9.+-]+|video\/[a-z0-9.+-]+)$/;
const KEPT = new Set(['application/pdf', 'text/plain', 'text/vcard', 'text/csv', 'application/zip']);

export function createMediaRouter(deps: MediaDeps): Router {
  const router = Router();
  // Express answers HEAD through the same handler.
  router
    .route('/media/:token')
    .get((request, response) => serve(deps, request, response))
    .all((_request, response) => void response.status(405).set('Allow', 'GET, HEAD').end());
  return router;
}

async function serve(deps: MediaDeps, request: Request, response: Response): Promise<void> {
  const token = await readMediaToken(String(request.params.token), deps.connections.seal, deps.clock.now());
  const row = token && (await deps.media.rows.byId(token.workspaceId, token.mediaId));
  if (row?.state !== 'stored') return void response.status(404).end();
  const size = Number(row.size);
  const range = rangeOf(request.headers.range, size);
  if (range === 'unsatisfiable')
    return void response.status(416).set('Content-Range', `bytes */${size}`).end();
  setHeaders(response, row, range ? range.to - range.from + 1 : size);
  if (range) response.status(206).set('Content-Range', `bytes ${range.from}-${range.to}/${size}`);
  if (request.method === 'HEAD') return void response.end();
  const { key } = await deps.connections.seal(row.workspace_id);
  await pipeline(deps.media.files.read(row.id, key, range), response);
}

function setHeaders(response: Response, row: MediaRow, length: number): void {
  const type = row.content_type?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const shown = SHOWN.test(type);
  response.set({
    'Content-Type': shown || KEPT.has(type) ? type : 'application/octet-stream',
    'Content-Length': String(length),
    'Content-Disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(row.name ?? 'file')}`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, max-age=300',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
  });
}

/** One range, as https://www.rfc-editor.org/rfc/rfc9110#section-14.2 has it; several or unknown units: the whole. */
function rangeOf(
  header: string | undefined,
  size: number,
): { from: number; to: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const from = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const to = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return from > to || from >= size ? 'unsatisfiable' : { from, to };
}
