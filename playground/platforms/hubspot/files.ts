/** The file manager: multipart upload, signed URLs that expire, download. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { extname } from 'node:path';
import type { Express } from 'express';
import { multipartBody } from '../../multipart.ts';
import { ApiError, type Door, invalid, notFound, queryOf, required } from './api.ts';
import { iso, type Portal, type StoredFile, type World } from './world.ts';

const ACCESS = ['PUBLIC_INDEXABLE', 'PUBLIC_NOT_INDEXABLE', 'PRIVATE', 'SENSITIVE'].flatMap((one) => [
  one,
  `HIDDEN_${one.replace('PUBLIC_', '')}`,
]);
const READ = { scopes: ['files', 'files.read', 'files.ui_hidden.read'] };
const WRITE = { scopes: ['files', 'files.write', 'files.ui_hidden.write'] };

/** What an agent attaches in the inbox. */
export interface FileInput {
  name: string;
  contentType: string;
  bytes: Uint8Array;
}

export function fileRoutes(world: World, app: Express, door: Door): void {
  for (const version of ['2026-03', '2026-09', 'v3']) {
    const base = version === 'v3' ? '/files/v3/files' : `/files/${version}/files`;
    door('post', base, { ...WRITE, status: 201, rawBody: true }, async ({ portal, request }) => {
      const upload = await multipartBody(request).catch(() => undefined);
      if (!upload) throw new ApiError(415, 'UNSUPPORTED_MEDIA_TYPE', 'The body must be multipart/form-data');
      return fileJson(world, portal, takeUpload(world, portal, upload.fields, upload.files.file));
    });
    door('get', `${base}/:fileId`, READ, ({ portal, params }) =>
      fileJson(world, portal, findFile(portal, params.fileId)),
    );
    door('delete', `${base}/:fileId`, { ...WRITE, status: 204 }, ({ portal, params }) => {
      portal.files.delete(findFile(portal, params.fileId).id);
      return undefined;
    });
    door('get', `${base}/:fileId/signed-url`, READ, ({ portal, params, query }) => {
      const file = findFile(portal, params.fileId);
      const ttlMs = Number(query.get('expirationSeconds') ?? world.timings.fileUrlTtlMs / 1000) * 1000;
      const url = signedUrl(world, portal, file, ttlMs);
      return {
        url,
        expiresAt: iso(world.now() + ttlMs),
        name: file.name,
        extension: file.extension,
        size: file.bytes.length,
        type: typeOf(file),
      };
    });
  }
  app.get('/hubfs/:portalId/:fileId/:name', (request, response) => {
    response.locals.ownPage = true;
    const portal = world.portals.get(Number(request.params.portalId));
    const file = portal?.files.get(request.params.fileId);
    if (!portal || !file) response.status(404).end();
    else if (!file.access.startsWith('PUBLIC') && !isSigned(world, portal, file, queryOf(request)))
      response.status(403).type('text').send('This link has expired.');
    else response.type(file.contentType).send(file.bytes);
  });
}

export function findFile(portal: Portal, id: string | undefined): StoredFile {
  const file = portal.files.get(id ?? '');
  if (!file) throw notFound(`File ${id} does not exist`);
  return file;
}

function takeUpload(
  world: World,
  portal: Portal,
  fields: Record<string, string>,
  file: { name: string; contentType: string; bytes: Buffer } | undefined,
): StoredFile {
  if (!file) throw required('file');
  const options = optionsOf(fields.options);
  if (!ACCESS.includes(String(options.access)))
    throw invalid(`options.access must be one of ${ACCESS.join(', ')}`);
  if (!fields.folderPath && !fields.folderId) throw invalid('Either folderPath or folderId must be set');
  if (fields.folderPath && fields.folderId) throw invalid('folderPath and folderId cannot both be set');
  const name = fields.fileName || file.name;
  return storeFile(world, portal, { ...file, name }, String(options.access), fields.folderPath ?? '/');
}
function optionsOf(value: string | undefined): Record<string, unknown> {
  if (value === undefined) throw required('options');
  try {
    return JSON.parse(value) as Record<string, unknown>;
  } catch {
    throw invalid('options is not valid JSON');
  }
}

export function storeFile(
  world: World,
  portal: Portal,
  input: FileInput,
  access: string,
  folder: string,
): StoredFile {
  const file: StoredFile = {
    id: world.nextId(),
    name: input.name,
    extension: extname(input.name).slice(1),
    contentType: input.contentType,
    access,
    path: `${folder.replace(/\/$/, '')}/${input.name}`,
    bytes: Buffer.from(input.bytes),
    createdAt: world.now(),
  };
  portal.files.set(file.id, file);
  return file;
}

const typeOf = (file: StoredFile): string => {
  const kind = file.contentType.split('/')[0] ?? '';
  return { image: 'IMG', audio: 'AUDIO', video: 'MOVIE', text: 'DOCUMENT' }[kind] ?? 'DOCUMENT';
};

const plainUrl = (world: World, portal: Portal, file: StoredFile): string =>
  `${world.baseUrl()}/hubfs/${portal.id}/${file.id}/${encodeURIComponent(file.name)}`;

export function signedUrl(
  world: World,
  portal: Portal,
  file: StoredFile,
  ttlMs = world.timings.fileUrlTtlMs,
): string {
  const expires = String(Math.floor((world.now() + ttlMs) / 1000));
  return `${plainUrl(world, portal, file)}?${new URLSearchParams({ expires, signature: seal(world, portal, file, expires) })}`;
}
const seal = (world: World, portal: Portal, file: StoredFile, expires: string): string =>
  createHmac('sha256', world.storageKey).update(`${portal.id}.${file.id}.${expires}`).digest('hex');

function isSigned(world: World, portal: Portal, file: StoredFile, query: URLSearchParams): boolean {
  const expires = query.get('expires') ?? '';
  const wanted = Buffer.from(seal(world, portal, file, expires));
  const given = Buffer.from(query.get('signature') ?? '');
  return (
    given.length === wanted.length && timingSafeEqual(given, wanted) && Number(expires) * 1000 >= world.now()
  );
}

const fileJson = (world: World, portal: Portal, file: StoredFile): Record<string, unknown> => ({
  id: file.id,
  name: file.name.replace(/\.[^.]*$/, ''),
  extension: file.extension,
  path: file.path,
  size: file.bytes.length,
  type: typeOf(file),
  access: file.access,
  url: plainUrl(world, portal, file),
  createdAt: iso(file.createdAt),
  updatedAt: iso(file.createdAt),
  archived: false,
});

/** A file inside a message, as HubSpot shows it. */
export function fileAttachment(
  world: World,
  portal: Portal,
  file: StoredFile,
  usage: unknown,
): Record<string, unknown> {
  return {
    type: 'FILE',
    fileId: file.id,
    fileUsageType: usage ?? 'OTHER',
    name: file.name,
    ...(world.choices.attachmentsCarryUrl ? { url: signedUrl(world, portal, file) } : {}),
  };
}
