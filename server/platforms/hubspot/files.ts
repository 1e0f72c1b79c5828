/** Files both ways: https://developers.hubspot.com/docs/api-reference/files-files-v3/guide */
import type { HttpDownload, MessageDelivery, Preparation } from '../../core/adapter.ts';
import type { FileKind, FilePart, RemoteFile, StoredFile } from '../../core/message.ts';
import { fromHttpStatus, isOutcome, type NotSent, refused } from '../../core/outcome.ts';
import { fileRefShape } from './agent-message.ts';
import { succeeded } from './errors.ts';
import { paths } from './paths.ts';
import type { Portal } from './portal.ts';
import { fileShape, signedUrlShape } from './shapes.ts';
import { parsed } from './transport.ts';

/** Attachments are named by the id of a file in HubSpot: each is uploaded once, as `file:0`, `file:1`… */
export const fileSteps = (portal: Portal, delivery: MessageDelivery): Preparation[] =>
  filesOf(delivery).map((part, index) => ({
    name: `file:${index}`,
    run: () => upload(portal, delivery, part.file),
  }));

const filesOf = (delivery: MessageDelivery): FilePart<StoredFile>[] =>
  delivery.parts.filter((part) => part.kind === 'file');

async function upload(
  portal: Portal,
  delivery: MessageDelivery,
  file: StoredFile,
): Promise<string | NotSent> {
  const bytes = (await file.bytes()) as Uint8Array<ArrayBuffer>;
  const form = new FormData();
  form.set('file', new Blob([bytes], { type: file.contentType }), file.name);
  form.set('fileName', file.name);
  form.set('folderPath', `/octopods/${delivery.conversation.id}`);
  // Private: only signed URLs open it. The same file again (a repeated step) is found instead of doubled.
  form.set(
    'options',
    JSON.stringify({
      access: 'PRIVATE',
      duplicateValidationStrategy: 'RETURN_EXISTING',
      duplicateValidationScope: 'EXACT_FOLDER',
    }),
  );
  const response = await portal.call({ method: 'POST', path: paths.files, multipart: form });
  const made = fileShape.safeParse(response.json);
  if (succeeded(response) && made.success) return made.data.id;
  return portal.repeatableRefusal(response, `storing the file “${file.name}”`);
}

const USAGES: Record<FileKind, string> = {
  image: 'IMAGE',
  audio: 'AUDIO',
  voice: 'VOICE_RECORDING',
  sticker: 'STICKER',
  video: 'OTHER',
  document: 'OTHER',
};
export const fileAttachment = (file: StoredFile, fileId: string): Record<string, unknown> => ({
  type: 'FILE',
  fileId,
  fileUsageType: USAGES[file.kind],
});

/** Where HubSpot serves files from. A host inside the EU or elsewhere has its own region in the name. */
const FILE_HOSTS = [
  ...['na1', 'na2', 'na3', 'eu1', 'ap1', 'ca1'].map((region) => `.hubspotusercontent-${region}.net`),
  ...['00', '10', '20', '30', '40'].map((number) => `.hubspotusercontent${number}.net`),
  '.hubapi.com',
  '.hubspot.com',
  '.hubspot.net',
];

/** A signed URL is made for the download (the one in an event may have expired); the event's own URL is the fallback. */
export async function media(
  portal: Portal,
  apiUrl: string,
  file: RemoteFile,
): Promise<{ body: AsyncIterable<Uint8Array>; contentType?: string; name?: string } | NotSent> {
  const ref = fileRefShape.safeParse(parsed(file.ref)).data ?? {};
  const source = ref.fileId ? await signedUrl(portal, ref.fileId, ref.url) : { url: ref.url };
  if (isOutcome(source)) return source;
  if (!source.url) return refused('no_file', 'HubSpot did not say where this file is.');
  const download = await portal.io.http.download({
    method: 'GET',
    url: source.url,
    hosts: [...FILE_HOSTS, ...sameProvider(source.url), new URL(apiUrl).hostname],
  });
  if (download.status !== 200) return notDownloaded(download);
  const contentType = download.headers['content-type'];
  const name = source.name ?? file.name;
  return { body: download.body, ...(contentType ? { contentType } : {}), ...(name ? { name } : {}) };
}

async function signedUrl(
  portal: Portal,
  fileId: string,
  fallback: string | undefined,
): Promise<{ url?: string; name?: string } | NotSent> {
  const response = await portal.call({ method: 'GET', path: paths.signedUrl(fileId) });
  const signed = signedUrlShape.safeParse(response.json);
  if (succeeded(response) && signed.success) return { url: signed.data.url, ...nameOf(signed.data) };
  const outcome = portal.repeatableRefusal(response, 'opening an agent’s file');
  return outcome.outcome === 'refused' && fallback ? { url: fallback } : outcome;
}

/** HubSpot keeps name and extension apart. */
function nameOf(file: { name?: string | null; extension?: string | null }): { name?: string } {
  if (!file.name) return {};
  const suffix = file.extension ? `.${file.extension}` : '';
  return { name: file.name.endsWith(suffix) ? file.name : `${file.name}${suffix}` };
}

/** New regions appear without notice; the pattern of their names does not change. */
function sameProvider(url: string): string[] {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return /(^|\.)hubspotusercontent[\w-]*\.net$/.test(host) ? [host] : [];
}

/** A download changes nothing: whatever the server stumbled over, it may be tried again. */
function notDownloaded(download: HttpDownload): NotSent {
  const why = `HubSpot answered ${download.status} for the file`;
  const outcome = fromHttpStatus(download.status, why);
  if (outcome.outcome === 'unknown') return { outcome: 'retry', why };
  // A signed URL has its own right to be read: a 401 there says nothing about our token.
  return outcome.outcome === 'unauthorized' ? refused(download.status, why) : outcome;
}
