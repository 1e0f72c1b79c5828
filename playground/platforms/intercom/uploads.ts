/** Files: fetched from `attachment_urls`, decoded from `attachment_files`, served again under expiring URLs. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Express } from 'express';
import { ApiError, invalid } from './api.ts';
import { uploadSignature } from './wire.ts';
import type { Upload, Workspace, World } from './world.ts';
import { seconds } from './world.ts';

/** What a teammate, or the API, hands in. */
export interface FileInput {
  name: string;
  contentType: string;
  bytes: Uint8Array;
}

export function keep(world: World, file: FileInput): Upload {
  const upload: Upload = {
    id: randomBytes(8).toString('hex'),
    name: file.name,
    contentType: file.contentType,
    bytes: Buffer.from(file.bytes),
  };
  world.uploads.set(upload.id, upload);
  return upload;
}

/** Both ways of attaching; at most ten of each, refused where the workspace has switched attachments off. */
export async function uploadsOf(
  world: World,
  workspace: Workspace,
  body: Record<string, unknown>,
  allowed: ('attachment_urls' | 'attachment_files')[],
): Promise<Upload[]> {
  const urls = allowed.includes('attachment_urls') ? listOf(body, 'attachment_urls') : [];
  const files = allowed.includes('attachment_files') ? listOf(body, 'attachment_files') : [];
  if (urls.length + files.length > 0 && !workspace.attachmentsEnabled)
    throw new ApiError(403, 'action_forbidden', 'Attachments are disabled for this workspace');
  const fetched = await Promise.all(urls.map((url) => fetchFile(url)));
  return [...fetched, ...files.map(decode)].map((file) => keep(world, file));
}

function listOf(body: Record<string, unknown>, field: string): unknown[] {
  const value = body[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${field} must be a list`, field);
  if (value.length > 10) throw invalid(`${field} may hold at most 10 entries`, field);
  return value;
}

async function fetchFile(url: unknown): Promise<FileInput> {
  const bad = () => invalid('An attachment could not be downloaded', 'attachment_urls');
  if (typeof url !== 'string' || !URL.canParse(url)) throw bad();
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  if (!response?.ok) throw bad();
  const name = decodeURIComponent(new URL(url).pathname.split('/').pop() || 'file');
  return {
    name,
    contentType: (response.headers.get('content-type') ?? 'application/octet-stream').split(';')[0] ?? '',
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

function decode(value: unknown): FileInput {
  const { name, content_type: contentType, data } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof contentType !== 'string' || typeof data !== 'string' || data === '')
    throw invalid('An attachment file needs content_type, name and data', 'attachment_files');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0)
    throw invalid('data must be base64', 'attachment_files');
  return { name, contentType, bytes: Buffer.from(data, 'base64') };
}

export function downloadRoute(world: World, app: Express): void {
  app.get('/downloads/i/o/:id/:name', (request, response) => {
    response.locals.ownPage = true;
    const upload = world.uploads.get(request.params.id);
    const query = new URL(request.originalUrl, 'http://intercom').searchParams;
    const expires = Number(query.get('expires'));
    const wanted = Buffer.from(uploadSignature(world, request.params.id, expires));
    const given = Buffer.from(query.get('signature') ?? '');
    if (!upload) return void response.status(404).end();
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || expires < seconds(world.now()))
      return void response.status(403).type('text').send('This link has expired.');
    response.type(upload.contentType).send(upload.bytes);
  });
}
